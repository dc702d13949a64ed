//! The user data of hosts, run in a root filesystem of this Debian: its programs, and an `/etc` of
//! its own. Nothing outside of it can be written to.
#![allow(clippy::unwrap_used, reason = "all of this is tests, also outside of test functions")]

use std::process::Command;

use cloudops_aws::cfn::template::Template;
use cloudops_templates::ALL;
use serde_json::Value;

/// Makes the root filesystem `$1`, runs the script `$2` in it, and prints what it wrote below
/// `/etc`.
const RUN: &str = r#"
set -eu
mount -t tmpfs tmpfs "$1"
for name in usr etc dev tmp; do mkdir "$1/$name"; done
mount --bind /usr "$1/usr"
mount -o remount,bind,ro "$1/usr"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$1/$name"; done
touch "$1/dev/null"
mount --bind /dev/null "$1/dev/null"
# What the image of the host has.
mkdir "$1/etc/ecs"
cp "$2" "$1/user-data"
chroot "$1" /bin/bash -eu /user-data
cd "$1/etc"
find . -type f -exec tail -n +1 -v {} +
"#;

#[test]
fn user_data_runs_in_a_debian_root_filesystem() {
    if !namespaces_work() {
        eprintln!("this machine lets nobody make a root filesystem, so no user data was run");
        return;
    }
    // A Consul server asks AWS and starts services: it has a test of its own, `consul.rs`.
    let all = ALL.iter().filter(|each| each.name != "core/consul");
    let scripts = all.flat_map(|each| {
        let template = Template::parse(each.file, each.body).unwrap();
        let mut found = Vec::new();
        user_data(template.body(), &mut found);
        found.into_iter().map(|text| (each.name, text)).collect::<Vec<_>>()
    });
    let mut names = Vec::new();
    for (name, script) in scripts {
        let wrote = run(&script);
        if name == "deploy/cluster" {
            insta::assert_snapshot!(wrote, @r"
            ==> ./ecs/ecs.config <==
            ECS_CLUSTER=the-Cluster
            ECS_AWSVPC_BLOCK_IMDS=true
            ECS_ENABLE_SPOT_INSTANCE_DRAINING=true
            ECS_CONTAINER_STOP_TIMEOUT=2m
            ECS_IMAGE_PULL_BEHAVIOR=prefer-cached
            ");
        }
        names.push(name);
    }
    assert_eq!(names, ["deploy/cluster"], "what each script writes is checked above");
}

/// Every script under a node, with a word in place of what CloudFormation knows.
fn user_data(node: &Value, found: &mut Vec<String>) {
    match node {
        Value::Object(map) => {
            let encoded = map.get("UserData").and_then(|data| data.get("Fn::Base64"));
            let text = encoded.map(|text| text.get("Fn::Sub").unwrap_or(text));
            if let Some(text) = text.and_then(|text| text.get(0).unwrap_or(text).as_str()) {
                found.push(substituted(text));
            }
            map.values().for_each(|value| user_data(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| user_data(item, found)),
        _ => {}
    }
}

fn substituted(text: &str) -> String {
    let mut parts = text.split("${");
    let mut script = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match (part.strip_prefix('!'), part.split_once('}')) {
            (Some(literal), _) => script.push_str(&format!("${{{literal}")),
            (None, Some((name, rest))) => script.push_str(&format!("the-{name}{rest}")),
            (None, None) => script.push_str(part),
        }
    }
    script
}

fn unshared() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount"]);
    command
}

fn namespaces_work() -> bool {
    unshared().arg("true").output().is_ok_and(|output| output.status.success())
}

fn run(script: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (root, file) = (folder.path().join("root"), folder.path().join("script"));
    std::fs::create_dir(&root).unwrap();
    std::fs::write(&file, script).unwrap();
    let output = unshared().args(["sh", "-c", RUN, "sh"]).args([&root, &file]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{script}");
    String::from_utf8(output.stdout).unwrap()
}
