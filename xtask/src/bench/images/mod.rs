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
use crate::failure::Outcome;
use crate::print;
use crate::workspace::Workspace;

use kit::Kit;
use limit::Compression;
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
    let (packages, played) = (folder(&kit, "packages")?, new_folder(&kit, "rounds")?);
    let maker = Maker { source: &kit.source, folder: &packages };
    print::heading("packages");
    let (package, rebuilt) = (maker.make(Shape::FULL)?, maker.make(Shape::REBUILT)?);
    let mut text = about(&kit, &package, rounds)?;
    print::result(&text);
    print::heading("full package");
    let game = Game { shape: Shape::FULL, package: &package, rebuilt: Some(&rebuilt) };
    let rows = play::play(&kit, &game, rounds, &played.join("full"));
    let mut results = vec![report::scenarios(&rows), limits(&kit, &package, &rows)?];
    if !args.quick {
        results.push(growth(&kit, &maker, &rows, rounds, &played)?);
    }
    for result in results {
        print::result(format!("\n{result}"));
        text.push_str(&format!("\n\n{result}"));
    }
    let goals = goals::check(&rows);
    if args.write {
        page::write(&workspace.root, &format!("{text}\n\n{}", goal::text(&goals)))?;
    }
    Ok(goal::judge(&goals))
}

/// The sentences above the tables.
fn about(kit: &Kit, package: &Package, rounds: usize) -> Outcome<String> {
    let [own, peer] = kit::versions(kit);
    let megabytes = |bytes: u64| format!("{:.0} MB", play::number(bytes) / 1e6);
    let (shared, own_jars) = (package.plan.shared.len(), package.plan.own.iter().flatten().count());
    Ok(format!(
        "{date}, {cores} cores. {own} beside {peer} with storage driver {driver}. Medians of \
         {rounds}; memory and uploads are the highest of all rounds. Package: {zip}, {unpacked} \
         when its entries are unpacked, {count} WARs of full size that share {shared} of {all} \
         jars. The time of buildah holds unpacking the package where it is a new one: ours reads \
         the package itself.",
        date = jiff::Zoned::now().date(),
        cores = parallel::cores(),
        driver = kit.driver,
        zip = megabytes(package.bytes),
        unpacked = megabytes(limit::unpacked(&package.file)?),
        count = SERVICES.len(),
        all = shared + own_jars,
    ))
}

/// How near our cold build comes to the least work.
fn limits(kit: &Kit, package: &Package, rows: &[Row]) -> Outcome<String> {
    print::heading("least work");
    let inflate = limit::inflate(package)?;
    let measure = |kind| limit::least(&kit.source, package, kind);
    let least = Compression::ALL.into_iter().map(measure).collect::<Outcome<Vec<_>>>()?;
    let is_own = |row: &&Row| row.tool == Tool::Ours && row.scenario == Scenario::Cold;
    let own = rows.iter().find(is_own).and_then(|row| row.numbers.as_ref().ok());
    Ok(report::limits(inflate, &least, own.map(|numbers| numbers.seconds)))
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

fn folder(kit: &Kit, name: &str) -> Outcome<PathBuf> {
    let folder = kit.work.join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
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
