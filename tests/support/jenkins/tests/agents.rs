//! What only the stand-in can be told: credentials, labels, restarts.

use std::time::Duration;

use cloudops_aws::jenkins::{
    BuildOutcome, CredentialsBinding, CredentialsKind, PipelineJob, Readiness,
};

use super::jobs::{Ci, job};
use crate::jenkins::steps::expand;

fn with_credentials(kind: CredentialsKind, id: &str, script: &str) -> PipelineJob {
    let mut job = job(script);
    job.credentials = vec![CredentialsBinding { id: id.to_owned(), kind }];
    job
}

#[tokio::test]
async fn secrets_reach_the_script_and_not_the_log() {
    let name = |name: &str| name.to_owned();
    let user = CredentialsKind::UsernamePassword { user: name("U"), password: name("P") };
    let script = "echo \"user=$U password=$P\"\nprintf '%s' \"$P\" > out.txt\necho \"x${P}y\" >&2";
    let job = with_credentials(user, "git", script);
    let secrets = tempfile::NamedTempFile::new().unwrap();
    let list = serde_json::json!([
        {"kind": "usernamePassword", "id": "git", "username": "ci", "password": "hunter3"},
        {"kind": "file", "id": "settings", "content": "<settings/>"},
    ]);
    fs_err::write(secrets.path(), list.to_string()).unwrap();
    let file = secrets.path().to_owned();
    let ci = Ci::with(&job, |options| options.credentials_file = Some(file)).await;
    let (_, result, log) = ci.run("r1").await;
    assert_eq!(result.outcome, BuildOutcome::Success, "{log}");
    assert!(log.contains("user=ci password=****") && log.contains("x****y"), "{log}");
    assert!(!log.contains("hunter3"), "{log}");
    let workspace = ci.home.path().join("jenkins/workspace/acme/build");
    assert_eq!(fs_err::read_to_string(workspace.join("out.txt")).unwrap(), "hunter3");
    let kind = CredentialsKind::File("F".to_owned());
    let xml = with_credentials(kind, "settings", "cp \"$F\" copy.xml").config_xml().unwrap();
    ci.jenkins.update_job(&ci.job, &xml).await.unwrap();
    let (_, result, log) = ci.run("r2").await;
    assert_eq!(result.outcome, BuildOutcome::Success, "{log}");
    assert_eq!(fs_err::read_to_string(workspace.join("copy.xml")).unwrap(), "<settings/>");
    assert!(!workspace.with_file_name("build@tmp").exists(), "the secret file is gone");
    let kind = CredentialsKind::Text("T".to_owned());
    let xml = with_credentials(kind, "settings", "true").config_xml().unwrap();
    ci.jenkins.update_job(&ci.job, &xml).await.unwrap();
    let (_, result, log) = ci.run("r3").await;
    assert_eq!(result.outcome, BuildOutcome::Failure);
    assert!(log.contains("Credentials 'settings' is of type 'file'"), "{log}");
}

#[tokio::test]
async fn a_job_with_another_label_waits() {
    let mut job = job("true");
    job.label = Some("other".to_owned());
    let labels = vec!["cloudops".to_owned(), "linux".to_owned()];
    let ci = Ci::with(&job, |options| options.labels = labels).await;
    let build = ci.started(&ci.trigger("r1").await).await;
    ci.said(&build, "There are no nodes with the label ‘other’").await;
    ci.jenkins.abort(&build).await.unwrap();
    assert_eq!(ci.follow(&build).await.0.outcome, BuildOutcome::Aborted);
    job.label = Some("linux && cloudops".to_owned());
    ci.jenkins.update_job(&ci.job, &job.config_xml().unwrap()).await.unwrap();
    assert_eq!(ci.run("r2").await.1.outcome, BuildOutcome::Success);
}

#[tokio::test]
async fn a_build_is_followed_over_a_restart() {
    let job = job("echo up\nwhile [ ! -e go ]; do sleep 0.05; done");
    let ci = Ci::with(&job, |options| options.restart_time = Duration::from_millis(300)).await;
    let build = ci.started(&ci.trigger("r1").await).await;
    ci.said(&build, "\nup").await;
    let waiting = ci.trigger("r2").await;
    ci.jenkins.safe_restart().await.unwrap();
    let away = ci.jenkins.ready().await.unwrap();
    assert!(matches!(away, Readiness::NotReady { .. }), "{away:?}");
    let go = ci.home.path().join("jenkins/workspace/acme/build/go");
    fs_err::write(go, "").unwrap();
    let (result, log) = ci.follow(&build).await;
    assert_eq!(result.outcome, BuildOutcome::Success, "{log}");
    assert_eq!(log.matches("\nup").count(), 1, "{log}");
    let next = ci.started(&waiting).await;
    assert_eq!(ci.follow(&next).await.0.outcome, BuildOutcome::Success);
}

#[test]
fn references_are_expanded_once() {
    let env = vec![("A".to_owned(), "$B".to_owned()), ("B".to_owned(), "b".to_owned())];
    for (text, expected) in
        [("$A ${B}", "$B b"), ("$$A $", "$A $"), ("${C} $C", "${C} $C"), ("$B.x", "b.x")]
    {
        assert_eq!(expand(text, &env), expected, "{text}");
    }
}
