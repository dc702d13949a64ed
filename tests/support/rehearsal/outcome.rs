//! What a rehearsal came to, for people and for programs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::RehearsalError;
use super::left_running::LeftRunning;
use super::storefront::Answer;
use super::tour::{Step, Tour, seconds};

/// What a rehearsal came to.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Number of this document's form.
    pub schema: u32,
    /// Whether everything was as it should be.
    pub passed: bool,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Why it stopped, with the last calls.
    pub failure: Option<String>,
    /// The steps that were done.
    pub steps: Vec<Step>,
    /// Total time.
    pub seconds: f64,
    /// Calls of AWS by service.
    pub calls: BTreeMap<String, u64>,
    /// What exists now, asked of AWS: by section and identity.
    pub exists: Value,
    /// What existed when all of it was there.
    pub height: Option<Value>,
    /// What retention keeps after everything was destroyed.
    pub kept: Option<Vec<String>>,
    /// Answers of the storefront.
    pub storefront: Vec<Answer>,
    /// How many containers ran in which way.
    pub containers: Value,
    /// What is not AWS here.
    pub simulated: Vec<String>,
    /// All files of the rehearsal; the logs are in `logs`.
    pub work: PathBuf,
    /// Endpoint of the local AWS.
    pub endpoint: String,
    /// What is left running, with `--keep`.
    pub running: Option<LeftRunning>,
}

impl Outcome {
    /// The exit code of a rehearsal that came to this.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (self.passed, self.interrupted) {
            (true, _) => 0,
            (false, true) => 130,
            (false, false) => 1,
        }
    }
}

/// Asks everything that the summary says, while the stage still stands.
pub(super) async fn collect(
    tour: &Tour,
    result: Result<(), RehearsalError>,
    keep: bool,
    elapsed: Duration,
) -> Outcome {
    let stage = &tour.stage;
    let interrupted = matches!(result, Err(RehearsalError::Interrupted));
    let failure = match &result {
        Ok(()) => None,
        Err(error) => Some(describe(tour, error).await),
    };
    // A summary with gaps is better than none: whatever failed has its own words above.
    let exists = if interrupted {
        json!({})
    } else {
        without(tour.inventory.all().await.unwrap_or_default(), &tour.before)
    };
    Outcome {
        schema: 1,
        passed: result.is_ok(),
        interrupted,
        failure,
        steps: tour.steps.clone(),
        seconds: seconds(elapsed),
        calls: calls(tour).await,
        exists,
        height: tour.height.clone().map(|height| without(height, &tour.before)),
        kept: tour.kept.clone(),
        storefront: tour.answers.clone(),
        containers: stage.containers().await.unwrap_or_default(),
        simulated: simulated(tour).await,
        work: stage.work.clone(),
        endpoint: stage.emulator.endpoint.as_str().trim_end_matches('/').to_owned(),
        running: keep.then(|| stage.left_running()),
    }
}

/// What the harness itself stands in for; the proxy says the rest.
const HARNESS: [&str; 3] = [
    "The build server is a stand-in that speaks Jenkins' protocol and really runs the jobs' shell steps",
    "The load balancer has one port of this machine and no TLS; while the storefront is asked, that \
     port has the rules of the HTTPS listener",
    "The secret of the build server is handed to it by the harness, as ECS would",
];

async fn simulated(tour: &Tour) -> Vec<String> {
    let proxy = tour.stage.emulator.proxy.simulated().await.unwrap_or_default();
    HARNESS.iter().map(|sentence| (*sentence).to_owned()).chain(proxy).collect()
}

async fn describe(tour: &Tour, error: &RehearsalError) -> String {
    let calls = tour.last_calls().await.join("\n  ");
    let logs = tour.stage.work.join("logs");
    format!("{error}\n\nthe last calls of AWS:\n  {calls}\n\nlogs: {}", logs.display())
}

async fn calls(tour: &Tour) -> BTreeMap<String, u64> {
    let mut by_service = BTreeMap::new();
    // The independent client's own calls are none of the programs'.
    let all = tour.stage.emulator.proxy.calls(0).await.unwrap_or_default();
    for call in all.into_iter().filter(|call| call.who != "inventory") {
        *by_service.entry(call.service).or_default() += 1;
    }
    by_service
}

/// What is in an inventory and was not there before we began, such as the default network.
fn without(mut inventory: Value, before: &Value) -> Value {
    for (section, things) in inventory.as_object_mut().into_iter().flatten() {
        if let (Some(things), Some(known)) = (things.as_object_mut(), before[section].as_object()) {
            things.retain(|identity, _| !known.contains_key(identity));
        }
    }
    inventory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_is_left_out() {
        let before = json!({"vpcs": {"default": {}}, "stacks": {}});
        let now = json!({"vpcs": {"default": {}, "ours": {}}, "stacks": {"a": {}}});
        let ours = json!({"vpcs": {"ours": {}}, "stacks": {"a": {}}});
        assert_eq!(without(now, &before), ours);
        assert_eq!(without(before.clone(), &Value::Null), before);
    }
}
