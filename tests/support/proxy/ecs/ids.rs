//! Numbers, ids and times in the forms that AWS gives them.

use jiff::Timestamp;
use serde_json::{Value, json};

/// A time as the JSON protocol writes it.
pub(super) fn epoch(at: Timestamp) -> Value {
    #[allow(clippy::cast_precision_loss, reason = "milliseconds fit a double for 200,000 years")]
    let seconds = at.as_millisecond() as f64 / 1000.0;
    json!(seconds)
}

/// A number of 19 digits, as deployments and revisions have.
pub(super) fn digits() -> String {
    let number = uuid::Uuid::new_v4().as_u128() % 9_000_000_000_000_000_000;
    (number + 1_000_000_000_000_000_000).to_string()
}

/// A short id, as service deployments have.
pub(super) fn token() -> String {
    uuid::Uuid::new_v4().simple().to_string().chars().take(21).collect()
}
