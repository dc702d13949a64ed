//! An answer of the storefront, through the port that the local AWS opened for its load balancer.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use super::RehearsalError;
use super::stage::Stage;
use crate::emulator::Emulator;

const LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(200);

/// One answer.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// Address that was asked, with the balancer's port on this machine.
    pub address: String,
    /// Host name of the request.
    pub host: String,
    /// HTTP status.
    pub status: u16,
    /// The body; JSON when it is that.
    pub body: Value,
    /// Whether a pretended container answered: then nothing of the image ran.
    pub pretended: bool,
}

impl Answer {
    /// The answer in one line.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.status, self.body)
    }
}

/// Asks for `path` of `host` at its load balancer until it answers with success. While it is
/// asked, the balancer's port answers for the HTTPS listener; `leave_open` leaves it so.
///
/// # Errors
/// [`RehearsalError::Unexpected`] with the last answer.
pub async fn ask(
    stage: &Stage,
    host: &str,
    path: &str,
    leave_open: bool,
) -> Result<Answer, RehearsalError> {
    let emulator = stage.inventory()?.at(&stage.emulator.upstream);
    let balancer = emulator.open_http(host).await?;
    let answer = ask_until_it_answers(&stage.emulator, &balancer, host, path).await;
    if !leave_open {
        emulator.close_http(host).await?;
    }
    answer
}

async fn ask_until_it_answers(
    emulator: &Emulator,
    balancer: &str,
    host: &str,
    path: &str,
) -> Result<Answer, RehearsalError> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap_or_default();
    let start = Instant::now();
    let mut last = "it has no port".to_owned();
    while start.elapsed() < LIMIT {
        if let Some(port) = port(&client, emulator, balancer).await? {
            match once(&client, port, host, path).await {
                Ok(answer) if answer.status == 200 => return Ok(answer),
                Ok(answer) => last = answer.line(),
                Err(error) => last = format!("{error:?}"),
            }
        }
        tokio::time::sleep(POLL).await;
    }
    Err(RehearsalError::Unexpected(format!(
        "{host}{path} does not answer through the load balancer: {last}"
    )))
}

/// The port on this machine behind which the emulator plays a balancer.
async fn port(
    client: &reqwest::Client,
    emulator: &Emulator,
    balancer: &str,
) -> Result<Option<u64>, RehearsalError> {
    let url = format!("{}_fakecloud/elbv2/load-balancers", emulator.upstream);
    let unreachable = |error: reqwest::Error| RehearsalError::Proxy(error.into());
    let answer = client.get(url).send().await.map_err(unreachable)?;
    let all: Value = answer.json().await.map_err(unreachable)?;
    let balancers = all["loadBalancers"].as_array();
    let found = balancers.into_iter().flatten().find(|one| one["arn"] == balancer);
    Ok(found.and_then(|found| found["boundPort"].as_u64()))
}

async fn once(
    client: &reqwest::Client,
    port: u64,
    host: &str,
    path: &str,
) -> Result<Answer, reqwest::Error> {
    let address = format!("http://127.0.0.1:{port}{path}");
    let request = client.get(&address).header("Host", host);
    let answer = request.timeout(Duration::from_secs(10)).send().await?;
    let status = answer.status().as_u16();
    let pretended = answer.headers().contains_key("x-cloudops-pretend");
    let text = answer.text().await?;
    Ok(Answer {
        address,
        host: host.to_owned(),
        status,
        body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        pretended,
    })
}
