//! What a build needs around it on this machine: tools, credentials, dependencies, its log.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    redact::Secret,
    secrets,
    state::{
        init::{Component, InitState},
        store::Store,
    },
};

use super::cache::{self, Kept};
use crate::{
    build::{
        BuildError,
        command::{self, Build},
        maven::{self, Login},
        tools::{self, Tools, Wanted},
    },
    error::TeamError,
};

/// What this machine gives to a build.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Environment variables of this process, in which the JDK is looked for.
    pub variables: BTreeMap<String, String>,
    /// Home folder of the user, for `~` in the names of cached folders.
    pub home: Utf8PathBuf,
    /// Whether dependencies are kept in the artifact bucket from build to build.
    pub cache: bool,
}

/// A folder that is gone when the build is over.
pub(super) struct Work {
    pub(super) folder: Utf8PathBuf,
    _guard: tempfile::TempDir,
}

impl Work {
    pub(super) fn begin() -> Result<Self, BuildError> {
        let guard = tempfile::tempdir()?;
        let folder = Utf8PathBuf::from_path_buf(guard.path().to_owned()).map_err(|path| {
            let message = format!("the temporary folder {} is not UTF-8", path.display());
            std::io::Error::other(message)
        })?;
        Ok(Self { folder, _guard: guard })
    }

    /// File with all that the build says.
    pub(super) fn log(&self) -> Utf8PathBuf {
        self.folder.join("build.log")
    }
}

/// A working copy that is ready to be built.
pub(super) struct Workshop<'a> {
    ctx: &'a Ctx,
    config: &'a CloudOpsConfig,
    source: &'a Utf8Path,
    work: &'a Work,
    artifacts: Store,
    kept: Option<Kept>,
    tools: Tools,
    variables: BTreeMap<String, String>,
    secrets: Vec<Secret>,
}

impl<'a> Workshop<'a> {
    /// Finds the tools, gets credentials and the dependencies of earlier builds.
    pub(super) async fn prepare(
        ctx: &'a Ctx,
        config: &'a CloudOpsConfig,
        state: &InitState,
        machine: &Machine,
        source: &'a Utf8Path,
        work: &'a Work,
    ) -> Result<Self, TeamError> {
        let tools = find_tools(ctx, config, machine).await?;
        let logins = logins(ctx, config).await?;
        let variables = variables(config, &tools, &logins, &work.folder)?;
        let artifacts = Store::new(&ctx.aws, state.output(Component::Core, "ArtifactBucketName")?);
        let kept = match machine.cache {
            true => Some(cache::restore(ctx, &artifacts, config, source, &machine.home).await?),
            false => None,
        };
        let secrets = logins.into_values().map(|login| login.password).collect();
        Ok(Self { ctx, config, source, work, artifacts, kept, tools, variables, secrets })
    }

    /// Versions of the tools, by name.
    pub(super) fn versions(&self) -> BTreeMap<String, String> {
        self.tools.versions.clone()
    }

    /// Runs a build command in the working copy.
    pub(super) async fn run(&self, command: &str) -> Result<(), TeamError> {
        let log = self.work.log();
        let build = Build {
            command,
            folder: self.source,
            variables: &self.variables,
            timeout: self.config.source.build.timeout,
            log: &log,
            secrets: &self.secrets,
        };
        let events = &self.ctx.events;
        events.step("build", format!("run {command}"));
        let result = command::run(&build, events, &self.ctx.cancel).await;
        match &result {
            Ok(()) => events.step_done("build", Outcome::Done, "it succeeded"),
            Err(error) => {
                let text = error.to_string();
                let first = text.lines().next().unwrap_or_default();
                events.step_done("build", Outcome::Failed, first);
            }
        }
        Ok(result?)
    }

    /// Keeps the log of the build in the artifact bucket, and says where. It is memory, so a
    /// failure is a warning.
    pub(super) async fn keep_log(&self) -> Option<String> {
        let log = self.work.log();
        if !log.exists() {
            return None;
        }
        let key = format!("logs/package-builds/{}.log", self.ctx.run);
        match self.artifacts.store_file(&key, &log, &self.ctx.cancel).await {
            Ok(()) => Some(format!("s3://{}/{key}", self.artifacts.bucket())),
            Err(error) => {
                let message = format!("the log of the build could not be kept: {error}");
                self.ctx.events.warn(message);
                None
            }
        }
    }

    /// Keeps the dependencies for the next build.
    pub(super) async fn keep_dependencies(&self) {
        if let Some(kept) = &self.kept {
            cache::save(self.ctx, &self.artifacts, kept).await;
        }
    }
}

async fn find_tools(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    machine: &Machine,
) -> Result<Tools, TeamError> {
    let build = &config.source.build;
    let wanted = Wanted { jdk: build.jdk.as_deref(), maven: build.maven.as_deref() };
    ctx.events.step("tools", "JDK and Maven");
    let mut found = tools::find(wanted, &machine.variables).await;
    if !build.repositories.is_empty() {
        found = found.and_then(|tools| tools.take_maven_arguments().map(|()| tools));
    }
    match &found {
        Ok(tools) => {
            let versions: Vec<_> =
                tools.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
            let words = if versions.is_empty() { "none".to_owned() } else { versions.join(", ") };
            ctx.events.step_done("tools", Outcome::Unchanged, words);
        }
        Err(error) => ctx.events.step_done("tools", Outcome::Failed, error.to_string()),
    }
    Ok(found?)
}

/// User and password of each repository that has a secret, by its place in the list.
async fn logins(ctx: &Ctx, config: &CloudOpsConfig) -> Result<BTreeMap<usize, Login>, TeamError> {
    let mut logins = BTreeMap::new();
    for (index, repository) in config.source.build.repositories.iter().enumerate() {
        if let Some(secret) = &repository.credentials_secret {
            let user = secrets::field(&ctx.aws, secret, "username").await?;
            let password = secrets::field(&ctx.aws, secret, "password").await?;
            logins.insert(index, Login { user: user.expose().to_owned(), password });
        }
    }
    Ok(logins)
}

/// Variables of the build command. Maven's settings are a file, its passwords are not.
fn variables(
    config: &CloudOpsConfig,
    tools: &Tools,
    logins: &BTreeMap<usize, Login>,
    folder: &Utf8Path,
) -> Result<BTreeMap<String, String>, BuildError> {
    let build = &config.source.build;
    let mut variables = build.environment.clone();
    if let Some(home) = &tools.java_home {
        variables.insert("JAVA_HOME".to_owned(), home.to_string());
    }
    if !build.repositories.is_empty() {
        let file = folder.join("settings.xml");
        fs_err::write(&file, maven::settings(&build.repositories, logins))?;
        let own = variables.get("MAVEN_ARGS").cloned().unwrap_or_default();
        let all = format!("--settings {file} {own}");
        variables.insert("MAVEN_ARGS".to_owned(), all.trim_end().to_owned());
    }
    variables.extend(maven::variables(logins));
    Ok(variables)
}
