//! `init`: brings the foundation into the form that `cloudops.yaml` asks for.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use camino::Utf8PathBuf;
use cloudops_aws::{
    cfn::{
        apply::{self, Options, Results},
        gate::Approvals,
        graph::Outputs,
        history::History,
        hold::{Held, Hold, Values},
        plan_file::PlanFile,
    },
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    ids::StackName,
    state::{
        durations,
        init::{self, Component},
        journal::Journal,
        lock::{Locked, Owner},
        runs,
        store::Store,
    },
};
use futures::{FutureExt, future::BoxFuture};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    PROGRAM, VERSION,
    build_server::{self, Assembling, ImageHold},
    check_place,
    delegate::Delegating,
    dns, empty_state, lock_request, network, report_interrupted, store,
};
use crate::{error::CoreError, layout};

/// What `init` needs to know.
#[derive(Debug, Clone)]
pub struct InitRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Who runs it.
    pub owner: Owner,
    /// Data resources that may be lost, by `stack/LogicalId`.
    pub approvals: Approvals,
    /// The plan that is executed; without one, what `cloudops.yaml` asks for now.
    pub plan: Option<PlanFile>,
    /// Whether an NS record of others in the parent zone may be replaced.
    pub replace_delegation: bool,
    /// Folder that relative paths in the settings start from.
    pub folder: Utf8PathBuf,
    /// How long to wait for the delegation of the domain when all else is done.
    pub wait_for_dns: Duration,
}

/// What `init` did.
#[derive(Debug, Clone)]
pub struct InitReport {
    /// What became of each stack.
    pub stacks: BTreeMap<StackName, Outcome>,
    /// Outputs of all stacks of the foundation.
    pub outputs: BTreeMap<String, String>,
    /// Whether anything was changed.
    pub changed: bool,
}

/// Creates or updates the foundation. Can be run again at any time, and after any interruption.
///
/// The certificate is asked for once the domain is delegated, which is done here where Route 53
/// has the parent zone; all that does not need it is built meanwhile.
///
/// # Errors
/// [`CoreError`]; what was done so far stays, and the same call goes on with it.
pub async fn init(ctx: &Ctx, request: &InitRequest) -> Result<InitReport, CoreError> {
    let config = &request.config;
    check_place(&ctx.aws, config)?;
    let state_graph = layout::state_graph(config)?;
    dns::check_certificate(ctx, config).await?;
    network::check(ctx, config).await?;
    let known = build_server::known(ctx, config, &request.folder).await?;
    let graph = layout::graph_of(config, known.digest())?;
    if let Some(plan) = &request.plan {
        plan.check_place(PROGRAM, &ctx.aws)?;
        plan.check_world(ctx, &super::plan::inputs(config, &known)?).await?;
    }
    let made = Arc::new(OnceLock::new());
    if let Some(said) = known.describe().filter(|_| known.digest().is_some()) {
        ctx.events.note(said);
    }
    let mut options = options(ctx, request, Arc::clone(&made));
    let first = Locked::before_there_is_a_bucket();
    let mut results = apply::apply(ctx, &first, None, &state_graph, &options).await?;
    let store = store(&ctx.aws, config);
    let verb = if request.plan.is_some() { "apply" } else { "init" };
    runs::recorded(ctx, &store, lock_request(&request.owner, verb), async |locked| {
        report_interrupted(ctx, &store).await?;
        options.history = durations::load(ctx, &store).await;
        let journal = Journal::begin(ctx, &store, &locked, &format!("{PROGRAM} {verb}"));
        let delegating = Delegating::new(ctx, &locked, &store, request)?;
        let assembling = known.to_make().map(|recipe| {
            let assembling = Assembling { ctx, config, folder: &request.folder, recipe };
            ImageHold::new(assembling, &locked, &store)
        });
        let holds = Holds { delegating, image: assembling.transpose()? };
        let applying = apply::apply_held(ctx, &locked, Some(&journal), &graph, &options, &holds);
        let rest = tokio::select! {
            rest = applying => rest,
            never = holds.make() => never,
        };
        durations::keep(ctx, &store, &options.history).await;
        // Also when something else is not done yet: an open default would stay open for days.
        let closed = match made.get() {
            Some(vpc) => network::close_defaults(ctx, &locked, vpc).await?,
            None => false,
        };
        results.extend(rest?);
        let outputs = outputs(config, &results);
        let recorded = record(&store, config, outputs.clone()).await?;
        Ok(report(results, outputs, recorded || closed))
    })
    .await
}

/// What stacks wait for: the certificate for the delegation, the build server for its image.
struct Holds<'a> {
    delegating: Delegating<'a>,
    image: Option<ImageHold<'a>>,
}

impl Holds<'_> {
    /// Makes the image from the beginning on. Never ends: the run does.
    async fn make<T>(&self) -> T {
        match &self.image {
            Some(image) => image.make().await,
            None => std::future::pending().await,
        }
    }

    fn of(&self, stack: &StackName, is_new: bool) -> Option<&dyn Hold> {
        let image = self.image.as_ref().map(|hold| hold as &dyn Hold);
        let mut all = [Some(&self.delegating as &dyn Hold), image].into_iter().flatten();
        all.find(|hold| hold.concerns(stack, is_new))
    }
}

impl Hold for Holds<'_> {
    fn concerns(&self, stack: &StackName, is_new: bool) -> bool {
        self.of(stack, is_new).is_some()
    }

    fn wait<'a>(
        &'a self,
        stack: &'a StackName,
        outputs: &'a Outputs,
        alone: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Values, Held>> {
        // What is waited for was found to be held; that it does not exist yet is the wider case.
        match self.of(stack, true) {
            Some(hold) => hold.wait(stack, outputs, alone),
            None => std::future::ready(Ok(Values::new())).boxed(),
        }
    }
}

fn report(results: Results, outputs: BTreeMap<String, String>, changed: bool) -> InitReport {
    let changed = changed || results.values().any(|result| result.outcome == Outcome::Done);
    InitReport {
        outputs,
        stacks: results.into_iter().map(|(name, result)| (name, result.outcome)).collect(),
        changed,
    }
}

/// `made` gets the id of the network once it is there, unless that is adopted.
fn options(ctx: &Ctx, request: &InitRequest, made: Arc<OnceLock<String>>) -> Options {
    let events = ctx.events.clone();
    let domain = request.config.domain.clone();
    let is_ours = request.config.network.adopt.is_none();
    let planned = request.plan.as_ref();
    let keep = runs::keep_outputs(ctx);
    Options {
        approvals: planned.map_or_else(|| request.approvals.clone(), PlanFile::approvals),
        planned: planned.map(|plan| Arc::new(plan.plan.clone())),
        history: History::default(),
        on_done: Arc::new(move |name, outputs| {
            keep(name, outputs);
            if let Some(vpc) =
                outputs.get("VpcId").filter(|_| is_ours && name.as_str().ends_with("-network"))
            {
                made.get_or_init(|| vpc.clone());
            }
            // The step that a person must do: say it as early as it can be known, while the rest
            // is still being built.
            if let Some(servers) =
                outputs.get("NameServers").filter(|_| name.as_str().ends_with("-dns"))
            {
                events.note(format!(
                    "the parent zone of {domain} must name these servers: {}",
                    servers.replace(',', " ")
                ));
            }
        }),
        ..Options::default()
    }
}

/// Outputs of all stacks, and the certificate that no stack of ours has.
fn outputs(config: &CloudOpsConfig, results: &Results) -> BTreeMap<String, String> {
    let outputs = results.values().flat_map(|result| result.outputs.clone());
    let certificate =
        config.certificate.iter().map(|arn| ("CertificateArn".to_owned(), arn.clone()));
    outputs.chain(certificate).collect()
}

/// Writes the initialization state when it differs from what is recorded.
async fn record(
    store: &Store,
    config: &CloudOpsConfig,
    outputs: BTreeMap<String, String>,
) -> Result<bool, CoreError> {
    let found = init::read(store).await?;
    let (mut state, seen) = match found {
        Some(found) => (found.value, Some(found.etag)),
        None => (empty_state(config), None),
    };
    let changed = state.record(Component::Core, VERSION, outputs, Timestamp::now());
    if changed {
        init::write(store, &state, seen.as_ref()).await?;
    }
    Ok(changed)
}
