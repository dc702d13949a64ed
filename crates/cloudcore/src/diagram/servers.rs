//! Boxes: each security group with what is in it.

use cloudops_aws::cfn::{
    resolve::{self, Resolved},
    words,
};
use serde_json::Value;

use super::{Diagram, Tier, World};

/// A kind of resource that is in security groups: where its groups and its subnets stand.
struct Kind {
    resource_type: &'static str,
    groups: &'static [&'static str],
    subnets: &'static [&'static str],
}

static KINDS: [Kind; 7] = [
    Kind {
        resource_type: "AWS::ElasticLoadBalancingV2::LoadBalancer",
        groups: &["/SecurityGroups"],
        subnets: &["/Subnets"],
    },
    Kind {
        resource_type: "AWS::ECS::Service",
        groups: &["/NetworkConfiguration/AwsvpcConfiguration/SecurityGroups"],
        subnets: &["/NetworkConfiguration/AwsvpcConfiguration/Subnets"],
    },
    Kind {
        resource_type: "AWS::AutoScaling::AutoScalingGroup",
        groups: &[],
        subnets: &["/VPCZoneIdentifier"],
    },
    Kind {
        resource_type: "AWS::EFS::MountTarget",
        groups: &["/SecurityGroups"],
        subnets: &["/SubnetId"],
    },
    Kind {
        resource_type: "AWS::EC2::VPCEndpoint",
        groups: &["/SecurityGroupIds"],
        subnets: &["/SubnetIds"],
    },
    Kind {
        resource_type: "AWS::EC2::Instance",
        groups: &["/SecurityGroupIds"],
        subnets: &["/SubnetId"],
    },
    Kind {
        resource_type: "AWS::Lambda::Function",
        groups: &["/VpcConfig/SecurityGroupIds"],
        subnets: &["/VpcConfig/SubnetIds"],
    },
];

/// Adds a box for each security group.
pub(super) fn add(world: &World<'_>, diagram: &mut Diagram) {
    for group in world.of_type("AWS::EC2::SecurityGroup") {
        let key = group.key();
        let members: Vec<(&Resolved, &Kind)> = members(world, &key);
        let tier = members.iter().find_map(|(one, kind)| tier(world, one, kind));
        let title = group.properties["GroupDescription"].as_str().unwrap_or(&group.logical_id);
        // What follows the name of the thing is an explanation.
        let title = title.split([';', ',']).next().unwrap_or(title).to_owned();
        let mut node = world.node(group, title, tier.unwrap_or(Tier::Private));
        node.parts = told(&members);
        if members.is_empty() {
            node.parts = vec!["tasks that are started on demand".to_owned()];
        }
        diagram.nodes.insert(key, node);
    }
}

fn members<'a>(world: &'a World<'_>, group: &str) -> Vec<(&'a Resolved, &'static Kind)> {
    let in_group = |one: &&Resolved, kind: &Kind| {
        let template = launch_template(world, one);
        let direct = kind.groups.iter().any(|path| names(one.properties.pointer(path), group));
        direct || template.is_some_and(|template| names(Some(&template.properties), group))
    };
    let of_kind = |kind: &'static Kind| {
        let all = world.of_type(kind.resource_type).filter(move |one| in_group(one, kind));
        all.map(move |one| (one, kind))
    };
    KINDS.iter().flat_map(of_kind).collect()
}

/// The launch template of an Auto Scaling group, which names its security groups.
fn launch_template<'a>(world: &'a World<'_>, group: &Resolved) -> Option<&'a Resolved> {
    let template = group.properties.pointer("/LaunchTemplate/LaunchTemplateId")?;
    world.get(resolve::reference(template)?)
}

/// Whether a resource is named anywhere in a value.
fn names(value: Option<&Value>, key: &str) -> bool {
    match value {
        Some(Value::Array(items)) => items.iter().any(|item| names(Some(item), key)),
        Some(Value::Object(map)) => {
            value.and_then(resolve::reference) == Some(key)
                || map.values().any(|item| names(Some(item), key))
        }
        _ => false,
    }
}

/// What is in a box: `2 mount targets`, `ECS service`.
fn told(members: &[(&Resolved, &Kind)]) -> Vec<String> {
    let mut told: Vec<(&str, usize)> = Vec::new();
    for (_, kind) in members {
        match told.iter_mut().find(|(known, _)| *known == kind.resource_type) {
            Some((_, count)) => *count += 1,
            None => told.push((kind.resource_type, 1)),
        }
    }
    let word = |(resource_type, count): (&str, usize)| {
        let word = words::of(resource_type);
        if count == 1 { word.singular.into_owned() } else { format!("{count} {}", word.plural) }
    };
    told.into_iter().map(word).collect()
}

/// The tier of the subnets that a resource is in.
fn tier(world: &World<'_>, one: &Resolved, kind: &Kind) -> Option<Tier> {
    let scheme = one.properties["Scheme"].as_str();
    if scheme == Some("internet-facing") {
        return Some(Tier::Public);
    }
    let subnets = kind.subnets.iter().filter_map(|path| one.properties.pointer(path));
    subnets.filter_map(first_reference).find_map(|key| of_subnet(world, key))
}

fn first_reference(value: &Value) -> Option<&str> {
    match value {
        Value::Array(items) => items.iter().find_map(first_reference),
        other => resolve::reference(other),
    }
}

/// A subnet says by its tag what it is for; its name in the template says it too.
fn of_subnet(world: &World<'_>, key: &str) -> Option<Tier> {
    let subnet = world.get(key)?;
    let name = subnet.logical_id.as_str();
    [("Public", Tier::Public), ("Private", Tier::Private), ("Data", Tier::Data)]
        .into_iter()
        .find_map(|(word, tier)| name.starts_with(word).then_some(tier))
}
