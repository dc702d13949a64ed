//! The rounds: each builder makes all images from nothing, makes them again, and makes those of a
//! package that was rebuilt after one class was changed.

use std::path::Path;

use super::kit::Kit;
use super::package::Package;
use super::registry::Upload;
use super::shape::{self, CHANGED, Shape};
use super::tool::{Bench, Said, Tool};
use crate::bench::measure::Ran;
use crate::bench::statistics::{highest, median};
use crate::failure::{Failure, Outcome};
use crate::print;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    Cold,
    NothingChanged,
    OneClass,
}

impl Scenario {
    pub(super) const ALL: [Self; 3] = [Self::Cold, Self::NothingChanged, Self::OneClass];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::NothingChanged => "nothing changed",
            Self::OneClass => "one class changed",
        }
    }
}

/// What a builder's runs of a scenario come to.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) tool: Tool,
    pub(super) scenario: Scenario,
    /// Services of full size, and bytes of the package.
    pub(super) services: usize,
    pub(super) package: u64,
    /// Why there are no numbers, when there are none.
    pub(super) numbers: Result<Numbers, String>,
}

/// Medians over the rounds, and the highest of what must never be exceeded.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Numbers {
    pub(super) seconds: f64,
    /// Peak memory in MiB: of the program itself for us, of the whole family for buildah.
    pub(super) peak: f64,
    /// Blobs that the registry took, and their bytes: the highest of all rounds.
    pub(super) blobs: f64,
    pub(super) bytes: f64,
    /// The part of it that was for the image whose class changed, and for all others.
    pub(super) changed: f64,
    pub(super) others: f64,
    /// Whether our own report ever named less than the registry took.
    pub(super) untrue: bool,
}

/// One run.
#[derive(Debug, Clone)]
struct Played {
    ran: Ran,
    uploads: Vec<Upload>,
    said: Said,
}

/// A package and, where it is played, the rebuilt one.
pub(super) struct Game<'a> {
    pub(super) shape: Shape,
    pub(super) package: &'a Package,
    pub(super) rebuilt: Option<&'a Package>,
}

/// Plays `rounds` rounds, in each of them one builder after the other, and gives a row per builder
/// and scenario. The builder that begins changes from round to round.
pub(super) fn play(kit: &Kit, game: &Game<'_>, rounds: usize, folder: &Path) -> Vec<Row> {
    let mut played: [Vec<Vec<Played>>; 2] = [Vec::new(), Vec::new()];
    let mut failures: [Option<String>; 2] = [None, None];
    for round in 1..=rounds {
        for turn in 0..Tool::ALL.len() {
            let index = (turn + round) % Tool::ALL.len();
            let tool = Tool::ALL[index];
            if failures[index].is_some() {
                continue;
            }
            print::note(format!("{}: round {round} of {rounds}", tool.name()));
            match one(kit, game, tool, &folder.join(format!("{}-{round}", tool.name()))) {
                Ok(runs) => played[index].push(runs),
                Err(error) => {
                    print::failure(&error);
                    failures[index] = Some(error.to_string());
                }
            }
        }
    }
    let tools = Tool::ALL.into_iter().zip(played).zip(failures);
    tools.flat_map(|((tool, runs), failure)| rows(game, tool, &runs, failure.as_deref())).collect()
}

fn rows(game: &Game<'_>, tool: Tool, runs: &[Vec<Played>], failure: Option<&str>) -> Vec<Row> {
    let scenarios = if game.rebuilt.is_some() { &Scenario::ALL[..] } else { &Scenario::ALL[..1] };
    let row = |(index, scenario): (usize, &Scenario)| {
        let of: Vec<&Played> = runs.iter().filter_map(|round| round.get(index)).collect();
        Row {
            tool,
            scenario: *scenario,
            services: game.shape.services,
            package: game.package.bytes,
            numbers: failure.map_or_else(|| Ok(numbers(tool, &of)), |why| Err(why.to_owned())),
        }
    };
    scenarios.iter().enumerate().map(row).collect()
}

fn one(kit: &Kit, game: &Game<'_>, tool: Tool, folder: &Path) -> Outcome<Vec<Played>> {
    let bench = Bench::new(kit, tool, folder.to_owned())?;
    let mut before = 0;
    let mut run = |package: &Package, is_new: bool, name: &str| -> Outcome<Played> {
        let (ran, said) = bench.run(package, game.shape, is_new, name)?;
        if let Some(image) = shape::images().find(|image| !bench.registry.has_image(image)) {
            return Err(Failure::new(format!("{name}: the registry has no image {image}")));
        }
        let mut uploads = bench.registry.uploads()?;
        let new = uploads.split_off(before);
        before += new.len();
        Ok(Played { ran, uploads: new, said })
    };
    let mut played = vec![run(game.package, true, "cold")?];
    if let Some(rebuilt) = game.rebuilt {
        played.push(run(game.package, false, "again")?);
        played.push(run(rebuilt, true, "rebuilt")?);
    }
    let seconds = played.iter().map(|one| format!("{:.2} s", one.ran.seconds));
    print::note(format!("  {}", seconds.collect::<Vec<_>>().join(", then ")));
    bench.clear()?;
    Ok(played)
}

fn numbers(tool: Tool, runs: &[&Played]) -> Numbers {
    let all = |of: &dyn Fn(&Played) -> f64| runs.iter().map(|run| of(run)).collect::<Vec<f64>>();
    let peak = |run: &Played| match tool {
        Tool::Ours => run.ran.peak,
        Tool::Buildah => run.ran.megabytes,
    };
    Numbers {
        seconds: median(&all(&|run| run.ran.seconds)),
        peak: highest(&all(&|run| peak(run) * 1e6 / MIB)),
        blobs: highest(&all(&|run| number(run.uploads.len() as u64))),
        bytes: highest(&all(&|run| bytes(&run.uploads, |_| true))),
        changed: highest(&all(&|run| bytes(&run.uploads, is_changed))),
        others: highest(&all(&|run| bytes(&run.uploads, |repository| !is_changed(repository)))),
        untrue: tool == Tool::Ours && runs.iter().any(|run| is_untrue(run)),
    }
}

/// Bytes of a MiB.
pub(super) const MIB: f64 = 1_048_576.0;

fn bytes(uploads: &[Upload], of: impl Fn(&str) -> bool) -> f64 {
    let bytes = uploads.iter().filter(|upload| of(&upload.repository)).map(|upload| upload.bytes);
    number(bytes.sum())
}

/// Whether it is the repository of the image whose class changed.
fn is_changed(repository: &str) -> bool {
    repository.rsplit('/').next() == Some(CHANGED)
}

/// Our report may count manifests too, which the registry does not take as blobs.
fn is_untrue(run: &Played) -> bool {
    number(run.said.values().sum()) < bytes(&run.uploads, |_| true)
}

/// Counts and bytes stay far below what a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "bytes of a package are far below 2^53")]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(seconds: f64, uploads: &[(&str, u64)], said: u64) -> Played {
        let upload = |(repository, bytes): &(&str, u64)| Upload {
            repository: (*repository).to_owned(),
            bytes: *bytes,
        };
        Played {
            ran: Ran { seconds, megabytes: 2.097_152, peak: 1.048_576 },
            uploads: uploads.iter().map(upload).collect(),
            said: Said::from([("cm".to_owned(), said)]),
        }
    }

    #[test]
    fn times_are_medians_and_uploads_the_highest_as_the_registry_took_them() {
        let runs = [
            played(1.0, &[("a/cm", 5), ("a/search", 2)], 7),
            played(3.0, &[("a/cm", 6)], 6),
            played(2.0, &[], 0),
        ];
        let found = numbers(Tool::Ours, &runs.iter().collect::<Vec<_>>());
        let expect = Numbers {
            seconds: 2.0,
            peak: 1.0,
            blobs: 2.0,
            bytes: 7.0,
            changed: 6.0,
            others: 2.0,
            untrue: false,
        };
        assert_eq!(found, expect);
        assert_eq!(numbers(Tool::Buildah, &[&runs[0]]).peak, 2.0);
        assert!(numbers(Tool::Ours, &[&played(1.0, &[("cm", 5)], 4)]).untrue);
    }
}
