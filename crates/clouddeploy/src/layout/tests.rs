//! What `init` makes.

use std::collections::BTreeMap;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    state::init::{Component, InitState},
};
use jiff::Timestamp;

use super::{has_deploy_agents, init_graph, repository_graph};
use crate::topology::Topology;

const SETTINGS: &str = "schema: 1\ninstance: acme\naccount: \"123456789012\"\n\
                        region: us-west-2\ndomain: acme.example.com\n";

fn state(config: &CloudOpsConfig, outputs: &[(&str, &str)]) -> InitState {
    let mut state = InitState {
        instance: config.instance.clone(),
        account: config.account.clone(),
        region: config.region.clone(),
        domain: config.domain.clone(),
        components: BTreeMap::new(),
    };
    let outputs = outputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    state.record(Component::Core, "1", outputs.collect(), Timestamp::UNIX_EPOCH);
    state
}

const FOUNDATION: [(&str, &str); 5] = [
    ("StateBucketName", "acme-state"),
    ("PackageBucketName", "acme-packages"),
    ("StorageKeyArn", "arn:aws:kms:us-west-2:123456789012:key/0a"),
    ("PublicZoneId", "Z1"),
    ("PrivateZoneId", "Z2"),
];

#[test]
fn agents_that_deploy_get_their_rights_where_there_are_such() {
    let config = CloudOpsConfig::parse("cloudops.yaml", SETTINGS).unwrap();
    let topology = Topology::commerce().unwrap();
    let name = "acme-deploy-pipeline".parse().unwrap();

    let older = state(&config, &FOUNDATION);
    assert!(!has_deploy_agents(&older));
    let repositories = init_graph(&config, &older, &topology).unwrap();
    assert!(repositories.get(&name).is_none());
    let count = repository_graph(&config, &topology).unwrap().stacks().count();
    assert_eq!(repositories.stacks().count(), count);

    let mut outputs = FOUNDATION.to_vec();
    outputs.push(("DeployAgentRoleName", "acme-core-build-DeployAgentRole-1"));
    let state = state(&config, &outputs);
    let graph = init_graph(&config, &state, &topology).unwrap();
    let stack = graph.get(&name).unwrap();
    // All else comes from the foundation.
    assert_eq!(stack.parameters.keys().collect::<Vec<_>>(), ["InstanceName"]);
    assert_eq!(graph.stacks().count(), count + 1);
}

/// Rules of a repository, in the order in which AWS applies them: an image that one matches cannot
/// be expired by a later one.
#[test]
fn no_rule_of_a_repository_removes_what_a_release_needs() {
    let text = cloudops_templates::deploy::REPOSITORY.body;
    let begin = text.find("\"rules\": [").unwrap();
    let rules = text[begin..].split("RepositoryPolicyText").next().unwrap();
    let patterns: Vec<&str> = rules
        .match_indices("\"tagStatus\": ")
        .map(|(at, _)| rules[at..].lines().next().unwrap().trim())
        .collect();
    let claims = |at: usize, pattern: &str| patterns[at].contains(&format!("[\"{pattern}\"]"));
    assert!(claims(0, "release-*") && claims(1, "base-*") && claims(3, "*"), "{patterns:?}");
    assert!(patterns[2].contains("untagged"), "{patterns:?}");
    // What untagged images belong to is tagged: an index, or the subject of what is attached.
    let counts: Vec<&str> = rules.matches("${KeepReleased}").collect();
    assert_eq!(counts.len(), 2, "releases and bases are kept by numbers nobody comes near");
    assert!(text.contains("ImageTagMutability: IMMUTABLE") && text.contains("ScanOnPush: true"));
}
