//! A real Jenkins, started from `jenkins.war` in a folder of its own.

use std::{env, path::Path, time::Duration};

use tempfile::TempDir;
use tokio::process::{Child, Command};
use url::Url;

/// How long it may take to start.
const START: Duration = Duration::from_secs(240);

/// Makes the one user, before the first request.
const SECURE: &str = "import hudson.security.*\nimport jenkins.model.Jenkins\n\
def jenkins = Jenkins.get()\n\
def realm = new HudsonPrivateSecurityRealm(false)\n\
realm.createAccount('admin', 'PASSWORD')\n\
jenkins.setSecurityRealm(realm)\n\
def rights = new FullControlOnceLoggedInAuthorizationStrategy()\n\
rights.setAllowAnonymousRead(false)\n\
jenkins.setAuthorizationStrategy(rights)\n\
jenkins.setNumExecutors(2)\njenkins.save()\n";

/// A running Jenkins. It ends with this value.
pub(crate) struct War {
    pub(crate) url: Url,
    pub(crate) password: String,
    child: Child,
    _home: TempDir,
}

impl War {
    /// Starts `java -jar` with the plugins of the folder `JENKINS_PLUGINS`, and waits until it
    /// answers.
    pub(crate) async fn start(war: &Path) -> Self {
        let home = tempfile::tempdir().unwrap();
        let password = uuid::Uuid::new_v4().simple().to_string();
        let scripts = home.path().join("init.groovy.d");
        fs_err::create_dir_all(&scripts).unwrap();
        let script = SECURE.replace("PASSWORD", &password);
        fs_err::write(scripts.join("secure.groovy"), script).unwrap();
        if let Some(plugins) = env::var_os("JENKINS_PLUGINS") {
            copy_plugins(plugins.as_ref(), &home.path().join("plugins"));
        }
        // The port is free when it is looked for; Jenkins cannot be told to take any.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("java")
            .arg("-Djenkins.install.runSetupWizard=false")
            // Builds of the tests read repositories of this machine.
            .arg("-Dhudson.plugins.git.GitSCM.ALLOW_LOCAL_CHECKOUT=true")
            .arg("-jar")
            .arg(war)
            .arg("--httpListenAddress=127.0.0.1")
            .arg(format!("--httpPort={port}"))
            .env("JENKINS_HOME", home.path())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let url: Url = format!("http://127.0.0.1:{port}/").parse().unwrap();
        wait_for(&url).await;
        Self { url, password, child, _home: home }
    }

    /// Stops it.
    pub(crate) async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }
}

fn copy_plugins(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name.to_string_lossy().ends_with("pi") {
            fs_err::copy(entry.path(), to.join(&name)).unwrap();
        }
    }
}

/// It answers 503 until it is ready, and then 403 or 200 on its first page.
async fn wait_for(url: &Url) {
    let ready = async {
        while !matches!(reqwest::get(url.clone()).await, Ok(answer) if answer.status() != 503) {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::time::timeout(START, ready).await.unwrap();
}
