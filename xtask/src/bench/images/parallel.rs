//! Work on as many cores as there are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::failure::{Failure, Outcome};

/// How many cores there are to work on.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Does `work` for every item, in order of the items but several at a time.
pub(super) fn each<T: Sync>(items: &[T], work: impl Fn(&T) -> Outcome + Sync) -> Outcome {
    let next = AtomicUsize::new(0);
    let worker = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(item)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(worker)).collect();
        let crashed = |_| Err(Failure::new("a thread crashed"));
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(crashed))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[test]
    fn every_item_is_worked_on_once_and_a_failure_is_told() {
        let sum = AtomicU32::new(0);
        let add = |number: &u32| {
            sum.fetch_add(*number, Ordering::Relaxed);
            Ok(())
        };
        each(&[1, 2, 3, 4, 5], add).unwrap();
        assert_eq!(sum.into_inner(), 15);
        assert!(each(&[1], |_| Err(Failure::new("no"))).is_err());
    }
}
