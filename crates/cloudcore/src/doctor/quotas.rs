//! Limits of the account against what would be made.

use std::collections::BTreeMap;

use cloudops_aws::{config_file::CloudOpsConfig, cost::Planned, network::is_standard};

use super::{
    Check, Finding,
    needs::{Needs, of_type, values},
};

/// A limit of Service Quotas that an instance can run into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quota {
    /// Networks of a region.
    Vpcs,
    /// Internet gateways of a region.
    InternetGateways,
    /// Public addresses of a region.
    Addresses,
    /// NAT gateways of a zone.
    NatGateways,
    /// vCPUs of running on-demand instances of the standard families.
    StandardVcpus,
    /// vCPUs of Fargate tasks.
    FargateVcpus,
    /// Container clusters of a region.
    EcsClusters,
    /// Application load balancers of a region.
    Balancers,
    /// Database clusters of a region.
    DatabaseClusters,
    /// Database instances of a region.
    DatabaseInstances,
}

impl Quota {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Vpcs,
        Self::InternetGateways,
        Self::Addresses,
        Self::NatGateways,
        Self::StandardVcpus,
        Self::FargateVcpus,
        Self::EcsClusters,
        Self::Balancers,
        Self::DatabaseClusters,
        Self::DatabaseInstances,
    ];

    /// Codes of the service and of the quota, as Service Quotas has them.
    #[must_use]
    pub const fn codes(self) -> (&'static str, &'static str) {
        match self {
            Self::Vpcs => ("vpc", "L-F678F1CE"),
            Self::InternetGateways => ("vpc", "L-A4707A72"),
            Self::Addresses => ("ec2", "L-0263D0A3"),
            Self::NatGateways => ("vpc", "L-FE5A380F"),
            Self::StandardVcpus => ("ec2", "L-1216C47A"),
            Self::FargateVcpus => ("fargate", "L-3032A538"),
            Self::EcsClusters => ("ecs", "L-21C621EB"),
            Self::Balancers => ("elasticloadbalancing", "L-53DA6B97"),
            Self::DatabaseClusters => ("rds", "L-952B80B8"),
            Self::DatabaseInstances => ("rds", "L-7B6409FD"),
        }
    }

    /// In words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Vpcs => "VPCs",
            Self::InternetGateways => "internet gateways",
            Self::Addresses => "Elastic IP addresses",
            Self::NatGateways => "NAT gateways in one zone",
            Self::StandardVcpus => "vCPUs of running instances",
            Self::FargateVcpus => "vCPUs of Fargate tasks",
            Self::EcsClusters => "ECS clusters",
            Self::Balancers => "application load balancers",
            Self::DatabaseClusters => "database clusters",
            Self::DatabaseInstances => "database instances",
        }
    }
}

/// How many of something would be made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// By `cloudcore init`.
    pub now: u64,
    /// By a first environment on it.
    pub later: u64,
}

/// How many of each would be made; `vcpus` are those of an instance of a type.
#[must_use]
pub fn wanted(needs: &Needs, vcpus: &BTreeMap<String, u64>) -> BTreeMap<Quota, Wanted> {
    let one = |quota: Quota| {
        let kind = match quota {
            Quota::Vpcs => "AWS::EC2::VPC",
            Quota::InternetGateways => "AWS::EC2::InternetGateway",
            Quota::Addresses => "AWS::EC2::EIP",
            Quota::NatGateways => "AWS::EC2::NatGateway",
            Quota::EcsClusters => "AWS::ECS::Cluster",
            Quota::Balancers => "AWS::ElasticLoadBalancingV2::LoadBalancer",
            Quota::DatabaseClusters => "AWS::RDS::DBCluster",
            Quota::DatabaseInstances => "AWS::RDS::DBInstance",
            Quota::StandardVcpus => return standard_vcpus(needs, vcpus),
            Quota::FargateVcpus => return fargate_vcpus(needs),
        };
        let count = |found: usize| u64::try_from(found).unwrap_or(u64::MAX);
        let now = count(of_type(needs.to_make(), kind).count());
        let later = count(of_type(&needs.environment, kind).count());
        // Gateways are spread over the zones, one in each.
        let now = if quota == Quota::NatGateways { now.min(1) } else { now };
        Wanted { now, later }
    };
    Quota::ALL.into_iter().map(|quota| (quota, one(quota))).collect()
}

const HOST: &str = "AWS::EC2::LaunchTemplate";
const GROUP: &str = "AWS::AutoScaling::AutoScalingGroup";
const TYPE: &str = "LaunchTemplateData.InstanceType";

/// Instance types of hosts.
#[must_use]
pub fn host_types(needs: &Needs) -> Vec<&str> {
    let all = needs.foundation.values().flatten().chain(&needs.environment);
    values(all, HOST, TYPE).into_iter().collect()
}

/// A stack has one kind of host; each group of them counts with all it may have.
fn standard_vcpus(needs: &Needs, vcpus: &BTreeMap<String, u64>) -> Wanted {
    let of = |stack: &[Planned]| {
        let types = values(stack, HOST, TYPE);
        let each = types.into_iter().filter(|kind| is_standard(kind));
        let each: u64 = each.filter_map(|kind| vcpus.get(kind)).sum();
        let groups = of_type(stack, GROUP);
        let most: u64 = groups.filter_map(|group| number(group, "MaxSize")).sum();
        each * most
    };
    Wanted { now: needs.stacks_to_make().map(of).sum(), later: of(&needs.environment) }
}

fn fargate_vcpus(needs: &Needs) -> Wanted {
    let tasks = of_type(needs.to_make(), "AWS::ECS::TaskDefinition");
    let units: u64 = tasks.filter_map(|task| number(task, "Cpu")).sum();
    Wanted { now: units.div_ceil(1024), later: 0 }
}

fn number(planned: &Planned, property: &str) -> Option<u64> {
    planned.properties.get(property)?.parse().ok()
}

/// Judges one quota: its limit (none where the region does not know it) and what is used of it.
#[must_use]
pub fn judge(
    config: &CloudOpsConfig,
    quota: Quota,
    limit: Option<f64>,
    used: u64,
    wanted: Wanted,
) -> Finding {
    let title = quota.title();
    let Some(limit) = limit else {
        let what = format!("the limit of {title} is not known: Service Quotas does not have it");
        let fix = "Look it up in the console of Service Quotas.".to_owned();
        return Finding::unknown(Check::Quotas, what, fix);
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "quotas are whole numbers, and those beyond are no limit"
    )]
    let limit = limit.max(0.0) as u64;
    let Wanted { now, later } = wanted;
    let mut what = format!("{title}: {used} of {limit} are in use");
    if now > 0 {
        what.push_str(&format!(", `init` needs {now} more"));
    }
    if later > 0 {
        what.push_str(&format!(", a first environment up to {later}"));
    }
    let all = used.saturating_add(now).saturating_add(later);
    if used.saturating_add(now) > limit && now > 0 {
        Finding::problem(Check::Quotas, what, increase(config, quota, all))
    } else if all > limit && later > 0 {
        Finding::warning(Check::Quotas, what, increase(config, quota, all))
    } else {
        Finding::ok(Check::Quotas, what)
    }
}

fn increase(config: &CloudOpsConfig, quota: Quota, wanted: u64) -> String {
    let (service, code) = quota.codes();
    format!(
        "Remove what is not used, or ask for more: `aws service-quotas \
         request-service-quota-increase --region {} --service-code {service} --quota-code {code} \
         --desired-value {wanted}`.",
        config.region
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{config, short},
        *,
    };

    fn all(more: &str) -> BTreeMap<Quota, (u64, u64)> {
        let needs = Needs::new(&config(more), &[]).unwrap();
        let vcpus = ["t4g.nano", "t4g.small", "m7i.large"];
        let vcpus = vcpus.map(|kind| (kind.to_owned(), 2)).into();
        let found = wanted(&needs, &vcpus).into_iter();
        found.map(|(quota, wanted)| (quota, (wanted.now, wanted.later))).collect()
    }

    #[test]
    fn what_is_wanted_comes_from_the_templates() {
        let found = all("");
        assert_eq!(found[&Quota::Vpcs], (1, 0));
        assert_eq!(found[&Quota::Addresses], (1, 0));
        assert_eq!(found[&Quota::NatGateways], (1, 0));
        assert_eq!(found[&Quota::StandardVcpus], (2, 20));
        // The server, and one agent of each kind while something is built and deployed.
        assert_eq!(found[&Quota::FargateVcpus], (4, 0));
        assert_eq!(found[&Quota::EcsClusters], (1, 1));
        assert_eq!(found[&Quota::Balancers], (1, 1));
        assert_eq!(
            (found[&Quota::DatabaseClusters], found[&Quota::DatabaseInstances]),
            ((0, 1), (0, 1))
        );
        let found = all(
            "network: {zones: 3, nat-gateways: per-zone}\nenvironments: {size: prod, launch-type: fargate}\n",
        );
        assert_eq!(found[&Quota::Addresses], (3, 0));
        assert_eq!(found[&Quota::NatGateways], (1, 0), "one in each zone");
        assert_eq!(found[&Quota::StandardVcpus], (2, 0));
        assert_eq!(found[&Quota::DatabaseInstances], (0, 2));
        let found = all("configuration: {backend: consul}\nadmin-cidrs: [198.51.100.0/24]\n");
        assert_eq!(found[&Quota::StandardVcpus], (8, 20));
        assert_eq!(found[&Quota::Balancers], (3, 1));
        assert_eq!(all("network: {nat-gateways: none}\n")[&Quota::NatGateways], (0, 0));
    }

    #[test]
    fn a_limit_is_in_the_way_or_will_be() {
        let check = |limit: Option<f64>, used: u64, now: u64, later: u64| {
            short(&[judge(&config(""), Quota::Vpcs, limit, used, Wanted { now, later })])
        };
        insta::assert_snapshot!(check(Some(5.0), 4, 1, 0), @r"Ok: VPCs: 4 of 5 are in use, `init` needs 1 more");
        insta::assert_snapshot!(check(Some(5.0), 5, 1, 0), @r"Problem: VPCs: 5 of 5 are in use, `init` needs 1 more -> Remove what is not used, or ask for more: `aws service-quotas request-service-quota-increase --region us-west-2 --service-code vpc --quota-code L-F678F1CE --desired-value 6`.");
        insta::assert_snapshot!(check(Some(5.0), 4, 1, 2), @r"Warning: VPCs: 4 of 5 are in use, `init` needs 1 more, a first environment up to 2 -> Remove what is not used, or ask for more: `aws service-quotas request-service-quota-increase --region us-west-2 --service-code vpc --quota-code L-F678F1CE --desired-value 7`.");
        insta::assert_snapshot!(check(Some(5.0), 9, 0, 0), @r"Ok: VPCs: 9 of 5 are in use");
        insta::assert_snapshot!(check(None, 1, 1, 0), @r"Unknown: the limit of VPCs is not known: Service Quotas does not have it -> Look it up in the console of Service Quotas.");
    }
}
