//! The stacks of the services of a side.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::graph::{Outputs, StackGraph},
    config_file::CloudOpsConfig,
    ids::StackName,
    state::{
        environments::{Environment, Side},
        init::InitState,
        releases::Release,
    },
};
use cloudops_templates::deploy;

use super::{Builder, env_stack, folder, image, service_stack};
use crate::{
    error::DeployError,
    images::USER,
    topology::{Exposure, Need, Service, Size, Topology},
};

type Parameters = BTreeMap<String, String>;

/// What the services of a side are made from.
struct Side2<'a> {
    config: &'a CloudOpsConfig,
    environment: &'a Environment,
    release: &'a Release,
    side: Side,
    outputs: &'a Outputs,
}

/// The stacks of the services of a side, from the outputs of what they stand on. Services that
/// must serve before others are before them in the graph.
///
/// # Errors
/// [`DeployError`]; `NoValue` while what they stand on does not exist.
pub fn service_graph(
    config: &CloudOpsConfig,
    state: &InitState,
    environment: &Environment,
    release: &Release,
    topology: &Topology,
    side: Side,
    outputs: &Outputs,
) -> Result<StackGraph, DeployError> {
    let graph = draft(config, state, environment, release, topology, side, outputs)?;
    graph.check()?;
    Ok(graph)
}

/// The same stacks while what they stand on does not exist: parameters that get its outputs have
/// no value yet.
///
/// # Errors
/// [`DeployError`].
pub fn draft(
    config: &CloudOpsConfig,
    state: &InitState,
    environment: &Environment,
    release: &Release,
    topology: &Topology,
    side: Side,
    outputs: &Outputs,
) -> Result<StackGraph, DeployError> {
    let at = Side2 { config, environment, release, side, outputs };
    let mut facts = state.outputs();
    facts.extend(at.facts(&["cluster", "edge", "events"])?);
    facts.extend(at.side_facts(side)?);
    let mut graph = StackGraph::new(facts);
    let builder = Builder { config, environment };
    for (number, (name, service)) in (1_u32..).zip(topology.on(side)) {
        let parameters = at.parameters(name, service, number)?;
        let given: Vec<(&str, &str)> =
            parameters.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let mut one = StackGraph::default();
        builder.add(
            &mut one,
            &format!("svc-{}-{name}", side.name()),
            &deploy::SERVICE,
            None,
            &[],
            &given,
        )?;
        for mut spec in one.stacks().cloned() {
            spec.depends_on = at.after(service)?;
            graph.add(spec)?;
        }
    }
    Ok(graph)
}

/// The services of a side in the order in which they may be started, for people.
#[must_use]
pub fn order(topology: &Topology, side: Side) -> Vec<&str> {
    let mut names: Vec<&str> = topology.on(side).map(|(name, _)| name.as_str()).collect();
    names.sort_by_key(|name| !topology.services[*name].after.is_empty());
    names
}

impl Side2<'_> {
    /// Outputs of stacks of the environment, where they exist.
    fn facts(&self, titles: &[&str]) -> Result<Parameters, DeployError> {
        let mut facts = Parameters::new();
        for title in titles {
            let name = env_stack(self.config, &self.environment.name, title)?;
            facts.extend(self.outputs.get(&name).cloned().unwrap_or_default());
        }
        Ok(facts)
    }

    /// Outputs of the database and the broker of a side.
    fn side_facts(&self, side: Side) -> Result<Parameters, DeployError> {
        let titles = [format!("data-{}", side.name()), format!("messaging-{}", side.name())];
        self.facts(&[&titles[0], &titles[1]])
    }

    fn after(&self, service: &Service) -> Result<BTreeSet<StackName>, DeployError> {
        let env = &self.environment.name;
        let name = |name: &String| service_stack(self.config, env, self.side, name);
        Ok(service.after.iter().map(name).collect::<Result<_, _>>()?)
    }

    fn parameters(
        &self,
        name: &str,
        service: &Service,
        number: u32,
    ) -> Result<Parameters, DeployError> {
        let size = service.sizes.get(&self.environment.size).copied();
        let size = size.ok_or_else(|| DeployError::Unknown {
            what: "size",
            name: self.environment.size.clone(),
            known: service.sizes.keys().cloned().collect(),
        })?;
        let mut all = sizing(service, size);
        let mut set = |key: &str, value: String| all.insert(key.to_owned(), value);
        set("Side", self.side.name().to_owned());
        set("ServiceName", name.to_owned());
        set("ImageUri", image(self.release, name)?);
        set("ContainerUser", USER.to_string());
        set("EnvironmentFolder", folder(self.environment, self.side));
        set(
            "ContextPath",
            format!("/{}", service.webapps.values().next().map_or("", String::as_str)),
        );
        set("HealthPath", service.health.clone());
        set("HealthGraceSeconds", service.start_seconds.to_string());
        set("QueueAccess", service.needs.contains(&Need::Queues).to_string());
        // The balancer has one list of rules for the sides together.
        let offset = if self.side == Side::Author { 500 } else { 0 };
        set("RulePriority", (offset + number * 10).to_string());
        all.extend(self.exposure(service)?);
        all.extend(self.search(service)?);
        all.extend(self.publishing(service)?);
        for (need, names) in [
            (
                Need::Database,
                &["DatabaseEndpoint", "DatabaseReaderEndpoint", "DatabaseSecretArn"][..],
            ),
            (Need::Broker, &["BrokerEndpoints", "BrokerSecretArn"][..]),
        ] {
            if !service.needs.contains(&need) {
                all.extend(names.iter().map(|name| ((*name).to_owned(), String::new())));
            }
        }
        Ok(all)
    }

    /// Names and paths by which the balancer knows it. The storefront is Live's; Author's is for
    /// preview, so it answers at the back office's name.
    fn exposure(&self, service: &Service) -> Result<Parameters, DeployError> {
        let edge = self.facts(&["edge"])?;
        let host = |output: &str| edge.get(output).cloned().unwrap_or_default();
        let mut exposure = service.exposure;
        if self.side == Side::Author && exposure == Exposure::Storefront {
            exposure = Exposure::Backoffice;
        }
        // A live back office would stand at the same name and path as the author's.
        if self.side == Side::Live && exposure == Exposure::Backoffice {
            exposure = Exposure::None;
        }
        let (word, host, paths) = match exposure {
            Exposure::None => {
                return Ok(Parameters::from([("Exposure".to_owned(), "none".to_owned())]));
            }
            Exposure::Storefront => ("storefront", host("StorefrontHost"), service.paths.join(",")),
            // A rule of the balancer holds five values, three of them addresses.
            Exposure::Backoffice => {
                ("backoffice", host("BackOfficeHost"), back_office_path(service))
            }
        };
        let mut all = Parameters::from([
            ("Exposure".to_owned(), word.to_owned()),
            ("HostHeader".to_owned(), host),
            ("PathPattern".to_owned(), paths),
        ]);
        for (index, cidr) in self.config.admin_cidrs.iter().take(3).enumerate() {
            let suffix = if index == 0 { String::new() } else { (index + 1).to_string() };
            all.insert(format!("AdminCidr{suffix}"), cidr.clone());
        }
        Ok(all)
    }

    /// Where the search service of the side answers inside the network.
    fn search(&self, service: &Service) -> Result<Parameters, DeployError> {
        if !service.needs.contains(&Need::Search) {
            return Ok(Parameters::new());
        }
        let cluster = self.facts(&["cluster"])?;
        let domain = cluster.get("NamespaceName").cloned().unwrap_or_default();
        let url = format!("http://{}-search.{domain}:8080/search", self.side.name());
        Ok(Parameters::from([("SearchPrimaryUrl".to_owned(), url)]))
    }

    /// Database and broker of Live, for the one service that publishes to it.
    fn publishing(&self, service: &Service) -> Result<Parameters, DeployError> {
        if !service.needs.contains(&Need::Publishing) {
            return Ok(Parameters::new());
        }
        let live = self.side_facts(Side::Live)?;
        let pairs = [
            ("TargetDatabaseEndpoint", "DatabaseEndpoint"),
            ("TargetDatabaseSecretArn", "DatabaseSecretArn"),
            ("TargetBrokerEndpoints", "BrokerEndpoints"),
            ("TargetBrokerSecretArn", "BrokerSecretArn"),
        ];
        let value = |(to, from): (&str, &str)| Some((to.to_owned(), live.get(from)?.clone()));
        Ok(pairs.into_iter().filter_map(value).collect())
    }
}

fn back_office_path(service: &Service) -> String {
    let context = service.webapps.values().next().map_or("", String::as_str);
    format!("/{context}*")
}

fn sizing(service: &Service, size: Size) -> Parameters {
    let pairs = [
        ("Cpu", size.cpu.to_string()),
        ("Memory", size.memory.to_string()),
        ("HeapMegabytes", size.heap.to_string()),
        ("MinCount", size.min.to_string()),
        ("MaxCount", size.max.to_string()),
        ("DesiredCount", size.min.to_string()),
        ("AutoScaling", (size.max > size.min).to_string()),
        ("Singleton", service.singleton.to_string()),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
