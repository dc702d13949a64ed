//! Bad input about a foundation: what is refused changes nothing, and what is half-made is finished
//! by the same command.

use cloudops_e2e::{
    proxy::{Effect, Release, Rule},
    rehearsal::{instance::Instance, stage::Stage},
};
use serde_json::Value;

use crate::stand::{aws, ends, held_at, listed, with_stage};

const STATE: &str = "cloudops-acme-state-123456789012-us-west-2";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_changes_nothing_and_what_is_half_there_is_finished() {
    with_stage("bad-foundation", |stage| async move {
        let instance = stage.instance("acme", 71).await.unwrap();
        before_anything(&stage, &instance).await;
        zone_of_others(&stage, &instance).await;
        ends(&instance, "cloudcore init", 0).await;
        newer_state(&stage, &instance).await;
        other_place(&stage, &instance).await;
        half_deleted(&stage, &instance).await;
    })
    .await;
}

/// Settings that cannot be meant: nothing is made.
async fn before_anything(stage: &Stage, instance: &Instance) {
    for (from, to, words) in [
        ("10.71.0.0/16", "10.71.0.0/28", "network.cidr"),
        ("203.0.113.0/24", "0.0.0.0/0", "would let everybody in"),
        ("acme.example.com", "acme", "domain"),
        ("\"123456789012\"", "\"999999999999\"", "999999999999"),
        ("nat-gateways: single", "nat-gateways: some", "nat-gateways"),
    ] {
        let told = refused(instance, from, to, 3).await;
        assert!(told.contains(words), "no `{words}` in:\n{told}");
    }
    assert_eq!(stacks(stage).await, [""; 0]);
}

/// A zone of the name is there already: it is told, and the one of the instance is another.
async fn zone_of_others(stage: &Stage, instance: &Instance) {
    let made = [
        "route53",
        "create-hosted-zone",
        "--name",
        "acme.example.com",
        "--caller-reference",
        "others",
        "--query",
        "HostedZone.Id",
    ];
    let zone = listed(stage, &made).await.remove(0);
    let told = ends(instance, "cloudcore doctor", 0).await.text();
    assert!(told.contains("has a public zone acme.example.com already"), "{told}");
    let gone = aws(stage, &["route53", "delete-hosted-zone", "--id", &zone]).await;
    assert!(gone.0, "{}", gone.1);
}

/// State that newer tools wrote: no verb changes anything.
async fn newer_state(stage: &Stage, instance: &Instance) {
    let (url, file) = (format!("s3://{STATE}/v1/init.json"), instance.folder.join("init.json"));
    let file = file.to_str().unwrap();
    copy(stage, &url, file).await;
    let text = fs_err::read_to_string(file).unwrap();
    let mut state: Value = serde_json::from_str(&text).unwrap();
    state["schema"] = 99.into();
    let newer = format!("{file}.newer");
    fs_err::write(&newer, state.to_string()).unwrap();
    copy(stage, &newer, &url).await;

    let before = changed(stage).await;
    // Every stack would get another tag.
    let told = refused(instance, "\"4711\"", "\"4712\"", 3).await;
    assert!(told.contains("it was written by newer tools"), "{told}");
    for line in
        ["cloudcore build-server upgrade --yes", "clouddeploy init", "cloudteam package list"]
    {
        let told = ends(instance, line, 3).await.text();
        assert!(told.contains("it was written by newer tools"), "{line}: {told}");
    }
    assert_eq!(changed(stage).await, before);
    copy(stage, file, &url).await;
}

async fn copy(stage: &Stage, from: &str, to: &str) {
    let copied = aws(stage, &["s3", "cp", from, to]).await;
    assert!(copied.0, "{}", copied.1);
}

/// Another account in the settings, or another region.
async fn other_place(stage: &Stage, instance: &Instance) {
    let before = changed(stage).await;
    refused(instance, "\"123456789012\"", "\"999999999999\"", 3).await;
    refused(instance, "us-west-2", "us-east-1", 3).await;
    refused(instance, "10.71.0.0/16", "10.72.0.0/16", 3).await;
    assert_eq!(changed(stage).await, before);
}

/// A deletion that was killed half way: `init` makes all of it whole again.
async fn half_deleted(stage: &Stage, instance: &Instance) {
    let all = stacks(stage).await;
    let proxy = &stage.emulator.proxy;
    let rule = Rule::new("cloudformation", "DeleteStack", Effect::Hold).only(3, 1);
    let (running, _) =
        held_at(proxy, instance, "cloudcore destroy --name acme --yes --no-export", &rule).await;
    running.kill().await.unwrap();
    proxy.release(None, Release::Go).await.unwrap();
    ends(instance, "cloudcore init", 0).await;
    assert_eq!(stacks(stage).await, all);
    let again = ends(instance, "cloudcore init", 0).await.text();
    assert!(again.contains("nothing to change"), "{again}");
}

async fn refused(instance: &Instance, from: &str, to: &str, code: i32) -> String {
    let text = instance.settings.yaml();
    assert!(text.contains(from), "{text}");
    fs_err::write(instance.folder.join("wrong.yaml"), text.replace(from, to)).unwrap();
    ends(instance, "cloudcore init --config wrong.yaml", code).await.text()
}

async fn stacks(stage: &Stage) -> Vec<String> {
    let ask = ["cloudformation", "describe-stacks", "--query", "Stacks[].StackName"];
    let mut names = listed(stage, &ask).await;
    names.sort();
    names
}

/// When each stack was last changed.
async fn changed(stage: &Stage) -> Vec<String> {
    let query = "Stacks[].[StackName,CreationTime,LastUpdatedTime]";
    let mut all = listed(stage, &["cloudformation", "describe-stacks", "--query", query]).await;
    all.sort();
    all
}
