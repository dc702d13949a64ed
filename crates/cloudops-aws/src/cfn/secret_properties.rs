//! Which properties of a stack are filled from secret parameters (`NoEcho`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

#[cfg(feature = "stacks")]
use super::graph::StackGraph;
use super::template::Template;
use crate::ids::StackName;

/// Properties that hold secrets, by stack and resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretProperties(BTreeMap<(StackName, String), BTreeSet<String>>);

impl SecretProperties {
    /// Adds what is secret in a stack with this template.
    pub fn add(&mut self, stack: &StackName, template: &Template) {
        let parameters = template.parameters();
        let secret: Vec<&str> = parameters
            .iter()
            .filter(|parameter| parameter.no_echo)
            .map(|parameter| parameter.name.as_str())
            .collect();
        for (logical_id, resource) in template.body()["Resources"].as_object().into_iter().flatten()
        {
            for (property, value) in resource["Properties"].as_object().into_iter().flatten() {
                if secret.iter().any(|name| uses(value, name)) {
                    let resource = (stack.clone(), logical_id.clone());
                    self.0.entry(resource).or_default().insert(property.clone());
                }
            }
        }
    }

    /// Adds what is secret in the stacks of a graph.
    #[cfg(feature = "stacks")]
    pub fn add_graph(&mut self, graph: &StackGraph) {
        for spec in graph.stacks() {
            self.add(&spec.name, &spec.template);
        }
    }

    /// Whether the property at `path` (`Properties.Name`, `/Properties/Name/0`) of a resource may
    /// show a secret. In a nested stack that is given a secret, every property may: its template
    /// is not read.
    #[must_use]
    pub fn contains(&self, stack: &StackName, logical_id: &str, path: &str) -> bool {
        if let Some((outer, _)) = logical_id.split_once('/') {
            return self.0.contains_key(&(stack.clone(), outer.to_owned()));
        }
        let parts = path.split(['.', '/']).filter(|part| !part.is_empty());
        let mut parts = parts.skip_while(|part| *part == "Properties");
        let resource = (stack.clone(), logical_id.to_owned());
        let secret = self.0.get(&resource);
        match parts.next() {
            Some(property) => secret.is_some_and(|names| names.contains(property)),
            // All properties at once.
            None => secret.is_some(),
        }
    }
}

/// Whether a value refers to a parameter.
fn uses(value: &Value, parameter: &str) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, inner)| {
            (key == "Ref" && inner.as_str() == Some(parameter)) || uses(inner, parameter)
        }),
        Value::Array(items) => items.iter().any(|item| uses(item, parameter)),
        // Only `Fn::Sub` fills names in; elsewhere such a text hides too much, which does no harm.
        Value::String(text) => text.contains(&format!("${{{parameter}}}")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_found_where_the_secret_goes() {
        let text = "Parameters: {Token: {Type: String, NoEcho: true}, Name: {Type: String}}\n\
            Resources:\n  Thing:\n    Type: AWS::SNS::Topic\n    Properties:\n      \
            Url: !Sub 'https://x/${Token}'\n      Tags: [{Key: a, Value: !Ref Token}]\n      Plain: !Ref Name\n";
        let stack: StackName = "acme".parse().unwrap();
        let mut secrets = SecretProperties::default();
        secrets.add(&stack, &Template::parse("t", text).unwrap());
        let is_secret = |path: &str| secrets.contains(&stack, "Thing", path);
        assert!(is_secret("Properties.Url") && is_secret("/Properties/Tags/0/Value"));
        assert!(is_secret("Properties"), "all of them at once");
        assert!(!is_secret("Properties.Plain"));
        assert!(!secrets.contains(&stack, "Other", "Properties.Url"));
    }

    #[test]
    fn everything_in_a_nested_stack_may_be_the_secret_that_it_is_given() {
        let text = "Parameters: {Token: {Type: String, NoEcho: true}}\n\
            Resources:\n  Child:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      \
            Parameters: {Token: !Ref Token}\n  Open:\n    Type: AWS::CloudFormation::Stack\n";
        let stack: StackName = "acme".parse().unwrap();
        let mut secrets = SecretProperties::default();
        secrets.add(&stack, &Template::parse("t", text).unwrap());
        let is_secret = |id: &str| secrets.contains(&stack, id, "Properties.Url");
        assert!(is_secret("Child/Thing") && is_secret("Child/Deep/Thing"));
        assert!(!is_secret("Open/Thing"));
    }
}
