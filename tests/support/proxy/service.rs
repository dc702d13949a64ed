//! Who answers a call: a rule, the proxy, or the emulator.

use std::sync::Arc;

use axum::response::Response;
use http::request::Parts;
use serde_json::Value;

use super::answer;
use super::catalogue;
use super::ecs::Ecs;
use super::forward::{Content, Forwarder};
use super::recording::{AnsweredBy, Recorder};
use super::route::{self, Call, Protocol};
use super::rules::{Rules, Verdict};
use super::server::{Options, ServerError};
use super::stacks::Stacks;
use super::tagging;
use super::turns::Turns;
use super::upstream::{Upstream, UpstreamError};

/// All stacks are in the region of the proxy.
const NO_STACKS: &str = "<DescribeStacksResponse><DescribeStacksResult><Stacks/>\
                         </DescribeStacksResult></DescribeStacksResponse>";

/// What every request needs.
pub(super) struct Proxy {
    forwarder: Forwarder,
    region: String,
    account: String,
    upstream: Upstream,
    turns: Turns,
    ecs: Arc<Ecs>,
    pub(super) stacks: Stacks,
    pub(super) recorder: Recorder,
    pub(super) rules: Arc<Rules>,
}

impl Proxy {
    pub(super) fn new(options: &Options) -> Result<Self, ServerError> {
        let turns = Turns::default();
        let upstream = Upstream::new(&options.upstream, &options.region).with_turns(turns.clone());
        let ecs = Ecs::new(upstream.clone(), options.containers.clone());
        let recorder = Recorder::new(options.record.as_deref()).map_err(|error| {
            ServerError::Record(options.record.clone().unwrap_or_default(), error)
        })?;
        Ok(Self {
            forwarder: Forwarder::new(&options.upstream)?,
            region: options.region.clone(),
            account: options.account.clone(),
            upstream: upstream.clone(),
            turns,
            stacks: Stacks::new(upstream, &options.account, &ecs),
            ecs,
            recorder,
            rules: Arc::default(),
        })
    }

    /// What is not AWS here: what is known beforehand, and what this run met.
    pub(super) fn simulated(&self) -> Vec<String> {
        let mut all = super::simulated();
        for met in self.stacks.simulated() {
            if !all.contains(&met) {
                all.push(met);
            }
        }
        all
    }

    /// The service's answer: the proxy's own where it is AWS instead of the emulator.
    pub(super) async fn serve(&self, call: &Call, parts: &Parts, content: Content) -> Answered {
        let body = content.bytes().unwrap_or_default();
        if call.protocol == Protocol::Json {
            let value = serde_json::from_slice(body).unwrap_or_default();
            if let Some(result) = self.ecs.answer(&call.service, &call.operation, &value).await {
                return Answered::from_json(result);
            }
            let named = (call.service.as_str(), call.operation.as_str());
            let tagged = tagging::answer(&self.upstream, &self.account, named, &value).await;
            if let Some(result) = tagged {
                return Answered::from_json(result);
            }
        }
        if call.service == "cloudformation" && call.protocol == Protocol::Query {
            let form = route::form_parameters(parts, Some(body));
            let lists = call.operation == "DescribeStacks" && !form.iter().any(is_name);
            if lists && route::region(parts).is_some_and(|region| region != self.region) {
                return Answered::from_xml(Ok(NO_STACKS.to_owned()));
            }
            let (status, xml) = self.stacks.answer(&call.operation, form).await;
            let response = answer::full(status, "text/xml", xml.clone());
            let failed = status >= 400;
            let code = failed.then(|| answer::code_of(response.headers(), xml.as_bytes()));
            return Answered { response, code: code.flatten(), by: AnsweredBy::Proxy };
        }
        if matches!(call.protocol, Protocol::Query | Protocol::Ec2) {
            let form = route::form_parameters(parts, Some(body));
            let offers = catalogue::answer(&self.region, &call.service, &call.operation, &form);
            if let Some(xml) = offers {
                return Answered::from_xml(Ok(xml));
            }
        }
        if call.protocol == Protocol::Query {
            let form = route::form_parameters(parts, Some(body));
            let own = self.ecs.answer_query(&call.service, &call.operation, &form).await;
            if let Some(result) = own {
                return Answered::from_xml(result);
            }
        }
        // Dropped when the answer begins to come: the emulator has decrypted by then.
        let _turn = self.turns.of(&call.service, &call.operation).await;
        let (response, code) = self.forwarder.send(parts, content, call.protocol).await;
        Answered { response, code, by: AnsweredBy::Emulator }
    }
}

fn is_name((field, _): &(String, String)) -> bool {
    field == "StackName"
}

/// An answer, and what of it is recorded.
pub(super) struct Answered {
    pub(super) response: Response,
    pub(super) code: Option<String>,
    pub(super) by: AnsweredBy,
}

impl Answered {
    fn from_json(result: Result<Value, UpstreamError>) -> Self {
        match result {
            Ok(value) => Self::by_proxy(answer::json(200, &value)),
            Err(error) => Self::refused(Protocol::Json, error),
        }
    }

    fn from_xml(result: Result<String, UpstreamError>) -> Self {
        match result {
            Ok(xml) => Self::by_proxy(answer::full(200, "text/xml", xml)),
            Err(error) => Self::refused(Protocol::Query, error),
        }
    }

    fn by_proxy(response: Response) -> Self {
        Self { response, code: None, by: AnsweredBy::Proxy }
    }

    fn refused(protocol: Protocol, error: UpstreamError) -> Self {
        let (status, code, message) = match error {
            UpstreamError::Service { code, message, status } => (status, code, message),
            UpstreamError::Unreachable(message) => (503, "ServiceUnavailable".to_owned(), message),
        };
        let response = answer::error(protocol, status, &code, &message);
        Self { response, code: Some(code), by: AnsweredBy::Proxy }
    }

    /// What a rule asks for instead of the service's answer, if it does.
    pub(super) fn by_verdict(verdict: Verdict, call: &Call) -> Option<Self> {
        let by = AnsweredBy::Fault;
        match verdict {
            Verdict::Pass => None,
            Verdict::Drop => Some(Self { response: answer::dropped(), code: None, by }),
            Verdict::Answer { status, code, message } => {
                let response = answer::error(call.protocol, status, &code, &message);
                Some(Self { response, code: Some(code), by })
            }
        }
    }
}
