//! Estimates: a line for every resource that costs something.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    data, edge,
    evaluate::{Evaluated, Evaluator, names_resource},
    hosts,
    kinds::{Kind, kind},
    money::Usd,
    network, prices, tasks,
};
use crate::{
    cfn::{template::Template, words},
    ids::Region,
};

/// What one thing costs a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Monthly {
    /// This much, by the price table.
    Usd(Usd),
    /// By use; the text says what is counted.
    Usage(String),
    /// Nobody can say; the text says why.
    Unknown(String),
}

/// One thing that costs money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Logical id of the resource.
    pub logical_id: String,
    /// Type of the resource, such as `AWS::EC2::NatGateway`.
    pub resource_type: String,
    /// What it is, in words: `interface endpoint in 2 zones`.
    pub what: String,
    /// What it costs a month.
    pub monthly: Monthly,
    /// What the figure takes for granted or leaves out.
    pub assumption: Option<String>,
}

/// What the resources of a template cost a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// Region.
    pub region: Region,
    /// Day of the price table.
    pub prices_of: String,
    /// What costs, in the order of the template. Free resources are not there.
    pub lines: Vec<Line>,
}

impl Estimate {
    /// An estimate of nothing.
    #[must_use]
    pub fn empty(region: &Region) -> Self {
        let prices_of = prices::table_date().to_owned();
        Self { region: region.clone(), prices_of, lines: Vec::new() }
    }

    /// The sum of what is known, for a month of 730 hours.
    #[must_use]
    pub fn total(&self) -> Usd {
        self.lines.iter().map(|line| line.monthly.known()).sum()
    }

    /// Whether nothing comes on top of the total.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.lines.iter().all(|line| matches!(line.monthly, Monthly::Usd(_)))
    }

    /// What nobody can say, which is missing from the total.
    pub fn unknown(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| matches!(line.monthly, Monthly::Unknown(_)))
    }

    /// What is billed by use, which is missing from the total.
    pub fn usage(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| matches!(line.monthly, Monthly::Usage(_)))
    }
}

impl Monthly {
    /// The amount, and nothing where it is not known.
    #[must_use]
    pub fn known(&self) -> Usd {
        match self {
            Self::Usd(usd) => *usd,
            Self::Usage(_) | Self::Unknown(_) => Usd::ZERO,
        }
    }
}

/// Values of the parameters of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// Values that are given. A parameter without one has its default.
    pub known: BTreeMap<String, String>,
    /// Parameters whose value is not known yet, even if they have a default.
    pub unknown: BTreeSet<String>,
}

/// What the resources of `template` cost a month with these parameters, or `only` those with the
/// given logical ids.
#[must_use]
pub fn estimate(
    template: &Template,
    parameters: &BTreeMap<String, String>,
    region: &Region,
    only: Option<&BTreeSet<String>>,
) -> Estimate {
    let values = Values { known: parameters.clone(), unknown: BTreeSet::new() };
    estimate_values(template, &values, region, only)
}

/// The same where some parameters wait for another stack: what depends on them is unknown.
#[must_use]
pub fn estimate_values(
    template: &Template,
    values: &Values,
    region: &Region,
    only: Option<&BTreeSet<String>>,
) -> Estimate {
    let evaluator = Evaluator::new(template, &values.known, &values.unknown, region);
    let context = Context { evaluator: &evaluator, region };
    let mut estimate = Estimate::empty(region);
    for (logical_id, resource_type, body) in evaluator.resources() {
        if only.is_none_or(|only| only.contains(logical_id)) {
            let resource = Resource { logical_id, resource_type };
            let condition = body["Condition"].as_str();
            estimate.lines.extend(context.lines(&resource, condition));
        }
    }
    estimate
}

/// A resource whose price is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resource<'a> {
    pub(super) logical_id: &'a str,
    pub(super) resource_type: &'a str,
}

/// What a resource of a type costs a month when nothing else is known of it.
#[must_use]
pub fn bare(resource_type: &str, region: &Region) -> Monthly {
    let text = format!("Resources:\n  One: {{Type: {resource_type}}}\n");
    let Ok(template) = Template::parse(resource_type, &text) else {
        return Monthly::Unknown(format!("no price is known for {resource_type}"));
    };
    let estimate = estimate(&template, &BTreeMap::new(), region, None);
    let mut lines = estimate.lines.into_iter();
    lines.next().map_or(Monthly::Usd(Usd::ZERO), |line| line.monthly)
}

impl Resource<'_> {
    pub(super) fn line(&self, what: impl Into<String>, monthly: Monthly) -> Line {
        Line {
            logical_id: self.logical_id.to_owned(),
            resource_type: self.resource_type.to_owned(),
            what: what.into(),
            monthly,
            assumption: None,
        }
    }

    pub(super) fn unknown(&self, what: impl Into<String>, why: impl Into<String>) -> Line {
        self.line(what, Monthly::Unknown(why.into()))
    }

    fn words(&self) -> String {
        words::of(self.resource_type).singular.into_owned()
    }
}

impl Line {
    /// The same with something that is taken for granted.
    pub(super) fn assuming(mut self, assumption: impl AsRef<str>) -> Self {
        let assumption = assumption.as_ref();
        self.assumption = Some(match self.assumption.take() {
            Some(before) => format!("{before}; {assumption}"),
            None => assumption.to_owned(),
        });
        self
    }
}

/// What a price may be worked out from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) evaluator: &'a Evaluator<'a>,
    pub(super) region: &'a Region,
}

impl Context<'_> {
    fn lines(&self, resource: &Resource<'_>, condition: Option<&str>) -> Vec<Line> {
        let kind = kind(resource.resource_type);
        if kind == Kind::Free {
            return Vec::new();
        }
        match condition.map(|condition| self.evaluator.condition(condition)) {
            Some(Ok(false)) => return Vec::new(),
            Some(Err(why)) => {
                let why = format!("whether it is created is not known: {why}");
                return vec![resource.unknown(resource.words(), why)];
            }
            Some(Ok(true)) | None => {}
        }
        match kind {
            Kind::Usage(counted) => self.usage(resource, counted),
            Kind::Priced => self.priced(resource),
            Kind::Free => Vec::new(),
            Kind::Unknown => {
                let why = format!("no price is known for {}", resource.resource_type);
                vec![resource.unknown(resource.words(), why)]
            }
        }
    }

    fn usage(&self, resource: &Resource<'_>, counted: &str) -> Vec<Line> {
        let mut lines = vec![resource.line(resource.words(), Monthly::Usage(counted.to_owned()))];
        if resource.resource_type == "AWS::RDS::DBCluster" {
            let properties = self.evaluator.properties(resource.logical_id);
            lines.extend(data::cluster_extras(self, resource, &properties));
        }
        lines
    }

    fn priced(&self, resource: &Resource<'_>) -> Vec<Line> {
        let properties = &self.evaluator.properties(resource.logical_id);
        match resource.resource_type {
            "AWS::AutoScaling::AutoScalingGroup" => hosts::group(self, resource, properties),
            "AWS::AmazonMQ::Broker" => data::broker(self, resource, properties),
            "AWS::RDS::DBInstance" => data::instance(self, resource, properties),
            "AWS::EC2::VPCEndpoint" => network::endpoint(self, resource, properties),
            "AWS::EC2::NatGateway" => network::nat_gateway(self, resource, properties),
            "AWS::ECS::Service" => tasks::service(self, resource, properties),
            "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
                edge::load_balancer(self, resource, properties)
            }
            "AWS::WAFv2::WebACL" => edge::web_acl(self, resource, properties),
            "AWS::CloudWatch::Alarm" => edge::alarm(self, resource, properties),
            "AWS::ApplicationAutoScaling::ScalingPolicy" => {
                edge::scaling_policy(self, resource, properties)
            }
            "AWS::KMS::Key" => data::key(self, resource, properties),
            "AWS::EC2::EIP" => vec![self.cost(resource, "public address", "public-ipv4", 1.0)],
            "AWS::SecretsManager::Secret" => vec![self.cost(resource, "secret", "secret", 1.0)],
            _ => vec![self.cost(resource, resource.words(), "hosted-zone", 1.0)],
        }
    }

    /// A line for `count` times the price with this name.
    pub(super) fn cost(
        &self,
        resource: &Resource<'_>,
        what: impl Into<String>,
        price: &str,
        count: f64,
    ) -> Line {
        self.sum(resource, what, &[(price, count)])
    }

    /// A line for the sum of several prices, each with how many times.
    pub(super) fn sum(
        &self,
        resource: &Resource<'_>,
        what: impl Into<String>,
        parts: &[(&str, f64)],
    ) -> Line {
        let mut monthly = 0.0;
        let (mut is_fallback, mut is_checked) = (false, true);
        for (name, count) in parts {
            let Some(price) = prices::find(name, self.region) else {
                let thing = name.rsplit(':').next().unwrap_or(name);
                return resource.unknown(what, format!("no price is known for {thing}"));
            };
            monthly += price.monthly * count;
            is_fallback |= price.is_fallback;
            is_checked &= price.is_checked;
        }
        let line = resource.line(what, Monthly::Usd(Usd::from_dollars(monthly)));
        let line = if is_checked { line } else { line.assuming(prices::UNCHECKED) };
        if is_fallback { line.assuming(prices::fallback_note(self.region)) } else { line }
    }
}

/// A word with its number: `1 zone`, `2 zones`.
pub(super) fn counted(count: f64, word: &str) -> String {
    let plural = if (count - 1.0).abs() < f64::EPSILON { "" } else { "s" };
    format!("{count} {word}{plural}")
}

/// The text of a property, or why it is not known.
pub(super) fn required(value: &Evaluated, name: &str) -> Result<String, String> {
    match value.text()? {
        Some(text) if names_resource(text) => Err(format!("{name} comes from a resource")),
        Some(text) => Ok(text.to_owned()),
        None => Err(format!("{name} is not set")),
    }
}

#[cfg(test)]
mod tests;
