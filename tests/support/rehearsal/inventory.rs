//! An independent client's view of AWS: boto3 in a process of its own, not our library.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use fs_err as fs;
use serde_json::Value;
use tokio::process::Command;
use url::Url;

use super::RehearsalError;

/// The client's files; they are written to the work folder, so that no path is built in.
const FILES: [(&str, &str); 9] = [
    ("inventory.py", include_str!("inventory/inventory.py")),
    ("gather.py", include_str!("inventory/gather.py")),
    ("gather_network.py", include_str!("inventory/gather_network.py")),
    ("gather_services.py", include_str!("inventory/gather_services.py")),
    ("check.py", include_str!("inventory/check.py")),
    ("check_environment.py", include_str!("inventory/check_environment.py")),
    ("http_rules.py", include_str!("inventory/http_rules.py")),
    ("findings.py", include_str!("inventory/findings.py")),
    ("compare.py", include_str!("inventory/compare.py")),
];

/// The independent client.
#[derive(Debug, Clone)]
pub struct Inventory {
    python: PathBuf,
    script: PathBuf,
    environment: Vec<(String, String)>,
}

impl Inventory {
    pub(super) fn new(
        python: &Path,
        work: &Path,
        environment: Vec<(String, String)>,
    ) -> Result<Self, RehearsalError> {
        let folder = work.join("inventory");
        fs::create_dir_all(&folder)?;
        for (name, text) in FILES {
            fs::write(folder.join(name), text)?;
        }
        Ok(Self { python: python.to_owned(), script: folder.join("inventory.py"), environment })
    }

    /// All that exists, by section and identity.
    ///
    /// # Errors
    /// When the client fails.
    pub async fn all(&self) -> Result<Value, RehearsalError> {
        let output = self.run(&["inventory"]).await?;
        if !output.status.success() {
            return Err(RehearsalError::failed("inventory.py", &output));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|source| RehearsalError::Json { what: "the inventory", source })
    }

    /// Checks that all of an instance and one environment exists as `cloudops.yaml` says. Gives
    /// one sentence per thing that was confirmed.
    ///
    /// # Errors
    /// [`RehearsalError::Unexpected`] with all that is wrong.
    pub async fn check_exists(
        &self,
        config: &Path,
        what: &[&str],
    ) -> Result<Vec<String>, RehearsalError> {
        let config = config.display().to_string();
        let mut arguments = vec!["check", "--config", &config];
        arguments.extend(what);
        self.check(&arguments).await
    }

    /// Writes what exists now, to compare with later, and gives it back.
    ///
    /// # Errors
    /// When the client fails.
    pub async fn remember(&self, file: &Path) -> Result<Value, RehearsalError> {
        let all = self.all().await?;
        fs::write(file, all.to_string())?;
        Ok(all)
    }

    /// Checks that nothing is there which was not there before, but what retention keeps. Gives
    /// one line per thing that is kept.
    ///
    /// # Errors
    /// [`RehearsalError::Unexpected`] with all that is left.
    pub async fn check_gone(&self, before: &Path) -> Result<Vec<String>, RehearsalError> {
        let before = before.display().to_string();
        self.check(&["gone", "--before", &before]).await
    }

    async fn check(&self, arguments: &[&str]) -> Result<Vec<String>, RehearsalError> {
        let output = self.run(arguments).await?;
        if output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout);
            return Ok(text.lines().map(str::to_owned).collect());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let command = arguments.first().copied().unwrap_or_default();
        Err(RehearsalError::Unexpected(format!("inventory.py {command}:\n{}", text.trim_end())))
    }

    /// Writes one field of a secret, which a stack's output names, to a file of our own.
    pub(super) async fn secret_to_file(
        &self,
        stack: &str,
        output: &str,
        field: &str,
        file: &Path,
    ) -> Result<(), RehearsalError> {
        let file = file.display().to_string();
        let arguments = ["secret", "--stack", stack, "--output", output];
        let arguments = [&arguments[..], &["--field", field, "--file", &file]].concat();
        self.check(&arguments).await.map(|_| ())
    }

    /// Writes what an image client needs to log in, and gives the registry's address.
    ///
    /// # Errors
    /// When the client fails.
    pub async fn registry_login(&self, file: &Path) -> Result<String, RehearsalError> {
        let file = file.display().to_string();
        let lines = self.check(&["registry-login", "--file", &file]).await?;
        Ok(lines.into_iter().next().unwrap_or_default())
    }

    /// Lets the one port of the balancer that knows `host` answer for its HTTPS listener, and gives
    /// the balancer's ARN. It is done at the emulator itself: on AWS there is nothing to do.
    ///
    /// # Errors
    /// When no balancer knows the host.
    pub async fn open_http(&self, host: &str) -> Result<String, RehearsalError> {
        let lines = self.check(&["open-http", "--host", host]).await?;
        Ok(lines.into_iter().next().unwrap_or_default())
    }

    /// Ends what `open_http` began.
    ///
    /// # Errors
    /// When no balancer knows the host.
    pub async fn close_http(&self, host: &str) -> Result<(), RehearsalError> {
        self.check(&["close-http", "--host", host]).await.map(|_| ())
    }

    /// The same client at another endpoint.
    #[must_use]
    pub fn at(&self, endpoint: &Url) -> Self {
        let mut other = self.clone();
        for (name, value) in &mut other.environment {
            if name == "AWS_ENDPOINT_URL" {
                endpoint.as_str().trim_end_matches('/').clone_into(value);
            }
        }
        other
    }

    async fn run(&self, arguments: &[&str]) -> Result<Output, RehearsalError> {
        let output = Command::new(&self.python)
            .arg(&self.script)
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await;
        output.map_err(|source| RehearsalError::Start { program: self.python.clone(), source })
    }
}
