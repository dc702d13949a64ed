//! What running containers write, in the log streams that their task definitions name.
//!
//! The emulator writes a task's lines when the task has ended; on AWS they come as they are
//! written. So before somebody reads logs, the proxy takes the lines of all running containers
//! from the container program and hands them over.

use std::process::Stdio;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::process::Command;

use super::Ecs;
use crate::proxy::upstream::UpstreamError;

/// Most events in one `PutLogEvents` (CloudWatch Logs API reference).
const MOST_EVENTS: usize = 10_000;

/// A running container and its log stream.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    container: String,
    group: String,
    stream: String,
}

impl Ecs {
    /// Hands over all lines that were not yet. Whatever fails shows as lines that come later.
    pub(super) async fn hand_over_logs(&self) {
        let Some(program) = &self.containers else {
            return;
        };
        for source in self.sources().await.unwrap_or_default() {
            let mut command = Command::new(program);
            command.args(["take-logs", &source.container]).stdin(Stdio::null()).kill_on_drop(true);
            if let Ok(output) = command.output().await {
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                // The lines of one container do not keep back another's.
                let _ = self.put(&source, &text).await;
            }
        }
    }

    async fn sources(&self) -> Result<Vec<Source>, UpstreamError> {
        let mut all = Vec::new();
        let clusters = self.ecs("ListClusters", &json!({})).await?;
        for cluster in clusters["clusterArns"].as_array().into_iter().flatten() {
            let filter = json!({"cluster": cluster, "desiredStatus": "RUNNING"});
            let tasks = self.list_tasks(filter).await?;
            for page in tasks.chunks(100) {
                let look = json!({"cluster": cluster, "tasks": page});
                let found = self.ecs("DescribeTasks", &look).await?;
                for task in found["tasks"].as_array().into_iter().flatten() {
                    let look = json!({"taskDefinition": task["taskDefinitionArn"]});
                    let definition = self.ecs("DescribeTaskDefinition", &look).await?;
                    all.extend(sources_of(task, &definition["taskDefinition"]));
                }
            }
        }
        Ok(all)
    }

    async fn put(&self, source: &Source, text: &str) -> Result<(), UpstreamError> {
        let now = Timestamp::now().as_millisecond();
        let lines = text.lines().filter(|line| !line.is_empty());
        let events: Vec<Value> =
            lines.map(|line| json!({"timestamp": now, "message": line})).collect();
        if events.is_empty() {
            return Ok(());
        }
        let stream = json!({"logGroupName": source.group, "logStreamName": source.stream});
        // It may be there.
        let _ = self.logs("CreateLogStream", &stream).await;
        for page in events.chunks(MOST_EVENTS) {
            let mut body = stream.clone();
            body["logEvents"] = json!(page);
            self.logs("PutLogEvents", &body).await?;
        }
        Ok(())
    }

    async fn logs(&self, operation: &str, body: &Value) -> Result<Value, UpstreamError> {
        self.upstream.json("logs", &format!("Logs_20140328.{operation}"), body).await
    }
}

/// The containers of a task whose log driver is `awslogs`; streams are named as on AWS:
/// `prefix/container/task`.
fn sources_of(task: &Value, definition: &Value) -> Vec<Source> {
    let id = task["taskArn"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
    let containers = task["containers"].as_array().into_iter().flatten();
    containers
        .filter_map(|container| {
            let name = container["name"].as_str()?;
            let definitions = definition["containerDefinitions"].as_array()?;
            let logs = &definitions.iter().find(|one| one["name"] == name)?["logConfiguration"];
            let options = &logs["options"];
            let prefix = options["awslogs-stream-prefix"].as_str()?;
            (logs["logDriver"] == "awslogs").then_some(Source {
                container: container["runtimeId"].as_str()?.to_owned(),
                group: options["awslogs-group"].as_str()?.to_owned(),
                stream: format!("{prefix}/{name}/{id}"),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_prefix_container_and_task() {
        let task = json!({
            "taskArn": "arn:aws:ecs:us-west-2:123456789012:task/c/0123",
            "containers": [{"name": "app", "runtimeId": "aaa"}, {"name": "side", "runtimeId": "b"}],
        });
        let logs = json!({"logDriver": "awslogs", "options": {
            "awslogs-group": "/cloudops/acme/live", "awslogs-stream-prefix": "live-cortex"}});
        let definition = json!({"containerDefinitions": [
            {"name": "app", "logConfiguration": logs}, {"name": "side"}]});
        let expected = Source {
            container: "aaa".to_owned(),
            group: "/cloudops/acme/live".to_owned(),
            stream: "live-cortex/app/0123".to_owned(),
        };
        assert_eq!(sources_of(&task, &definition), [expected]);
    }
}
