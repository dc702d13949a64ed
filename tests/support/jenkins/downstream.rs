//! The `build` step: another job is built, and its end is awaited.

use std::time::Duration;

use super::{
    pipeline::{Argument, Call},
    queue::Place as InQueue,
    run::Run,
    steps::Place,
    store::Value,
};

/// Between two looks at the other build.
const LOOK: Duration = Duration::from_millis(50);

impl Run<'_> {
    /// Builds the other job with what is handed on, and ends as it does.
    pub(super) async fn build(&mut self, call: &Call, place: &Place) -> bool {
        let job = call.job.trim_start_matches('/');
        self.say(&format!("[Pipeline] build (Building {job})"));
        let values = match self.values(job, call, place) {
            Ok(values) => values,
            Err(reason) => return self.fail(&reason),
        };
        self.say(&format!("Scheduling project: {job}"));
        let cause = format!("Started by upstream project \"{}\"", self.job);
        let id = self.controller.enqueue(job, values, Duration::ZERO, &cause);
        let Some(number) = self.started(id, place).await else {
            return self.fail(&format!("{job} was cancelled"));
        };
        self.say(&format!("Starting building: {job} #{number}"));
        while self.controller.is_running(job, number) {
            if place.cancel.is_cancelled() {
                self.controller.abort(job, number);
            }
            tokio::time::sleep(LOOK).await;
        }
        let record = self.controller.store.record(job, number);
        let result = record.and_then(|record| record.result).unwrap_or_default();
        self.say(&format!("Build {job} #{number} completed: {result}"));
        result == "SUCCESS" || self.fail(&format!("{job} #{number} completed with status {result}"))
    }

    fn values(&self, job: &str, call: &Call, place: &Place) -> Result<Vec<Value>, String> {
        let definition = self.controller.store.definition(job);
        let definition = definition.ok_or_else(|| format!("No item named {job} found"))?;
        let declared = definition.parameters.unwrap_or_default();
        let values = declared.iter().map(|parameter| {
            let given = call.parameters.iter().find(|(name, _)| *name == parameter.name);
            let given = given.map(|(_, argument)| argument_value(argument, place)).transpose()?;
            let value = parameter.value(given.as_deref())?;
            let class = parameter.classes().1.to_owned();
            Ok(Value { class, name: parameter.name.clone(), value })
        });
        values.collect()
    }

    /// Number of the build, once its item has left the queue.
    async fn started(&self, id: u64, place: &Place) -> Option<u64> {
        loop {
            match self.controller.item(id)?.place {
                InQueue::Left { number, .. } => return Some(number),
                InQueue::Cancelled { .. } => return None,
                InQueue::Waits(_) if place.cancel.is_cancelled() => {
                    self.controller.cancel(id);
                    return None;
                }
                InQueue::Waits(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }
}

/// Parameters and what Jenkins sets are environment variables of the build alike.
fn argument_value(argument: &Argument, place: &Place) -> Result<String, String> {
    let name = match argument {
        Argument::Text(text) => return Ok(text.clone()),
        Argument::Variable(name) => name,
    };
    let found = place.env.iter().rev().find(|(known, _)| known == name);
    let missing = || format!("No such property: {name} for class: groovy.lang.Binding");
    found.map(|(_, value)| value.clone()).ok_or_else(missing)
}
