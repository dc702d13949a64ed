//! When the same is tried again, and after which pause.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

/// How often something is tried, and how long the pauses are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Tries in all.
    pub(super) tries: u32,
    /// Tries of a registry that never answered: it may not be there at all.
    pub(super) first_tries: u32,
    /// First pause; each one after it is twice as long.
    pub(super) first: Duration,
    /// Longest pause, also of those that a registry asks for.
    pub(super) longest: Duration,
}

impl Default for Patience {
    /// Some 15 seconds in all: a registry that is started again is back by then.
    fn default() -> Self {
        Self {
            tries: 7,
            first_tries: 3,
            first: Duration::from_millis(250),
            longest: Duration::from_secs(30),
        }
    }
}

impl Patience {
    /// The pause after a number of tries. What the registry asks for is a lower bound.
    pub(super) fn pause(&self, tried: u32, asked: Option<Duration>) -> Duration {
        let doubled = self.first.saturating_mul(1 << (tried - 1).min(16));
        doubled.max(asked.unwrap_or_default()).min(self.longest)
    }
}

/// Whether an answer says that the same may succeed later.
pub(super) fn is_passing(status: StatusCode) -> bool {
    (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

/// When a registry asks us to come back: a number of seconds, or a time.
pub(super) fn after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    text.parse().ok().map(Duration::from_secs).or_else(|| until(text, Timestamp::now()))
}

fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let then = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Duration::try_from(then.duration_since(now)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_heed_what_the_registry_asks_for() {
        let patience = Patience::default();
        let pause = |tried, asked: Option<u64>| {
            patience.pause(tried, asked.map(Duration::from_secs)).as_millis()
        };
        assert_eq!([1, 2, 3].map(|tried| pause(tried, None)), [250, 500, 1000]);
        assert_eq!(pause(1, Some(7)), 7_000);
        assert_eq!(pause(4, Some(1)), 2_000);
        // Nobody waits for hours.
        assert_eq!(pause(1, Some(86_400)), 30_000);
        assert_eq!(pause(60, None), 30_000);
    }

    #[test]
    fn a_time_to_come_back_is_read_in_both_forms() {
        let asked = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            after(&headers)
        };
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        assert_eq!(asked("soon"), None);
        assert_eq!(asked("-5"), None);
        assert_eq!(asked("Wed, 21 Oct 2015 07:28:00 GMT"), None);
        let now = "2015-10-21T07:27:30Z".parse().unwrap();
        let wait = until("Wed, 21 Oct 2015 07:28:00 GMT", now);
        assert_eq!(wait, Some(Duration::from_secs(30)));
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (status, passing) in [
            (500, true),
            (503, true),
            (429, true),
            (408, true),
            (400, false),
            (404, false),
            (501, false),
        ] {
            assert_eq!(is_passing(StatusCode::from_u16(status).unwrap()), passing, "{status}");
        }
    }
}
