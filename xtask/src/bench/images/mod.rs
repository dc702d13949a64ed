//! `cargo xtask bench images`: our image builder beside buildah, on the same packages and each
//! with a registry of its own.
//!
//! A [`package`] is made from real jars as a [`shape`] says. In each round a [`tool`] builds and
//! pushes all images, with nothing in any cache, then again, then those of the rebuilt package
//! ([`play`]); the [`registry`] tells what was uploaded. [`limit`] measures the least work that a
//! cold build could do, [`goals`] judges, [`report`] shows, [`page`] keeps.

mod content;
mod dockerfiles;
mod goals;
mod kit;
mod limit;
mod package;
mod page;
mod parallel;
mod play;
mod registry;
mod report;
mod shape;
mod tool;
mod webapp;
mod zips;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fs_err as fs;

use super::goal;
use crate::command;
use crate::failure::Outcome;
use crate::print;
use crate::workspace::Workspace;

use kit::Kit;
use limit::{Compression, Least};
use package::{Maker, Package};
use play::{Game, Row, Scenario};
use shape::{SERVICES, Shape};
use tool::Tool;

/// Options of `cargo xtask bench images`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// How often each builder plays each package; the numbers are medians
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=99))]
    rounds: u8,
    /// One round of the full package only, for development
    #[arg(long, conflicts_with = "rounds")]
    quick: bool,
    /// Measure this `clouddeploy` instead of building one for release
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// Write the results into the page about benchmarks too
    #[arg(long)]
    write: bool,
}

/// Runs the benchmark. Success when every goal is met.
pub(super) fn run(workspace: &Workspace, args: &Args) -> Outcome<ExitCode> {
    let kit = kit::prepare(workspace, args.program.as_deref())?;
    let rounds = if args.quick { 1 } else { usize::from(args.rounds) };
    let (packages, played) = (kit.work.join("packages"), new_folder(&kit, "rounds")?);
    package::keep(&packages, &kit.source)?;
    let maker = Maker { source: &kit.source, folder: &packages };
    print::heading("packages");
    let (package, rebuilt) = (maker.make(Shape::FULL)?, maker.make(Shape::REBUILT)?);
    let mut text = about(workspace, &kit, &package, rounds);
    print::result(&text);
    print::heading("full package");
    let game = Game { shape: Shape::FULL, package: &package, rebuilt: Some(&rebuilt) };
    let rows = play::play(&kit, &game, rounds, &played.join("full"));
    let (inflate, least) = least_work(&kit, &package)?;
    let mut results =
        vec![report::scenarios(&rows), report::limits(inflate, &least, own_cold(&rows))];
    if !args.quick {
        results.push(growth(&kit, &maker, &rows, rounds, &played)?);
    }
    for result in results {
        print::result(format!("\n{result}"));
        text.push_str(&format!("\n\n{result}"));
    }
    let fastest = least.iter().map(|least| least.seconds).fold(f64::INFINITY, f64::min);
    let goals = goals::check(&rows, inflate + fastest);
    if args.write {
        page::write(&workspace.root, &format!("{text}\n\n{}", goal::text(&goals)))?;
    }
    Ok(goal::judge(&goals))
}

/// The sentences above the tables.
fn about(workspace: &Workspace, kit: &Kit, package: &Package, rounds: usize) -> String {
    let [own, peer] = kit::versions(kit);
    let mut git = command::program("git");
    git.args(["rev-parse", "--short", "HEAD"]).current_dir(&workspace.root);
    let commit = command::first_line(&mut git).unwrap_or_else(|| "of no repository".to_owned());
    let shared = package.plan.shared.len();
    format!(
        "**{date}**, {cores} cores, commit `{commit}`. {own} beside {peer} with storage driver \
         {driver}. Medians of {rounds}; memory and uploads are the highest of all rounds. \
         Package: {zip:.0} MB, {count} WARs of full size that share {shared} of {all} jars. The \
         time of buildah holds unpacking the package where it is a new one: ours reads the \
         package itself.",
        date = jiff::Zoned::now().date(),
        cores = parallel::cores(),
        driver = kit.driver,
        zip = play::number(package.bytes) / 1e6,
        count = SERVICES.len(),
        all = shared + package.plan.own.iter().flatten().count(),
    )
}

/// Seconds of inflating the package once, and the rest of the least work by compression.
fn least_work(kit: &Kit, package: &Package) -> Outcome<(f64, Vec<Least>)> {
    print::heading("least work");
    let measure = |kind| limit::least(&kit.source, package, kind);
    let least = Compression::ALL.into_iter().map(measure).collect::<Outcome<_>>()?;
    Ok((limit::inflate(package)?, least))
}

/// Seconds of our cold build.
fn own_cold(rows: &[Row]) -> Option<f64> {
    let is_own = |row: &&Row| row.tool == Tool::Ours && row.scenario == Scenario::Cold;
    let own = rows.iter().find(is_own).and_then(|row| row.numbers.as_ref().ok());
    own.map(|numbers| numbers.seconds)
}

/// Smaller packages, cold; their files are removed again.
fn growth(
    kit: &Kit,
    maker: &Maker<'_>,
    full: &[Row],
    rounds: usize,
    played: &Path,
) -> Outcome<String> {
    let fewer = [1, 2, 4].map(|services| Shape { services, ..Shape::FULL });
    let half = Shape { every: 2, ..Shape::FULL };
    let mut rows = Vec::new();
    for shape in fewer.into_iter().chain([half]) {
        let package = maker.make(shape)?;
        print::heading(shape.name());
        let game = Game { shape, package: &package, rebuilt: None };
        rows.extend(play::play(kit, &game, rounds, &played.join(shape.name())));
        fs::remove_file(package.file)?;
    }
    rows.extend(full.iter().cloned());
    Ok(report::growth(&rows))
}

/// An empty folder; what the last run left goes.
fn new_folder(kit: &Kit, name: &str) -> Outcome<PathBuf> {
    let folder = kit.work.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
