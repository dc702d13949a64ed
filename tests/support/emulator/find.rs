//! Finds an installed emulator of the right version.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version that the proxy's rules were measured against.
pub const FAKECLOUD_VERSION: &str = "0.51.0";

/// The emulator at `explicit`, else the first one on the `PATH`, of exactly
/// [`FAKECLOUD_VERSION`].
#[must_use]
pub fn find_fakecloud(explicit: Option<&Path>) -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = match explicit {
        Some(path) => vec![path.to_owned()],
        None => std::env::split_paths(&on_path).map(|folder| folder.join("fakecloud")).collect(),
    };
    candidates.into_iter().find(|path| path.is_file() && has_version(path))
}

fn has_version(program: &Path) -> bool {
    let output =
        Command::new(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).split_whitespace().any(|w| w == FAKECLOUD_VERSION)
    })
}
