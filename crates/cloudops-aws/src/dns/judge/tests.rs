use super::*;
use crate::dns::hops::Caa;

const OURS: [&str; 4] = ["ns-1.a.example", "ns-2.b.example", "ns-3.c.example", "ns-4.d.example"];

fn named(names: &[&str]) -> Said {
    Said::Names { names: names.iter().map(|name| (*name).to_owned()).collect(), ttl: 300 }
}

fn silent() -> Said {
    Said::Silent { why: "does not answer".to_owned() }
}

fn server(name: &str, said: Said) -> Server {
    Server { name: name.to_owned(), said }
}

/// A way on which all is good.
fn facts() -> Facts {
    let each = |names: &[&str]| names.iter().map(|name| server(name, named(&OURS))).collect();
    Facts {
        domain: "shop.example.com".to_owned(),
        wanted: OURS.map(str::to_owned).to_vec(),
        above: vec![String::new(), "com".to_owned()],
        stopped: None,
        parent: Some(Parent {
            zone: "example.com".to_owned(),
            servers: each(&["p1", "p2"]),
            says_signed: Some(false),
        }),
        own: each(&OURS),
        signed: Some(false),
        resolvers: each(&["1.1.1.1", "8.8.8.8"]),
        caa: None,
        proof: None,
    }
}

fn parent_says(facts: &mut Facts, said: &Said) {
    for server in &mut facts.parent.as_mut().unwrap().servers {
        server.said = said.clone();
    }
}

/// The first hop that is not good after a change of the facts: which, how, and what it says.
fn first(change: impl FnOnce(&mut Facts)) -> (HopKind, State, String) {
    let mut facts = facts();
    change(&mut facts);
    let hop = judge(&facts).first_not_good().cloned().expect("a hop that is not good");
    if matches!(hop.state, State::Wrong | State::Doubtful) {
        assert!(hop.should.is_some() && hop.todo.is_some(), "{hop:?}");
    }
    (hop.hop, hop.state, hop.now)
}

fn is(found: (HopKind, State, String), hop: HopKind, state: State, now: &str) {
    assert_eq!((found.0, found.1, found.2.as_str()), (hop, state, now));
}

#[test]
fn a_good_way_is_good() {
    let verdict = judge(&facts());
    assert!(verdict.is_good() && !verdict.is_unknown(), "{verdict:?}");
    assert_eq!(verdict.hops[0].now, "the root, then .com, then example.com");
    assert_eq!(verdict.hops[1].now, "the servers of example.com name all 4");
}

#[test]
fn the_parent_zone_is_wrong_in_many_ways() {
    let parent = HopKind::Parent;
    is(
        first(|facts| parent_says(facts, &Said::Nothing { ttl: Some(900) })),
        parent,
        State::Wrong,
        "the servers of example.com name no servers for shop.example.com",
    );
    is(
        first(|facts| parent_says(facts, &named(&["ns1.old.example", "ns2.old.example"]))),
        parent,
        State::Wrong,
        "the servers of example.com still name ns1.old.example, ns2.old.example",
    );
    is(
        first(|facts| parent_says(facts, &named(&OURS[..3]))),
        parent,
        State::Doubtful,
        "the servers of example.com name only 3 of 4, without ns-4.d.example",
    );
    is(
        first(|facts| parent_says(facts, &named(&[OURS[0], OURS[1], "ns1.old.example"]))),
        parent,
        State::Wrong,
        "the servers of example.com name ns1.old.example beside ours",
    );
    is(
        first(|facts| {
            facts.parent.as_mut().unwrap().servers[0].said = named(&["ns1.old.example"]);
        }),
        parent,
        State::Wrong,
        "the servers of example.com disagree: p1 names ns1.old.example; p2 names ns-1.a.example, \
         ns-2.b.example, ns-3.c.example, ns-4.d.example",
    );
    is(
        first(|facts| {
            parent_says(facts, &Said::Failed { code: "that it refuses (REFUSED)".to_owned() });
        }),
        parent,
        State::Unknown,
        "no server of example.com tells: p1 answers that it refuses (REFUSED)",
    );
}

#[test]
fn below_a_top_level_the_registrar_is_to_be_told() {
    let mut facts = facts();
    facts.domain = "example.com".to_owned();
    facts.parent.as_mut().unwrap().zone = "com".to_owned();
    parent_says(&mut facts, &named(&["ns1.old.example"]));
    let hop = judge(&facts).wrong().cloned().unwrap();
    assert_eq!(hop.now, "the servers of .com still name ns1.old.example");
    assert_eq!(hop.todo.unwrap(), "Enter these name servers for example.com at its registrar.");
}

#[test]
fn one_silent_server_of_the_parent_does_not_hide_what_the_other_says() {
    let mut facts = facts();
    facts.parent.as_mut().unwrap().servers[0].said = silent();
    assert!(judge(&facts).is_good());
}

#[test]
fn the_way_may_end_before_the_parent() {
    let found = first(|facts| {
        facts.parent = None;
        facts.stopped = Some(("com".to_owned(), "a does not answer".to_owned()));
    });
    is(found, HopKind::Above, State::Unknown, "no server of .com answered: a does not answer");
    let mut facts = facts();
    facts.parent = None;
    facts.own = Vec::new();
    assert!(judge(&facts).is_unknown());
}

#[test]
fn our_own_servers_may_not_have_the_zone() {
    let refused = Said::Failed { code: "that it refuses (REFUSED)".to_owned() };
    is(
        first(|facts| facts.own[1].said = refused),
        HopKind::Own,
        State::Wrong,
        "1 of 4 do not answer for shop.example.com: ns-2.b.example answers that it refuses \
         (REFUSED)",
    );
    is(
        first(|facts| facts.own[0].said = named(&["ns1.old.example"])),
        HopKind::Own,
        State::Doubtful,
        "the zone itself has other NS records: ns-1.a.example names ns1.old.example",
    );
    is(
        first(|facts| facts.own.iter_mut().for_each(|server| server.said = silent())),
        HopKind::Own,
        State::Unknown,
        "none of them could be asked: ns-1.a.example does not answer",
    );
}

#[test]
fn an_old_signature_at_the_parent_is_found() {
    is(
        first(|facts| facts.parent.as_mut().unwrap().says_signed = Some(true)),
        HopKind::Signature,
        State::Wrong,
        "the parent has a DS record for shop.example.com, but the zone is not signed",
    );
}

#[test]
fn caches_are_told_with_their_time() {
    let resolvers = HopKind::Resolvers;
    is(
        first(|facts| facts.resolvers[0].said = Said::Nothing { ttl: Some(840) }),
        resolvers,
        State::Doubtful,
        "1.1.1.1 remembers that shop.example.com has no name servers, for 840 s at most",
    );
    is(
        first(|facts| facts.resolvers[1].said = named(&["ns1.old.example"])),
        resolvers,
        State::Doubtful,
        "8.8.8.8 still has ns1.old.example in its cache, for 300 s at most",
    );
    is(
        first(|facts| {
            facts.resolvers[0].said = Said::Failed { code: "that it failed (SERVFAIL)".to_owned() };
        }),
        resolvers,
        State::Doubtful,
        "1.1.1.1 answers that it failed (SERVFAIL)",
    );
    let mut wrong = facts();
    parent_says(&mut wrong, &Said::Nothing { ttl: None });
    let hop = judge(&wrong).hops.into_iter().find(|hop| hop.hop == resolvers).unwrap();
    assert_eq!(hop.state, State::Waiting, "what follows is not judged");
}

#[test]
fn caa_records_may_forbid_amazon() {
    let caa = |records: &[(&str, &str)]| {
        let records =
            records.iter().map(|(tag, value)| ((*tag).to_owned(), (*value).to_owned())).collect();
        Some(Caa { at: "example.com".to_owned(), records })
    };
    let found = |records: &[(&str, &str)]| first(|facts| facts.caa = caa(records));
    let (hop, wrong) = (HopKind::Authority, State::Wrong);
    is(
        found(&[("issue", "letsencrypt.org")]),
        hop,
        wrong,
        "the CAA records of example.com allow only letsencrypt.org",
    );
    is(
        found(&[("issue", ";")]),
        hop,
        wrong,
        "the CAA records of example.com allow no authority at all",
    );
    is(
        found(&[("issue", "amazon.com"), ("issuewild", "ca.example")]),
        hop,
        wrong,
        "the CAA records of example.com allow only amazon.com, ca.example",
    );
    for fine in [
        vec![("issue", "amazontrust.com; policy=ev")],
        vec![("iodef", "mailto:security@example.com")],
        vec![("issue", "letsencrypt.org"), ("issue", "Amazon.com"), ("issuewild", "amazon.com")],
    ] {
        let mut facts = facts();
        facts.caa = caa(&fine);
        assert!(judge(&facts).is_good(), "{fine:?}");
    }
}

#[test]
fn the_proof_must_be_visible() {
    let proof = |said: Said| Proof {
        name: "_a.shop.example.com".to_owned(),
        value: "_b.acm-validations.example".to_owned(),
        seen: vec![server("1.1.1.1", said)],
    };
    is(
        first(|facts| facts.proof = Some(proof(Said::Nothing { ttl: Some(60) }))),
        HopKind::Proof,
        State::Doubtful,
        "_a.shop.example.com is not visible yet",
    );
    is(
        first(|facts| facts.proof = Some(proof(named(&["elsewhere.example"])))),
        HopKind::Proof,
        State::Wrong,
        "_a.shop.example.com points elsewhere: 1.1.1.1 names elsewhere.example",
    );
    let mut facts = facts();
    facts.proof = Some(proof(named(&["_b.acm-validations.example"])));
    assert!(judge(&facts).is_good());
}
