//! How CloudFormation waits for a service.

use std::time::Duration;

use super::model::{Service, Status};
use super::{Ecs, key};

/// Longest wait for a service. AWS waits three hours; a rehearsal knows sooner.
pub const STABILIZE_LIMIT: Duration = Duration::from_secs(15 * 60);

impl Ecs {
    /// Waits until the service is stable, as CloudFormation does after it made or changed it; the
    /// error is the text of its events. A deployment's failure is reported once: an update that
    /// goes back to the task definition that the breaker has gone back to begins no deployment,
    /// and the service is stable when it is at rest.
    pub async fn stabilize(&self, service: &str, limit: Duration) -> Result<(), String> {
        let key = key(None, service);
        let ended = async {
            loop {
                let change = self.changed.notified();
                // Daemons and external controllers are not kept here: nothing to wait for.
                let verdict = self.lock().get_mut(&key).map_or(Some(true), verdict);
                match verdict {
                    Some(success) => return success,
                    None => change.await,
                }
            }
        };
        match tokio::time::timeout(limit, ended).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused(
                "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.",
                "GeneralServiceException",
            )),
            Err(_) => Err(refused("Exceeded attempts to wait", "NotStabilized")),
        }
    }
}

/// Whether the service became stable; `None` while that is open.
pub(super) fn verdict(service: &mut Service) -> Option<bool> {
    let deployment = service.deployments.first()?;
    let judged = service.judged.as_ref() == Some(&deployment.arn);
    if judged || deployment.status == Status::Successful {
        return service.steady.then_some(true);
    }
    if !deployment.status.is_final() {
        return None;
    }
    service.judged = Some(deployment.arn.clone());
    Some(false)
}

fn refused(message: &str, code: &str) -> String {
    let token = uuid::Uuid::new_v4();
    format!(
        "Resource handler returned message: \"{message}\" (RequestToken: {token}, \
         HandlerErrorCode: {code})"
    )
}
