//! Load balancers, firewalls and alarms.

use super::{
    estimate::{Context, Line, Resource, counted},
    evaluate::Evaluated,
};

/// Groups of managed rules that AWS charges for on top of the rule.
const EXTRA_RULE_GROUPS: [&str; 4] = [
    "AWSManagedRulesACFPRuleSet",
    "AWSManagedRulesATPRuleSet",
    "AWSManagedRulesAntiDDoSRuleSet",
    "AWSManagedRulesBotControlRuleSet",
];

pub(super) fn load_balancer(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Vec<Line> {
    let (what, base, unit) = match properties.get("Type").text() {
        Ok(None | Some("application")) => (
            "application load balancer",
            "application-load-balancer",
            "application-load-balancer-unit",
        ),
        Ok(Some("network")) => {
            ("network load balancer", "network-load-balancer", "network-load-balancer-unit")
        }
        Ok(Some(other)) => {
            let why = format!("no price is known for load balancers of type {other}");
            return vec![resource.unknown("load balancer", why)];
        }
        Err(why) => return vec![resource.unknown("load balancer", why)],
    };
    let line = context.sum(resource, what, &[(base, 1.0), (unit, 1.0)]);
    let mut lines = vec![line.assuming("with one capacity unit in use all the time")];
    lines.extend(public_addresses(context, resource, properties));
    lines
}

/// An internet-facing load balancer has an address in every zone.
fn public_addresses(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Option<Line> {
    let what = "public addresses of the load balancer";
    match properties.get("Scheme").text() {
        Ok(Some("internal")) => return None,
        Ok(_) => {}
        Err(why) => return Some(resource.unknown(what, why)),
    }
    let subnets = properties.get("Subnets").count();
    let mappings = properties.get("SubnetMappings").count();
    match subnets.and_then(|subnets| Ok(subnets + mappings?)) {
        Ok(count) => {
            let what = counted(count as f64, "public address").replace("addresss", "addresses");
            let line = context.cost(resource, what, "public-ipv4", count as f64);
            Some(line.assuming("one per zone; a busy one has more"))
        }
        Err(why) => Some(resource.unknown(what, format!("one per zone: {why}"))),
    }
}

pub(super) fn web_acl(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Vec<Line> {
    let rules = properties.get("Rules");
    let count = match rules.count() {
        Ok(count) => count as f64,
        Err(why) => return vec![resource.unknown("web application firewall", why)],
    };
    let what = format!("web application firewall with {}", counted(count, "rule"));
    let line = context.sum(resource, what, &[("web-acl", 1.0), ("web-acl-rule", count)]);
    let mut lines = vec![line.assuming("without the requests that it looks at")];
    let groups = (0..count as usize)
        .map(|index| rules.at(index).get("Statement").get("ManagedRuleGroupStatement"));
    let extra = groups.filter(|group| has_own_price(group));
    lines.extend(extra.map(|group| {
        let name = group.get("Name").text().ok().flatten().unwrap_or("of a vendor");
        resource.unknown(format!("rule group {name}"), "it has a price of its own")
    }));
    lines
}

fn has_own_price(group: &Evaluated) -> bool {
    let text = |key: &str| group.get(key).text().ok().flatten();
    let is_foreign = text("VendorName").is_some_and(|vendor| vendor != "AWS");
    is_foreign || text("Name").is_some_and(|name| EXTRA_RULE_GROUPS.contains(&name))
}

pub(super) fn alarm(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Vec<Line> {
    if *properties.get("Metrics") != Evaluated::Absent {
        return vec![resource.unknown("alarm", "it is billed per metric of its formula")];
    }
    match properties.get("Period").number() {
        Ok(Some(seconds)) if seconds < 60.0 => {
            vec![resource.unknown("alarm", "no price is known for alarms below a minute")]
        }
        Ok(_) => vec![context.cost(resource, "alarm", "alarm", 1.0)],
        Err(why) => vec![resource.unknown("alarm", why)],
    }
}

pub(super) fn scaling_policy(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Vec<Line> {
    let what = "alarms of the scaling policy";
    match properties.get("PolicyType").text() {
        Ok(Some("TargetTrackingScaling")) => {
            let line = context.cost(resource, format!("2 {what}"), "alarm", 2.0);
            vec![line.assuming("AWS makes one for more and one for fewer")]
        }
        Ok(_) => vec![resource.unknown(what, "their number is not known")],
        Err(why) => vec![resource.unknown(what, why)],
    }
}
