//! Real jars, some hundreds of them: those of Apache Spark as PyPI carries them.

use std::path::PathBuf;

use fs_err as fs;

use super::Tools;
use crate::command::program;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;

const VERSION: &str = "4.3.0";
/// SHA-256 of the source distribution.
const SHA256: &str = "e8c517948eff7088a7aa07449aa8eafa4a15a8d50319de2525a6fd26622476c6";

impl Tools {
    /// The folder with the jars, fetched the first time (450 MB).
    pub(crate) fn jars(&self, progress: &Progress) -> Outcome<PathBuf> {
        let name = format!("pyspark-{VERSION}");
        let folder = self.make(&name, progress, |folder| {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
            fs::create_dir_all(folder)?;
            let requirements = folder.join("requirements.txt");
            fs::write(&requirements, format!("pyspark=={VERSION} --hash=sha256:{SHA256}\n"))?;
            let venv = folder.join("venv");
            progress.now("python3 -m venv");
            let mut python = program("python3");
            progress.run(python.args(["-m", "venv"]).arg(&venv), &self.log(&name))?;
            progress.now("pip download pyspark");
            let mut pip = program(venv.join("bin/python"));
            pip.args(["-m", "pip", "download", "--quiet", "--no-input"]);
            pip.args(["--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"]);
            pip.arg("--require-hashes").arg("-r").arg(&requirements).arg("-d").arg(folder);
            progress.run(&mut pip, &self.log(&name)).map_err(|failure| {
                Failure::unavailable(failure.to_string())
                    .hint("it comes from PyPI; run the same command again")
            })?;
            progress.now("unpacking");
            let archive = folder.join(format!("{name}.tar.gz"));
            let mut tar = program("tar");
            tar.arg("-xzf").arg(&archive).arg("-C").arg(folder);
            tar.args(["--strip-components=2", &format!("{name}/deps/jars")]);
            progress.run(&mut tar, &self.log(&name))?;
            fs::remove_file(archive)?;
            Ok(fs::remove_dir_all(venv)?)
        })?;
        Ok(folder.join("jars"))
    }
}
