//! What a package may hold at most, as options.

use std::num::{NonZeroU64, NonZeroUsize};

use crate::package::Limits;

/// Options for packages that are larger than any known one.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Limits of the package")]
pub struct LimitArgs {
    /// Most entries, of the package and of each archive in it
    #[arg(long, value_name = "COUNT", default_value = "500000")]
    max_entries: NonZeroUsize,
    /// Most bytes that all entries unpack to, with those of the archives in it: a number with B,
    /// KiB, MiB, GiB, TiB, kB, MB, GB or TB
    #[arg(long, value_name = "SIZE", default_value = "20GiB", value_parser = size)]
    max_unpacked: NonZeroU64,
    /// Most unpacked bytes for each packed byte, of an entry larger than 1 MiB
    #[arg(long, value_name = "TIMES", default_value = "500")]
    max_ratio: NonZeroU64,
}

impl LimitArgs {
    /// The limits.
    #[must_use]
    pub fn limits(self) -> Limits {
        Limits {
            entries: self.max_entries.get(),
            bytes: self.max_unpacked.get(),
            ratio: self.max_ratio.get(),
        }
    }
}

/// Units of sizes; what ends in another one stands before it.
const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

fn size(text: &str) -> Result<NonZeroU64, String> {
    let unit = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)));
    let (number, bytes) = unit.ok_or("it has no unit; write it like 20GiB or 512MB")?;
    // A sign is no digit, though the standard library reads one.
    if number.starts_with('+') {
        return Err("it does not begin with a whole number".to_owned());
    }
    let number: u64 = number
        .trim_end()
        .parse()
        .map_err(|_| "it does not begin with a whole number".to_owned())?;
    let bytes = number.checked_mul(*bytes).ok_or("it is more than there can be")?;
    NonZeroU64::new(bytes).ok_or_else(|| "nothing would be within it".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        limits: LimitArgs,
    }

    fn parse(line: &str) -> Result<Limits, String> {
        let cli = Cli::try_parse_from(line.split_whitespace());
        cli.map(|cli| cli.limits.limits()).map_err(|error| error.to_string())
    }

    #[test]
    fn without_options_the_limits_are_those_of_the_library() {
        assert_eq!(parse("test").unwrap(), Limits::default());
    }

    #[test]
    fn each_limit_has_an_option() {
        let all = parse("test --max-entries 7 --max-unpacked 3MiB --max-ratio 9").unwrap();
        assert_eq!(all, Limits { entries: 7, bytes: 3 << 20, ratio: 9 });
    }

    #[test]
    fn a_size_is_a_number_with_a_unit() {
        for (text, bytes) in
            [("1B", 1), ("2kB", 2000), ("3KiB", 3072), ("40GB", 40_000_000_000), ("1 TiB", 1 << 40)]
        {
            assert_eq!(size(text).map(NonZeroU64::get), Ok(bytes), "{text}");
        }
        for (text, why) in [
            ("20", "no unit"),
            ("20G", "no unit"),
            ("", "no unit"),
            ("GiB", "whole number"),
            ("-1MB", "whole number"),
            ("+1MB", "whole number"),
            ("1.5GiB", "whole number"),
            ("1KKiB", "whole number"),
            ("0GiB", "nothing would be within it"),
            ("99999999TiB", "more than there can be"),
        ] {
            let error = size(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn nothing_and_nonsense_are_refused() {
        for option in [
            "--max-entries 0",
            "--max-entries many",
            "--max-unpacked 0B",
            "--max-unpacked 20",
            "--max-ratio 0",
            "--max-ratio -1",
        ] {
            let name = option.split(' ').next().unwrap();
            let error = parse(&format!("test {option}")).unwrap_err();
            assert!(error.contains(name) || error.contains("unexpected"), "{option}: {error}");
        }
    }
}
