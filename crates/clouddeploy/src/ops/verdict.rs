//! Waits until a service serves what we deployed, and says so, or says what it does instead.

use std::time::Duration;

use cloudops_aws::{
    containers::{self, Verdict, judge},
    ctx::Ctx,
    edge,
    events::{EventKind, Outcome},
    wait::{self, Pace, WaitError},
};
use futures::future;

use crate::error::DeployError;

/// A service takes minutes to start, and draining takes as long again.
const PACE: Pace = Pace {
    first: Duration::from_millis(200),
    longest: Duration::from_secs(5),
    deadline: Duration::from_secs(60 * 60),
};

/// A service and what it must serve.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// Name for people, such as `live/cortex`.
    pub(super) title: String,
    /// ECS cluster.
    pub(super) cluster: String,
    /// ECS service.
    pub(super) service: String,
    /// ARN of the task definition.
    pub(super) task_definition: String,
    /// ARN of the target group of a service behind the balancer.
    pub(super) target_group: Option<String>,
}

/// The verdict of one service, as a look at it gives.
pub(super) async fn look(ctx: &Ctx, expected: &Expected) -> Result<Verdict, DeployError> {
    let service = containers::service(&ctx.aws, &expected.cluster, &expected.service).await?;
    let targets = match &expected.target_group {
        Some(arn) => Some(edge::target_health(&ctx.aws, arn).await?),
        None => None,
    };
    Ok(judge(service.as_ref(), &expected.task_definition, targets))
}

/// Waits for the verdicts of services, side by side. All must serve.
pub(super) async fn all(ctx: &Ctx, expected: &[Expected]) -> Result<(), DeployError> {
    future::try_join_all(expected.iter().map(|expected| one(ctx, expected))).await?;
    Ok(())
}

async fn one(ctx: &Ctx, expected: &Expected) -> Result<(), DeployError> {
    let step = format!("verdict/{}", expected.title);
    ctx.events.step(&step, format!("verdict on {}", expected.title));
    let result = settle(ctx, expected).await;
    match &result {
        Ok(running) => {
            let detail = format!("serves the release with {running} tasks");
            ctx.events.step_done(&step, Outcome::Done, detail);
        }
        Err(error) => ctx.events.step_done(&step, Outcome::Failed, error.to_string()),
    }
    result.map(|_| ())
}

enum Stop {
    Wait(WaitError),
    Failed(DeployError),
}

impl From<WaitError> for Stop {
    fn from(error: WaitError) -> Self {
        Self::Wait(error)
    }
}

async fn settle(ctx: &Ctx, expected: &Expected) -> Result<i32, DeployError> {
    let service = || expected.title.clone();
    let looked = wait::until(PACE, &ctx.cancel, async || {
        match look(ctx, expected).await.map_err(Stop::Failed)? {
            Verdict::Serving { running } => Ok(Some(running)),
            Verdict::InProgress { state } => {
                ctx.events.send(EventKind::Service { service: service(), state });
                Ok(None)
            }
            verdict => Err(Stop::Failed(refuse(ctx, expected, verdict).await)),
        }
    });
    match looked.await {
        Ok(running) => Ok(running),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Wait(source)) => Err(DeployError::Wait { service: service(), source }),
    }
}

/// The error of a service that will not serve, with the reasons why its tasks stopped.
async fn refuse(ctx: &Ctx, expected: &Expected, verdict: Verdict) -> DeployError {
    let reasons = containers::stopped_reasons(&ctx.aws, &expected.cluster, &expected.service).await;
    for reason in reasons.unwrap_or_default() {
        ctx.events.warn(format!("a task of {} stopped: {reason}", expected.title));
    }
    DeployError::NotServing { service: expected.title.clone(), verdict }
}
