//! The domain is delegated by itself, by a person, or not yet: the foundation stands meanwhile.

use cloudops_e2e::rehearsal::instance::Instance;
use cloudops_e2e::rehearsal::program::Finished;
use cloudops_e2e::rehearsal::stage::{PARENT_DOMAIN, Stage};
use serde_json::json;
use tokio::sync::Notify;

use crate::stand::{LIMIT, assert_ended, aws, ends, listed, with_stage};

/// What an `init` that lacks nothing but the delegation has made.
const BUILT: [&str; 6] = ["bastion", "build", "config", "dns", "network", "storage"];

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_delegated_and_taken_back() {
    with_stage("dns-own", |stage| async move {
        let instance = stage.instance("acme", 71).await.unwrap();
        let plan = ends(&instance, "cloudcore plan", 0).await;
        says(&plan, "the zone example.com gets an NS record for acme.example.com");
        let made = ends(&instance, "cloudcore init", 0).await;
        says(&made, "the zone example.com names the servers of acme.example.com now");
        assert_eq!(named(&stage, &instance).await, servers(&stage, &instance).await);
        let status = ends(&instance, "cloudcore dns status", 0).await;
        says(&status, "good     parent zone");
        let again = ends(&instance, "cloudcore init", 0).await;
        says(&again, "nothing to change");
        ends(&instance, "cloudcore destroy --name acme --delete-data --yes", 0).await;
        assert!(named(&stage, &instance).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_else_is_built_while_nobody_has_delegated() {
    with_stage("dns-person", |stage| async move {
        let instance = stage.instance("acme", 72).await.unwrap();
        leave_the_parent_alone(&instance);
        let early = ends(&instance, "cloudcore init", 5).await;
        says(&early, "acme.example.com is not delegated yet: parent zone:");
        assert_eq!(stacks(&stage).await, BUILT);
        let servers = servers(&stage, &instance).await;
        servers.iter().for_each(|server| says(&early, server));
        ends(&instance, "cloudcore dns status", 5).await;

        let line = "cloudcore init --wait-for-dns 3";
        let waiting = instance.start(line).unwrap();
        let told = Notify::new();
        let finished = waiting.finish(LIMIT, |line| {
            if line.contains("is not delegated yet") {
                told.notify_one();
            }
        });
        let person = async {
            told.notified().await;
            enter(&stage, &instance, &servers).await;
        };
        // A run that never waits leaves nobody to enter anything: it ends first.
        tokio::pin!(finished);
        let finished = tokio::select! {
            early = &mut finished => panic!("it did not wait:\n{}", early.unwrap().text()),
            () = person => finished.await.unwrap(),
        };
        assert_ended(&finished, 0);
        assert_eq!(stacks(&stage).await.len(), BUILT.len() + 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_others_is_replaced_only_by_name() {
    with_stage("dns-others", |stage| async move {
        let instance = stage.instance("acme", 73).await.unwrap();
        let theirs = ["ns.other.example".to_owned()];
        enter(&stage, &instance, &theirs).await;
        let plan = ends(&instance, "cloudcore plan", 0).await;
        says(&plan, "--replace-delegation acme.example.com");
        let refused = ends(&instance, "cloudcore init", 8).await;
        says(&refused, "to other name servers: ns.other.example");
        assert_eq!(stacks(&stage).await, BUILT);
        assert_eq!(named(&stage, &instance).await, theirs);

        ends(&instance, "cloudcore init --replace-delegation other.example.com", 2).await;
        ends(&instance, "cloudcore init --replace-delegation acme.example.com", 0).await;
        assert_eq!(named(&stage, &instance).await, servers(&stage, &instance).await);
    })
    .await;
}

fn says(finished: &Finished, words: &str) {
    let text = finished.text();
    assert!(text.contains(words), "`{}` does not say `{words}`:\n{text}", finished.command);
}

fn leave_the_parent_alone(instance: &Instance) {
    let text = instance.settings.yaml().replace("dns: {", "dns: {delegate: false, ");
    fs_err::write(instance.folder.join("cloudops.yaml"), text).unwrap();
}

/// Titles of the stacks of the instance, apart from the one with the state.
async fn stacks(stage: &Stage) -> Vec<String> {
    let query = "Stacks[].StackName";
    let names = listed(stage, &["cloudformation", "describe-stacks", "--query", query]).await;
    let titles = names.iter().filter_map(|name| name.strip_prefix("acme-core-"));
    let mut titles: Vec<String> =
        titles.filter(|title| *title != "state").map(str::to_owned).collect();
    titles.sort();
    titles
}

/// The name servers that the parent zone names for the domain.
async fn named(stage: &Stage, instance: &Instance) -> Vec<String> {
    values(stage, PARENT_DOMAIN, &instance.settings.domain).await
}

/// Those of the zone of the instance.
async fn servers(stage: &Stage, instance: &Instance) -> Vec<String> {
    let domain = &instance.settings.domain;
    values(stage, domain, domain).await
}

/// Values of an NS record, in order, without final dots.
async fn values(stage: &Stage, zone: &str, name: &str) -> Vec<String> {
    let id = zone_id(stage, zone).await;
    let query =
        format!("ResourceRecordSets[?Name=='{name}.' && Type=='NS'].ResourceRecords[].Value");
    let command =
        ["route53", "list-resource-record-sets", "--hosted-zone-id", &id, "--query", &query];
    let found = listed(stage, &command).await;
    let mut names: Vec<String> =
        found.iter().map(|name| name.trim_end_matches('.').to_owned()).collect();
    names.sort();
    names
}

async fn zone_id(stage: &Stage, name: &str) -> String {
    let query = format!("HostedZones[?Name=='{name}.' && !(Config.PrivateZone)].Id");
    let found = listed(stage, &["route53", "list-hosted-zones", "--query", &query]).await;
    found.first().unwrap().trim_start_matches("/hostedzone/").to_owned()
}

/// What a person does at the parent of the domain.
async fn enter(stage: &Stage, instance: &Instance, servers: &[String]) {
    let records: Vec<_> =
        servers.iter().map(|server| json!({"Value": format!("{server}.")})).collect();
    let set = json!({
        "Name": instance.settings.domain, "Type": "NS", "TTL": 60, "ResourceRecords": records,
    });
    let batch = json!({"Changes": [{"Action": "CREATE", "ResourceRecordSet": set}]}).to_string();
    let zone = zone_id(stage, PARENT_DOMAIN).await;
    let command = ["route53", "change-resource-record-sets", "--hosted-zone-id", &zone];
    let (succeeded, said) = aws(stage, &[&command[..], &["--change-batch", &batch]].concat()).await;
    assert!(succeeded, "{said}");
}
