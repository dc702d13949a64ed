//! Who has the domain, and whether it is delegated.

use cloudops_aws::{
    certs::Unfit,
    diagnose::Diagnose as _,
    dns::hops::{Facts, Said, Server, State, Verdict as Delegation},
};

use super::{Check, Finding};

const CHECK: Check = Check::Domain;
const REACH: &str = "Allow DNS (UDP and TCP port 53) from here, or name servers that can be \
                     reached: `dns.roots` in cloudops.yaml.";

/// Judges the domain while its zone is not made: what the zone above says of it.
#[must_use]
pub fn before(facts: &Facts) -> Finding {
    let domain = &facts.domain;
    if let Some((zone, why)) = &facts.stopped {
        let what = format!(
            "who has {domain} is not known: no server of {} answered: {why}",
            zone_name(zone)
        );
        return Finding::unknown(CHECK, what, REACH);
    }
    let Some(parent) = &facts.parent else {
        return Finding::unknown(
            CHECK,
            format!("which zone is above {domain} is not known"),
            REACH,
        );
    };
    let zone = zone_name(&parent.zone);
    if let Some(names) = parent.servers.iter().find_map(delegated_to) {
        let what = format!(
            "{zone} delegates {domain} to {} now; what `init` makes is not asked until it names \
             our servers",
            names.join(", ")
        );
        let fix = "Enter the name servers that `cloudcore init` prints in their place; or take a \
                   sub-domain that nobody uses as `domain` in cloudops.yaml.";
        return Finding::warning(CHECK, what, fix);
    }
    if !parent.servers.iter().any(|server| matches!(server.said, Said::Nothing { .. })) {
        let what =
            format!("whether {zone} delegates {domain} is not known: none of its servers tells");
        return Finding::unknown(CHECK, what, REACH);
    }
    if parent.zone.is_empty() {
        let top = domain.rsplit('.').next().unwrap_or_default();
        let what = format!(
            "who has {domain} is not known: the root does not delegate .{top}; there is no such \
             top-level domain, or something on the way answers in place of the root"
        );
        let fix = format!("Check the spelling of `domain` in cloudops.yaml. {REACH}");
        return Finding::unknown(CHECK, what, fix);
    }
    if !parent.zone.contains('.') {
        let what =
            format!("nobody has registered {}: {zone} does not know it", registrable(domain));
        let fix = "Register it, or correct `domain` in cloudops.yaml.";
        return Finding::problem(CHECK, what, fix);
    }
    let what = format!(
        "{zone} exists and does not delegate {domain} yet; `init` prints the name servers to enter \
         there"
    );
    Finding::ok(CHECK, what)
}

fn delegated_to(server: &Server) -> Option<&Vec<String>> {
    match &server.said {
        Said::Names { names, .. } if !names.is_empty() => Some(names),
        _ => None,
    }
}

/// The last two labels: what is registered below a top-level domain.
fn registrable(domain: &str) -> String {
    let labels: Vec<&str> = domain.rsplit('.').take(2).collect();
    labels.into_iter().rev().collect::<Vec<_>>().join(".")
}

fn zone_name(zone: &str) -> String {
    match zone {
        "" => "the root".to_owned(),
        zone if zone.contains('.') => zone.to_owned(),
        top => format!(".{top}"),
    }
}

/// Judges the delegation once the zone is made: every hop that is not good.
#[must_use]
pub fn after(delegation: &Delegation) -> Vec<Finding> {
    const SEE: &str = "`cloudcore dns status` shows the whole way.";
    let fix = |todo: &Option<String>| todo.clone().unwrap_or_else(|| SEE.to_owned());
    let found: Vec<Finding> = delegation
        .hops
        .iter()
        .filter_map(|hop| {
            let what = format!("{}: {}", hop.hop, hop.now);
            match hop.state {
                State::Wrong => Some(Finding::problem(CHECK, what, fix(&hop.todo))),
                State::Doubtful => Some(Finding::warning(CHECK, what, fix(&hop.todo))),
                State::Unknown => Some(Finding::unknown(CHECK, what, fix(&hop.todo))),
                State::Good | State::Waiting => None,
            }
        })
        .collect();
    match found.is_empty() {
        true => vec![Finding::ok(CHECK, format!("{} is delegated to us", delegation.domain))],
        false => found,
    }
}

/// Judges a certificate that `cloudops.yaml` names, by whether it can serve and what is worth a
/// warning about it.
#[must_use]
pub fn certificate(arn: &str, fitness: Result<Vec<String>, Unfit>) -> Vec<Finding> {
    match fitness {
        Err(unfit) => vec![Finding::problem(CHECK, unfit.to_string(), unfit.hints().join(" "))],
        Ok(warnings) if warnings.is_empty() => {
            vec![Finding::ok(CHECK, format!("the certificate {arn} serves"))]
        }
        Ok(warnings) => {
            let fix = "Renew it in time, or take it out of cloudops.yaml, and one is requested.";
            let warning = |what: String| Finding::warning(CHECK, what, fix);
            warnings.into_iter().map(warning).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use cloudops_aws::dns::hops::{Hop, HopKind, Parent};

    use super::{
        super::{Verdict, tests::short},
        *,
    };

    fn facts(domain: &str, zone: &str, said: &[Said]) -> Facts {
        let server = |said: &Said| Server { name: "ns".to_owned(), said: said.clone() };
        Facts {
            domain: domain.to_owned(),
            wanted: Vec::new(),
            above: vec![String::new(), "com".to_owned()],
            stopped: None,
            parent: Some(Parent {
                zone: zone.to_owned(),
                servers: said.iter().map(server).collect(),
                says_signed: None,
            }),
            own: Vec::new(),
            signed: None,
            resolvers: Vec::new(),
            caa: None,
            proof: None,
        }
    }

    #[test]
    fn the_zone_above_tells_who_has_a_domain() {
        let nothing = Said::Nothing { ttl: None };
        let silent = Said::Silent { why: "no answer".to_owned() };
        let names = Said::Names { names: vec!["ns1.old.example".to_owned()], ttl: 60 };
        let shop = "shop.example.com";
        let stopped = Facts {
            stopped: Some((String::new(), "timed out".to_owned())),
            parent: None,
            ..facts(shop, "", &[])
        };
        let nobody = Facts { parent: None, ..facts(shop, "", &[]) };
        let all = [
            before(&facts(shop, "example.com", &[silent.clone(), nothing.clone()])),
            before(&facts(shop, "example.com", &[names])),
            before(&facts(shop, "com", std::slice::from_ref(&nothing))),
            before(&facts("example.com", "com", std::slice::from_ref(&nothing))),
            before(&facts(shop, "", &[nothing])),
            before(&facts(shop, "example.com", &[silent])),
            before(&stopped),
            before(&nobody),
        ];
        insta::assert_snapshot!(short(&all), @r"
        Ok: example.com exists and does not delegate shop.example.com yet; `init` prints the name servers to enter there
        Warning: example.com delegates shop.example.com to ns1.old.example now; what `init` makes is not asked until it names our servers -> Enter the name servers that `cloudcore init` prints in their place; or take a sub-domain that nobody uses as `domain` in cloudops.yaml.
        Problem: nobody has registered example.com: .com does not know it -> Register it, or correct `domain` in cloudops.yaml.
        Problem: nobody has registered example.com: .com does not know it -> Register it, or correct `domain` in cloudops.yaml.
        Unknown: who has shop.example.com is not known: the root does not delegate .com; there is no such top-level domain, or something on the way answers in place of the root -> Check the spelling of `domain` in cloudops.yaml. Allow DNS (UDP and TCP port 53) from here, or name servers that can be reached: `dns.roots` in cloudops.yaml.
        Unknown: whether example.com delegates shop.example.com is not known: none of its servers tells -> Allow DNS (UDP and TCP port 53) from here, or name servers that can be reached: `dns.roots` in cloudops.yaml.
        Unknown: who has shop.example.com is not known: no server of the root answered: timed out -> Allow DNS (UDP and TCP port 53) from here, or name servers that can be reached: `dns.roots` in cloudops.yaml.
        Unknown: which zone is above shop.example.com is not known -> Allow DNS (UDP and TCP port 53) from here, or name servers that can be reached: `dns.roots` in cloudops.yaml.
        ");
    }

    #[test]
    fn a_certificate_serves_ends_soon_or_does_not() {
        let unfit = Unfit { arn: "arn".to_owned(), reasons: vec!["it ended".to_owned()] };
        let all = [
            certificate("arn", Ok(Vec::new())),
            certificate("arn", Ok(vec!["it ends on 2027-01-01".to_owned()])),
            certificate("arn", Err(unfit)),
        ];
        insta::assert_snapshot!(short(&all.concat()), @r"
        Ok: the certificate arn serves
        Warning: it ends on 2027-01-01 -> Renew it in time, or take it out of cloudops.yaml, and one is requested.
        Problem: the certificate arn cannot be used: it ended -> Correct `certificate.arn` in cloudops.yaml, or leave it away and one is requested.
        ");
    }

    #[test]
    fn a_wrong_hop_is_a_problem_and_an_unknown_one_is_not() {
        let hop = |state: State, todo: Option<&str>| Hop {
            hop: HopKind::Parent,
            state,
            now: "it says something".to_owned(),
            should: None,
            todo: todo.map(str::to_owned),
        };
        let verdict = |hops: Vec<Hop>| {
            let (domain, name_servers) = ("shop.example.com".to_owned(), Vec::new());
            after(&Delegation { domain, name_servers, hops })
        };
        let found = verdict(vec![
            hop(State::Good, None),
            hop(State::Wrong, Some("Enter the names.")),
            hop(State::Doubtful, None),
            hop(State::Unknown, None),
            hop(State::Waiting, None),
        ]);
        let verdicts: Vec<Verdict> = found.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Problem, Verdict::Warning, Verdict::Unknown]);
        insta::assert_snapshot!(short(&found[..1]), @r"Problem: parent zone: it says something -> Enter the names.");
        assert_eq!(verdict(vec![hop(State::Good, None)])[0].verdict, Verdict::Ok);
    }
}
