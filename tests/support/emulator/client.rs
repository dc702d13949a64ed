//! A client of the proxy's own API.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::proxy::{Count, Held, Pace, Record, Release, ResourceFault, Rule};

/// Why a request to the proxy's own API failed.
#[derive(Debug, thiserror::Error)]
pub enum ProxyClientError {
    /// It does not answer.
    #[error("the AWS proxy does not answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// It refuses.
    #[error("the AWS proxy refuses {0}: {1}")]
    Refused(String, String),
}

/// A client of the proxy's own API.
#[derive(Debug, Clone)]
pub struct ProxyClient {
    client: reqwest::Client,
    endpoint: String,
}

impl ProxyClient {
    /// A client of the proxy at `endpoint`.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        Self {
            client: reqwest::Client::builder().no_proxy().build().unwrap_or_default(),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
        }
    }

    /// The calls after place `since`, oldest first.
    pub async fn calls(&self, since: u64) -> Result<Vec<Record>, ProxyClientError> {
        self.ask(Method::GET, &format!("calls?since={since}"), None).await
    }

    /// How often each `service:Operation` was called.
    pub async fn counts(&self) -> Result<BTreeMap<String, Count>, ProxyClientError> {
        self.ask(Method::GET, "counts", None).await
    }

    /// What is not AWS here.
    pub async fn simulated(&self) -> Result<Vec<String>, ProxyClientError> {
        self.ask(Method::GET, "simulated", None).await
    }

    /// Adds a fault and gives its number.
    pub async fn fault(&self, rule: &Rule) -> Result<u64, ProxyClientError> {
        let answer: Value = self.ask(Method::POST, "faults", Some(json!(rule))).await?;
        Ok(answer["id"].as_u64().unwrap_or_default())
    }

    /// Removes every fault; holds stay.
    pub async fn clear_faults(&self) -> Result<(), ProxyClientError> {
        self.ask::<Value>(Method::DELETE, "faults", None).await.map(|_| ())
    }

    /// Lets resources of stacks fail.
    pub async fn resource_fault(&self, fault: &ResourceFault) -> Result<(), ProxyClientError> {
        self.ask::<Value>(Method::POST, "resource-faults", Some(json!(fault))).await.map(|_| ())
    }

    /// The failures of resources that are still to come.
    pub async fn resource_faults(&self) -> Result<Vec<ResourceFault>, ProxyClientError> {
        self.ask(Method::GET, "resource-faults", None).await
    }

    /// Forgets the failures of resources that are still to come.
    pub async fn clear_resource_faults(&self) -> Result<(), ProxyClientError> {
        self.ask::<Value>(Method::DELETE, "resource-faults", None).await.map(|_| ())
    }

    /// Holds the calls that the rule matches (its effect is not looked at) and gives its number.
    pub async fn hold(&self, rule: &Rule) -> Result<u64, ProxyClientError> {
        let answer: Value = self.ask(Method::POST, "hold", Some(json!(rule))).await?;
        Ok(answer["id"].as_u64().unwrap_or_default())
    }

    /// Sets how long resources take from now on, instead of what was set before.
    pub async fn durations(&self, pace: &Pace) -> Result<(), ProxyClientError> {
        self.ask::<Value>(Method::PUT, "durations", Some(json!(pace))).await.map(|_| ())
    }

    /// The calls that wait, as soon as there is one, or none after `limit`.
    pub async fn held(&self, limit: Duration) -> Result<Vec<Held>, ProxyClientError> {
        self.ask(Method::GET, &format!("held?wait_ms={}", limit.as_millis()), None).await
    }

    /// Ends one hold, or all, and gives the number of calls that were waiting.
    pub async fn release(&self, id: Option<u64>, how: Release) -> Result<u64, ProxyClientError> {
        let answer: Value =
            self.ask(Method::POST, "release", Some(json!({"id": id, "how": how}))).await?;
        Ok(answer["released"].as_u64().unwrap_or_default())
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        name: &str,
        body: Option<Value>,
    ) -> Result<T, ProxyClientError> {
        let mut request = self.client.request(method, format!("{}/_proxy/{name}", self.endpoint));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        if response.status().is_success() {
            return Ok(response.json().await?);
        }
        Err(ProxyClientError::Refused(name.to_owned(), response.text().await?))
    }
}
