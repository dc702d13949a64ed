//! What passes is tried again, and what does not is not.

use super::{
    super::Registry,
    blob, image, push, registry,
    stand::{Answer, Stand, answer},
};
use crate::{
    diagnose::{Class, Diagnose as _},
    events::EventSink,
};

/// Ways to fail for a moment.
fn failures() -> [Answer; 5] {
    [
        answer(500),
        answer(503).header("retry-after", "3600"),
        answer(429).header("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"),
        answer(408),
        Answer::Closed,
    ]
}

/// A registry where a kind of request fails the first two times.
async fn shaky(kind: &'static str, failure: Answer) -> Stand {
    let mut left = 2;
    Stand::start(move |request, _| {
        if request.kind() != kind || left == 0 {
            return None;
        }
        left -= 1;
        Some(failure.clone())
    })
    .await
}

/// Pushes two images that share a layer, and reads one of them.
async fn there_and_back(registry: Registry) {
    let image = image(&["one", "two"]);
    for repository in ["cm", "cortex"] {
        registry.push(&image, repository, "v1", &EventSink::null()).await.unwrap();
    }
    let reference = format!("{}/cm@{}", registry.host(), image.digest());
    assert_eq!(super::pull(registry, &reference).await.unwrap(), super::all(&image));
}

#[tokio::test]
async fn every_kind_of_request_survives_every_kind_of_passing_failure() {
    let kinds = [
        "GET /v2/",
        "HEAD manifests",
        "HEAD blobs",
        "POST uploads",
        "PUT uploads",
        "POST mount",
        "PUT manifests",
        "GET manifests",
        "GET blobs",
    ];
    for kind in kinds {
        for failure in failures() {
            let stand = shaky(kind, failure.clone()).await;
            let registry = registry(&stand);
            // A registry that never answered gets fewer tries; this one is known.
            registry
                .tagged(&super::super::registry::parse(&format!("{}/x:1", stand.host())).unwrap())
                .await
                .ok();
            there_and_back(registry).await;
            let count = stand.store().count(kind);
            assert!(count >= 3, "{kind} {failure:?}: {count} requests");
        }
    }
}

#[tokio::test]
async fn what_does_not_pass_is_told_with_the_number_of_tries() {
    let stand = Stand::start(|request, _| {
        (request.kind() == "PUT uploads").then(|| answer(503).error("DOWN", "disk full"))
    })
    .await;
    let error = push(&registry(&stand), &image(&["one"])).await.unwrap_err();
    assert_eq!(error.class(), Class::Unavailable);
    let text = error.to_string();
    assert!(text.contains("503") && text.contains("disk full (DOWN)"), "{text}");
    assert!(text.ends_with("tried 4 times"), "{text}");
    assert!(text.starts_with(&format!("pushing a layer of {}/cm:v1", stand.host())), "{text}");
    assert!(stand.store().manifests.is_empty());
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    let stand = Stand::start(|request, _| {
        (request.kind() == "PUT uploads").then(|| answer(400).error("DIGEST_INVALID", "no"))
    })
    .await;
    let error = push(&registry(&stand), &image(&[])).await.unwrap_err();
    assert_eq!(error.class(), Class::Configuration);
    assert_eq!(stand.store().count("PUT uploads"), 1);
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_given_up_soon() {
    let stand = Stand::honest().await;
    let (host, registry) = (stand.host(), registry(&stand));
    drop(stand);
    tokio::task::yield_now().await;
    let error = push(&registry, &image(&["one"])).await.unwrap_err();
    assert_eq!(error.class(), Class::Unavailable);
    let text = error.to_string();
    assert!(text.contains(&host) && text.contains("cannot be reached"), "{text}");
    assert!(text.ends_with("tried 2 times"), "{text}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_read_again() {
    let mut left = 2;
    let stand = Stand::start(move |request, store| {
        if request.kind() != "GET blobs" || left == 0 {
            return None;
        }
        left -= 1;
        let (_, bytes) =
            store.blobs.iter().find(|((_, digest), _)| request.path.ends_with(digest))?;
        Some(Answer::Cut { length: bytes.len(), body: bytes[..bytes.len() / 2].to_vec() })
    })
    .await;
    there_and_back(registry(&stand)).await;
}

#[tokio::test]
async fn a_lost_answer_does_not_send_the_bytes_again() {
    let mut lost = false;
    let stand = Stand::start(move |request, store| {
        if request.kind() != "PUT uploads" || std::mem::replace(&mut lost, true) {
            return None;
        }
        store.serve(request);
        Some(Answer::Closed)
    })
    .await;
    let image = image(&[]);
    let report = push(&registry(&stand), &image).await.unwrap();
    assert_eq!((report.uploaded_blobs, stand.store().count("PUT uploads")), (1, 1));
}

#[tokio::test]
async fn bytes_of_ours_that_cannot_be_read_are_not_the_fault_of_the_registry() {
    let stand = Stand::honest().await;
    let mut image = image(&["one"]);
    let broken = || Err(std::io::Error::other("no such archive"));
    image.variants[0].layers[0] =
        super::Blob { data: super::Data::later(3, broken), ..blob(b"one") };
    let error = push(&registry(&stand), &image).await.unwrap_err();
    assert!(matches!(error, super::OciError::Layer(_)), "{error:?}");
    assert!(error.to_string().contains("no such archive"), "{error}");
    assert!(stand.store().manifests.is_empty());
}

#[tokio::test]
async fn a_registry_that_forgot_an_upload_gets_a_new_one() {
    let mut forgets = 1;
    let stand = Stand::start(move |request, _| {
        let forgotten = request.kind() == "PUT uploads" && forgets > 0;
        forgotten.then(|| {
            forgets -= 1;
            answer(404).error("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        })
    })
    .await;
    push(&registry(&stand), &image(&[])).await.unwrap();
    assert_eq!(stand.store().count("POST uploads"), 2);
}
