//! `init`: pipeline stack, source distribution, jobs.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::{
        apply::{self, Options, Results},
        graph::{GraphError, StackGraph, StackSpec},
        template::Template,
    },
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
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
}

/// What `init` did.
#[derive(Debug, Clone)]
pub struct InitReport {
    /// What became of the source distribution.
    pub import: ImportReport,
    /// Jobs on the build server, and whether each was changed.
    pub jobs: Vec<(String, bool)>,
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
    let graph = graph(config, &state, &[])?;
    let store = store(&ctx.aws, config);
    runs::recorded(ctx, &store, lock_request(&request.owner, "init"), async |locked| {
        let journal = Journal::begin(ctx, &store, &locked, "cloudteam init");
        let options = Options { on_done: runs::keep_outputs(ctx), ..Options::default() };
        let stacks = apply::apply(ctx, &locked, Some(&journal), &graph, &options).await?;
        let asked = ImportRequest {
            distribution: request.distribution.clone(),
            repository: repository.clone(),
            branch: config.source.branch.clone(),
        };
        let import = import::import(ctx, &asked).await?;
        let jenkins = jobs::connect(ctx, config, &state).await?;
        let jobs = jobs::apply(ctx, &jenkins, config).await?;
        let recorded = record(ctx, config, &stacks, &repository).await?;
        let changed = recorded
            || import.changed
            || jobs.iter().any(|(_, changed)| *changed)
            || stacks.values().any(|result| result.outcome == Outcome::Done);
        let jobs = jobs.into_iter().map(|(path, changed)| (path.to_string(), changed)).collect();
        Ok(InitReport { import, jobs, changed })
    })
    .await
}

/// The stack of the pipeline. `secrets` are names or ARNs of those that builds read.
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
