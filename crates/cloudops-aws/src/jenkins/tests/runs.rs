//! Trigger, queue, log, end.

use std::time::Duration;

use serde_json::json as value;
use tokio_util::sync::CancellationToken;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use super::{client, count, json, on, once};
use crate::{
    diagnose::{Class, Diagnose},
    events::{EventKind, EventSink},
    jenkins::{Build, BuildOutcome, ItemPath, JenkinsError, QueueItem},
    wait::Pace,
};

const PACE: Pace = Pace {
    first: Duration::from_millis(5),
    longest: Duration::from_millis(20),
    deadline: Duration::from_secs(20),
};

fn path() -> ItemPath {
    "x".parse().unwrap()
}

fn item() -> QueueItem {
    QueueItem { id: 7, job: path(), run: "r1".to_owned() }
}

fn started(run: &str) -> ResponseTemplate {
    let parameters =
        value!([{"name": "FORCE", "value": true}, {"name": "CLOUDOPS_RUN", "value": run}]);
    json(value!({"builds": [
        {"number": 4, "queueId": 9, "actions": [{}, null]},
        {"number": 3, "queueId": 7, "actions": [{}, {"parameters": parameters}]},
    ]}))
}

fn parameters(run: &str) -> Vec<(String, String)> {
    vec![("RELEASE".to_owned(), "1 & 2".to_owned()), ("CLOUDOPS_RUN".to_owned(), run.to_owned())]
}

async fn build_of(server: &MockServer, events: &EventSink) -> Result<Build, JenkinsError> {
    client(server).build_of(&item(), PACE, events, &CancellationToken::new()).await
}

#[tokio::test]
async fn a_trigger_gives_the_queue_item_and_the_build() {
    let server = MockServer::start().await;
    let created = ResponseTemplate::new(201)
        .insert_header("Location", format!("{}/queue/item/7/", server.uri()));
    Mock::given(matchers::method("POST"))
        .and(matchers::path("/job/x/buildWithParameters"))
        .and(matchers::body_string_contains("RELEASE=1+%26+2"))
        .respond_with(created)
        .mount(&server)
        .await;
    let queued = client(&server).trigger(&path(), &parameters("r1")[..1]).await.unwrap();
    assert_eq!(queued.id, 7);
    assert!(!queued.run.is_empty(), "a run is made");
    let waits = json(value!({"id": 7, "why": "Waiting for next available executor"}));
    once(&server, "GET", "/queue/item/7/api/json", waits.clone()).await;
    once(&server, "GET", "/queue/item/7/api/json", waits).await;
    let left =
        json(value!({"id": 7, "why": null, "cancelled": false, "executable": {"number": 3}}));
    on(&server, "GET", "/queue/item/7/api/json", left).await;
    let (events, told) = EventSink::recording();
    let build = build_of(&server, &events).await.unwrap();
    assert_eq!(build, Build { job: path(), number: 3 });
    assert_eq!(told.events().len(), 1, "{:?}", told.events());
}

#[tokio::test]
async fn a_lost_answer_to_a_trigger_is_looked_up() {
    let server = MockServer::start().await;
    on(&server, "POST", "/job/x/buildWithParameters", ResponseTemplate::new(504)).await;
    on(&server, "GET", "/queue/api/json", json(value!({"items": []}))).await;
    once(&server, "GET", "/job/x/api/json", json(value!({"builds": []}))).await;
    on(&server, "GET", "/job/x/api/json", started("r1")).await;
    let queued = client(&server).trigger(&path(), &parameters("r1")).await.unwrap();
    assert_eq!(queued, item());
    assert_eq!(count(&server, "POST").await, 1);
    let again = client(&server).trigger(&path(), &parameters("r1")).await.unwrap();
    assert_eq!(again, item());
    assert_eq!(count(&server, "POST").await, 1, "the same run starts nothing");
}

#[tokio::test]
async fn a_trigger_that_never_arrived_is_sent_again() {
    let server = MockServer::start().await;
    once(&server, "POST", "/job/x/buildWithParameters", ResponseTemplate::new(502)).await;
    let created = ResponseTemplate::new(201).insert_header("Location", "/queue/item/7/");
    on(&server, "POST", "/job/x/buildWithParameters", created).await;
    on(&server, "GET", "/queue/api/json", json(value!({"items": []}))).await;
    on(&server, "GET", "/job/x/api/json", json(value!({"builds": []}))).await;
    assert_eq!(client(&server).trigger(&path(), &parameters("r1")).await.unwrap(), item());
    assert_eq!(count(&server, "POST").await, 2);
}

#[tokio::test]
async fn a_queue_item_that_is_gone_is_found_by_its_run() {
    let server = MockServer::start().await;
    on(&server, "GET", "/queue/item/7/api/json", ResponseTemplate::new(404)).await;
    once(&server, "GET", "/job/x/api/json", json(value!({"builds": []}))).await;
    on(&server, "GET", "/job/x/api/json", started("r1")).await;
    let build = build_of(&server, &EventSink::null()).await.unwrap();
    assert_eq!(build.number, 3);
}

#[tokio::test]
async fn a_build_that_nobody_knows_is_lost() {
    let server = MockServer::start().await;
    on(&server, "GET", "/queue/item/7/api/json", ResponseTemplate::new(404)).await;
    on(&server, "GET", "/job/x/api/json", started("another")).await;
    let error = build_of(&server, &EventSink::null()).await.unwrap_err();
    assert!(matches!(error, JenkinsError::QueueLost(_)), "{error}");
    assert_eq!(error.class(), Class::NeedsOperator);
    let cancelled = MockServer::start().await;
    on(&cancelled, "GET", "/queue/item/7/api/json", json(value!({"cancelled": true}))).await;
    let error = build_of(&cancelled, &EventSink::null()).await.unwrap_err();
    assert!(matches!(error, JenkinsError::QueueCancelled(_)), "{error}");
}

async fn log(server: &MockServer, start: &str, text: &str, size: &str, more: bool) {
    let mut answer = ResponseTemplate::new(200).set_body_string(text);
    answer = answer.insert_header("X-Text-Size", size);
    if more {
        answer = answer.insert_header("X-More-Data", "true");
    }
    Mock::given(matchers::path("/job/x/3/logText/progressiveText"))
        .and(matchers::query_param("start", start))
        .respond_with(answer)
        .mount(server)
        .await;
}

#[tokio::test]
async fn a_log_is_followed_to_its_end() {
    let server = MockServer::start().await;
    log(&server, "0", "one\ntw", "106", true).await;
    log(&server, "106", "", "107", true).await;
    log(&server, "107", "o\nthree", "113", false).await;
    let running = json(value!({"building": true, "result": null, "duration": 0}));
    once(&server, "GET", "/job/x/3/api/json", running).await;
    let ended = json(value!({"building": false, "result": "FAILURE", "duration": 1500}));
    on(&server, "GET", "/job/x/3/api/json", ended).await;
    let (events, recording) = EventSink::recording();
    let build = Build { job: path(), number: 3 };
    let result =
        client(&server).follow(&build, PACE, &events, &CancellationToken::new()).await.unwrap();
    let lines: Vec<_> = recording.events().into_iter().map(|event| event.kind).collect();
    let line = |text: &str| EventKind::LogLine { source: "x".to_owned(), line: text.to_owned() };
    assert_eq!(lines, [line("one"), line("two"), line("three")]);
    assert_eq!(result.outcome, BuildOutcome::Failure);
    assert_eq!(result.duration, Duration::from_millis(1500));
    assert_eq!(result.url, format!("{}/job/x/3/", server.uri()));
    let error = result.succeeded(&path()).unwrap_err();
    assert_eq!(error.to_string(), "x #3 ended with FAILURE");
    assert_eq!(error.class(), Class::NeedsOperator);
    assert!(error.hints()[0].contains("/job/x/3/console"), "{:?}", error.hints());
}

#[tokio::test]
async fn a_wait_that_is_over_says_what_it_waited_for() {
    let server = MockServer::start().await;
    log(&server, "0", "", "0", true).await;
    let pace = Pace { deadline: Duration::from_millis(20), ..PACE };
    let build = Build { job: path(), number: 3 };
    let cancel = CancellationToken::new();
    let error = client(&server).follow(&build, pace, &EventSink::null(), &cancel).await;
    let error = error.unwrap_err();
    assert_eq!(error.class(), Class::TimedOut);
    assert_eq!(error.to_string(), "waiting for x #3 to end: not done after 0 seconds");
}
