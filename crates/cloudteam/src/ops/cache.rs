//! The cache of dependencies in the artifact bucket. A build without it is slower and as good, so
//! nothing here fails a build.

use camino::Utf8Path;
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::{EventKind, Outcome},
    ids::Digest,
    state::store::{StateError, Store, Upload},
};

use crate::{
    build::cache::{Cache, PREFIX},
    error::TeamError,
};

/// A cache and whether exactly it was restored.
#[derive(Debug)]
pub(super) struct Kept {
    cache: Cache,
    exact: bool,
}

/// Puts back what an earlier build kept: of the same build files, else the newest of any.
///
/// # Errors
/// That the files cannot be listed; everything else is a warning.
pub(super) async fn restore(
    ctx: &Ctx,
    artifacts: &Store,
    config: &CloudOpsConfig,
    source: &Utf8Path,
    home: &Utf8Path,
) -> Result<Kept, TeamError> {
    let settings = &config.source.build.cache;
    let cache = Cache::of(source, &settings.folders, &settings.keys, home).await?;
    ctx.events.step("cache", "dependencies of earlier builds");
    let (outcome, detail, exact) = match fetch(ctx, artifacts, &cache).await {
        Ok(Some((key, count))) => {
            let exact = key == cache.object();
            let words = if exact { "of the same build files" } else { "of other build files" };
            (Outcome::Done, format!("{count} files are back, {words}"), exact)
        }
        Ok(None) => (Outcome::Unchanged, "there are none yet".to_owned(), false),
        Err(error) => {
            ctx.events.warn(format!("the cache of dependencies is not used: {error}"));
            (Outcome::Skipped, "not used".to_owned(), false)
        }
    };
    ctx.events.step_done("cache", outcome, detail);
    Ok(Kept { cache, exact })
}

async fn fetch(
    ctx: &Ctx,
    artifacts: &Store,
    cache: &Cache,
) -> Result<Option<(String, usize)>, StateError> {
    let exact = cache.object();
    let key = match artifacts.size(&exact).await? {
        Some(_) => exact,
        None => match artifacts.newest(PREFIX).await? {
            Some(key) => key,
            None => return Ok(None),
        },
    };
    let folder = tempfile::tempdir()?;
    let archive = Utf8Path::from_path(folder.path()).unwrap_or(Utf8Path::new("")).join("cache");
    artifacts.download(ctx, &key, &archive).await?;
    let cache = cache.clone();
    let count = unblocked(move || cache.unpack(&archive)).await?;
    Ok(Some((key, count)))
}

/// Keeps the dependencies for the next build, unless exactly these were restored.
pub(super) async fn save(ctx: &Ctx, artifacts: &Store, kept: &Kept) {
    if kept.exact {
        return;
    }
    ctx.events.step("cache-save", "keep the dependencies");
    match store(ctx, artifacts, &kept.cache).await {
        Ok((0, _)) => {
            ctx.events.step_done("cache-save", Outcome::Unchanged, "there are none");
        }
        Ok((count, bytes)) => {
            let detail = format!("{count} files in {bytes} bytes");
            ctx.events.step_done("cache-save", Outcome::Done, detail);
        }
        Err(error) => {
            ctx.events.step_done("cache-save", Outcome::Skipped, "not kept");
            ctx.events.warn(format!("the dependencies are not kept for the next build: {error}"));
        }
    }
}

async fn store(ctx: &Ctx, artifacts: &Store, cache: &Cache) -> Result<(usize, u64), StateError> {
    let folder = tempfile::tempdir()?;
    let archive = Utf8Path::from_path(folder.path()).unwrap_or(Utf8Path::new("")).join("cache");
    let (packed, file) = (cache.clone(), archive.clone());
    let (count, digest) = unblocked(move || {
        let count = packed.pack(&file)?;
        Ok((count, digest_of(&file)?))
    })
    .await?;
    if count == 0 {
        return Ok((0, 0));
    }
    let size = fs_err::metadata(&archive)?.len();
    let progress = |done| {
        let name = "dependencies".to_owned();
        ctx.events.send(EventKind::Transfer { name, done, total: Some(size) });
    };
    let upload = Upload { progress: &progress, ..Upload::new(&archive, &digest, &ctx.cancel) };
    artifacts.upload_new(&cache.object(), &upload).await?;
    Ok((count, size))
}

fn digest_of(file: &Utf8Path) -> std::io::Result<Digest> {
    Digest::read(fs_err::File::open(file)?)
}

/// Runs work that would block others on a thread of its own.
async fn unblocked<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?
}
