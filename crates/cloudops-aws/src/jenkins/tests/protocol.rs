//! Readiness, crumb, items.

use serde_json::json as value;
use tokio_util::sync::CancellationToken;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use super::{client, count, json, on, once};
use crate::{
    diagnose::{Class, Diagnose},
    jenkins::{Connect, ItemPath, Jenkins, JenkinsError, Readiness},
    redact::Secret,
    wait::Pace,
};

const NO_CRUMB: &str = "<html><body><h2>HTTP ERROR 403 No valid crumb was included in the \
                        request</h2></body></html>";

fn path(text: &str) -> ItemPath {
    text.parse().unwrap()
}

/// A server that wants the crumb of a session on every POST.
async fn with_crumb(server: &MockServer, crumb: &str, session: &str) {
    let issued = json(value!({"crumb": crumb, "crumbRequestField": "Jenkins-Crumb"}))
        .insert_header("Set-Cookie", format!("JSESSIONID.1={session}; Path=/; HttpOnly"));
    once(server, "GET", "/crumbIssuer/api/json", issued).await;
    Mock::given(matchers::method("POST"))
        .and(matchers::header("Jenkins-Crumb", crumb))
        .and(matchers::header("Cookie", format!("JSESSIONID.1={session}")))
        .and(matchers::header("Authorization", "Basic YWRtaW46aHVudGVyMg=="))
        .respond_with(ResponseTemplate::new(302).insert_header("Location", "/"))
        .up_to_n_times(2)
        .mount(server)
        .await;
}

#[tokio::test]
async fn a_crumb_is_fetched_when_asked_for_and_renewed_once() {
    let server = MockServer::start().await;
    with_crumb(&server, "first", "s1").await;
    with_crumb(&server, "second", "s2").await;
    Mock::given(matchers::method("POST"))
        .respond_with(ResponseTemplate::new(403).set_body_string(NO_CRUMB))
        .with_priority(9)
        .mount(&server)
        .await;
    let jenkins = client(&server);
    jenkins.disable(&path("acme/x")).await.unwrap();
    assert_eq!(count(&server, "POST").await, 2, "without a crumb, then with it");
    jenkins.enable(&path("acme/x")).await.unwrap();
    assert_eq!(count(&server, "POST").await, 3, "the crumb is kept");
    jenkins.enable(&path("acme/x")).await.unwrap();
    assert_eq!(count(&server, "POST").await, 5, "the session ended: a new crumb");
}

#[tokio::test]
async fn a_crumb_that_never_helps_is_an_error_of_credentials() {
    let server = MockServer::start().await;
    let issued = json(value!({"crumb": "c", "crumbRequestField": "Jenkins-Crumb"}));
    on(&server, "GET", "/crumbIssuer/api/json", issued).await;
    let refusal = ResponseTemplate::new(403).set_body_string(NO_CRUMB);
    on(&server, "POST", "/job/x/enable", refusal).await;
    let error = client(&server).enable(&path("x")).await.unwrap_err();
    assert_eq!(error.class(), Class::Credentials);
    assert_eq!(
        error.to_string(),
        "Jenkins forbids user `admin` to enable x: HTTP ERROR 403 No valid crumb was included \
         in the request"
    );
    assert_eq!(count(&server, "POST").await, 2);
}

#[tokio::test]
async fn readiness_tells_jenkins_from_others() {
    let root = value!({"quietingDown": false});
    let quiet = value!({"quietingDown": true});
    let booting = ResponseTemplate::new(503).set_body_string(
        "<html><head><title>Starting Jenkins</title></head><body>Please wait while Jenkins is \
         getting ready to work...</body></html>",
    );
    let server = MockServer::start().await;
    once(&server, "GET", "/api/json", booting).await;
    once(&server, "GET", "/api/json", json(quiet).insert_header("X-Jenkins", "2.528")).await;
    let ready = json(root.clone()).insert_header("X-Jenkins", "2.528");
    once(&server, "GET", "/api/json", ready).await;
    once(&server, "GET", "/api/json", json(root)).await;
    once(&server, "GET", "/api/json", ResponseTemplate::new(401)).await;
    let jenkins = client(&server);
    let Readiness::NotReady { reason } = jenkins.ready().await.unwrap() else { panic!("ready") };
    assert_eq!(reason, "Please wait while Jenkins is getting ready to work...");
    assert_eq!(jenkins.ready().await.unwrap(), Readiness::QuietingDown);
    let version = "2.528".to_owned();
    assert_eq!(jenkins.ready().await.unwrap(), Readiness::Ready { version });
    assert_eq!(jenkins.ready().await.unwrap_err().class(), Class::Configuration);
    assert_eq!(jenkins.ready().await.unwrap_err().class(), Class::Credentials);
    let error = jenkins.ready().await.unwrap_err();
    assert!(matches!(error, JenkinsError::NotJenkins { .. }), "{error}");
}

#[tokio::test]
async fn waits_until_it_is_ready() {
    let server = MockServer::start().await;
    once(&server, "GET", "/api/json", ResponseTemplate::new(503)).await;
    let ready = json(value!({"quietingDown": false})).insert_header("X-Jenkins", "2.528");
    on(&server, "GET", "/api/json", ready).await;
    let pace = Pace::within(std::time::Duration::from_secs(20));
    let version = client(&server).wait_ready(pace, &CancellationToken::new()).await.unwrap();
    assert_eq!(version, "2.528");
    let cancel = CancellationToken::new();
    cancel.cancel();
    let booting = MockServer::start().await;
    on(&booting, "GET", "/api/json", ResponseTemplate::new(503)).await;
    let error = client(&booting).wait_ready(pace, &cancel).await.unwrap_err();
    assert_eq!(error.class(), Class::Interrupted);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let connect = Connect {
        url: "http://127.0.0.1:1/".parse().unwrap(),
        user: "admin".to_owned(),
        secret: Secret::new("hunter2"),
        user_agent: "test/1".to_owned(),
    };
    let jenkins = Jenkins::new(connect).unwrap();
    let error = jenkins.list(&ItemPath::root()).await.unwrap_err();
    assert_eq!(error.class(), Class::Unavailable);
    assert!(!format!("{error:?} {error} {jenkins:?}").contains("hunter2"));
}
