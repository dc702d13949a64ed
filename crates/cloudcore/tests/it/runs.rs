//! `runs` and `show`: recorded runs, listed and shown again.

use cloudops_e2e::binary::scripted::{Reply, ScriptedAws, caller, reply};

use crate::{cloudcore, says};

const RUN: &str = "0193a1b2-0000-7000-8000-000000000001";

const REPORT: &str = r#"{
  "schema": 1, "run": "0193a1b2-0000-7000-8000-000000000001", "scope": "instance",
  "command": "cloudcore init", "version": "0.1.0",
  "owner": {"user": "bob", "host": "build-7", "pid": 4711},
  "caller": "arn:aws:iam::123456789012:user/bob", "account": "123456789012",
  "region": "us-west-2", "began": "2026-01-01T00:00:00Z",
  "ended": {"time": "2026-01-01T00:01:05Z", "class": "done", "exit_code": 0, "error": null,
            "hints": []}}"#;

const EVENTS: &str = r#"{"schema":1,"time":"2026-01-01T00:00:01Z","event":"step-started","step":"stack/acme-core-dns","title":"dns (acme-core-dns)"}
{"schema":1,"time":"2026-01-01T00:00:09Z","event":"of-newer-tools","what":"ever"}
{"schema":1,"time":"2026-01-01T00:01:04Z","event":"step-finished","step":"stack/acme-core-dns","outcome":"done","detail":"done after a minute"}
"#;

fn recorded() -> Vec<Reply> {
    let keys = ["report.json", "events.jsonl", "journal.json"]
        .map(|file| format!("<Contents><Key>v1/runs/instance/{RUN}/{file}</Key></Contents>"));
    vec![
        caller("123456789012"),
        reply("s3", "ListObjectsV2")
            .body(format!("<ListBucketResult>{}</ListBucketResult>", keys.concat())),
        reply("s3", "GetObject").on("report.json").body(REPORT),
        reply("s3", "GetObject").on("events.jsonl").body(EVENTS),
    ]
}

#[tokio::test]
async fn runs_are_listed_and_shown_again() {
    let aws = ScriptedAws::start(recorded()).await;
    let program = cloudcore().at(&aws);
    says!(program.run("runs").await, @r"
    exit code: 0
    ----- stdout
     RUN            COMMAND         SCOPE     BEGAN                    TOOK        OUTCOME
     0193a1b2-0000  cloudcore init  instance  [TIME]  1 min 05 s  done
    ");
    says!(program.run("show last").await, @r"
    exit code: 0
    ----- stdout
    cloudcore init  [RUN]
    [TIME] by bob on build-7
       0:01   ..   dns (acme-core-dns)
       1:04   ok   dns (acme-core-dns): done after a minute
    done after 1 min 05 s: it did what was asked
    ");
    assert_eq!(program.run("show 0193a1b2 --output json").await.stdout, EVENTS, "as they were");
    assert!(aws.mutating().is_empty(), "{:?}", aws.mutating());
}

#[tokio::test]
async fn a_run_becomes_a_page() {
    let aws = ScriptedAws::start(recorded()).await;
    let program = cloudcore().at(&aws);
    says!(program.run("show --html run.html").await, @r"
    exit code: 0
    ----- stdout
    the run 0193a1b2-0000 is in run.html
    ");
    let page = fs_err::read_to_string(program.folder().join("run.html")).unwrap();
    assert!(page.contains("<h1>cloudcore init</h1>") && page.contains("acme-core-dns"));
    assert_eq!(program.run("show --html -").await.stdout, page);
}

#[tokio::test]
async fn a_run_that_is_not_there_is_named() {
    let aws = ScriptedAws::start(recorded()).await;
    says!(cloudcore().at(&aws).run("show 07").await, @r"
    exit code: 2
    ----- stderr
    error: there is no recorded run `07`
      hint: `cloudcore runs --all` lists what there is.
    ");
    let none = reply("s3", "ListObjectsV2").error(404, "NoSuchBucket", "there is none");
    let aws = ScriptedAws::start(vec![caller("123456789012"), none]).await;
    says!(cloudcore().at(&aws).run("runs").await, @r"
    exit code: 0
    ----- stdout
    no run is recorded yet
    ");
    says!(cloudcore().at(&aws).run("show").await, @r"
    exit code: 2
    ----- stderr
    error: no run is recorded yet
      hint: A run is recorded when it changes something.
    ");
}
