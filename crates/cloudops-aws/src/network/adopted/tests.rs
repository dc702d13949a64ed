use aws_sdk_ec2::types::{Route, RouteTableAssociation};

use super::*;

fn wanted() -> AdoptedNetwork {
    let ids = |tier: &str| vec![format!("subnet-{tier}1"), format!("subnet-{tier}2")];
    AdoptedNetwork {
        vpc: "vpc-1".to_owned(),
        cidr: "10.1.0.0/16".to_owned(),
        public_subnets: ids("a"),
        private_subnets: ids("b"),
        data_subnets: ids("c"),
    }
}

fn good() -> Found {
    let mut subnets = BTreeMap::new();
    for (tier, id) in wanted().subnets() {
        let way_out = match tier {
            Tier::Public => WayOut::Internet,
            Tier::Private => WayOut::Through("nat-1".to_owned()),
            Tier::Data => WayOut::None,
        };
        let zone = format!("us-west-2{}", if id.ends_with('1') { 'a' } else { 'b' });
        subnets.insert(id.to_owned(), Subnet { vpc: "vpc-1".to_owned(), zone, free: 200, way_out });
    }
    let ranges = vec!["10.1.0.0/16".to_owned()];
    Found { ranges, dns_support: true, dns_hostnames: true, subnets }
}

fn reasons(change: impl FnOnce(&mut Found)) -> Vec<String> {
    let mut found = good();
    change(&mut found);
    fitness(&wanted(), &found).unwrap_err().reasons
}

fn subnet<'a>(found: &'a mut Found, id: &str) -> &'a mut Subnet {
    found.subnets.get_mut(id).unwrap()
}

#[test]
fn a_fit_network_is_adopted() {
    assert_eq!(fitness(&wanted(), &good()), Ok(Vec::new()));
    let mut found = good();
    subnet(&mut found, "subnet-b1").way_out = WayOut::None;
    subnet(&mut found, "subnet-c1").free = 12;
    let warnings = fitness(&wanted(), &found).unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("endpoints for ECR") && warnings[1].contains("only 12"));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let all = reasons(|found| {
        found.ranges = vec!["10.2.0.0/16".to_owned()];
        found.dns_support = false;
        found.dns_hostnames = false;
        found.subnets.remove("subnet-a2");
        subnet(found, "subnet-b1").vpc = "vpc-2".to_owned();
        subnet(found, "subnet-c1").way_out = WayOut::Internet;
        subnet(found, "subnet-c2").free = 3;
    });
    insta::assert_snapshot!(all.join("\n"), @r"
    its range is 10.2.0.0/16, not 10.1.0.0/16
    it resolves no names (enableDnsSupport is off)
    private zones do not work in it (enableDnsHostnames is off)
    the public subnet subnet-a2 does not exist here
    the private subnet subnet-b1 is in vpc-2
    the data subnet subnet-c1 has a route to an internet gateway
    the data subnet subnet-c2 has 3 free addresses, 8 are needed
    ");
    assert_eq!(reasons(|found| found.ranges.clear()), ["it does not exist here"]);
}

#[test]
fn a_tier_has_one_subnet_in_each_zone_in_one_order() {
    let twice = reasons(|found| "us-west-2a".clone_into(&mut subnet(found, "subnet-b2").zone));
    assert_eq!(twice, ["two private subnets are in one zone: us-west-2a, us-west-2a"]);
    let turned = reasons(|found| {
        "us-west-2b".clone_into(&mut subnet(found, "subnet-c1").zone);
        "us-west-2a".clone_into(&mut subnet(found, "subnet-c2").zone);
    });
    assert_eq!(turned.len(), 1, "{turned:?}");
    assert!(turned[0].starts_with("the data subnets are in the zones us-west-2b, us-west-2a"));
}

#[test]
fn the_way_out_is_the_default_route_of_the_own_table_or_the_main_one() {
    let route = |target: &str| {
        let route = Route::builder().destination_cidr_block("0.0.0.0/0");
        match target.split('-').next() {
            Some("nat") => route.nat_gateway_id(target).build(),
            _ => route.gateway_id(target).build(),
        }
    };
    let of = |subnet: &str| RouteTableAssociation::builder().subnet_id(subnet).build();
    let tables = [
        RouteTable::builder()
            .associations(RouteTableAssociation::builder().main(true).build())
            .routes(route("igw-1"))
            .build(),
        RouteTable::builder().associations(of("subnet-1")).routes(route("nat-1")).build(),
        RouteTable::builder().associations(of("subnet-2")).build(),
    ];
    assert_eq!(way_out(&tables, "subnet-1"), WayOut::Through("nat-1".to_owned()));
    assert_eq!(way_out(&tables, "subnet-2"), WayOut::None);
    assert_eq!(way_out(&tables, "subnet-3"), WayOut::Internet);
}
