use super::*;

fn estimate_of(text: &str, parameters: &[(&str, &str)], region: &str) -> Estimate {
    let template = Template::parse("t.yaml", text).unwrap();
    let parameters =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    estimate(&template, &parameters, &region.parse().unwrap(), None)
}

/// One line per line: what, how much, and what that takes for granted.
fn told(estimate: &Estimate) -> String {
    let lines = estimate.lines.iter().map(|line| {
        let monthly = match &line.monthly {
            Monthly::Usd(usd) => usd.to_string(),
            Monthly::Usage(counted) => format!("by use: {counted}"),
            Monthly::Unknown(why) => format!("unknown: {why}"),
        };
        let assumption = line.assumption.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
        format!("{}: {}: {monthly}{assumption}\n", line.logical_id, line.what)
    });
    format!("{}total {}", lines.collect::<String>(), estimate.total())
}

const NETWORK: &str = r#"
Parameters: {Zones: {Type: Number, Default: 2}, Nat: {Type: String, Default: single}}
Conditions:
  Three: !Equals [!Ref Zones, 3]
  HasNat: !Not [!Equals [!Ref Nat, none]]
  NoNat: !Not [!Condition HasNat]
Resources:
  A: {Type: AWS::EC2::Subnet}
  B: {Type: AWS::EC2::Subnet}
  C: {Type: AWS::EC2::Subnet, Condition: Three}
  Address: {Type: AWS::EC2::EIP, Condition: HasNat}
  Gateway: {Type: AWS::EC2::NatGateway, Condition: HasNat}
  S3: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcEndpointType: Gateway}}
  Logs:
    Type: AWS::EC2::VPCEndpoint
    Condition: NoNat
    Properties:
      VpcEndpointType: Interface
      SubnetIds: [!Ref A, !Ref B, !If [Three, !Ref C, !Ref AWS::NoValue]]
"#;

#[test]
fn conditions_and_parameters_decide() {
    insta::assert_snapshot!(told(&estimate_of(NETWORK, &[], "eu-west-1")), @r"
    Address: public address: $3.65
    Gateway: NAT gateway: $35.04 (without the data that passes)
    total $38.69
    ");
    let none = [("Nat", "none"), ("Zones", "3")];
    insta::assert_snapshot!(told(&estimate_of(NETWORK, &none, "us-east-1")), @r"
    Logs: interface endpoint in 3 zones: $21.90 (without the data that passes)
    total $21.90
    ");
}

#[test]
fn a_region_without_a_price_borrows_one_and_says_so() {
    insta::assert_snapshot!(told(&estimate_of(NETWORK, &[], "sa-east-1")), @r"
    Address: public address: $3.65
    Gateway: NAT gateway: $32.85 (price of us-east-1, none known for sa-east-1; without the data that passes)
    total $36.50
    ");
}

#[test]
fn what_waits_for_another_stack_is_unknown() {
    let template = Template::parse("t.yaml", NETWORK).unwrap();
    let values = Values { unknown: BTreeSet::from(["Nat".to_owned()]), ..Values::default() };
    let estimate = estimate_values(&template, &values, &"us-east-1".parse().unwrap(), None);
    insta::assert_snapshot!(told(&estimate), @r"
    Address: public address: unknown: whether it is created is not known: Nat comes from another stack
    Gateway: NAT gateway: unknown: whether it is created is not known: Nat comes from another stack
    Logs: network endpoint: unknown: whether it is created is not known: Nat comes from another stack
    total $0.00
    ");
    assert_eq!(estimate.unknown().count(), 3);
}

const SERVICE: &str = r#"
Parameters:
  Count: {Type: Number, Default: -1}
  Provider: {Type: String, Default: FARGATE}
  Chip: {Type: String, Default: X86_64}
Conditions: {Keep: !Equals [!Ref Count, -1]}
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties: {Cpu: 512, Memory: "3072", RuntimePlatform: {CpuArchitecture: !Ref Chip}}
  Service:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Task
      DesiredCount: !If [Keep, !Ref AWS::NoValue, !Ref Count]
      CapacityProviderStrategy: [{CapacityProvider: !Ref Provider}]
"#;

#[test]
fn a_service_costs_its_tasks() {
    let told = |parameters: &[(&str, &str)]| told(&estimate_of(SERVICE, parameters, "us-east-1"));
    insta::assert_snapshot!(told(&[("Count", "2")]), @r"
    Service: 2 tasks, 0.5 vCPU and 3 GB each: $49.02
    total $49.02
    ");
    insta::assert_snapshot!(told(&[("Count", "1"), ("Chip", "ARM64")]), @r"
    Service: 1 task, 0.5 vCPU and 3 GB each on Arm: $19.62
    total $19.62
    ");
    insta::assert_snapshot!(told(&[]), @r"
    Service: tasks, 0.5 vCPU and 3 GB each: unknown: the template leaves the number of tasks as it is; each costs $24.51 a month
    total $0.00
    ");
    insta::assert_snapshot!(told(&[("Provider", "acme-hosts")]), @"total $0.00");
    insta::assert_snapshot!(told(&[("Provider", "FARGATE_SPOT")]), @r"
    Service: container service: unknown: the price of Fargate Spot follows the market
    total $0.00
    ");
}

const HOSTS: &str = r#"
Parameters: {Least: {Type: Number, Default: 1}, Kind: {Type: String, Default: t4g.nano}}
Resources:
  Launch:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData:
        InstanceType: !Ref Kind
        NetworkInterfaces: [{AssociatePublicIpAddress: true}]
        BlockDeviceMappings: [{Ebs: {VolumeType: gp3, VolumeSize: 8}}]
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties: {MinSize: !Ref Least, MaxSize: 3, LaunchTemplate: {LaunchTemplateId: !Ref Launch}}
"#;

#[test]
fn a_group_costs_its_hosts_disks_and_addresses() {
    let told = |parameters: &[(&str, &str)]| told(&estimate_of(HOSTS, parameters, "us-east-1"));
    insta::assert_snapshot!(told(&[("Least", "2")]), @r"
    Group: 2 t4g.nano hosts, 8 GB disk each: $14.71 (up to 3 of them, each $7.36 a month)
    total $14.71
    ");
    insta::assert_snapshot!(told(&[("Least", "0")]), @r"
    Group: hosts t4g.nano: unknown: they start as tasks need them, up to 3 of them, each $7.36 a month
    total $0.00
    ");
    insta::assert_snapshot!(told(&[("Kind", "x99.large")]), @r"
    Group: 1 x99.large host, 8 GB disk each: unknown: no price is known for x99.large (up to 3 of them)
    total $0.00
    ");
}

#[test]
fn everything_else_that_is_priced() {
    let text = r#"
Parameters: {Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}}
Resources:
  Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Type: application, Subnets: !Ref Subnets}}
  Inner: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Scheme: internal, Type: network}}
  Fire:
    Type: AWS::WAFv2::WebACL
    Properties:
      Rules:
        - {Statement: {RateBasedStatement: {Limit: 100}}}
        - {Statement: {ManagedRuleGroupStatement: {VendorName: AWS, Name: AWSManagedRulesBotControlRuleSet}}}
  Cluster: {Type: AWS::RDS::DBCluster, Properties: {ManageMasterUserPassword: true}}
  Fast: {Type: AWS::RDS::DBCluster, Properties: {StorageType: aurora-iopt1}}
  Writer: {Type: AWS::RDS::DBInstance, Properties: {Engine: aurora-mysql, DBInstanceClass: db.r6g.large, DBClusterIdentifier: !Ref Cluster}}
  Quick: {Type: AWS::RDS::DBInstance, Properties: {Engine: aurora-mysql, DBInstanceClass: db.r6g.large, DBClusterIdentifier: !Ref Fast}}
  Broker: {Type: AWS::AmazonMQ::Broker, Properties: {EngineType: ACTIVEMQ, HostInstanceType: mq.m5.large, DeploymentMode: ACTIVE_STANDBY_MULTI_AZ}}
  Key: {Type: AWS::KMS::Key, Properties: {EnableKeyRotation: true}}
  Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {Period: 60}}
  Rapid: {Type: AWS::CloudWatch::Alarm, Properties: {Period: 10}}
  Policy: {Type: AWS::ApplicationAutoScaling::ScalingPolicy, Properties: {PolicyType: TargetTrackingScaling}}
  Zone: {Type: AWS::Route53::HostedZone}
  Inside: {Type: AWS::ServiceDiscovery::PrivateDnsNamespace}
  Secret: {Type: AWS::SecretsManager::Secret}
  New: {Type: AWS::Quantum::Computer}
"#;
    let parameters = [("Subnets", "subnet-1,subnet-2")];
    insta::assert_snapshot!(told(&estimate_of(text, &parameters, "us-west-2")), @r"
    Front: application load balancer: $22.27 (list price that was not verified; with one capacity unit in use all the time)
    Front: 2 public addresses: $7.30 (one per zone; a busy one has more)
    Inner: network load balancer: $20.81 (list price that was not verified; with one capacity unit in use all the time)
    Fire: web application firewall with 2 rules: $7.00 (list price that was not verified; without the requests that it looks at)
    Fire: rule group AWSManagedRulesBotControlRuleSet: unknown: it has a price of its own
    Cluster: database cluster: by use: storage, I/O and backups
    Cluster: secret of the master user: $0.40 (list price that was not verified)
    Fast: database cluster: by use: storage, I/O and backups
    Writer: Aurora instance db.r6g.large: $189.80 (list price that was not verified)
    Quick: database instance: unknown: no price is known with storage of type aurora-iopt1
    Broker: message broker mq.m5.large with a standby: $420.48 (list price that was not verified)
    Broker: storage of the broker: by use: stored messages
    Key: encryption key: $1.00 (without requests; the first and the second yearly rotation add as much again)
    Alarm: alarm: $0.10 (list price that was not verified)
    Rapid: alarm: unknown: no price is known for alarms below a minute
    Policy: 2 alarms of the scaling policy: $0.20 (list price that was not verified; AWS makes one for more and one for fewer)
    Zone: hosted zone: $0.50
    Inside: internal domain: $0.50
    Secret: secret: $0.40 (list price that was not verified)
    New: computer: unknown: no price is known for AWS::Quantum::Computer
    total $670.76
    ");
}

#[test]
fn only_some_resources_may_be_looked_at() {
    let template = Template::parse("t.yaml", NETWORK).unwrap();
    let only = BTreeSet::from(["Address".to_owned()]);
    let region = "us-east-1".parse().unwrap();
    let estimate = estimate(&template, &BTreeMap::new(), &region, Some(&only));
    assert_eq!(estimate.total().to_string(), "$3.65");
}

#[test]
fn a_difference_tells_what_comes_goes_and_changes() {
    let before = estimate_of(NETWORK, &[("Nat", "none")], "us-east-1");
    let more = estimate_of(NETWORK, &[("Nat", "none"), ("Zones", "3")], "us-east-1");
    let change = crate::cost::difference(&before, &more);
    assert_eq!(change.changed.len(), 1);
    assert_eq!(
        (change.monthly().signed(), change.decrease().to_string().as_str()),
        ("+$7.30".to_owned(), "$0.00")
    );
    let nat = estimate_of(NETWORK, &[], "us-east-1");
    let swap = crate::cost::difference(&before, &nat);
    assert_eq!(swap.added.len(), 2);
    assert_eq!(swap.removed.len(), 1);
    assert_eq!(swap.increase().to_string(), "$36.50");
    assert_eq!(swap.decrease().to_string(), "$14.60");
    assert_eq!(swap.total, Some(nat.total()));
    assert!(crate::cost::difference(&nat, &nat).is_empty());
}
