use super::*;

const CLUSTER: &str = r#"
Parameters: {LaunchType: {Type: String}}
Conditions: {Hosts: !Equals [!Ref LaunchType, ec2]}
Resources:
  Subnet: {Type: AWS::EC2::Subnet}
  Other: {Type: AWS::EC2::Subnet}
  Provider: {Type: AWS::ECS::CapacityProvider, Condition: Hosts}
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {Cpu: 1, Memory: 1}}
Outputs:
  ProviderName: {Value: !If [Hosts, !Ref Provider, FARGATE]}
  SubnetIds: {Value: !Join [",", [!Ref Subnet, !Ref Other]]}
  TaskId: {Value: !Ref Task}
  Arn: {Value: !GetAtt Subnet.Arn}
"#;

const SERVICE: &str = r#"
Parameters:
  ProviderName: {Type: String}
  SubnetIds: {Type: "List<AWS::EC2::Subnet::Id>"}
  TaskId: {Type: String}
  Arn: {Type: String, Default: ""}
Conditions: {HasArn: !Not [!Equals [!Ref Arn, ""]]}
Resources:
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {Cpu: 1024, Memory: 2048}}
  Own:
    Type: AWS::ECS::Service
    Properties: {TaskDefinition: !Ref Task, DesiredCount: 1, CapacityProviderStrategy: [{CapacityProvider: !Ref ProviderName}]}
  Foreign:
    Type: AWS::ECS::Service
    Properties: {TaskDefinition: !Ref TaskId, DesiredCount: 1, LaunchType: FARGATE}
  Front:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Subnets: !Ref SubnetIds}
  Secret: {Type: AWS::SecretsManager::Secret, Condition: HasArn}
"#;

fn graph(launch_type: &str) -> StackGraph {
    let spec = |name: &str, text: &str, parameters: &[(&str, &str)], needs: &[&str]| StackSpec {
        name: name.parse().unwrap(),
        title: name.to_owned(),
        template: Template::parse(name, text).unwrap(),
        parameters: parameters
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        tags: BTreeMap::new(),
        depends_on: needs.iter().map(|need| need.parse().unwrap()).collect(),
        termination_protection: false,
    };
    let mut graph = StackGraph::new(BTreeMap::new());
    graph.add(spec("cluster", CLUSTER, &[("LaunchType", launch_type)], &[])).unwrap();
    graph.add(spec("a-service", SERVICE, &[], &["cluster"])).unwrap();
    graph
}

fn region() -> Region {
    "us-east-1".parse().unwrap()
}

fn told(lines: &[Line]) -> Vec<String> {
    let told = |line: &Line| match &line.monthly {
        Monthly::Usd(usd) => format!("{} {usd}", line.what),
        Monthly::Usage(what) | Monthly::Unknown(what) => format!("{}: {what}", line.what),
    };
    lines.iter().map(told).collect()
}

#[test]
fn outputs_of_one_stack_decide_the_cost_of_another() {
    let estimates = of_graph(&graph("fargate"), &region());
    let service = &estimates[&"a-service".parse().unwrap()];
    assert_eq!(
        told(&service.lines),
        [
            "1 task, 1 vCPU and 2 GB each $36.04",
            "container service: its task definition is not in the same template",
            "application load balancer $22.27",
            "2 public addresses $7.30",
            "secret: whether it is created is not known: Arn comes from another stack",
        ]
    );
    let hosts = of_graph(&graph("ec2"), &region());
    let hosts = &hosts[&"a-service".parse().unwrap()];
    assert!(!told(&hosts.lines).iter().any(|line| line.contains("1 task")), "hosts are paid apart");
}

fn delta(logical_id: &str, action: Action, resource_type: &str) -> ResourceDelta {
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

#[test]
fn a_plan_costs_what_it_adds() {
    let graph = graph("fargate");
    let changes = vec![
        delta("Own", Action::Add, "AWS::ECS::Service"),
        delta("Front", Action::Modify, "AWS::ElasticLoadBalancingV2::LoadBalancer"),
        delta("Task", Action::Modify, "AWS::ECS::TaskDefinition"),
    ];
    let stacks = BTreeMap::from([
        ("cluster".parse().unwrap(), StackChange::Unchanged),
        (
            "a-service".parse().unwrap(),
            StackChange::Update { changes, parameters: Vec::new(), tags: Vec::new() },
        ),
    ]);
    let plan = GraphPlan { stacks, ..GraphPlan::default() };
    let costs = of_plan(&graph, &plan, &BTreeMap::new(), &region());
    assert_eq!(costs.stacks.len(), 1);
    let difference = &costs.stacks[&"a-service".parse().unwrap()];
    assert_eq!(
        told(&difference.added),
        ["1 task, 1 vCPU and 2 GB each $36.04", "load balancer: what it costs now is not known",]
    );
    assert_eq!(difference.total, None, "only a part was looked at");
    let running = Running {
        template: Template::parse("before", "Resources: {Own: {Type: 'AWS::KMS::Key'}}").unwrap(),
        parameters: BTreeMap::new(),
    };
    let running = BTreeMap::from([("a-service".parse().unwrap(), running)]);
    let costs = of_plan(&graph, &plan, &running, &region());
    let difference = &costs.stacks[&"a-service".parse().unwrap()];
    assert_eq!(told(&difference.removed), ["encryption key $1.00"]);
    assert_eq!(costs.monthly().signed(), "+$64.61");
}

#[test]
fn a_stack_that_waits_is_said_to_be_missing() {
    let waits = StackChange::Unknown { waits_for: BTreeSet::from(["ProviderName".to_owned()]) };
    let plan = GraphPlan {
        stacks: BTreeMap::from([("a-service".parse().unwrap(), waits)]),
        ..GraphPlan::default()
    };
    let costs = of_plan(&graph("ec2"), &plan, &BTreeMap::new(), &region());
    let difference = &costs.stacks[&"a-service".parse().unwrap()];
    assert_eq!(
        told(&difference.added),
        ["the stack: it is compared once the stacks before it are done"]
    );
}

#[test]
fn a_new_stack_holds_what_its_conditions_let_exist() {
    let stacks = BTreeMap::from([
        ("cluster".parse().unwrap(), StackChange::Create { resources: Vec::new() }),
        ("a-service".parse().unwrap(), StackChange::Create { resources: Vec::new() }),
    ]);
    let plan = GraphPlan { stacks, ..GraphPlan::default() };
    let costs = of_plan(&graph("fargate"), &plan, &BTreeMap::new(), &region());
    let cluster = &costs.created[&"cluster".parse().unwrap()];
    assert!(!cluster.sure.contains(&"AWS::ECS::CapacityProvider".to_owned()), "{cluster:?}");
    let service = &costs.created[&"a-service".parse().unwrap()];
    assert_eq!(service.maybe, ["AWS::SecretsManager::Secret"]);
}

#[test]
fn what_changes_in_a_nested_stack_is_named_and_its_price_is_not_known() {
    let graph = graph("fargate");
    let changes = vec![
        delta("Child", Action::Modify, "AWS::CloudFormation::Stack"),
        delta("Child/Deep", Action::Add, "AWS::CloudFormation::Stack"),
        delta("Child/Own", Action::Add, "AWS::EC2::NatGateway"),
        delta("Child/Key", Action::Remove, "AWS::KMS::Key"),
        delta("Child/Topic", Action::Add, "AWS::SNS::Topic"),
    ];
    let name: StackName = "a-service".parse().unwrap();
    let update = StackChange::Update { changes, parameters: Vec::new(), tags: Vec::new() };
    let stacks = BTreeMap::from([(name.clone(), update)]);
    let plan = GraphPlan { stacks, ..GraphPlan::default() };
    let template = graph.get(&name).unwrap().template.clone();
    let same = Running { template, parameters: BTreeMap::new() };
    for running in [BTreeMap::new(), BTreeMap::from([(name.clone(), same)])] {
        let costs = of_plan(&graph, &plan, &running, &region());
        let difference = &costs.stacks[&name];
        let added = told(&difference.added);
        let gateway = "NAT gateway: the template of its nested stack is not read";
        assert_eq!(added.iter().filter(|line| *line == gateway).count(), 1, "{added:?}");
        let removed = ["encryption key: the template of its nested stack is not read"];
        assert_eq!(told(&difference.removed), removed);
    }
}
