//! Sessions with servers through Session Manager (Systems Manager): no open port, no key.

use std::collections::BTreeMap;

use aws_sdk_ssm::Client;
use serde_json::{Value, json};

use crate::{connect::Aws, error::AwsError};

/// What a session does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A shell.
    Shell,
    /// One command, whose output comes back.
    Command(String),
    /// A port here that leads to a port which the server can reach.
    Tunnel {
        /// Port on this machine.
        local_port: u16,
        /// Host, as the server knows it.
        host: String,
        /// Port of that host.
        port: u16,
    },
}

impl Purpose {
    /// The document of Systems Manager, and its parameters.
    fn document(&self) -> (Option<&'static str>, BTreeMap<String, Vec<String>>) {
        let pairs = |pairs: &[(&str, String)]| {
            let one = |(name, value): &(&str, String)| ((*name).to_owned(), vec![value.clone()]);
            pairs.iter().map(one).collect()
        };
        match self {
            Self::Shell => (None, BTreeMap::new()),
            Self::Command(command) => {
                (Some("AWS-StartNonInteractiveCommand"), pairs(&[("command", command.clone())]))
            }
            Self::Tunnel { local_port, host, port } => (
                Some("AWS-StartPortForwardingSessionToRemoteHost"),
                pairs(&[
                    ("host", host.clone()),
                    ("portNumber", port.to_string()),
                    ("localPortNumber", local_port.to_string()),
                ]),
            ),
        }
    }
}

/// A session that was started, as `session-manager-plugin` takes it up.
pub struct Started {
    /// The answer of AWS as JSON. It has the token of the session: a secret.
    pub answer: String,
    /// The request as JSON.
    pub request: String,
    /// The endpoint at which the plugin takes up a session that broke off.
    pub endpoint: String,
}

/// Starts a session with a server (`StartSession`). Nothing is connected until the plugin takes it
/// up; AWS forgets a session that nobody does.
///
/// # Errors
/// [`AwsError`]; its code is `TargetNotConnected` when the server is not known to Systems Manager.
pub async fn start(aws: &Aws, server: &str, purpose: &Purpose) -> Result<Started, AwsError> {
    let (document, parameters) = purpose.document();
    let mut request = json!({"Target": server});
    if let Some(document) = document {
        request["DocumentName"] = document.into();
        request["Parameters"] = json!(parameters);
    }
    let call = Client::new(aws.config())
        .start_session()
        .target(server)
        .set_document_name(document.map(str::to_owned))
        .set_parameters((!parameters.is_empty()).then(|| parameters.into_iter().collect()));
    let answer = call
        .send()
        .await
        .map_err(|error| AwsError::new("Systems Manager", "StartSession", error))?;
    let answer: Value = json!({
        "SessionId": answer.session_id,
        "TokenValue": answer.token_value,
        "StreamUrl": answer.stream_url,
    });
    let endpoint = endpoint(aws);
    Ok(Started { answer: answer.to_string(), request: request.to_string(), endpoint })
}

fn endpoint(aws: &Aws) -> String {
    let region = aws.region();
    let suffix = if region.as_str().starts_with("cn-") { ".cn" } else { "" };
    let usual = format!("https://ssm.{region}.amazonaws.com{suffix}");
    aws.config().endpoint_url().map_or(usual, str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeAws;

    #[tokio::test]
    async fn a_session_is_what_the_plugin_takes_up() {
        let answer = r#"{"SessionId":"s-1","TokenValue":"secret","StreamUrl":"wss://stream"}"#;
        let fake = FakeAws::start(&[("StartSession", 200, answer)]).await;
        let tunnel =
            Purpose::Tunnel { local_port: 5000, host: "db.internal".to_owned(), port: 3306 };
        let started = start(&fake.aws, "i-1", &tunnel).await.unwrap();
        let answer: Value = serde_json::from_str(&started.answer).unwrap();
        assert_eq!(answer["TokenValue"], "secret");
        let request: Value = serde_json::from_str(&started.request).unwrap();
        assert_eq!(
            request,
            json!({
                "Target": "i-1",
                "DocumentName": "AWS-StartPortForwardingSessionToRemoteHost",
                "Parameters": {
                    "host": ["db.internal"], "portNumber": ["3306"], "localPortNumber": ["5000"],
                },
            })
        );
        let shell = start(&fake.aws, "i-1", &Purpose::Shell).await.unwrap();
        assert_eq!(shell.request, r#"{"Target":"i-1"}"#);
    }
}
