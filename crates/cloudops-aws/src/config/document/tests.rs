use proptest::prelude::*;

use super::*;
use crate::config::{view, yaml};

fn entry(below: &str, value: &str) -> Entry {
    view::tests::entry(below, value, 1)
}

#[test]
fn values_become_a_tree_and_come_back() {
    let entries = [
        entry("core/vpc-id", "vpc-1"),
        entry("shop", "Acme"),
        entry("shop/currency", "EUR"),
        entry("shop/db", "secretsmanager:/cloudops/acme/shop/db#v1"),
        entry("env/live/shop/currency", "USD"),
        entry("env/live/service/cortex/heap", "2048"),
        entry("env/live/service/cortex/debug", "false"),
        entry("env/live/service/cortex/zip", "007"),
    ];
    let document = write(&entries);
    insta::assert_snapshot!(yaml::write(&document), @r#"
    schema: 1
    instance:
      shop:
        ".": Acme
        currency: EUR
        db: "secretsmanager:/cloudops/acme/shop/db#v1"
    environments:
      live:
        values:
          shop:
            currency: USD
        services:
          cortex:
            heap: 2048
            debug: false
            zip: "007"
    "#);
    let read = read(&document).unwrap();
    assert_eq!(read.values, view::by_key(&entries[1..]));
    assert_eq!(read.scopes.len(), 3);
}

#[test]
fn what_is_wrong_is_named() {
    let check = |text: &str, expected: &str| {
        let json = yaml::read(text).unwrap();
        assert_eq!(read(&json).unwrap_err().to_string(), expected, "{text}");
    };
    check("instance: {}", "`schema: 1` must stand at its top");
    check("schema: 2", "`schema: 1` must stand at its top");
    check("[]", "`the document` must be a mapping");
    check("{schema: 1, instances: {}}", "`instances` is not known here");
    check("{schema: 1, environments: {live: {a: 1}}}", "`environments.live.a` is not known here");
    check(
        "{schema: 1, instance: {a: [1]}}",
        "`instance.a` must be a text, a number or a boolean, not a list",
    );
    check(
        "{schema: 1, instance: {a: {b: }}}",
        "`instance.a.b` must be a text, a number or a boolean, not nothing",
    );
    check(
        "{schema: 1, instance: {env: {live: x}}}",
        "`instance.env.live`: `env/live` is not a key: keys below `env` are those of environments: name one with --env",
    );
    check(
        "{schema: 1, instance: {a: \"\"}}",
        "`instance.a`: an empty text cannot be stored; remove the key instead",
    );
    assert!(yaml::read("a: 1\na: 2").is_err(), "a key that stands twice");
}

fn below() -> impl Strategy<Value = String> {
    let part = "[A-Za-z0-9_.-]{0,6}[A-Za-z0-9_-]";
    let path = proptest::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"));
    let scope = prop_oneof![
        Just(String::new()),
        Just("env/live/".to_owned()),
        Just("env/live/service/cortex/".to_owned()),
    ];
    (scope, path).prop_map(|(scope, path)| format!("{scope}{path}"))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{1,20}",
        any::<String>(),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        proptest::sample::select(vec![
            "true", "no", "~", "null", "0x1f", "1e3", "- a", "a: b", "\t"
        ])
        .prop_map(str::to_owned),
        "[ \n\t\"'#:&*!|>%@`{}\\[\\]-]{1,12}",
    ]
}

proptest! {
    #[test]
    fn what_is_exported_is_imported_again(pairs in proptest::collection::btree_map(below(), text(), 0..12)) {
        let mut entries: BTreeMap<ConfigKey, Entry> = BTreeMap::new();
        for (below, text) in &pairs {
            let (Ok(key), Ok(value)) = (ConfigKey::from_below_instance(below), Value::text(text.as_str())) else {
                continue;
            };
            if !key.is_of_the_foundation() {
                let entry = Entry { key: key.clone(), value, version: 1, changed: None };
                entries.insert(key, entry);
            }
        }
        let entries: Vec<Entry> = entries.into_values().collect();
        let json = write(&entries);
        let text = yaml::write(&json);
        let back = yaml::read(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(read(&back).unwrap().values, view::by_key(&entries), "{}", text);
        let again: Json = serde_json::from_str(&json.to_string()).unwrap();
        prop_assert_eq!(read(&again).unwrap().values, view::by_key(&entries));
    }
}
