//! What the tests of sources and repositories begin with.

use std::path::Path;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use camino::Utf8Path;
use cloudops_aws::{
    connect::Aws,
    ctx::Ctx,
    events::{EventKind, EventSink},
};
use cloudops_e2e::binary::scripted::{Reply, ScriptedAws, caller};
use cloudops_e2e::git::Repository;
use cloudteam::{
    error::TeamError,
    git::{self, GitError},
    ops::import::{self, ImportReport, ImportRequest},
    source::Distribution,
};

/// A context whose AWS knows who we are, and whatever the script says besides.
pub(crate) async fn ctx_with(replies: Vec<Reply>) -> (Ctx, ScriptedAws) {
    let script = std::iter::once(caller("123456789012")).chain(replies).collect();
    let aws = ScriptedAws::start(script).await;
    let keys = SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "test"));
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-2"))
        .endpoint_url(aws.endpoint())
        .credentials_provider(keys)
        .build();
    let connection = Aws::from_config(config).await.unwrap();
    (Ctx::new(connection, EventSink::null(), Default::default()), aws)
}

pub(crate) async fn ctx() -> Ctx {
    ctx_with(Vec::new()).await.0
}

/// Writes files; a name that ends with `*` is executable, a content `-> x` is a link.
pub(crate) fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        let path = folder.join(name.trim_end_matches('*'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        if let Some(target) = content.strip_prefix("-> ") {
            std::os::unix::fs::symlink(target, &path).unwrap();
            continue;
        }
        std::fs::write(&path, content).unwrap();
        let mode = if name.ends_with('*') { 0o755 } else { 0o644 };
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&path, mode).unwrap();
    }
}

/// A distribution with these files beside those that each has.
pub(crate) fn folder(version: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let version = format!("name=Commerce\nversion={version}\n");
    let always = [
        ("VERSION", version.as_str()),
        ("extensions/packager/ext-deployment-package/pom.xml", "<project/>\n"),
        ("extensions/database/ext-data/pom.xml", "<project/>\n"),
    ];
    write(dir.path(), &always);
    write(dir.path(), files);
    dir
}

pub(crate) fn open(dir: &tempfile::TempDir) -> Distribution {
    Distribution::open(Utf8Path::from_path(dir.path()).unwrap()).unwrap()
}

/// A request to import a distribution into a repository by its file address.
pub(crate) fn request(repository: &Repository, dir: &tempfile::TempDir) -> ImportRequest {
    let request = ImportRequest::new(open(dir), repository.url(), "main".to_owned());
    ImportRequest { git: git::Options { environment: repository.environment() }, ..request }
}

/// Imports files as a distribution.
pub(crate) async fn import(
    repository: &Repository,
    version: &str,
    files: &[(&str, &str)],
) -> Result<ImportReport, TeamError> {
    import::import(&ctx().await, &request(repository, &folder(version, files))).await
}

pub(crate) fn git_error(result: Result<ImportReport, TeamError>) -> GitError {
    match result {
        Err(TeamError::Git(error)) => error,
        other => panic!("git should have failed: {other:?}"),
    }
}

/// What a context was told that a person should know.
pub(crate) fn warnings(ctx: &Ctx) -> Vec<String> {
    let warning = |event: cloudops_aws::events::Event| match event.kind {
        EventKind::Warning { message } | EventKind::Note { message } => Some(message),
        _ => None,
    };
    ctx.recording.events().into_iter().filter_map(warning).collect()
}
