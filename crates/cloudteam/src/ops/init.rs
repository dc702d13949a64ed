//! `init`: pipeline stack, source distribution, jobs.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    build_server::{Demand, JobFiles},
    cfn::{
        apply::{self, Options, Results},
        graph::{GraphError, StackGraph, StackSpec},
        template::Template,
    },
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    jenkins::job_set::{JobsPlan, Prune},
    state::{
        init::{self, Component, InitState},
        journal::Journal,
        lock::Owner,
        runs,
    },
};
use cloudops_templates::team;
use jiff::Timestamp;

use super::{
    VERSION, agents, foundation,
    import::{self, ImportReport, ImportRequest},
    jobs, lock_request, store,
};
use crate::{error::TeamError, source::Distribution};

/// What `init` needs to know.
#[derive(Debug, Clone)]
pub struct InitRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Who runs it.
    pub owner: Owner,
    /// The source distribution.
    pub distribution: Distribution,
    /// Whether to merge into a working branch that no distribution was ever merged into.
    pub adopt: bool,
    /// What the jobs will fetch and run.
    pub jobs: JobFiles,
}

/// What `init` did.
#[derive(Debug, Clone)]
pub struct InitReport {
    /// What became of the source distribution.
    pub import: ImportReport,
    /// Jobs on the build server, and what was done with each.
    pub jobs: JobsPlan,
    /// Whether anything was changed.
    pub changed: bool,
}

/// Sets up the pipeline of an instance. Can be run again at any time.
///
/// # Errors
/// [`TeamError`]; what was done so far stays, and the same call goes on with it.
pub async fn init(ctx: &Ctx, request: &InitRequest) -> Result<InitReport, TeamError> {
    let config = &request.config;
    let state = foundation(&ctx.aws, config).await?;
    let repository = config.source.repository.clone().ok_or(TeamError::MissingSetting {
        key: "source.repository",
        hint: "Set it, or give --repository.",
    })?;
    let fetched = jobs::fetched(ctx, &state, &request.jobs)?;
    let graph = graph(config, &state, &secrets(config))?;
    let store = store(&ctx.aws, config);
    runs::recorded(ctx, &store, lock_request(&request.owner, "init"), async |locked| {
        // Whatever is wrong with the build server is said before anything is changed.
        let jenkins = jobs::connect(ctx, config, &state, Demand::Plugins).await?;
        let journal = Journal::begin(ctx, &store, &locked, "cloudteam init");
        let options = Options { on_done: runs::keep_outputs(ctx), ..Options::default() };
        let stacks = apply::apply(ctx, &locked, Some(&journal), &graph, &options).await?;
        let (distribution, branch) = (request.distribution.clone(), config.source.branch.clone());
        let asked = ImportRequest::new(distribution, repository.clone(), branch);
        let asked = ImportRequest { adopt: request.adopt, ..asked };
        let import = import::import(ctx, &asked).await?;
        let jobs = jobs::apply(ctx, &jenkins, config, &fetched, Prune::Disable).await?;
        let recorded = record(ctx, config, &stacks, &repository).await?;
        let changed = recorded
            || import.changed
            || jobs.has_changes()
            || stacks.values().any(|result| result.outcome == Outcome::Done);
        Ok(InitReport { import, jobs, changed })
    })
    .await
}

/// Names or ARNs of the secrets that a build reads.
fn secrets(config: &CloudOpsConfig) -> Vec<String> {
    let repositories = config.source.build.repositories.iter();
    repositories.filter_map(|repository| repository.credentials_secret.clone()).collect()
}

/// The stack of the pipeline.
fn graph(
    config: &CloudOpsConfig,
    state: &InitState,
    secrets: &[String],
) -> Result<StackGraph, TeamError> {
    let mut graph = StackGraph::new(state.outputs());
    let template =
        Template::parse(team::PIPELINE.file, team::PIPELINE.body).map_err(GraphError::from)?;
    let parameters = BTreeMap::from([
        ("InstanceName".to_owned(), config.instance.to_string()),
        ("BuildSecretArns".to_owned(), agents::secret_arns(config, secrets)),
    ]);
    graph.add(StackSpec {
        name: format!("{}-team-pipeline", config.instance).parse()?,
        title: "pipeline".to_owned(),
        template,
        parameters,
        tags: config.stack_tags("team", VERSION),
        depends_on: BTreeSet::new(),
        termination_protection: false,
    })?;
    graph.check()?;
    Ok(graph)
}

async fn record(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    stacks: &Results,
    repository: &str,
) -> Result<bool, TeamError> {
    let store = store(&ctx.aws, config);
    let Some(found) = init::read(&store).await? else {
        return Ok(false);
    };
    let mut outputs: BTreeMap<String, String> =
        stacks.values().flat_map(|result| result.outputs.clone()).collect();
    outputs.insert("SourceRepository".to_owned(), crate::git::shown(repository));
    outputs.insert("SourceBranch".to_owned(), config.source.branch.clone());
    let mut state = found.value;
    let changed = state.record(Component::Team, VERSION, outputs, Timestamp::now());
    if changed {
        init::write(&store, &state, Some(&found.etag)).await?;
    }
    Ok(changed)
}
