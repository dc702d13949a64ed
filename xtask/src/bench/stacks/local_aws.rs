//! The local AWS of one round: new for each, so that no round sees what another left.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err as fs;
use serde_json::{Value, json};

use super::calls::{self, Call};
use super::folder::{ACCOUNT, REGION};
use super::graph::Graph;
use super::kit::Kit;
use crate::bench::running::{self, Running};
use crate::command::program;
use crate::failure::{Failure, Outcome};

/// What every call takes on its way, the same for all tools.
pub(super) const LATENCY_MS: u64 = 20;

/// A running local AWS; ends when dropped.
pub(super) struct LocalAws {
    endpoint: String,
    recording: PathBuf,
    _proxy: Running,
    _fakecloud: Running,
}

impl LocalAws {
    /// Starts it in a folder of its own, with the durations of the graph.
    pub(super) fn start(kit: &Kit, graph: &Graph, folder: &Path) -> Outcome<Self> {
        fs::create_dir_all(folder)?;
        let (fakecloud, upstream) = start_fakecloud(kit, folder)?;
        let recording = folder.join("calls.jsonl");
        let (proxy, endpoint) = start_proxy(kit, &upstream, &recording, folder)?;
        let aws = Self { endpoint, recording, _proxy: proxy, _fakecloud: fakecloud };
        let named = |stack: &super::graph::Stack| (graph.stack_name(stack.number), stack.seconds);
        let stacks: Value = graph.stacks.iter().map(named).map(|(k, v)| (k, json!(v))).collect();
        aws.control("PUT", "durations", &json!({"stacks": stacks}))?;
        aws.control("POST", "faults", &json!({"effect": {"delay_ms": LATENCY_MS}}))?;
        Ok(aws)
    }

    /// The calls so far, in the order in which they were answered.
    pub(super) fn calls(&self) -> Outcome<Vec<Call>> {
        calls::read(&fs::read_to_string(&self.recording)?)
    }

    /// What an AWS client needs in its environment, and nothing of the person's own.
    pub(super) fn equip(&self, command: &mut Command, home: &Path) {
        for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"] {
            command.env_remove(name);
        }
        let pairs = [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_PAGER", ""),
            ("SAM_CLI_TELEMETRY", "0"),
            // Its own default is to look every five seconds.
            ("SAM_CLI_POLL_DELAY", "1"),
            ("CDK_DISABLE_CLI_TELEMETRY", "true"),
            ("CDK_DISABLE_VERSION_CHECK", "1"),
            ("NO_PROXY", "127.0.0.1"),
            ("NO_COLOR", "1"),
        ];
        command.envs(pairs).env("HOME", home);
    }

    /// One request to the proxy's own API, on the loopback.
    fn control(&self, method: &str, name: &str, body: &Value) -> Outcome {
        let (address, body) = (self.endpoint.trim_start_matches("http://"), body.to_string());
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "{method} /_proxy/{name} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 200") {
            return Ok(());
        }
        Err(Failure::new(format!("the proxy refuses {method} {name}: {answer}")))
    }
}

fn start_fakecloud(kit: &Kit, folder: &Path) -> Outcome<(Running, String)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    let log = fs::File::create(folder.join("fakecloud.log"))?;
    let mut command = program(&kit.fakecloud);
    command
        .args(["--addr", &address, "--region", REGION, "--account-id", ACCOUNT])
        .args(["--log-level", "warn"])
        .current_dir(folder)
        // Always named: a client without an engine would otherwise be picked up and hang.
        .env("FAKECLOUD_CONTAINER_CLI", "no-container-program")
        .stdout(log.try_clone()?.into_parts().0)
        .stderr(log.into_parts().0);
    let mut running = running::start(&mut command)?;
    running::listening(&mut running, &address, "fakecloud", folder)?;
    Ok((running, format!("http://{address}/")))
}

fn start_proxy(
    kit: &Kit,
    upstream: &str,
    recording: &Path,
    folder: &Path,
) -> Outcome<(Running, String)> {
    let log = fs::File::create(folder.join("proxy.log"))?;
    let mut command = program(&kit.proxy);
    command.args(["--upstream", upstream, "--region", REGION, "--account", ACCOUNT, "--record"]);
    command.arg(recording).stdout(Stdio::piped()).stderr(log.into_parts().0);
    let mut running = running::start(&mut command)?;
    let mut line = String::new();
    if let Some(output) = running.0.stdout.take() {
        BufReader::new(output).read_line(&mut line)?;
    }
    let ready: Value = serde_json::from_str(&line).unwrap_or_default();
    let silent = || Failure::new(format!("the proxy did not start; see {}", folder.display()));
    let endpoint = ready["endpoint"].as_str().ok_or_else(silent)?.to_owned();
    Ok((running, endpoint))
}
