//! Which builds a job keeps (`LogRotator`).

use jiff::{SignedDuration, Timestamp};

use super::store::{Record, Store};

/// Deletes the builds that the job does not keep: the last one and the last successful one stay
/// in any case, and those that run.
pub(super) fn apply(store: &Store, job: &str) {
    let Some(definition) = store.definition(job) else {
        return;
    };
    let (builds, days) = (definition.keep_builds, definition.keep_days);
    let numbers = store.builds(job);
    let records: Vec<Record> = numbers.iter().filter_map(|n| store.record(job, *n)).collect();
    let successful =
        |record: &&Record| matches!(record.result.as_deref(), Some("SUCCESS" | "UNSTABLE"));
    let last_good = records.iter().find(successful).map(|record| record.number);
    for (index, record) in records.iter().enumerate() {
        let many = builds.is_some_and(|builds| index >= builds);
        let old = days.is_some_and(|days| age(record) > SignedDuration::from_hours(24 * days));
        let needed = index == 0 || Some(record.number) == last_good || record.result.is_none();
        if (many || old) && !needed {
            // What cannot be deleted now is tried again after the next build.
            let _ = fs_err::remove_dir_all(store.build_dir(job, record.number));
        }
    }
}

fn age(record: &Record) -> SignedDuration {
    let started = Timestamp::from_millisecond(record.started).unwrap_or_default();
    Timestamp::now().duration_since(started)
}
