//! A private Python environment with the pinned cfn-lint and the independent AWS clients.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::Tools;
use crate::command::{first_line, program};
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;

/// Everything that is installed, relative to the root of the workspace.
const REQUIREMENTS: [&str; 2] = ["templates/requirements.txt", "xtask/requirements.txt"];

impl Tools {
    /// The interpreter of the environment. Another set of pins, or another Python, is another
    /// environment, so two checkouts do not disturb each other.
    pub(crate) fn python(&self, root: &Path, progress: &Progress) -> Outcome<PathBuf> {
        let mut pins = first_line(program("python3").arg("--version")).unwrap_or_default();
        for file in REQUIREMENTS {
            pins.push_str(&fs::read_to_string(root.join(file))?);
        }
        let name = format!("python-{:016x}", fingerprint(pins.as_bytes()));
        let folder = self.make(&name, progress, |folder| {
            progress.now("python3 -m venv");
            let mut venv = program("python3");
            venv.args(["-m", "venv", "--clear"]).arg(folder);
            progress.run(&mut venv, &self.log(&name))?;
            progress.now("pip install (cfn-lint, awscli, boto3)");
            let mut pip = program(folder.join("bin/python"));
            pip.current_dir(root);
            pip.args(["-m", "pip", "install", "--quiet", "--no-input"]);
            pip.arg("--disable-pip-version-check");
            pip.args(REQUIREMENTS.iter().flat_map(|file| ["-r", *file]));
            progress.run(&mut pip, &self.log(&name)).map_err(|failure| {
                Failure::unavailable(failure.to_string())
                    .hint("the packages come from PyPI; run the same command again")
            })
        })?;
        Ok(folder.join("bin/python"))
    }
}

/// FNV-1a: the same on every machine and in every version of Rust, which std does not promise.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_that_of_the_published_test_vectors() {
        assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
