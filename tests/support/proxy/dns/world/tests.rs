use hickory_proto::op::Query;

use super::*;

const OURS: [&str; 2] = ["ns-1.aws.example.", "ns-2.aws.example"];

fn set(name: &str, kind: &str, values: &[&str]) -> Set {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Set { name: name.to_owned(), kind: kind.to_owned(), ttl: 300, values }
}

/// `example.com`, and `shop.example.com` below it, which it names or does not.
fn world(named: &[&str]) -> World {
    let mut above = vec![set("example.com", "NS", &OURS)];
    if !named.is_empty() {
        above.push(set("shop.example.com", "NS", named));
    }
    let shop = vec![
        set("shop.example.com", "NS", &OURS),
        set("_proof.shop.example.com", "CNAME", &["value.acm.example."]),
        set("www.shop.example.com", "A", &[]),
    ];
    let zone = |name: &str, sets| Zone { name: name.to_owned(), sets };
    World::new(vec![zone("shop.example.com", shop), zone("example.com", above)])
}

fn ask(world: &World, role: Role, name: &str, kind: RecordType) -> String {
    let mut question = Message::query();
    question.add_query(Query::query(full(name), kind));
    let answer = world.answer(role, &question);
    let shown = |records: &[Record]| {
        let one = |record: &Record| format!("{} {}", record.name, record.data);
        records.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let authorities: Vec<Record> = answer
        .authorities
        .iter()
        .filter(|record| record.record_type() != RecordType::SOA)
        .cloned()
        .collect();
    format!(
        "{:?} {}: {} | {} | {}",
        answer.metadata.response_code,
        if answer.metadata.authoritative { "authority" } else { "other" },
        shown(&answer.answers),
        shown(&authorities),
        shown(&answer.additionals),
    )
}

#[test]
fn a_walk_is_passed_on_from_the_root_to_the_zone() {
    let world = world(&OURS);
    let shop = "shop.example.com";
    let all = [Role::Root, Role::Top, Role::Registered, Role::Delegated, Role::Resolver]
        .map(|role| ask(&world, role, shop, RecordType::NS));
    insta::assert_snapshot!(all.join("\n"), @r"
    NoError other:  | com. a.top.example. | a.top.example. 127.0.0.2
    NoError other:  | example.com. ns-1.aws.example., example.com. ns-2.aws.example. | ns-1.aws.example. 127.0.0.3, ns-2.aws.example. 127.0.0.3
    NoError other:  | shop.example.com. ns-1.aws.example., shop.example.com. ns-2.aws.example. | ns-1.aws.example. 127.0.0.4, ns-2.aws.example. 127.0.0.4
    NoError authority: shop.example.com. ns-1.aws.example., shop.example.com. ns-2.aws.example. |  | 
    NoError other: shop.example.com. ns-1.aws.example., shop.example.com. ns-2.aws.example. |  |
    ");
}

#[test]
fn a_zone_that_nobody_names_is_asked_by_its_own_servers_only() {
    let world = world(&[]);
    let all = [
        ask(&world, Role::Registered, "shop.example.com", RecordType::NS),
        ask(&world, Role::Resolver, "shop.example.com", RecordType::NS),
        ask(&world, Role::Resolver, "ns-1.aws.example", RecordType::A),
        ask(&world, Role::Delegated, "shop.example.com", RecordType::NS),
        ask(&world, Role::Top, "other.org", RecordType::NS),
        ask(&world, Role::Delegated, "other.org", RecordType::NS),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    NXDomain authority:  |  | 
    NXDomain other:  |  | 
    NoError other: ns-1.aws.example. 127.0.0.4 |  | 
    NoError authority: shop.example.com. ns-1.aws.example., shop.example.com. ns-2.aws.example. |  | 
    NXDomain other:  |  | 
    Refused other:  |  |
    ");
}

#[test]
fn other_servers_cannot_be_asked_and_records_are_answered() {
    let theirs = world(&["ns.other.example"]);
    let ours = world(&OURS);
    let all = [
        ask(&theirs, Role::Resolver, "shop.example.com", RecordType::NS),
        ask(&ours, Role::Resolver, "_proof.shop.example.com", RecordType::CNAME),
        ask(&ours, Role::Registered, "shop.example.com", RecordType::DS),
        ask(&ours, Role::Delegated, "www.shop.example.com", RecordType::CAA),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    ServFail other:  |  | 
    NoError other: _proof.shop.example.com. value.acm.example. |  | 
    NoError authority:  |  | 
    NoError authority:  |  |
    ");
}
