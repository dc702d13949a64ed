//! The servlet container that the sample suite is built against and run in.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::Tools;
use crate::command::program;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;

/// The version of Debian 12.
const NAME: &str = "tomcat-9.0.70";
const FETCH: &str = "tests/fixtures/tomcat/fetch.sh";

impl Tools {
    /// `TOMCAT_HOME`, else the one in the tools folder, fetched the first time.
    pub(crate) fn tomcat(&self, root: &Path, progress: &Progress) -> Outcome<PathBuf> {
        if let Some(home) = std::env::var_os("TOMCAT_HOME").filter(|value| !value.is_empty()) {
            return named_by_variable(home.into());
        }
        self.make(NAME, progress, |folder| {
            progress.now("fetching Tomcat from Debian");
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
            let mut fetch = program("sh");
            fetch.arg(root.join(FETCH)).arg(folder);
            progress.run(&mut fetch, &self.log(NAME)).map_err(|failure| {
                Failure::unavailable(failure.to_string())
                    .hint("on Debian or Ubuntu: sudo apt-get update, then the same command again")
                    .hint("elsewhere: unpack Apache Tomcat 9 and name its folder in TOMCAT_HOME")
            })
        })
    }
}

fn named_by_variable(home: PathBuf) -> Outcome<PathBuf> {
    if home.join("lib/catalina.jar").is_file() {
        return Ok(home);
    }
    Err(Failure::configuration(format!(
        "TOMCAT_HOME names {}, which has no lib/catalina.jar",
        home.display()
    ))
    .hint("unset TOMCAT_HOME to have Tomcat fetched from Debian"))
}
