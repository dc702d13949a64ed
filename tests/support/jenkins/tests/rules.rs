//! What the stand-in refuses, by raw requests.

use reqwest::{Client, RequestBuilder, redirect::Policy};
use tempfile::TempDir;

use super::{PASSWORD, home, start};
use crate::jenkins::Server;

const JOB: &str = "<flow-definition><properties/><definition \
    class='org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition'><script>x</script>\
    <sandbox>true</sandbox></definition></flow-definition>";
const PARAMETERS: &str = "<properties><hudson.model.ParametersDefinitionProperty>\
    <parameterDefinitions><hudson.model.ChoiceParameterDefinition><name>C</name>\
    <choices class='java.util.Arrays$ArrayList'><a class='string-array'><string>a</string></a>\
    </choices></hudson.model.ChoiceParameterDefinition></parameterDefinitions>\
    </hudson.model.ParametersDefinitionProperty></properties>";

fn http() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

/// A server, and an API token for it.
struct Setup {
    server: Server,
    token: String,
    _home: TempDir,
}

impl Setup {
    async fn new() -> Self {
        let home = home();
        let server = start(&home).await;
        let token = super::client(&server, PASSWORD).create_api_token("test").await.unwrap();
        Self { server, token: token.expose().to_owned(), _home: home }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.endpoint())
    }

    fn post(&self, path: &str) -> RequestBuilder {
        http().post(self.url(path)).basic_auth("admin", Some(&self.token))
    }

    fn create(&self, name: &str, xml: &str) -> RequestBuilder {
        let request = self.post(&format!("createItem?name={name}"));
        request.header("Content-Type", "application/xml").body(xml.to_owned())
    }
}

#[tokio::test]
async fn it_boots_until_the_password_is_there() {
    let home = home();
    fs_err::remove_file(home.path().join("password")).unwrap();
    let server = start(&home).await;
    let answer = http().get(server.endpoint()).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let page = answer.text().await.unwrap();
    assert!(page.contains("Please wait while Jenkins is getting ready to work"), "{page}");
    fs_err::write(home.path().join("password"), PASSWORD).unwrap();
    let api = format!("{}api/json", server.endpoint());
    let answer = http().get(&api).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let answer = http().get(&api).basic_auth("admin", Some(PASSWORD)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("X-Jenkins"));
    assert_eq!(status(http().get(&api).basic_auth("admin", Some("no"))).await, 401);
    assert_eq!(status(http().get(&api).basic_auth("root", Some(PASSWORD))).await, 401);
}

#[tokio::test]
async fn items_are_read_strictly() {
    let setup = Setup::new().await;
    assert_eq!(status(setup.create("x", JOB)).await, 200);
    let taken = setup.create("x", JOB).send().await.unwrap();
    assert_eq!(taken.headers()["X-Error"], "A job already exists with the name ?x?");
    assert!(taken.text().await.unwrap().contains("already exists with the name ‘x’"));
    assert_eq!(status(setup.create("y", "<maven2-moduleset/>")).await, 500, "a missing plugin");
    let unknown = JOB.replace("<properties/>", "<properties/><colour>blue</colour>");
    let answer = setup.create("y", &unknown).send().await.unwrap();
    assert_eq!(answer.status(), 500);
    let page = answer.text().await.unwrap();
    assert!(page.contains("flow-definition/colour: Jenkins does not know it"), "{page}");
    assert_eq!(status(setup.post("createItem?name=y").body("x")).await, 400);
    let update = |kind: &str, xml: &str| {
        let request = setup.post("job/x/config.xml").header("Content-Type", kind);
        request.body(xml.to_owned())
    };
    let umlaut = JOB.replace("<properties/>", "<properties/><description>É</description>");
    assert_eq!(status(update("application/xml", &umlaut)).await, 500, "read as ISO-8859-1");
    assert_eq!(status(update("application/xml; charset=utf-8", &umlaut)).await, 200);
    assert_eq!(status(update("application/xml; charset=utf-8", &unknown)).await, 500);
    assert_eq!(status(setup.post("job/x%2F..%2F..%2Fx/doDelete")).await, 404);
}

#[tokio::test]
async fn builds_are_refused_as_jenkins_does() {
    let setup = Setup::new().await;
    assert_eq!(status(setup.create("x", JOB)).await, 200);
    let parameters = JOB.replace("<properties/>", PARAMETERS);
    assert_eq!(status(setup.create("p", &parameters)).await, 200);
    assert_eq!(status(setup.post("job/x/buildWithParameters")).await, 400);
    assert_eq!(status(setup.post("job/p/build")).await, 400);
    assert_eq!(status(setup.post("job/p/buildWithParameters?C=b")).await, 500);
    let started = setup.post("job/p/buildWithParameters?C=a&D=dropped").send().await.unwrap();
    assert_eq!(started.status(), 201);
    let location = started.headers()["Location"].to_str().unwrap().to_owned();
    assert_eq!(location, setup.url("queue/item/1/"));
    assert_eq!(status(setup.post("job/none/build")).await, 404);
}

#[tokio::test]
async fn a_message_about_commits_needs_its_token() {
    let home = home();
    let mut options = super::options(home.path());
    options.notify_token = Some("secret".to_owned());
    let server = Server::start(options).await.unwrap();
    let notify = |query: &str| {
        let url = format!("{}git/notifyCommit?url=file:///none{query}", server.endpoint());
        http().get(url)
    };
    assert_eq!(status(notify("")).await, 401);
    assert_eq!(status(notify("&token=wrong")).await, 403);
    let answer = notify("&token=secret").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().starts_with("No git jobs using repository"));
    server.stop().await;
}
