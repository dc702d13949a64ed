//! Brings a graph of stacks into its wanted form.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Instant};

use futures::{StreamExt, stream, stream::FuturesUnordered};
use tokio_util::sync::CancellationToken;

use super::{
    api::Api,
    converge::{Converged, Rest, Work, step},
    error::CfnError,
    facts::Facts,
    gate::Approvals,
    graph::{Outputs, StackGraph, StackSpec},
    history::{History, Operation},
    hold::{Free, Hold, Values},
    orphans,
    plan::GraphPlan,
    poll::Poller,
    schedule::{Ended, Schedule},
    status::NextAction,
    wreck::BlackBox,
};
use crate::{
    ctx::Ctx,
    events::{EventKind, GraphStack, Outcome},
    ids::StackName,
    state::{journal::Journal, lock::Locked},
};

/// Called with the name and the outputs of a stack the moment it is done.
pub type OnDone = Arc<dyn Fn(&StackName, &BTreeMap<String, String>) + Send + Sync>;

/// Operations whose last events are read at once when all is done.
const READ_AT_ONCE: usize = 8;

/// How to apply a graph.
#[derive(Clone)]
pub struct Options {
    /// Data resources that may be lost, by name.
    pub approvals: Approvals,
    /// Told of each stack that is done, while others still run.
    pub on_done: OnDone,
    /// What earlier runs learnt. It is read for the pace of looking, for estimates and in place of
    /// templates, and what takes place now is noted in it.
    pub history: History,
    /// What was planned: other changes are refused as [`CfnError::StalePlan`].
    pub planned: Option<Arc<GraphPlan>>,
    /// Keeps what failed resources leave, before CloudFormation undoes it.
    pub black_box: BlackBox,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            approvals: Approvals::default(),
            on_done: Arc::new(|_, _| {}),
            history: History::default(),
            planned: None,
            black_box: BlackBox::none(),
        }
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

/// Applies a graph: each stack starts the moment the last stack it depends on is done, and a
/// failure stops only its dependants. When the connection is lost nothing more is started.
/// Without a journal (the state bucket does not exist yet) nothing is recorded.
///
/// Calls `DescribeStacks` and `GetTemplate` first; for stacks that differ `CreateChangeSet`,
/// `DescribeChangeSet`, `ExecuteChangeSet`, `SetStackPolicy`, `UpdateTerminationProtection`, and
/// `DescribeStacks` and `DescribeStackEvents` while it waits, two calls per second at most for
/// all stacks together.
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
    apply_held(ctx, locked, journal, graph, options, &Free).await
}

/// The same, while stacks are held back by what they wait for outside of CloudFormation. All others
/// are worked on meanwhile.
///
/// # Errors
/// As [`apply`]; [`CfnError::Held`] when that is all that stands in the way.
pub async fn apply_held(
    ctx: &Ctx,
    locked: &Locked,
    journal: Option<&Journal>,
    graph: &StackGraph,
    options: &Options,
    hold: &dyn Hold,
) -> Result<Results, CfnError> {
    graph.check()?;
    let api = Api::new(&ctx.aws);
    let facts = Facts::read(&api, graph, &options.history).await?;
    let poller = Poller::new(&api);
    let work = Work { ctx, api: &api, poller: &poller, facts: &facts, locked, journal, options };
    ctx.events.send(EventKind::Graph { stacks: graph.stacks().map(described).collect() });
    let mut run = Run::new(work, graph, hold);
    run.finish().await;
    read_the_rest(work, run.rests).await;
    for name in run.schedule.skipped() {
        let why = match run.first_error {
            Some(CfnError::Held { .. }) => "a stack it depends on is not made yet",
            _ => "a stack it depends on failed",
        };
        ctx.events.step_done(step(name), Outcome::Skipped, why);
    }
    run.first_error.map_or(Ok(run.results), Err)
}

fn described(spec: &StackSpec) -> GraphStack {
    GraphStack {
        name: spec.name.to_string(),
        title: spec.title.clone(),
        step: step(&spec.name),
        needs: spec.depends_on.iter().map(StackName::to_string).collect(),
    }
}

/// A graph on its way.
struct Run<'a> {
    work: Work<'a>,
    graph: &'a StackGraph,
    hold: &'a dyn Hold,
    schedule: Schedule<StackName>,
    outputs: Outputs,
    results: Results,
    rests: Vec<Rest>,
    first_error: Option<CfnError>,
    detached: bool,
}

impl<'a> Run<'a> {
    fn new(work: Work<'a>, graph: &'a StackGraph, hold: &'a dyn Hold) -> Self {
        Self {
            work,
            graph,
            hold,
            schedule: Schedule::new(graph.edges(), work.ctx.concurrency.get()),
            outputs: Outputs::new(),
            results: Results::new(),
            rests: Vec::new(),
            first_error: None,
            detached: false,
        }
    }

    async fn finish(&mut self) {
        let (alone, stop) = (CancellationToken::new(), CancellationToken::new());
        let mut running = FuturesUnordered::new();
        let mut held = FuturesUnordered::new();
        loop {
            if self.work.ctx.cancel.is_cancelled() {
                self.first_error.get_or_insert(CfnError::Interrupted);
            }
            let goes_on = !self.work.ctx.cancel.is_cancelled() && !self.detached;
            if goes_on {
                for spec in self.schedule.start().iter().filter_map(|name| self.graph.get(name)) {
                    let outputs = self.outputs.clone();
                    match self.is_held(&spec.name) {
                        true => held.push(wait(self.hold, spec, outputs, &alone, &stop)),
                        false => {
                            let spec = Cow::Borrowed(spec);
                            running.push(one(self.work, self.graph, spec, outputs));
                        }
                    }
                }
            } else {
                stop.cancel();
            }
            if running.is_empty() {
                alone.cancel();
            }
            tokio::select! {
                Some((name, result)) = running.next() => self.ended(name, result),
                Some((spec, result)) = held.next() => match result {
                    Ok(values) => {
                        let mut spec = spec.clone();
                        spec.parameters.extend(values);
                        let (spec, outputs) = (Cow::Owned(spec), self.outputs.clone());
                        running.push(one(self.work, self.graph, spec, outputs));
                    }
                    Err(error) => self.not_made(&spec.name, error),
                },
                // Who holds a stack may not look at the run: it is let go at the next turn.
                () = self.work.ctx.cancel.cancelled(), if goes_on && !held.is_empty() => {}
                else => return,
            }
        }
    }

    /// Whether a stack waits for something outside of CloudFormation.
    fn is_held(&self, name: &StackName) -> bool {
        let next = self.work.facts.get(name).map(|found| found.stack.status.next_action());
        let is_new = matches!(next, None | Some(NextAction::Create | NextAction::Recreate));
        self.hold.concerns(name, is_new)
    }

    fn not_made(&mut self, name: &StackName, error: CfnError) {
        self.work.ctx.events.step_done(step(name), Outcome::Skipped, error.to_string());
        self.schedule.end(name, Ended::Badly);
        self.first_error.get_or_insert(error);
    }

    fn ended(&mut self, name: StackName, result: Result<Converged, CfnError>) {
        match result {
            Ok(Converged { result, rest }) => {
                self.schedule.end(&name, Ended::Well);
                (self.work.options.on_done)(&name, &result.outputs);
                self.outputs.insert(name.clone(), result.outputs.clone());
                self.results.insert(name, result);
                self.rests.extend(rest);
            }
            Err(error) => {
                self.schedule.end(&name, Ended::Badly);
                self.detached |= matches!(error, CfnError::Detached { .. });
                // A failure says more than that something waits.
                if matches!(self.first_error, None | Some(CfnError::Held { .. })) {
                    self.first_error = Some(error);
                }
            }
        }
    }
}

/// Waits for what holds a stack, until nothing more is started.
async fn wait<'a>(
    hold: &dyn Hold,
    spec: &'a StackSpec,
    outputs: Outputs,
    alone: &CancellationToken,
    stop: &CancellationToken,
) -> (&'a StackSpec, Result<Values, CfnError>) {
    let result = tokio::select! {
        () = stop.cancelled() => Err(CfnError::Interrupted),
        waited = hold.wait(&spec.name, &outputs, alone) => {
            waited.map_err(|why| CfnError::Held { stack: spec.name.clone(), why })
        }
    };
    (spec, result)
}

/// Applies one stack and reports it as a step.
async fn one(
    work: Work<'_>,
    graph: &StackGraph,
    spec: Cow<'_, StackSpec>,
    outputs: Outputs,
) -> (StackName, Result<Converged, CfnError>) {
    let (name, events) = (spec.name.clone(), &work.ctx.events);
    events.step_expected(step(&name), format!("{} ({name})", spec.title), estimate(work, &name));
    let begin = Instant::now();
    let result = work.converge(graph, &spec, &outputs).await;
    match &result {
        Ok(Converged { result, .. }) => {
            events.step_done(step(&name), result.outcome, detail(result.outcome, begin));
        }
        Err(error) => events.step_done(step(&name), Outcome::Failed, error.to_string()),
    }
    (name, result)
}

/// Seconds that the stack will take, as far as history knows.
fn estimate(work: Work<'_>, name: &StackName) -> Option<u64> {
    let known = work.facts.get(name).is_some();
    let operation = if known { Operation::Update } else { Operation::Create };
    let expected = work.options.history.expected(operation, name.as_str())?;
    Some(expected.as_secs_f64().ceil() as u64)
}

fn detail(outcome: Outcome, begin: Instant) -> String {
    match outcome {
        Outcome::Unchanged => "nothing to change".to_owned(),
        _ => format!("done in {:.1} s", begin.elapsed().as_secs_f64()),
    }
}

/// Reads what is left of the events when nobody waits any more: for the record, for the history,
/// and for what an update could not remove.
async fn read_the_rest(work: Work<'_>, rests: Vec<Rest>) {
    let read = rests.into_iter().map(|mut rest| async move {
        // The work is done: without its last events the record is only less complete.
        if rest.trail.read(work.ctx, work.api).await.is_ok() {
            if let Some(took) = rest.trail.took() {
                work.options.history.note(rest.verb, rest.stack.as_str(), took);
            }
            orphans::warn(work.ctx, &rest.stack, rest.trail.events());
        }
    });
    stream::iter(read).buffer_unordered(READ_AT_ONCE).collect::<Vec<()>>().await;
}

#[cfg(test)]
mod tests;
