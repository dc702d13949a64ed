//! Which actions what takes.

use super::{Scope, Scope as S};

/// What every run calls itself, whatever it makes.
pub(super) const OWN: [(Scope, &[&str]); 5] = [
    (
        S::Stack,
        &[
            "cloudformation:CreateChangeSet",
            "cloudformation:DescribeChangeSet",
            "cloudformation:ExecuteChangeSet",
            "cloudformation:DeleteChangeSet",
            "cloudformation:DescribeStacks",
            "cloudformation:DescribeStackEvents",
            "cloudformation:GetTemplate",
            "cloudformation:SetStackPolicy",
            "cloudformation:UpdateTerminationProtection",
            "cloudformation:DeleteStack",
        ],
    ),
    (S::Bucket, &["s3:ListBucket"]),
    (S::Object, &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]),
    (S::Parameter, &["ssm:GetParametersByPath"]),
    // The record in the parent zone is written by ourselves.
    (
        S::Any,
        &[
            "sts:GetCallerIdentity",
            "route53:ListHostedZonesByName",
            "route53:ListResourceRecordSets",
            "route53:ChangeResourceRecordSets",
            "route53:GetChange",
        ],
    ),
];

/// What CloudFormation calls with our rights to make a resource and take it away again, by type.
pub(super) const BY_TYPE: [(&str, Scope, &[&str]); 48] = [
    (
        "AWS::AutoScaling::AutoScalingGroup",
        S::Any,
        &[
            "autoscaling:CreateAutoScalingGroup",
            "autoscaling:UpdateAutoScalingGroup",
            "autoscaling:DeleteAutoScalingGroup",
            "autoscaling:DescribeAutoScalingGroups",
        ],
    ),
    (
        "AWS::CertificateManager::Certificate",
        S::Any,
        &["acm:RequestCertificate", "acm:DescribeCertificate", "acm:DeleteCertificate"],
    ),
    (
        "AWS::EC2::EgressOnlyInternetGateway",
        S::Any,
        &["ec2:CreateEgressOnlyInternetGateway", "ec2:DeleteEgressOnlyInternetGateway"],
    ),
    ("AWS::EC2::EIP", S::Any, &["ec2:AllocateAddress", "ec2:ReleaseAddress"]),
    ("AWS::EC2::FlowLog", S::Any, &["ec2:CreateFlowLogs", "ec2:DeleteFlowLogs"]),
    (
        "AWS::EC2::InternetGateway",
        S::Any,
        &["ec2:CreateInternetGateway", "ec2:DeleteInternetGateway"],
    ),
    (
        "AWS::EC2::LaunchTemplate",
        S::Any,
        &["ec2:CreateLaunchTemplate", "ec2:DeleteLaunchTemplate", "ec2:RunInstances"],
    ),
    ("AWS::EC2::NatGateway", S::Any, &["ec2:CreateNatGateway", "ec2:DeleteNatGateway"]),
    ("AWS::EC2::NetworkAcl", S::Any, &["ec2:CreateNetworkAcl", "ec2:DeleteNetworkAcl"]),
    (
        "AWS::EC2::NetworkAclEntry",
        S::Any,
        &["ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAclEntry"],
    ),
    ("AWS::EC2::Route", S::Any, &["ec2:CreateRoute", "ec2:DeleteRoute"]),
    ("AWS::EC2::RouteTable", S::Any, &["ec2:CreateRouteTable", "ec2:DeleteRouteTable"]),
    (
        "AWS::EC2::SecurityGroup",
        S::Any,
        &[
            "ec2:CreateSecurityGroup",
            "ec2:DeleteSecurityGroup",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupEgress",
        ],
    ),
    (
        "AWS::EC2::SecurityGroupEgress",
        S::Any,
        &["ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress"],
    ),
    (
        "AWS::EC2::SecurityGroupIngress",
        S::Any,
        &["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"],
    ),
    ("AWS::EC2::Subnet", S::Any, &["ec2:CreateSubnet", "ec2:DeleteSubnet"]),
    ("AWS::EC2::SubnetNetworkAclAssociation", S::Any, &["ec2:ReplaceNetworkAclAssociation"]),
    (
        "AWS::EC2::SubnetRouteTableAssociation",
        S::Any,
        &["ec2:AssociateRouteTable", "ec2:DisassociateRouteTable"],
    ),
    (
        "AWS::EC2::VPC",
        S::Any,
        &[
            "ec2:CreateVpc",
            "ec2:ModifyVpcAttribute",
            "ec2:DeleteVpc",
            "ec2:CreateTags",
            // Its defaults are closed.
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeNetworkAcls",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:DeleteNetworkAclEntry",
        ],
    ),
    (
        "AWS::EC2::VPCCidrBlock",
        S::Any,
        &["ec2:AssociateVpcCidrBlock", "ec2:DisassociateVpcCidrBlock"],
    ),
    ("AWS::EC2::VPCEndpoint", S::Any, &["ec2:CreateVpcEndpoint", "ec2:DeleteVpcEndpoints"]),
    (
        "AWS::EC2::VPCGatewayAttachment",
        S::Any,
        &["ec2:AttachInternetGateway", "ec2:DetachInternetGateway"],
    ),
    (
        "AWS::ECR::Repository",
        S::Any,
        &[
            "ecr:CreateRepository",
            "ecr:DeleteRepository",
            "ecr:PutLifecyclePolicy",
            "ecr:PutImageScanningConfiguration",
            "ecr:TagResource",
        ],
    ),
    (
        "AWS::ECS::Cluster",
        S::Any,
        &["ecs:CreateCluster", "ecs:DeleteCluster", "ecs:DescribeClusters"],
    ),
    ("AWS::ECS::ClusterCapacityProviderAssociations", S::Any, &["ecs:PutClusterCapacityProviders"]),
    (
        "AWS::ECS::Service",
        S::Any,
        &["ecs:CreateService", "ecs:UpdateService", "ecs:DeleteService", "ecs:DescribeServices"],
    ),
    (
        "AWS::ECS::TaskDefinition",
        S::Any,
        &["ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition"],
    ),
    (
        "AWS::EFS::AccessPoint",
        S::Any,
        &["elasticfilesystem:CreateAccessPoint", "elasticfilesystem:DeleteAccessPoint"],
    ),
    (
        "AWS::EFS::FileSystem",
        S::Any,
        &[
            "elasticfilesystem:CreateFileSystem",
            "elasticfilesystem:PutBackupPolicy",
            "elasticfilesystem:PutLifecycleConfiguration",
            "elasticfilesystem:PutFileSystemPolicy",
        ],
    ),
    (
        "AWS::EFS::MountTarget",
        S::Any,
        &["elasticfilesystem:CreateMountTarget", "elasticfilesystem:DeleteMountTarget"],
    ),
    (
        "AWS::ElasticLoadBalancingV2::Listener",
        S::Any,
        &["elasticloadbalancing:CreateListener", "elasticloadbalancing:DeleteListener"],
    ),
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        S::Any,
        &[
            "elasticloadbalancing:CreateLoadBalancer",
            "elasticloadbalancing:ModifyLoadBalancerAttributes",
            "elasticloadbalancing:DeleteLoadBalancer",
        ],
    ),
    (
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        S::Any,
        &[
            "elasticloadbalancing:CreateTargetGroup",
            "elasticloadbalancing:ModifyTargetGroupAttributes",
            "elasticloadbalancing:DeleteTargetGroup",
        ],
    ),
    (
        "AWS::IAM::InstanceProfile",
        S::Any,
        &["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile", "iam:DeleteInstanceProfile"],
    ),
    ("AWS::IAM::ManagedPolicy", S::Any, &["iam:CreatePolicy", "iam:DeletePolicy"]),
    (
        "AWS::IAM::Role",
        S::Role,
        &[
            "iam:CreateRole",
            "iam:GetRole",
            "iam:PutRolePolicy",
            "iam:AttachRolePolicy",
            "iam:PassRole",
            "iam:TagRole",
            "iam:DeleteRole",
        ],
    ),
    ("AWS::KMS::Alias", S::Any, &["kms:CreateAlias", "kms:DeleteAlias"]),
    ("AWS::KMS::Key", S::Any, &["kms:CreateKey", "kms:EnableKeyRotation", "kms:PutKeyPolicy"]),
    (
        "AWS::Logs::LogGroup",
        S::LogGroup,
        &["logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:DeleteLogGroup"],
    ),
    ("AWS::Logs::ResourcePolicy", S::Any, &["logs:PutResourcePolicy", "logs:DeleteResourcePolicy"]),
    (
        "AWS::Route53::HostedZone",
        S::Any,
        &["route53:CreateHostedZone", "route53:GetHostedZone", "route53:DeleteHostedZone"],
    ),
    ("AWS::Route53::RecordSet", S::Any, &["route53:ChangeResourceRecordSets", "route53:GetChange"]),
    (
        "AWS::S3::Bucket",
        S::Bucket,
        &[
            "s3:CreateBucket",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketOwnershipControls",
            "s3:PutLifecycleConfiguration",
        ],
    ),
    ("AWS::S3::BucketPolicy", S::Bucket, &["s3:PutBucketPolicy"]),
    (
        "AWS::SSM::Parameter",
        S::Parameter,
        &["ssm:PutParameter", "ssm:GetParameters", "ssm:DeleteParameter"],
    ),
    (
        "AWS::SecretsManager::Secret",
        S::Any,
        &[
            "secretsmanager:CreateSecret",
            "secretsmanager:GetRandomPassword",
            "secretsmanager:DeleteSecret",
        ],
    ),
    (
        "AWS::ServiceDiscovery::PrivateDnsNamespace",
        S::Any,
        &["servicediscovery:CreatePrivateDnsNamespace", "servicediscovery:DeleteNamespace"],
    ),
    (
        "AWS::ServiceDiscovery::Service",
        S::Any,
        &["servicediscovery:CreateService", "servicediscovery:DeleteService"],
    ),
];
