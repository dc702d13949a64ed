//! Which way resources of a type are made, and what is not AWS about it.

/// How resources of a type are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The emulator's Cloud Control.
    CloudControl,
    /// EC2's own API.
    Network,
    /// ECS's own API, so that deployments are the ones that ECS would start.
    Containers,
    /// Several record sets, one by one.
    RecordGroup,
    /// Kept by the proxy alone, for the reason given.
    Kept(&'static str),
}

/// How resources of `resource_type` are made.
pub(super) fn way(resource_type: &str) -> Way {
    match resource_type {
        "AWS::EC2::SubnetRouteTableAssociation"
        | "AWS::EC2::VPCEndpoint"
        | "AWS::EC2::FlowLog"
        | "AWS::EC2::NetworkAcl"
        | "AWS::EC2::NetworkAclEntry"
        | "AWS::EC2::SubnetNetworkAclAssociation"
        | "AWS::EC2::EIPAssociation"
        | "AWS::EC2::VPCCidrBlock"
        | "AWS::EC2::EgressOnlyInternetGateway" => Way::Network,
        "AWS::ECS::Service"
        | "AWS::ECS::TaskDefinition"
        | "AWS::ECS::ClusterCapacityProviderAssociations" => Way::Containers,
        "AWS::Route53::RecordSetGroup" => Way::RecordGroup,
        other => match KEPT.iter().find(|(name, _)| *name == other) {
            Some((_, why)) => Way::Kept(why),
            None => Way::CloudControl,
        },
    }
}

/// Types that are kept by the proxy alone.
const KEPT: &[(&str, &str)] = &[
    ("AWS::AutoScaling::LifecycleHook", "no instance waits for it"),
    ("AWS::AutoScaling::ScheduledAction", "nothing scales at the time it names"),
    ("AWS::Backup::BackupSelection", "no backup is taken"),
    ("AWS::CloudFormation::WaitCondition", "it is signalled at once"),
    ("AWS::CloudFormation::WaitConditionHandle", "it is signalled at once"),
    ("AWS::CloudTrail::Trail", "no call is logged"),
    ("AWS::EC2::VolumeAttachment", "instances have no disks"),
    ("AWS::SSM::Association", "no instance runs it"),
    ("AWS::SSM::Document", "no instance runs it"),
    ("AWS::SSM::MaintenanceWindow", "it never opens"),
];

/// What is not AWS here, one sentence each.
pub(in crate::proxy::cloudformation) fn gaps() -> Vec<String> {
    let kept = KEPT.iter().map(|(name, why)| format!("CloudFormation keeps {name} itself: {why}"));
    kept.chain(GAPS.iter().map(|gap| (*gap).to_owned())).collect()
}

const GAPS: &[&str] = &[
    "CloudFormation keeps stacks in the proxy's memory: they are gone when it stops",
    "CloudFormation stores and does not act on TimeoutInMinutes, NotificationARNs, RoleARN and rollback triggers",
    "CloudFormation refuses transforms and stack sets",
    "CloudFormation's change sets look into nested stacks that exist, and not into those that are about to be made",
    "CloudFormation imports types that the emulator's Cloud Control makes, and does not compare their values",
    "CloudFormation does not check that the values of AWS::EC2::VPC::Id and similar parameters exist",
    "CloudFormation's drift detection reads what services show of networks, security groups, buckets, roles, log groups, queues, topics, parameters, secrets, balancers, databases, repositories and ECS services; other types are NOT_CHECKED",
    "The secret of a managed database master password is made by the proxy, is not rotated, and is not named by describe calls",
    "Public image parameters (/aws/service/...) are always the same image",
];
