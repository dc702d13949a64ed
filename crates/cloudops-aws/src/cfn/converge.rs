//! Brings one stack into its wanted form: looks at it, and does the next safe thing.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::ChangeSetType;

use super::{
    api::Api,
    apply::{Options, StackResult},
    change_set::{self, ChangeSet, Purpose},
    changes::unplanned,
    error::CfnError,
    facts::{self, Facts, Found},
    gate,
    graph::{Outputs, StackGraph, StackSpec, Values},
    history::Operation as Verb,
    observe::Observed,
    plan::{self, StackChange},
    policy,
    poll::Poller,
    status::{NextAction, StackStatus},
    trail::Trail,
    watch::{self, Ended, Operation},
};
use crate::{
    ctx::Ctx,
    events::Outcome,
    ids::StackName,
    state::{journal::Journal, lock::Locked},
};

/// What work on a stack needs.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) api: &'a Api,
    pub(super) poller: &'a Poller,
    pub(super) facts: &'a Facts,
    pub(super) locked: &'a Locked,
    pub(super) journal: Option<&'a Journal>,
    pub(super) options: &'a Options,
}

/// What became of a stack, and the operation whose events may not all be read yet.
pub(super) struct Converged {
    pub(super) result: StackResult,
    pub(super) rest: Option<Rest>,
}

/// An operation that went well, to be read to its end when nobody waits any more.
pub(super) struct Rest {
    pub(super) trail: Trail,
    pub(super) verb: Verb,
    pub(super) stack: StackName,
}

impl Converged {
    fn unchanged(outcome: Outcome, outputs: BTreeMap<String, String>) -> Self {
        Self { result: StackResult { outcome, outputs }, rest: None }
    }
}

/// The key of a stack's step.
pub(super) fn step(name: &StackName) -> String {
    format!("stack/{name}")
}

impl Work<'_> {
    /// Looks at the stack and does the next safe thing, until it is in its wanted form.
    pub(super) async fn converge(
        self,
        graph: &StackGraph,
        spec: &StackSpec,
        outputs: &Outputs,
    ) -> Result<Converged, CfnError> {
        let mut outcome = Outcome::Unchanged;
        let mut known = self.facts.fresh(&spec.name);
        loop {
            self.locked.check()?;
            let found = match known.take() {
                Some(found) => found,
                None => self.look(&spec.name).await?,
            };
            found.as_ref().map_or(Ok(()), |found| facts::must_be_ours(spec, &found.stack))?;
            let values = graph.values(spec, outputs)?;
            let action = found.as_ref().map_or(NextAction::Create, Found::next_action);
            match (action, found) {
                (NextAction::Attach, Some(found)) => {
                    self.attach(&found.stack).await?;
                    outcome = Outcome::Done;
                }
                (NextAction::Recreate, Some(found)) => self.remove_remains(&found.stack).await?,
                (NextAction::Update, Some(found)) => {
                    return self.update(graph, spec, found, &values, outcome).await;
                }
                (NextAction::Refuse, Some(found)) => {
                    let (stack, status) = (spec.name.clone(), found.stack.status);
                    return Err(CfnError::Stuck { stack, status });
                }
                (_, found) => return self.create(graph, spec, found, &values).await,
            }
        }
    }

    async fn look(&self, name: &StackName) -> Result<Option<Found>, CfnError> {
        let found = self.api.describe(name, None).await?.map(Observed::read).transpose()?;
        found.as_ref().map_or(Ok(()), Observed::must_not_be_nested)?;
        Ok(found.map(|stack| Found { stack, template: None }))
    }

    /// Watches an operation that somebody began, whoever it was; what came of it is looked at anew.
    async fn attach(&self, found: &Observed) -> Result<Ended, CfnError> {
        self.ctx.events.note(format!("{} is in {}: watching it", found.name, found.status));
        self.watch(Operation {
            stack: &found.name,
            id: &found.id,
            token: None,
            before: None,
            expected: None,
            black_box: None,
        })
        .await
    }

    async fn watch(&self, operation: Operation<'_>) -> Result<Ended, CfnError> {
        watch::until_settled(self.ctx, self.api, self.poller, operation).await
    }

    /// Deletes what a first creation left that failed and was rolled back: nothing is in it.
    async fn remove_remains(&self, found: &Observed) -> Result<(), CfnError> {
        let name = &found.name;
        let note = format!("{name} failed when it was first created: deleting its remains");
        self.ctx.events.note(note);
        let token = self.ctx.token(&format!("remains/{name}"));
        self.api.delete(name, &token).await?;
        let operation = Operation {
            stack: name,
            id: &found.id,
            token: Some(&token),
            before: Some(found),
            expected: None,
            black_box: None,
        };
        let ended = self.watch(operation).await?;
        if ended.stack.status == StackStatus::DeleteComplete {
            return Ok(());
        }
        Err(ended.failure(None))
    }

    async fn create(
        self,
        graph: &StackGraph,
        spec: &StackSpec,
        shell: Option<Found>,
        values: &Values,
    ) -> Result<Converged, CfnError> {
        if let Some(shell) =
            shell.filter(|shell| shell.stack.status == StackStatus::ReviewInProgress)
        {
            change_set::delete_left_over(self.api, &shell.stack.name).await?;
        }
        let made = self.change_set(graph, spec, values, ChangeSetType::Create).await?;
        let Some(set) = made else {
            return Err(CfnError::Unexpected {
                stack: spec.name.clone(),
                what: "CloudFormation says that a new stack has no resources".to_owned(),
            });
        };
        self.ctx.events.plan(&BTreeMap::from([(&spec.name, plan::creation(spec))]));
        let created = self.execute(spec, &set, None).await?;
        if spec.termination_protection {
            self.api.protect(&spec.name, true).await?;
        }
        policy::protect_data(self.api, spec, &self.options.approvals).await?;
        Ok(self.done(spec, created, Verb::Create))
    }

    async fn update(
        self,
        graph: &StackGraph,
        spec: &StackSpec,
        found: Found,
        values: &Values,
        so_far: Outcome,
    ) -> Result<Converged, CfnError> {
        let so_far = if self.protect(spec, &found.stack).await? { Outcome::Done } else { so_far };
        let history = &self.options.history;
        let same = found.stack.has_inputs(spec, values)
            && facts::is_same(self.api, spec, &found, history).await?;
        if same {
            return Ok(Converged::unchanged(so_far, found.stack.outputs));
        }
        let made = self.change_set(graph, spec, values, ChangeSetType::Update).await?;
        let Some(set) = made else {
            return Ok(Converged::unchanged(so_far, found.stack.outputs));
        };
        if let Err(error) = self.admit(spec, &set) {
            change_set::delete(self.api, &spec.name, &set.id).await?;
            return Err(error);
        }
        let change = plan::update(spec, &found.stack, values, set.changes.clone());
        self.ctx.events.plan(&BTreeMap::from([(&spec.name, change)]));
        // The policy lets through what was approved, and is whole again afterwards.
        policy::protect_data(self.api, spec, &self.options.approvals).await?;
        let updated = self.execute(spec, &set, Some(&found.stack)).await?;
        if !self.options.approvals.is_empty() {
            policy::protect_data(self.api, spec, &gate::Approvals::default()).await?;
        }
        Ok(self.done(spec, updated, Verb::Update))
    }

    /// Puts termination protection on a stack that should have it and has not; says whether.
    async fn protect(&self, spec: &StackSpec, found: &Observed) -> Result<bool, CfnError> {
        if !spec.termination_protection || found.termination_protection {
            return Ok(false);
        }
        let name = &spec.name;
        let planned = self.options.planned.as_ref();
        if planned.is_some_and(|plan| !plan.protections.contains(name)) {
            let what = format!("termination protection of {name} is off, and was on");
            return Err(CfnError::StalePlan { what });
        }
        self.locked.check()?;
        self.api.protect(name, true).await?;
        self.ctx.events.note(format!("{name}: termination protection is on now"));
        Ok(true)
    }

    async fn change_set(
        &self,
        graph: &StackGraph,
        spec: &StackSpec,
        values: &Values,
        kind: ChangeSetType,
    ) -> Result<Option<ChangeSet>, CfnError> {
        let wanted = (kind, Purpose::Apply);
        change_set::make(self.ctx, self.api, graph, spec, values, wanted).await
    }

    /// The data gate; and what was planned, where there is a plan, is what is done.
    fn admit(&self, spec: &StackSpec, set: &ChangeSet) -> Result<(), CfnError> {
        gate::check(&spec.name, &set.changes, &self.options.approvals)?;
        let planned = self.options.planned.as_ref().and_then(|plan| plan.stacks.get(&spec.name));
        match planned {
            Some(StackChange::Update { changes, .. }) => match unplanned(changes, &set.changes) {
                None => Ok(()),
                Some(delta) => Err(CfnError::StalePlan {
                    what: format!(
                        "the change of {} in {} is another one",
                        delta.logical_id, spec.name
                    ),
                }),
            },
            Some(StackChange::Unchanged) => Err(CfnError::StalePlan {
                what: format!("stack {} has changes, and none were planned", spec.name),
            }),
            _ => Ok(()),
        }
    }

    /// Executes a change set and watches it to its end, with the intent in the journal first.
    async fn execute(
        &self,
        spec: &StackSpec,
        set: &ChangeSet,
        before: Option<&Observed>,
    ) -> Result<Ended, CfnError> {
        self.locked.check()?;
        let (name, key) = (&spec.name, step(&spec.name));
        let token = self.ctx.token(&key);
        if let Some(journal) = self.journal {
            journal.intent(&key, &token).await?;
        }
        let verb = if before.is_some() { Verb::Update } else { Verb::Create };
        change_set::execute(self.api, name, &set.id, &token).await?;
        let ended = self
            .watch(Operation {
                stack: name,
                id: &set.stack_id,
                token: Some(&token),
                before,
                expected: self.options.history.expected(verb, name.as_str()),
                black_box: Some(&self.options.black_box),
            })
            .await?;
        let result = if ended.stack.status.is_success() {
            Ok(ended)
        } else {
            Err(ended.failure(Some(&spec.template)))
        };
        if let Some(journal) = self.journal {
            match &result {
                Ok(ended) => journal.done(&key, ended.stack.status.name()).await?,
                Err(error) => journal.failed(&key, &error.to_string()).await?,
            }
        }
        result
    }

    fn done(&self, spec: &StackSpec, ended: Ended, verb: Verb) -> Converged {
        self.options.history.note_template(&ended.stack, &spec.template.digest());
        let outputs = ended.stack.outputs;
        let rest = Rest { trail: ended.trail, verb, stack: spec.name.clone() };
        let result = StackResult { outcome: Outcome::Done, outputs };
        Converged { result, rest: Some(rest) }
    }
}

impl Found {
    fn next_action(&self) -> NextAction {
        self.stack.status.next_action()
    }
}
