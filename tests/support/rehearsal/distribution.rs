//! The sample commerce source distributions, and the base image: made from the fixtures.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use fs_err as fs;
use tokio::process::Command;

use super::{Kit, RehearsalError};

/// Copies a folder with all that is in it, over what is there.
pub(super) fn copy_folder(from: &Path, to: &Path) -> Result<(), RehearsalError> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            // What a build in the checkout left is no part of the distribution.
            if entry.file_name() != "target" {
                copy_folder(&entry.path(), &target)?;
            }
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// The first distribution, as a vendor would hand it over.
pub(super) fn first(kit: &Kit, to: &Path) -> Result<(), RehearsalError> {
    copy_folder(&kit.fixtures.join("commerce"), to)
}

/// The second distribution: the first with one changed class.
pub(super) fn second(kit: &Kit, to: &Path) -> Result<(), RehearsalError> {
    first(kit, to)?;
    copy_folder(&kit.fixtures.join("commerce-second"), to)
}

/// The base image: the one that an earlier rehearsal of this machine made, else a new one.
pub(super) async fn base_image(kit: &Kit, work: &Path) -> Result<PathBuf, RehearsalError> {
    let Some(tools) = &kit.tools else {
        let folder = work.join("base-image");
        make_base_image(kit, &folder).await?;
        return Ok(folder);
    };
    let folder = tools.join(format!("base-image-{:016x}", fingerprint(kit).await?));
    if folder.join("index.json").is_file() {
        return Ok(folder);
    }
    // Another test may make it at the same moment: who is ready first wins.
    let own = tools.join(format!(".base-image-{}", std::process::id()));
    make_base_image(kit, &own).await?;
    if fs::rename(&own, &folder).is_err() {
        fs::remove_dir_all(&own)?;
    }
    Ok(folder)
}

async fn make_base_image(kit: &Kit, folder: &Path) -> Result<(), RehearsalError> {
    let script = kit.fixtures.join("base-image/make.sh");
    let output = Command::new("sh").arg(script).arg(folder).stdin(Stdio::null()).output().await?;
    if output.status.success() {
        return Ok(());
    }
    Err(RehearsalError::failed("making the base image", &output))
}

/// Changes with the scripts that make the image and with the JDK that goes into it.
async fn fingerprint(kit: &Kit) -> Result<u64, RehearsalError> {
    let mut hasher = DefaultHasher::new();
    for file in ["make.sh", "layout.py"] {
        fs::read(kit.fixtures.join("base-image").join(file))?.hash(&mut hasher);
    }
    let home = std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
    let java = home.map_or_else(|| "java".into(), |home| PathBuf::from(home).join("bin/java"));
    let version = Command::new(&java).arg("-version").output().await;
    let version = version.map_err(|source| RehearsalError::Start { program: java, source })?;
    version.stderr.hash(&mut hasher);
    Ok(hasher.finish())
}

/// An empty repository, as a git server would make one.
pub(super) async fn bare_repository(folder: &Path) -> Result<(), RehearsalError> {
    let output = Command::new("git")
        .args(["init", "--quiet", "--bare", "--initial-branch", "main"])
        .arg(folder)
        .stdin(Stdio::null())
        .output()
        .await?;
    if output.status.success() {
        return Ok(());
    }
    Err(RehearsalError::failed("git init", &output))
}
