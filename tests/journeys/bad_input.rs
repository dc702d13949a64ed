//! Bad input: each is answered with its own exit code and with what to do.

use std::net::{Ipv4Addr, TcpListener};

use cloudops_e2e::rehearsal::instance::Instance;

use crate::stand::with_stage;

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_answered_with_its_exit_code() {
    with_stage("bad-input", |stage| async move {
        let instance = stage.instance("acme", 70).await.unwrap();
        let mut asked = Asked::default();
        credentials_and_place(&mut asked, &instance).await;
        settings_file(&mut asked, &instance).await;
        order_and_package(&mut asked, &instance).await;
        assert!(asked.wrong.is_empty(), "{}", asked.wrong.join("\n\n"));
    })
    .await;
}

/// All bad input is tried before the verdict: one wrong answer does not hide the others.
#[derive(Default)]
struct Asked {
    wrong: Vec<String>,
}

impl Asked {
    async fn says(&mut self, instance: &Instance, line: &str, code: i32, words: &[&str]) {
        let finished = instance.run(line).await.unwrap();
        let (found, text) = (finished.code, finished.text());
        if found != code {
            self.wrong.push(format!("`{line}` ended with {found} instead of {code}:\n{text}"));
        }
        for word in words.iter().filter(|word| !text.contains(**word)) {
            self.wrong.push(format!("`{line}` did not say `{word}`, but:\n{text}"));
        }
    }
}

async fn credentials_and_place(asked: &mut Asked, instance: &Instance) {
    let nobody = instance
        .with_variable("AWS_ACCESS_KEY_ID", None)
        .with_variable("AWS_SECRET_ACCESS_KEY", None);
    asked.says(&nobody, "cloudcore init", 4, &["credentials"]).await;

    let elsewhere = instance.with_variable("AWS_REGION", Some("eu-west-1"));
    asked.says(&elsewhere, "cloudcore init", 3, &["eu-west-1", "us-west-2"]).await;

    // A port that nobody listens at: it was free a moment ago.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let down = instance.with_variable("AWS_ENDPOINT_URL", Some(&endpoint));
    asked.says(&down, "cloudcore init", 12, &[]).await;
}

async fn settings_file(asked: &mut Asked, instance: &Instance) {
    let good = instance.settings.yaml();
    let other = |name: &str, text: String| {
        fs_err::write(instance.folder.join(name), text).unwrap();
        format!("cloudcore plan --config {name}")
    };
    let line = other("wrong-value.yaml", good.replace("zones: 2", "zones: seven"));
    let number = good.lines().position(|line| line.starts_with("network")).unwrap() + 1;
    let place = format!("wrong-value.yaml:{number}:");
    asked.says(instance, &line, 3, &[&place, "zones"]).await;

    let line = other("unknown-key.yaml", good.replace("domain:", "domian:"));
    asked
        .says(instance, &line, 3, &["unknown-key.yaml:5:1", "domian", "Did you mean `domain`?"])
        .await;

    let line = other("not-yaml.yaml", good.replace("tags: {", "tags: {{["));
    asked.says(instance, &line, 3, &["not-yaml.yaml:6:"]).await;

    asked.says(instance, "cloudcore plan --config missing.yaml", 3, &["missing.yaml"]).await;
}

async fn order_and_package(asked: &mut Asked, instance: &Instance) {
    asked.says(instance, "clouddeploy init", 5, &["cloudcore init"]).await;
    asked.says(instance, "cloudteam init --source commerce", 5, &["cloudcore init"]).await;
    asked.says(instance, "clouddeploy deploy --env qa --yes", 5, &["cloudcore init"]).await;

    fs_err::write(instance.folder.join("notes.zip"), "these are notes").unwrap();
    asked.says(instance, "cloudteam package publish notes.zip", 3, &["notes.zip"]).await;
    asked.says(instance, "cloudteam package verify notes.zip", 3, &["notes.zip"]).await;
    asked.says(instance, "cloudcore", 2, &["init"]).await;
}
