//! A service and its deployments as AWS shows them.

use serde_json::{Value, json};

use super::breaker;
use super::ids::epoch;
use super::model::{Deployment, Rollout, RolloutState, Service, Status};

/// The emulator's record of the service with the proxy's truth over it.
pub(super) fn service(service: &Service, record: &Value) -> Value {
    let mut shown = record.clone();
    let live = service.seen.iter().filter(|task| !task.stopped);
    let running = live.clone().filter(|task| task.running).count();
    let pending = live.count() - running;
    shown["loadBalancers"] = match &service.settings["loadBalancers"] {
        Value::Null => json!([]),
        given => given.clone(),
    };
    shown["desiredCount"] = json!(service.desired);
    shown["runningCount"] = json!(running);
    shown["pendingCount"] = json!(pending);
    let gone = service.draining && running + pending == 0;
    let status = match (service.draining, gone) {
        (false, _) => "ACTIVE",
        (true, false) => "DRAINING",
        (true, true) => "INACTIVE",
    };
    shown["status"] = json!(status);
    if let Some(primary) = service.rollouts.first() {
        shown["taskDefinition"] = json!(primary.task_definition);
    }
    let mut configuration = json!({"maximumPercent": 200, "minimumHealthyPercent": 100});
    let given = service.settings["deploymentConfiguration"].as_object();
    for (name, value) in given.into_iter().flatten() {
        configuration[name] = value.clone();
    }
    shown["deploymentConfiguration"] = configuration;
    shown["deployments"] = service
        .rollouts
        .iter()
        .enumerate()
        .map(|(place, rollout)| self::rollout(service, rollout, place == 0))
        .collect();
    shown["events"] = service
        .events
        .iter()
        .map(
            |event| json!({"id": event.id, "createdAt": epoch(event.at), "message": event.message}),
        )
        .collect();
    if let Some(deployment) = service.deployments.first() {
        shown["currentServiceDeployment"] = json!(deployment.arn);
    }
    shown["currentServiceRevisions"] = service
        .rollouts
        .iter()
        .filter_map(|rollout| {
            let (running, pending) = counts(service, &rollout.id);
            (running + pending > 0).then(|| revision_summary(service, rollout))
        })
        .collect();
    shown
}

/// Running and pending tasks of a deployment.
fn counts(service: &Service, rollout: &str) -> (usize, usize) {
    let own = service.seen.iter().filter(|task| !task.stopped && task.started_by == rollout);
    let running = own.clone().filter(|task| task.running).count();
    (running, own.count() - running)
}

fn wanted(service: &Service, rollout: &Rollout, primary: bool) -> usize {
    if primary {
        return if rollout.state == RolloutState::Failed { 0 } else { service.desired };
    }
    let stays = |arn: &str| service.tasks.get(arn).is_none_or(|known| known.leaving.is_none());
    let own = service.seen.iter().filter(|t| !t.stopped && t.started_by == rollout.id);
    if rollout.state == RolloutState::Failed { 0 } else { own.filter(|t| stays(&t.arn)).count() }
}

fn rollout(service: &Service, rollout: &Rollout, primary: bool) -> Value {
    let (running, pending) = counts(service, &rollout.id);
    let mut shown = json!({
        "id": rollout.id,
        "status": if primary { "PRIMARY" } else { "ACTIVE" },
        "taskDefinition": rollout.task_definition,
        "desiredCount": wanted(service, rollout, primary),
        "pendingCount": pending,
        "runningCount": running,
        "failedTasks": rollout.failed_tasks,
        "createdAt": epoch(rollout.created),
        "updatedAt": epoch(rollout.updated),
        "rolloutState": match rollout.state {
            RolloutState::InProgress => "IN_PROGRESS",
            RolloutState::Completed => "COMPLETED",
            RolloutState::Failed => "FAILED",
        },
        "rolloutStateReason": rollout.reason,
    });
    copy(&mut shown, &rollout.settings, SETTINGS);
    if shown["capacityProviderStrategy"].is_null() && shown["launchType"].is_null() {
        shown["launchType"] = json!("EC2");
    }
    shown
}

const SETTINGS: &[&str] = &[
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
    "serviceConnectConfiguration",
    "volumeConfigurations",
];

fn copy(shown: &mut Value, settings: &Value, names: &[&str]) {
    for name in names {
        if !settings[*name].is_null() {
            shown[*name] = settings[*name].clone();
        }
    }
}

fn revision_summary(service: &Service, rollout: &Rollout) -> Value {
    let (running, pending) = counts(service, &rollout.id);
    let primary = service.rollouts.first().is_some_and(|first| first.id == rollout.id);
    json!({
        "arn": rollout.revision,
        "requestedTaskCount": wanted(service, rollout, primary),
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    })
}

/// A service revision.
pub(super) fn revision(service: &Service, rollout: &Rollout) -> Value {
    let images: Vec<Value> = rollout
        .images
        .iter()
        .map(|(name, image)| {
            let mut shown = json!({"containerName": name, "image": image});
            if let Some((_, digest)) = image.split_once('@') {
                shown["imageDigest"] = json!(digest);
            }
            shown
        })
        .collect();
    let mut shown = json!({
        "serviceRevisionArn": rollout.revision,
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "taskDefinition": rollout.task_definition,
        "containerImages": images,
        "guardDutyEnabled": false,
        "createdAt": epoch(rollout.created),
    });
    copy(&mut shown, &rollout.settings, SETTINGS);
    copy(&mut shown, &rollout.settings, &["loadBalancers", "serviceRegistries"]);
    shown
}

/// A service deployment in a list.
pub(super) fn brief(service: &Service, deployment: &Deployment) -> Value {
    let mut shown = json!({
        "serviceDeploymentArn": deployment.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "createdAt": epoch(deployment.created),
        "startedAt": epoch(deployment.created),
        "targetServiceRevisionArn": deployment.target,
        "status": deployment.status.as_str(),
    });
    if let Some(finished) = deployment.finished {
        shown["finishedAt"] = epoch(finished);
    }
    if let Some(reason) = &deployment.reason {
        shown["statusReason"] = json!(reason);
    }
    shown
}

/// A service deployment in full.
pub(super) fn deployment(service: &Service, deployment: &Deployment) -> Value {
    let mut shown = brief(service, deployment);
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("targetServiceRevisionArn");
    }
    let summary = |arn: &String| {
        let known = service.revisions.iter().find(|rollout| rollout.revision == *arn);
        known.map_or_else(|| json!({"arn": arn}), |rollout| revision_summary(service, rollout))
    };
    shown["updatedAt"] = epoch(deployment.updated);
    shown["targetServiceRevision"] = summary(&deployment.target);
    shown["sourceServiceRevisions"] = deployment.sources.iter().map(summary).collect();
    shown["deploymentConfiguration"] = if deployment.configuration.is_null() {
        json!({"maximumPercent": 200, "minimumHealthyPercent": 100})
    } else {
        deployment.configuration.clone()
    };
    if deployment.status == Status::Stopped
        && let Some(finished) = deployment.finished
    {
        shown["stoppedAt"] = epoch(finished);
    }
    if let Some(rollback) = &deployment.rollback {
        shown["rollback"] = json!({
            "reason": rollback.reason,
            "startedAt": epoch(rollback.started),
            "serviceRevisionArn": rollback.revision,
        });
    }
    shown["deploymentCircuitBreaker"] = circuit_breaker(service, deployment);
    shown
}

fn circuit_breaker(service: &Service, deployment: &Deployment) -> Value {
    let settings = json!({"deploymentConfiguration": deployment.configuration});
    let Some(threshold) = breaker::threshold(&settings, service.desired) else {
        return json!({"status": "DISABLED", "failureCount": 0, "threshold": 0});
    };
    let own = service.rollouts.iter().find(|rollout| rollout.id == deployment.rollout);
    let status = match (deployment.triggered, deployment.status.is_final()) {
        (true, _) => "TRIGGERED",
        (false, false) => "MONITORING",
        (false, true) => "MONITORING_COMPLETE",
    };
    let counted = own.map_or(0, |rollout| rollout.failures).max(deployment.failures);
    json!({"status": status, "failureCount": counted, "threshold": threshold})
}
