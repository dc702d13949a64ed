//! The data population: a one-off task that a deployment waits for.

use std::time::Duration;

use cloudops_aws::{
    cfn::graph::Outputs,
    containers::{self, Placement, TaskRequest},
    events::Outcome,
    logs,
    state::environments::{Deployed, Side},
};
use jiff::{SignedDuration, Timestamp};

use super::deploy::Work;
use crate::{error::DeployError, layout};

/// Liquibase on a large database takes hours, not days.
const DATA_POPULATION: Duration = Duration::from_secs(6 * 60 * 60);

/// Runs `update-db` on the database of a side, and goes on only when it ended well. It is run
/// when the job's stack changed, which it does with each new data population image.
pub(super) async fn populate(
    work: &Work<'_>,
    side: Side,
    outputs: &Outputs,
) -> Result<(), DeployError> {
    let stack = layout::job_stack(work.config, &work.environment.name, side)?;
    let step = format!("data-population/{}", side.name());
    work.ctx.events.step(&step, format!("data population of {}", side.name()));
    if already_populated(work) {
        let detail = "done by an earlier deployment of this release";
        work.ctx.events.step_done(&step, Outcome::Unchanged, detail);
        return Ok(());
    }
    let job = outputs.get(&stack).cloned().unwrap_or_default();
    let task_definition = job.get("JobTaskDefinitionArn").cloned().unwrap_or_default();
    let token = work.ctx.token(&step);
    work.journal.intent(&step, &token).await?;
    let result = update_db(work, side, outputs, task_definition).await;
    match &result {
        Ok(detail) => {
            work.journal.done(&step, detail).await?;
            work.ctx.events.step_done(&step, Outcome::Done, detail);
        }
        Err(error) => {
            work.journal.failed(&step, &error.to_string()).await?;
            work.ctx.events.step_done(&step, Outcome::Failed, error.to_string());
        }
    }
    result.map(|_| ())
}

/// Whether this release served here before: then its schema and data are in the database.
fn already_populated(work: &Work<'_>) -> bool {
    work.environment.deployments.iter().any(|deployment| {
        deployment.release == work.release.id && deployment.outcome == Deployed::Serving
    })
}

async fn update_db(
    work: &Work<'_>,
    side: Side,
    outputs: &Outputs,
    task_definition: String,
) -> Result<String, DeployError> {
    let list = |name: &str| -> Result<Vec<String>, DeployError> {
        let text = match work.state.outputs().get(name) {
            Some(text) => text.clone(),
            None => layout::fact(outputs, name)?,
        };
        Ok(text.split(',').map(str::to_owned).collect())
    };
    let request = TaskRequest {
        placement: Placement {
            cluster: layout::fact(outputs, "ClusterName")?,
            capacity_provider: layout::fact(outputs, "CapacityProviderName")?,
            subnets: list("PrivateSubnetIds")?,
            security_groups: list("ServiceSecurityGroupId")?,
        },
        task_definition,
        container: "job".to_owned(),
        command: vec!["update-db".to_owned()],
        deadline: DATA_POPULATION,
    };
    let side_name = side.name();
    let end = containers::run_task(work.ctx, &request)
        .await
        .map_err(|source| DeployError::Task { side: side_name, source })?;
    let lines = last_lines(work, side, &end.id).await;
    if end.exit_code == Some(0) {
        return Ok(lines.last().cloned().unwrap_or_else(|| "exit code 0".to_owned()));
    }
    let reason = format!("{} {}", end.reason, lines.join("; "));
    Err(DeployError::DataPopulation { side: side_name, code: end.exit_code, reason })
}

/// The last lines that a task logged. They are an addition: without them the verdict stands.
async fn last_lines(work: &Work<'_>, side: Side, task: &str) -> Vec<String> {
    let group = layout::log_group(work.config, &work.environment.name);
    let now = Timestamp::now();
    let since = now.checked_sub(SignedDuration::from_hours(12)).unwrap_or(now);
    let prefix = format!("{}-job", side.name());
    let lines = logs::lines(&work.ctx.aws, &group, Some(&prefix), since).await.unwrap_or_default();
    let mut texts: Vec<String> = lines
        .into_iter()
        .filter(|line| line.stream.ends_with(task))
        .map(|line| line.message)
        .collect();
    texts.drain(..texts.len().saturating_sub(5));
    texts
}
