//! The proxy's own API, under `/_proxy/`.
//!
//! | call | does |
//! |---|---|
//! | `GET /_proxy/health` | `{"status":"ok"}` |
//! | `GET /_proxy/calls?since=N` | the calls after place N, oldest first |
//! | `GET /_proxy/counts` | `{"service:Operation": {"calls": n, "errors": n}}` |
//! | `GET /_proxy/simulated` | what is not AWS here: a list of sentences |
//! | `GET`, `POST`, `DELETE /_proxy/faults` | the rules; adds one; removes all that are no hold |
//! | `GET`, `POST`, `DELETE /_proxy/resource-faults` | the same for resources of stacks that are to fail |
//! | `POST /_proxy/hold` | holds calls of a service and operation; gives the rule's `id` |
//! | `GET /_proxy/held?wait_ms=N` | the calls that wait; waits up to N ms for the first |
//! | `PUT /_proxy/durations` | `{"types": {TYPE: s}, "stacks": {NAME: s}, "scale": n}`: how long resources take |
//! | `POST /_proxy/release` | `{"id": n, "how": "go"\|"drop"}`: ends one hold, or all without `id` |

use axum::response::Response;
use http::Method;
use http::request::Parts;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

use super::answer;
use super::cloudformation::ResourceFault;
use super::rule::{Effect, Rule, When};
use super::rules::Release;
use super::service::Proxy;
use super::stacks::Pace;

#[derive(Deserialize)]
struct HoldRequest {
    service: Option<String>,
    operation: Option<String>,
    resource: Option<String>,
    #[serde(default = "one")]
    nth: u64,
    times: Option<u64>,
    #[serde(default)]
    when: When,
}

#[derive(Deserialize, Default)]
struct ReleaseRequest {
    id: Option<u64>,
    #[serde(default)]
    how: Release,
}

fn one() -> u64 {
    1
}

/// Answers a request to `/_proxy/...`.
pub(super) async fn answer(proxy: &Proxy, parts: &Parts, body: &[u8]) -> Response {
    let name = parts.uri.path().trim_start_matches("/_proxy/").trim_end_matches('/');
    let result = match (&parts.method, name) {
        (&Method::GET, "health") => Ok(json!({"status": "ok"})),
        (&Method::GET, "calls") => Ok(json!(proxy.recorder.since(number(parts, "since")))),
        (&Method::GET, "counts") => Ok(json!(proxy.recorder.counts())),
        (&Method::GET, "simulated") => Ok(json!(proxy.simulated())),
        (&Method::GET, "faults") => Ok(json!(proxy.rules.list())),
        (&Method::POST, "faults") => {
            read::<Rule>(body).map(|rule| json!({"id": proxy.rules.add(rule)}))
        }
        (&Method::DELETE, "faults") => {
            proxy.rules.clear_faults();
            Ok(json!({}))
        }
        (&Method::GET, "resource-faults") => Ok(json!(proxy.stacks.faults())),
        (&Method::POST, "resource-faults") => read::<ResourceFault>(body).map(|fault| {
            proxy.stacks.add_fault(fault);
            json!({})
        }),
        (&Method::DELETE, "resource-faults") => {
            proxy.stacks.clear_faults();
            Ok(json!({}))
        }
        (&Method::PUT, "durations") => read::<Pace>(body).map(|pace| {
            proxy.stacks.set_pace(&pace);
            json!({})
        }),
        (&Method::POST, "hold") => {
            read::<HoldRequest>(body).map(|hold| json!({"id": proxy.rules.add(hold.into())}))
        }
        (&Method::GET, "held") => {
            let limit = Duration::from_millis(number(parts, "wait_ms"));
            Ok(json!(proxy.rules.wait_held(limit).await))
        }
        (&Method::POST, "release") => {
            let request = if body.is_empty() { Ok(ReleaseRequest::default()) } else { read(body) };
            request.map(|r| json!({"released": proxy.rules.release(r.id, r.how)}))
        }
        _ => {
            let message = format!("no {} /_proxy/{name}", parts.method);
            return answer::full(404, "application/json", json!({"error": message}).to_string());
        }
    };
    match result {
        Ok(value) => answer::full(200, "application/json", value.to_string()),
        Err(message) => {
            answer::full(400, "application/json", json!({"error": message}).to_string())
        }
    }
}

impl From<HoldRequest> for Rule {
    fn from(hold: HoldRequest) -> Self {
        Self {
            id: 0,
            service: hold.service,
            operation: hold.operation,
            resource: hold.resource,
            nth: hold.nth,
            times: hold.times,
            when: hold.when,
            effect: Effect::Hold,
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice::<T>(body).map_err(|error| error.to_string())
}

fn number(parts: &Parts, name: &str) -> u64 {
    let query = parts.uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds_and_a_misspelt_field_is_refused() {
        let pace: Pace = read(br#"{"stacks":{"a":7}}"#).unwrap();
        assert_eq!((pace.stacks["a"], pace.scale, pace.types.len()), (7.0, 1.0, 0));
        assert!(read::<Pace>(br#"{"stack":"a","seconds":7}"#).is_err());
    }

    #[test]
    fn a_hold_is_a_rule() {
        let hold: HoldRequest =
            read(br#"{"service":"ecs","operation":"UpdateService","when":"after"}"#).unwrap();
        let rule = Rule::from(hold);
        assert_eq!(rule.effect, Effect::Hold);
        assert_eq!(rule.nth, 1);
        assert_eq!(json!(rule)["when"], "after");
    }
}
