//! Readiness, credentials, session and crumb, plugins.

use cloudops_aws::{
    diagnose::{Class, Diagnose},
    jenkins::{JenkinsError, Readiness, plugins::PluginLock},
};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::ci::Ci;

const FOLDER: &str = "<com.cloudbees.hudson.plugins.folder.Folder/>";

#[tokio::test]
async fn a_server_says_that_it_is_ready() {
    let ci = Ci::new().await;
    let Readiness::Ready { version } = ci.jenkins.ready().await.unwrap() else {
        panic!("it is not ready");
    };
    assert!(version.starts_with("2."), "{version}");
    let anonymous = reqwest::get(ci.target.url.join("api/json").unwrap()).await.unwrap();
    assert!([401, 403].contains(&anonymous.status().as_u16()), "{}", anonymous.status());
    let wrong = ci.target.client("wrong").ready().await.unwrap_err();
    assert!(matches!(wrong, JenkinsError::Unauthorized { .. }), "{wrong}");
    assert_eq!(wrong.class(), Class::Credentials);
    ci.finish().await;
}

#[tokio::test]
async fn plugins_are_compared_with_a_lock_file() {
    let ci = Ci::new().await;
    let plugins = ci.jenkins.plugins().await.unwrap();
    let version = plugins.get("workflow-job").unwrap();
    let digest = "0".repeat(64);
    let lock = |text: String| PluginLock::parse("test", &text).unwrap().versions();
    let good = lock(format!("workflow-job {version} {digest}"));
    assert!(matches!(ci.jenkins.ready_with(&good).await.unwrap(), Readiness::Ready { .. }));
    let bad = lock(format!("workflow-job 1.0 {digest}\nno-such-plugin 1.0 {digest}"));
    let error = ci.jenkins.ready_with(&bad).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("no-such-plugin 1.0 is missing"), "{text}");
    assert!(text.contains(&format!("workflow-job is {version} in place of 1.0")), "{text}");
    assert!(error.hints()[0].contains("cloudcore build-server upgrade"));
    ci.finish().await;
}

#[tokio::test]
async fn a_password_needs_the_crumb_of_its_session() {
    let ci = Ci::new().await;
    let Some(password) = ci.target.password.clone() else {
        return ci.finish().await;
    };
    let with_password = |method, path: &str| ci.raw_with(method, path, &password);
    let create = |name: &str| {
        let path = ci.path(&ci.folder, &format!("createItem?name={name}"));
        let request = with_password(Method::POST, &path);
        request.header("Content-Type", "application/xml").body(FOLDER)
    };
    let status = |request: RequestBuilder| async { request.send().await.unwrap().status() };
    let refused = create("a").send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert!(refused.text().await.unwrap().contains("No valid crumb was included"));
    let issued = with_password(Method::GET, "crumbIssuer/api/json").send().await.unwrap();
    let cookies = issued.headers().get_all("Set-Cookie").iter();
    let cookies: Vec<_> = cookies
        .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned())
        .collect();
    let crumb: Value = issued.json().await.unwrap();
    let field = crumb["crumbRequestField"].as_str().unwrap();
    let crumb = crumb["crumb"].as_str().unwrap();
    assert_eq!(status(create("a").header(field, crumb)).await, 403, "without its session");
    let good = create("a").header(field, crumb).header("Cookie", cookies.join("; "));
    assert_eq!(status(good).await, 200);
    // The client does the same by itself, and a token needs none of it.
    let client = ci.target.client(&password);
    client.create_job(&ci.item("b"), FOLDER).await.unwrap();
    ci.jenkins.create_job(&ci.item("c"), FOLDER).await.unwrap();
    assert_eq!(ci.jenkins.list(&ci.folder).await.unwrap().len(), 3);
    ci.finish().await;
}
