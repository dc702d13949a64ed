//! The change that protects resources of stacks that exist, or takes that off, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::cfn::{
    graph::{GraphError, StackGraph, StackSpec},
    observe::Observed,
    template::Template,
};

use super::DELETION_PROTECTION;
use crate::error::DeployError;

/// Whether a stack has resources that AWS can refuse to delete, and does not as is wanted.
#[must_use]
pub fn differs(stack: &Observed, protected: bool) -> bool {
    let value = stack.parameters.get(DELETION_PROTECTION);
    value.is_some_and(|value| *value != protected.to_string())
}

/// Stacks as they are, with their own templates, parameters and tags, but for the protection of
/// their resources.
///
/// # Errors
/// [`DeployError::Graph`] when a template cannot be read.
pub fn protection_graph(
    stacks: Vec<(Observed, String)>,
    protected: bool,
) -> Result<StackGraph, DeployError> {
    let mut graph = StackGraph::default();
    for (stack, text) in stacks {
        let title = format!("protection of {}", stack.name);
        let template = Template::parse(stack.name.as_str(), &text).map_err(GraphError::from)?;
        let mut parameters: BTreeMap<String, String> = stack.parameters;
        parameters.insert(DELETION_PROTECTION.to_owned(), protected.to_string());
        graph.add(StackSpec {
            name: stack.name,
            title,
            template,
            parameters,
            tags: stack.tags,
            depends_on: BTreeSet::new(),
            termination_protection: protected,
        })?;
    }
    graph.check()?;
    Ok(graph)
}

#[cfg(test)]
mod tests {
    use cloudops_aws::cfn::status::StackStatus;

    use super::*;

    fn database(protection: &str) -> Observed {
        let parameters = [(DELETION_PROTECTION, protection), ("InstanceName", "acme")];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Observed {
            name: "acme-live-data-live".parse().unwrap(),
            id: "arn".to_owned(),
            root: None,
            status: StackStatus::CreateComplete,
            reason: None,
            parameters: parameters.into(),
            tags: BTreeMap::from([("cloudops:environment".to_owned(), "live".to_owned())]),
            outputs: BTreeMap::new(),
            termination_protection: true,
            version: String::new(),
        }
    }

    #[test]
    fn only_the_protection_of_a_stack_is_another_one() {
        let text = "Parameters: {DeletionProtection: {Type: String}, InstanceName: {Type: String}}\n\
                    Resources: {Topic: {Type: 'AWS::SNS::Topic', Properties: \
                    {DisplayName: !Sub '${DeletionProtection} ${InstanceName}'}}}";
        let stack = database("true");
        let graph = protection_graph(vec![(stack.clone(), text.to_owned())], false).unwrap();
        let spec = graph.get(&stack.name).unwrap();
        assert_eq!(spec.template.text(), text);
        assert_eq!(spec.tags, stack.tags);
        let mut wanted = stack.parameters;
        wanted.insert(DELETION_PROTECTION.to_owned(), "false".to_owned());
        assert_eq!(spec.parameters, wanted);
    }

    #[test]
    fn what_has_no_such_resources_never_differs() {
        assert!(differs(&database("true"), false) && !differs(&database("true"), true));
        let mut topic = database("true");
        topic.parameters.remove(DELETION_PROTECTION);
        assert!(!differs(&topic, false) && !differs(&topic, true));
    }
}
