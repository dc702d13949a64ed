//! The only loop that sleeps.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How to wait for a condition.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// First pause between two looks.
    pub first: Duration,
    /// Longest pause between two looks; the pause grows by half each time.
    pub longest: Duration,
    /// When to give up, counted from the begin.
    pub deadline: Duration,
}

impl Pace {
    /// A pace with a longest pause of 5 seconds.
    #[must_use]
    pub const fn within(deadline: Duration) -> Self {
        Self { first: Duration::from_millis(50), longest: Duration::from_secs(5), deadline }
    }
}

/// Why a wait ended without its condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// The deadline passed.
    #[error("not done after {} seconds", .0.as_secs())]
    Deadline(Duration),
    /// The run was cancelled.
    #[error("interrupted")]
    Cancelled,
}

/// Looks until `look` gives a value, with growing pauses.
///
/// # Errors
/// The error of `look` at once; [`WaitError`] at the deadline or on cancellation.
pub async fn until<T, E, F, Fut>(
    pace: Pace,
    cancel: &CancellationToken,
    mut look: F,
) -> Result<T, E>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>, E>>,
    E: From<WaitError>,
{
    let begin = Instant::now();
    let mut pause = pace.first;
    loop {
        if let Some(value) = look().await? {
            return Ok(value);
        }
        if begin.elapsed() >= pace.deadline {
            return Err(WaitError::Deadline(pace.deadline).into());
        }
        sleep(pause, cancel).await?;
        pause = (pause * 3 / 2).min(pace.longest);
    }
}

/// Pauses, unless the run is cancelled first.
///
/// # Errors
/// [`WaitError::Cancelled`].
pub async fn sleep(pause: Duration, cancel: &CancellationToken) -> Result<(), WaitError> {
    tokio::select! {
        () = cancel.cancelled() => Err(WaitError::Cancelled),
        () = tokio::time::sleep(pause) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn gives_the_value_once_there_is_one() {
        let mut looks = 0;
        let pace = Pace::within(Duration::from_secs(60));
        let found: Result<u32, WaitError> = until(pace, &CancellationToken::new(), || {
            looks += 1;
            std::future::ready(Ok((looks == 3).then_some(looks)))
        })
        .await;
        assert_eq!(found, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn ends_at_the_deadline_and_on_cancellation() {
        let never = || std::future::ready(Ok::<Option<()>, WaitError>(None));
        let pace = Pace::within(Duration::from_secs(60));
        let late = until(pace, &CancellationToken::new(), never).await;
        assert_eq!(late, Err(WaitError::Deadline(Duration::from_secs(60))));
        let cancel = CancellationToken::new();
        cancel.cancel();
        assert_eq!(until(pace, &cancel, never).await, Err(WaitError::Cancelled));
    }
}
