//! Bad input: each is answered with its own exit code and with what to do.

use std::net::{Ipv4Addr, TcpListener};

use cloudops_e2e::rehearsal::instance::Instance;

use crate::stand::{ends, with_stage};

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_answered_with_its_exit_code() {
    with_stage("bad-input", |stage| async move {
        let instance = stage.instance("acme", 70).await.unwrap();
        credentials_and_place(&instance).await;
        settings_file(&instance).await;
        order_and_package(&instance).await;
    })
    .await;
}

async fn says(instance: &Instance, line: &str, code: i32, words: &[&str]) {
    let text = ends(instance, line, code).await.text();
    for word in words {
        assert!(
            text.contains(word),
            "`{line}` did not say `{word}`, but:\n{text}"
        );
    }
}

async fn credentials_and_place(instance: &Instance) {
    let nobody = instance
        .with_variable("AWS_ACCESS_KEY_ID", None)
        .with_variable("AWS_SECRET_ACCESS_KEY", None);
    says(&nobody, "cloudcore init", 4, &["credentials"]).await;

    let elsewhere = instance.with_variable("AWS_REGION", Some("eu-west-1"));
    says(&elsewhere, "cloudcore init", 3, &["eu-west-1", "us-west-2"]).await;

    // A port that nobody listens at: it was free a moment ago.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let down = instance.with_variable("AWS_ENDPOINT_URL", Some(&endpoint));
    says(&down, "cloudcore init", 12, &[]).await;
}

async fn settings_file(instance: &Instance) {
    let good = instance.settings.yaml();
    let other = |name: &str, text: String| {
        fs_err::write(instance.folder.join(name), text).unwrap();
        format!("cloudcore plan --config {name}")
    };
    let line = other("wrong-value.yaml", good.replace("zones: 2", "zones: seven"));
    let number = good
        .lines()
        .position(|line| line.starts_with("network"))
        .unwrap()
        + 1;
    let place = format!("wrong-value.yaml:{number}:");
    says(instance, &line, 3, &[&place, "zones"]).await;

    let line = other("unknown-key.yaml", good.replace("domain:", "domian:"));
    says(
        instance,
        &line,
        3,
        &["unknown-key.yaml:5:1", "domian", "Did you mean `domain`?"],
    )
    .await;

    let line = other("not-yaml.yaml", good.replace("tags: {", "tags: {{["));
    says(instance, &line, 3, &["not-yaml.yaml:6:"]).await;

    says(
        instance,
        "cloudcore plan --config missing.yaml",
        3,
        &["missing.yaml"],
    )
    .await;
}

async fn order_and_package(instance: &Instance) {
    says(instance, "clouddeploy init", 5, &["cloudcore init"]).await;
    says(
        instance,
        "cloudteam init --source commerce",
        5,
        &["cloudcore init"],
    )
    .await;
    says(
        instance,
        "clouddeploy deploy --env qa --yes",
        5,
        &["cloudcore init"],
    )
    .await;

    fs_err::write(instance.folder.join("notes.zip"), "these are notes").unwrap();
    says(
        instance,
        "cloudteam package publish notes.zip",
        3,
        &["notes.zip"],
    )
    .await;
    says(
        instance,
        "cloudteam package verify notes.zip",
        3,
        &["notes.zip"],
    )
    .await;
    says(instance, "cloudcore", 2, &["init"]).await;
}
