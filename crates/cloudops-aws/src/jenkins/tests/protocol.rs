//! Readiness, crumb, items.

use serde_json::json as value;
use tokio_util::sync::CancellationToken;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use super::{client, count, json, on, once};
use crate::{
    diagnose::{Class, Diagnose},
    jenkins::{Applied, Connect, ItemPath, Jenkins, JenkinsError, Owner, Readiness, ShellJob},
    redact::Secret,
    wait::Pace,
};

const NO_CRUMB: &str = "<html><body><h2>HTTP ERROR 403 No valid crumb was included in the \
                        request</h2></body></html>";

fn path(text: &str) -> ItemPath {
    text.parse().unwrap()
}

fn definition(script: &str) -> String {
    let job = ShellJob::new(path("acme/x"), Owner::new("acme"), "Test.", script);
    job.config_xml().unwrap()
}

fn xml(text: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(text.as_bytes().to_vec(), "application/xml")
}

/// A server that wants the crumb of a session on every POST.
async fn with_crumb(server: &MockServer, crumb: &str, session: &str) {
    let issued = json(value!({"crumb": crumb, "crumbRequestField": "Jenkins-Crumb"}))
        .insert_header(
            "Set-Cookie",
            format!("JSESSIONID.1={session}; Path=/; HttpOnly"),
        );
    once(server, "GET", "/crumbIssuer/api/json", issued).await;
    Mock::given(matchers::method("POST"))
        .and(matchers::header("Jenkins-Crumb", crumb))
        .and(matchers::header(
            "Cookie",
            format!("JSESSIONID.1={session}"),
        ))
        .and(matchers::header(
            "Authorization",
            "Basic YWRtaW46aHVudGVyMg==",
        ))
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
    assert_eq!(
        count(&server, "POST").await,
        2,
        "without a crumb, then with it"
    );
    jenkins.enable(&path("acme/x")).await.unwrap();
    assert_eq!(count(&server, "POST").await, 3, "the crumb is kept");
    jenkins.enable(&path("acme/x")).await.unwrap();
    assert_eq!(
        count(&server, "POST").await,
        5,
        "the session ended: a new crumb"
    );
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
    once(
        &server,
        "GET",
        "/api/json",
        json(quiet).insert_header("X-Jenkins", "2.528"),
    )
    .await;
    let ready = json(root.clone()).insert_header("X-Jenkins", "2.528");
    once(&server, "GET", "/api/json", ready).await;
    once(&server, "GET", "/api/json", json(root)).await;
    once(&server, "GET", "/api/json", ResponseTemplate::new(401)).await;
    let jenkins = client(&server);
    let Readiness::NotReady { reason } = jenkins.ready().await.unwrap() else {
        panic!("ready")
    };
    assert_eq!(
        reason,
        "Please wait while Jenkins is getting ready to work..."
    );
    assert_eq!(jenkins.ready().await.unwrap(), Readiness::QuietingDown);
    let version = "2.528".to_owned();
    assert_eq!(jenkins.ready().await.unwrap(), Readiness::Ready { version });
    assert_eq!(
        jenkins.ready().await.unwrap_err().class(),
        Class::Configuration
    );
    assert_eq!(
        jenkins.ready().await.unwrap_err().class(),
        Class::Credentials
    );
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
    let version = client(&server)
        .wait_ready(pace, &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(version, "2.528");
    let cancel = CancellationToken::new();
    cancel.cancel();
    let booting = MockServer::start().await;
    on(&booting, "GET", "/api/json", ResponseTemplate::new(503)).await;
    let error = client(&booting)
        .wait_ready(pace, &cancel)
        .await
        .unwrap_err();
    assert_eq!(error.class(), Class::Interrupted);
}

#[tokio::test]
async fn an_equal_job_is_not_written() {
    let server = MockServer::start().await;
    let saved = definition("true").replace("<flow-definition>", "<flow-definition plugin='x@1'>");
    on(&server, "GET", "/job/acme/job/x/config.xml", xml(&saved)).await;
    let owner = Owner::new("acme");
    let jenkins = client(&server);
    let applied = jenkins
        .apply_job(&owner, &path("acme/x"), &definition("true"))
        .await
        .unwrap();
    assert_eq!(applied, Applied::Unchanged);
    assert_eq!(count(&server, "POST").await, 0);
    on(
        &server,
        "POST",
        "/job/acme/job/x/config.xml",
        ResponseTemplate::new(200),
    )
    .await;
    let applied = jenkins
        .apply_job(&owner, &path("acme/x"), &definition("false"))
        .await
        .unwrap();
    assert_eq!(applied, Applied::Updated);
    let requests = server.received_requests().await.unwrap();
    let sent = requests.last().unwrap();
    assert_eq!(
        sent.headers["content-type"],
        "application/xml; charset=utf-8"
    );
}

#[tokio::test]
async fn a_disabled_job_stays_disabled() {
    let server = MockServer::start().await;
    let disabled = definition("true").replace("<disabled>false", "<disabled>true");
    on(&server, "GET", "/job/acme/job/x/config.xml", xml(&disabled)).await;
    on(
        &server,
        "POST",
        "/job/acme/job/x/config.xml",
        ResponseTemplate::new(200),
    )
    .await;
    let owner = Owner::new("acme");
    let jenkins = client(&server);
    let applied = jenkins
        .apply_job(&owner, &path("acme/x"), &definition("true"))
        .await
        .unwrap();
    assert_eq!(applied, Applied::Unchanged);
    jenkins
        .apply_job(&owner, &path("acme/x"), &definition("false"))
        .await
        .unwrap();
    let requests = server.received_requests().await.unwrap();
    let sent = String::from_utf8_lossy(&requests.last().unwrap().body).into_owned();
    assert!(sent.contains("<disabled>true</disabled>"), "{sent}");
}

#[tokio::test]
async fn a_job_of_others_is_never_touched() {
    let server = MockServer::start().await;
    let others = definition("true").replace("instance acme", "instance other");
    let nobodys = "<project><description>by hand</description></project>";
    on(&server, "GET", "/job/a/config.xml", xml(&others)).await;
    on(&server, "GET", "/job/b/config.xml", xml(nobodys)).await;
    let owner = Owner::new("acme");
    let jenkins = client(&server);
    for (name, reason) in [
        ("a", "it belongs to instance other"),
        ("b", "it is a <project>"),
    ] {
        let applied = jenkins
            .apply_job(&owner, &path(name), &definition("1"))
            .await
            .unwrap();
        let reason = format!("Jenkins item {name} is not ours: {reason}");
        assert_eq!(applied, Applied::Refused { reason });
        let error = jenkins.delete_job(&owner, &path(name)).await.unwrap_err();
        assert_eq!(error.class(), Class::Denied);
    }
    let error = jenkins
        .apply_job(&owner, &path("a"), nobodys)
        .await
        .unwrap_err();
    assert_eq!(error.class(), Class::Configuration);
    assert_eq!(count(&server, "POST").await, 0);
}

#[tokio::test]
async fn a_lost_answer_to_create_is_looked_up() {
    let server = MockServer::start().await;
    once(
        &server,
        "GET",
        "/job/acme/job/x/config.xml",
        ResponseTemplate::new(404),
    )
    .await;
    let refusal = ResponseTemplate::new(400)
        .insert_header("X-Error", "A job already exists with the name ?x?");
    on(&server, "POST", "/job/acme/createItem", refusal).await;
    on(
        &server,
        "GET",
        "/job/acme/job/x/config.xml",
        xml(&definition("true")),
    )
    .await;
    let owner = Owner::new("acme");
    let made = client(&server)
        .apply_job(&owner, &path("acme/x"), &definition("true"))
        .await;
    assert_eq!(made.unwrap(), Applied::Created);
    let error = client(&server)
        .create_job(&path("acme/x"), "<a/>")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Jenkins refuses to create acme/x: A job already exists with the name ?x? (HTTP 400)"
    );
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
