//! Carries out what the scheduler decides, service by service, until the service is gone.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::engine::{self, Command, Timing};
use super::model::{Rollout, Service};
use super::{Ecs, Key, health, words};
use crate::proxy::upstream::UpstreamError;

/// Between two looks while something moves.
const MOVING: Duration = Duration::from_millis(250);
/// Between two looks at a service at rest.
const RESTING: Duration = Duration::from_millis(1500);

const TIMING: Timing = Timing {
    settle: Duration::from_secs(2),
    drain: Duration::from_secs(1),
    pause: Duration::from_secs(10),
};

impl Ecs {
    /// Begins to look after a service.
    pub(super) fn track(&self, key: Key, generation: uuid::Uuid) {
        let Some(me) = self.me.upgrade() else {
            return;
        };
        tokio::spawn(async move {
            while me.look(&key, generation).await {
                let rest = me.is_at_rest(&key);
                let pause = tokio::time::sleep(if rest { RESTING } else { MOVING });
                tokio::select! {
                    () = pause => {}
                    () = me.moved(&key), if rest => {}
                }
            }
        });
    }

    /// One look; `false` when the service is gone.
    async fn look(self: &Arc<Self>, key: &Key, generation: uuid::Uuid) -> bool {
        let Ok(tasks) = self.observe(key).await else {
            // The emulator is busy or ending: the next look tells.
            return self.is_current(key, generation);
        };
        if !self.is_current(key, generation) {
            return false;
        }
        // The emulator's auto scaling starts tasks under the shell's name.
        let foreign = format!("ecs-svc/{}", key.1);
        if tasks.iter().any(|task| !task.stopping && !task.stopped && task.started_by == foreign) {
            self.take_over(key).await;
        }
        let now = Timestamp::now();
        let commands = self.with(key, |service| engine::step(service, tasks, now, TIMING));
        let Some(commands) = commands else {
            return false;
        };
        for command in commands {
            self.carry_out(key, command).await;
        }
        let gone = {
            let services = self.lock();
            let service = services.get(key).filter(|service| service.is_gone());
            service.map(|service| service.settings["loadBalancers"].clone())
        };
        self.changed.notify_waiters();
        if let Some(balancers) = &gone {
            self.drop_waiting_of(balancers).await;
        }
        gone.is_none()
    }

    fn is_current(&self, key: &Key, generation: uuid::Uuid) -> bool {
        self.lock().get(key).is_some_and(|service| service.generation == generation)
    }

    async fn carry_out(&self, key: &Key, command: Command) {
        match command {
            Command::Start(count) => self.start_tasks(key, count).await,
            Command::Stop { task, reason } => {
                let body = json!({"cluster": key.0, "task": task, "reason": reason});
                if let Some(me) = self.me.upgrade() {
                    // The emulator answers when the containers have ended: nobody waits for that.
                    tokio::spawn(async move { me.ecs("StopTask", &body).await });
                }
            }
            Command::Register(targets) => self.register(&targets).await,
            Command::Promote(targets) => self.promote(&targets).await,
            Command::Deregister(targets) => self.deregister(&targets).await,
        }
    }

    async fn start_tasks(&self, key: &Key, count: usize) {
        let Some((body, rollout)) = self
            .with(key, |service| {
                let primary = service.rollouts.first()?;
                let body = run_task(&primary.settings, service, primary);
                Some((body, primary.id.clone()))
            })
            .flatten()
        else {
            return;
        };
        let mut left = count;
        while left > 0 {
            let mut page = body.clone();
            page["count"] = Value::from(left.min(10));
            left = left.saturating_sub(10);
            let result = self.ecs("RunTask", &page).await;
            self.with(key, |service| note_started(service, &rollout, result));
        }
    }

    fn is_at_rest(&self, key: &Key) -> bool {
        self.lock().get(key).is_some_and(|service| service.steady)
    }

    /// Returns when an operation has changed the service.
    async fn moved(&self, key: &Key) {
        loop {
            let change = self.changed.notified();
            if !self.is_at_rest(key) {
                return;
            }
            change.await;
        }
    }
}

fn note_started(service: &mut Service, rollout: &str, result: Result<Value, UpstreamError>) {
    let now = Timestamp::now();
    let name = service.name.clone();
    match result {
        Ok(answer) => {
            let tasks = answer["tasks"].as_array().into_iter().flatten();
            let ids: Vec<String> = tasks
                .filter_map(|task| task["taskArn"].as_str()?.rsplit('/').next())
                .map(str::to_owned)
                .collect();
            service.event(words::started(&name, &ids), now);
        }
        Err(error) => {
            service.event(words::not_placed(&name, &error.to_string()), now);
            health::fail(service, rollout, now, Some(TIMING));
        }
    }
}

/// The `RunTask` request for a service's task.
fn run_task(settings: &Value, service: &Service, rollout: &Rollout) -> Value {
    let mut body = json!({
        "cluster": service.cluster,
        "taskDefinition": rollout.task_definition,
        "group": format!("service:{}", service.name),
        "startedBy": rollout.id,
    });
    for name in [
        "launchType",
        "capacityProviderStrategy",
        "networkConfiguration",
        "platformVersion",
        "enableExecuteCommand",
        "enableECSManagedTags",
        "placementConstraints",
        "placementStrategy",
    ] {
        if !settings[name].is_null() {
            body[name] = settings[name].clone();
        }
    }
    match settings["propagateTags"].as_str() {
        Some("SERVICE") => body["tags"] = settings["tags"].clone(),
        Some("TASK_DEFINITION") => body["propagateTags"] = Value::from("TASK_DEFINITION"),
        _ => {}
    }
    body
}
