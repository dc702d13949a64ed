//! Whether environments and instances can live in one account: which names each takes.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::{
        graph::Outputs,
        names::{self, Name},
    },
    config_file::CloudOpsConfig,
    ids::{Digest, EnvName},
    state::{
        environments::{EnvKind, Environment},
        init::InitState,
        releases::Release,
    },
};
use jiff::Timestamp;

use super::{draft, infrastructure_draft, repository_graph};
use crate::topology::Topology;

fn config(instance: &str) -> CloudOpsConfig {
    let text = format!(
        "schema: 1\ninstance: {instance}\naccount: \"123456789012\"\nregion: us-west-2\n\
         domain: {instance}.example.com\n"
    );
    CloudOpsConfig::parse("cloudops.yaml", &text).unwrap()
}

fn state(config: &CloudOpsConfig) -> InitState {
    InitState {
        instance: config.instance.clone(),
        account: config.account.clone(),
        region: config.region.clone(),
        domain: config.domain.clone(),
        components: BTreeMap::new(),
    }
}

fn environment(name: &EnvName, kind: EnvKind) -> Environment {
    Environment {
        name: name.clone(),
        kind,
        size: "dev".to_owned(),
        launch_type: "fargate".to_owned(),
        protected: false,
        created_at: Timestamp::UNIX_EPOCH,
        deployments: Vec::new(),
    }
}

fn release(topology: &Topology) -> Release {
    let image = |name: &str| (name.to_owned(), format!("example.com/{name}"));
    Release {
        id: "r1".to_owned(),
        package: "p1".to_owned(),
        version: "1".to_owned(),
        images: topology.images().into_iter().map(image).collect(),
        base: Digest::of(b""),
        created_at: Timestamp::UNIX_EPOCH,
        created_by: "somebody".to_owned(),
        provenance: None,
        previous: None,
    }
}

/// All names that an environment takes.
fn names(instance: &str, env: &str, kind: EnvKind) -> Vec<Name> {
    let (config, topology) = (config(instance), Topology::commerce().unwrap());
    let (state, release) = (state(&config), release(&topology));
    let environment = environment(&env.parse().unwrap(), kind);
    let taken = |graph| names::taken(&graph, &config.account, &config.region);
    // The names do not hang on what the foundation gives, so there is none here.
    let below = infrastructure_draft(&config, &state, &environment, &release).unwrap();
    let above = kind.sides().iter().map(|side| {
        let outputs = Outputs::new();
        draft(&config, &state, &environment, &release, &topology, *side, &outputs).unwrap()
    });
    above.chain([below]).flat_map(taken).collect()
}

fn images(instance: &str) -> Vec<Name> {
    let config = config(instance);
    let graph = repository_graph(&config, &Topology::commerce().unwrap()).unwrap();
    names::taken(&graph, &config.account, &config.region)
}

fn clash(one: &[Name], other: &[Name]) -> Vec<String> {
    names::clashes([one, other]).into_iter().map(|name| name.name.clone()).collect()
}

#[test]
fn environments_of_an_instance_live_side_by_side() {
    let all = [
        ("a", names("acme", "a", EnvKind::AuthorLive)),
        ("a-b", names("acme", "a-b", EnvKind::AuthorLive)),
        ("a-live", names("acme", "a-live", EnvKind::Single)),
        ("b", names("acme", "b", EnvKind::Single)),
        ("images", images("acme")),
    ];
    for (index, (name, taken)) in all.iter().enumerate() {
        assert_eq!(clash(taken, &[]), Vec::<String>::new(), "within {name}");
        for (other, taken_too) in &all[index + 1..] {
            assert_eq!(clash(taken, taken_too), Vec::<String>::new(), "{name} and {other}");
        }
    }
    let kinds: BTreeSet<&str> = all[0].1.iter().map(|name| name.resource_type.as_str()).collect();
    for kind in ["AWS::ECS::Cluster", "AWS::ECS::TaskDefinition", "AWS::AmazonMQ::Broker"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
}

#[test]
fn instances_live_side_by_side_unless_their_stacks_have_one_name() {
    let (acme, other) =
        (names("acme", "a", EnvKind::Single), names("acme-eu", "a", EnvKind::Single));
    assert_eq!(clash(&acme, &other), Vec::<String>::new());
    assert_eq!(clash(&images("acme"), &images("acme-eu")), Vec::<String>::new());
    // What has all names in common has the first stack in common too, and that is refused as the
    // stack of another instance before anything is made.
    let same = clash(&names("acme", "eu-a", EnvKind::Single), &other);
    assert!(same.contains(&"acme-eu-a-cluster".to_owned()), "{same:?}");
}
