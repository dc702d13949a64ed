//! Does things in the order in which they need each other, several at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio_util::sync::CancellationToken;

/// Resources that CloudFormation works on at once, here.
const AT_ONCE: usize = 8;

/// Calls `work` for every key of `needs`, each after the ones it needs. The first failure cancels
/// `stop` and starts nothing new; what runs is waited for. Gives back the names that failed.
pub(super) async fn in_order<Work, Done>(
    needs: &BTreeMap<String, BTreeSet<String>>,
    stop: &CancellationToken,
    work: Work,
) -> Vec<String>
where
    Work: Fn(String) -> Done,
    Done: Future<Output = bool>,
{
    run(needs, Some(stop), work).await
}

/// As [`in_order`], but a failure only keeps back what needs the failed one.
pub(super) async fn as_far_as_possible<Work, Done>(
    needs: &BTreeMap<String, BTreeSet<String>>,
    work: Work,
) -> Vec<String>
where
    Work: Fn(String) -> Done,
    Done: Future<Output = bool>,
{
    run(needs, None, work).await
}

async fn run<Work, Done>(
    needs: &BTreeMap<String, BTreeSet<String>>,
    stop: Option<&CancellationToken>,
    work: Work,
) -> Vec<String>
where
    Work: Fn(String) -> Done,
    Done: Future<Output = bool>,
{
    let mut waiting: BTreeMap<String, BTreeSet<String>> = needs.clone();
    for pending in waiting.values_mut() {
        pending.retain(|name| needs.contains_key(name));
    }
    let mut running = FuturesUnordered::new();
    let mut failed = Vec::new();
    loop {
        let stopped = stop.is_some_and(CancellationToken::is_cancelled);
        while !stopped && running.len() < AT_ONCE {
            let ready = waiting.iter().find(|(_, pending)| pending.is_empty());
            let Some(name) = ready.map(|(name, _)| name.clone()) else {
                break;
            };
            waiting.remove(&name);
            let done = work(name.clone());
            running.push(async move { (name, done.await) });
        }
        let Some((name, succeeded)) = running.next().await else {
            return failed;
        };
        if succeeded {
            waiting.values_mut().for_each(|pending| {
                pending.remove(&name);
            });
        } else {
            failed.push(name);
            if let Some(stop) = stop {
                stop.cancel();
            }
        }
    }
}

/// The same needs the other way round: what is needed comes after what needs it.
pub(super) fn reversed(
    needs: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut turned: BTreeMap<String, BTreeSet<String>> =
        needs.keys().map(|name| (name.clone(), BTreeSet::new())).collect();
    for (name, needed) in needs {
        for one in needed {
            if let Some(set) = turned.get_mut(one) {
                set.insert(name.clone());
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn needs(list: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        list.iter().map(|(name, needed)| ((*name).to_owned(), set(needed))).collect()
    }

    #[tokio::test]
    async fn what_is_needed_comes_first() {
        let order = Mutex::new(Vec::new());
        let graph = needs(&[("a", &["b", "c"]), ("b", &["d"]), ("c", &["d"]), ("d", &["gone"])]);
        let stop = CancellationToken::new();
        let failed = in_order(&graph, &stop, |name| {
            order.lock().expect("order").push(name);
            async { true }
        })
        .await;
        assert!(failed.is_empty());
        let order = order.into_inner().expect("order");
        assert_eq!(order.first().map(String::as_str), Some("d"));
        assert_eq!(order.last().map(String::as_str), Some("a"));
        assert_eq!(order.len(), 4);
    }

    #[tokio::test]
    async fn a_failure_stops_what_has_not_begun() {
        let graph = needs(&[("a", &["b"]), ("b", &[])]);
        let stop = CancellationToken::new();
        assert_eq!(in_order(&graph, &stop, |_| async { false }).await, ["b"]);
        assert!(stop.is_cancelled());
    }

    #[tokio::test]
    async fn deletion_goes_on_beside_a_failure() {
        let graph = reversed(&needs(&[("a", &["b"]), ("b", &[]), ("x", &[])]));
        let done = Mutex::new(Vec::new());
        let failed = as_far_as_possible(&graph, |name| {
            done.lock().expect("done").push(name.clone());
            async move { name != "a" }
        })
        .await;
        assert_eq!(failed, ["a"]);
        assert_eq!(done.into_inner().expect("done"), ["a", "x"]);
    }
}
