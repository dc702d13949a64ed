//! An interrupted push goes on where it stopped.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{
    image, push, registry,
    stand::{Answer, Stand, Store},
};

const LAYERS: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// How often each blob was sent to the end.
fn sent(store: &Store) -> BTreeMap<String, usize> {
    let mut sent = BTreeMap::new();
    for request in store.seen.iter().filter(|request| request.kind() == "PUT uploads") {
        *sent.entry(request.query["digest"].clone()).or_default() += 1;
    }
    sent
}

#[tokio::test]
async fn a_registry_that_dies_and_comes_back_gets_each_blob_once() {
    for most in [0, 1, 4, LAYERS.len()] {
        // How many blobs it takes until it dies.
        let limit = Arc::new(AtomicUsize::new(most));
        let left = Arc::clone(&limit);
        let stand = Stand::start(move |_, store| {
            (store.blobs.len() >= left.load(Ordering::Relaxed)).then_some(Answer::Closed)
        })
        .await;
        let image = image(&LAYERS);
        push(&registry(&stand), &image).await.unwrap_err();
        {
            let store = stand.store();
            assert_eq!((store.blobs.len(), store.manifests.len()), (most, 0), "no tag before all");
        }
        let there: Vec<String> =
            stand.store().blobs.keys().map(|(_, digest)| digest.clone()).collect();
        stand.store().seen.clear();
        limit.store(usize::MAX, Ordering::Relaxed);
        let report = push(&registry(&stand), &image).await.unwrap();
        assert_eq!(report.uploaded_blobs, LAYERS.len() + 1 - most);
        let store = stand.store();
        assert_eq!(store.manifests.len(), 2, "the tag and its digest");
        let again = sent(&store);
        assert!(there.iter().all(|digest| !again.contains_key(digest)), "{again:?}");
        assert!(again.values().all(|times| *times == 1), "{again:?}");
        // The tag is the last thing that is written.
        let mut kinds = store.seen.iter().rev().map(super::stand::Request::kind);
        let last = kinds.find(|kind| !kind.starts_with("HEAD") && !kind.starts_with("GET"));
        assert_eq!(last.as_deref(), Some("PUT manifests"));
    }
}

#[tokio::test]
async fn a_second_push_sends_nothing_and_looks_only_for_the_tag() {
    let stand = Stand::honest().await;
    let image = image(&LAYERS);
    push(&registry(&stand), &image).await.unwrap();
    stand.store().seen.clear();
    let report = push(&registry(&stand), &image).await.unwrap();
    let size: u64 = super::all(&image).iter().map(|blob| blob.data.len()).sum();
    assert_eq!((report.uploaded_blobs, report.reused_bytes), (0, size));
    let store = stand.store();
    let kinds: Vec<String> = store.seen.iter().map(super::stand::Request::kind).collect();
    assert_eq!(kinds, ["GET /v2/", "HEAD manifests"]);
}
