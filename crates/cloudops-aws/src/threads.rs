//! Work for the processor, on several cores at once.

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

/// Does something with each item, in so many threads at most; the results are in the order of the
/// items. The first items are taken first.
pub fn map<T: Send, R: Send>(
    items: Vec<T>,
    threads: NonZeroUsize,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let count = items.len();
    let (waiting, done) = (Mutex::new(items.into_iter().enumerate()), Mutex::new(BTreeMap::new()));
    let run = || {
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((place, item)) = next else { break };
            let result = work(item);
            done.lock().unwrap_or_else(PoisonError::into_inner).insert(place, result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.get().min(count.max(1)) {
            scope.spawn(run);
        }
        run();
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for threads in [1, 3, 20] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let squares = map((0..10_u32).collect(), threads, |number| number * number);
            assert_eq!(squares, (0..10).map(|number| number * number).collect::<Vec<_>>());
        }
        assert!(map(Vec::<u8>::new(), NonZeroUsize::MIN, |byte| byte).is_empty());
    }
}
