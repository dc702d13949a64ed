//! What a template needs somebody's consent for: data that nothing protects, IAM resources, macros.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    gate,
    graph::{GraphError, StackSpec},
    template::{Location, ResourceSpec, Template},
};

/// Something that CloudFormation does only when it is told that this is known (`Capabilities` of
/// `CreateChangeSet`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Making IAM resources.
    Iam,
    /// Making IAM resources with names of their own.
    NamedIam,
    /// Letting macros and transforms change the template.
    AutoExpand,
}

impl Capability {
    /// CloudFormation's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iam => "CAPABILITY_IAM",
            Self::NamedIam => "CAPABILITY_NAMED_IAM",
            Self::AutoExpand => "CAPABILITY_AUTO_EXPAND",
        }
    }
}

/// What may become of a data resource that leaves its stack.
const KEPT: [&str; 3] = ["Retain", "RetainExceptOnCreate", "Snapshot"];

/// IAM resources, with the property that gives each a name of its own (CloudFormation User Guide,
/// "Acknowledging IAM resources in CloudFormation templates").
const IAM: [(&str, &str); 8] = [
    ("AWS::IAM::AccessKey", ""),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Policy", ""),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::IAM::UserToGroupAddition", ""),
];

/// Checks a stack before anything is done.
pub(super) fn check(spec: &StackSpec, allowed: &BTreeSet<Capability>) -> Result<(), GraphError> {
    data_is_kept(spec)?;
    capabilities(spec, allowed)
}

/// `DeletionPolicy` and `UpdateReplacePolicy` of every data resource keep the data.
fn data_is_kept(spec: &StackSpec) -> Result<(), GraphError> {
    let resources = spec.template.resources();
    let holds = |one: &&ResourceSpec| {
        gate::must_be_kept(&one.resource_type) && !is_cluster_member(&spec.template, one)
    };
    for resource in resources.iter().filter(holds) {
        for (attribute, policy) in [
            ("DeletionPolicy", &resource.deletion_policy),
            ("UpdateReplacePolicy", &resource.update_replace_policy),
        ] {
            if !policy.as_deref().is_some_and(|policy| KEPT.contains(&policy)) {
                return Err(GraphError::Unprotected {
                    stack: spec.name.clone(),
                    place: place(&spec.template, resource.location),
                    logical_id: resource.logical_id.clone(),
                    resource_type: resource.resource_type.clone(),
                    attribute,
                });
            }
        }
    }
    Ok(())
}

/// An instance of an Aurora cluster holds no data of its own: the cluster does.
fn is_cluster_member(template: &Template, resource: &ResourceSpec) -> bool {
    let properties = &template.body()["Resources"][&resource.logical_id]["Properties"];
    resource.resource_type == "AWS::RDS::DBInstance"
        && properties.get("DBClusterIdentifier").is_some()
}

fn capabilities(spec: &StackSpec, allowed: &BTreeSet<Capability>) -> Result<(), GraphError> {
    let missing = |place: String, what: String, capability: Capability| {
        Err(GraphError::MissingCapability { stack: spec.name.clone(), place, what, capability })
    };
    if let Some(path) = macro_path(spec.template.body(), "")
        && !allowed.contains(&Capability::AutoExpand)
    {
        let place = place(&spec.template, spec.template.locate(&path));
        return missing(place, "it uses a macro".to_owned(), Capability::AutoExpand);
    }
    for resource in spec.template.resources() {
        let Some(needed) = needed(&spec.template, &resource) else {
            continue;
        };
        let has = allowed.contains(&needed)
            || (needed == Capability::Iam && allowed.contains(&Capability::NamedIam));
        if !has {
            let what = format!("{} is an {}", resource.logical_id, resource.resource_type);
            return missing(place(&spec.template, resource.location), what, needed);
        }
    }
    Ok(())
}

fn needed(template: &Template, resource: &ResourceSpec) -> Option<Capability> {
    let (_, name) = IAM.iter().find(|(kind, _)| *kind == resource.resource_type)?;
    let properties = &template.body()["Resources"][&resource.logical_id]["Properties"];
    let named = !name.is_empty() && properties.get(*name).is_some();
    Some(if named { Capability::NamedIam } else { Capability::Iam })
}

/// Path of the first macro in a template.
fn macro_path(value: &Value, path: &str) -> Option<String> {
    let fields = value.as_object()?;
    for (name, value) in fields {
        let here = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if name == "Fn::Transform" || (path.is_empty() && name == "Transform") {
            return Some(here);
        }
        if let Some(found) = macro_path(value, &here) {
            return Some(found);
        }
    }
    None
}

/// Where something stands in a template: `file:line:column`, or only the file.
pub(super) fn place(template: &Template, location: Option<Location>) -> String {
    match location {
        Some(location) => format!("{}:{location}", template.name()),
        None => template.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cfn::graph::tests::{graph, spec},
        diagnose::{Class, Diagnose},
    };

    fn says(text: &str, allowed: &[Capability]) -> String {
        let graph = graph(vec![spec("a", text, &[], &[])]);
        match graph.with_capabilities(allowed.iter().copied()).check() {
            Ok(()) => "fine".to_owned(),
            Err(error) => {
                assert_eq!(error.class(), Class::Configuration);
                error.to_string()
            }
        }
    }

    #[test]
    fn data_that_an_update_could_take_away_is_refused_with_its_place() {
        let with = |more: &str| {
            let text = format!("Resources:\n  Files:\n    Type: AWS::EFS::FileSystem\n{more}");
            says(&text, &[])
        };
        insta::assert_snapshot!(with(""), @"a:2:3: Files (AWS::EFS::FileSystem) of stack a holds data, and its DeletionPolicy does not keep it");
        insta::assert_snapshot!(with("    DeletionPolicy: Delete\n"), @"a:2:3: Files (AWS::EFS::FileSystem) of stack a holds data, and its DeletionPolicy does not keep it");
        insta::assert_snapshot!(with("    DeletionPolicy: Retain\n"), @"a:2:3: Files (AWS::EFS::FileSystem) of stack a holds data, and its UpdateReplacePolicy does not keep it");
        let both = "    DeletionPolicy: Retain\n    UpdateReplacePolicy: Snapshot\n";
        assert_eq!(with(both), "fine");
        let member = "Resources:\n  Writer:\n    Type: AWS::RDS::DBInstance\n    Properties: {DBClusterIdentifier: c}\n";
        assert_eq!(says(member, &[]), "fine");
    }

    #[test]
    fn a_missing_capability_is_found_before_cloudformation_is_asked() {
        let role = "Resources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties: {RoleName: x, AssumeRolePolicyDocument: {}}\n";
        insta::assert_snapshot!(says(role, &[Capability::Iam]), @"a:2:3: stack a needs CAPABILITY_NAMED_IAM: Role is an AWS::IAM::Role");
        assert_eq!(says(role, &[Capability::NamedIam]), "fine");
        let unnamed = role.replace("RoleName: x, ", "");
        assert_eq!(says(&unnamed, &[Capability::Iam]), "fine");
        let sam = "Transform: AWS::Serverless-2016-10-31\nResources: {Topic: {Type: 'AWS::SNS::Topic'}}\n";
        insta::assert_snapshot!(says(sam, &[Capability::NamedIam]), @"a:1:12: stack a needs CAPABILITY_AUTO_EXPAND: it uses a macro");
        assert_eq!(says(sam, &[Capability::AutoExpand]), "fine");
    }
}
