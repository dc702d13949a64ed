//! `env protect` and `env unprotect`: whether AWS refuses to delete an environment.

use cloudops_aws::{
    cfn::{
        apply::{self, Options},
        observe::{self, Observed},
        protection,
        status::StackStatus,
    },
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    ids::{EnvName, StackName},
    state::{
        durations,
        environments::{self, Environment},
        journal::Journal,
        lock::{Locked, Owner},
        runs,
        store::{Store, Versioned},
    },
};

use super::{env::observed, env_scope, environment, initialized, lock_request, store};
use crate::{error::DeployError, layout};

/// What `env protect` and `env unprotect` need to know. Before protection is taken off, the caller
/// has asked for the name of the environment.
#[derive(Debug, Clone)]
pub struct ProtectRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Who runs it.
    pub owner: Owner,
    /// Name of the environment.
    pub name: EnvName,
    /// Whether it is to be protected.
    pub protected: bool,
}

/// What was changed.
#[derive(Debug, Clone)]
pub struct ProtectReport {
    /// The environment as it is now.
    pub environment: Environment,
    /// Stacks that were changed, sorted.
    pub stacks: Vec<StackName>,
    /// Whether anything was changed, the environment's document included.
    pub changed: bool,
}

/// Protects all stacks of an environment, with its databases and load balancer, from deletion, or
/// takes that off. Nothing else of a stack is changed: it keeps its template and its parameters.
///
/// Calls `DescribeStacks`, `UpdateTerminationProtection`, and for stacks with a database or a load
/// balancer `GetTemplate` and what [`apply::apply`] calls.
///
/// # Errors
/// [`DeployError`]; the same call goes on where this one stopped. What stopped half way counts as
/// protected.
pub async fn protect(ctx: &Ctx, request: &ProtectRequest) -> Result<ProtectReport, DeployError> {
    let config = &request.config;
    initialized(&ctx.aws, config).await?;
    let store = store(&ctx.aws, config);
    let verb = if request.protected { "env protect" } else { "env unprotect" };
    let asked = lock_request(env_scope(&request.name), &request.owner, verb);
    runs::recorded(ctx, &store, asked, async |locked| {
        let found = environment(&store, &request.name).await?;
        let written = found.value.protected == request.protected;
        // The document says "protected" for as long as anything may be.
        let found = if request.protected { write(&store, found, true).await? } else { found };
        let journal = Journal::begin(ctx, &store, &locked, &format!("clouddeploy {verb}"));
        let stacks = stacks(ctx, &store, &locked, &journal, request).await?;
        let found = write(&store, found, request.protected).await?;
        let changed = !written || !stacks.is_empty();
        Ok(ProtectReport { environment: found.value, stacks, changed })
    })
    .await
}

async fn write(
    store: &Store,
    found: Versioned<Environment>,
    protected: bool,
) -> Result<Versioned<Environment>, DeployError> {
    if found.value.protected == protected {
        return Ok(found);
    }
    let value = Environment { protected, ..found.value };
    let etag = environments::write(store, &value, Some(&found.etag)).await?;
    Ok(Versioned { value, etag })
}

/// Brings all stacks into the wanted form; gives back those that were changed.
async fn stacks(
    ctx: &Ctx,
    store: &Store,
    locked: &Locked,
    journal: &Journal,
    request: &ProtectRequest,
) -> Result<Vec<StackName>, DeployError> {
    let found = observed(ctx, &request.config, &request.name).await?;
    let mut changed = resources(ctx, store, locked, journal, &found, request.protected).await?;
    // Looked at anew: the stacks that were updated are protected with their resources.
    let found = observed(ctx, &request.config, &request.name).await?;
    changed.extend(protection::set(ctx, locked, &found, request.protected).await?);
    changed.sort();
    changed.dedup();
    Ok(changed)
}

/// Protects databases and load balancers, or takes that off.
async fn resources(
    ctx: &Ctx,
    store: &Store,
    locked: &Locked,
    journal: &Journal,
    found: &[Observed],
    protected: bool,
) -> Result<Vec<StackName>, DeployError> {
    let mut differ = Vec::new();
    for stack in found.iter().filter(|one| has_resources(one) && layout::differs(one, protected)) {
        if let Some(text) = observe::template(ctx, &stack.name).await? {
            differ.push((stack.clone(), text));
        }
    }
    let graph = layout::protection_graph(differ, protected)?;
    let history = durations::load(ctx, store).await;
    let options = Options { history, ..Options::default() };
    let results = apply::apply(ctx, locked, Some(journal), &graph, &options).await;
    durations::keep(ctx, store, &options.history).await;
    let done = results?.into_iter().filter(|(_, result)| result.outcome == Outcome::Done);
    Ok(done.map(|(name, _)| name).collect())
}

/// Of a first creation that was undone there is nothing left that could be protected.
fn has_resources(stack: &Observed) -> bool {
    !matches!(
        stack.status,
        StackStatus::ReviewInProgress
            | StackStatus::RollbackComplete
            | StackStatus::DeleteInProgress
            | StackStatus::DeleteComplete
    )
}
