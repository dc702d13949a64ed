//! How often AWS is asked: one limit per kind of call and account.

use std::{collections::VecDeque, time::Duration};

use tokio::{sync::Mutex, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::wait::{self, WaitError};

/// Looks at stacks and their events while we wait, in all. CloudFormation throttles
/// `DescribeStacks` at about five in a second for an account (aws-cdk #1647, sam #2671), and we
/// are not alone in it.
pub(super) const LOOKS_PER_SECOND: usize = 2;

/// At most so many calls begin in any span of one second.
#[derive(Debug)]
pub(super) struct Limit {
    most: usize,
    begun: Mutex<VecDeque<Instant>>,
}

/// A little more than a second: calls that begin a second apart may arrive closer to each other.
const SPAN: Duration = Duration::from_millis(1100);

impl Limit {
    /// At most `most` calls in any second.
    pub(super) fn per_second(most: usize) -> Self {
        Self { most, begun: Mutex::new(VecDeque::new()) }
    }

    /// Waits for a turn. Those who wait come in the order in which they asked.
    pub(super) async fn turn(&self, cancel: &CancellationToken) -> Result<(), WaitError> {
        let mut begun = self.begun.lock().await;
        loop {
            let now = Instant::now();
            while begun.front().is_some_and(|first| now.duration_since(*first) >= SPAN) {
                begun.pop_front();
            }
            if begun.len() < self.most {
                begun.push_back(now);
                return Ok(());
            }
            let free = begun.front().map_or(now, |first| *first + SPAN);
            wait::sleep(free.duration_since(now), cancel).await?;
        }
    }

    /// Takes a turn if one is free now.
    pub(super) fn free_turn(&self) -> bool {
        let Ok(mut begun) = self.begun.try_lock() else {
            return false;
        };
        let now = Instant::now();
        begun.retain(|at| now.duration_since(*at) < SPAN);
        let free = begun.len() < self.most;
        if free {
            begun.push_back(now);
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_turns_than_allowed() {
        let (limit, cancel) = (Limit::per_second(2), CancellationToken::new());
        let mut turns = Vec::new();
        for _ in 0..7 {
            limit.turn(&cancel).await.unwrap();
            turns.push(Instant::now());
        }
        let crowded = turns.windows(3).find(|three| three[2] - three[0] < SPAN);
        assert_eq!(crowded, None);
        assert_eq!((turns[6] - turns[0]).as_secs(), 3, "and none has fewer than it could");
    }

    #[tokio::test(start_paused = true)]
    async fn a_free_turn_is_taken_only_when_there_is_one() {
        let limit = Limit::per_second(1);
        assert!(limit.free_turn());
        assert!(!limit.free_turn());
        tokio::time::advance(SPAN).await;
        assert!(limit.free_turn());
    }
}
