//! What CloudDeploy wants to exist: its stacks, what each depends on, and their parameters. Pure.

mod names;
mod protection;
mod service;
#[cfg(test)]
mod side_by_side;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::{
        apply::Results,
        graph::{GraphError, Outputs, StackGraph, StackSpec},
        template::Template,
    },
    config_file::CloudOpsConfig,
    ids::{EnvName, StackName},
    state::{
        environments::{Environment, Side},
        init::InitState,
        releases::Release,
    },
};
use cloudops_templates::{self as templates, deploy};

pub use names::{edge_stack, env_stack, job_stack, layer, log_group, prefix, service_stack};
pub use protection::{differs, protection_graph};
pub use service::{draft, order, service_graph};

use crate::{
    error::DeployError,
    images::{BASE, USER},
    ops::VERSION,
    topology::Topology,
};

/// Image of the tool that populates the database.
const DATA_POPULATION: &str = "data-pop-tool";

/// The output of `core/build` with the role of the agents that deploy.
const DEPLOY_AGENT_ROLE: &str = "DeployAgentRoleName";

/// The parameter of templates with resources that AWS can refuse to delete.
const DELETION_PROTECTION: &str = "DeletionProtection";

/// Outputs of stacks that are done.
#[must_use]
pub fn outputs(results: &Results) -> Outputs {
    results.iter().map(|(name, result)| (name.clone(), result.outputs.clone())).collect()
}

/// An output of any of the stacks.
///
/// # Errors
/// [`DeployError::NotReady`] when no stack gives it.
pub fn fact(outputs: &Outputs, name: &str) -> Result<String, DeployError> {
    let found = outputs.values().find_map(|outputs| outputs.get(name).cloned());
    found.ok_or_else(|| DeployError::NotReady {
        what: format!("no stack of the environment gives `{name}`"),
        command: "clouddeploy env create".to_owned(),
    })
}

/// The repositories: one stack for each image, and one for base images.
///
/// # Errors
/// [`DeployError`].
pub fn repository_graph(
    config: &CloudOpsConfig,
    topology: &Topology,
) -> Result<StackGraph, DeployError> {
    let mut graph = StackGraph::new(BTreeMap::new());
    for image in topology.images().into_iter().chain([BASE]) {
        let mut parameters = BTreeMap::from([("ImageName".to_owned(), image.to_owned())]);
        parameters.insert("InstanceName".to_owned(), config.instance.to_string());
        graph.add(StackSpec {
            name: format!("{}-images-{image}", config.instance).parse()?,
            title: format!("repository {image}"),
            template: parse(&deploy::REPOSITORY)?,
            parameters,
            tags: tags(config, None),
            depends_on: BTreeSet::new(),
            termination_protection: false,
        })?;
    }
    graph.check()?;
    Ok(graph)
}

/// What `init` makes: the repositories, and what the agents that deploy may use. The latter is left
/// out where the build server has no such agents.
///
/// # Errors
/// [`DeployError`].
pub fn init_graph(
    config: &CloudOpsConfig,
    state: &InitState,
    topology: &Topology,
) -> Result<StackGraph, DeployError> {
    let mut graph = StackGraph::new(state.outputs());
    for repository in repository_graph(config, topology)?.stacks() {
        graph.add(repository.clone())?;
    }
    if has_deploy_agents(state) {
        let instance = ("InstanceName".to_owned(), config.instance.to_string());
        graph.add(StackSpec {
            name: format!("{}-deploy-pipeline", config.instance).parse()?,
            title: "deployment agents".to_owned(),
            template: parse(&deploy::PIPELINE)?,
            parameters: BTreeMap::from([instance]),
            tags: tags(config, None),
            depends_on: BTreeSet::new(),
            termination_protection: false,
        })?;
    }
    graph.check()?;
    Ok(graph)
}

/// Whether the build server has agents of their own for deployments: those of an older CloudCore,
/// and those that are not ours, have none.
#[must_use]
pub fn has_deploy_agents(state: &InitState) -> bool {
    state.outputs().contains_key(DEPLOY_AGENT_ROLE)
}

/// The stacks that an environment has before anything is deployed to it.
///
/// # Errors
/// [`DeployError`].
pub fn cluster_graph(
    config: &CloudOpsConfig,
    state: &InitState,
    environment: &Environment,
) -> Result<StackGraph, DeployError> {
    let builder = Builder { config, environment };
    let mut graph = StackGraph::new(state.outputs());
    builder.add_cluster(&mut graph)?;
    graph.check()?;
    Ok(graph)
}

/// The stacks that services stand on: cluster, databases, brokers, balancer, data population.
///
/// # Errors
/// [`DeployError`].
pub fn infrastructure_graph(
    config: &CloudOpsConfig,
    state: &InitState,
    environment: &Environment,
    release: &Release,
) -> Result<StackGraph, DeployError> {
    let graph = infrastructure_draft(config, state, environment, release)?;
    graph.check()?;
    Ok(graph)
}

/// The same, without asking whether all parameters have values.
fn infrastructure_draft(
    config: &CloudOpsConfig,
    state: &InitState,
    environment: &Environment,
    release: &Release,
) -> Result<StackGraph, DeployError> {
    let builder = Builder { config, environment };
    let mut graph = StackGraph::new(state.outputs());
    builder.add_cluster(&mut graph)?;
    let protected = environment.protected.to_string();
    let protect = (DELETION_PROTECTION, protected.as_str());
    builder.add(&mut graph, "edge", &deploy::EDGE, None, &["cluster"], &[protect])?;
    for side in environment.kind.sides() {
        let data = [protect, ("ReaderCount", readers(environment))];
        builder.add(&mut graph, "data", &deploy::DATA, Some(*side), &["cluster"], &data)?;
        builder.add(&mut graph, "messaging", &deploy::MESSAGING, Some(*side), &["cluster"], &[])?;
        let image = image(release, DATA_POPULATION)?;
        let user = USER.to_string();
        let folder = folder(environment, *side);
        let job = [
            ("ImageUri", image.as_str()),
            ("ContainerUser", user.as_str()),
            ("EnvironmentFolder", folder.as_str()),
        ];
        let data = format!("data-{}", side.name());
        builder.add(&mut graph, "job", &deploy::JOB, Some(*side), &["cluster", &data], &job)?;
    }
    Ok(graph)
}

/// A production database has a replica to fail over to.
fn readers(environment: &Environment) -> &'static str {
    if environment.size == "prod" { "1" } else { "0" }
}

/// The environment folder of the package that a side runs with.
fn folder(environment: &Environment, side: Side) -> String {
    let stage = if environment.size == "prod" { "prod" } else { "stage" };
    match side {
        Side::Single => "qa".to_owned(),
        Side::Author | Side::Live => format!("{stage}-{}", side.name()),
    }
}

/// The image of a release, with its digest.
fn image(release: &Release, name: &str) -> Result<String, DeployError> {
    release.images.get(name).cloned().ok_or_else(|| DeployError::Unknown {
        what: "image",
        name: name.to_owned(),
        known: release.images.keys().cloned().collect(),
    })
}

fn parse(template: &templates::Template) -> Result<Template, DeployError> {
    Ok(Template::parse(template.file, template.body).map_err(GraphError::from)?)
}

fn tags(config: &CloudOpsConfig, env: Option<&EnvName>) -> BTreeMap<String, String> {
    let mut tags = config.stack_tags("deploy", VERSION);
    if let Some(env) = env {
        tags.insert("cloudops:environment".to_owned(), env.to_string());
    }
    tags
}

/// Makes the stacks of one environment.
struct Builder<'a> {
    config: &'a CloudOpsConfig,
    environment: &'a Environment,
}

impl Builder<'_> {
    fn add_cluster(&self, graph: &mut StackGraph) -> Result<(), DeployError> {
        let launch = [("LaunchType", self.environment.launch_type.as_str())];
        self.add(graph, "cluster", &deploy::CLUSTER, None, &[], &launch)?;
        self.add(graph, "events", &deploy::EVENTS, None, &["cluster"], &[])
    }

    /// Adds a stack. The parameters that every template of the environment may have are given
    /// where it has them.
    fn add(
        &self,
        graph: &mut StackGraph,
        role: &str,
        template: &templates::Template,
        side: Option<Side>,
        needs: &[&str],
        parameters: &[(&str, &str)],
    ) -> Result<(), DeployError> {
        let template = parse(template)?;
        let env = &self.environment.name;
        let mut given = BTreeMap::from([
            ("InstanceName".to_owned(), self.config.instance.to_string()),
            ("EnvironmentName".to_owned(), env.to_string()),
        ]);
        if let Some(side) = side {
            given.insert("Side".to_owned(), side.name().to_owned());
        }
        given.extend(
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let known: BTreeSet<String> =
            template.parameters().into_iter().map(|parameter| parameter.name).collect();
        given.retain(|name, _| known.contains(name));
        let title = side.map_or(role.to_owned(), |side| format!("{role}-{}", side.name()));
        let needs: Result<BTreeSet<StackName>, _> =
            needs.iter().map(|need| env_stack(self.config, env, need)).collect();
        graph.add(StackSpec {
            name: env_stack(self.config, env, &title)?,
            title,
            template,
            parameters: given,
            tags: tags(self.config, Some(env)),
            depends_on: needs?,
            termination_protection: self.environment.protected,
        })?;
        Ok(())
    }
}
