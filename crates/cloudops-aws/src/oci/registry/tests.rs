use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path, path_regex, query_param},
};

use super::*;
use crate::{
    events::EventSink,
    oci::{Base, Image, ImageSpec, LayerOptions, LayerWriter, Platform},
    redact::Secret,
};

fn image() -> Image {
    let mut writer = LayerWriter::new("test", &LayerOptions::default());
    writer.file("ep/a", false, 1, &mut &b"a"[..]).unwrap();
    let layers = vec![Arc::new(writer.finish().unwrap())];
    let base = Base::scratch(&Platform::linux_amd64()).unwrap();
    ImageSpec {
        layers,
        labels: BTreeMap::from([("a".into(), "b".into())]),
        ..ImageSpec::default()
    }
    .build(&base)
    .unwrap()
}

fn registry(server: &MockServer, credentials: CredentialSource) -> Registry {
    let host = server.address().to_string();
    Registry::new(
        &host,
        RegistryOptions {
            credentials,
            ..RegistryOptions::default()
        },
    )
    .unwrap()
}

fn request<'a>() -> PushRequest<'a> {
    PushRequest {
        repository: "acme/cortex",
        tag: Some("r1"),
        mount_from: &[],
    }
}

async fn mount(server: &MockServer, verb: &str, at: &str, answer: ResponseTemplate) {
    Mock::given(method(verb))
        .and(path_regex(at))
        .respond_with(answer)
        .mount(server)
        .await;
}

/// A registry that is empty and takes everything.
async fn takes_everything(server: &MockServer) {
    mount(server, "HEAD", ".*", ResponseTemplate::new(404)).await;
    let session = |status| ResponseTemplate::new(status).insert_header("location", "/v2/session/1");
    mount(server, "POST", "uploads", session(202)).await;
    mount(server, "PATCH", "session", session(202)).await;
    mount(server, "PUT", ".*", ResponseTemplate::new(201)).await;
}

#[tokio::test]
async fn uploads_what_is_missing_and_the_tag_last() {
    let server = MockServer::start().await;
    takes_everything(&server).await;
    let image = image();
    let (events, recording) = EventSink::recording();
    let registry = registry(&server, CredentialSource::anonymous());
    let report = registry.push(&image, &request(), &events).await.unwrap();
    assert_eq!(
        (report.blobs_uploaded, report.uploaded_bytes),
        (2, image.size())
    );
    let seen = server.received_requests().await.unwrap();
    assert_eq!(
        seen.last().unwrap().url.path(),
        "/v2/acme/cortex/manifests/r1"
    );
    let patched: u64 = seen
        .iter()
        .filter(|request| request.method.as_str() == "PATCH")
        .map(|request| request.body.len() as u64)
        .sum();
    assert_eq!(patched, image.size());
    assert!(!recording.events().is_empty());
}

#[tokio::test]
async fn what_is_there_is_not_sent() {
    let server = MockServer::start().await;
    let image = image();
    let there =
        ResponseTemplate::new(200).insert_header("docker-content-digest", image.digest.as_str());
    mount(&server, "HEAD", "manifests", there).await;
    let registry = registry(&server, CredentialSource::anonymous());
    let report = registry
        .push(&image, &request(), &EventSink::null())
        .await
        .unwrap();
    assert_eq!(
        (report.blobs_uploaded, report.reused_bytes),
        (0, image.size())
    );
    let verbs = server.received_requests().await.unwrap();
    assert!(
        verbs
            .iter()
            .all(|request| request.method.as_str() == "HEAD")
    );
}

#[tokio::test]
async fn a_tag_that_cannot_move_is_named_with_its_owner() {
    let server = MockServer::start().await;
    let other = Digest::of(b"other");
    let taken = ResponseTemplate::new(200).insert_header("docker-content-digest", other.as_str());
    mount(&server, "HEAD", "manifests/r1", taken).await;
    let refusal = serde_json::json!({"errors": [{"code": "TAG_INVALID", "message": "immutable"}]});
    let refusal = ResponseTemplate::new(400).set_body_json(refusal);
    mount(&server, "PUT", "manifests/r1", refusal).await;
    takes_everything(&server).await;
    let registry = registry(&server, CredentialSource::anonymous());
    let error = registry
        .push(&image(), &request(), &EventSink::null())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, RegistryError::TagTaken { found, .. } if *found == other),
        "{error}"
    );
}

#[tokio::test]
async fn asks_for_new_credentials_when_the_old_ones_die_in_the_middle() {
    let server = MockServer::start().await;
    // The first password dies with the first PATCH; the second one works to the end.
    let dead = "Basic QVdTOjE="; // AWS:1
    let denied =
        || ResponseTemplate::new(401).insert_header("www-authenticate", "Basic realm=\"ecr\"");
    Mock::given(method("PATCH"))
        .and(header("authorization", dead))
        .respond_with(denied())
        .mount(&server)
        .await;
    Mock::given(NoAuthorization)
        .respond_with(denied())
        .mount(&server)
        .await;
    takes_everything(&server).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let source = CredentialSource::from_fn(move || {
        let password = (count.fetch_add(1, Ordering::SeqCst) + 1).to_string();
        async {
            Ok(Some(Credentials {
                user: "AWS".into(),
                password: Secret::new(password),
            }))
        }
    });
    let registry = registry(&server, source);
    let report = registry
        .push(&image(), &request(), &EventSink::null())
        .await
        .unwrap();
    assert_eq!(report.blobs_uploaded, 2);
    assert_eq!(
        asked.load(Ordering::SeqCst),
        2,
        "one login, and one when it died"
    );
}

struct NoAuthorization;

impl wiremock::Match for NoAuthorization {
    fn matches(&self, request: &wiremock::Request) -> bool {
        !request.headers.contains_key("authorization")
    }
}

#[tokio::test]
async fn gets_a_token_where_the_registry_wants_one() {
    let server = MockServer::start().await;
    let challenge = format!("Bearer realm=\"{}/token\",service=\"reg\"", server.uri());
    let denied = ResponseTemplate::new(401).insert_header("www-authenticate", challenge.as_str());
    let token = ResponseTemplate::new(200).set_body_json(serde_json::json!({"token": "abc"}));
    Mock::given(path("/token"))
        .and(query_param("service", "reg"))
        .and(query_param("scope", "repository:lib/java:pull"))
        .respond_with(token)
        .mount(&server)
        .await;
    let found = ResponseTemplate::new(200).set_body_string("{}");
    Mock::given(method("GET"))
        .and(header("authorization", "Bearer abc"))
        .respond_with(found)
        .mount(&server)
        .await;
    mount(&server, "GET", "manifests", denied).await;
    let host = server.address().to_string();
    let registry = Registry::read_only(&host, RegistryOptions::default()).unwrap();
    let manifest = registry.get_manifest("lib/java", "17").await.unwrap();
    assert_eq!(manifest.digest, Digest::of(b"{}"));
    let error = registry
        .get_manifest("lib/java", Digest::of(b"x").as_str())
        .await
        .unwrap_err();
    assert!(matches!(error, RegistryError::Digest { .. }), "{error}");
}

#[tokio::test]
async fn tries_again_when_the_registry_is_busy_and_says_why_it_gave_up() {
    let server = MockServer::start().await;
    let busy = || ResponseTemplate::new(503).insert_header("retry-after", "0");
    Mock::given(method("HEAD"))
        .respond_with(busy())
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(method("PATCH"))
        .respond_with(busy())
        .up_to_n_times(1)
        .mount(&server)
        .await;
    takes_everything(&server).await;
    let first = registry(&server, CredentialSource::anonymous());
    let report = first
        .push(&image(), &request(), &EventSink::null())
        .await
        .unwrap();
    assert_eq!(report.blobs_uploaded, 2);

    let server = MockServer::start().await;
    mount(&server, "HEAD", ".*", busy()).await;
    let second = registry(&server, CredentialSource::anonymous());
    let error = second
        .push(&image(), &request(), &EventSink::null())
        .await
        .unwrap_err();
    assert!(
        matches!(error, RegistryError::Refused { status: 503, .. }),
        "{error}"
    );
    assert_eq!(server.received_requests().await.unwrap().len(), 5);
}

#[tokio::test]
async fn mounts_from_the_repository_that_has_the_blob() {
    let server = MockServer::start().await;
    mount(
        &server,
        "HEAD",
        "/v2/acme/base/blobs/",
        ResponseTemplate::new(200),
    )
    .await;
    Mock::given(method("POST"))
        .and(query_param("from", "acme/base"))
        .respond_with(ResponseTemplate::new(201))
        .mount(&server)
        .await;
    takes_everything(&server).await;
    let registry = registry(&server, CredentialSource::anonymous());
    let mount_from = ["acme/base".to_owned()];
    let request = PushRequest {
        mount_from: &mount_from,
        ..request()
    };
    let report = registry
        .push(&image(), &request, &EventSink::null())
        .await
        .unwrap();
    assert_eq!((report.blobs_uploaded, report.blobs_reused), (0, 2));
}

#[test]
fn refuses_hosts_that_are_not_hosts() {
    for host in ["https://host", "host/path", "user@host", ""] {
        assert!(
            Registry::new(host, RegistryOptions::default()).is_err(),
            "{host}"
        );
    }
    for (host, scheme) in [
        ("127.0.0.1:5000", "http"),
        ("[::1]:5000", "http"),
        ("ecr.example", "https"),
    ] {
        assert_eq!(
            Registry::new(host, RegistryOptions::default())
                .unwrap()
                .0
                .base
                .scheme(),
            scheme
        );
    }
}
