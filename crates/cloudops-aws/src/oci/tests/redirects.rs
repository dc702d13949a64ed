//! Our login goes to the registry and to its token service, and to nobody they name.

use super::{
    super::{Logins, registry::parse},
    Image, basic, image, password, push,
    stand::{Answer, Stand, answer},
    with,
};
use crate::{
    diagnose::{Class, Diagnose as _},
    events::EventSink,
};

fn login() -> Logins {
    Logins::fixed(password("ann"))
}

fn unauthorized() -> Answer {
    answer(401).header("www-authenticate", "Basic realm=\"registry\"")
}

/// A registry that wants the login of `ann`, and sends some kinds of requests elsewhere.
async fn leading_to(other: &Stand, status: u16, kinds: &'static [&'static str]) -> Stand {
    let host = other.other_host();
    Stand::start(move |request, _| {
        if request.header("authorization") != Some(&basic("ann")) {
            return Some(unauthorized());
        }
        let query: String =
            request.query.iter().map(|(key, value)| format!("{key}={value}&")).collect();
        let place = format!("http://{host}{}?{query}", request.path);
        kinds.contains(&request.kind().as_str()).then(|| answer(status).header("location", place))
    })
    .await
}

#[track_caller]
fn never_saw_a_login(stand: &Stand) {
    let store = stand.store();
    assert!(!store.seen.is_empty(), "nobody came");
    for request in &store.seen {
        assert_eq!(request.header("authorization"), None, "{request:?}");
    }
}

fn put(stand: &Stand, image: &Image) {
    let bytes = |blob: &super::Blob| blob.data.bytes().unwrap().to_vec();
    let named = |name: &str| ("cm".to_owned(), name.to_owned());
    let mut store = stand.store();
    for blob in &super::all(image) {
        store.blobs.insert(named(blob.digest.as_str()), bytes(blob));
    }
    store.manifests.insert(named(image.digest().as_str()), bytes(&image.top));
}

#[tokio::test]
async fn blobs_are_fetched_from_where_they_are_without_the_login() {
    for status in [301, 302, 303, 307, 308] {
        let storage = Stand::honest().await;
        let stand = leading_to(&storage, status, &["GET blobs", "HEAD blobs"]).await;
        let image = image(&["one", "two"]);
        put(&storage, &image);
        put(&stand, &image);
        let reference = format!("{}/cm@{}", stand.host(), image.digest());
        let pulled = super::pull(with(&stand, login()), &reference).await.unwrap();
        assert_eq!(pulled, super::all(&image));
        never_saw_a_login(&storage);
    }
}

#[tokio::test]
async fn uploads_go_where_the_registry_says_without_the_login() {
    let storage = Stand::honest().await;
    let host = storage.other_host();
    let stand = Stand::start(move |request, _| {
        if request.header("authorization") != Some(&basic("ann")) {
            return Some(unauthorized());
        }
        let place = format!("http://{host}/v2/cm/blobs/uploads/7?signature=abc");
        (request.method == "POST").then(|| answer(202).header("location", place))
    })
    .await;
    let error = push(&with(&stand, login()), &image(&[])).await.unwrap_err();
    // It was sent there, and the registry does not know what its storage got.
    assert!(error.to_string().contains("does not know it"), "{error}");
    never_saw_a_login(&storage);
    let store = storage.store();
    assert_eq!((store.blobs.len(), store.seen[0].query["signature"].as_str()), (1, "abc"));
}

#[tokio::test]
async fn requests_that_are_sent_on_to_another_host_leave_the_login_behind() {
    // With its method and its body, as 307 and 308 say.
    let kinds = ["HEAD manifests", "HEAD blobs", "POST uploads", "PUT uploads", "PUT manifests"];
    for kind in kinds {
        let other = Stand::honest().await;
        let stand = leading_to(&other, 307, Box::leak(Box::new([kind]))).await;
        // Half of it is at another place now; all that counts is who saw what.
        push(&with(&stand, login()), &image(&["one"])).await.ok();
        if kind != "POST uploads" || !other.store().seen.is_empty() {
            never_saw_a_login(&other);
        }
    }
}

#[tokio::test]
async fn what_leaves_the_registry_comes_back_without_the_login() {
    let stand = Stand::start(|request, _| {
        if request.header("authorization") == Some(&basic("ann")) && request.path != "/v2/" {
            let host = request.header("host").unwrap().replace("127.0.0.1", "localhost");
            return Some(answer(307).header("location", format!("http://{host}/away")));
        }
        let host = request.header("host").unwrap().replace("localhost", "127.0.0.1");
        match request.path.as_str() {
            "/away" => Some(answer(307).header("location", format!("http://{host}/back"))),
            "/v2/" => Some(unauthorized()),
            _ => None,
        }
    })
    .await;
    let target = parse(&format!("{}/cm:v1", stand.host())).unwrap();
    with(&stand, login()).tagged(&target).await.ok();
    let store = stand.store();
    let back = store.seen.iter().find(|request| request.path == "/back").unwrap();
    assert_eq!(back.header("authorization"), None);
}

#[tokio::test]
async fn a_write_that_cannot_be_repeated_elsewhere_is_refused() {
    let other = Stand::honest().await;
    let stand = leading_to(&other, 302, &["PUT manifests"]).await;
    let error = push(&with(&stand, login()), &image(&["one"])).await.unwrap_err();
    assert_eq!(error.class(), Class::Configuration);
    assert!(error.to_string().contains("302"), "{error}");
    assert!(other.store().seen.is_empty());
}

#[tokio::test]
async fn a_circle_is_left() {
    let stand = Stand::start(|request, _| {
        (request.kind() == "HEAD manifests")
            .then(|| answer(307).header("location", request.path.clone()))
    })
    .await;
    let error = push(&with(&stand, login()), &image(&["one"])).await.unwrap_err();
    assert_eq!(error.class(), Class::Unavailable);
    assert!(error.to_string().contains("6 redirects"), "{error}");
}

#[tokio::test]
async fn a_token_service_that_redirects_does_not_pass_the_login_on() {
    let thief = Stand::start(|_, _| Some(answer(200).body(r#"{"token":"t"}"#))).await;
    let host = thief.other_host();
    let service = Stand::start(move |_, _| {
        Some(answer(307).header("location", format!("http://{host}/steal")))
    })
    .await;
    let realm = format!("Bearer realm=\"http://{}/token\"", service.host());
    let stand = Stand::start(move |request, _| {
        (request.header("authorization") != Some("Bearer t"))
            .then(|| answer(401).header("www-authenticate", realm.clone()))
    })
    .await;
    push(&with(&stand, login()), &image(&["one"])).await.unwrap();
    never_saw_a_login(&thief);
    assert_eq!(service.store().seen[0].header("authorization"), Some(basic("ann").as_str()));

    // A token in a form would go along, so it does not leave at all.
    let token = Logins::fixed(super::Login::Identity(super::Secret::new(super::PASSWORD)));
    let before = thief.store().seen.len();
    let error = push(&with(&stand, token), &image(&["one"])).await.unwrap_err();
    assert_eq!(error.class(), Class::Configuration);
    assert!(error.to_string().contains("is not safe to use"), "{error}");
    assert_eq!(thief.store().seen.len(), before);
}

#[tokio::test]
async fn a_login_goes_to_a_token_service_with_encryption_only() {
    for realm in ["http://registry.example.com/token", "ftp://127.0.0.1/token"] {
        let challenge = format!("Bearer realm=\"{realm}\"");
        let stand = Stand::start(move |_, _| {
            Some(answer(401).header("www-authenticate", challenge.clone()))
        })
        .await;
        let error = with(&stand, login())
            .push(&image(&["one"]), "cm", "v1", &EventSink::null())
            .await
            .unwrap_err();
        assert_eq!(error.class(), Class::Configuration);
        assert!(error.to_string().contains("not encrypted"), "{error}");
    }
}
