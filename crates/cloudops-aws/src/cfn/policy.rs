//! Stack policies: CloudFormation itself refuses to replace or delete data.

use serde_json::json;

use super::{
    api::Api,
    error::CfnError,
    gate::{self, Approvals},
    graph::StackSpec,
};

/// Sets the policy of a stack that holds data (`SetStackPolicy`): its data resources are neither
/// replaced nor deleted by an update, but for those that were approved by name.
pub(super) async fn protect_data(
    api: &Api,
    spec: &StackSpec,
    approvals: &Approvals,
) -> Result<(), CfnError> {
    match document(spec, approvals) {
        Some(policy) => api.set_policy(&spec.name, &policy).await,
        None => Ok(()),
    }
}

/// The policy of a stack; none when there is no data in it.
fn document(spec: &StackSpec, approvals: &Approvals) -> Option<String> {
    let resources = spec.template.resources();
    let data: Vec<_> =
        resources.iter().filter(|one| gate::holds_data(&one.resource_type)).collect();
    if data.is_empty() {
        return None;
    }
    let kept: Vec<String> = data
        .iter()
        .filter(|one| !approvals.covers(&spec.name, &one.logical_id))
        .map(|one| format!("LogicalResourceId/{}", one.logical_id))
        .collect();
    let mut statements =
        vec![json!({"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"})];
    if !kept.is_empty() {
        statements.push(json!({
            "Effect": "Deny",
            "Action": ["Update:Replace", "Update:Delete"],
            "Principal": "*",
            "Resource": kept,
        }));
    }
    Some(json!({ "Statement": statements }).to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::cfn::template::Template;

    fn spec(text: &str) -> StackSpec {
        StackSpec {
            name: "acme-live-data".parse().unwrap(),
            title: "data".to_owned(),
            template: Template::parse("data", text).unwrap(),
            parameters: BTreeMap::new(),
            tags: BTreeMap::new(),
            depends_on: BTreeSet::new(),
            termination_protection: false,
        }
    }

    #[test]
    fn data_is_denied_to_updates_unless_it_was_approved_by_name() {
        let spec = spec(
            "Resources: {Cluster: {Type: 'AWS::RDS::DBCluster'}, Group: {Type: 'AWS::EC2::SecurityGroup'}}",
        );
        let policy = document(&spec, &Approvals::default()).unwrap();
        insta::assert_snapshot!(policy, @r#"{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"},{"Effect":"Deny","Action":["Update:Replace","Update:Delete"],"Principal":"*","Resource":["LogicalResourceId/Cluster"]}]}"#);
        let approved = Approvals::for_resources(["acme-live-data/Cluster".to_owned()]);
        assert!(!document(&spec, &approved).unwrap().contains("Deny"));
    }

    #[test]
    fn a_stack_without_data_needs_no_policy() {
        let spec = spec("Resources: {Group: {Type: 'AWS::EC2::SecurityGroup'}}");
        assert_eq!(document(&spec, &Approvals::default()), None);
    }
}
