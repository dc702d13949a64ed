//! Carries out operations on stacks in the background and records what happens.

mod create;
mod delete;
mod early;
mod events;
mod import;
mod nested;
mod pace;
mod rollback;
mod step;
mod update;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::StabilizeHook;
use super::answer::Fault;
use super::faults::{FaultAction, Faults, Work};
use super::intrinsics::Scope;
use super::model::{self, Model};
use super::names::Place;
use super::parameters;
use super::provision::{Made, Provisioner};
use super::schema;
use super::state::{Desired, Operation, Resource, Stack, State};
use crate::proxy::upstream::Upstream;

use pace::Pace;

pub(super) use events::Happened;
pub(super) use rollback::Skipped;

/// The part of CloudFormation that does things.
pub(super) struct Engine {
    pub(super) place: Place,
    pub(super) upstream: Upstream,
    pub(super) provisioner: Provisioner,
    pub(super) faults: Faults,
    state: Mutex<State>,
    hooks: Arc<dyn StabilizeHook>,
    pace: Pace,
    zones: OnceCell<Vec<String>>,
    unfinished: nested::Unfinished,
}

/// One operation on one stack.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) stack_id: String,
    pub(super) token: Option<String>,
    pub(super) operation: String,
    pub(super) cancel: CancellationToken,
    busy: Arc<tokio::sync::Mutex<()>>,
}

impl Engine {
    pub(super) fn new(upstream: Upstream, account: &str, hooks: Arc<dyn StabilizeHook>) -> Self {
        let place = Place { region: upstream.region().to_owned(), account: account.to_owned() };
        Self {
            place,
            provisioner: Provisioner::new(upstream.clone(), account),
            upstream,
            faults: Faults::default(),
            state: Mutex::default(),
            hooks,
            pace: Pace::default(),
            zones: OnceCell::new(),
            unfinished: nested::Unfinished::default(),
        }
    }

    /// The state, locked; never held across an await.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_durations(&self, types: BTreeMap<String, Duration>, scale: f64) {
        self.pace.set_types(types, scale);
    }

    pub(super) fn set_stack_durations(&self, stacks: BTreeMap<String, Duration>) {
        self.pace.set_stacks(stacks);
    }

    /// What one resource of the run's stack takes.
    fn duration(&self, run: &Run, resource_type: &str) -> Duration {
        let name = self.with(run, |stack| stack.name.clone()).unwrap_or_default();
        self.pace.of(&name, resource_type)
    }

    /// Changes the stack of a run.
    fn with<T>(&self, run: &Run, change: impl FnOnce(&mut Stack) -> T) -> Option<T> {
        self.state().find_mut(&run.stack_id).map(change)
    }

    /// Why something done to a resource fails now, where a test asked for that.
    fn forced(&self, run: &Run, resource: (&str, &str), action: FaultAction) -> Result<(), String> {
        let (name, rolls_back) = self
            .with(run, |stack| (stack.name.clone(), stack.status.contains("ROLLBACK")))
            .unwrap_or_default();
        let (logical_id, resource_type) = resource;
        let stack = [name.as_str(), run.stack_id.as_str()];
        let work = Work { stack, logical_id, resource_type, action, rolls_back };
        self.faults.meet(&work).map_or(Ok(()), |reason| Err(step::handler_reason(&reason)))
    }

    /// The resources of the stack, as they are now.
    fn resources(&self, run: &Run) -> BTreeMap<String, Resource> {
        self.with(run, |stack| stack.resources.clone()).unwrap_or_default()
    }

    /// The model of what is wanted of a stack.
    pub(super) async fn model(
        &self,
        desired: &Desired,
        stack: (&str, &str),
    ) -> Result<Model, Fault> {
        let scope = self.scope(desired, stack).await;
        model::of(desired, scope)
    }

    async fn scope(&self, desired: &Desired, stack: (&str, &str)) -> Scope {
        let template = &desired.template;
        let mut scope = parameters::scope(
            template,
            &desired.parameters,
            &self.place,
            stack,
            &desired.notifications,
        );
        scope.zones = self.zones.get_or_init(|| self.ask_zones()).await.clone();
        let exports = self.state().exports();
        scope.exports = exports.into_iter().map(|(name, value, _)| (name, value)).collect();
        scope
    }

    async fn ask_zones(&self) -> Vec<String> {
        let answer =
            self.upstream.query("ec2", "DescribeAvailabilityZones", "2016-11-15", &[]).await;
        let xml = answer.unwrap_or_default();
        let zones: Vec<String> = xml
            .split("<zoneName>")
            .skip(1)
            .filter_map(|part| part.split('<').next().map(str::to_owned))
            .collect();
        if !zones.is_empty() {
            return zones;
        }
        ["a", "b", "c"].iter().map(|letter| format!("{}{letter}", self.place.region)).collect()
    }

    /// Adds what templates ask for to the attributes of existing resources.
    pub(super) async fn complete_attributes(
        &self,
        model: &Model,
        resources: &mut BTreeMap<String, Resource>,
    ) {
        for (name, resource) in resources.iter_mut() {
            let wanted = model.attributes_of(name);
            if !wanted.is_empty() {
                resource.attributes = self.provisioner.attributes(resource, &wanted).await;
            }
        }
    }

    /// What is sent to the service: the declared properties, the made-up name, the stack's tags.
    fn sent(
        resource_type: &str,
        declared: &Value,
        generated: Option<&(String, String)>,
        tags: &[(String, String)],
    ) -> Value {
        let mut sent = declared.clone();
        if let Some((property, name)) = generated {
            sent[property] = Value::from(name.clone());
        }
        let property = schema::of(resource_type).and_then(|schema| schema.tags.clone());
        if let Some(property) = property {
            add_tags(&mut sent, &property, tags, resource_type);
        }
        sent
    }

    fn adopt(resource: &mut Resource, made: Made) {
        resource.handle = made.handle;
        resource.physical_id = Some(made.physical_id);
        resource.attributes = made.attributes;
    }
}

/// Tags of the resource win over tags of the stack. Some types take a map instead of a list.
fn add_tags(sent: &mut Value, property: &str, tags: &[(String, String)], resource_type: &str) {
    if tags.is_empty() || property.contains('/') || !sent.is_object() {
        return;
    }
    if resource_type == "AWS::SSM::Parameter" || sent[property].is_object() {
        for (key, value) in tags {
            if sent[property].get(key).is_none() {
                sent[property][key] = Value::from(value.clone());
            }
        }
        return;
    }
    let mut list = sent[property].as_array().cloned().unwrap_or_default();
    for (key, value) in tags {
        if list.iter().any(|tag| tag["Key"] == *key) {
            continue;
        }
        let mut tag = serde_json::json!({"Key": key, "Value": value});
        if resource_type == "AWS::AutoScaling::AutoScalingGroup" {
            tag["PropagateAtLaunch"] = Value::Bool(true);
        }
        list.push(tag);
    }
    sent[property] = Value::Array(list);
}

impl Stack {
    /// Begins an operation: the run that its events belong to.
    pub(super) fn begin(&mut self, kind: &'static str, token: Option<String>) -> Run {
        self.begin_with(kind, token, CancellationToken::new())
    }

    /// As [`Self::begin`], where something else stops the operation too.
    fn begin_with(
        &mut self,
        kind: &'static str,
        token: Option<String>,
        cancel: CancellationToken,
    ) -> Run {
        let operation = Uuid::new_v4().to_string();
        self.cancel = cancel;
        if let Some(token) = &token {
            self.tokens.insert(token.clone(), kind);
        }
        self.operations.push(Operation {
            id: operation.clone(),
            kind,
            token: token.clone(),
            status: "IN_PROGRESS",
            started: jiff::Timestamp::now(),
            ended: None,
        });
        Run {
            stack_id: self.id.clone(),
            token,
            operation,
            cancel: self.cancel.clone(),
            busy: Arc::clone(&self.busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tags_of_the_stack_go_on_resources_that_take_tags() {
        let tags = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
        let declared = json!({"Tags": [{"Key": "a", "Value": "own"}]});
        let sent = Engine::sent("AWS::EC2::VPC", &declared, None, &tags);
        assert_eq!(
            sent,
            json!({"Tags": [{"Key": "a", "Value": "own"}, {"Key": "b", "Value": "2"}]})
        );
        let route = Engine::sent("AWS::EC2::Route", &json!({}), None, &tags);
        assert_eq!(route, json!({}));
        let parameter = Engine::sent("AWS::SSM::Parameter", &json!({}), None, &tags);
        assert_eq!(parameter, json!({"Tags": {"a": "1", "b": "2"}}));
    }
}
