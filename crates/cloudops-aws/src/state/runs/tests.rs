//! Runs written to and read from an S3 that keeps objects in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio_util::sync::CancellationToken;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

use super::*;
use crate::{events::EventSink, ids::Digest};

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// Answers as S3 does, with conditions; the version of an object is its digest.
fn answer(objects: &Objects, refuse: &str, request: &Request) -> ResponseTemplate {
    let mut objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
    let key = request.url.path().trim_start_matches("/bucket").trim_matches('/').to_owned();
    let etag = |bytes: &[u8]| format!("\"{}\"", Digest::of(bytes).short());
    let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap());
    match request.method.as_str() {
        "PUT" if !refuse.is_empty() && key.ends_with(refuse) => ResponseTemplate::new(403),
        "PUT" => {
            let now = objects.get(&key).map(|bytes| etag(bytes));
            let fits = match header("if-match") {
                Some(wanted) => now.as_deref() == Some(wanted),
                None => header("if-none-match") == Some("*") && now.is_none(),
            };
            if !fits {
                return ResponseTemplate::new(412);
            }
            objects.insert(key, request.body.clone());
            ResponseTemplate::new(200).insert_header("etag", etag(&request.body).as_str())
        }
        _ if key.is_empty() => {
            let one = |key: &String| format!("<Contents><Key>{key}</Key></Contents>");
            let all: String = objects.keys().map(one).collect();
            let list = format!("<ListBucketResult>{all}</ListBucketResult>");
            ResponseTemplate::new(200).set_body_string(list)
        }
        _ => match objects.get(&key) {
            Some(bytes) => ResponseTemplate::new(200)
                .insert_header("etag", etag(bytes).as_str())
                .set_body_bytes(bytes.clone()),
            None => {
                ResponseTemplate::new(404).set_body_string("<Error><Code>NoSuchKey</Code></Error>")
            }
        },
    }
}

/// A context whose S3 refuses to write keys with this end, and what it holds.
async fn place(refuse: &'static str) -> (MockServer, Ctx, Store, Objects) {
    let server = MockServer::start().await;
    let objects = Objects::default();
    let who = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/ann\
               </Arn><Account>123456789012</Account></GetCallerIdentityResult>\
               </GetCallerIdentityResponse>";
    let sts = Mock::given(matchers::method("POST")).and(matchers::path("/"));
    sts.respond_with(ResponseTemplate::new(200).set_body_string(who)).mount(&server).await;
    let kept = Arc::clone(&objects);
    let s3 = move |request: &Request| answer(&kept, refuse, request);
    Mock::given(matchers::path_regex("^/bucket")).respond_with(s3).mount(&server).await;
    let config = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new("us-west-2"))
        .endpoint_url(server.uri())
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
            aws_credential_types::Credentials::new("a", "b", None, None, "test"),
        ))
        .build();
    let aws = crate::connect::Aws::from_config(config).await.unwrap();
    let ctx = Ctx::new(aws, EventSink::null(), CancellationToken::new());
    let store = Store::new(&ctx.aws, "bucket");
    (server, ctx, store, objects)
}

fn request(scope: &str) -> lock::Request {
    lock::Request {
        scope: scope.to_owned(),
        owner: Owner { user: "ann".to_owned(), host: "here".to_owned(), pid: 1 },
        command: "cloudcore init".to_owned(),
        program: "cloudcore".to_owned(),
    }
}

async fn run(ctx: &Ctx, store: &Store, good: bool) -> Result<(), LockError> {
    recorded(ctx, store, request("instance"), async |_locked| {
        ctx.events.step("stack/a", "network");
        ctx.events.step_done("stack/a", Outcome::Done, "done in 1.0 s");
        if good { Ok(()) } else { Err(LockError::Lost { scope: "instance".to_owned() }) }
    })
    .await
}

#[tokio::test]
async fn a_run_is_read_as_it_was_reported() {
    let (_server, ctx, store, _) = place("").await;
    ctx.events.step("stack/state", "before the lock");
    run(&ctx, &store, true).await.unwrap();
    let found = read(&store, &Which::Last(vec!["instance".to_owned()])).await.unwrap();
    assert_eq!(found.events, ctx.recording.events());
    assert_eq!(found.events.len(), 5, "step, run, step, its end, end of the run");
    let report = found.report;
    assert_eq!((report.run.as_str(), report.scope.as_str()), (&*ctx.run.to_string(), "instance"));
    assert_eq!(report.began, found.events[0].time);
    assert_eq!(report.ended.unwrap().class, Class::Done);
    let text = lines(&store, &Which::Id(ctx.run.to_string()[..13].to_owned())).await.unwrap();
    assert_eq!(text.lines().count(), 5);
    assert!(!found.running);
}

#[tokio::test]
async fn a_failed_run_says_why_and_runs_are_listed_newest_first() {
    let (_server, ctx, store, _) = place("").await;
    run(&ctx, &store, true).await.unwrap();
    let later = Ctx::new(ctx.aws.clone(), EventSink::null(), CancellationToken::new());
    run(&later, &store, false).await.unwrap_err();
    let found = list(&store, &[], 9).await.unwrap();
    let ids: Vec<&str> = found.iter().map(|found| found.report.run.as_str()).collect();
    assert_eq!(ids, [later.run.to_string(), ctx.run.to_string()]);
    let ended = found[0].report.ended.clone().unwrap();
    assert_eq!((ended.class, ended.exit_code), (Class::Locked, 6));
    assert_eq!(ended.error.as_deref(), Some("the lock `instance` was lost; the run stopped"));
    assert_eq!(list(&store, &["team".to_owned()], 9).await.unwrap(), []);
    assert_eq!(list(&store, &[], 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_recording_that_fails_is_one_warning_and_no_failure() {
    let (_server, ctx, store, objects) = place(".jsonl").await;
    run(&ctx, &store, true).await.unwrap();
    let is_warning = |event: &&Event| matches!(event.kind, EventKind::Warning { .. });
    let events = ctx.recording.events();
    let warnings: Vec<&Event> = events.iter().filter(is_warning).collect();
    assert_eq!(warnings.len(), 1, "{events:?}");
    let keys: Vec<String> = objects.lock().unwrap().keys().cloned().collect();
    assert!(keys.iter().any(|key| key.ends_with("report.json")), "{keys:?}");
    assert!(!keys.iter().any(|key| key.ends_with("events.jsonl")), "{keys:?}");
}
