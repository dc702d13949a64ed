//! Service deployments and revisions, as the proxy keeps them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::model::{Service, Status};
use super::{Ecs, Outcome, breaker, error, key, view};
use crate::proxy::upstream::UpstreamError;

impl Ecs {
    pub(super) fn list_service_deployments(&self, body: &Value) -> Outcome {
        let key = key(body["cluster"].as_str(), body["service"].as_str().unwrap_or_default());
        let services = self.lock();
        let missing = || error("ServiceNotFoundException", "Service not found.");
        let service = services.get(&key).ok_or_else(missing)?;
        let statuses = body["status"].as_array();
        let bound = |name: &str| body["createdAt"][name].as_f64();
        let all: Vec<Value> = service
            .deployments
            .iter()
            .map(|deployment| view::brief(service, deployment))
            .filter(|brief| statuses.is_none_or(|s| s.is_empty() || s.contains(&brief["status"])))
            .filter(|brief| {
                let at = brief["createdAt"].as_f64().unwrap_or_default();
                bound("after").is_none_or(|after| at > after)
                    && bound("before").is_none_or(|before| at < before)
            })
            .collect();
        let size = body["maxResults"].as_u64().unwrap_or(100).clamp(1, 100) as usize;
        let start = body["nextToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or(0);
        let page: Vec<&Value> = all.iter().skip(start).take(size).collect();
        let mut answer = json!({"serviceDeployments": page});
        if start + size < all.len() {
            answer["nextToken"] = json!((start + size).to_string());
        }
        Ok(answer)
    }

    pub(super) fn describe_service_deployments(&self, body: &Value) -> Outcome {
        self.described(body, "serviceDeploymentArns", "serviceDeployments", |service, arn| {
            let found = service.deployments.iter().find(|deployment| deployment.arn == arn);
            found.map(|deployment| view::deployment(service, deployment))
        })
    }

    pub(super) fn describe_service_revisions(&self, body: &Value) -> Outcome {
        self.described(body, "serviceRevisionArns", "serviceRevisions", |service, arn| {
            let found = service.revisions.iter().find(|rollout| rollout.revision == arn);
            found.map(|rollout| view::revision(service, rollout))
        })
    }

    fn described(
        &self,
        body: &Value,
        from: &str,
        to: &str,
        find: impl Fn(&Service, &str) -> Option<Value>,
    ) -> Outcome {
        let services = self.lock();
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in body[from].as_array().into_iter().flatten().filter_map(Value::as_str) {
            match services.values().find_map(|service| find(service, arn)) {
                Some(shown) => found.push(shown),
                None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
            }
        }
        Ok(json!({to: found, "failures": failures}))
    }

    pub(super) fn stop_service_deployment(&self, body: &Value) -> Outcome {
        let arn = body["serviceDeploymentArn"].as_str().unwrap_or_default();
        let abort = body["stopType"] == "ABORT";
        let mut services = self.lock();
        let service = services
            .values_mut()
            .find(|service| service.deployments.iter().any(|deployment| deployment.arn == arn));
        let Some(service) = service else {
            let message = "The service deployment cannot be found.";
            return Err(error("ServiceDeploymentNotFoundException", message));
        };
        stop(service, arn, abort, Timestamp::now())?;
        drop(services);
        self.changed.notify_waiters();
        Ok(json!({"serviceDeploymentArn": arn}))
    }
}

/// Ends the deployment that goes on: back to the last completed one, or as it is now.
fn stop(
    service: &mut Service,
    arn: &str,
    abort: bool,
    now: Timestamp,
) -> Result<(), UpstreamError> {
    let going_on = service
        .deployments
        .first()
        .is_some_and(|one| one.arn == arn && one.status == Status::InProgress);
    if !going_on {
        let message = "The service deployment is not in progress.";
        return Err(error("ConflictException", message));
    }
    if !abort {
        let reason = "Service deployment rolled back because of a user request.";
        breaker::roll_back(service, reason, None, now);
        return Ok(());
    }
    if let Some(deployment) = service.current() {
        deployment.end(Status::Stopped, Some("Service deployment stopped by user."), now);
    }
    breaker::abandon(service, now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::ecs::bench::{TIMING, at, messages, task, updating};
    use crate::proxy::ecs::engine::{Command, step};
    use crate::proxy::ecs::model::RolloutState;

    #[test]
    fn a_stop_that_rolls_back_returns_to_the_old_tasks() {
        let (mut service, old) = updating(Value::Null);
        let (first, arn) = (service.rollouts[1].id.clone(), service.deployments[0].arn.clone());
        stop(&mut service, &arn, false, at(12)).unwrap();
        assert_eq!(service.deployments[0].status.as_str(), "ROLLBACK_IN_PROGRESS");
        let mut all = old;
        let newer = task(&service, "new", 1);
        all.push(newer);
        let commands = step(&mut service, all.clone(), at(13), TIMING);
        assert!(matches!(&commands[..], [Command::Stop { task, .. }] if task.ends_with("new")));
        all.truncate(2);
        step(&mut service, all, at(16), TIMING);
        assert_eq!(
            (&service.rollouts[0].id, service.rollouts[0].state),
            (&first, RolloutState::Completed)
        );
        assert_eq!(service.deployments[0].status.as_str(), "ROLLBACK_SUCCESSFUL");
        let said = format!("(service cm) rolling back to deployment {first}.");
        assert!(messages(&service).contains(&said));
    }

    #[test]
    fn a_stop_that_aborts_leaves_everything_as_it_is() {
        let (mut service, old) = updating(Value::Null);
        let arn = service.deployments[0].arn.clone();
        stop(&mut service, &arn, true, at(12)).unwrap();
        assert_eq!(service.deployments[0].status.as_str(), "STOPPED");
        assert_eq!(service.rollouts[0].state, RolloutState::Failed);
        assert!(step(&mut service, old, at(13), TIMING).is_empty(), "nothing starts or stops");
    }

    #[test]
    fn only_what_goes_on_can_be_stopped() {
        let (mut service, _) = updating(Value::Null);
        let arns: Vec<String> = service.deployments.iter().map(|one| one.arn.clone()).collect();
        let refused = |result: Result<(), UpstreamError>| match result {
            Err(UpstreamError::Service { code, .. }) => code,
            other => format!("{other:?}"),
        };
        assert_eq!(refused(stop(&mut service, &arns[1], false, at(12))), "ConflictException");
        stop(&mut service, &arns[0], true, at(12)).unwrap();
        assert_eq!(refused(stop(&mut service, &arns[0], false, at(13))), "ConflictException");
    }
}
