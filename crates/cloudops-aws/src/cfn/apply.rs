//! Brings a graph of stacks into its wanted form.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use aws_sdk_cloudformation::types::ChangeSetType;
use futures::{StreamExt, stream::FuturesUnordered};

use super::{
    api::Api,
    change_set,
    error::CfnError,
    gate::{self, Approvals},
    graph::{Outputs, StackGraph, StackSpec, Values},
    observe::Observed,
    schedule::{self, Schedule},
    status::{NextAction, StackStatus},
    watch,
};
use crate::{
    ctx::Ctx,
    events::{EventKind, GraphStack, Outcome},
    ids::StackName,
    state::{journal::Journal, lock::Locked},
};

/// Called with the name and the outputs of a stack the moment it is done.
pub type OnDone = Arc<dyn Fn(&StackName, &BTreeMap<String, String>) + Send + Sync>;

/// How to apply a graph.
#[derive(Clone)]
pub struct Options {
    /// How many stacks are worked on at once.
    pub concurrency: usize,
    /// Data resources that may be lost, by name.
    pub approvals: Approvals,
    /// Told of each stack that is done, while others still run.
    pub on_done: OnDone,
}

impl Default for Options {
    fn default() -> Self {
        Self { concurrency: 8, approvals: Approvals::default(), on_done: Arc::new(|_, _| {}) }
    }
}

/// What became of a stack.
#[derive(Debug, Clone)]
pub struct StackResult {
    /// Whether it was changed.
    pub outcome: Outcome,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
}

/// What became of the stacks of a graph.
pub type Results = BTreeMap<StackName, StackResult>;

/// What a stack operation needs.
#[derive(Clone, Copy)]
struct Work<'a> {
    ctx: &'a Ctx,
    api: &'a Api,
    locked: &'a Locked,
    journal: Option<&'a Journal>,
    options: &'a Options,
}

/// Applies a graph: each stack starts the moment the last stack it depends on is done, and a
/// failure stops only its dependants. Without a journal (the state bucket does not exist yet)
/// nothing is recorded.
///
/// # Errors
/// The first [`CfnError`], after all stacks that could still be worked on have ended.
pub async fn apply(
    ctx: &Ctx,
    locked: &Locked,
    journal: Option<&Journal>,
    graph: &StackGraph,
    options: &Options,
) -> Result<Results, CfnError> {
    graph.check()?;
    let api = Api::new(&ctx.aws);
    let work = Work { ctx, api: &api, locked, journal, options };
    ctx.events.send(EventKind::Graph { stacks: graph.stacks().map(described).collect() });
    let mut schedule = Schedule::new(graph.edges(), options.concurrency);
    let mut outputs = Outputs::new();
    let mut results = Results::new();
    let mut running = FuturesUnordered::new();
    let mut first_error = None;
    loop {
        if ctx.cancel.is_cancelled() {
            first_error = first_error.or(Some(CfnError::Interrupted));
        } else {
            for name in schedule.start() {
                if let Some(spec) = graph.get(&name) {
                    running.push(one(work, graph, spec, outputs.clone()));
                }
            }
        }
        let Some((name, result)) = running.next().await else {
            break;
        };
        match result {
            Ok(result) => {
                schedule.end(&name, schedule::Ended::Well);
                (options.on_done)(&name, &result.outputs);
                outputs.insert(name.clone(), result.outputs.clone());
                results.insert(name, result);
            }
            Err(error) => {
                schedule.end(&name, schedule::Ended::Badly);
                first_error = first_error.or(Some(error));
            }
        }
    }
    drop(running);
    for name in schedule.skipped() {
        ctx.events.step_done(step(name), Outcome::Skipped, "a stack it depends on failed");
    }
    first_error.map_or(Ok(results), Err)
}

fn described(spec: &StackSpec) -> GraphStack {
    GraphStack {
        name: spec.name.to_string(),
        title: spec.title.clone(),
        step: step(&spec.name),
        needs: spec.depends_on.iter().map(StackName::to_string).collect(),
    }
}

fn step(name: &StackName) -> String {
    format!("stack/{name}")
}

/// Applies one stack and reports it as a step.
async fn one(
    work: Work<'_>,
    graph: &StackGraph,
    spec: &StackSpec,
    outputs: Outputs,
) -> (StackName, Result<StackResult, CfnError>) {
    let (name, events) = (spec.name.clone(), &work.ctx.events);
    events.step(step(&name), format!("{} ({name})", spec.title));
    let begin = Instant::now();
    let result = converge(work, graph, spec, &outputs).await;
    match &result {
        Ok(result) => events.step_done(step(&name), result.outcome, detail(result.outcome, begin)),
        Err(error) => events.step_done(step(&name), Outcome::Failed, error.to_string()),
    }
    (name, result)
}

fn detail(outcome: Outcome, begin: Instant) -> String {
    match outcome {
        Outcome::Unchanged => "nothing to change".to_owned(),
        _ => format!("done in {:.1} s", begin.elapsed().as_secs_f64()),
    }
}

/// Looks at the stack and does the next safe thing, until it is in its wanted form.
async fn converge(
    work: Work<'_>,
    graph: &StackGraph,
    spec: &StackSpec,
    outputs: &Outputs,
) -> Result<StackResult, CfnError> {
    let mut outcome = Outcome::Unchanged;
    loop {
        work.locked.check()?;
        let found = work.api.describe(&spec.name, None).await?.map(Observed::read).transpose()?;
        let action = found.as_ref().map_or(NextAction::Create, |found| found.status.next_action());
        let values = graph.values(spec, outputs)?;
        match (action, found) {
            (NextAction::Attach, Some(found)) => {
                attach(work, &found).await?;
                outcome = Outcome::Done;
            }
            (NextAction::Recreate, Some(found)) => remove_remains(work, &found).await?,
            (NextAction::Update, Some(found)) => {
                return update(work, spec, found, &values, outcome).await;
            }
            (NextAction::Refuse, Some(found)) => {
                return Err(CfnError::Stuck { stack: spec.name.clone(), status: found.status });
            }
            (_, found) => return create(work, spec, found, &values).await,
        }
    }
}

/// Watches an operation that somebody began, whoever it was; what came of it is looked at anew.
async fn attach(work: Work<'_>, found: &Observed) -> Result<(), CfnError> {
    work.ctx.events.note(format!("{} is in {}: watching it", found.name, found.status));
    watch::until_settled(work.ctx, work.api, &found.name, &found.id, None).await?;
    Ok(())
}

/// Deletes what a first creation left that failed and was rolled back: there is nothing in it.
async fn remove_remains(work: Work<'_>, found: &Observed) -> Result<(), CfnError> {
    let name = &found.name;
    work.ctx.events.note(format!("{name} failed when it was first created: deleting its remains"));
    let token = work.ctx.token(&format!("remains/{name}"));
    let last = work.api.newest_event(name, &found.id).await?;
    work.api.delete(name, &token).await?;
    let ended = watch::until_settled(work.ctx, work.api, name, &found.id, last).await?;
    if ended.stack.status == StackStatus::DeleteComplete {
        return Ok(());
    }
    Err(ended.failure(None))
}

async fn create(
    work: Work<'_>,
    spec: &StackSpec,
    shell: Option<Observed>,
    values: &Values,
) -> Result<StackResult, CfnError> {
    drop(shell);
    let made = change_set::make(work.ctx, work.api, spec, values, ChangeSetType::Create).await?;
    let Some(set) = made else {
        return Err(CfnError::Unexpected {
            stack: spec.name.clone(),
            what: "CloudFormation says that a new stack has no resources".to_owned(),
        });
    };
    let created = execute(work, spec, &set).await?;
    if spec.termination_protection {
        work.api.protect(&spec.name, true).await?;
    }
    Ok(StackResult { outcome: Outcome::Done, outputs: created.outputs })
}

async fn update(
    work: Work<'_>,
    spec: &StackSpec,
    found: Observed,
    values: &Values,
    so_far: Outcome,
) -> Result<StackResult, CfnError> {
    if spec.termination_protection && !found.termination_protection {
        work.api.protect(&spec.name, true).await?;
    }
    let same = found.has_inputs(spec, values)
        && work.api.template(&spec.name).await? == spec.template.text();
    if same {
        return Ok(StackResult { outcome: so_far, outputs: found.outputs });
    }
    let made = change_set::make(work.ctx, work.api, spec, values, ChangeSetType::Update).await?;
    let Some(set) = made else {
        return Ok(StackResult { outcome: so_far, outputs: found.outputs });
    };
    if let Err(denied) = gate::check(&spec.name, &set.changes, &work.options.approvals) {
        change_set::delete(work.api, &spec.name, &set.id).await?;
        return Err(denied.into());
    }
    let updated = execute(work, spec, &set).await?;
    Ok(StackResult { outcome: Outcome::Done, outputs: updated.outputs })
}

/// Executes a change set and watches it to its end, with the intent in the journal first.
async fn execute(
    work: Work<'_>,
    spec: &StackSpec,
    set: &change_set::ChangeSet,
) -> Result<Observed, CfnError> {
    work.locked.check()?;
    let (name, key) = (&spec.name, step(&spec.name));
    let token = work.ctx.token(&key);
    if let Some(journal) = work.journal {
        journal.intent(&key, &token).await?;
    }
    let last = work.api.newest_event(name, &set.stack_id).await?;
    change_set::execute(work.api, name, &set.id, &token).await?;
    let ended = watch::until_settled(work.ctx, work.api, name, &set.stack_id, last).await?;
    let result = ended.success(Some(&spec.template));
    if let Some(journal) = work.journal {
        match &result {
            Ok(stack) => journal.done(&key, stack.status.name()).await?,
            Err(error) => journal.failed(&key, &error.to_string()).await?,
        }
    }
    result
}
