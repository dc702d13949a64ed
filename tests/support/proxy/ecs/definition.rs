//! What a service's request has to say for AWS to accept it.

use serde_json::{Value, json};

use super::model::Definition;
use super::{Ecs, error};
use crate::proxy::upstream::UpstreamError;

impl Ecs {
    /// Looks a task definition up and checks it against the request.
    pub(super) async fn definition(
        &self,
        name: Option<&str>,
        request: Option<&Value>,
    ) -> Result<Definition, UpstreamError> {
        let name = name.ok_or_else(|| {
            error("InvalidParameterException", "TaskDefinition can not be blank.")
        })?;
        let found = self.ecs("DescribeTaskDefinition", &json!({"taskDefinition": name})).await;
        let answer = found.map_err(|failure| match failure {
            UpstreamError::Service { .. } => error("ClientException", "TaskDefinition not found."),
            other => other,
        })?;
        let definition = &answer["taskDefinition"];
        if definition["status"] == "INACTIVE" {
            return Err(error("ClientException", "TaskDefinition is inactive"));
        }
        if let Some(request) = request {
            check_request(request, definition)?;
        }
        Ok(read_definition(definition))
    }

    /// A target group that no listener uses would never have a healthy target.
    pub(super) async fn check_groups(&self, body: &Value) -> Result<(), UpstreamError> {
        let groups = body["loadBalancers"].as_array().into_iter().flatten();
        for group in groups.filter_map(|balancer| balancer["targetGroupArn"].as_str()) {
            let xml = self.describe_group(group).await?;
            let members = xml.split_once("<LoadBalancerArns>").map(|(_, rest)| rest);
            let known = members.is_some_and(|rest| rest.trim_start().starts_with("<member>"));
            if !known && !self.is_in_a_rule(group).await? {
                return Err(error(
                    "InvalidParameterException",
                    format!(
                        "The target group with targetGroupArn {group} does not have an associated \
                         load balancer."
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Whether a rule of any listener forwards to the group. The emulator does not name the
    /// balancer of a group that only rules use, so the rules are looked at.
    async fn is_in_a_rule(&self, group: &str) -> Result<bool, UpstreamError> {
        let balancers = self.balancer("DescribeLoadBalancers", &[]).await?;
        for balancer in elements(&balancers, "LoadBalancerArn") {
            let of_balancer = [("LoadBalancerArn".to_owned(), balancer)];
            let listeners = self.balancer("DescribeListeners", &of_balancer).await?;
            for listener in elements(&listeners, "ListenerArn") {
                let of_listener = [("ListenerArn".to_owned(), listener)];
                if self.balancer("DescribeRules", &of_listener).await?.contains(group) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Texts of all elements of a name.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let text = |rest: &str| rest.split_once(&close).map(|(text, _)| text.to_owned());
    xml.split(&open).skip(1).filter_map(text).collect()
}

fn read_definition(definition: &Value) -> Definition {
    let containers = definition["containerDefinitions"].as_array();
    let containers = containers.map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Definition {
        arn: text(&definition["taskDefinitionArn"]),
        health_checked: containers.iter().any(|container| {
            container["essential"] != false && container["healthCheck"]["command"].is_array()
        }),
        images: containers.iter().map(|c| (text(&c["name"]), text(&c["image"]))).collect(),
    }
}

fn check_request(request: &Value, definition: &Value) -> Result<(), UpstreamError> {
    let refuse = |message: String| Err(error("InvalidParameterException", message));
    if definition["networkMode"] == "awsvpc" && request["networkConfiguration"].is_null() {
        let message = "Network Configuration must be provided when networkMode 'awsvpc' is \
                       specified.";
        return refuse(message.to_owned());
    }
    let containers = definition["containerDefinitions"].as_array();
    for balancer in request["loadBalancers"].as_array().into_iter().flatten() {
        let name = &balancer["containerName"];
        let container =
            containers.into_iter().flatten().find(|container| container["name"] == *name);
        let name = name.as_str().unwrap_or_default();
        let Some(container) = container else {
            return refuse(format!("The container {name} does not exist in the task definition."));
        };
        let port = &balancer["containerPort"];
        let mut ports = container["portMappings"].as_array().into_iter().flatten();
        if !ports.any(|mapping| mapping["containerPort"] == *port) {
            return refuse(format!(
                "The container {name} did not have a container port {port} defined."
            ));
        }
    }
    Ok(())
}
