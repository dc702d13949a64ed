//! Tests of the intrinsic functions.

use serde_json::{Value, json};

use super::*;

fn scope() -> Scope {
    let mut scope = Scope {
        zones: vec!["us-west-2a".to_owned(), "us-west-2b".to_owned()],
        mappings: json!({"M": {"a": {"b": "deep", "l": [1, 2]}}}),
        ..Scope::default()
    };
    scope.parameters.insert("Name".to_owned(), json!("shop"));
    scope.parameters.insert("Nets".to_owned(), json!(["s-1", "s-2"]));
    scope.pseudo.insert("AWS::Region".to_owned(), json!("us-west-2"));
    scope.exports.insert("e".to_owned(), "exported".to_owned());
    let attributes = json!({"Arn": "arn:x", "Servers": ["a", "b"]});
    let known = Known {
        reference: "vpc-1".to_owned(),
        attributes: attributes.as_object().cloned().unwrap_or_default(),
        unknown: false,
    };
    scope.resources.insert("Vpc".to_owned(), known);
    scope.resources.insert("New".to_owned(), Known { unknown: true, ..Known::default() });
    scope
}

fn check(value: Value, expect: Value) {
    assert_eq!(scope().resolve(&value), Ok(Some(expect)), "{value}");
}

#[test]
fn references_and_text() {
    check(json!({"Ref": "Name"}), json!("shop"));
    check(json!({"Ref": "Vpc"}), json!("vpc-1"));
    check(json!({"Fn::GetAtt": ["Vpc", "Arn"]}), json!("arn:x"));
    check(
        json!({"Fn::Sub": "${Name}-${AWS::Region}-${Vpc.Arn}-${!Keep}"}),
        json!("shop-us-west-2-arn:x-${Keep}"),
    );
    check(json!({"Fn::Sub": ["${Own}$", {"Own": {"Ref": "Vpc"}}]}), json!("vpc-1$"));
    check(json!({"Fn::Base64": "hi"}), json!("aGk="));
    check(json!({"Fn::ImportValue": "e"}), json!("exported"));
}

#[test]
fn lists() {
    check(json!({"Fn::Join": ["-", {"Ref": "Nets"}]}), json!("s-1-s-2"));
    check(json!({"Fn::Join": [",", {"Fn::GetAtt": ["Vpc", "Servers"]}]}), json!("a,b"));
    check(json!({"Fn::Select": ["1", {"Fn::GetAZs": ""}]}), json!("us-west-2b"));
    check(json!({"Fn::Select": [0, {"Fn::Split": ["-", "x-y"]}]}), json!("x"));
    check(json!({"Fn::FindInMap": ["M", "a", "b"]}), json!("deep"));
    check(json!({"Fn::FindInMap": ["M", "z", "b", {"DefaultValue": "d"}]}), json!("d"));
    check(json!({"Fn::Cidr": ["10.0.0.0/16", 1, 8]}), json!(["10.0.0.0/24"]));
    check(json!([1, {"Ref": "AWS::NoValue"}, 2]), json!([1, 2]));
    check(json!({"a": {"Ref": "AWS::NoValue"}, "b": 1}), json!({"b": 1}));
}

#[test]
fn what_is_not_known_yet_spreads() {
    check(json!({"Ref": "New"}), json!(UNKNOWN));
    check(json!({"Fn::Sub": "a-${New.Arn}"}), json!(format!("a-{UNKNOWN}")));
    check(
        json!({"Fn::Select": [0, {"Fn::Split": [",", {"Fn::GetAtt": ["New", "X"]}]}]}),
        json!(UNKNOWN),
    );
    check(json!({"Fn::Join": [",", [{"Ref": "New"}, "b"]]}), json!(format!("{UNKNOWN},b")));
}

#[test]
fn conditions_may_name_each_other() {
    let mut scope = scope();
    let declared = json!({
        "Both": {"Fn::And": [{"Condition": "IsShop"}, {"Fn::Not": [{"Condition": "IsOther"}]}]},
        "IsOther": {"Fn::Equals": [{"Ref": "Name"}, "other"]},
        "IsShop": {"Fn::Equals": [{"Ref": "Name"}, "shop"]},
        "Three": {"Fn::Equals": [3, "3"]},
    });
    conditions(&mut scope, &declared).expect("conditions");
    let found: Vec<(&str, bool)> =
        scope.conditions.iter().map(|(name, truth)| (name.as_str(), *truth)).collect();
    assert_eq!(found, [("Both", true), ("IsOther", false), ("IsShop", true), ("Three", true)]);
    let chosen = json!({"Fn::If": ["Both", {"Ref": "Name"}, {"Ref": "Missing"}]});
    assert_eq!(scope.resolve(&chosen), Ok(Some(json!("shop"))));
    assert_eq!(prune(&json!([chosen]), &scope.conditions), json!([{"Ref": "Name"}]));
}

#[test]
fn errors_have_the_words_of_cloudformation() {
    let error = |value: Value| scope().resolve(&value).expect_err("an error");
    assert_eq!(
        error(json!({"Ref": "X"})),
        "Template format error: Unresolved resource dependencies [X] in the Resources block of the template"
    );
    assert_eq!(
        error(json!({"Fn::FindInMap": ["M", "a", "z"]})),
        "Template error: Unable to get mapping for M::a::z"
    );
    assert_eq!(error(json!({"Fn::ImportValue": "nope"})), "No export named nope found.");
    assert_eq!(
        error(json!({"Fn::Select": [9, ["a"]]})),
        "Template error: Fn::Select cannot select nonexistent value at index 9"
    );
}
