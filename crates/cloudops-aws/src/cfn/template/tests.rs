//! Tests of the template reader as a whole.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Location, Template, TemplateErrorKind as Kind};

const NETWORK: &str = r#"AWSTemplateFormatVersion: 2010-09-09
Description: A network
Parameters:
  Cidr:
    Type: String
    Default: 10.0.0.0/16
    AllowedPattern: '[0-9./]+'
  Nat:
    Type: String
    Default: true
    AllowedValues: [true, false]
Conditions:
  HasNat: !Equals [!Ref Nat, 'true']
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    DeletionPolicy: Retain
    Properties:
      CidrBlock: !Ref Cidr
      Tags:
        - Key: Name
          Value: !Sub '${AWS::StackName}-vpc'
  Subnet:
    Type: AWS::EC2::Subnet
    Condition: HasNat
    Properties:
      VpcId: !GetAtt Vpc.VpcId
      CidrBlock: !Select [0, !Cidr [!GetAtt Vpc.CidrBlock, 4, 8]]
      AvailabilityZone:
        Fn::Select:
          - 0
          - !GetAZs ''
Outputs:
  VpcId:
    Value: !Ref Vpc
"#;

fn parse(text: &str) -> Template {
    Template::parse("t.yaml", text).expect("a template")
}

fn refused(text: &str) -> String {
    Template::parse("t.yaml", text).expect_err("an error").to_string()
}

fn resource(body: &str) -> String {
    format!("Resources:\n  A:\n    Type: AWS::S3::Bucket\n{body}")
}

fn complaints(text: &str) -> Vec<String> {
    parse(text).check().iter().map(ToString::to_string).collect()
}

#[test]
fn short_tags_become_long_form() {
    let template = parse(NETWORK);
    let subnet = &template.body()["Resources"]["Subnet"]["Properties"];
    assert_eq!(subnet["VpcId"], json!({"Fn::GetAtt": ["Vpc", "VpcId"]}));
    let cidr =
        json!({"Fn::Select": [0, {"Fn::Cidr": [{"Fn::GetAtt": ["Vpc", "CidrBlock"]}, 4, 8]}]});
    assert_eq!(subnet["CidrBlock"], cidr);
    assert_eq!(subnet["AvailabilityZone"], json!({"Fn::Select": [0, {"Fn::GetAZs": ""}]}));
    assert_eq!(template.body()["AWSTemplateFormatVersion"], json!("2010-09-09"));
    assert_eq!(template.check(), Vec::new());
}

#[test]
fn everything_is_described() {
    let template = parse(NETWORK);
    let parameters = template.parameters();
    assert_eq!(parameters[1].default.as_deref(), Some("true"));
    assert_eq!(parameters[1].allowed_values, ["true", "false"]);
    assert_eq!(template.outputs(), ["VpcId"]);
    let resources = template.resources();
    assert_eq!(resources[0].deletion_policy.as_deref(), Some("Retain"));
    assert_eq!(resources[1].depends_on.iter().collect::<Vec<_>>(), ["Vpc"]);
    assert_eq!(resources[1].condition.as_deref(), Some("HasNat"));
    assert_eq!(template.digest().len(), 64);
}

#[test]
fn places_are_known() {
    let template = parse(NETWORK);
    let at = |path: &str| template.locate(path).map(|Location { line, column }| (line, column));
    assert_eq!(at("Resources.Vpc"), Some((15, 3)));
    assert_eq!(at("Resources.Vpc.Properties.CidrBlock"), Some((19, 18)));
    assert_eq!(at("Resources.Vpc.Properties.Tags.0.Value"), Some((22, 18)));
    assert_eq!(at("Resources.Vpc.Properties.Nothing.At.All"), Some((18, 5)));
    assert_eq!(at("Nowhere"), None);
}

#[test]
fn json_is_read_as_well() {
    let text = "{\n\t\"Resources\": {\"B\": {\"Type\": \"AWS::S3::Bucket\", \"Properties\": {\"On\": true}}}\n}";
    assert_eq!(parse(text).body()["Resources"]["B"]["Properties"]["On"], Value::Bool(true));
}

#[test]
fn what_keeps_it_from_being_a_template_is_refused() {
    assert_eq!(
        refused("Resources: {}"),
        "t.yaml:1:1: at least one resource is needed under Resources"
    );
    assert_eq!(refused("[1]"), "t.yaml:1:1: a mapping is expected here");
    assert_eq!(refused(""), "t.yaml: the template is empty");
    let twice = resource("    Type: AWS::SNS::Topic\n");
    assert_eq!(refused(&twice), "t.yaml:4:5: the key \"Type\" is there twice");
    let tag = resource("    Properties:\n      Name: !Subb x\n");
    assert_eq!(
        refused(&tag),
        "t.yaml:5:13: \"!Subb\" is not an intrinsic function of CloudFormation"
    );
    let large = format!("{NETWORK}#{}", "x".repeat(51_200));
    assert!(refused(&large).contains("CloudFormation accepts 51200 inline"));
    assert!(refused("a: [1\nb: }").starts_with("t.yaml:2:"));
}

#[test]
fn references_to_nothing_are_found() {
    let text = resource(
        "    DependsOn: [B]\n    Condition: C\n    Properties:\n      X: !Ref D\n      \
         Y: !GetAtt E.Arn\n      Z: !Sub '${F} ${G.Arn} ${AWS::Region}'\n      \
         W: !If [H, 1, 2]\n      V: !FindInMap [M, a, b]\n",
    );
    assert_eq!(
        complaints(&text),
        [
            "t.yaml:4:17: Resources.A.DependsOn.0: no resource is named \"B\"",
            "t.yaml:5:16: Resources.A.Condition: no condition is named \"C\"",
            "t.yaml:7:10: Resources.A.Properties.X.Ref: no parameter or resource is named \"D\"",
            "t.yaml:8:10: Resources.A.Properties.Y.Fn::GetAtt: no resource is named \"E\"",
            "t.yaml:9:10: Resources.A.Properties.Z.Fn::Sub: no parameter or resource is named \"F\"",
            "t.yaml:9:10: Resources.A.Properties.Z.Fn::Sub: no resource is named \"G\"",
            "t.yaml:10:10: Resources.A.Properties.W.Fn::If: no condition is named \"H\"",
            "t.yaml:11:10: Resources.A.Properties.V.Fn::FindInMap: no mapping \"M\"",
        ]
    );
}

#[test]
fn circles_are_named() {
    let text = "Conditions:\n  C: !Not [!Condition D]\n  D: !Not [!Condition C]\nResources:\n  \
                A: {Type: T, Properties: {X: !Ref B}}\n  B: {Type: T, DependsOn: A}\n";
    let kinds: Vec<Kind> = parse(text).check().into_iter().map(|error| error.kind).collect();
    let names = |list: [&str; 3]| list.map(str::to_owned).to_vec();
    assert_eq!(
        kinds,
        [
            Kind::DependencyCycle(names(["A", "B", "A"])),
            Kind::ConditionCycle(names(["C", "D", "C"]))
        ]
    );
}

#[test]
fn wrong_sections_attributes_and_names_are_found() {
    let text = "Resource: {}\nResources:\n  My-A:\n    DependOn: B\nOutputs:\n  O: {Export: ~}\n";
    assert_eq!(
        complaints(text),
        [
            "t.yaml:1:1: Resource: \"Resource\" is not a section of a template",
            "t.yaml:6:15: Outputs.O.Export: null is not accepted in a template",
            "t.yaml:3:3: Resources.My-A: \"My-A\" is not a logical name: only letters and digits are accepted",
            "t.yaml:3:3: Resources.My-A: \"Type\" is missing",
            "t.yaml:4:15: Resources.My-A.DependOn: \"DependOn\" is not an attribute of a resource",
            "t.yaml:6:3: Outputs.O: \"Value\" is missing",
        ]
    );
}

#[test]
fn anchors_are_expanded_and_bombs_refused() {
    let text = resource("    Metadata: &m {a: 1}\n    Properties: *m\n");
    assert_eq!(parse(&text).body()["Resources"]["A"]["Properties"], json!({"a": 1}));
    let mut bomb = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = level - 1;
        bomb += &format!("b{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 10].join(","));
    }
    assert!(refused(&bomb).contains("the aliases expand to too much"));
}

#[test]
fn parameter_values_are_judged_in_the_words_of_cloudformation() {
    let text = "Parameters:\n  N: {Type: Number, MinValue: 2, MaxValue: 4}\n  \
                S: {Type: String, AllowedPattern: '[a-z]+', MinLength: 2, ConstraintDescription: small letters}\n  \
                V: {Type: String, AllowedValues: [a, b]}\n  \
                L: {Type: 'List<AWS::EC2::Subnet::Id>'}\n  \
                C: {Type: CommaDelimitedList, AllowedValues: [x, y]}\n\
                Resources:\n  A: {Type: T}\n";
    let parameters = parse(text).parameters();
    let judge =
        |index: usize, value: &str| parameters[index].validate(value).err().unwrap_or_default();
    assert_eq!(judge(0, "3"), "");
    assert_eq!(judge(0, "x"), "Parameter 'N' must be a number");
    assert_eq!(judge(0, "5"), "Parameter 'N' must be a number not greater than 4");
    assert_eq!(judge(1, "A1"), "Parameter 'S' failed to satisfy constraint: small letters");
    assert_eq!(judge(2, "c"), "Parameter 'V' must be one of AllowedValues");
    assert!(judge(3, "").ends_with("for parameter name L does not exist"));
    assert_eq!(judge(4, "x, y"), "");
    assert_eq!(judge(4, "x,z"), "Parameter 'C' must be one of AllowedValues");
}

proptest! {
    #[test]
    fn reading_never_panics(text in "(?s).{0,200}") {
        if let Ok(template) = Template::parse("t", &text) {
            let _ = template.check();
        }
    }

    #[test]
    fn reading_pieces_of_templates_never_panics(
        pieces in proptest::collection::vec(prop::sample::select(vec![
            "Resources:\n", "  A:\n", "    Type: AWS::X::Y\n", "    Properties:\n", "!Ref A", "!Sub '${",
            "}'", "      X: ", "!GetAtt A", "\n", "[", "]", "{", "}", "- ", "!If", "&a ", "*a", ": ", ",",
            "DependsOn: A\n", "!FindInMap [a, b]", "!Cidr", "'", "\"", "|\n", "Conditions:\n", "    ",
        ]), 0..40)
    ) {
        if let Ok(template) = Template::parse("t", &pieces.concat()) {
            let _ = (template.check(), template.parameters(), template.resources(), template.digest());
        }
    }

    #[test]
    fn judging_a_value_never_panics(pattern in ".{0,20}", value in ".{0,40}") {
        let text = serde_json::json!({
            "Parameters": {"P": {"Type": "String", "AllowedPattern": pattern}},
            "Resources": {"A": {"Type": "T"}},
        });
        if let Ok(template) = Template::parse("t", &text.to_string()) {
            let _ = template.parameters()[0].validate(&value);
        }
    }
}
