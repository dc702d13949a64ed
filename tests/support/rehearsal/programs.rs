//! The programs that jobs fetch: ours, without their debug information, which is most of them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use fs_err as fs;
use tokio::process::Command;

use super::{Kit, RehearsalError};

/// What jobs fetch.
const NAMES: [&str; 2] = ["cloudteam", "clouddeploy"];

/// Folder with the programs, made again when one of them was built again.
pub(super) async fn for_jobs(kit: &Kit) -> Result<PathBuf, RehearsalError> {
    let folder = kit.bin_dir.join("for-jobs");
    fs::create_dir_all(&folder)?;
    for name in NAMES {
        let (from, to) = (kit.program(name), folder.join(name));
        if !is_newer(&to, &from)? {
            strip(&from, &to).await?;
        }
    }
    Ok(folder)
}

fn is_newer(file: &Path, than: &Path) -> Result<bool, RehearsalError> {
    let Ok(made) = fs::metadata(file).and_then(|meta| meta.modified()) else {
        return Ok(false);
    };
    Ok(made >= fs::metadata(than)?.modified()?)
}

/// Another test may do it at the same moment: each writes a file of its own, and renames it.
async fn strip(from: &Path, to: &Path) -> Result<(), RehearsalError> {
    let own = to.with_extension(format!("{}", std::process::id()));
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(&own).arg(from).stdin(Stdio::null());
    let stripped = strip.output().await.is_ok_and(|output| output.status.success());
    if !stripped {
        fs::copy(from, &own)?;
    }
    Ok(fs::rename(&own, to)?)
}
