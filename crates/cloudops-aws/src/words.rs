//! Plain words for people: what a resource type is, and how long something took.

use jiff::SignedDuration;

use crate::cfn;

/// What a resource of a type is, without an article: `database cluster`.
#[must_use]
pub fn resource(resource_type: &str) -> String {
    cfn::words::of(resource_type).singular.into_owned()
}

/// A status of CloudFormation as a person says it: `CREATE_IN_PROGRESS` is "create in progress".
#[must_use]
pub fn status(status: &str) -> String {
    status.to_lowercase().replace('_', " ")
}

/// How long something took, as short as it is useful: `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`.
#[must_use]
pub fn duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0..10) => format!("{:.1} s", duration.as_secs_f64().max(0.0)),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

/// A time on the clock of a run: `0:04`, `12:34`, `1:02:03`.
#[must_use]
pub fn clock(since: SignedDuration) -> String {
    let seconds = since.as_secs().max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_short_as_useful() {
        let check = |seconds: f64, words: &str, time: &str| {
            let given = SignedDuration::from_millis((seconds * 1000.0) as i64);
            assert_eq!((duration(given).as_str(), clock(given).as_str()), (words, time));
        };
        check(0.42, "0.4 s", "0:00");
        check(12.9, "12 s", "0:12");
        check(185.0, "3 min 05 s", "3:05");
        check(3723.0, "1 h 02 min", "1:02:03");
        check(-3.0, "0.0 s", "0:00");
    }
}
