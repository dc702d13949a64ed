use super::*;
use crate::cfn::graph::tests::{graph, spec};

const NETWORK: &str = r#"
Parameters:
  Zones: {Type: Number, Default: 2}
Conditions:
  Three: !Equals [!Ref Zones, 3]
  Two: !Not [!Condition Three]
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, Zone: !Select [0, [a, b]]}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, Zone: !Sub "${AWS::Region}b"}}
  C: {Type: AWS::EC2::Subnet, Condition: Three, Properties: {VpcId: !Ref Vpc}}
Outputs:
  VpcId: {Value: !Ref Vpc}
  SubnetIds: {Value: !Join [",", [!Ref A, !Ref B, !If [Three, !Ref C, !Ref "AWS::NoValue"]]]}
"#;

const BUILD: &str = r#"
Parameters:
  VpcId: {Type: AWS::EC2::VPC::Id}
  SubnetIds: {Type: List<AWS::EC2::Subnet::Id>}
  Cidr: {Type: String, Default: ""}
  Key: {Type: String, NoEcho: true, Default: hush}
Conditions:
  Open: !Not [!Equals [!Ref Cidr, ""]]
  There: !Not [!Equals [!Ref VpcId, ""]]
Mappings:
  Ports: {web: {number: 443}}
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Condition: There
    Properties:
      VpcId: !Ref VpcId
      Secret: !Ref Key
      Rules: [!If [Open, {CidrIp: !Ref Cidr}, !Ref "AWS::NoValue"], {Port: !FindInMap [Ports, web, number]}]
  Service:
    Type: AWS::ECS::Service
    Properties:
      Subnets: !Ref SubnetIds
      Second: !Select [1, !Ref SubnetIds]
      Groups: [!GetAtt Group.GroupId]
      Name: !Sub ["${Who}-${VpcId}", {Who: me}]
"#;

fn resolved(parameters: &[(&str, &str)]) -> BTreeMap<String, Value> {
    let stacks = graph(vec![
        spec("network", NETWORK, parameters, &[]),
        spec("build", BUILD, &[], &["network"]),
    ]);
    let all = resources(&stacks, &"eu-west-1".parse().unwrap()).unwrap();
    all.into_iter().map(|one| (one.key(), one.properties)).collect()
}

#[test]
fn references_lead_across_stacks() {
    let found = resolved(&[]);
    let group = &found["build/Group"];
    assert_eq!(reference(&group["VpcId"]), Some("network/Vpc"));
    let service = &found["build/Service"];
    let subnets: Vec<_> =
        service["Subnets"].as_array().unwrap().iter().filter_map(reference).collect();
    assert_eq!(subnets, ["network/A", "network/B"]);
    assert_eq!(reference(&service["Second"]), Some("network/B"));
    assert_eq!(reference(&service["Groups"][0]), Some("build/Group"));
}

#[test]
fn conditions_and_functions_are_worked_out() {
    let found = resolved(&[]);
    assert!(!found.contains_key("network/C"));
    assert!(resolved(&[("Zones", "3")]).contains_key("network/C"));
    assert_eq!(found["network/A"]["Zone"], "a");
    assert_eq!(found["network/B"]["Zone"], "eu-west-1b");
    assert_eq!(found["build/Group"]["Rules"], json!([{"Port": 443}]));
}

#[test]
fn what_only_a_running_stack_knows_stays_as_it_is() {
    let found = resolved(&[]);
    assert_eq!(found["build/Group"]["Secret"], json!({"Ref": "Key"}), "secrets are not told");
    let name = &found["build/Service"]["Name"];
    assert_eq!(*name, json!({"Fn::Sub": ["${Who}-${VpcId}", {"Who": "me"}]}));
}
