//! Everything that the benchmark needs, fetched and built.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::package::Source;
use crate::command::{first_line, program};
use crate::failure::{Failure, Outcome};
use crate::prerequisites;
use crate::print;
use crate::progress::{Board, Progress};
use crate::tools::Tools;
use crate::workspace::Workspace;

/// Where everything is.
#[derive(Debug)]
pub(super) struct Kit {
    /// `clouddeploy`, built for release.
    pub(super) program: PathBuf,
    /// What packages are made from.
    pub(super) source: Source,
    /// OCI layout of a small Java image.
    pub(super) base: PathBuf,
    /// Folder of this benchmark.
    pub(super) work: PathBuf,
    /// Storage driver of buildah.
    pub(super) driver: &'static str,
}

/// Fetches while our program is built, unless one is given.
pub(super) fn prepare(workspace: &Workspace, given: Option<&Path>) -> Outcome<Kit> {
    prerequisites::for_images()?;
    print::heading("preparing: jars, Tomcat, base image, program (the first time takes minutes)");
    let work = workspace.target.join("bench/images");
    fs::create_dir_all(&work)?;
    let (tools, board) = (Tools::open()?, Board::new());
    let job = tools.clone();
    let jars = board.spawn("jars", move |progress| job.jars(progress));
    let (job, root) = (tools.clone(), workspace.root.clone());
    let tomcat = board.spawn("Tomcat", move |progress| job.tomcat(&root, progress));
    let (log, own, folder) = (tools.root().join("logs"), workspace.clone(), work.join("base"));
    let layout = folder.clone();
    let base = board.spawn("base image", move |progress| {
        let mut make = program("sh");
        make.arg(own.root.join("tests/fixtures/base-image/make.sh")).arg(&layout);
        progress.run(&mut make, &log.join("benchmark-base.log"))
    });
    let program = match given {
        Some(file) if file.is_file() => fs::canonicalize(file)?,
        Some(file) => {
            let message = format!("--program names {}, which is no file", file.display());
            return Err(Failure::configuration(message));
        }
        None => {
            let (own, log) = (workspace.clone(), tools.root().join("logs/benchmark.log"));
            let built = board.spawn("clouddeploy", move |progress| build(&own, &log, progress));
            built.join()?
        }
    };
    base.join()?;
    let source = Source { jars: jars.join()?, tomcat: tomcat.join()? };
    let driver = driver(&work)?;
    Ok(Kit { program, source, base: folder, work, driver })
}

fn build(workspace: &Workspace, log: &Path, progress: &Progress) -> Outcome<PathBuf> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--package", "clouddeploy", "--bin", "clouddeploy"]);
    progress.run(&mut cargo, log)?;
    Ok(workspace.release_dir().join("clouddeploy"))
}

/// The faster driver, where the kernel lets buildah use it.
fn driver(work: &Path) -> Outcome<&'static str> {
    let storage = work.join("driver");
    let mut buildah = program("buildah");
    buildah.arg("--root").arg(storage.join("root")).arg("--runroot").arg(storage.join("run"));
    buildah.args(["--storage-driver", "overlay", "images", "--quiet"]);
    let works = buildah.output().is_ok_and(|output| output.status.success());
    if storage.exists() {
        fs::remove_dir_all(storage)?;
    }
    Ok(if works { "overlay" } else { "vfs" })
}

/// What the two builders say about their versions.
pub(super) fn versions(kit: &Kit) -> [String; 2] {
    let say = |name: &Path| {
        let line = first_line(program(name).arg("--version"));
        line.unwrap_or_else(|| format!("{} does not say its version", name.display()))
    };
    [say(&kit.program), say(Path::new("buildah"))]
}
