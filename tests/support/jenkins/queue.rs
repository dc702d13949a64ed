//! Places in the queue.

use std::time::Instant;

use jiff::Timestamp;

use super::store::Value;

/// A place in the queue.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) id: u64,
    pub(super) job: String,
    pub(super) parameters: Vec<Value>,
    pub(super) cause: String,
    pub(super) since: Timestamp,
    pub(super) not_before: Instant,
    pub(super) place: Place,
}

/// Where a queue item is.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// It waits, and why.
    Waits(String),
    /// Its build started.
    Left { number: u64, at: Instant },
    /// Somebody took it out.
    Cancelled { at: Instant },
}

impl Item {
    /// Whether it has not started and was not taken out.
    pub(super) fn waits(&self) -> bool {
        matches!(self.place, Place::Waits(_))
    }
}
