//! The three release programs: how long `--help` takes, and how large they are.

use std::path::Path;
use std::time::{Duration, Instant};

use fs_err as fs;

use crate::command::program;
use crate::failure::Outcome;

/// The programs of the product.
pub(super) const NAMES: [&str; 3] = ["cloudcore", "cloudteam", "clouddeploy"];

/// How often `--help` is asked for; the first time reads the file from the disk.
const ASKED: usize = 21;

/// One program as it was measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    pub(super) name: &'static str,
    /// Median seconds of `--help`.
    pub(super) help: f64,
    /// Size of the file in MB (1,000,000 bytes). Release builds are stripped.
    pub(super) megabytes: f64,
}

/// The programs that are built in `folder`.
pub(super) fn measure(folder: &Path) -> Outcome<Vec<Measured>> {
    let built = NAMES.into_iter().filter(|name| folder.join(name).is_file());
    built.map(|name| one(name, &folder.join(name))).collect()
}

fn one(name: &'static str, file: &Path) -> Outcome<Measured> {
    let times = (0..ASKED).map(|_| help(file)).collect::<Outcome<Vec<_>>>()?;
    let seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
    let bytes = u32::try_from(fs::metadata(file)?.len() / 1000).unwrap_or(u32::MAX);
    Ok(Measured {
        name,
        help: super::statistics::median(&seconds),
        megabytes: f64::from(bytes) / 1e3,
    })
}

fn help(file: &Path) -> Outcome<Duration> {
    let mut command = program(file);
    command.arg("--help");
    let begin = Instant::now();
    crate::command::capture(&mut command)?;
    Ok(begin.elapsed())
}
