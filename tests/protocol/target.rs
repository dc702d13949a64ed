//! The server that the tests talk to.

use std::{env, time::Duration};

use cloudops_aws::{
    jenkins::{Connect, Jenkins},
    redact::Secret,
};
use cloudops_e2e::jenkins::{Options, Server};
use tempfile::TempDir;
use url::Url;

use super::war::War;

/// A server, and what a test needs to reach it.
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) user: String,
    pub(crate) token: String,
    /// The password, where it is known: only with it a request needs a crumb.
    pub(crate) password: Option<String>,
    /// Whether its builds can read the folders of this machine.
    pub(crate) is_local: bool,
    kept: Kept,
}

enum Kept {
    StandIn(Server, #[expect(dead_code, reason = "it is deleted when the test ends")] TempDir),
    War(Box<War>),
    Elsewhere,
}

/// The server that the environment names; without one, the stand-in.
pub(crate) async fn server() -> Target {
    if let Ok(url) = env::var("CLOUDOPS_JENKINS_URL") {
        return elsewhere(&url);
    }
    if let Some(war) = env::var_os("JENKINS_WAR") {
        let war = War::start(war.as_ref()).await;
        let url = war.url.clone();
        return with_password(url, war.password.clone(), Kept::War(Box::new(war))).await;
    }
    let home = tempfile::tempdir().unwrap();
    let password = "correct horse".to_owned();
    fs_err::write(home.path().join("password"), &password).unwrap();
    let plugins = home.path().join("plugins.lock");
    fs_err::write(&plugins, cloudops_templates::build_server::PLUGINS.text).unwrap();
    let mut options = Options::new(home.path().join("home"), home.path().join("password"));
    options.plugins_file = Some(plugins);
    options.poll_interval = Some(Duration::from_millis(200));
    let server = Server::start(options).await.unwrap();
    let url = server.endpoint().parse().unwrap();
    with_password(url, password, Kept::StandIn(server, home)).await
}

fn elsewhere(url: &str) -> Target {
    let need = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is needed too"));
    Target {
        url: url.parse().unwrap(),
        user: need("CLOUDOPS_JENKINS_USER"),
        token: need("CLOUDOPS_JENKINS_TOKEN"),
        password: None,
        is_local: false,
        kept: Kept::Elsewhere,
    }
}

async fn with_password(url: Url, password: String, kept: Kept) -> Target {
    let user = "admin".to_owned();
    let mut target =
        Target { url, user, token: String::new(), password: None, is_local: true, kept };
    let token = target.client(&password).create_api_token("protocol").await.unwrap();
    token.expose().clone_into(&mut target.token);
    target.password = Some(password);
    target
}

impl Target {
    /// A client of ours.
    pub(crate) fn client(&self, secret: &str) -> Jenkins {
        let connect = Connect {
            url: self.url.clone(),
            user: self.user.clone(),
            secret: Secret::new(secret),
            user_agent: "protocol/1".to_owned(),
        };
        Jenkins::new(connect).unwrap()
    }

    /// Stops what was started for the test.
    pub(crate) async fn stop(self) {
        match self.kept {
            Kept::StandIn(server, _) => server.stop().await,
            Kept::War(war) => war.stop().await,
            Kept::Elsewhere => {}
        }
    }
}
