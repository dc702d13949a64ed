//! Answers that are not those of a healthy Jenkins.

use std::time::{Duration, Instant};

use serde_json::json as value;
use wiremock::{MockServer, ResponseTemplate};

use super::{client, count, json, on, once};
use crate::{
    diagnose::{Class, Diagnose},
    jenkins::{Build, ItemPath, JenkinsError, Owner, Readiness, plugins::PluginLock},
};

const SIGN_IN: &str = "<html><body><h1>Sign in</h1></body></html>";

fn path() -> ItemPath {
    "x".parse().unwrap()
}

fn page(text: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(text.as_bytes().to_vec(), "text/html;charset=utf-8")
}

#[tokio::test]
async fn a_page_in_place_of_data_is_not_jenkins() {
    let server = MockServer::start().await;
    on(&server, "GET", "/api/json", page(SIGN_IN)).await;
    on(&server, "GET", "/job/x/api/json", page(SIGN_IN)).await;
    on(&server, "GET", "/job/x/config.xml", page(SIGN_IN)).await;
    let jenkins = client(&server);
    let errors = [
        jenkins.ready().await.unwrap_err(),
        jenkins.builds(&path()).await.unwrap_err(),
        jenkins.get_job(&path()).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, JenkinsError::NotJenkins { .. }), "{error}");
        assert!(error.to_string().contains("a page in place of data: \"Sign in\""), "{error}");
        assert_eq!(error.class(), Class::Configuration);
    }
}

#[tokio::test]
async fn a_redirection_to_others_is_not_success() {
    let server = MockServer::start().await;
    let to = |place: &str| ResponseTemplate::new(302).insert_header("Location", place);
    once(&server, "POST", "/job/x/enable", to("https://sso.example/start?x=1")).await;
    once(&server, "POST", "/job/x/enable", to("/login?from=%2Fjob")).await;
    on(&server, "POST", "/job/x/enable", to("..")).await;
    let jenkins = client(&server);
    let error = jenkins.enable(&path()).await.unwrap_err();
    assert!(error.to_string().contains("it redirects to https://sso.example/start"), "{error}");
    let error = jenkins.enable(&path()).await.unwrap_err();
    assert!(matches!(error, JenkinsError::Unauthorized { .. }), "{error}");
    jenkins.enable(&path()).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_ends_too_early_is_told() {
    let server = MockServer::start().await;
    let cut = ResponseTemplate::new(200).set_body_raw("{\"builds\": [", "application/json");
    on(&server, "GET", "/job/x/api/json", cut).await;
    let error = client(&server).builds(&path()).await.unwrap_err();
    let text = "cannot read Jenkins' answer to read at x: its builds: it ends too early";
    assert_eq!(error.to_string(), text);
    assert_eq!(error.class(), Class::Unavailable);
    assert_eq!(error.hints().len(), 1);
}

#[tokio::test]
async fn an_answer_without_end_is_not_taken_into_memory() {
    let server = MockServer::start().await;
    let huge = vec![b' '; 17 * 1024 * 1024];
    let answer = ResponseTemplate::new(200).set_body_raw(huge, "application/json");
    on(&server, "GET", "/job/x/api/json", answer).await;
    let error = client(&server).builds(&path()).await.unwrap_err();
    assert!(error.to_string().ends_with("its builds is larger than 16 MiB"), "{error}");
}

#[tokio::test]
async fn a_server_says_when_to_come_back() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(429).insert_header("Retry-After", "1");
    once(&server, "GET", "/job/x/api/json", busy.clone()).await;
    on(&server, "GET", "/job/x/api/json", json(value!({"builds": []}))).await;
    let begin = Instant::now();
    assert_eq!(client(&server).last_build(&path()).await.unwrap(), None);
    assert!(begin.elapsed() >= Duration::from_secs(1), "it came back too early");
    on(&server, "POST", "/job/x/enable", busy).await;
    let error = client(&server).enable(&path()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
    assert_eq!(count(&server, "POST").await, 1, "a write is not repeated");
    assert_eq!(error.class(), Class::Unavailable);
}

#[tokio::test]
async fn plugins_that_differ_from_the_lock_file_are_named() {
    let server = MockServer::start().await;
    let root = json(value!({"quietingDown": false})).insert_header("X-Jenkins", "2.568.3");
    on(&server, "GET", "/api/json", root).await;
    let plugins = value!({"plugins": [
        {"shortName": "git", "version": "5.9", "active": true},
        {"shortName": "junit", "version": "1", "active": false},
        {"shortName": "ant", "version": "1", "active": true},
    ]});
    on(&server, "GET", "/pluginManager/api/json", json(plugins)).await;
    let digest = "0".repeat(64);
    let lock = |lines: &[&str]| {
        let lines: Vec<_> = lines.iter().map(|line| format!("{line} {digest}")).collect();
        PluginLock::parse("a", &lines.join("\n")).unwrap().versions()
    };
    let jenkins = client(&server);
    let good = jenkins.ready_with(&lock(&["ant 1"])).await.unwrap();
    assert_eq!(good, Readiness::Ready { version: "2.568.3".to_owned() });
    let bad = lock(&["git 5.10", "junit 1", "mailer 5"]);
    let error = jenkins.ready_with(&bad).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Jenkins at {}/ has not the plugins of the lock file: git is 5.9 in place of 5.10; \
             junit 1 is not active; mailer 5 is missing",
            server.uri()
        )
    );
    assert_eq!(error.class(), Class::NotReady);
}

#[tokio::test]
async fn a_job_that_is_forbidden_is_named() {
    let server = MockServer::start().await;
    let refusal = ResponseTemplate::new(403).set_body_string("admin is missing the Job/Read right");
    on(&server, "GET", "/job/x/config.xml", refusal).await;
    let error = client(&server).delete_job(&Owner::new("a"), &path()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Jenkins forbids user `admin` to read at x: admin is missing the Job/Read right"
    );
    assert_eq!(error.class(), Class::Credentials);
}

#[tokio::test]
async fn tests_are_counted_and_failures_named() {
    let server = MockServer::start().await;
    let report = value!({"failCount": 1, "passCount": 2, "skipCount": 1, "suites": [{"cases": [
        {"className": "A", "name": "good", "status": "FIXED", "errorDetails": null},
        {"className": "A", "name": "bad", "status": "REGRESSION", "errorDetails": "1 is not 2"},
    ]}]});
    on(&server, "GET", "/job/x/3/testReport/api/json", json(report)).await;
    let build = |number| Build { job: path(), number };
    let report = client(&server).test_report(&build(3)).await.unwrap().unwrap();
    assert_eq!((report.total, report.failed, report.skipped), (4, 1, 1));
    assert_eq!(report.failures.len(), 1);
    assert_eq!(report.failures[0].name, "bad");
    assert_eq!(client(&server).test_report(&build(4)).await.unwrap(), None);
}
