//! What runs learn about stacks, kept from one to the next: `v1/durations.json`.

use super::store::{Document, StateError, Store};
use crate::{
    cfn::history::{History, Learnt},
    ctx::Ctx,
};

const KEY: &str = "v1/durations.json";

impl Document for Learnt {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "what earlier runs learnt";
}

/// The history of an instance. One that cannot be read is an empty one: a run only looks more
/// often then, and estimates nothing.
pub async fn load(ctx: &Ctx, store: &Store) -> History {
    match store.get::<Learnt>(KEY).await {
        Ok(found) => History::new(found.map(|found| found.value).unwrap_or_default()),
        Err(error) => {
            ctx.events.warn(format!("estimates are not available: {error}"));
            History::default()
        }
    }
}

/// Keeps what a run has noted. When another run keeps its own at the same moment, the stacks that
/// both know are taken from this one.
pub async fn keep(ctx: &Ctx, store: &Store, history: &History) {
    if let Err(error) = try_keep(store, history).await {
        ctx.events.warn(format!("durations were not kept for later estimates: {error}"));
    }
}

async fn try_keep(store: &Store, history: &History) -> Result<(), StateError> {
    let found = store.get::<Learnt>(KEY).await?;
    let (before, seen) = match found {
        Some(found) => (found.value, Some(found.etag)),
        None => (Learnt::default(), None),
    };
    let mut all = before.clone();
    let Learnt { stacks, templates } = history.learnt();
    all.stacks.extend(stacks);
    all.templates.extend(templates);
    if all == before {
        return Ok(());
    }
    match store.put(KEY, &all, seen.as_ref()).await {
        // The other run's are as good.
        Ok(_) | Err(StateError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
