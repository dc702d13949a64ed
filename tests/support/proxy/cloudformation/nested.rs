//! What a stack that is a resource of another stack should be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cloudops_aws::cfn::template::Template;
use serde_json::{Map, Value};

use super::answer::Fault;
use super::engine::Engine;
use super::form::Form;
use super::state::{Desired, State};
use super::{intrinsics, parameters, stored_template, validate};

/// The type of a stack that is a resource of another stack.
pub(super) const TYPE: &str = "AWS::CloudFormation::Stack";

impl Engine {
    /// What the properties of a nested stack want it to be; `outer` is what is wanted of the stack
    /// that it is in. A template that was reviewed stands for the one in S3.
    pub(super) async fn inner_desired(
        &self,
        outer: &Desired,
        properties: &Value,
        reviewed: Option<Arc<Template>>,
    ) -> Result<Desired, Fault> {
        let template = match reviewed {
            Some(template) => template,
            None => {
                let address = properties["TemplateURL"].as_str().unwrap_or_default();
                validate::read(&stored_template::read(&self.upstream, address).await?)?
            }
        };
        validate::acknowledged(&template, &outer.capabilities)?;
        let form = form(properties);
        let mut given = parameters::read(&form, &template, None)?;
        parameters::look_up(&self.upstream, &template, &mut given).await?;
        Ok(Desired {
            template,
            parameters: given,
            tags: tags(properties, &outer.tags),
            capabilities: outer.capabilities.clone(),
            notifications: form.list("NotificationARNs"),
            role: outer.role.clone(),
        })
    }
}

/// The properties as a request has them.
fn form(properties: &Value) -> Form {
    let mut fields = BTreeMap::new();
    let given = properties["Parameters"].as_object().into_iter().flatten();
    for (index, (name, value)) in given.enumerate() {
        let prefix = format!("Parameters.member.{}", index + 1);
        fields.insert(format!("{prefix}.ParameterKey"), name.clone());
        fields.insert(format!("{prefix}.ParameterValue"), text(value));
    }
    let topics = properties["NotificationARNs"].as_array().into_iter().flatten();
    for (index, topic) in topics.enumerate() {
        fields.insert(format!("NotificationARNs.member.{}", index + 1), text(topic));
    }
    Form(fields)
}

/// A list is given as CloudFormation wants lists in parameters.
fn text(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        scalar => intrinsics::text(scalar).unwrap_or_default(),
    }
}

/// Tags of the resource win over those of the stack that it is in.
fn tags(properties: &Value, outer: &[(String, String)]) -> Vec<(String, String)> {
    let own = properties["Tags"].as_array().into_iter().flatten();
    let mut all: Vec<(String, String)> =
        own.map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect();
    let names: BTreeSet<String> = all.iter().map(|(key, _)| key.clone()).collect();
    all.extend(outer.iter().filter(|(key, _)| !names.contains(key)).cloned());
    all
}

/// What `Fn::GetAtt` gives of a nested stack.
pub(super) fn attributes(state: &State, id: &str) -> Map<String, Value> {
    let outputs = state.find(id).map(|stack| stack.outputs.as_slice()).unwrap_or_default();
    let named = |key: &str| format!("Outputs.{key}");
    outputs.iter().map(|one| (named(&one.key), Value::from(one.value.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn properties_become_what_a_request_has() {
        let properties = json!({"Parameters": {"A": 1, "Zones": ["a", "b"]}});
        let form = form(&properties);
        let values: Vec<String> = form
            .structures("Parameters")
            .into_iter()
            .filter_map(|mut one| one.remove("ParameterValue"))
            .collect();
        assert_eq!(values, ["1", "a,b"]);
    }

    #[test]
    fn tags_go_down_unless_the_resource_has_its_own() {
        let outer = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
        let found = tags(&json!({"Tags": [{"Key": "a", "Value": "own"}]}), &outer);
        let expect = [("a".to_owned(), "own".to_owned()), ("b".to_owned(), "2".to_owned())];
        assert_eq!(found, expect);
    }
}
