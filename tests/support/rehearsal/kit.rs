//! What a rehearsal needs to be given.

use std::path::{Path, PathBuf};

/// Programs, tools and fixtures. Nothing of it is changed, apart from what is kept in `tools`.
#[derive(Debug, Clone)]
pub struct Kit {
    /// Folder of the three programs and those of the harness.
    pub bin_dir: PathBuf,
    /// The AWS emulator.
    pub fakecloud: PathBuf,
    /// `tests/fixtures`.
    pub fixtures: PathBuf,
    /// A Tomcat 9 home.
    pub tomcat: PathBuf,
    /// A Python interpreter that has boto3.
    pub python: PathBuf,
    /// Where a base image that was made once is kept, if anywhere.
    pub tools: Option<PathBuf>,
}

impl Kit {
    /// The program of this name.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }

    /// The kit that the variables `CLOUDOPS_*` describe, as `cargo xtask test` sets them.
    ///
    /// # Errors
    /// A sentence that names the variable and the command that sets it.
    pub fn from_environment(fixtures: &Path) -> Result<Self, String> {
        let path = |name: &str| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from).ok_or_else(|| {
                format!("{name} is not set: run this test by `cargo xtask test --stage journey`")
            })
        };
        Ok(Self {
            bin_dir: path("CLOUDOPS_BIN_DIR")?,
            fakecloud: path("CLOUDOPS_FAKECLOUD")?,
            fixtures: fixtures.to_owned(),
            tomcat: path("CLOUDOPS_TOMCAT")?,
            python: path("CLOUDOPS_PYTHON")?,
            tools: path("CLOUDOPS_TOOLS").ok(),
        })
    }
}
