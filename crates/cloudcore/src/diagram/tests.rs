use cloudops_aws::config_file::CloudOpsConfig;

use super::*;
use crate::layout;

const CONFIG: &str = "\
schema: 1
instance: acme
account: '123456789012'
region: eu-west-1
domain: shop.example.com
admin-cidrs: [203.0.113.0/24]
";

fn drawn(outputs: &[(&str, &str)]) -> Diagram {
    let config = CloudOpsConfig::parse("cloudops.yaml", CONFIG).unwrap();
    let graph = layout::graph(&config).unwrap();
    let resources = resources(&graph, &config.region).unwrap();
    let outputs = outputs.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned()));
    diagram("acme".to_owned(), &graph, &resources, &Known { outputs: outputs.collect() })
}

fn reach(diagram: &Diagram) -> Vec<String> {
    let title = |key: &str| diagram.nodes[key].title.clone();
    let told =
        |edge: &Edge| format!("{} -> {}: {}", title(&edge.from), title(&edge.to), edge.ports);
    let mut told: Vec<String> = diagram.edges.iter().map(told).collect();
    told.sort();
    told
}

#[test]
fn arrows_are_the_ingress_rules_of_the_templates() {
    let reach = reach(&drawn(&[]));
    for rule in [
        "administrators -> Bastion host: 22",
        "administrators -> Load balancer of the build server: 443",
        "Load balancer of the build server -> Build server: 8080",
        "Build agents -> Build server: 8080",
        "Build server -> Files of the build server: 2049",
    ] {
        assert!(reach.iter().any(|one| one == rule), "{rule} in {reach:#?}");
    }
    assert!(!reach.iter().any(|one| one.starts_with("the internet")), "{reach:#?}");
    assert!(!reach.iter().any(|one| one.ends_with("all ports")), "{reach:#?}");
}

#[test]
fn boxes_stand_in_the_tier_of_their_servers() {
    let diagram = drawn(&[]);
    let tier = |title: &str| {
        let mut nodes = diagram.nodes.values();
        nodes.find(|node| node.title == title).map(|node| node.tier)
    };
    assert_eq!(tier("Bastion host"), Some(Tier::Public));
    assert_eq!(tier("Build server"), Some(Tier::Private));
    assert_eq!(tier("administrators"), Some(Tier::Outside));
}

#[test]
fn ids_come_from_the_state() {
    let ids = |diagram: &Diagram| -> Vec<String> {
        diagram.nodes.values().filter_map(|node| node.id.clone()).collect()
    };
    assert!(ids(&drawn(&[])).is_empty());
    let diagram = drawn(&[("BuildSecurityGroupId", "sg-1")]);
    assert_eq!(ids(&diagram), ["sg-1"]);
    assert!(diagram.nodes.values().all(|node| node.exists));
}

#[test]
fn both_forms_show_every_box_and_arrow() {
    let diagram = drawn(&[]);
    let (text, picture) = (mermaid(&diagram), svg(&diagram));
    assert_eq!(text.matches(" -->|").count(), diagram.edges.len());
    assert_eq!(picture.matches("class=\"edge\"").count(), diagram.edges.len());
    assert_eq!(picture.matches("class=\"node planned\"").count(), diagram.nodes.len());
    for node in diagram.nodes.values() {
        assert!(text.contains(&node.title.replace('&', "&amp;")), "{}", node.title);
    }
}

#[test]
fn boxes_do_not_lie_on_each_other() {
    let page = draw::page(&drawn(&[]));
    let places: Vec<_> = page.nodes.values().collect();
    for (at, one) in places.iter().enumerate() {
        for other in &places[at + 1..] {
            let apart = one.x + one.width <= other.x
                || other.x + other.width <= one.x
                || one.bottom() <= other.y
                || other.bottom() <= one.y;
            assert!(apart, "{one:?} {other:?}");
        }
        assert!(one.x + one.width <= page.width && one.bottom() <= page.height);
    }
}
