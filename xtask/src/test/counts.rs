//! How many tests passed and failed, read from what the test runners print at their end.

use std::fmt;
use std::iter::Sum;

/// Numbers of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    passed: usize,
    failed: usize,
}

impl Counts {
    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Takes the closing line of nextest. It is the last of its kind: a failed test's own output
    /// may hold others.
    pub(super) fn read_nextest(&mut self, line: &str) {
        if let Some(found) = nextest(&anstream::adapter::strip_str(line).to_string()) {
            *self = found;
        }
    }

    /// Adds the closing line of `cargo test`, which has one per package.
    pub(super) fn read_libtest(&mut self, line: &str) {
        if let Some(found) = libtest(&anstream::adapter::strip_str(line).to_string()) {
            *self = [*self, found].into_iter().sum();
        }
    }
}

/// `Summary [ 1.2s] 10/12 tests run: 8 passed (1 slow), 1 failed, 1 timed out, 2 skipped`
fn nextest(line: &str) -> Option<Counts> {
    let (head, tail) = line.trim_start().split_once(" run: ")?;
    let is_summary = head.starts_with("Summary [");
    is_summary.then(|| sum(tail, ','))
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; ...`
fn libtest(line: &str) -> Option<Counts> {
    let (_, tail) = line.trim_start().strip_prefix("test result: ")?.split_once(". ")?;
    Some(sum(tail, ';'))
}

fn sum(text: &str, separator: char) -> Counts {
    let mut counts = Counts::default();
    for part in text.split(separator) {
        let Some((number, what)) = part.trim().split_once(' ') else {
            continue;
        };
        let Ok(number) = number.parse::<usize>() else {
            continue;
        };
        if what.starts_with("passed") {
            counts.passed += number;
        } else if ["failed", "timed out", "exec failed"].iter().any(|bad| what.starts_with(bad)) {
            counts.failed += number;
        }
    }
    counts
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, next| Self {
            passed: sum.passed + next.passed,
            failed: sum.failed + next.failed,
        })
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nextest_says(lines: &[&str]) -> String {
        let mut counts = Counts::default();
        lines.iter().for_each(|line| counts.read_nextest(line));
        counts.to_string()
    }

    fn libtest_says(lines: &[&str]) -> String {
        let mut counts = Counts::default();
        lines.iter().for_each(|line| counts.read_libtest(line));
        counts.to_string()
    }

    #[test]
    fn the_last_line_of_nextest_counts_and_what_a_failed_test_printed_does_not() {
        let lines = [
            "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured",
            "     Summary [   0.026s] 2 tests run: 2 passed, 0 skipped",
            "     Summary [   0.026s] 12 tests run: 12 passed (1 slow), 3 skipped",
        ];
        assert_eq!(nextest_says(&lines), "12 passed, 0 failed");
    }

    #[test]
    fn every_package_of_cargo_test_counts() {
        let doc = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out";
        let bad = "test result: FAILED. 1 passed; 2 failed; 0 ignored";
        assert_eq!(libtest_says(&[doc, "running 3 tests", bad]), "4 passed, 2 failed");
    }

    #[test]
    fn every_way_to_fail_is_a_failure() {
        let line = "\x1b[31m     Summary\x1b[0m [ 1.2s] 10/12 tests run: 6 passed (1 flaky), \
                    2 failed, 1 timed out, 1 exec failed, 2 skipped";
        assert_eq!(nextest_says(&[line]), "6 passed, 4 failed");
    }

    #[test]
    fn one_test_is_a_summary_too() {
        let line = "     Summary [   0.1s] 1 test run: 1 passed, 0 skipped";
        assert_eq!(nextest_says(&[line]), "1 passed, 0 failed");
    }
}
