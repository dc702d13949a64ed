//! The tools that the benchmark runs beside ours, pinned, each in a folder of its own: what one
//! needs, another may not bear.

use std::path::PathBuf;

use fs_err as fs;

use super::Tools;
use crate::command::{first_line, program};
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;

const SCEPTRE: (&str, &str) = ("sceptre", "4.7.0");
const SAM: (&str, &str) = ("aws-sam-cli", "1.170.0");
/// The version that the goals were set with; npm's `latest` may be another product line.
const CDK: (&str, &str) = ("aws-cdk", "2.1148.1");

impl Tools {
    /// The folder with Sceptre's programs.
    pub(crate) fn sceptre(&self, progress: &Progress) -> Outcome<PathBuf> {
        self.pypi(SCEPTRE, progress)
    }

    /// The folder with the programs of aws-sam-cli.
    pub(crate) fn sam(&self, progress: &Progress) -> Outcome<PathBuf> {
        self.pypi(SAM, progress)
    }

    /// The folder with aws-cdk's program.
    pub(crate) fn cdk(&self, progress: &Progress) -> Outcome<PathBuf> {
        let name = format!("{}-{}", CDK.0, CDK.1);
        let folder = self.make(&name, progress, |folder| {
            progress.now("npm install");
            fs::create_dir_all(folder)?;
            let mut npm = program("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]).arg(folder);
            npm.arg(format!("{}@{}", CDK.0, CDK.1));
            progress.run(&mut npm, &self.log(&name)).map_err(|failure| unavailable(&failure))
        })?;
        Ok(folder.join("node_modules/.bin"))
    }

    fn pypi(&self, (package, version): (&str, &str), progress: &Progress) -> Outcome<PathBuf> {
        let python = first_line(program("python3").arg("--version")).unwrap_or_default();
        let python = python.replace(' ', "-").to_lowercase();
        let name = format!("{package}-{version}-{python}");
        let folder = self.make(&name, progress, |folder| {
            progress.now("python3 -m venv");
            let mut venv = program("python3");
            venv.args(["-m", "venv", "--clear"]).arg(folder);
            progress.run(&mut venv, &self.log(&name))?;
            progress.now("pip install");
            let mut pip = program(folder.join("bin/python"));
            pip.args(["-m", "pip", "install", "--quiet", "--no-input"]);
            pip.args(["--disable-pip-version-check", &format!("{package}=={version}")]);
            progress.run(&mut pip, &self.log(&name)).map_err(|failure| unavailable(&failure))
        })?;
        Ok(folder.join("bin"))
    }
}

fn unavailable(failure: &Failure) -> Failure {
    Failure::unavailable(failure.to_string())
        .hint("it comes from a public registry; run the same command again")
}
