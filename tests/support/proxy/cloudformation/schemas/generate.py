#!/usr/bin/env python3
"""Writes createonly.json and types.txt from the public resource schemas that cfn-lint carries.

    python3 -m venv /tmp/lint && /tmp/lint/bin/pip install cfn-lint
    /tmp/lint/bin/python generate.py

createonly.json has, for each type of TYPES:
  createOnly             property paths whose change replaces the resource
  conditionalCreateOnly  property paths whose change may replace it
  readOnly               attributes for Fn::GetAtt
  required               properties that must be there
  tags                   property that takes tags, when there is one
  kinds                  property path -> s (text), i (integer), n (number), b (boolean), o (any);
                         `*` stands for every item of a list
types.txt has the names of all types, so that a misspelt one can be told from a rare one.
"""

import json
import pathlib

import cfnlint

TYPES = """
AmazonMQ::Broker ApplicationAutoScaling::ScalableTarget ApplicationAutoScaling::ScalingPolicy
AutoScaling::AutoScalingGroup AutoScaling::LifecycleHook AutoScaling::ScheduledAction
Backup::BackupPlan Backup::BackupSelection Backup::BackupVault CertificateManager::Certificate
CloudWatch::Alarm CloudWatch::Dashboard CloudTrail::Trail DynamoDB::Table
EC2::EIP EC2::EIPAssociation EC2::EgressOnlyInternetGateway EC2::FlowLog EC2::Instance EC2::InternetGateway EC2::LaunchTemplate EC2::NatGateway
EC2::NetworkAcl EC2::NetworkAclEntry EC2::Route EC2::RouteTable EC2::SecurityGroup
EC2::SecurityGroupEgress EC2::SecurityGroupIngress EC2::Subnet EC2::SubnetNetworkAclAssociation
EC2::SubnetRouteTableAssociation EC2::VPC EC2::VPCCidrBlock EC2::VPCEndpoint EC2::VPCGatewayAttachment EC2::Volume
EC2::VolumeAttachment ECR::Repository ECR::ReplicationConfiguration ECR::RegistryPolicy
ECS::CapacityProvider ECS::Cluster ECS::ClusterCapacityProviderAssociations ECS::Service
ECS::TaskDefinition EFS::AccessPoint EFS::FileSystem EFS::MountTarget
ElasticLoadBalancingV2::Listener ElasticLoadBalancingV2::ListenerCertificate
ElasticLoadBalancingV2::ListenerRule ElasticLoadBalancingV2::LoadBalancer
ElasticLoadBalancingV2::TargetGroup Events::Rule Events::EventBus
IAM::InstanceProfile IAM::ManagedPolicy IAM::OIDCProvider IAM::Policy IAM::Role IAM::RolePolicy
IAM::ServiceLinkedRole IAM::User IAM::Group KMS::Alias KMS::Key
Lambda::Alias Lambda::Function Lambda::Permission Lambda::Version Lambda::EventSourceMapping
Logs::LogGroup Logs::LogStream Logs::MetricFilter Logs::ResourcePolicy Logs::SubscriptionFilter
RDS::DBCluster RDS::DBClusterParameterGroup RDS::DBInstance RDS::DBParameterGroup
RDS::DBSubnetGroup Route53::HealthCheck Route53::HostedZone Route53::RecordSet
Route53::RecordSetGroup S3::Bucket S3::BucketPolicy SNS::Subscription SNS::Topic SNS::TopicPolicy
SQS::Queue SQS::QueuePolicy SSM::Document SSM::MaintenanceWindow SSM::Parameter SSM::Association
Scheduler::Schedule SecretsManager::ResourcePolicy SecretsManager::RotationSchedule
SecretsManager::Secret SecretsManager::SecretTargetAttachment
ServiceDiscovery::HttpNamespace ServiceDiscovery::PrivateDnsNamespace ServiceDiscovery::Service
StepFunctions::StateMachine WAFv2::IPSet WAFv2::LoggingConfiguration WAFv2::WebACL
WAFv2::WebACLAssociation CloudFormation::WaitConditionHandle CloudFormation::WaitCondition
""".split()

DEPTH = 7
KINDS = {"string": "s", "integer": "i", "number": "n", "boolean": "b"}
SCHEMAS = pathlib.Path(cfnlint.__file__).parent / "data" / "schemas"


def resolve(schema, node):
    """Follows a reference inside the schema."""
    while "$ref" in node:
        target = schema
        for step in node["$ref"].lstrip("#/").split("/"):
            target = target[step]
        node = target
    return node


def kind_of(node):
    """The one scalar kind of a node; `o` when it takes several."""
    types = node.get("type")
    if isinstance(types, list):
        scalars = [one for one in types if one in KINDS]
        return None if len(types) != 1 else KINDS.get(scalars[0] if scalars else "")
    return KINDS.get(types)


def walk(schema, node, path, kinds, depth, seen=()):
    """Notes the kinds of a node and of everything below it."""
    reference = node.get("$ref")
    if reference in seen or depth > DEPTH:
        kinds[path] = "o"
        return
    seen = seen + ((reference,) if reference else ())
    node = resolve(schema, node)
    properties = dict(node.get("properties") or {})
    for choice in (node.get("oneOf") or []) + (node.get("anyOf") or []):
        properties.update(resolve(schema, choice).get("properties") or {})
    if properties:
        for name, inner in properties.items():
            walk(schema, inner, f"{path}/{name}", kinds, depth + 1, seen)
    elif node.get("items"):
        walk(schema, node["items"], f"{path}/*", kinds, depth + 1, seen)
    else:
        kinds[path] = kind_of(node) or "o"


def paths(schema, key):
    """Property paths under a key of the schema, without the leading /properties/."""
    return sorted(one.removeprefix("/properties/") for one in schema.get(key) or [])


def describe(schema):
    """The compact description of one type."""
    kinds = {}
    for name, node in schema["properties"].items():
        walk(schema, node, name, kinds, 1)
    tagging = schema.get("tagging") or {}
    tags = tagging.get("tagProperty", "/properties/Tags").removeprefix("/properties/")
    taggable = tagging.get("taggable", schema.get("taggable", True)) and tags in schema["properties"]
    return {
        "createOnly": paths(schema, "createOnlyProperties"),
        "conditionalCreateOnly": paths(schema, "conditionalCreateOnlyProperties"),
        "readOnly": paths(schema, "readOnlyProperties"),
        "required": sorted(schema.get("required") or []),
        "tags": tags if taggable else None,
        "kinds": kinds,
    }


def main():
    """Reads the schemas of one region and writes both files beside this one."""
    known = json.loads((SCHEMAS / "providers" / "us-west-2.json").read_text())
    here = pathlib.Path(__file__).parent
    table = {}
    for short in sorted(TYPES):
        name = f"AWS::{short}"
        file = SCHEMAS / "resources" / (known[name] if known[name].endswith(".json") else f"{known[name]}.json")
        table[name] = describe(json.loads(file.read_text()))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in table.items())
    (here / "createonly.json").write_text("{\n" + lines + "\n}\n")
    (here / "types.txt").write_text("\n".join(sorted(known)) + "\n")


if __name__ == "__main__":
    main()
