//! Arrows: the ingress rules of security groups.

use cloudops_aws::cfn::resolve::{self, Resolved};
use serde_json::Value;

use super::{Diagram, Edge, Node, Tier, World};

/// Adds an arrow for each ingress rule, those inside a group's own properties and those apart.
pub(super) fn add(world: &World<'_>, diagram: &mut Diagram) {
    for group in world.of_type("AWS::EC2::SecurityGroup") {
        let rules = group.properties["SecurityGroupIngress"].as_array();
        for rule in rules.into_iter().flatten() {
            connect(world, diagram, &group.key(), rule);
        }
    }
    let apart: Vec<&Resolved> = world.of_type("AWS::EC2::SecurityGroupIngress").collect();
    for rule in apart {
        if let Some(group) = resolve::reference(&rule.properties["GroupId"]) {
            connect(world, diagram, group, &rule.properties);
        }
    }
}

fn connect(world: &World<'_>, diagram: &mut Diagram, to: &str, rule: &Value) {
    let source = &rule["SourceSecurityGroupId"];
    let from = match resolve::reference(source).or(source.as_str()) {
        Some(group) if diagram.nodes.contains_key(group) => group.to_owned(),
        Some(other) => outside(world, diagram, other, "a security group of somebody else"),
        None => match range(world, rule) {
            Some((range, what)) => outside(world, diagram, &range, &what),
            None => return,
        },
    };
    diagram.edges.insert(Edge { from, to: to.to_owned(), ports: ports(rule) });
}

/// The addresses that a rule lets in, and who that is.
fn range(world: &World<'_>, rule: &Value) -> Option<(String, String)> {
    let ranges = ["CidrIp", "CidrIpv6", "SourcePrefixListId"];
    let range = ranges.iter().find_map(|name| rule[*name].as_str())?;
    let own = world.of_type("AWS::EC2::VPC").any(|vpc| vpc.properties["CidrBlock"] == range);
    let what = match range {
        "0.0.0.0/0" | "::/0" => "the internet",
        _ if own => "anything in the network",
        _ => "administrators",
    };
    Some((range.to_owned(), what.to_owned()))
}

/// A box outside of the instance.
fn outside(world: &World<'_>, diagram: &mut Diagram, range: &str, what: &str) -> String {
    let key = format!("outside/{range}");
    diagram.nodes.entry(key.clone()).or_insert_with(|| Node {
        title: what.to_owned(),
        parts: vec![range.to_owned()],
        id: None,
        tier: Tier::Outside,
        exists: world.recorded,
    });
    key
}

/// The ports of a rule, in words.
fn ports(rule: &Value) -> String {
    let number = |name: &str| match &rule[name] {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let protocol = rule["IpProtocol"].as_str().unwrap_or("tcp");
    match (protocol, number("FromPort"), number("ToPort")) {
        ("-1", ..) => "all ports".to_owned(),
        ("tcp", Some(from), Some(to)) if from == to => from.to_string(),
        ("tcp", Some(from), Some(to)) => format!("{from}-{to}"),
        (other, Some(from), Some(to)) if from == to => format!("{other} {from}"),
        (other, ..) => other.to_owned(),
    }
}
