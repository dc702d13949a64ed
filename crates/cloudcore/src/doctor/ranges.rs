//! Whether the network's range clashes with networks that exist.

use cloudops_aws::{
    config_file::CloudOpsConfig,
    diagnose::Diagnose as _,
    network::{Peer, Range, Vpc, adopted::UnfitNetwork},
};

use super::{Check, Finding, list};

/// Judges the range of the new network against networks of the region and those that are connected
/// with them. Networks of the instance itself do not count: `own` has the ids of those that its stacks
/// name.
#[must_use]
pub fn clashes(
    config: &CloudOpsConfig,
    own: &[&str],
    vpcs: &[Vpc],
    peers: &[Peer],
) -> Vec<Finding> {
    // One that is adopted takes no range; whether it serves is another question.
    if config.network.adopt.is_some() {
        return Vec::new();
    }
    let Some(wanted) = Range::parse(&config.network.cidr) else {
        return Vec::new();
    };
    let tagged = |vpc: &Vpc| {
        vpc.tags.get("cloudops:instance").map(String::as_str) == Some(config.instance.as_str())
    };
    let is_other = |vpc: &&Vpc| !own.contains(&vpc.id.as_str()) && !tagged(vpc);
    let others: Vec<&Vpc> = vpcs.iter().filter(is_other).collect();
    let local: Vec<&str> = vpcs.iter().map(|vpc| vpc.id.as_str()).collect();
    let remote = peers.iter().filter(|peer| !local.contains(&peer.vpc.as_str()));
    let here = others.iter().flat_map(|vpc| {
        let connected = peers.iter().any(|peer| peer.vpc == vpc.id);
        named(&title(vpc), connected, &vpc.ranges)
    });
    let there = remote.flat_map(|peer| {
        named(&format!("{} (by {})", peer.vpc, peer.connection), true, &peer.ranges)
    });
    let taken: Vec<Taken> = here.chain(there).collect();
    let all: Vec<Range> = taken.iter().map(|taken| taken.range).collect();
    let fix = fix(wanted, &all);
    let clashing = taken.iter().filter(|taken| taken.range.overlaps(wanted));
    let mut findings: Vec<Finding> = clashing.map(|taken| taken.finding(wanted, &fix)).collect();
    if findings.is_empty() {
        let mut used: Vec<String> = all.iter().map(ToString::to_string).collect();
        used.sort_unstable();
        used.dedup();
        let what = match used.is_empty() {
            true => format!("{wanted} is free: there is no other network"),
            false => format!("{wanted} is free; in use are {}", list(&used)),
        };
        findings.push(Finding::ok(Check::Network, what));
    }
    findings
}

/// Judges a network that is adopted, by whether it can carry the instance and what is worth a
/// warning about it.
#[must_use]
pub fn adopted(vpc: &str, fitness: Result<Vec<String>, UnfitNetwork>) -> Vec<Finding> {
    const CHECK: Check = Check::Network;
    match fitness {
        Err(unfit) => {
            let fix = unfit.hints().join(" ");
            let problem = |reason: &String| {
                Finding::problem(CHECK, format!("the network {vpc}: {reason}"), fix.clone())
            };
            unfit.reasons.iter().map(problem).collect()
        }
        Ok(warnings) if warnings.is_empty() => {
            vec![Finding::ok(CHECK, format!("the network {vpc} can be adopted"))]
        }
        Ok(warnings) => {
            let fix = "Mend it in the network, or name other subnets in `network.adopt`.";
            warnings.into_iter().map(|what| Finding::warning(CHECK, what, fix)).collect()
        }
    }
}

/// A range that a network has.
struct Taken {
    vpc: String,
    range: Range,
    /// Whether networks are connected with it, as the new one may have to be.
    connected: bool,
}

impl Taken {
    /// The range cannot change later, so a clash is told in any case.
    fn finding(&self, wanted: Range, fix: &str) -> Finding {
        let Self { vpc, range, connected } = self;
        let what = format!("{wanted}, the range of the network, clashes with {range} of {vpc}");
        match connected {
            true => Finding::problem(
                Check::Network,
                format!("{what}, which other networks are connected with"),
                fix,
            ),
            false => Finding::warning(
                Check::Network,
                format!("{what}; the two can never be connected"),
                fix,
            ),
        }
    }
}

fn title(vpc: &Vpc) -> String {
    match vpc.tags.get("Name") {
        Some(name) => format!("{} ({name})", vpc.id),
        None => vpc.id.clone(),
    }
}

fn named(title: &str, connected: bool, ranges: &[String]) -> Vec<Taken> {
    let parsed = ranges.iter().filter_map(|range| Range::parse(range));
    parsed.map(|range| Taken { vpc: title.to_owned(), range, connected }).collect()
}

fn fix(wanted: Range, taken: &[Range]) -> String {
    match wanted.free(taken) {
        Some(free) => {
            format!("Set `network.cidr: {free}` in cloudops.yaml, or another free range.")
        }
        None => "Set `network.cidr` in cloudops.yaml to a range that is free.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Verdict,
            tests::{config, short},
        },
        *,
    };

    fn vpc(id: &str, range: &str, tags: &[(&str, &str)]) -> Vpc {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Vpc { id: id.to_owned(), ranges: vec![range.to_owned()], tags: tags.collect() }
    }

    fn peer(vpc: &str, range: &str) -> Peer {
        let ranges = vec![range.to_owned()];
        Peer { connection: "pcx-1".to_owned(), vpc: vpc.to_owned(), ranges }
    }

    #[test]
    fn a_clash_is_named_with_a_free_range() {
        let vpcs = [
            vpc("vpc-1", "172.31.0.0/16", &[]),
            vpc("vpc-2", "10.0.128.0/20", &[("Name", "old shop")]),
            vpc("vpc-3", "10.0.64.0/20", &[]),
        ];
        let peers = [peer("vpc-2", "10.0.128.0/20"), peer("vpc-9", "10.0.0.0/8")];
        insta::assert_snapshot!(short(&clashes(&config(""), &[], &vpcs, &peers)), @r"
        Problem: 10.0.0.0/16, the range of the network, clashes with 10.0.128.0/20 of vpc-2 (old shop), which other networks are connected with -> Set `network.cidr: 172.16.0.0/16` in cloudops.yaml, or another free range.
        Warning: 10.0.0.0/16, the range of the network, clashes with 10.0.64.0/20 of vpc-3; the two can never be connected -> Set `network.cidr: 172.16.0.0/16` in cloudops.yaml, or another free range.
        Problem: 10.0.0.0/16, the range of the network, clashes with 10.0.0.0/8 of vpc-9 (by pcx-1), which other networks are connected with -> Set `network.cidr: 172.16.0.0/16` in cloudops.yaml, or another free range.
        ");
    }

    #[test]
    fn what_is_ours_or_apart_does_not_clash() {
        let ours = vpc("vpc-1", "10.0.0.0/16", &[("cloudops:instance", "acme")]);
        let vpcs = [ours, vpc("vpc-2", "10.1.0.0/16", &[])];
        let peers = [peer("vpc-1", "10.0.0.0/16"), peer("vpc-9", "10.2.0.0/16")];
        insta::assert_snapshot!(short(&clashes(&config(""), &[], &vpcs, &peers)), @r"Ok: 10.0.0.0/16 is free; in use are 10.1.0.0/16, 10.2.0.0/16");
        let named = [vpc("vpc-1", "10.0.0.0/16", &[])];
        assert_eq!(clashes(&config(""), &["vpc-1"], &named, &[])[0].verdict, Verdict::Ok);
        let subnets = "public-subnets: [subnet-1, subnet-2], private-subnets: [subnet-3, subnet-4], data-subnets: [subnet-5, subnet-6]";
        let adopted =
            config(&format!("network: {{adopt: {{vpc: vpc-1, cidr: 10.0.0.0/16, {subnets}}}}}\n"));
        assert!(clashes(&adopted, &[], &vpcs, &peers).is_empty());
    }

    #[test]
    fn each_reason_against_adopting_a_network_is_a_problem() {
        let unfit = UnfitNetwork {
            vpc: "vpc-1".to_owned(),
            reasons: vec!["its range is 10.2.0.0/16".to_owned(), "it resolves no names".to_owned()],
        };
        let warned = Ok(vec!["the data subnet subnet-1 has only 12 free addresses".to_owned()]);
        let all = [
            adopted("vpc-1", Err(unfit)),
            adopted("vpc-1", warned),
            adopted("vpc-1", Ok(Vec::new())),
        ];
        insta::assert_snapshot!(short(&all.concat()), @r"
        Problem: the network vpc-1: its range is 10.2.0.0/16 -> Correct `network.adopt` in cloudops.yaml or the network; CloudOps changes nothing in it. Without `network.adopt` one is made.
        Problem: the network vpc-1: it resolves no names -> Correct `network.adopt` in cloudops.yaml or the network; CloudOps changes nothing in it. Without `network.adopt` one is made.
        Warning: the data subnet subnet-1 has only 12 free addresses -> Mend it in the network, or name other subnets in `network.adopt`.
        Ok: the network vpc-1 can be adopted
        ");
    }
}
