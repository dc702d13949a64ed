//! An answer of the storefront, through the port that the local AWS opened for its load balancer.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::RehearsalError;
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

/// Asks for `path` of `host` at every balancer, until one answers with success.
///
/// # Errors
/// [`RehearsalError::Unexpected`] with the last answer.
pub async fn ask(emulator: &Emulator, host: &str, path: &str) -> Result<Answer, RehearsalError> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap_or_default();
    let start = std::time::Instant::now();
    let mut last = String::from("no load balancer has a port");
    while start.elapsed() < LIMIT {
        for port in ports(&client, emulator).await? {
            match once(&client, port, host, path).await {
                Ok(answer) if answer.status == 200 => return Ok(answer),
                Ok(answer) => last = answer.line(),
                Err(error) => last = error.to_string(),
            }
        }
        tokio::time::sleep(POLL).await;
    }
    Err(RehearsalError::Unexpected(format!(
        "{host}{path} does not answer through the load balancer: {last}"
    )))
}

async fn ports(client: &reqwest::Client, emulator: &Emulator) -> Result<Vec<u64>, RehearsalError> {
    let url = format!("{}_fakecloud/elbv2/load-balancers", emulator.upstream);
    let unreachable = |error: reqwest::Error| RehearsalError::Proxy(error.into());
    let answer = client.get(url).send().await.map_err(unreachable)?;
    let all: Value = answer.json().await.map_err(unreachable)?;
    let balancers = all["loadBalancers"].as_array().cloned().unwrap_or_default();
    Ok(balancers
        .iter()
        .filter_map(|one| one["boundPort"].as_u64())
        .collect())
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
