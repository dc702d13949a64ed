//! What a registry says is compared with what was asked and sent. Nothing is tagged that is not
//! there.

use std::sync::Arc;

use oci_client::manifest::OciDescriptor;

use super::{
    super::registry::parse,
    Image, OciError, Source, config, image, layers, push, registry,
    stand::{Answer, Request, Stand, Store, answer},
};
use crate::{
    diagnose::{Class, Diagnose as _},
    events::EventSink,
    ids::Digest,
};

const OTHER: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The error of a lie about a digest, with everything in it that helps.
#[track_caller]
fn told(error: &OciError, stand: &Stand, digest: &Digest, what: &str) {
    assert!(matches!(error, OciError::Untrue { .. }), "{error:?}");
    assert_eq!(error.class(), Class::Unavailable);
    let text = error.to_string();
    for part in [stand.host().as_str(), "cm", digest.as_str(), what] {
        assert!(text.contains(part), "{text} lacks {part}");
    }
}

async fn pull(stand: &Stand, image: &Image) -> OciError {
    let reference = format!("{}/cm@{}", stand.host(), image.digest());
    super::pull(registry(stand), &reference).await.unwrap_err()
}

/// A registry that holds an image, and answers one kind of request in its own way.
async fn holding(
    image: &Image,
    kind: &'static str,
    mut way: impl FnMut(&Request) -> Answer + Send + 'static,
) -> Stand {
    let stand =
        Stand::start(move |request, _| (request.kind() == kind).then(|| way(request))).await;
    let named = |name: &str| ("cm".to_owned(), name.to_owned());
    let bytes = |blob: &super::Blob| blob.data.bytes().unwrap().to_vec();
    {
        let mut store = stand.store();
        for blob in &super::all(image) {
            store.blobs.insert(named(blob.digest.as_str()), bytes(blob));
        }
        store.manifests.insert(named(image.digest().as_str()), bytes(&image.top));
    }
    stand
}

#[tokio::test]
async fn a_manifest_must_have_its_digest_and_be_small() {
    let image = image(&["one"]);
    let stand = holding(&image, "GET manifests", |_| answer(200).body("{}")).await;
    let digest = Digest::of(b"{}");
    told(&pull(&stand, &image).await, &stand, image.digest(), digest.as_str());

    let bytes = image.top.data.bytes().unwrap().to_vec();
    let stand = holding(&image, "GET manifests", move |_| {
        answer(200).header("docker-content-digest", OTHER).body(bytes.clone())
    });
    let stand = stand.await;
    told(&pull(&stand, &image).await, &stand, image.digest(), OTHER);

    let large = |_: &Request| answer(200).body(vec![b' '; (4 << 20) + 1]);
    let stand = holding(&image, "GET manifests", large).await;
    told(&pull(&stand, &image).await, &stand, image.digest(), "more than 4 MiB");
    let stand = holding(&image, "GET manifests", |_| Answer::Endless).await;
    told(&pull(&stand, &image).await, &stand, image.digest(), "more than 4 MiB");
}

#[tokio::test]
async fn a_blob_must_have_its_digest_and_its_size() {
    let image = image(&[]);
    let wanted = config(&image).digest.clone();
    let size = config(&image).data.len();
    let same_size = vec![b'x'; usize::try_from(size).unwrap()];
    let other = Digest::of(&same_size);
    let stand = holding(&image, "GET blobs", move |_| answer(200).body(same_size.clone())).await;
    told(&pull(&stand, &image).await, &stand, &wanted, other.as_str());

    let stand = holding(&image, "GET blobs", |_| answer(200).body("x")).await;
    told(&pull(&stand, &image).await, &stand, &wanted, &format!("gives 1 bytes instead of {size}"));

    // Without an announced length, only reading tells.
    let stand = holding(&image, "GET blobs", |_| Answer::Endless).await;
    let error = pull(&stand, &image).await;
    told(&error, &stand, &wanted, &format!("more than the {size} bytes"));
    assert_eq!(stand.store().count("GET blobs"), 1);

    let bytes = config(&image).data.bytes().unwrap().to_vec();
    let stand = holding(&image, "GET blobs", move |_| {
        answer(200).header("docker-content-digest", OTHER).body(bytes.clone())
    });
    let stand = stand.await;
    told(&pull(&stand, &image).await, &stand, &wanted, OTHER);
}

#[tokio::test]
async fn a_descriptor_that_makes_no_sense_is_refused_before_anything_is_read() {
    let stand = Stand::honest().await;
    let source = parse(&format!("{}/cm:v1", stand.host())).unwrap();
    let descriptor = |digest: &str, size| OciDescriptor {
        digest: digest.to_owned(),
        size,
        ..OciDescriptor::default()
    };
    for broken in [descriptor(OTHER, -1), descriptor("sha256:../../etc/passwd", 1)] {
        let error = registry(&stand).pull_blob(&source, &broken).await.unwrap_err();
        assert_eq!(error.class(), Class::Configuration, "{error}");
    }
    assert!(stand.store().seen.is_empty());
}

#[tokio::test]
async fn a_manifest_or_blob_that_is_stored_as_something_else_is_an_error() {
    let lie = || answer(201).header("docker-content-digest", OTHER);
    let image = image(&["one"]);
    let stand = Stand::start(move |request, _| (request.kind() == "PUT manifests").then(lie)).await;
    told(&push(&registry(&stand), &image).await.unwrap_err(), &stand, image.digest(), OTHER);

    let image = super::image(&[]);
    let stand = Stand::start(move |request, _| (request.kind() == "PUT uploads").then(lie)).await;
    told(
        &push(&registry(&stand), &image).await.unwrap_err(),
        &stand,
        &config(&image).digest,
        OTHER,
    );
    assert_eq!(stand.store().count("PUT manifests"), 0);
}

#[tokio::test]
async fn a_blob_that_is_acknowledged_and_unknown_is_an_error_and_nothing_is_tagged() {
    let stand = Stand::start(|request, _| (request.kind() == "PUT uploads").then(|| answer(201)));
    let stand = stand.await;
    let image = image(&[]);
    let error = push(&registry(&stand), &image).await.unwrap_err();
    told(&error, &stand, &config(&image).digest, "acknowledged this layer, and does not know it");
    let store = stand.store();
    assert_eq!((store.count("PUT uploads"), store.count("PUT manifests")), (1, 0));
    // It was given a moment.
    assert!(store.count("HEAD blobs") > 2);
}

#[tokio::test]
async fn a_blob_that_needs_a_moment_is_waited_for() {
    let mut looks = 0;
    let stand = Stand::start(move |request, _| {
        looks += usize::from(request.kind() == "HEAD blobs");
        (request.kind() == "HEAD blobs" && looks < 4).then(|| answer(404))
    })
    .await;
    push(&registry(&stand), &image(&[])).await.unwrap();
    assert_eq!(stand.store().count("PUT uploads"), 1);
}

#[tokio::test]
async fn a_blob_that_was_said_to_be_there_is_named_when_the_manifest_is_refused() {
    let mut lies = 1;
    let stand = Stand::start(move |request, _| {
        let is_lie = request.kind() == "HEAD blobs" && lies > 0;
        is_lie.then(|| {
            lies -= 1;
            answer(200).header("content-length", "49")
        })
    })
    .await;
    let image = image(&[]);
    assert_eq!(config(&image).data.len(), 49);
    let error = push(&registry(&stand), &image).await.unwrap_err();
    told(&error, &stand, &config(&image).digest, "does not know it");
    assert!(stand.store().manifests.is_empty());
}

/// Says that blobs have 7 bytes, as long as a condition holds.
fn seven(is_lying: fn(&Store) -> bool) -> impl FnMut(&Request, &mut Store) -> Option<Answer> {
    move |request, store| {
        let lies = request.kind() == "HEAD blobs" && is_lying(store);
        lies.then(|| answer(200).header("content-length", "7"))
    }
}

#[tokio::test]
async fn a_blob_of_another_size_is_sent_again_and_then_must_have_the_right_one() {
    let stand = Stand::start(seven(|store| store.blobs.is_empty())).await;
    let image = image(&[]);
    let report = push(&registry(&stand), &image).await.unwrap();
    assert_eq!(report.uploaded_blobs, 1);

    let stand = Stand::start(seven(|_| true)).await;
    let error = push(&registry(&stand), &image).await.unwrap_err();
    told(&error, &stand, &config(&image).digest, "it has 7 of them");
    assert!(stand.store().manifests.is_empty());
}

#[tokio::test]
async fn a_copy_takes_nothing_from_a_source_that_lies() {
    let image = image(&["one"]);
    let source = holding(&image, "GET blobs", |_| answer(200).body("two")).await;
    let target = Stand::honest().await;
    let reference = format!("{}/cm@{}", source.host(), image.digest());
    let from = Source::registry(&Arc::new(registry(&source)), &reference).unwrap();
    let copied = registry(&target).copy(&from, "cm", "v1").await;
    told(&copied.unwrap_err(), &source, &layers(&image)[0].digest, "digest");
    assert!(target.store().blobs.is_empty() && target.store().manifests.is_empty());
}

#[tokio::test]
async fn a_tag_that_points_elsewhere_is_told_as_before() {
    let stand = Stand::start(|request, _| {
        (request.kind() == "PUT manifests" && request.path.ends_with("/v1"))
            .then(|| answer(400).error("TAG_INVALID", "the tag is immutable"))
    })
    .await;
    let image = image(&["one"]);
    stand.store().manifests.insert(("cm".to_owned(), "v1".to_owned()), b"{}".to_vec());
    let error = push(&registry(&stand), &image).await.unwrap_err();
    assert!(matches!(error, OciError::TagTaken { .. }), "{error:?}");
    // The same image under it is what we want.
    let bytes = image.top.data.bytes().unwrap().to_vec();
    stand.store().manifests.insert(("cm".to_owned(), "v1".to_owned()), bytes);
    registry(&stand).push(&image, "cm", "v1", &EventSink::null()).await.unwrap();
}
