//! The way back to nothing: what would be lost is shown, exported, and at the end AWS is asked what
//! is left.

use std::path::{Path, PathBuf};

use cloudops_e2e::proxy::{Effect, Rule};
use cloudops_e2e::rehearsal::{instance::Instance, stage::Stage};
use serde_json::{Value, json};

use crate::stand::{LIMIT, assert_ended, aws, ends, held_at, listed, output, with_stage};

const DESTROY: &str = "cloudcore destroy --name acme --yes";

#[tokio::test(flavor = "multi_thread")]
async fn a_foundation_is_exported_and_deleted_and_nothing_billed_is_left() {
    with_stage("destroy", |stage| async move {
        let instance = stage.instance("acme", 93).await.unwrap();
        ends(&instance, "cloudcore init", 0).await;
        fill(&stage, &instance).await;

        let before = stacks(&stage).await;
        let shown = ends(&instance, "cloudcore destroy --dry-run", 0).await.text();
        for words in ["acme-core-network", "This stays:", "a month", "record of others: www."] {
            assert!(shown.contains(words), "no `{words}` in:\n{shown}");
        }
        let refused = ends(&instance, DESTROY, 8).await.text();
        assert!(refused.contains("www.acme.example.com CNAME"), "{refused}");
        assert_eq!(stacks(&stage).await, before);
        ends(&instance, "cloudcore destroy --name other --yes --delete-data", 8).await;
        assert_eq!(stacks(&stage).await, before);

        change_record(&stage, "DELETE").await;
        let gone = ends(&instance, &format!("{DESTROY} --export kept"), 0).await.text();
        assert!(gone.contains("nothing else that costs money is left"), "{gone}");
        assert_eq!(stacks(&stage).await, ["acme-core-state"]);
        exported(&instance.folder.join("kept"));
        let buckets = buckets(&stage).await;
        assert_eq!(buckets.len(), 4, "{buckets:?}");

        // The state says what was left, also when the stacks are gone.
        let all = format!("{DESTROY} --delete-data --no-export");
        let gone = ends(&instance, &all, 0).await.text();
        assert!(gone.contains("nothing that costs money is left"), "{gone}");
        assert_eq!((stacks(&stage).await, self::buckets(&stage).await), (vec![], vec![]));
        nothing_billed(&stage).await;
        let again = ends(&instance, &all, 0).await.text();
        assert!(again.contains("there is nothing to delete"), "{again}");

        // The names are free again.
        ends(&instance, "cloudcore init", 0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_deletion_is_gone_on_with() {
    with_stage("destroy-killed", |stage| async move {
        let instance = stage.instance("acme", 94).await.unwrap();
        ends(&instance, "cloudcore init", 0).await;
        let proxy = &stage.emulator.proxy;
        let line = format!("{DESTROY} --delete-data --no-export");
        let rule = Rule::new("cloudformation", "DeleteStack", Effect::Hold).only(3, 1);
        let (running, _) = held_at(proxy, &instance, &line, &rule).await;
        running.kill().await.unwrap();
        proxy.release(None, cloudops_e2e::proxy::Release::Go).await.unwrap();

        let gone = ends(&instance, &line, 0).await.text();
        assert!(gone.contains("nothing that costs money is left"), "{gone}");
        assert_eq!((stacks(&stage).await, buckets(&stage).await), (vec![], vec![]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lingering_network_interfaces_are_waited_for() {
    with_stage("destroy-interfaces", |stage| async move {
        let instance = stage.instance("acme", 95).await.unwrap();
        ends(&instance, "cloudcore init", 0).await;
        let subnet = output(&instance, "PrivateSubnetIds").await;
        let subnet = subnet.split(',').next().unwrap().to_owned();
        let description = "AWS Lambda VPC ENI-acme-recorder";
        let made = [
            "ec2",
            "create-network-interface",
            "--subnet-id",
            &subnet,
            "--description",
            description,
            "--query",
            "NetworkInterface.NetworkInterfaceId",
        ];
        let id = listed(&stage, &made).await.remove(0);
        let attach = [
            "ec2",
            "attach-network-interface",
            "--network-interface-id",
            &id,
            "--instance-id",
            "i-0123456789abcdef0",
            "--device-index",
            "1",
            "--query",
            "AttachmentId",
        ];
        let attachment = listed(&stage, &attach).await.remove(0);

        let running = instance.start(&format!("{DESTROY} --no-export")).unwrap();
        let told = format!("{id} ({description})");
        let (seen, waits) = tokio::sync::oneshot::channel();
        let mut seen = Some(seen);
        let watch = running.finish(LIMIT, |line| {
            if line.contains(&told)
                && let Some(seen) = seen.take()
            {
                seen.send(()).unwrap();
            }
        });
        let release = async {
            // AWS takes its interface back; nobody but us deletes it.
            if waits.await.is_ok() {
                let detach = ["ec2", "detach-network-interface", "--attachment-id", &attachment];
                let detached = aws(&stage, &detach).await;
                assert!(detached.0, "{}", detached.1);
            }
        };
        let (finished, ()) = tokio::join!(watch, release);
        let finished = finished.unwrap();
        assert_ended(&finished, 0);
        assert!(finished.text().contains(&told), "{}", finished.text());
        assert_eq!(stacks(&stage).await, ["acme-core-state"]);
    })
    .await;
}

/// What a person keeps in an instance: configuration, a secret, packages, records.
async fn fill(stage: &Stage, instance: &Instance) {
    ends(instance, "cloudcore config set shop/currency EUR", 0).await;
    fs_err::write(instance.folder.join("secret.txt"), SECRET).unwrap();
    ends(instance, "cloudcore config set shop/key --secret --file secret.txt", 0).await;
    let packages = buckets(stage).await.into_iter().find(|name| name.contains("packages"));
    let (packages, file) = (packages.unwrap(), instance.folder.join("secret.txt"));
    for _ in 0..2 {
        let put = ["s3api", "put-object", "--bucket", &packages, "--key", "a.zip", "--body"];
        let put = aws(stage, &[&put[..], &[file.to_str().unwrap()]].concat()).await;
        assert!(put.0, "{}", put.1);
    }
    change_record(stage, "UPSERT").await;
}

const SECRET: &str = "a secret that no export has";

async fn change_record(stage: &Stage, action: &str) {
    let query = "HostedZones[?Name=='acme.example.com.' && Config.PrivateZone==`false`].Id";
    let zone = listed(stage, &["route53", "list-hosted-zones", "--query", query]).await.remove(0);
    let set = json!({
        "Name": "www.acme.example.com", "Type": "CNAME", "TTL": 60,
        "ResourceRecords": [{"Value": "elsewhere.example.net"}],
    });
    let batch = json!({"Changes": [{"Action": action, "ResourceRecordSet": set}]}).to_string();
    let change = ["route53", "change-resource-record-sets", "--hosted-zone-id", &zone];
    let changed = aws(stage, &[&change[..], &["--change-batch", &batch]].concat()).await;
    assert!(changed.0, "{}", changed.1);
}

async fn stacks(stage: &Stage) -> Vec<String> {
    let mut names =
        listed(stage, &["cloudformation", "describe-stacks", "--query", "Stacks[].StackName"])
            .await;
    names.sort();
    names
}

async fn buckets(stage: &Stage) -> Vec<String> {
    listed(stage, &["s3api", "list-buckets", "--query", "Buckets[].Name"]).await
}

/// The export has what a person needs to build it again, and no secret.
fn exported(folder: &Path) {
    let read = |name: &str| fs_err::read_to_string(folder.join(name)).unwrap();
    let configuration = read("configuration.yaml");
    assert!(configuration.contains("currency: EUR"), "{configuration}");
    let stacks: Value = serde_json::from_str(&read("stacks.json")).unwrap();
    assert!(stacks["acme-core-network"]["outputs"]["VpcId"].is_string(), "{stacks:#}");
    assert!(read("templates/acme-core-network.yaml").contains("AWS::EC2::VPC"));
    assert!(read("state/v1/init.json").contains("acme.example.com"));
    for file in files(folder) {
        let text = fs_err::read_to_string(&file).unwrap();
        assert!(!text.contains(SECRET), "{}", file.display());
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let deeper = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(deeper).collect()
}

/// What costs money whether it is used or not, asked of each service.
async fn nothing_billed(stage: &Stage) {
    for ask in [
        &[
            "ec2",
            "describe-nat-gateways",
            "--filter",
            "Name=state,Values=available",
            "--query",
            "NatGateways[].NatGatewayId",
        ][..],
        &["ec2", "describe-addresses", "--query", "Addresses[].AllocationId"],
        &["ec2", "describe-vpc-endpoints", "--query", "VpcEndpoints[].VpcEndpointId"],
        &["elbv2", "describe-load-balancers", "--query", "LoadBalancers[].LoadBalancerArn"],
        &["efs", "describe-file-systems", "--query", "FileSystems[].FileSystemId"],
        &["ecs", "list-services", "--cluster", "acme-build", "--query", "serviceArns"],
        &["route53", "list-hosted-zones", "--query", "HostedZones[?Name!='example.com.'].Id"],
        &["secretsmanager", "list-secrets", "--query", "SecretList[].Name"],
        &["logs", "describe-log-groups", "--query", "logGroups[].logGroupName"],
        &[
            "ssm",
            "get-parameters-by-path",
            "--path",
            "/cloudops/acme",
            "--recursive",
            "--query",
            "Parameters[].Name",
        ],
    ] {
        if ask[0] == "ecs" && !aws(stage, ask).await.0 {
            continue; // The cluster is gone.
        }
        let found = listed(stage, ask).await;
        assert!(found.is_empty(), "{ask:?}: {found:?}");
    }
}
