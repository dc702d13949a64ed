//! Termination protection: CloudFormation refuses to delete a stack.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};

use super::{
    api::Api,
    error::CfnError,
    observe::{self, Observed},
    status::StackStatus,
};
use crate::{ctx::Ctx, events::Outcome, ids::StackName, state::lock::Locked};

/// Stacks that are looked at once.
const AT_ONCE: usize = 8;

/// What a deletion does with stacks that are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protected {
    /// Nothing is deleted when one of the stacks is protected.
    Refuse,
    /// The caller has asked a person: protection is taken off, then the stack is deleted.
    TakeOff,
}

/// Puts termination protection on stacks, or takes it off, where it differs
/// (`UpdateTerminationProtection`). Gives back the names of those that were changed. Stacks that
/// are being deleted are left alone.
///
/// # Errors
/// [`CfnError::Lock`] when the lock is lost, [`CfnError::Aws`]; the same call goes on where this
/// one stopped.
pub async fn set(
    ctx: &Ctx,
    locked: &Locked,
    stacks: &[Observed],
    on: bool,
) -> Result<Vec<StackName>, CfnError> {
    let api = Api::new(&ctx.aws);
    let mut changed = Vec::new();
    for stack in stacks.iter().filter(|stack| differs(stack, on)) {
        locked.check()?;
        let (step, name) = (format!("protection/{}", stack.name), &stack.name);
        ctx.events.step(&step, format!("termination protection of {name}"));
        if let Err(error) = api.protect(name, on).await {
            ctx.events.step_done(&step, Outcome::Failed, error.to_string());
            return Err(error);
        }
        ctx.events.step_done(&step, Outcome::Done, if on { "put on" } else { "taken off" });
        changed.push(name.clone());
    }
    Ok(changed)
}

fn differs(stack: &Observed, on: bool) -> bool {
    let goes = matches!(stack.status, StackStatus::DeleteInProgress | StackStatus::DeleteComplete);
    // A nested stack has the protection of its root, and none of its own.
    stack.termination_protection != on && stack.root.is_none() && !goes
}

/// Refuses to delete any of the stacks when one of them is protected (`DescribeStacks`).
pub(super) async fn refuse(
    ctx: &Ctx,
    stacks: &BTreeMap<StackName, BTreeSet<StackName>>,
) -> Result<(), CfnError> {
    let looks = stacks.keys().map(|name| observe::stack(ctx, name));
    let found: Vec<Option<Observed>> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    let found = found.into_iter().flatten();
    let protected: Vec<StackName> =
        found.filter(|stack| differs(stack, false)).map(|stack| stack.name).collect();
    if protected.is_empty() { Ok(()) } else { Err(CfnError::Protected { stacks: protected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protection_differs_in_both_directions_and_not_on_stacks_that_go() {
        let mut stack = Observed::for_tests("acme-live-data");
        assert!(differs(&stack, true) && !differs(&stack, false));
        stack.termination_protection = true;
        assert!(differs(&stack, false) && !differs(&stack, true));
        stack.status = StackStatus::DeleteInProgress;
        assert!(!differs(&stack, false));
        let mut nested = Observed::for_tests("acme-live-nested");
        nested.root = Some("arn:acme-live".to_owned());
        assert!(!differs(&nested, true));
    }
}
