//! Gets stacks out of statuses in which an ordinary run refuses to touch them: shown first, then
//! done.

mod remedy;

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

pub use remedy::{Remedy, ResourceState, remedy};

use super::{
    api::Api,
    drift,
    error::CfnError,
    gate,
    nested::{self, Member},
    observe::{self, Observed, Scope},
    poll::Poller,
    status::StackStatus,
    watch::{self, Ended, Operation},
};
use crate::{
    ctx::Ctx,
    events::Outcome,
    ids::StackName,
    state::{journal::Journal, lock::Locked},
};

/// Stacks that are looked at, or repaired, at once.
const AT_ONCE: usize = 8;

/// A stack and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stack.
    pub stack: StackName,
    /// Its status.
    pub status: &'static str,
    /// CloudFormation's reason for it.
    pub reason: Option<String>,
    /// What to do.
    pub remedy: Remedy,
    /// Data resources in it that a deletion would part with, unless their policies keep them.
    pub data: Vec<String>,
}

/// What became of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// Stack.
    pub stack: StackName,
    /// Its status now.
    pub status: &'static str,
    /// Resources that were skipped or left behind: they may differ from their template.
    pub skipped: BTreeSet<String>,
    /// How what was skipped differs from the template.
    pub drifted: Vec<drift::ResourceDrift>,
}

/// What a repair would do (`DescribeStacks`, `DescribeStackResources`), for the stacks of a
/// scope: those with nothing to do are left out.
///
/// # Errors
/// [`CfnError`].
pub async fn plan(ctx: &Ctx, scope: &Scope) -> Result<Vec<Finding>, CfnError> {
    let api = Api::new(&ctx.aws);
    let stacks = Observed::without_nested_ones(observe::in_scope(ctx, scope).await?);
    let looks = stacks.into_iter().map(|stack| finding(&api, stack));
    let all: Vec<Finding> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    Ok(all.into_iter().filter(|finding| finding.remedy != Remedy::Nothing).collect())
}

async fn finding(api: &Api, stack: Observed) -> Result<Finding, CfnError> {
    let first = remedy(stack.status, &[]);
    let root = stack.root_name().filter(|_| first != Remedy::Nothing);
    let members = match first {
        Remedy::Nothing | Remedy::Watch | Remedy::DeleteShell => Vec::new(),
        _ => nested::members(api, &stack.name).await?,
    };
    let data = members.iter().filter(|one| gate::holds_data(&one.state.resource_type));
    Ok(Finding {
        status: stack.status.name(),
        reason: stack.reason,
        remedy: root
            .map_or_else(|| remedy_of(stack.status, &members), |root| Remedy::OfRoot { root }),
        data: data.map(|one| one.path.clone()).collect(),
        stack: stack.name,
    })
}

/// The remedy, with what is stuck in nested stacks by the name that it is skipped by.
fn remedy_of(status: StackStatus, members: &[Member]) -> Remedy {
    if status == StackStatus::UpdateRollbackFailed {
        remedy(status, &nested::skippable(members))
    } else {
        remedy(status, &nested::own(members))
    }
}

/// Does what was shown, stack by stack, side by side.
///
/// # Errors
/// The first [`CfnError`], after all stacks that could be repaired are.
pub async fn repair(
    ctx: &Ctx,
    locked: &Locked,
    journal: Option<&Journal>,
    findings: &[Finding],
) -> Result<Vec<Repaired>, CfnError> {
    let api = Api::new(&ctx.aws);
    let poller = Poller::new(&api);
    let work = Work { ctx, api: &api, poller: &poller, locked, journal };
    // Collected, so that who calls this may spawn it: see `plan`.
    let repairs: Vec<_> = findings.iter().map(|finding| work.one(finding)).collect();
    let all: Vec<_> = stream::iter(repairs).buffered(AT_ONCE).collect().await;
    all.into_iter().collect()
}

#[derive(Clone, Copy)]
struct Work<'a> {
    ctx: &'a Ctx,
    api: &'a Api,
    poller: &'a Poller,
    locked: &'a Locked,
    journal: Option<&'a Journal>,
}

impl Work<'_> {
    async fn one(self, finding: &Finding) -> Result<Repaired, CfnError> {
        let (name, events) = (&finding.stack, &self.ctx.events);
        let key = format!("repair/{name}");
        events.step(&key, format!("{name}: {}", finding.remedy));
        let result = self.carry_out(finding, &key).await;
        match &result {
            Ok(repaired) => events.step_done(&key, Outcome::Done, repaired.status),
            Err(error) => events.step_done(&key, Outcome::Failed, error.to_string()),
        }
        result
    }

    async fn carry_out(self, finding: &Finding, key: &str) -> Result<Repaired, CfnError> {
        self.locked.check()?;
        let name = &finding.stack;
        let found = self.api.describe(name, None).await?.map(Observed::read).transpose()?;
        let Some(found) = found.filter(|found| found.status.name() == finding.status) else {
            let what = format!("stack {name} is no longer in {}", finding.status);
            return Err(CfnError::StalePlan { what });
        };
        found.must_not_be_nested()?;
        if let Some(journal) = self.journal {
            journal.intent(key, &self.ctx.token(key)).await?;
        }
        let repaired = self.act(&finding.remedy, &found, key).await;
        if let Some(journal) = self.journal {
            match &repaired {
                Ok(repaired) => journal.done(key, repaired.status).await?,
                Err(error) => journal.failed(key, &error.to_string()).await?,
            }
        }
        repaired
    }

    async fn act(self, remedy: &Remedy, found: &Observed, key: &str) -> Result<Repaired, CfnError> {
        let name = &found.name;
        let nothing = BTreeSet::new();
        let (ended, skipped) = match remedy {
            Remedy::OfRoot { .. } => {
                // Seen as nested when it was planned; the stack of that name is another one now.
                let what = format!("stack {name} is no longer nested");
                return Err(CfnError::StalePlan { what });
            }
            Remedy::Nothing => return Ok(repaired(found, nothing)),
            Remedy::Refuse { recipe } => {
                return Err(CfnError::Irreparable { stack: name.clone(), recipe });
            }
            Remedy::Watch => (self.watch(found, None).await?, nothing),
            Remedy::DeleteShell => (self.delete(found, key, &nothing).await?, nothing),
            Remedy::DeleteRemains { retain } => {
                (self.delete(found, key, retain).await?, retain.clone())
            }
            Remedy::RollBack => {
                let token = self.ctx.token(key);
                self.api.roll_back(name, &token).await?;
                (self.watch(found, Some(&token)).await?, nothing)
            }
            Remedy::ContinueRollback { skip } => self.go_on_undoing(found, key, skip).await?,
            Remedy::DeleteAgain { retain } => self.delete_again(found, key, retain).await?,
        };
        self.judge(remedy, ended, skipped).await
    }

    /// First with nothing skipped: the cause may be gone.
    async fn go_on_undoing(
        self,
        found: &Observed,
        key: &str,
        skip: &BTreeSet<String>,
    ) -> Result<(Ended, BTreeSet<String>), CfnError> {
        let token = self.ctx.token(key);
        self.api.continue_rollback(&found.name, &BTreeSet::new(), &token).await?;
        let ended = self.watch(found, Some(&token)).await?;
        if ended.stack.status != StackStatus::UpdateRollbackFailed || skip.is_empty() {
            return Ok((ended, BTreeSet::new()));
        }
        // What fails now may be other resources than before.
        let members = nested::members(self.api, &found.name).await?;
        let Remedy::ContinueRollback { skip } = remedy_of(ended.stack.status, &members) else {
            return Ok((ended, BTreeSet::new()));
        };
        let token = self.ctx.token(&format!("{key}/skip"));
        self.api.continue_rollback(&found.name, &skip, &token).await?;
        Ok((self.watch(&ended.stack, Some(&token)).await?, skip))
    }

    async fn delete_again(
        self,
        found: &Observed,
        key: &str,
        retain: &BTreeSet<String>,
    ) -> Result<(Ended, BTreeSet<String>), CfnError> {
        let ended = self.delete(found, key, &BTreeSet::new()).await?;
        if ended.stack.status == StackStatus::DeleteComplete || retain.is_empty() {
            return Ok((ended, BTreeSet::new()));
        }
        let resources = self.api.resources_of(&found.name, found.name.as_str()).await?;
        let Remedy::DeleteAgain { retain } = remedy(ended.stack.status, &resources) else {
            return Ok((ended, BTreeSet::new()));
        };
        let last = self.delete(&ended.stack, &format!("{key}/retain"), &retain).await?;
        Ok((last, retain))
    }

    async fn delete(
        self,
        found: &Observed,
        key: &str,
        retain: &BTreeSet<String>,
    ) -> Result<Ended, CfnError> {
        let token = self.ctx.token(key);
        self.api.delete_retaining(&found.name, retain, &token).await?;
        self.watch(found, Some(&token)).await
    }

    async fn watch(self, found: &Observed, token: Option<&str>) -> Result<Ended, CfnError> {
        let operation = Operation {
            stack: &found.name,
            id: &found.id,
            token,
            before: token.map(|_| found),
            expected: None,
            black_box: None,
        };
        watch::until_settled(self.ctx, self.api, self.poller, operation).await
    }

    /// Whether the stack is now as the remedy promised; what was skipped is compared.
    async fn judge(
        self,
        remedy: &Remedy,
        ended: Ended,
        skipped: BTreeSet<String>,
    ) -> Result<Repaired, CfnError> {
        let status = ended.stack.status;
        let good = match remedy {
            Remedy::Watch => true,
            Remedy::RollBack | Remedy::ContinueRollback { .. } => status.is_rolled_back(),
            _ => status == StackStatus::DeleteComplete,
        };
        if !good {
            return Err(ended.failure(None));
        }
        let mut result = repaired(&ended.stack, skipped);
        if !result.skipped.is_empty() && status != StackStatus::DeleteComplete {
            let found = drift::stack(self.ctx, &ended.stack.name).await?;
            let members = nested::members(self.api, &ended.stack.name).await?;
            let paths = members.iter().filter(|one| result.skipped.contains(&one.skip_name));
            let paths: BTreeSet<&str> = paths.map(|one| one.path.as_str()).collect();
            let skipped = |one: &drift::ResourceDrift| paths.contains(one.logical_id.as_str());
            result.drifted = found.resources.into_iter().filter(skipped).collect();
        }
        Ok(result)
    }
}

fn repaired(stack: &Observed, skipped: BTreeSet<String>) -> Repaired {
    let (name, status) = (stack.name.clone(), stack.status.name());
    Repaired { stack: name, status, skipped, drifted: Vec::new() }
}
