//! What `api/json` says about the queue and the builds of a job.

use serde::Deserialize;

use crate::jenkins::RUN_PARAMETER;

#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(default)]
    pub(super) cancelled: bool,
    pub(super) why: Option<String>,
    pub(super) executable: Option<Executable>,
}

#[derive(Deserialize)]
pub(super) struct Executable {
    pub(super) number: u64,
}

#[derive(Deserialize)]
pub(super) struct Builds {
    #[serde(default)]
    pub(super) builds: Vec<Candidate>,
}

#[derive(Deserialize)]
pub(super) struct Queue {
    pub(super) items: Vec<Waiting>,
}

#[derive(Deserialize)]
pub(super) struct Waiting {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) actions: Vec<Option<Action>>,
}

#[derive(Deserialize)]
pub(super) struct Candidate {
    pub(super) number: u64,
    #[serde(rename = "queueId")]
    pub(super) queue_id: Option<u64>,
    #[serde(default)]
    pub(super) actions: Vec<Option<Action>>,
}

#[derive(Deserialize)]
pub(super) struct Action {
    #[serde(default)]
    pub(super) parameters: Vec<Value>,
}

#[derive(Deserialize)]
pub(super) struct Value {
    pub(super) name: String,
    /// Absent for passwords, a boolean for flags.
    pub(super) value: Option<serde_json::Value>,
}

/// Whether a queue item or build has this run among its parameters.
pub(super) fn has_run(actions: &[Option<Action>], run: &str) -> bool {
    let parameters = actions.iter().flatten().flat_map(|action| &action.parameters);
    parameters
        .filter(|parameter| parameter.name == RUN_PARAMETER)
        .any(|parameter| parameter.value.as_ref().and_then(serde_json::Value::as_str) == Some(run))
}
