use super::*;

fn zone(values: &[&str]) -> ParentZone {
    ParentZone {
        id: "Z1".to_owned(),
        name: "example.com".to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        ttl: 300,
    }
}

fn before(id: &str) -> Delegation {
    Delegation {
        zone_id: id.to_owned(),
        zone_name: "example.com".to_owned(),
        role: None,
        name_servers: vec!["ns1.old.example".to_owned()],
        by: "arn:aws:iam::123456789012:user/ann".to_owned(),
        at: "2026-01-01T00:00:00Z".parse().unwrap(),
    }
}

#[test]
fn only_what_is_missing_or_ours_is_written() {
    let wanted = ["ns-2.b.example".to_owned(), "ns-1.a.example".to_owned()];
    let ours = before("Z1");
    let decided = |values: &[&str], ours: Option<&Delegation>| decide(zone(values), &wanted, ours);
    let old = ["ns1.old.example"];
    assert_eq!(decided(&[], None), DelegationPlan::Create { zone: zone(&[]) });
    let same = ["ns-1.a.example", "ns-2.b.example"];
    assert_eq!(decided(&same, None), DelegationPlan::Nothing { zone: zone(&same) });
    assert_eq!(decided(&old, Some(&ours)), DelegationPlan::Renew { zone: zone(&old) });
    assert_eq!(decided(&old, None), DelegationPlan::Foreign { zone: zone(&old) });
    let elsewhere = before("Z2");
    assert_eq!(decided(&old, Some(&elsewhere)), DelegationPlan::Foreign { zone: zone(&old) });
    let more = ["ns1.old.example", "ns2.old.example"];
    assert_eq!(decided(&more, Some(&ours)), DelegationPlan::Foreign { zone: zone(&more) });
}

#[test]
fn a_record_of_somebody_else_is_refused_with_what_to_type() {
    let error = DelegationError::Foreign {
        zone: "example.com".to_owned(),
        domain: "shop.example.com".to_owned(),
        values: vec!["ns1.old.example".to_owned()],
    };
    assert_eq!(error.class(), Class::Denied);
    assert_eq!(
        error.to_string(),
        "the zone example.com delegates shop.example.com to other name servers: ns1.old.example"
    );
    assert!(error.hints()[0].contains("NS record of shop.example.com"));
}
