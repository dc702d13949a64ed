//! The resources that a graph would make, with what the templates alone tell of them.

use std::collections::BTreeMap;

use super::{
    evaluate::{Evaluated, Evaluator, names_resource},
    graph::values,
};
use crate::{
    cfn::graph::StackGraph,
    ids::{Region, StackName},
};

/// A resource that would be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Logical id in its template.
    pub logical_id: String,
    /// Type, such as `AWS::EC2::VPC`.
    pub resource_type: String,
    /// Properties that are texts, numbers or truth values, by their path, such as
    /// `LaunchTemplateData.InstanceType`. What waits for an id of AWS is not in it.
    pub properties: BTreeMap<String, String>,
}

/// The resources of each stack of a graph. One whose condition cannot be worked out counts.
#[must_use]
pub fn resources(graph: &StackGraph, region: &Region) -> BTreeMap<StackName, Vec<Planned>> {
    let values = values(graph, region);
    let stacks = graph.stacks().filter_map(|spec| {
        let values = values.get(&spec.name)?;
        let evaluator = Evaluator::new(&spec.template, &values.known, &values.unknown, region);
        let exists = |body: &serde_json::Value| {
            let condition = body["Condition"].as_str();
            condition.is_none_or(|condition| evaluator.condition(condition) != Ok(false))
        };
        let planned = evaluator.resources().filter(|(_, _, body)| exists(body)).map(
            |(logical_id, resource_type, _)| {
                let mut properties = BTreeMap::new();
                flatten("", &evaluator.properties(logical_id), &mut properties);
                let (logical_id, resource_type) = (logical_id.to_owned(), resource_type.to_owned());
                Planned { logical_id, resource_type, properties }
            },
        );
        Some((spec.name.clone(), planned.collect()))
    });
    stacks.collect()
}

fn flatten(path: &str, value: &Evaluated, into: &mut BTreeMap<String, String>) {
    let below = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    match value {
        Evaluated::Text(text) if !names_resource(text) => {
            into.insert(path.to_owned(), text.clone());
        }
        Evaluated::Map(map) => {
            map.iter().for_each(|(key, value)| flatten(&below(key), value, into))
        }
        Evaluated::List(items) => {
            for (index, value) in items.iter().enumerate() {
                flatten(&below(&index.to_string()), value, into);
            }
        }
        Evaluated::Text(_) | Evaluated::Unknown(_) | Evaluated::Absent => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfn::{graph::StackSpec, template::Template};

    const TEMPLATE: &str = "
Parameters:
  Name: {Type: String}
  Second: {Type: String, Default: 'no'}
Conditions:
  Two: !Equals [!Ref Second, 'yes']
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub '/cloudops/${Name}/a', KmsKeyId: !Ref Key}
  Key: {Type: AWS::KMS::Key}
  Host:
    Type: AWS::EC2::LaunchTemplate
    Properties: {LaunchTemplateData: {InstanceType: t4g.nano, Tags: [one, two]}}
  Other: {Type: AWS::KMS::Key, Condition: Two}
";

    #[test]
    fn what_a_template_tells_is_there_and_nothing_else() {
        let mut graph = StackGraph::new(BTreeMap::new());
        let spec = StackSpec {
            name: "acme-a".parse().unwrap(),
            title: "a".to_owned(),
            template: Template::parse("a.yaml", TEMPLATE).unwrap(),
            parameters: [("Name".to_owned(), "acme".to_owned())].into(),
            tags: BTreeMap::new(),
            depends_on: std::collections::BTreeSet::new(),
            termination_protection: false,
        };
        graph.add(spec).unwrap();
        let all = resources(&graph, &"us-west-2".parse().unwrap());
        let found = &all[&"acme-a".parse::<StackName>().unwrap()];
        let ids: Vec<&str> = found.iter().map(|one| one.logical_id.as_str()).collect();
        assert_eq!(ids, ["Logs", "Key", "Host"]);
        let expected = [("LogGroupName".to_owned(), "/cloudops/acme/a".to_owned())].into();
        assert_eq!(found[0].properties, expected);
        assert_eq!(found[2].properties["LaunchTemplateData.InstanceType"], "t4g.nano");
        assert_eq!(found[2].properties["LaunchTemplateData.Tags.1"], "two");
    }
}
