//! The default security group and the default network ACL of a network, which every network has and
//! CloudFormation cannot change.

use aws_sdk_ec2::{
    Client,
    types::{NetworkAcl, SecurityGroup},
};

use super::survey::filter;
use crate::{connect::Aws, error::AwsError, state::lock::Locked};

/// Numbers of the rules that every ACL has and nobody can delete: deny what no other rule allows
/// (VPC user guide, "Default network ACL"; the second is for IPv6).
const FINAL_RULES: [i32; 2] = [32767, 32768];

/// What was found in the defaults of a network, and taken out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closed {
    /// Rules of the security group.
    pub group_rules: usize,
    /// Rules of the network ACL.
    pub acl_rules: usize,
    /// Subnets that still use the default ACL: it is left alone then.
    pub subnets: usize,
}

impl Closed {
    /// Whether anything was changed.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.group_rules + self.acl_rules > 0
    }
}

/// Takes all rules out of the default security group and the default network ACL of a network of
/// our own, so that nothing works by accident (`DescribeSecurityGroups`, `DescribeNetworkAcls`; where
/// there are rules `RevokeSecurityGroupIngress`, `RevokeSecurityGroupEgress`,
/// `DeleteNetworkAclEntry`). Can be called again at any time.
///
/// # Errors
/// [`AwsError`].
pub async fn close(aws: &Aws, _locked: &Locked, vpc: &str) -> Result<Closed, AwsError> {
    let client = Client::new(aws.config());
    let (groups, acls) = tokio::try_join!(groups(&client, vpc), acls(&client, vpc))?;
    let mut closed = Closed::default();
    for group in &groups {
        closed.group_rules += revoke(&client, group).await?;
    }
    for acl in &acls {
        let used = acl.associations().len();
        closed.subnets += used;
        if used == 0 {
            closed.acl_rules += delete_entries(&client, acl).await?;
        }
    }
    Ok(closed)
}

async fn groups(client: &Client, vpc: &str) -> Result<Vec<SecurityGroup>, AwsError> {
    let request = client
        .describe_security_groups()
        .filters(filter("vpc-id", &[vpc]))
        .filters(filter("group-name", &["default"]));
    let answer = request.send().await;
    let answer = answer.map_err(|error| AwsError::new("EC2", "DescribeSecurityGroups", error))?;
    Ok(answer.security_groups.unwrap_or_default())
}

async fn acls(client: &Client, vpc: &str) -> Result<Vec<NetworkAcl>, AwsError> {
    let request = client
        .describe_network_acls()
        .filters(filter("vpc-id", &[vpc]))
        .filters(filter("default", &["true"]));
    let answer = request.send().await;
    let answer = answer.map_err(|error| AwsError::new("EC2", "DescribeNetworkAcls", error))?;
    Ok(answer.network_acls.unwrap_or_default())
}

/// Revokes all rules of a group. Says how many there were.
async fn revoke(client: &Client, group: &SecurityGroup) -> Result<usize, AwsError> {
    let id = group.group_id().unwrap_or_default();
    let (ingress, egress) = (group.ip_permissions(), group.ip_permissions_egress());
    if !ingress.is_empty() {
        let request = client.revoke_security_group_ingress().group_id(id);
        let sent = request.set_ip_permissions(Some(ingress.to_vec())).send().await;
        sent.map_err(|error| AwsError::new("EC2", "RevokeSecurityGroupIngress", error))?;
    }
    if !egress.is_empty() {
        let request = client.revoke_security_group_egress().group_id(id);
        let sent = request.set_ip_permissions(Some(egress.to_vec())).send().await;
        sent.map_err(|error| AwsError::new("EC2", "RevokeSecurityGroupEgress", error))?;
    }
    Ok(ingress.len() + egress.len())
}

/// Deletes all rules of an ACL that can be deleted. Says how many there were.
async fn delete_entries(client: &Client, acl: &NetworkAcl) -> Result<usize, AwsError> {
    let id = acl.network_acl_id().unwrap_or_default();
    let mut count = 0;
    for entry in acl.entries() {
        let number = entry.rule_number().unwrap_or_default();
        if FINAL_RULES.contains(&number) {
            continue;
        }
        let request = client.delete_network_acl_entry().network_acl_id(id).rule_number(number);
        let sent = request.egress(entry.egress().unwrap_or_default()).send().await;
        sent.map_err(|error| AwsError::new("EC2", "DeleteNetworkAclEntry", error))?;
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeAws;

    const GROUPS: &str = "<DescribeSecurityGroupsResponse><securityGroupInfo><item>\
        <groupId>sg-1</groupId><groupName>default</groupName>\
        <ipPermissions><item><ipProtocol>-1</ipProtocol><groups><item><groupId>sg-1</groupId></item></groups></item></ipPermissions>\
        <ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress>\
        </item></securityGroupInfo></DescribeSecurityGroupsResponse>";
    const ENTRIES: &str = "<entrySet><item><ruleNumber>100</ruleNumber><egress>true</egress></item>\
        <item><ruleNumber>100</ruleNumber><egress>false</egress></item>\
        <item><ruleNumber>32767</ruleNumber><egress>true</egress></item></entrySet>";

    async fn closed(associations: &str) -> (Closed, Vec<String>) {
        let acls = format!(
            "<DescribeNetworkAclsResponse><networkAclSet><item><networkAclId>acl-1</networkAclId>\
             {ENTRIES}<associationSet>{associations}</associationSet></item></networkAclSet>\
             </DescribeNetworkAclsResponse>"
        );
        let fake = FakeAws::start(&[
            ("DescribeSecurityGroups", 200, GROUPS),
            ("DescribeNetworkAcls", 200, acls.leak()),
            ("RevokeSecurityGroupIngress", 200, "<RevokeSecurityGroupIngressResponse/>"),
            ("RevokeSecurityGroupEgress", 200, "<RevokeSecurityGroupEgressResponse/>"),
            ("DeleteNetworkAclEntry", 200, "<DeleteNetworkAclEntryResponse/>"),
        ])
        .await;
        let locked = Locked::before_there_is_a_bucket();
        let closed = close(&fake.aws, &locked, "vpc-1").await.unwrap();
        (closed, fake.asked())
    }

    #[tokio::test]
    async fn all_rules_that_can_go_are_taken_out() {
        let (found, asked) = closed("").await;
        assert_eq!(found, Closed { group_rules: 2, acl_rules: 2, subnets: 0 });
        let deleted = asked.iter().filter(|one| *one == "DeleteNetworkAclEntry").count();
        assert_eq!(deleted, 2);
    }

    #[tokio::test]
    async fn an_acl_that_subnets_use_is_left_alone() {
        let (found, asked) = closed("<item><subnetId>subnet-1</subnetId></item>").await;
        assert_eq!(found, Closed { group_rules: 2, acl_rules: 0, subnets: 1 });
        assert!(!asked.iter().any(|one| one == "DeleteNetworkAclEntry"));
    }
}
