//! What would be made, as far as templates and settings tell: the foundation, and a first
//! environment on it.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::{
        graph::{GraphError, StackGraph, StackSpec},
        observe::Observed,
        status::NextAction,
        template::Template,
    },
    config_file::CloudOpsConfig,
    cost::{self, Planned},
    ids::StackName,
};
use cloudops_templates::{self as templates, deploy};

use crate::{error::CoreError, layout};

/// What would be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Every stack of the foundation, with its resources.
    pub foundation: BTreeMap<StackName, Vec<Planned>>,
    /// The stacks of the foundation that are not there yet.
    pub missing: BTreeSet<StackName>,
    /// Resources of a first environment.
    pub environment: Vec<Planned>,
}

impl Needs {
    /// From the settings and the stacks that are there.
    ///
    /// # Errors
    /// [`CoreError`] when a composed name is too long.
    pub fn new(config: &CloudOpsConfig, there: &[Observed]) -> Result<Self, CoreError> {
        let graphs = [layout::state_graph(config)?, layout::graph(config)?];
        let foundation: BTreeMap<StackName, Vec<Planned>> =
            graphs.iter().flat_map(|graph| cost::resources(graph, &config.region)).collect();
        let made = |name: &&StackName| {
            let stack = there.iter().find(|stack| stack.name == **name);
            let action = stack.map(|stack| stack.status.next_action());
            !matches!(action, None | Some(NextAction::Create | NextAction::Recreate))
        };
        let missing = foundation.keys().filter(|name| !made(name)).cloned().collect();
        let environment = cost::resources(&environment(config)?, &config.region);
        let environment = environment.into_values().flatten().collect();
        Ok(Self { foundation, missing, environment })
    }

    /// The resources of the foundation that are not there yet.
    pub fn to_make(&self) -> impl Iterator<Item = &Planned> {
        self.stacks_to_make().flatten()
    }

    /// The same, stack by stack.
    pub fn stacks_to_make(&self) -> impl Iterator<Item = &[Planned]> {
        let missing = self.foundation.iter().filter(|(name, _)| self.missing.contains(name));
        missing.map(|(_, planned)| planned.as_slice())
    }

    /// Types of all resources of the foundation.
    #[must_use]
    pub fn types(&self) -> BTreeSet<&str> {
        self.foundation.values().flatten().map(|planned| planned.resource_type.as_str()).collect()
    }
}

/// Resources of a type.
pub(super) fn of_type<'a>(
    planned: impl IntoIterator<Item = &'a Planned>,
    resource_type: &'a str,
) -> impl Iterator<Item = &'a Planned> {
    planned.into_iter().filter(move |one| one.resource_type == resource_type)
}

/// Values of a property of resources of a type, each once.
#[must_use]
pub fn values<'a>(
    planned: impl IntoIterator<Item = &'a Planned>,
    resource_type: &'a str,
    property: &str,
) -> BTreeSet<&'a str> {
    let values = of_type(planned, resource_type);
    values.filter_map(|one| one.properties.get(property)).map(String::as_str).collect()
}

/// The stacks of an environment of kind `single` that decide what an account must have room for:
/// hosts, database, load balancer.
fn environment(config: &CloudOpsConfig) -> Result<StackGraph, CoreError> {
    let readers = if config.environments.size == "prod" { "1" } else { "0" };
    let given = [
        ("InstanceName", config.instance.as_str()),
        ("EnvironmentName", "first"),
        ("Side", "single"),
        ("LaunchType", config.environments.launch_type.as_str()),
        ("ReaderCount", readers),
    ];
    let mut graph = StackGraph::new(BTreeMap::new());
    for template in [&deploy::CLUSTER, &deploy::EDGE, &deploy::DATA] {
        graph.add(spec(config, template, &given)?)?;
    }
    Ok(graph)
}

fn spec(
    config: &CloudOpsConfig,
    template: &templates::Template,
    given: &[(&str, &str)],
) -> Result<StackSpec, CoreError> {
    let title = template.name.rsplit('/').next().unwrap_or(template.name);
    let template = Template::parse(template.file, template.body).map_err(GraphError::from)?;
    let known: BTreeSet<String> =
        template.parameters().into_iter().map(|parameter| parameter.name).collect();
    let given = given.iter().filter(|(name, _)| known.contains(*name));
    Ok(StackSpec {
        name: format!("{}-first-{title}", config.instance).parse()?,
        title: title.to_owned(),
        template,
        parameters: given.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        tags: BTreeMap::new(),
        depends_on: BTreeSet::new(),
        termination_protection: false,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use cloudops_aws::cfn::status::StackStatus;

    use super::{super::tests::config, *};

    pub(in super::super) fn stack(name: &str, status: StackStatus) -> Observed {
        Observed {
            name: name.parse().unwrap(),
            id: format!("arn:{name}"),
            status,
            reason: None,
            parameters: BTreeMap::new(),
            tags: [("cloudops:instance".to_owned(), "acme".to_owned())].into(),
            outputs: BTreeMap::new(),
            termination_protection: false,
            version: String::new(),
            root: None,
        }
    }

    fn count(needs: &Needs, resource_type: &str) -> usize {
        of_type(needs.to_make(), resource_type).count()
    }

    #[test]
    fn an_empty_account_needs_everything() {
        let needs = Needs::new(&config(""), &[]).unwrap();
        assert_eq!(needs.missing.len(), 9);
        assert_eq!(count(&needs, "AWS::EC2::VPC"), 1);
        assert_eq!(count(&needs, "AWS::EC2::NatGateway"), 1);
        let three = config("network: {zones: 3, nat-gateways: per-zone}\n");
        assert_eq!(count(&Needs::new(&three, &[]).unwrap(), "AWS::EC2::NatGateway"), 3);
        let buckets = values(needs.to_make(), "AWS::S3::Bucket", "BucketName");
        assert!(buckets.contains("cloudops-acme-state-123456789012-us-west-2"), "{buckets:?}");
        let types =
            values(needs.to_make(), "AWS::EC2::LaunchTemplate", "LaunchTemplateData.InstanceType");
        assert_eq!(types, ["t4g.nano"].into());
        let groups = values(needs.to_make(), "AWS::Logs::LogGroup", "LogGroupName");
        assert!(groups.contains("/cloudops/acme/build-server"), "{groups:?}");
    }

    #[test]
    fn what_is_there_is_not_needed_again() {
        let there = [
            stack("acme-core-network", StackStatus::CreateComplete),
            stack("acme-core-dns", StackStatus::RollbackComplete),
            stack("acme-core-state", StackStatus::ReviewInProgress),
        ];
        let needs = Needs::new(&config(""), &there).unwrap();
        assert_eq!(needs.missing.len(), 8);
        assert_eq!(count(&needs, "AWS::EC2::VPC"), 0);
        assert_eq!(count(&needs, "AWS::Route53::HostedZone"), 2);
    }

    #[test]
    fn a_first_environment_follows_the_settings() {
        let of = |more: &str| Needs::new(&config(more), &[]).unwrap().environment;
        let dev = of("");
        assert_eq!(of_type(&dev, "AWS::RDS::DBInstance").count(), 1);
        assert_eq!(of_type(&dev, "AWS::AutoScaling::AutoScalingGroup").count(), 1);
        let prod = of("environments: {size: prod, launch-type: fargate}\n");
        assert_eq!(of_type(&prod, "AWS::RDS::DBInstance").count(), 2);
        assert_eq!(of_type(&prod, "AWS::AutoScaling::AutoScalingGroup").count(), 0);
    }
}
