//! `env`: environments as data, with the cluster that their services run on.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::{
        apply::{self, Options},
        delete,
        error::CfnError,
        observe::{self, Observed},
        protection::Protected,
    },
    config_file::CloudOpsConfig,
    ctx::Ctx,
    ids::{EnvName, StackName},
    state::{
        durations,
        environments::{self, EnvKind, Environment},
        journal::Journal,
        lock::Owner,
        runs,
    },
};
use jiff::Timestamp;

use super::{env_scope, environment, initialized, lock_request, operate, store};
use crate::{error::DeployError, layout};

/// What `env create` needs to know.
#[derive(Debug, Clone)]
pub struct CreateRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Who runs it.
    pub owner: Owner,
    /// Name of the environment.
    pub name: EnvName,
    /// Kind.
    pub kind: EnvKind,
    /// Size of the services, `dev` or `prod`.
    pub size: String,
    /// Where containers run, `ec2` or `fargate`.
    pub launch_type: String,
    /// Whether AWS refuses to delete it; by default as
    /// [`Environment::is_protected_by_default`] says.
    pub protected: Option<bool>,
}

/// Creates an environment, or finishes one that was interrupted. Gives it back, and whether
/// anything was changed.
///
/// # Errors
/// [`DeployError::OtherEnvironment`] when one of this name has other properties.
pub async fn create(
    ctx: &Ctx,
    request: &CreateRequest,
) -> Result<(Environment, bool), DeployError> {
    let config = &request.config;
    let state = initialized(&ctx.aws, config).await?;
    let store = store(&ctx.aws, config);
    let asked = lock_request(env_scope(&request.name), &request.owner, "env create");
    runs::recorded(ctx, &store, asked, async |locked| {
        let found = environments::find(&store, &request.name).await?.map(|found| found.value);
        let known = found.is_some();
        let environment = match found {
            Some(environment) => same(request, environment)?,
            None => draft(request),
        };
        // Written before the first stack, so that nothing exists that nobody knows of.
        if !known {
            environments::write(&store, &environment, None).await?;
        }
        let graph = layout::cluster_graph(config, &state, &environment)?;
        let journal = Journal::begin(ctx, &store, &locked, "clouddeploy env create");
        let options = Options { on_done: runs::keep_outputs(ctx), ..Options::default() };
        let results = apply::apply(ctx, &locked, Some(&journal), &graph, &options).await?;
        let done = cloudops_aws::events::Outcome::Done;
        let changed = !known || results.values().any(|result| result.outcome == done);
        Ok((environment, changed))
    })
    .await
}

fn draft(request: &CreateRequest) -> Environment {
    Environment {
        name: request.name.clone(),
        kind: request.kind,
        size: request.size.clone(),
        launch_type: request.launch_type.clone(),
        protected: request
            .protected
            .unwrap_or_else(|| Environment::is_protected_by_default(request.kind, &request.size)),
        created_at: Timestamp::now(),
        deployments: Vec::new(),
    }
}

fn same(request: &CreateRequest, found: Environment) -> Result<Environment, DeployError> {
    let same = found.kind == request.kind
        && found.size == request.size
        && found.launch_type == request.launch_type
        && request.protected.is_none_or(|protected| found.protected == protected);
    if same {
        return Ok(found);
    }
    Err(DeployError::OtherEnvironment {
        name: found.name.to_string(),
        found: format!(
            "{:?}, {} on {}, {}",
            found.kind,
            found.size,
            found.launch_type,
            if found.protected { "protected" } else { "not protected" }
        ),
    })
}

/// All environments.
///
/// # Errors
/// [`DeployError`].
pub async fn list(ctx: &Ctx, config: &CloudOpsConfig) -> Result<Vec<Environment>, DeployError> {
    initialized(&ctx.aws, config).await?;
    let store = store(&ctx.aws, config);
    let mut found = Vec::new();
    for name in environments::names(&store).await? {
        if let Ok(name) = name.parse::<EnvName>() {
            found.extend(environments::find(&store, &name).await?.map(|found| found.value));
        }
    }
    Ok(found)
}

/// What `env destroy` needs to know. The caller has asked for the name of the environment.
#[derive(Debug, Clone)]
pub struct DestroyRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Who runs it.
    pub owner: Owner,
    /// Name of the environment.
    pub name: EnvName,
}

/// Deletes all stacks of an environment. Its databases leave a final snapshot, as their template
/// says. Gives back the stacks that were deleted.
///
/// # Errors
/// [`DeployError::Protected`] before anything is deleted; else [`DeployError`], and the same call
/// goes on where this one stopped.
pub async fn destroy(ctx: &Ctx, request: &DestroyRequest) -> Result<Vec<StackName>, DeployError> {
    let config = &request.config;
    initialized(&ctx.aws, config).await?;
    let store = store(&ctx.aws, config);
    let asked = lock_request(env_scope(&request.name), &request.owner, "env destroy");
    runs::recorded(ctx, &store, asked, async |locked| {
        if environment(&store, &request.name).await?.value.protected {
            return Err(protected(&request.name, Vec::new()));
        }
        let journal = Journal::begin(ctx, &store, &locked, "clouddeploy env destroy");
        let stacks = stacks(ctx, config, &request.name).await?;
        let history = durations::load(ctx, &store).await;
        let deleted =
            delete::delete(ctx, &locked, Some(&journal), &stacks, &history, Protected::Refuse)
                .await;
        durations::keep(ctx, &store, &history).await;
        let deleted = deleted.map_err(|error| match error {
            CfnError::Protected { stacks } => protected(&request.name, stacks),
            other => other.into(),
        })?;
        environments::forget(&store, &request.name).await?;
        Ok(deleted)
    })
    .await
}

fn protected(name: &EnvName, stacks: Vec<StackName>) -> DeployError {
    DeployError::Protected { name: name.to_string(), stacks }
}

/// The stacks of an environment that exist.
pub(super) async fn observed(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    name: &EnvName,
) -> Result<Vec<Observed>, DeployError> {
    Ok(observe::in_scope(ctx, &operate::environment(config, name)).await?)
}

/// The stacks of an environment that exist, and the order between them: by their layer, since a
/// stack of a later layer may use every stack of the layers before.
async fn stacks(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    name: &EnvName,
) -> Result<BTreeMap<StackName, BTreeSet<StackName>>, DeployError> {
    let prefix = layout::prefix(config, name);
    let found = observed(ctx, config, name).await?;
    let layers: Vec<(StackName, u8)> = found
        .into_iter()
        .map(|stack| {
            let layer = layout::layer(stack.name.as_str().trim_start_matches(&prefix));
            (stack.name, layer)
        })
        .collect();
    let below = |layer: u8| {
        let lower = layers.iter().filter(move |(_, other)| *other < layer);
        lower.map(|(name, _)| name.clone()).collect::<BTreeSet<_>>()
    };
    Ok(layers.iter().map(|(name, layer)| (name.clone(), below(*layer))).collect())
}
