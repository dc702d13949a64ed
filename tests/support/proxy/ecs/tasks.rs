//! `DescribeTasks`, with what the emulator words differently from AWS.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::{Ecs, Outcome};

impl Ecs {
    pub(super) async fn describe_tasks(&self, body: &Value) -> Outcome {
        let mut answer = self.ecs("DescribeTasks", body).await?;
        for task in answer["tasks"].as_array_mut().into_iter().flatten() {
            self.correct(task).await;
        }
        Ok(answer)
    }

    /// The emulator answers when the containers have ended, and forgets who asked: AWS does neither.
    pub(super) async fn stop_task(&self, body: &Value) -> Option<Outcome> {
        let look = json!({"cluster": body["cluster"], "tasks": [body["task"]]});
        let mut answer = match self.describe_tasks(&look).await {
            Ok(answer) => answer,
            Err(error) => return Some(Err(error)),
        };
        let mut task = answer["tasks"][0].take();
        let arn = task["taskArn"].as_str()?.to_owned();
        if task["lastStatus"] != "STOPPED" {
            let reason = body["reason"].as_str().unwrap_or("Task stopped by user").to_owned();
            task["desiredStatus"] = json!("STOPPED");
            task["stopCode"] = json!("UserInitiated");
            task["stoppedReason"] = json!(reason);
            self.by_hand().insert(arn, reason);
            let (me, body) = (self.me.upgrade()?, body.clone());
            tokio::spawn(async move { me.ecs("StopTask", &body).await });
        }
        Some(Ok(json!({"task": task})))
    }

    /// Tasks that an operator stopped, and why.
    pub(super) fn by_hand(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.stopped_by_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn correct(&self, task: &mut Value) {
        let code = task["stopCode"].as_str().unwrap_or_default().to_owned();
        let by_hand = self.by_hand().get(task["taskArn"].as_str().unwrap_or_default()).cloned();
        if let Some(reason) = by_hand {
            task["stopCode"] = json!("UserInitiated");
            task["stoppedReason"] = json!(reason);
        } else if let Some(reason) =
            self.scheduler_reason(task["taskArn"].as_str().unwrap_or_default())
        {
            if !code.is_empty() {
                task["stopCode"] = json!("ServiceSchedulerInitiated");
                task["stoppedReason"] = json!(reason);
            }
        } else if let Some(reason) = task["stoppedReason"].as_str() {
            task["stoppedReason"] = json!(stopped_reason(&code, reason));
        }
        for attachment in task["attachments"].as_array_mut().into_iter().flatten() {
            if attachment["type"] == "eni" {
                attachment["type"] = json!("ElasticNetworkInterface");
            }
        }
        let provider = task["capacityProviderName"].as_str().unwrap_or_default();
        if !provider.is_empty() && !provider.starts_with("FARGATE") {
            task["launchType"] = json!("EC2");
        }
        let placeholder = task["containerInstanceArn"]
            .as_str()
            .is_some_and(|arn| arn.ends_with("/i-fakecloud-1"));
        if placeholder && let Some(fields) = task.as_object_mut() {
            fields.remove("containerInstanceArn");
        }
        task["availabilityZone"] = json!(self.zone(task).await);
    }

    /// Why the scheduler stopped a task, when it did.
    fn scheduler_reason(&self, task: &str) -> Option<String> {
        let services = self.lock();
        let known = services.values().find_map(|service| service.tasks.get(task))?;
        known.leaving.clone().filter(|_| known.stop_sent)
    }

    /// The zone of the task's subnet.
    async fn zone(&self, task: &Value) -> String {
        let default = format!("{}a", self.upstream.region());
        let Some(subnet) = subnet(task) else {
            return default;
        };
        let zones = || self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(zone) = zones().get(subnet) {
            return zone.clone();
        }
        let parameters = [("SubnetId.1".to_owned(), subnet.to_owned())];
        let answer = self.upstream.query("ec2", "DescribeSubnets", "2016-11-15", &parameters).await;
        let zone = answer.ok().and_then(|xml| {
            let (_, rest) = xml.split_once("<availabilityZone>")?;
            rest.split_once('<').map(|(zone, _)| zone.to_owned())
        });
        let zone = zone.unwrap_or(default);
        zones().insert(subnet.to_owned(), zone.clone());
        zone
    }
}

fn subnet(task: &Value) -> Option<&str> {
    let attachments = task["attachments"].as_array()?.iter();
    let mut details = attachments.filter_map(|one| one["details"].as_array()).flatten();
    details.find(|detail| detail["name"] == "subnetId")?["value"].as_str()
}

/// The emulator's reason in AWS's words.
pub(super) fn stopped_reason(code: &str, reason: &str) -> String {
    // What the container program said goes on for lines.
    let reason = reason.lines().next().unwrap_or_default().trim_end();
    match code {
        "EssentialContainerExited" => "Essential container in task exited".to_owned(),
        "TaskFailedToStart" => {
            let low = reason.to_ascii_lowercase();
            let known = ["CannotPull", "ResourceInit", "CannotStart", "OutOfMemory"];
            if known.iter().any(|name| reason.starts_with(name)) {
                reason.to_owned()
            } else if low.contains("pull") || low.contains("manifest") {
                format!("CannotPullContainerError: {reason}")
            } else if low.contains("secret") || low.contains("parameter") {
                format!(
                    "ResourceInitializationError: unable to pull secrets or registry auth: {reason}"
                )
            } else {
                format!("CannotStartContainerError: {reason}")
            }
        }
        _ => reason.to_owned(),
    }
}
