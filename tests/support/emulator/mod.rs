//! The local AWS as a value: the emulator and the proxy before it, started and stopped as
//! processes of their own.
//!
//! The emulator is found or built by the caller and never linked. Both processes listen at free
//! loopback ports, write their logs to the work folder, and end with the [`Emulator`].

mod client;
mod find;
mod process;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use tokio::process::Command;
use url::Url;

pub use client::{ProxyClient, ProxyClientError};
pub use find::{FAKECLOUD_VERSION, find_fakecloud};
use process::Process;

use crate::proxy::upstream::Upstream;

/// Credentials and account of the local AWS.
pub const ACCOUNT: &str = "123456789012";

/// Longest wait for a process to answer. It starts within a second; a busy machine takes longer.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How often a start is tried again when another process took the free port meanwhile.
const PORT_ATTEMPTS: u32 = 5;

/// How the local AWS is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The emulator's program.
    pub fakecloud: PathBuf,
    /// Our proxy's program (`cloudops-aws-proxy`).
    pub proxy: PathBuf,
    /// The container program; without one, ECS tasks fail to start.
    pub container_cli: Option<PathBuf>,
    /// Folder of the container program's state (images, processes, logs).
    pub containers_dir: PathBuf,
    /// Folder for logs and the recording.
    pub work_dir: PathBuf,
    /// Region.
    pub region: String,
}

/// Why the local AWS did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// A file or folder cannot be used.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// A process could not be started.
    #[error("cannot start {name} ({path}): {source}")]
    Spawn {
        /// What it is.
        name: &'static str,
        /// Its program.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A process ended or stayed silent.
    #[error("{name} did not become ready: {reason}; see {log}")]
    NotReady {
        /// What it is.
        name: &'static str,
        /// What was seen.
        reason: String,
        /// Its log.
        log: PathBuf,
    },
    /// A hosted zone cannot be made.
    #[error("the AWS emulator makes no hosted zone: {0}")]
    Zone(String),
    /// The container program does not work.
    #[error("the container program {path} does not work: {reason}")]
    Containers {
        /// Its path.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
}

/// Where the name servers of the local AWS are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub struct Dns {
    /// The root of all names.
    pub root: SocketAddr,
    /// The public resolver.
    pub resolver: SocketAddr,
}

/// What the proxy says when it is ready.
#[derive(serde::Deserialize)]
struct Ready {
    endpoint: Url,
    dns: Dns,
}

/// A running local AWS.
#[derive(Debug)]
pub struct Emulator {
    /// The endpoint for AWS clients: the proxy's.
    pub endpoint: Url,
    /// The emulator's own endpoint: its image registry and its balancers are there.
    pub upstream: Url,
    /// The proxy's own API.
    pub proxy: ProxyClient,
    /// The name servers of its hosted zones.
    pub dns: Dns,
    /// One JSON line per call.
    pub recording: PathBuf,
    region: String,
    processes: [Process; 2],
    containers: Option<(PathBuf, PathBuf)>,
}

impl Emulator {
    /// Starts the emulator, then the proxy, and waits until both answer.
    pub async fn start(options: Options) -> Result<Self, EmulatorError> {
        fs_err::create_dir_all(&options.work_dir)?;
        fs_err::create_dir_all(&options.containers_dir)?;
        if let Some(program) = &options.container_cli {
            check_containers(program, &options.containers_dir).await?;
        }
        let (fakecloud, upstream) = start_fakecloud(&options).await?;
        let recording = options.work_dir.join("calls.jsonl");
        let (proxy, Ready { endpoint, dns }) = start_proxy(&options, &upstream, &recording).await?;
        Ok(Self {
            proxy: ProxyClient::new(endpoint.as_str()),
            endpoint,
            upstream,
            dns,
            recording,
            region: options.region,
            containers: options.container_cli.map(|program| (program, options.containers_dir)),
            // The proxy goes first, so that nobody sees an emulator that is going away.
            processes: [proxy, fakecloud],
        })
    }

    /// Stops both processes, waits for their end, and removes what is left of their containers.
    pub async fn stop(self) {
        for process in self.processes {
            process.stop().await;
        }
        if let Some((program, state)) = self.containers {
            let mut command = Command::new(program);
            command.arg("cleanup").env(CONTAINERS_DIR, state).kill_on_drop(true);
            // A container program that is not ours does not know the verb.
            let _ = tokio::time::timeout(START_LIMIT, command.output()).await;
        }
    }

    /// What an AWS client needs in its environment.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let pairs = [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str().trim_end_matches('/')),
            ("AWS_REGION", &self.region),
            ("AWS_DEFAULT_REGION", &self.region),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// Makes a public hosted zone, as whoever has registered the domain would have. The proxy does
    /// not see it: it is no call of a program.
    ///
    /// # Errors
    /// When the emulator does not make it.
    pub async fn add_public_zone(&self, domain: &str) -> Result<(), EmulatorError> {
        let body = format!(
            "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
             <Name>{domain}</Name><CallerReference>{domain}</CallerReference>\
             </CreateHostedZoneRequest>"
        );
        let upstream = Upstream::new(self.upstream.as_str(), &self.region);
        let path = "/2013-04-01/hostedzone";
        let answer = upstream.rest("route53", Method::POST, path, body.into_bytes()).await;
        match answer {
            Ok((201, _)) => Ok(()),
            Ok((status, text)) => Err(EmulatorError::Zone(format!("{status} {text}"))),
            Err(error) => Err(EmulatorError::Zone(error.to_string())),
        }
    }

    /// The process ids of the proxy and of the emulator.
    #[must_use]
    pub fn process_ids(&self) -> Vec<u32> {
        self.processes.iter().map(Process::id).collect()
    }
}

/// An engine that is absent hangs or fails on every task: it is found out now.
async fn check_containers(program: &Path, state: &Path) -> Result<(), EmulatorError> {
    let failed = |reason: String| EmulatorError::Containers { path: program.to_owned(), reason };
    let mut command = Command::new(program);
    command.arg("info").env(CONTAINERS_DIR, state).kill_on_drop(true);
    let output = tokio::time::timeout(START_LIMIT, command.output())
        .await
        .map_err(|_| failed("`info` does not end".to_owned()))?
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// Names the state folder to our own container program.
pub const CONTAINERS_DIR: &str = "CLOUDOPS_CONTAINERS_DIR";

async fn start_fakecloud(options: &Options) -> Result<(Process, Url), EmulatorError> {
    let mut attempt = 1;
    loop {
        match try_fakecloud(options).await {
            Err(EmulatorError::NotReady { .. }) if attempt < PORT_ATTEMPTS => attempt += 1,
            result => return result,
        }
    }
}

async fn try_fakecloud(options: &Options) -> Result<(Process, Url), EmulatorError> {
    const NAME: &str = "the AWS emulator";
    let address = format!("127.0.0.1:{}", free_port()?);
    let log = options.work_dir.join("fakecloud.log");
    let mut command = Command::new(&options.fakecloud);
    command
        .args(["--addr", &address, "--region", &options.region, "--account-id", ACCOUNT])
        .args(["--log-level", "warn"])
        .current_dir(&options.work_dir)
        .env(CONTAINERS_DIR, &options.containers_dir)
        // Always named: a client without an engine would otherwise be picked up and hang.
        .env(
            "FAKECLOUD_CONTAINER_CLI",
            options.container_cli.as_deref().unwrap_or(Path::new("no-container-program")),
        );
    let mut process = Process::spawn(NAME, command, &log)?;
    let health = format!("http://{address}/_fakecloud/health");
    process.wait_for(&health, START_LIMIT).await?;
    let url = Url::parse(&format!("http://{address}/"));
    let url = url.map_err(|error| process.not_ready(error.to_string()))?;
    Ok((process, url))
}

async fn start_proxy(
    options: &Options,
    upstream: &Url,
    recording: &Path,
) -> Result<(Process, Ready), EmulatorError> {
    let log = options.work_dir.join("aws-proxy.log");
    let mut command = Command::new(&options.proxy);
    command
        .args(["--upstream", upstream.as_str(), "--region", &options.region])
        .args(["--account", ACCOUNT, "--listen", "127.0.0.1:0"])
        .arg("--record")
        .arg(recording);
    if let Some(program) = &options.container_cli {
        command.arg("--containers").arg(program).env(CONTAINERS_DIR, &options.containers_dir);
    }
    let mut process = Process::spawn("the AWS proxy", command, &log)?;
    let line = process.first_line(START_LIMIT).await?;
    let ready = serde_json::from_str(&line);
    let ready = ready.map_err(|_| process.not_ready(format!("it said {line:?}")))?;
    Ok((process, ready))
}

fn free_port() -> Result<u16, std::io::Error> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests;
