use super::*;

const TEMPLATE: &str = r#"
Parameters:
  Zones: {Type: Number, Default: 2}
  Mode: {Type: String, Default: single}
  Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}
  Image: {Type: "AWS::SSM::Parameter::Value<String>", Default: /a/b}
  Password: {Type: String, NoEcho: true, Default: hidden}
  Other: {Type: String, Default: ""}
Mappings:
  Sizes: {small: {cpu: 256}, large: {cpu: 1024}}
Conditions:
  Three: !Equals [!Ref Zones, 3]
  Two: !Not [!Condition Three]
  Open: !Equals [!Ref Other, x]
  Neither: !And [!Condition Three, !Condition Open]
  Either: !Or [!Condition Two, !Condition Open]
  Both: !And [!Condition Two, !Condition Open]
  Round: !Not [!Condition Round]
  Empty: !Equals [!Ref Thing, ""]
  Compared: !Equals [!Ref Thing, x]
Resources:
  Thing:
    Type: AWS::SNS::Topic
    Properties:
      Ref: !Ref Zones
      Nothing: !If [Three, a, !Ref AWS::NoValue]
      Three: [!Ref Thing, !Ref Thing, !If [Three, !Ref Thing, !Ref AWS::NoValue]]
      Maybe: [!Ref Thing, !If [Open, !Ref Thing, !Ref AWS::NoValue]]
      Text: !Sub "${Mode}-${AWS::Region}-${!Literal}-${Own}"
      Own: !Sub ["${Own}/${Mode}", {Own: !Ref Zones}]
      Size: !FindInMap [Sizes, large, cpu]
      NoSize: !FindInMap [Sizes, huge, cpu]
      Second: !Select [1, !Ref Subnets]
      Fifth: !Select [5, !Ref Subnets]
      Joined: !Join [",", [!Ref Thing, b]]
      Split: !Split [",", "a,b,c"]
      Image: !Ref Image
      Password: !Ref Password
      Attribute: !GetAtt Thing.Arn
      Account: !Ref AWS::AccountId
      Cidr: !Cidr [10.0.0.0/16, 2, 8]
"#;

fn with<T>(unknown: &[&str], look: impl FnOnce(&Evaluator<'_>) -> T) -> T {
    let template = Template::parse("t.yaml", TEMPLATE).unwrap();
    let given = BTreeMap::from([("Subnets".to_owned(), "s-1, s-2".to_owned())]);
    let unknown = unknown.iter().map(|name| (*name).to_owned()).collect();
    let region: Region = "eu-west-1".parse().unwrap();
    look(&Evaluator::new(&template, &given, &unknown, &region))
}

fn property(name: &str, unknown: &[&str]) -> Evaluated {
    with(unknown, |evaluator| evaluator.properties("Thing").get(name).clone())
}

fn text(value: &str) -> Evaluated {
    Evaluated::Text(value.to_owned())
}

#[test]
fn functions_give_what_cloudformation_would_give() {
    assert_eq!(property("Nothing", &[]), Evaluated::Absent);
    assert_eq!(property("Three", &[]).count(), Ok(2));
    assert_eq!(property("Own", &[]), text("2/single"));
    assert_eq!(property("Size", &[]).number(), Ok(Some(1024.0)));
    assert_eq!(property("Second", &[]), text("s-2"));
    assert_eq!(property("Split", &[]).count(), Ok(3));
    assert_eq!(property("Three", &[]).at(0).resource(), Some("Thing"));
}

#[test]
fn what_is_not_known_stays_unknown_and_says_why() {
    let why = |name: &str, unknown: &[&str]| match property(name, unknown) {
        Evaluated::Unknown(why) => why,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(why("Text", &[]), "Own is not evaluated");
    assert_eq!(why("NoSize", &[]), "Fn::FindInMap cannot be evaluated here");
    assert_eq!(why("Fifth", &[]), "Fn::Select cannot be evaluated here");
    assert_eq!(why("Image", &[]), "Image is read from Parameter Store");
    assert_eq!(why("Password", &[]), "Password is a secret");
    assert_eq!(why("Attribute", &[]), "only known once Thing exists");
    assert_eq!(why("Account", &[]), "AWS::AccountId is not evaluated");
    assert_eq!(why("Cidr", &[]), "Fn::Cidr is not evaluated");
    assert_eq!(why("Nothing", &["Zones"]), "Zones comes from another stack");
    assert_eq!(property("Maybe", &[]).count(), Ok(1));
    assert!(property("Maybe", &["Other"]).count().is_err(), "a list that may be longer");
}

#[test]
fn one_side_can_decide_a_condition() {
    let holds = |name: &str, unknown: &[&str]| with(unknown, |it| it.condition(name));
    assert_eq!(holds("Two", &[]), Ok(true));
    assert_eq!(holds("Neither", &["Other"]), Ok(false), "false and unknown is false");
    assert_eq!(holds("Either", &["Other"]), Ok(true), "true or unknown is true");
    assert!(holds("Both", &["Other"]).is_err());
    assert!(holds("Round", &[]).is_err(), "a circle ends");
    assert_eq!(holds("Empty", &[]), Ok(false), "an id is never empty");
    assert!(holds("Compared", &[]).is_err());
    assert!(holds("Missing", &[]).is_err());
}
