//! Rules of security groups: those that a group declares, and those that somebody added.

use serde_json::{Map, Value, json};

use super::xml;
use crate::proxy::cloudformation::intrinsics::text;
use crate::proxy::cloudformation::state::{Resource, State};

const INGRESS: &str = "AWS::EC2::SecurityGroupIngress";
const EGRESS: &str = "AWS::EC2::SecurityGroupEgress";

/// Rules of the group that are resources of their own.
pub(super) fn of_others(state: &State, group: &str) -> Vec<Value> {
    let live = state.stacks.iter().filter(|stack| stack.deleted.is_none());
    live.flat_map(|stack| stack.resources.values())
        .filter(|one| one.resource_type == INGRESS || one.resource_type == EGRESS)
        .filter(|one| one.properties["GroupId"] == group)
        .map(|one| plain(&one.properties))
        .collect()
}

/// The rules that the group has, in the order of its declaration, with what somebody added last.
/// None where the declaration says nothing about rules.
pub(super) fn actual(
    answer: &str,
    resource: &Resource,
    others: &[Value],
) -> Vec<(&'static str, Value)> {
    let sides =
        [("SecurityGroupIngress", "ipPermissions"), ("SecurityGroupEgress", "ipPermissionsEgress")];
    sides
        .into_iter()
        .filter_map(|(property, element)| {
            let declared = resource.properties.get(property)?.as_array()?;
            let mut found = permissions(xml::inside(answer, element).unwrap_or_default());
            found.retain(|rule| !others.contains(rule));
            let mut rules = Vec::new();
            for rule in declared {
                if let Some(place) = found.iter().position(|one| *one == plain(rule)) {
                    found.remove(place);
                    rules.push(rule.clone());
                }
            }
            rules.extend(found);
            Some((property, Value::Array(rules)))
        })
        .collect()
}

/// A declared rule without what does not tell rules apart.
fn plain(rule: &Value) -> Value {
    let mut plain = Map::new();
    for name in ["FromPort", "ToPort", "CidrIp", "CidrIpv6"] {
        if let Some(value) = rule.get(name).and_then(text).filter(|value| value != "-1") {
            plain.insert(name.to_owned(), json!(value));
        }
    }
    let group = ["SourceSecurityGroupId", "DestinationSecurityGroupId"];
    if let Some(value) = group.iter().find_map(|name| rule.get(*name)) {
        plain.insert("Group".to_owned(), value.clone());
    }
    let list = ["SourcePrefixListId", "DestinationPrefixListId"];
    if let Some(value) = list.iter().find_map(|name| rule.get(*name)) {
        plain.insert("List".to_owned(), value.clone());
    }
    let protocol = rule.get("IpProtocol").and_then(text).unwrap_or_default();
    if protocol == "-1" {
        plain.remove("FromPort");
        plain.remove("ToPort");
    }
    plain.insert("IpProtocol".to_owned(), json!(protocol));
    Value::Object(plain)
}

/// The service puts rules that differ in their sources only into one permission.
fn permissions(answer: &str) -> Vec<Value> {
    let parts: Vec<&str> = answer.split("<ipProtocol>").skip(1).collect();
    let mut rules = Vec::new();
    for part in parts {
        let whole = format!("<ipProtocol>{part}");
        let base = xml::properties(
            &whole,
            &[("IpProtocol", "ipProtocol"), ("FromPort", "fromPort"), ("ToPort", "toPort")],
        );
        let kinds = [
            ("cidrIp", "CidrIp"),
            ("cidrIpv6", "CidrIpv6"),
            ("groupId", "Group"),
            ("prefixListId", "List"),
        ];
        for (element, name) in kinds {
            for value in xml::each(&whole, element) {
                let mut rule = base.clone();
                rule[name] = json!(value);
                rules.push(normal(rule));
            }
        }
    }
    rules
}

fn normal(mut rule: Value) -> Value {
    let all = rule["IpProtocol"] == "-1";
    if let Some(map) = rule.as_object_mut() {
        map.retain(|name, value| !(name.ends_with("Port") && (all || *value == "-1")));
    }
    rule
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "<ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>80</fromPort>\
        <toPort>80</toPort><groups/><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item>\
        <item><cidrIp>10.0.0.0/8</cidrIp></item></ipRanges></item><item><ipProtocol>-1</ipProtocol>\
        <groups><item><groupId>sg-1</groupId></item></groups></item></ipPermissions>";

    fn group(rules: Value) -> Resource {
        Resource { properties: json!({"SecurityGroupIngress": rules}), ..Resource::default() }
    }

    #[test]
    fn a_rule_that_somebody_added_is_found_and_one_of_another_resource_is_not() {
        let declared = json!([
            {"IpProtocol": "-1", "SourceSecurityGroupId": "sg-1"},
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": "80", "CidrIp": "0.0.0.0/0", "Description": "d"},
        ]);
        let found = actual(ANSWER, &group(declared.clone()), &[]);
        let rules = found[0].1.as_array().expect("rules");
        assert_eq!(rules[..2], declared.as_array().expect("rules")[..]);
        assert_eq!(rules[2]["CidrIp"], "10.0.0.0/8");
        let other =
            json!({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8"});
        let found = actual(ANSWER, &group(declared.clone()), &[plain(&other)]);
        assert_eq!(found[0].1, declared);
        assert!(actual(ANSWER, &Resource::default(), &[]).is_empty());
    }
}
