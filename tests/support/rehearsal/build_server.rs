//! The stand-in for Jenkins. It really runs the shell steps of the jobs.

use std::path::{Path, PathBuf};

use cloudops_aws::{
    jenkins::{Connect, Jenkins},
    redact::Secret,
};
use tokio::process::Command;

use super::inventory::Inventory;
use super::process::Background;
use super::{Kit, RehearsalError};

/// The running build server.
#[derive(Debug)]
pub struct BuildServer {
    /// Where it listens.
    pub url: String,
    process: Background,
    password_file: PathBuf,
    plugins_file: PathBuf,
}

impl BuildServer {
    /// Starts it. Until it is told its password it answers as a controller that boots.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start(
        kit: &Kit,
        work: &Path,
        aws: &[(String, String)],
    ) -> Result<Self, RehearsalError> {
        let password_file = work.join("build-server.password");
        let plugins_file = work.join("build-server.plugins");
        let mut command = Command::new(kit.program("cloudops-jenkins"));
        command
            .args(["--listen", "127.0.0.1:0", "--user", "admin", "--home"])
            .arg(work.join("build-server"))
            .arg("--password-file")
            .arg(&password_file)
            .arg("--plugins")
            .arg(&plugins_file)
            .args(["--labels", "cloudops,cloudops-deploy", "--executors", "4"])
            // Longer than the pauses of who follows a build: a restart is noticed.
            .args(["--restart-time", "4000"]);
        for (name, value) in agent_environment(kit).iter().chain(aws) {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        let log = work.join("logs/build-server.log");
        let mut process = Background::start("the build server", command, &log)?;
        let url = process.ready("endpoint").await?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), process, password_file, plugins_file })
    }

    /// Gives it the password that the stack generated, as ECS would from the task definition. The
    /// password itself is seen neither by us nor by a command line.
    ///
    /// # Errors
    /// When the stack or the secret is not there.
    pub async fn inject_password(
        &self,
        inventory: &Inventory,
        instance: &str,
    ) -> Result<(), RehearsalError> {
        let stack = format!("{instance}-core-build");
        inventory
            .secret_to_file(&stack, "BuildServerSecretArn", "password", &self.password_file)
            .await
    }

    /// Gives it the plugins of an image, as starting it of that image would.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn install(&self, lock: &str) -> Result<(), RehearsalError> {
        Ok(fs_err::write(&self.plugins_file, lock)?)
    }

    /// A connection of somebody who knows the password, such as a person in the browser.
    ///
    /// # Errors
    /// When it has no password yet.
    pub fn client(&self) -> Result<Jenkins, RehearsalError> {
        let wrong = |error: String| RehearsalError::Unexpected(error);
        let secret = Secret::new(fs_err::read_to_string(&self.password_file)?);
        let url = self.url.parse().map_err(|error| wrong(format!("{}: {error}", self.url)))?;
        let (user, user_agent) = ("admin".to_owned(), "rehearsal".to_owned());
        Jenkins::new(Connect { url, user, secret, user_agent }).map_err(|e| wrong(e.to_string()))
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub(super) async fn stop(self) {
        self.process.stop().await;
    }

    pub(super) fn leave(self) {
        self.process.leave();
    }
}

/// What agents have: the AWS CLI, and the JDK of this machine. Jobs fetch our programs.
fn agent_environment(kit: &Kit) -> Vec<(String, String)> {
    let path = std::env::var("PATH").unwrap_or_default();
    let aws_cli = kit.python.parent().map(|folder| folder.display().to_string());
    let mut variables =
        vec![("PATH".to_owned(), format!("{path}:{}", aws_cli.unwrap_or_default()))];
    if let Ok(home) = std::env::var("JAVA_HOME") {
        variables.push(("JAVA_HOME".to_owned(), home));
    }
    variables
}
