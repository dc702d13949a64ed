//! The `VERSION` file of a distribution, and which of two versions is the newer one.

use std::{cmp::Ordering, io::Read};

use camino::Utf8Path;

use super::SourceError;

/// More than any `VERSION` file has.
const LONGEST: u64 = 64 << 10;

/// Name and version. The file is a version alone, or has lines `name=...` and `version=...`.
pub(super) fn read(path: &Utf8Path) -> Result<(String, String), SourceError> {
    let mut bytes = Vec::new();
    fs_err::File::open(path.join("VERSION"))?.take(LONGEST).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let field = |key: &str| {
        let value = |line: &str| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == key).then(|| value.trim().to_owned())
        };
        text.lines().find_map(value)
    };
    // A build of the same version is another distribution: its number tells the two apart.
    let version = field("build").or_else(|| field("version"));
    let version = version.unwrap_or_else(|| text.trim().to_owned());
    if !is_usable(&version) {
        let text = text.chars().take(100).collect();
        return Err(SourceError::Version { path: path.to_owned(), text });
    }
    let name = field("name").filter(|name| !name.is_empty() && name.len() < 100);
    Ok((name.unwrap_or_else(|| "Commerce".to_owned()), version))
}

/// It becomes the name of a branch.
fn is_usable(version: &str) -> bool {
    (1..=100).contains(&version.len())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
        && version.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !version.contains("..")
        && !version.ends_with('.')
        && !version.ends_with(".lock")
}

/// A part of a version: numbers count as numbers, words come before the end and before numbers,
/// so that `8.6.0-RC1` is older than `8.6.0`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Word(&'a str),
    End,
    Number(usize, &'a str),
}

/// Which version is the newer one, by its numbers.
#[must_use]
pub fn compare(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (parts(one), parts(other));
    loop {
        let (left, right) = (one.next(), other.next());
        if left.is_none() && right.is_none() {
            return Ordering::Equal;
        }
        let order = left.unwrap_or(Part::End).cmp(&right.unwrap_or(Part::End));
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn parts(version: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = version;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let first = rest.chars().next()?;
        let same =
            |c: char| c.is_ascii_digit() == first.is_ascii_digit() && c.is_ascii_alphanumeric();
        let end = rest.find(|c: char| !same(c)).unwrap_or(rest.len());
        let (part, tail) = rest.split_at(end);
        rest = tail;
        if first.is_ascii_digit() {
            let number = part.trim_start_matches('0');
            return Some(Part::Number(number.len(), number));
        }
        Some(Part::Word(part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        let rising = [
            "7.9",
            "8.5.0-RC1",
            "8.5.0-RC2",
            "8.5.0-SNAPSHOT",
            "8.5.0",
            "8.5.0+1",
            "8.5.0+2",
            "8.5.0+10",
            "8.5.1",
            "8.10",
            "8.10.0",
            "10.0",
            "99999999999999999999999.1",
        ];
        for (at, one) in rising.iter().enumerate() {
            for (other_at, other) in rising.iter().enumerate() {
                assert_eq!(compare(one, other), at.cmp(&other_at), "{one} and {other}");
            }
        }
        assert_eq!(compare("8.05", "8.5"), Ordering::Equal);
    }

    #[test]
    fn a_version_must_be_able_to_name_a_branch() {
        for good in ["8.5.0", "8.5.0+1", "8_5-SNAPSHOT", "1"] {
            assert!(is_usable(good), "{good}");
        }
        for bad in ["", "../evil", "a..b", "8.5.", "8.lock", "-8", "8 5", "8/5", "ü"] {
            assert!(!is_usable(bad), "{bad}");
        }
    }
}
