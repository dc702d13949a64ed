use super::*;
use crate::cfn::graph::tests::{graph, spec};

const NETWORK: &str = "\
Resources:
  Address: {Type: AWS::EC2::EIP}
  Gateway: {Type: AWS::EC2::NatGateway, Properties: {AllocationId: !GetAtt Address.AllocationId}}
  Log: {Type: AWS::Logs::LogGroup}
";
const QUICK: &str = "Resources: {Topic: {Type: AWS::SNS::Topic}}\n";
const BUILD: &str = "\
Resources:
  Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
  Service: {Type: AWS::ECS::Service, DependsOn: Balancer}
";

fn create() -> StackChange {
    StackChange::Create { resources: Vec::new() }
}

fn plan(changes: &[(&str, StackChange)]) -> GraphPlan {
    let stacks = changes.iter().map(|(name, change)| (name.parse().unwrap(), change.clone()));
    GraphPlan { stacks: stacks.collect(), ..GraphPlan::default() }
}

fn stacks() -> StackGraph {
    graph(vec![
        spec("network", NETWORK, &[], &[]),
        spec("storage", QUICK, &[], &[]),
        spec("build", BUILD, &[], &["network", "storage"]),
    ])
}

fn told(forecast: &Forecast) -> Vec<String> {
    let waits = |step: &Step| {
        step.waits.iter().map(|wait| wait.logical_id.clone()).collect::<Vec<_>>().join("+")
    };
    let step = |step: &Step| format!("{} {} {}", step.title, step.seconds, waits(step));
    forecast.path.iter().map(step).collect()
}

#[test]
fn without_a_history_the_slow_resources_say_how_long_it_takes() {
    let all = plan(&[("network", create()), ("storage", create()), ("build", create())]);
    let forecast = forecast(&stacks(), &all, &History::default());
    assert_eq!(told(&forecast), ["network 140 Gateway", "build 330 Service+Balancer"]);
    assert_eq!(forecast.beside, ["storage"]);
    assert_eq!(forecast.duration(), Duration::from_secs(470));
    assert!(!forecast.is_measured());
}

#[test]
fn history_is_believed_before_the_table() {
    let history = History::default();
    history.note(Operation::Create, "network", Duration::from_secs(3));
    history.note(Operation::Create, "storage", Duration::from_secs(9));
    history.note(Operation::Create, "build", Duration::from_secs(5));
    let all = plan(&[("network", create()), ("storage", create()), ("build", create())]);
    let forecast = forecast(&stacks(), &all, &history);
    assert_eq!(told(&forecast), ["storage 9 ", "build 5 Service+Balancer"]);
    assert!(forecast.is_measured());
}

#[test]
fn what_does_not_change_takes_no_time() {
    let some = plan(&[
        ("network", StackChange::Unchanged),
        ("storage", create()),
        ("build", StackChange::Unchanged),
    ]);
    assert_eq!(told(&forecast(&stacks(), &some, &History::default())), ["storage 4 "]);
    let nothing = forecast(&stacks(), &plan(&[]), &History::default());
    assert_eq!(nothing, Forecast::default());
}

#[test]
fn a_nested_stack_takes_as_long_as_the_slowest_in_it() {
    let text = "Resources: {Child: {Type: AWS::CloudFormation::Stack}}\n";
    let graph = graph(vec![spec("nest", text, &[], &[])]);
    let delta = |logical_id: &str, resource_type: &str| ResourceDelta {
        logical_id: logical_id.to_owned(),
        physical_id: None,
        resource_type: resource_type.to_owned(),
        action: crate::cfn::changes::Action::Modify,
        policy_action: None,
        changes: Vec::new(),
        dynamic: false,
    };
    let changes = vec![
        delta("Child", "AWS::CloudFormation::Stack"),
        delta("Child/Topic", "AWS::SNS::Topic"),
        delta("Child/Deep/Gateway", "AWS::EC2::NatGateway"),
        delta("Children/Database", "AWS::RDS::DBInstance"),
    ];
    let update = StackChange::Update { changes, parameters: Vec::new(), tags: Vec::new() };
    let forecast = forecast(&graph, &plan(&[("nest", update)]), &History::default());
    assert_eq!(told(&forecast), ["nest 120 Child/Deep/Gateway"]);
}
