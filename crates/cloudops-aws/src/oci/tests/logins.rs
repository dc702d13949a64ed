//! Logins that are wanted, grow old, and are not taken.

use std::sync::atomic::Ordering;

use super::{
    super::{Login, LoginError, Logins},
    PASSWORD, basic, counted, image, password, push, registry,
    stand::{Answer, Request, Stand, answer},
    with,
};
use crate::{
    diagnose::{Class, Diagnose as _},
    redact::Secret,
};

fn unauthorized(challenge: &str) -> Answer {
    answer(401).header("www-authenticate", challenge).error("UNAUTHORIZED", "who are you?")
}

fn bears(request: &Request, header: &str) -> bool {
    request.header("authorization") == Some(header)
}

const LAYERS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

#[tokio::test]
async fn a_login_that_dies_in_the_middle_is_renewed_once_for_all_uploads() {
    let stand = Stand::start(|request, store| {
        // The first user is sent away as soon as the first blobs are there.
        let user = if store.blobs.len() < 2 { "user-1" } else { "user-2" };
        (!bears(request, &basic(user))).then(|| unauthorized("Basic realm=\"registry\""))
    })
    .await;
    let (logins, count) = counted();
    let image = image(&LAYERS);
    let report = push(&with(&stand, logins), &image).await.unwrap();
    assert_eq!(report.uploaded_blobs, LAYERS.len() + 1);
    assert_eq!(count.load(Ordering::Relaxed), 2);
    let store = stand.store();
    assert_eq!(
        store.manifests[&("cm".to_owned(), "v1".to_owned())],
        image.top.data.bytes().unwrap()
    );
    assert!(store.seen.iter().any(|request| bears(request, &basic("user-1"))));
}

#[tokio::test]
async fn what_ecr_says_about_an_old_token_is_understood() {
    let stand = Stand::start(|request, store| {
        if request.path == "/v2/" {
            return Some(unauthorized(
                "Basic realm=\"https://ecr/\",service=\"ecr.amazonaws.com\"",
            ));
        }
        let is_old = store.blobs.len() >= 2 && bears(request, &basic("user-1"));
        let text = "Your authorization token has expired. Reauthenticate and try again.";
        is_old.then(|| answer(403).error("DENIED", text))
    })
    .await;
    let (logins, count) = counted();
    push(&with(&stand, logins), &image(&LAYERS)).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_login_that_is_not_taken_twice_is_an_error_that_shows_no_password() {
    let stand = Stand::start(|_, _| Some(unauthorized("Basic realm=\"registry\""))).await;
    let (logins, count) = counted();
    let error = push(&with(&stand, logins), &image(&["one"])).await.unwrap_err();
    assert_eq!(error.class(), Class::Credentials);
    let shown = format!("{error} {error:?} {:?}", error.hints());
    assert!(shown.contains(&stand.host()), "{shown}");
    assert!(shown.contains("does not take the login"), "{shown}");
    assert!(!shown.contains(PASSWORD) && !shown.contains(&basic("user-1")), "{shown}");
    assert_eq!(error.hints(), ["Log in again."]);
    assert_eq!(count.load(Ordering::Relaxed), 2);
    assert!(stand.store().blobs.is_empty());
}

#[tokio::test]
async fn a_missing_right_is_no_old_login() {
    let stand = Stand::start(|request, _| {
        (request.method == "POST").then(|| answer(403).error("DENIED", "pushing is not for you"))
    })
    .await;
    let error = push(&registry(&stand), &image(&[])).await.unwrap_err();
    assert_eq!(error.class(), Class::Denied);
    assert!(error.to_string().contains("pushing is not for you (DENIED)"), "{error}");
    assert_eq!(stand.store().count("POST uploads"), 1);
}

#[tokio::test]
async fn without_a_login_the_error_says_that_one_is_wanted() {
    let stand = Stand::start(|_, _| Some(unauthorized("Basic realm=\"registry\""))).await;
    let error = push(&registry(&stand), &image(&["one"])).await.unwrap_err();
    assert_eq!(error.class(), Class::Credentials);
    assert!(error.to_string().contains("the registry wants a login"), "{error}");
}

#[tokio::test]
async fn why_there_is_no_login_comes_through() {
    let stand = Stand::start(|_, _| Some(unauthorized("Basic realm=\"registry\""))).await;
    let logins = Logins::from_fn("", || {
        let (reason, hints) = ("the helper is broken".to_owned(), vec!["Mend it.".to_owned()]);
        std::future::ready(Err(LoginError { reason, class: Class::Configuration, hints }))
    });
    let error = push(&with(&stand, logins), &image(&["one"])).await.unwrap_err();
    assert_eq!((error.class(), error.hints()), (Class::Configuration, vec!["Mend it.".to_owned()]));
    assert!(error.to_string().ends_with("the helper is broken"), "{error}");
}

#[tokio::test]
async fn nobody_is_asked_for_a_login_that_is_not_wanted() {
    let stand = Stand::honest().await;
    let (logins, count) = counted();
    push(&with(&stand, logins), &image(&["one"])).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 0);
    let store = stand.store();
    assert!(store.seen.iter().all(|request| request.header("authorization").is_none()));
}

/// A token service that numbers its tokens, for those whom it knows.
async fn token_service(knows: fn(&Request) -> bool) -> Stand {
    let mut number = 0;
    Stand::start(move |request, _| {
        if !knows(request) {
            return Some(answer(401).error("UNAUTHORIZED", "not on the list"));
        }
        number += 1;
        let token = serde_json::json!({"token": format!("token-{number}"), "expires_in": 300});
        Some(answer(200).body(token.to_string()))
    })
    .await
}

/// A registry that takes a token only so many times.
async fn token_registry(service: &Stand, uses: usize) -> Stand {
    let challenge =
        format!("Bearer realm=\"http://{}/token\",service=\"registry\"", service.host());
    let mut used = std::collections::BTreeMap::<String, usize>::new();
    Stand::start(move |request, _| {
        let token = request.header("authorization").unwrap_or_default().to_owned();
        let times = used.entry(token.clone()).or_default();
        *times += 1;
        let good = token.starts_with("Bearer token-") && *times <= uses;
        (!good).then(|| unauthorized(&challenge))
    })
    .await
}

#[tokio::test]
async fn tokens_are_got_for_what_they_are_for_and_got_again_when_they_are_old() {
    let service = token_service(|request| bears(request, &basic("ann"))).await;
    let stand = token_registry(&service, 8).await;
    let registry = with(&stand, Logins::fixed(password("ann")));
    push(&registry, &image(&LAYERS)).await.unwrap();
    let asked = service.store().seen.clone();
    assert!(asked.len() > 3, "{asked:?}");
    assert_eq!(asked[0].query["service"], "registry");
    assert_eq!(asked[0].query["scope"], "repository:cm:pull,push");
    // The registry itself never sees the password.
    let store = stand.store();
    assert!(store.seen.iter().all(|request| !bears(request, &basic("ann"))));
}

#[tokio::test]
async fn a_token_service_that_does_not_know_us_is_asked_once_more_with_a_new_login() {
    let service = token_service(|request| bears(request, &basic("user-2"))).await;
    let stand = token_registry(&service, 1000).await;
    let (logins, count) = counted();
    push(&with(&stand, logins), &image(&["one"])).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 2);
    let service = token_service(|_| false).await;
    let stand = token_registry(&service, 1000).await;
    let (logins, count) = counted();
    let error = push(&with(&stand, logins), &image(&["one"])).await.unwrap_err();
    assert_eq!(error.class(), Class::Credentials);
    assert!(error.to_string().contains("not on the list"), "{error}");
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn an_identity_token_goes_into_the_form_and_nowhere_else() {
    let service = token_service(|request| {
        let form = String::from_utf8_lossy(&request.body).into_owned();
        request.method == "POST"
            && form.contains("grant_type=refresh_token")
            && form.contains("refresh_token=correct-horse-battery")
            && form.contains("scope=repository%3Acm%3Apull%2Cpush")
    });
    let service = service.await;
    let stand = token_registry(&service, 1000).await;
    let logins = Logins::fixed(Login::Identity(Secret::new(PASSWORD)));
    let report = push(&with(&stand, logins), &image(&["one"])).await;
    // The look for the tag is a pull, for which this service has no token.
    let error = report.unwrap_err();
    assert_eq!(error.class(), Class::Credentials);
    assert_eq!(service.store().count("POST /token"), 3);
    let shown = format!("{:?}", stand.store().seen);
    assert!(!shown.contains(PASSWORD));
}
