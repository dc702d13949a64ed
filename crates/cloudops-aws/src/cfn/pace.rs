//! When to look next at a running operation.

use std::time::Duration;

/// The longest pause: a person sees within this time that something has ended early.
const LONGEST: Duration = Duration::from_secs(5);
/// The shortest pause where history says that the end is near.
const NEAR: Duration = Duration::from_millis(120);
/// The shortest pause where nothing is known: the limit of looks would not allow more anyway.
const SHORTEST: Duration = Duration::from_millis(500);

/// The pause until the next look: slow in the middle and fast at the end of what history says
/// (`expected`); without history one twentieth of the time that has passed, so that an end is
/// seen at most five percent late.
pub(super) fn pause(expected: Option<Duration>, elapsed: Duration) -> Duration {
    let by_age = (elapsed / 20).clamp(SHORTEST, LONGEST);
    let Some(expected) = expected else {
        return by_age;
    };
    if elapsed < expected {
        // Not all of the way at once: the operation may fail, and then ends early.
        return (expected - elapsed + NEAR / 3).min(LONGEST);
    }
    let late = elapsed - expected;
    // A little late is normal; very late is something that history does not know.
    if late < expected / 10 + Duration::from_secs(1) { NEAR.max(late / 2) } else { by_age }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    /// When looks happen until an operation that takes `took` has ended, and when that is seen.
    fn looks(expected: Option<Duration>, took: Duration) -> (usize, Duration) {
        let (mut at, mut count) = (Duration::ZERO, 0);
        while at < took {
            at += pause(expected, at);
            count += 1;
        }
        (count, at - took)
    }

    #[test]
    fn with_history_the_end_is_seen_at_once_and_with_few_looks() {
        for took in [2, 7, 20, 300] {
            let (count, late) = looks(Some(seconds(took)), seconds(took));
            assert!(late < Duration::from_millis(100), "{took} s: seen {late:?} late");
            assert!(count as u64 <= 1 + took / 5, "{took} s: {count} looks");
        }
    }

    #[test]
    fn without_history_the_end_is_seen_at_most_five_percent_late() {
        for took in [10, 60, 600] {
            let (_, late) = looks(None, seconds(took));
            assert!(late <= seconds(took) / 20 + SHORTEST, "{took} s: seen {late:?} late");
        }
    }

    #[test]
    fn what_takes_longer_than_it_used_to_is_not_asked_about_forever() {
        let (count, _) = looks(Some(seconds(2)), seconds(3600));
        assert!(count < 1000, "{count} looks in an hour");
    }
}
