use std::collections::BTreeMap;

use super::{properties::Property, update::Shown, *};
use crate::cfn::changes::PropertyDelta;
use crate::cfn::forecast::{Basis, Step, Wait};
use crate::cost::{Created, Difference, Line, Monthly, Usd};

fn delta(logical_id: &str, resource_type: &str, action: Action) -> ResourceDelta {
    ResourceDelta {
        logical_id: logical_id.to_owned(),
        physical_id: None,
        resource_type: resource_type.to_owned(),
        action,
        policy_action: None,
        changes: Vec::new(),
        dynamic: false,
    }
}

fn with_properties(mut delta: ResourceDelta, names: &[&str]) -> ResourceDelta {
    let property = |name: &&str| PropertyDelta {
        path: format!("Properties.{name}"),
        before: None,
        after: None,
        requires_replacement: None,
    };
    delta.changes = names.iter().map(property).collect();
    delta
}

fn name(name: &str) -> StackName {
    name.parse().unwrap()
}

fn types(of: &[(&str, usize)]) -> Vec<String> {
    of.iter().flat_map(|(name, count)| vec![format!("AWS::{name}"); *count]).collect()
}

fn plan() -> GraphPlan {
    let mut cluster = with_properties(
        delta("DatabaseCluster", "AWS::RDS::DBCluster", Action::Replace),
        &["SnapshotIdentifier"],
    );
    cluster.policy_action = Some("ReplaceAndSnapshot".to_owned());
    let changes = vec![
        delta("ReaderB", "AWS::RDS::DBInstance", Action::Add),
        with_properties(
            delta("SecurityGroup", "AWS::EC2::SecurityGroup", Action::Modify),
            &["SecurityGroupIngress"],
        ),
        delta("Old", "AWS::CloudWatch::Alarm", Action::Remove),
        cluster,
    ];
    let resources = types(&[
        ("EC2::VPC", 1),
        ("EC2::Subnet", 9),
        ("EC2::NatGateway", 3),
        ("EC2::EIP", 3),
        ("EC2::SecurityGroup", 1),
        ("IAM::Role", 1),
        ("EC2::SubnetRouteTableAssociation", 9),
        ("EC2::VPCEndpoint", 12),
    ]);
    let web = vec![with_properties(
        delta("Service", "AWS::ECS::Service", Action::Modify),
        &["TaskDefinition", "DesiredCount"],
    )];
    GraphPlan {
        stacks: BTreeMap::from([
            (name("acme-core-dns"), StackChange::Unchanged),
            (name("acme-core-network"), StackChange::Create { resources }),
            (
                name("acme-live-data"),
                StackChange::Update { changes, parameters: Vec::new(), tags: Vec::new() },
            ),
            (name("acme-live-events"), StackChange::Busy { status: "UPDATE_IN_PROGRESS".into() }),
            (
                name("acme-live-job"),
                StackChange::Unknown { waits_for: ["VpcId".to_owned()].into() },
            ),
            (
                name("acme-live-web"),
                StackChange::Update { changes: web, parameters: Vec::new(), tags: Vec::new() },
            ),
        ]),
        ..GraphPlan::default()
    }
}

fn line(logical_id: &str, what: &str, monthly: Monthly) -> Line {
    let (logical_id, what) = (logical_id.to_owned(), what.to_owned());
    Line { logical_id, resource_type: String::new(), what, monthly, assumption: None }
}

fn usd(dollars: f64) -> Monthly {
    Monthly::Usd(Usd::from_dollars(dollars))
}

fn difference(added: Vec<Line>, removed: Vec<Line>, total: f64) -> Difference {
    let (prices_of, total) = ("2026-11-25".to_owned(), Some(Usd::from_dollars(total)));
    Difference { prices_of, added, removed, changed: Vec::new(), total }
}

fn costs() -> PlanCosts {
    let mut gateway = line("GatewayA", "NAT gateway", usd(32.85));
    gateway.assumption = Some("without the data that passes".to_owned());
    let network = vec![
        line("AddressA", "public address", usd(3.65)),
        gateway,
        line("LogsEndpoint", "interface endpoint in 2 zones", usd(14.6)),
        line("EcrEndpoint", "interface endpoint in 2 zones", usd(14.6)),
        line("FlowLog", "flow log", Monthly::Usage("the log that it writes".to_owned())),
    ];
    let data = vec![
        line("ReaderB", "Aurora instance db.r6g.large", usd(189.8)),
        line("Broker", "message broker", Monthly::Unknown("no price is known for mq.x".into())),
    ];
    let created = Created {
        sure: types(&[
            ("EC2::VPC", 1),
            ("EC2::Subnet", 6),
            ("EC2::NatGateway", 1),
            ("IAM::Role", 1),
        ]),
        maybe: types(&[("EC2::VPCEndpoint", 2)]),
    };
    PlanCosts {
        stacks: BTreeMap::from([
            (name("acme-core-network"), difference(network, Vec::new(), 65.7)),
            (name("acme-live-data"), difference(data, vec![line("Old", "alarm", usd(0.1))], 569.8)),
            (name("acme-live-web"), difference(Vec::new(), Vec::new(), 0.0)),
        ]),
        created: BTreeMap::from([(name("acme-core-network"), created)]),
    }
}

fn human(report: &PlanReport<'_>) -> String {
    let mut text = String::new();
    report.human(&mut text, Style { color: false }).unwrap();
    text
}

#[test]
fn a_plan_is_told_the_most_dangerous_first() {
    insta::assert_snapshot!(human(&PlanReport::new(&plan())), @r"
    ! acme-live-data: update, 4 changes, DATA AT RISK
        data at risk:
          replace DatabaseCluster (database cluster), a snapshot of the old one is kept: SnapshotIdentifier
        who may do what, and who reaches what:
          modify SecurityGroup (security group): SecurityGroupIngress
        the rest:
          add ReaderB (database instance)
          remove Old (alarm)
    ! acme-live-events: somebody works on it (UPDATE_IN_PROGRESS)
    + acme-core-network: create
        adds at most: 1 network, 9 subnets, 3 NAT gateways, 3 public addresses, 9 route tables of subnets,
          12 network endpoints
        who may do what, and who reaches what, adds at most: 1 security group, 1 role
    ~ acme-live-job: compared again once these are known: VpcId
    ~ acme-live-web: update, 1 change
        modify Service (container service): TaskDefinition, DesiredCount
    = acme-core-dns: nothing to change
    5 of 6 stacks would change; resources: 40 added, 2 modified, 1 replaced, 1 removed.
    ");
}

fn forecast_of_a_plan() -> Forecast {
    let step = |stack: &str, seconds, basis, waits| Step {
        stack: name(stack),
        title: stack.replace("acme-", ""),
        seconds,
        basis,
        waits,
    };
    let wait = Wait {
        logical_id: "Writer".to_owned(),
        resource_type: "AWS::RDS::DBInstance".to_owned(),
        seconds: 600,
    };
    Forecast {
        path: vec![
            step("acme-core-network", 154, Basis::History, Vec::new()),
            step("acme-live-data", 600, Basis::Typical, vec![wait]),
        ],
        beside: vec!["live-job".to_owned(), "live-web".to_owned()],
    }
}

#[test]
fn a_plan_with_its_cost_and_its_duration() {
    let (plan, costs) = (plan(), costs());
    let mut report = PlanReport::new(&plan);
    report.costs = Some(&costs);
    let forecast = forecast_of_a_plan();
    report.forecast = Some(&forecast);
    insta::assert_snapshot!(human(&report), @r"
    ! acme-live-data: update, 4 changes, DATA AT RISK
        data at risk:
          replace DatabaseCluster (database cluster), a snapshot of the old one is kept: SnapshotIdentifier
        who may do what, and who reaches what:
          modify SecurityGroup (security group): SecurityGroupIngress
        the rest:
          add ReaderB (database instance)
          remove Old (alarm)
    ! acme-live-events: somebody works on it (UPDATE_IN_PROGRESS)
    + acme-core-network: create
        adds: 1 network, 6 subnets, 1 NAT gateway
        who may do what, and who reaches what, adds: 1 role
        adds perhaps: 2 network endpoints
    ~ acme-live-job: compared again once these are known: VpcId
    ~ acme-live-web: update, 1 change
        modify Service (container service): TaskDefinition, DesiredCount
    = acme-core-dns: nothing to change
    5 of 6 stacks would change; resources: 12 added, 2 modified, 1 replaced, 1 removed.
    Cost a month, as far as it is known:
      acme-core-network: +$65.70, $65.70 afterwards
              +$3.65  public address
             +$32.85  NAT gateway
             +$29.20  2 x interface endpoint in 2 zones
      acme-live-data: +$189.70, $569.80 afterwards
            +$189.80  Aurora instance db.r6g.large
              -$0.10  alarm
      together: +$255.40 ($255.50 more, $0.10 less)
      assumed:
        NAT gateway: without the data that passes
      NOT in it, because it is billed by use:
        flow log (the log that it writes)
      NOT in it, because nobody knows it yet:
        acme-live-data/Broker: message broker: no price is known for mq.x
      List prices of 2026-11-25 without tax, free tier and discounts; see docs/concepts/cost.md.
    Expected duration: about 13 minutes, by what such resources usually take; the next run knows better.
      The longest way:
        core-network: about 3 minutes, measured
        live-data: about 10 minutes; AWS's waits: database instance
      Meanwhile: live-job, live-web
    ");
}

#[test]
fn values_are_shown_and_secrets_are_not() {
    let property =
        |path: &str, before: Option<&str>, after: Option<&str>, replaces: &str| Property {
            path: format!("Properties.{path}").into(),
            before: before.map(|value| value.to_owned().into()),
            after: after.map(|value| value.to_owned().into()),
            requires_replacement: Some(replaces.to_owned().into()),
        };
    let changes = [
        delta("Writer", "AWS::RDS::DBInstance", Action::MayReplace),
        delta("Policy", "AWS::IAM::RolePolicy", Action::Modify),
        delta("Alarm", "AWS::CloudWatch::Alarm", Action::Modify),
    ];
    let mut shown: Vec<Shown<'_>> =
        changes.iter().map(|delta| Shown { delta, properties: Vec::new() }).collect();
    shown[0].properties = vec![
        property("DBInstanceClass", Some("db.r6g.large"), Some("db.r6g.xlarge"), "Never"),
        property("MasterUserPassword", Some("hunter2"), Some("hunter3"), "Never"),
        property("AvailabilityZone", None, Some("eu-west-1a"), "Always"),
    ];
    shown[1].properties = vec![property("PolicyDocument", Some("{\n  \"a\": 1\n}"), None, "Never")];
    shown[2].properties = vec![property("Token", Some("t0p"), Some("s3cret"), "Conditionally")];
    for one in &mut shown {
        update::hide(&mut one.properties, |path| path == "Properties.Token");
    }
    update::sort(&mut shown);
    let mut text = String::new();
    update::human(&mut text, Style { color: false }, &shown).unwrap();
    insta::assert_snapshot!(text, @r#"
    data at risk:
      may replace Writer (database instance)
        DBInstanceClass: db.r6g.large -> db.r6g.xlarge
        MasterUserPassword: (hidden) -> (hidden)
        AvailabilityZone: (none) -> eu-west-1a (makes a new one)
    who may do what, and who reaches what:
      modify Policy (policy of a role)
        PolicyDocument: { "a": 1 } -> (none)
    the rest:
      modify Alarm (alarm)
        Token: (hidden) -> (hidden) (may make a new one)
    "#);
    let json: Value = shown.iter().map(Shown::json).collect();
    for secret in ["hunter2", "hunter3", "t0p", "s3cret"] {
        assert!(!json.to_string().contains(secret) && !text.contains(secret), "{secret}");
    }
}

#[test]
fn the_machine_gets_the_same_facts() {
    let (plan, costs) = (plan(), costs());
    let mut report = PlanReport::new(&plan);
    report.costs = Some(&costs);
    let forecast = forecast_of_a_plan();
    report.forecast = Some(&forecast);
    let json = report.json();
    assert_eq!(json["changes"], true);
    assert_eq!(json["expected_seconds"], 754);
    assert_eq!(json["forecast"]["path"][1]["basis"], "typical");
    assert_eq!(json["costs"]["monthly"], 255.4);
    assert_eq!(json["counts"]["resources"]["replace"], 1);
    let data = &json["stacks"]["acme-live-data"];
    assert_eq!((&data["verb"], &data["data_at_risk"]), (&json!("update"), &json!(true)));
    insta::assert_snapshot!(data["changes"][0].to_string(), @r#"{"logical_id":"DatabaseCluster","physical_id":null,"resource_type":"AWS::RDS::DBCluster","action":"replace","policy_action":"ReplaceAndSnapshot","property_changes":[{"path":"Properties.SnapshotIdentifier","before":null,"after":null,"requires_replacement":null}],"dynamic":false,"words":"database cluster","group":"data-at-risk"}"#);
    insta::assert_snapshot!(json["stacks"]["acme-core-network"]["adds"].to_string(), @r#"{"sure":[{"type":"AWS::EC2::VPC","count":1,"words":"1 network"},{"type":"AWS::EC2::Subnet","count":6,"words":"6 subnets"},{"type":"AWS::EC2::NatGateway","count":1,"words":"1 NAT gateway"},{"type":"AWS::IAM::Role","count":1,"words":"1 role"}],"perhaps":[{"type":"AWS::EC2::VPCEndpoint","count":2,"words":"2 network endpoints"}]}"#);
}

#[test]
fn nothing_to_change_is_one_line() {
    let stacks = BTreeMap::from([(name("acme-a"), StackChange::Unchanged)]);
    insta::assert_snapshot!(human(&PlanReport::new(&GraphPlan { stacks, ..GraphPlan::default() })), @r"
    = acme-a: nothing to change
    Nothing to change.
    ");
}

#[test]
fn protection_alone_is_a_change() {
    let stacks = BTreeMap::from([(name("acme-a"), StackChange::Unchanged)]);
    let protections = [name("acme-a")].into();
    let plan = GraphPlan { stacks, protections, ..GraphPlan::default() };
    assert!(plan.has_changes());
    let report = PlanReport::new(&plan);
    insta::assert_snapshot!(human(&report), @r"
    ~ acme-a: protect
        termination protection: off -> on
    1 of 1 stack would change.
    ");
    let json = report.json();
    assert_eq!(json["stacks"]["acme-a"]["verb"], "protect");
    assert_eq!(json["stacks"]["acme-a"]["protects"], true);
    assert_eq!(json["counts"]["stacks"], json!({"protect": 1}));
}

#[test]
fn durations_are_told_as_people_do() {
    let check = |seconds, expect: &str| {
        assert_eq!(forecast::about(std::time::Duration::from_secs(seconds)), expect);
    };
    check(0, "about 1 second");
    check(90, "about 90 seconds");
    check(754, "about 13 minutes");
    check(7260, "about 2 hours and 1 minute");
}
