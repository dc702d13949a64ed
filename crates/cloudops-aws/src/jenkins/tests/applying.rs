//! Applying a job: what is written, and what is left alone.

use wiremock::{MockServer, ResponseTemplate};

use super::{client, count, on, once};
use crate::{
    diagnose::{Class, Diagnose},
    jenkins::{Applied, ItemPath, Owner, PipelineJob},
};

fn path(text: &str) -> ItemPath {
    text.parse().unwrap()
}

fn definition(script: &str) -> String {
    let job = PipelineJob::new(path("acme/x"), Owner::new("acme"), "Test.").stage("Run", script);
    job.config_xml().unwrap()
}

fn xml(text: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(text.as_bytes().to_vec(), "application/xml")
}

#[tokio::test]
async fn an_equal_job_is_not_written() {
    let server = MockServer::start().await;
    let saved = definition("true").replace("<flow-definition>", "<flow-definition plugin='x@1'>");
    on(&server, "GET", "/job/acme/job/x/config.xml", xml(&saved)).await;
    let owner = Owner::new("acme");
    let jenkins = client(&server);
    let applied = jenkins.apply_job(&owner, &path("acme/x"), &definition("true")).await.unwrap();
    assert_eq!(applied, Applied::Unchanged);
    assert_eq!(count(&server, "POST").await, 0);
    on(&server, "POST", "/job/acme/job/x/config.xml", ResponseTemplate::new(200)).await;
    let applied = jenkins.apply_job(&owner, &path("acme/x"), &definition("false")).await.unwrap();
    assert_eq!(applied, Applied::Updated);
    let requests = server.received_requests().await.unwrap();
    let sent = requests.last().unwrap();
    assert_eq!(sent.headers["content-type"], "application/xml; charset=utf-8");
}

#[tokio::test]
async fn a_disabled_job_stays_disabled() {
    let server = MockServer::start().await;
    let disabled = definition("true").replace("<disabled>false", "<disabled>true");
    on(&server, "GET", "/job/acme/job/x/config.xml", xml(&disabled)).await;
    on(&server, "POST", "/job/acme/job/x/config.xml", ResponseTemplate::new(200)).await;
    let owner = Owner::new("acme");
    let jenkins = client(&server);
    let applied = jenkins.apply_job(&owner, &path("acme/x"), &definition("true")).await.unwrap();
    assert_eq!(applied, Applied::Unchanged);
    jenkins.apply_job(&owner, &path("acme/x"), &definition("false")).await.unwrap();
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
    for (name, reason) in [("a", "it belongs to instance other"), ("b", "it is a <project>")] {
        let applied = jenkins.apply_job(&owner, &path(name), &definition("1")).await.unwrap();
        let reason = format!("Jenkins item {name} is not ours: {reason}");
        assert_eq!(applied, Applied::Refused { reason });
        let error = jenkins.delete_job(&owner, &path(name)).await.unwrap_err();
        assert_eq!(error.class(), Class::Denied);
    }
    let error = jenkins.apply_job(&owner, &path("a"), nobodys).await.unwrap_err();
    assert_eq!(error.class(), Class::Configuration);
    assert_eq!(count(&server, "POST").await, 0);
}

#[tokio::test]
async fn a_lost_answer_to_create_is_looked_up() {
    let server = MockServer::start().await;
    once(&server, "GET", "/job/acme/job/x/config.xml", ResponseTemplate::new(404)).await;
    let refusal = ResponseTemplate::new(400)
        .insert_header("X-Error", "A job already exists with the name ?x?");
    on(&server, "POST", "/job/acme/createItem", refusal).await;
    on(&server, "GET", "/job/acme/job/x/config.xml", xml(&definition("true"))).await;
    let owner = Owner::new("acme");
    let made = client(&server).apply_job(&owner, &path("acme/x"), &definition("true")).await;
    assert_eq!(made.unwrap(), Applied::Created);
    let error = client(&server).create_job(&path("acme/x"), "<a/>").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Jenkins refuses to create acme/x: A job already exists with the name ?x? (HTTP 400)"
    );
}
