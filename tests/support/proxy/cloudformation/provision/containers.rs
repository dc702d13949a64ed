//! ECS services and task definitions by ECS's own API: a template change then starts the very
//! deployment that ECS would start.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::{Made, Provisioner, Refusal, existing, text};
use crate::proxy::cloudformation::state::Resource;

/// Objects whose keys are the user's, not the service's.
const FREE_KEYS: &[&str] = &["DockerLabels", "Options", "DriverOpts", "Labels"];

/// Properties whose name in the API is not just written with a small first letter.
const RENAMED: &[(&str, &str)] = &[
    ("EFSVolumeConfiguration", "efsVolumeConfiguration"),
    ("FSxWindowsFileServerVolumeConfiguration", "fsxWindowsFileServerVolumeConfiguration"),
    ("IAM", "iam"),
    ("PlacementStrategies", "placementStrategy"),
    ("FilesystemId", "fileSystemId"),
];

/// How long the tasks of a deleted service are waited for, and the pause between two looks.
const DRAIN_LIMIT: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);

impl Provisioner {
    async fn ecs(&self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        Ok(self.upstream.json("ecs", &target, body).await?)
    }

    pub(super) async fn containers_create(
        &self,
        kind: &str,
        properties: &Value,
    ) -> Result<Made, Refusal> {
        match kind {
            "AWS::ECS::TaskDefinition" => {
                let answer = self.ecs("RegisterTaskDefinition", &api(properties)).await?;
                let arn = text(&answer["taskDefinition"], "taskDefinitionArn");
                Ok(Made::named(&arn).with("TaskDefinitionArn", arn))
            }
            "AWS::ECS::Service" => {
                let mut body = api(properties);
                if body.get("desiredCount").is_none() && body["schedulingStrategy"] != "DAEMON" {
                    body["desiredCount"] = json!(1);
                }
                let answer = self.ecs("CreateService", &body).await?;
                let arn = text(&answer["service"], "serviceArn");
                let name = text(&answer["service"], "serviceName");
                Ok(Made::named(&arn).with("ServiceArn", arn).with("Name", name))
            }
            _ => self.put_providers(properties).await,
        }
    }

    pub(super) async fn containers_update(
        &self,
        resource: &Resource,
        before: &Value,
        after: &Value,
    ) -> Result<Made, Refusal> {
        match resource.resource_type.as_str() {
            "AWS::ECS::Service" => {
                let body = service_update(resource, before, after);
                self.ecs("UpdateService", &body).await?;
                self.retag(resource, after).await?;
            }
            "AWS::ECS::TaskDefinition" => self.retag(resource, after).await?,
            _ => {
                self.put_providers(after).await?;
            }
        }
        Ok(existing(resource))
    }

    pub(super) async fn containers_delete(
        &self,
        resource: &Resource,
        properties: &Value,
    ) -> Result<(), Refusal> {
        match resource.resource_type.as_str() {
            "AWS::ECS::TaskDefinition" => {
                self.ecs("DeregisterTaskDefinition", &json!({"taskDefinition": resource.handle}))
                    .await?;
            }
            "AWS::ECS::Service" => {
                let mut body = json!({"service": resource.handle});
                if let Some(cluster) = properties.get("Cluster") {
                    body["cluster"] = cluster.clone();
                }
                let mut drained = body.clone();
                drained["desiredCount"] = json!(0);
                self.ecs("UpdateService", &drained).await?;
                body["force"] = json!(true);
                self.ecs("DeleteService", &body).await?;
                self.drained(&body).await?;
            }
            _ => {
                let empty = json!({"Cluster": properties["Cluster"], "CapacityProviders": [], "DefaultCapacityProviderStrategy": []});
                self.put_providers(&empty).await?;
            }
        }
        Ok(())
    }

    /// Waits until the tasks of a deleted service have ended, as CloudFormation does: until then
    /// nobody can make another service of its name.
    async fn drained(&self, service: &Value) -> Result<(), Refusal> {
        let ask = json!({"cluster": service["cluster"], "services": [service["service"]]});
        let begin = Instant::now();
        while begin.elapsed() < DRAIN_LIMIT {
            let found = self.ecs("DescribeServices", &ask).await?;
            if found["services"][0]["status"] != "DRAINING" {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    async fn put_providers(&self, properties: &Value) -> Result<Made, Refusal> {
        self.ecs("PutClusterCapacityProviders", &api(properties)).await?;
        Ok(Made::named(&text(properties, "Cluster")))
    }

    async fn retag(&self, resource: &Resource, after: &Value) -> Result<(), Refusal> {
        if let Some(tags) = api(after).get("tags") {
            self.ecs("TagResource", &json!({"resourceArn": resource.handle, "tags": tags})).await?;
        }
        Ok(())
    }
}

/// What `UpdateService` takes: only what changed, as CloudFormation's handler does, so that a count
/// that auto scaling set stays as it is.
fn service_update(resource: &Resource, before: &Value, after: &Value) -> Value {
    const FIXED: &[&str] = &[
        "Cluster",
        "ServiceName",
        "LaunchType",
        "Role",
        "SchedulingStrategy",
        "Tags",
        "DeploymentController",
    ];
    let empty = Map::new();
    let mut changed = Map::new();
    for (name, value) in after.as_object().unwrap_or(&empty) {
        if !FIXED.contains(&name.as_str()) && before.get(name) != Some(value) {
            changed.insert(name.clone(), value.clone());
        }
    }
    // The revision is always named: it is the one that the deployment is judged by.
    if let Some(definition) = after.get("TaskDefinition") {
        changed.insert("TaskDefinition".to_owned(), definition.clone());
    }
    let mut body = api(&Value::Object(changed));
    body["service"] = json!(resource.handle);
    if let Some(cluster) = after.get("Cluster") {
        body["cluster"] = cluster.clone();
    }
    body
}

/// Properties with the names that the API has for them.
fn api(properties: &Value) -> Value {
    match properties {
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, inner)| {
                    let inner =
                        if FREE_KEYS.contains(&key.as_str()) { inner.clone() } else { api(inner) };
                    (api_name(key), inner)
                })
                .collect(),
        ),
        Value::Array(items) => items.iter().map(api).collect(),
        scalar => scalar.clone(),
    }
}

fn api_name(key: &str) -> String {
    if let Some((_, renamed)) = RENAMED.iter().find(|(name, _)| *name == key) {
        return (*renamed).to_owned();
    }
    let mut letters = key.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_get_the_names_of_the_api() {
        let properties = json!({
            "Family": "f",
            "ContainerDefinitions": [{"Name": "a", "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-Group": "g"}}}],
            "Volumes": [{"Name": "v", "EFSVolumeConfiguration": {"FilesystemId": "fs", "AuthorizationConfig": {"IAM": "ENABLED"}}}],
        });
        let expect = json!({
            "family": "f",
            "containerDefinitions": [{"name": "a", "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-Group": "g"}}}],
            "volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs", "authorizationConfig": {"iam": "ENABLED"}}}],
        });
        assert_eq!(api(&properties), expect);
    }

    #[test]
    fn an_unchanged_count_is_left_alone() {
        let resource = Resource { handle: "arn:service".to_owned(), ..Resource::default() };
        let before = json!({"Cluster": "c", "TaskDefinition": "t:1", "DesiredCount": 2});
        let after = json!({"Cluster": "c", "TaskDefinition": "t:2", "DesiredCount": 2});
        let expect = json!({"taskDefinition": "t:2", "service": "arn:service", "cluster": "c"});
        assert_eq!(service_update(&resource, &before, &after), expect);
    }
}
