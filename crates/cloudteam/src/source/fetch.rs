//! Gets a source distribution from wherever it is into a folder.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{ctx::Ctx, events::Outcome, objects};

use super::{
    ArchiveKind, Distribution, SourceError, SourceSpec,
    unpack::{self, Limits},
};
use crate::git::{self, export};

/// A folder that goes away with the last that holds it.
struct Folder {
    held: Arc<tempfile::TempDir>,
    path: Utf8PathBuf,
}

impl Folder {
    fn new() -> Result<Self, SourceError> {
        let held = tempfile::tempdir()?;
        let path = Utf8Path::from_path(held.path()).map(Utf8Path::to_owned);
        let odd = || std::io::Error::other("the temporary folder has a name that is not UTF-8");
        Ok(Self { path: path.ok_or_else(odd)?, held: Arc::new(held) })
    }
}

/// Gets the distribution that a source names: opens a folder, unpacks an archive, downloads from
/// S3, or takes a commit out of a git repository. What had to be unpacked lies in a temporary
/// folder, which goes away with the [`Distribution`].
///
/// # Errors
/// [`SourceError`] says what is wrong with the source, or what it lacks.
pub async fn fetch(
    ctx: &Ctx,
    source: &SourceSpec,
    limits: Limits,
    options: &git::Options,
) -> Result<Distribution, SourceError> {
    ctx.events.step("source", format!("read {source}"));
    let result = get(ctx, source, limits, options).await;
    match &result {
        Ok(found) => {
            let Distribution { name, version, files, .. } = found;
            let detail = format!("{name} {version}, {} files", files.len());
            ctx.events.step_done("source", Outcome::Done, detail);
        }
        Err(error) => ctx.events.step_done("source", Outcome::Failed, error.to_string()),
    }
    result
}

async fn get(
    ctx: &Ctx,
    source: &SourceSpec,
    limits: Limits,
    options: &git::Options,
) -> Result<Distribution, SourceError> {
    let shown = source.to_string();
    match source {
        SourceSpec::Folder(path) => open_folder(ctx, path).await,
        SourceSpec::Archive(path, kind) => {
            if !path.is_file() {
                let why = "there is no such file".to_owned();
                return Err(SourceError::Spec { text: shown, why });
            }
            let name = path.file_name().unwrap_or_default();
            let origin = format!("archive {name}");
            open_archive(ctx, path.clone(), shown, *kind, limits, origin).await
        }
        SourceSpec::Object { bucket, key, kind } => {
            let folder = Folder::new()?;
            let file = folder.path.join("archive");
            objects::download(ctx, bucket, key, &file).await?;
            let origin = shown.clone();
            open_archive(ctx, file, shown, *kind, limits, origin).await
        }
        SourceSpec::Git { repository, reference } => {
            let folder = Folder::new()?;
            let tree = folder.path.join("tree");
            let work = folder.path.join("git");
            let commit = export::export(ctx, options, repository, reference, &work, &tree).await?;
            let origin = format!("{shown}, commit {commit}");
            read(ctx, tree, shown, origin, Some(folder.held)).await
        }
    }
}

async fn open_folder(ctx: &Ctx, path: &Utf8Path) -> Result<Distribution, SourceError> {
    let refuse = |why: &str| Err(SourceError::Spec { text: path.to_string(), why: why.to_owned() });
    if path.is_file() {
        return refuse("it is a file, but not a .zip, .tar.gz, .tgz or .tar.zst");
    }
    if !path.is_dir() {
        return refuse("there is no such folder");
    }
    let path = path.canonicalize_utf8()?;
    let origin = format!("folder {}", path.file_name().unwrap_or("/"));
    let shown = path.to_string();
    read(ctx, path, shown, origin, None).await
}

async fn open_archive(
    ctx: &Ctx,
    archive: Utf8PathBuf,
    shown: String,
    kind: ArchiveKind,
    limits: Limits,
    origin: String,
) -> Result<Distribution, SourceError> {
    let folder = Folder::new()?;
    let (into, cancel, name) = (folder.path.clone(), ctx.cancel.clone(), shown.clone());
    let root = blocking(move || unpack::unpack(&archive, &name, kind, &into, limits, &cancel));
    read(ctx, root.await?, shown, origin, Some(folder.held)).await
}

async fn read(
    ctx: &Ctx,
    root: Utf8PathBuf,
    what: String,
    origin: String,
    temporary: Option<Arc<tempfile::TempDir>>,
) -> Result<Distribution, SourceError> {
    let cancel = ctx.cancel.clone();
    let found = blocking(move || Distribution::read(&root, &what, &cancel)).await?;
    Ok(Distribution { origin, _temporary: temporary, ..found })
}

/// Reading and hashing large trees must not hold up what else runs.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(std::io::Error::other(error).into()),
    }
}
