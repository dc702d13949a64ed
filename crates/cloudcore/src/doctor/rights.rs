//! The rights that `init` needs, and what a simulation says about them.

mod actions;

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{config_file::CloudOpsConfig, network::DryCall, rights::Decision};

use actions::{BY_TYPE, OWN};

use super::{Check, Finding, list, needs::Needs};
use crate::layout;

const CHECK: Check = Check::Rights;

/// What an action is about: policies often allow it for names of an instance only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Anything; the action knows no resource, or its name is not known before.
    Any,
    /// A bucket of the instance.
    Bucket,
    /// An object in the state bucket.
    Object,
    /// A stack of the instance.
    Stack,
    /// A role of the instance.
    Role,
    /// A log group of the instance.
    LogGroup,
    /// A parameter of the instance.
    Parameter,
}

/// The actions that are needed, by what they are about.
#[must_use]
pub fn needed(needs: &Needs) -> BTreeMap<Scope, BTreeSet<&'static str>> {
    let types = needs.types();
    let by_type = BY_TYPE.iter().filter(|(kind, ..)| types.contains(kind));
    let mut actions: BTreeMap<Scope, BTreeSet<&'static str>> = BTreeMap::new();
    let all = by_type.map(|(_, scope, actions)| (scope, actions));
    for (scope, some) in all.chain(OWN.iter().map(|(scope, actions)| (scope, actions))) {
        actions.entry(*scope).or_default().extend(some.iter());
    }
    actions
}

/// A resource of a scope, as policies name it.
#[must_use]
pub fn resource(config: &CloudOpsConfig, scope: Scope) -> String {
    let (instance, account, region) = (&config.instance, &config.account, &config.region);
    let partition = region.partition();
    let bucket = layout::bucket_name(config, "state");
    use Scope as S;
    match scope {
        S::Any => "*".to_owned(),
        S::Bucket => format!("arn:{partition}:s3:::{bucket}"),
        S::Object => format!("arn:{partition}:s3:::{bucket}/v1/init.json"),
        S::Stack => format!(
            "arn:{partition}:cloudformation:{region}:{account}:stack/{instance}-core-network/0"
        ),
        S::Role => format!("arn:{partition}:iam::{account}:role/{instance}-core-network-Role-0"),
        S::LogGroup => format!(
            "arn:{partition}:logs:{region}:{account}:log-group:/cloudops/{instance}/network/flow"
        ),
        S::Parameter => format!(
            "arn:{partition}:ssm:{region}:{account}:parameter/cloudops/{instance}/core/domain"
        ),
    }
}

/// Judges what the simulation of a principal said about all actions.
#[must_use]
pub fn simulated(principal: &str, decisions: &BTreeMap<String, Decision>) -> Vec<Finding> {
    let with = |wanted: fn(&Decision) -> bool| -> Vec<&str> {
        let found = decisions.iter().filter(|(_, decision)| wanted(decision));
        found.map(|(action, _)| action.as_str()).collect()
    };
    let total = decisions.len();
    let mut findings = Vec::new();
    let lacking = with(|decision| *decision == Decision::NotAllowed);
    if !lacking.is_empty() {
        findings.push(Finding::problem(
            CHECK,
            format!(
                "{principal} may not do {} of {total} actions: {}",
                lacking.len(),
                list(&lacking)
            ),
            "Attach a policy that allows them, or use credentials of an administrator (--profile).",
        ));
    }
    for who in ["a policy", "the permissions boundary", "the organization"] {
        let forbidden: Vec<&str> = decisions
            .iter()
            .filter(|(_, decision)| **decision == Decision::Forbidden(who))
            .map(|(action, _)| action.as_str())
            .collect();
        if !forbidden.is_empty() {
            findings.push(Finding::problem(
                CHECK,
                format!("{who} forbids {principal}: {}", list(&forbidden)),
                "Ask who maintains it for an exception; another policy cannot allow these.",
            ));
        }
    }
    let depends = with(|decision| matches!(decision, Decision::Depends(_)));
    if !depends.is_empty() {
        let keys: BTreeSet<&str> = decisions
            .values()
            .filter_map(|decision| match decision {
                Decision::Depends(keys) => Some(keys.iter().map(String::as_str)),
                _ => None,
            })
            .flatten()
            .collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        findings.push(Finding::warning(
            CHECK,
            format!(
                "whether {principal} may do these depends on {}: {}",
                keys.join(", "),
                list(&depends)
            ),
            "Look into the conditions of its policies.",
        ));
    }
    if findings.is_empty() {
        let what = format!("{principal} may do all {total} actions that are needed (simulated)");
        findings.push(Finding::ok(CHECK, what));
    }
    findings
}

/// The account itself: no policy of the account limits it.
#[must_use]
pub fn root() -> Finding {
    Finding::ok(CHECK, "these are credentials of the account itself, which no policy of it limits")
}

/// Judges what dry runs of a few calls said, where nothing could be simulated.
#[must_use]
pub fn dry(calls: &[DryCall]) -> Finding {
    let denied: Vec<&str> =
        calls.iter().filter(|call| !call.allowed).map(|call| call.action).collect();
    if denied.is_empty() {
        let actions: Vec<&str> = calls.iter().map(|call| call.action).collect();
        return Finding::ok(CHECK, format!("allowed, by a dry run: {}", list(&actions)));
    }
    Finding::problem(
        CHECK,
        format!("not allowed, by a dry run: {}", list(&denied)),
        "Use credentials of an administrator (--profile), or attach a policy that allows them.",
    )
}

/// Why the other rights are not known, where the kind of credentials cannot be simulated.
#[must_use]
pub fn cannot_simulate(caller: &str) -> Finding {
    Finding::unknown(
        CHECK,
        format!("what {caller} may do cannot be simulated by IAM"),
        "Use credentials of a user or a role.",
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{config, short},
        *,
    };

    #[test]
    fn every_type_of_the_foundation_has_its_rights() {
        let consul = "configuration: {backend: consul}\n";
        for more in ["", "network: {nat-gateways: none}\n", consul] {
            let needs = Needs::new(&config(more), &[]).unwrap();
            for kind in needs.types() {
                let has = BY_TYPE.iter().any(|(known, ..)| *known == kind);
                assert!(has, "{kind} has no line in BY_TYPE");
            }
        }
        let needed = needed(&Needs::new(&config(""), &[]).unwrap());
        assert!(needed[&Scope::Role].contains("iam:PassRole"));
        assert!(needed[&Scope::Any].contains("ec2:CreateVpc"));
        assert!(needed[&Scope::Any].contains("ec2:CreateVpcEndpoint"));
        assert!(needed.values().flatten().count() > 100);
    }

    #[test]
    fn resources_are_named_as_policies_name_them() {
        let china = "schema: 1\ninstance: acme\naccount: \"123456789012\"\nregion: cn-north-1\ndomain: shop.example.com\n";
        let china = CloudOpsConfig::parse("cloudops.yaml", china).unwrap();
        assert_eq!(
            resource(&config(""), Scope::Bucket),
            "arn:aws:s3:::cloudops-acme-state-123456789012-us-west-2"
        );
        assert_eq!(
            resource(&china, Scope::Role),
            "arn:aws-cn:iam::123456789012:role/acme-core-network-Role-0"
        );
        assert_eq!(resource(&china, Scope::Any), "*");
    }

    #[test]
    fn what_is_lacking_is_named() {
        let decisions = |pairs: &[(&str, Decision)]| {
            let pairs =
                pairs.iter().map(|(action, decision)| ((*action).to_owned(), decision.clone()));
            pairs.collect::<BTreeMap<_, _>>()
        };
        let good = decisions(&[("ec2:CreateVpc", Decision::Allowed)]);
        insta::assert_snapshot!(short(&simulated("role/Dev", &good)), @r"Ok: role/Dev may do all 1 actions that are needed (simulated)");
        let bad = decisions(&[
            ("ec2:CreateVpc", Decision::Allowed),
            ("iam:CreateRole", Decision::NotAllowed),
            ("kms:CreateKey", Decision::Forbidden("the organization")),
            ("s3:CreateBucket", Decision::Forbidden("a policy")),
            ("iam:PassRole", Decision::Depends(vec!["iam:PassedToService".to_owned()])),
        ]);
        insta::assert_snapshot!(short(&simulated("role/Dev", &bad)), @r"
        Problem: role/Dev may not do 1 of 5 actions: iam:CreateRole -> Attach a policy that allows them, or use credentials of an administrator (--profile).
        Problem: a policy forbids role/Dev: s3:CreateBucket -> Ask who maintains it for an exception; another policy cannot allow these.
        Problem: the organization forbids role/Dev: kms:CreateKey -> Ask who maintains it for an exception; another policy cannot allow these.
        Warning: whether role/Dev may do these depends on iam:PassedToService: iam:PassRole -> Look into the conditions of its policies.
        ");
        let many: Vec<String> = (10..30).map(|number| format!("a:B{number}")).collect();
        let many = many.into_iter().map(|action| (action, Decision::NotAllowed)).collect();
        insta::assert_snapshot!(short(&simulated("role/Dev", &many)), @r"Problem: role/Dev may not do 20 of 20 actions: a:B10, a:B11, a:B12, a:B13, a:B14, a:B15, a:B16, a:B17, a:B18, a:B19, a:B20, a:B21 and 8 more -> Attach a policy that allows them, or use credentials of an administrator (--profile).");
    }

    #[test]
    fn what_cannot_be_simulated_is_tried_or_unknown() {
        let call = |action, allowed| DryCall { action, allowed };
        let all = [
            root(),
            dry(&[call("ec2:CreateVpc", true), call("ec2:AllocateAddress", true)]),
            dry(&[call("ec2:CreateVpc", true), call("ec2:AllocateAddress", false)]),
            cannot_simulate("arn:aws:sts::123456789012:federated-user/ann"),
        ];
        insta::assert_snapshot!(short(&all), @r"
        Ok: these are credentials of the account itself, which no policy of it limits
        Ok: allowed, by a dry run: ec2:CreateVpc, ec2:AllocateAddress
        Problem: not allowed, by a dry run: ec2:AllocateAddress -> Use credentials of an administrator (--profile), or attach a policy that allows them.
        Unknown: what arn:aws:sts::123456789012:federated-user/ann may do cannot be simulated by IAM -> Use credentials of a user or a role.
        ");
    }
}
