//! From what name servers say to which hop is wrong, what it says now, and what to do. Pure.

use super::hops::{Facts, Hop, HopKind, Parent, Proof, Said, Server, State, Verdict};

/// What Amazon's certificate authority calls itself in CAA records.
const AMAZON: [&str; 4] = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"];

/// Says how it is with each hop, from the root to the proof.
#[must_use]
pub fn judge(facts: &Facts) -> Verdict {
    let parent = parent(facts);
    let delegated = matches!(parent.state, State::Good | State::Doubtful);
    let mut hops = vec![above(facts), parent, own(facts)];
    hops.extend(signature(facts));
    hops.push(if delegated { resolvers(facts) } else { waiting(HopKind::Resolvers, facts) });
    hops.extend(authority(facts));
    if let Some(proof) = &facts.proof {
        hops.push(if delegated { proved(proof) } else { waiting(HopKind::Proof, facts) });
    }
    Verdict { domain: facts.domain.clone(), name_servers: facts.wanted.clone(), hops }
}

fn good(hop: HopKind, now: impl Into<String>) -> Hop {
    Hop { hop, state: State::Good, now: now.into(), should: None, todo: None }
}

fn bad(hop: HopKind, state: State, now: String, should: String, todo: String) -> Hop {
    Hop { hop, state, now, should: Some(should), todo: Some(todo) }
}

fn unknown(hop: HopKind, now: String) -> Hop {
    let todo = "Allow DNS (UDP and TCP port 53) from here, or name servers that can be reached: \
                `dns.roots` and `dns.resolvers` in cloudops.yaml."
        .to_owned();
    Hop { hop, state: State::Unknown, now, should: None, todo: Some(todo) }
}

fn waiting(hop: HopKind, facts: &Facts) -> Hop {
    let now = format!("waits until the parent zone delegates {}", facts.domain);
    Hop { hop, state: State::Waiting, now, should: None, todo: None }
}

fn above(facts: &Facts) -> Hop {
    let hop = HopKind::Above;
    if let Some((zone, why)) = &facts.stopped {
        return unknown(hop, format!("no server of {} answered: {why}", zone_name(zone)));
    }
    let zones = facts.above.iter().map(|zone| zone_name(zone));
    good(hop, zones.chain(parent_name(facts)).collect::<Vec<_>>().join(", then "))
}

fn parent_name(facts: &Facts) -> Option<String> {
    facts.parent.as_ref().map(|parent| zone_name(&parent.zone))
}

/// A zone in words.
fn zone_name(zone: &str) -> String {
    match zone {
        "" => "the root".to_owned(),
        zone if zone.contains('.') => zone.to_owned(),
        top => format!(".{top}"),
    }
}

fn parent(facts: &Facts) -> Hop {
    let hop = HopKind::Parent;
    let Some(parent) = &facts.parent else {
        return unknown(hop, "it is not known which zone delegates the domain".to_owned());
    };
    let zone = zone_name(&parent.zone);
    let answers: Vec<&Server> =
        parent.servers.iter().filter(|server| answered(&server.said)).collect();
    let Some(first) = answers.first() else {
        let why = parent.servers.first().map_or_else(String::new, said);
        return unknown(hop, format!("no server of {zone} tells: {why}"));
    };
    let names = set(&first.said);
    if answers.iter().any(|server| set(&server.said) != names) {
        return disagreement(facts, &zone, &answers);
    }
    compared(facts, parent, &names)
}

fn disagreement(facts: &Facts, zone: &str, answers: &[&Server]) -> Hop {
    let each: Vec<String> = answers.iter().map(|server| said(server)).collect();
    bad(
        HopKind::Parent,
        State::Wrong,
        format!("the servers of {zone} disagree: {}", each.join("; ")),
        format!("all name {}", facts.wanted.join(", ")),
        "A change of the parent spreads over its servers within minutes to an hour; if it stays, \
         one of its servers no longer takes changes."
            .to_owned(),
    )
}

fn compared(facts: &Facts, parent: &Parent, names: &[String]) -> Hop {
    let (zone, domain) = (zone_name(&parent.zone), &facts.domain);
    let missing: Vec<_> = facts.wanted.iter().filter(|name| !names.contains(name)).collect();
    let foreign: Vec<_> = names.iter().filter(|name| !facts.wanted.contains(name)).collect();
    let list = |names: &[&String]| names.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(", ");
    let (total, ours) = (facts.wanted.len(), facts.wanted.len() - missing.len());
    let (state, now) = match (missing.is_empty(), foreign.is_empty()) {
        (true, true) => {
            return good(HopKind::Parent, format!("the servers of {zone} name all {total}"));
        }
        _ if names.is_empty() => {
            (State::Wrong, format!("the servers of {zone} name no servers for {domain}"))
        }
        (false, true) => {
            let now = format!(
                "the servers of {zone} name only {ours} of {total}, without {}",
                list(&missing)
            );
            (State::Doubtful, now)
        }
        _ if ours == 0 => {
            (State::Wrong, format!("the servers of {zone} still name {}", list(&foreign)))
        }
        _ => {
            let now = format!("the servers of {zone} name {} beside ours", list(&foreign));
            (State::Wrong, now)
        }
    };
    let should = format!("exactly {}", facts.wanted.join(", "));
    bad(HopKind::Parent, state, now, should, where_to_enter(domain, &parent.zone))
}

/// Who changes the servers of a domain: its registrar below a top level, else who has the parent.
fn where_to_enter(domain: &str, zone: &str) -> String {
    if zone.contains('.') {
        format!("Let an NS record for {domain} with these names be written in the zone {zone}.")
    } else {
        format!("Enter these name servers for {domain} at its registrar.")
    }
}

fn answered(said: &Said) -> bool {
    matches!(said, Said::Names { .. } | Said::Nothing { .. })
}

fn set(said: &Said) -> Vec<String> {
    match said {
        Said::Names { names, .. } => names.clone(),
        _ => Vec::new(),
    }
}

/// What a server says, in words.
fn said(server: &Server) -> String {
    let name = &server.name;
    match &server.said {
        Said::Names { names, .. } => format!("{name} names {}", names.join(", ")),
        Said::Nothing { .. } => format!("{name} names none"),
        Said::Failed { code } => format!("{name} answers {code}"),
        Said::Silent { why } => format!("{name} {why}"),
    }
}

fn own(facts: &Facts) -> Hop {
    let (hop, domain) = (HopKind::Own, &facts.domain);
    let heard: Vec<&Server> =
        facts.own.iter().filter(|server| !matches!(server.said, Said::Silent { .. })).collect();
    if heard.is_empty() {
        let why = facts.own.first().map_or_else(|| "none is known".to_owned(), said);
        return unknown(hop, format!("none of them could be asked: {why}"));
    }
    let lame: Vec<&&Server> =
        heard.iter().filter(|server| !matches!(server.said, Said::Names { .. })).collect();
    if let Some(first) = lame.first() {
        let now = format!(
            "{} of {} do not answer for {domain}: {}",
            lame.len(),
            facts.own.len(),
            said(first)
        );
        let todo = "The hosted zone with these servers is gone or is another one: run `cloudcore \
                    drift`, then `cloudcore init`, and delegate to the servers that it prints.";
        let should = format!("each answers for {domain}");
        return bad(hop, State::Wrong, now, should, todo.to_owned());
    }
    if let Some(other) = heard.iter().find(|server| set(&server.said) != facts.wanted) {
        let now = format!("the zone itself has other NS records: {}", said(other));
        let todo = format!("Set the NS record of {domain} in its own zone to the zone's servers.");
        return bad(hop, State::Doubtful, now, facts.wanted.join(", "), todo);
    }
    good(hop, format!("{} of {} answer for {domain}", heard.len(), facts.own.len()))
}

/// A parent that says the domain is signed makes every checking resolver refuse an unsigned zone.
fn signature(facts: &Facts) -> Option<Hop> {
    let says = facts.parent.as_ref()?.says_signed?;
    if !says {
        return Some(good(HopKind::Signature, "none, and the parent asks for none"));
    }
    if facts.signed? {
        return Some(good(HopKind::Signature, "the parent and the zone are signed"));
    }
    let domain = &facts.domain;
    Some(bad(
        HopKind::Signature,
        State::Wrong,
        format!("the parent has a DS record for {domain}, but the zone is not signed"),
        "no DS record".to_owned(),
        format!("Remove the DS record (DNSSEC) of {domain} where its name servers are entered."),
    ))
}

fn resolvers(facts: &Facts) -> Hop {
    let hop = HopKind::Resolvers;
    let heard: Vec<&Server> = facts
        .resolvers
        .iter()
        .filter(|server| !matches!(server.said, Said::Silent { .. }))
        .collect();
    if heard.is_empty() {
        let why = facts.resolvers.first().map_or_else(|| "none is named".to_owned(), said);
        return unknown(hop, format!("none of them could be asked: {why}"));
    }
    let other: Vec<String> = heard
        .iter()
        .filter(|server| set(&server.said) != facts.wanted)
        .map(|server| behind(server, &facts.domain))
        .collect();
    if other.is_empty() {
        let list: Vec<&str> = heard.iter().map(|server| server.name.as_str()).collect();
        return good(hop, format!("{} see our name servers", list.join(", ")));
    }
    let now = other.join("; ");
    let todo = "Nothing: what is kept runs out by itself.".to_owned();
    bad(hop, State::Doubtful, now, format!("all see {}", facts.wanted.join(", ")), todo)
}

/// What a resolver keeps from before, and for how long.
fn behind(server: &Server, domain: &str) -> String {
    let name = &server.name;
    match &server.said {
        Said::Names { names, ttl } => {
            format!("{name} still has {} in its cache, for {ttl} s at most", names.join(", "))
        }
        Said::Nothing { ttl: Some(ttl) } => {
            format!("{name} remembers that {domain} has no name servers, for {ttl} s at most")
        }
        Said::Nothing { ttl: None } => format!("{name} sees no name servers of {domain}"),
        Said::Failed { code } => format!("{name} answers {code}"),
        Said::Silent { why } => format!("{name} {why}"),
    }
}

/// RFC 8659: without records everybody may; `issue` holds for wildcards too unless `issuewild` is
/// there.
fn authority(facts: &Facts) -> Option<Hop> {
    let caa = facts.caa.as_ref()?;
    let of = |tag: &str| -> Vec<&str> {
        let records = caa.records.iter().filter(|(name, _)| name.eq_ignore_ascii_case(tag));
        records.map(|(_, value)| value.split(';').next().unwrap_or_default().trim()).collect()
    };
    let (issue, wild) = (of("issue"), of("issuewild"));
    let allowed = |values: &[&str]| {
        values.is_empty() || values.iter().any(|value| AMAZON.contains(&plain(value).as_str()))
    };
    let for_wildcards = if wild.is_empty() { &issue } else { &wild };
    let at = &caa.at;
    if allowed(&issue) && allowed(for_wildcards) {
        return Some(good(HopKind::Authority, format!("the CAA records of {at} allow Amazon")));
    }
    let named: Vec<&str> =
        issue.into_iter().chain(wild).filter(|value| !value.is_empty()).collect();
    let now = match named.is_empty() {
        true => format!("the CAA records of {at} allow no authority at all"),
        false => format!("the CAA records of {at} allow only {}", named.join(", ")),
    };
    Some(bad(
        HopKind::Authority,
        State::Wrong,
        now,
        "amazon.com is allowed, also for wildcards".to_owned(),
        format!(
            "Add the CAA record `0 issue \"amazon.com\"` at {at} (and `issuewild`, if there is one)."
        ),
    ))
}

fn plain(value: &str) -> String {
    super::hops::plain(value)
}

fn proved(proof: &Proof) -> Hop {
    let hop = HopKind::Proof;
    let heard: Vec<&Server> =
        proof.seen.iter().filter(|server| !matches!(server.said, Said::Silent { .. })).collect();
    let (name, value) = (&proof.name, &proof.value);
    let should = format!("{name} points to {value}");
    if heard.is_empty() {
        let why = proof.seen.first().map_or_else(|| "none is named".to_owned(), said);
        return unknown(hop, format!("no resolver could be asked: {why}"));
    }
    let is = |server: &Server| set(&server.said) == [value.clone()];
    if heard.iter().all(|server| is(server)) {
        return good(hop, "visible; the certificate authority looks every few minutes");
    }
    match heard.iter().find(|server| matches!(server.said, Said::Names { .. }) && !is(server)) {
        Some(other) => bad(
            hop,
            State::Wrong,
            format!("{name} points elsewhere: {}", said(other)),
            should,
            format!(
                "Delete that record and run `cloudcore init` again: {name} belongs to the proof."
            ),
        ),
        None => bad(
            hop,
            State::Doubtful,
            format!("{name} is not visible yet"),
            should,
            "Nothing, if the certificate was asked for a moment ago; else run `cloudcore drift`."
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests;
