//! An instance lives in a network of others, beside one with a network of its own: nothing in it is
//! changed, nothing of others is deleted, and what is left over is named.

use std::collections::BTreeSet;

use cloudops_e2e::rehearsal::{instance::Instance, stage::Stage};
use serde_json::{Map, Value, json};

use crate::stand::{answer, aws, ends, listed, output, with_stage};

const DESTROY: &str = "cloudcore destroy --name acme --yes --no-export";

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_a_guest_in_a_network_of_others() {
    with_stage("network-adopted", |stage| async move {
        let theirs = company(&stage, &["make", "10.82.0.0/16"]).await;
        let vpc = theirs["vpc"].as_str().unwrap();
        let before = company(&stage, &["look", vpc]).await;
        let instance = stage.instance("acme", 82).await.unwrap();
        unfit_networks_are_refused(&stage, &instance, &theirs).await;

        adopt(&instance, &theirs, |_| {});
        ends(&instance, "cloudcore doctor", 0).await;
        ends(&instance, "cloudcore init", 0).await;
        assert_eq!(output(&instance, "VpcId").await, vpc);
        let during = company(&stage, &["look", vpc]).await;
        only_our_groups_came(&before, &during);
        let again = ends(&instance, "cloudcore init", 0).await.text();
        assert!(again.contains("nothing to change"), "{again}");
        // An instance stays in its network.
        fs_err::write(instance.folder.join("own.yaml"), instance.settings.yaml()).unwrap();
        ends(&instance, "cloudcore init --config own.yaml", 3).await;

        let second = beside_another_one(&stage).await;
        what_is_left_is_named(&stage, &instance, &during, &theirs).await;
        is_as_before(&before, &company(&stage, &["look", vpc]).await);
        // The other instance has all that it had.
        let again = ends(&second, "cloudcore init", 0).await.text();
        assert!(again.contains("nothing to change"), "{again}");
    })
    .await;
}

/// Runs the independent client.
async fn company(stage: &Stage, arguments: &[&str]) -> Value {
    let mut command = tokio::process::Command::new(&stage.kit.python);
    command.arg(stage.kit.fixtures.join("network/vpc.py")).args(arguments);
    let region = ("AWS_DEFAULT_REGION", cloudops_e2e::rehearsal::stage::REGION);
    let output = command.envs(stage.emulator.env()).env(region.0, region.1).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Writes a `cloudops.yaml` that adopts a network, with a change.
fn adopt(instance: &Instance, theirs: &Value, change: impl FnOnce(&mut Map<String, Value>)) {
    let wanted = json!({
        "vpc": theirs["vpc"],
        "cidr": "10.82.0.0/16",
        "public-subnets": theirs["public"],
        "private-subnets": theirs["private"],
        "data-subnets": theirs["data"],
    });
    let Value::Object(mut wanted) = wanted else { unreachable!("it is written above") };
    change(&mut wanted);
    // JSON is YAML.
    let network = format!("network: {{zones: 2, adopt: {}}}", Value::Object(wanted));
    let text = instance.settings.yaml();
    let own = text.lines().find(|line| line.starts_with("network:")).unwrap();
    fs_err::write(instance.folder.join("cloudops.yaml"), text.replace(own, &network)).unwrap();
}

/// All that is wrong is said at once, and nothing is made.
async fn unfit_networks_are_refused(stage: &Stage, instance: &Instance, theirs: &Value) {
    let query = "Subnets[?DefaultForAz].SubnetId";
    let foreign = listed(stage, &["ec2", "describe-subnets", "--query", query]).await.remove(0);
    let (public, private) = (theirs["public"].clone(), theirs["private"].clone());
    adopt(instance, theirs, |wanted| {
        wanted.insert("cidr".to_owned(), json!("10.83.0.0/16"));
        wanted.insert("public-subnets".to_owned(), private.clone());
        wanted.insert("private-subnets".to_owned(), json!([public[0], "subnet-0123456789abcdef0"]));
        wanted.insert("data-subnets".to_owned(), json!([theirs["data"][1], foreign]));
    });
    let told = ends(instance, "cloudcore init", 3).await.text();
    for words in [
        "its range is 10.82.0.0/16, not 10.83.0.0/16".to_owned(),
        format!("the public subnet {} has no route to an internet gateway", text(&private[0])),
        format!("the private subnet {} has a route to an internet gateway", text(&public[0])),
        "the private subnet subnet-0123456789abcdef0 does not exist here".to_owned(),
        format!("the data subnet {foreign} is in vpc-"),
    ] {
        assert!(told.contains(&words), "no `{words}` in:\n{told}");
    }
    adopt(instance, theirs, |wanted| {
        wanted.insert("private-subnets".to_owned(), json!([private[0], theirs["data"][0]]));
    });
    let told = ends(instance, "cloudcore init", 3).await.text();
    assert!(told.contains("two private subnets are in one zone"), "{told}");
    ends(instance, "cloudcore doctor", 5).await;
    let stacks = ["cloudformation", "describe-stacks", "--query", "Stacks[].StackName"];
    assert_eq!(listed(stage, &stacks).await, Vec::<String>::new());
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Security groups with the tag of the instance are new; all else is as it was.
fn only_our_groups_came(before: &Value, during: &Value) {
    let mut rest = during.clone();
    for kind in ["SecurityGroups", "NetworkInterfaces"] {
        let known = before[kind].as_object().unwrap();
        let now = rest[kind].as_object_mut().unwrap();
        let new: Vec<_> = now.keys().filter(|id| !known.contains_key(*id)).cloned().collect();
        assert!(!new.is_empty() || kind != "SecurityGroups", "{now:#?}");
        for id in new {
            let thing = now.remove(&id).unwrap();
            assert!(kind != "SecurityGroups" || is_ours(&thing), "{thing:#}");
        }
    }
    is_as_before(before, &rest);
}

/// Compares thing by thing, so that a failure can be read.
fn is_as_before(before: &Value, now: &Value) {
    for (kind, things) in before.as_object().unwrap() {
        let ids = |all: &Value| all.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(ids(&now[kind]), ids(things), "{kind}");
        for (id, thing) in things.as_object().unwrap() {
            assert_eq!(now[kind][id], *thing, "{kind} {id}");
        }
    }
}

fn is_ours(group: &Value) -> bool {
    let tags = group["Tags"].as_array().into_iter().flatten();
    let ours = json!({"Key": "cloudops:instance", "Value": "acme"});
    tags.into_iter().any(|tag| *tag == ours)
}

/// A second instance in the same account and region, whose name begins as that of the first.
async fn beside_another_one(stage: &Stage) -> Instance {
    let second = stage.instance("acme-core", 84).await.unwrap();
    ends(&second, "cloudcore init", 0).await;
    let found = ends(&second, "cloudcore list --output json", 0).await.text();
    let line = found.lines().find(|line| line.contains("\"instances\"")).unwrap_or_default();
    let found: Value =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {found}"));
    let names: Vec<&Value> =
        found["instances"].as_array().unwrap().iter().map(|one| &one["instance"]).collect();
    assert_eq!(names, ["acme", "acme-core"], "{found:#}");
    second
}

/// An interface of ours that AWS holds is waited for, those of others are not; an address that is
/// billed is named until somebody releases it.
async fn what_is_left_is_named(stage: &Stage, instance: &Instance, during: &Value, theirs: &Value) {
    let groups = during["SecurityGroups"].as_object().unwrap().values();
    let ours = groups.filter(|group| is_ours(group)).map(|group| text(&group["GroupId"]));
    let group = ours.into_iter().next().unwrap();
    let subnet = text(&theirs["private"][0]);
    let make = ["ec2", "create-network-interface", "--subnet-id", subnet, "--groups", group];
    let left = answer(stage, &make).await["NetworkInterface"]["NetworkInterfaceId"].clone();

    let tags = "ResourceType=elastic-ip,Tags=[{Key=cloudops:instance,Value=acme}]";
    let make = ["ec2", "allocate-address", "--domain", "vpc", "--tag-specifications", tags];
    let address = answer(stage, &make).await["AllocationId"].clone();
    let address = text(&address);

    let told = ends(instance, DESTROY, 10).await.text();
    assert!(told.contains("still there, and billed: public address "), "{told}");
    assert!(told.contains(&format!("elastic-ip/{address}")), "{told}");
    assert!(told.contains(text(&left)), "it had to go first:\n{told}");
    assert!(!told.contains("theirs, "), "{told}");
    let release = ["ec2", "release-address", "--allocation-id", address];
    let released = aws(stage, &release).await;
    assert!(released.0, "{}", released.1);
    let told = ends(instance, DESTROY, 0).await.text();
    assert!(told.contains("nothing else that costs money is left"), "{told}");
}
