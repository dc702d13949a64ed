//! What every verb needs: the connection, where to report, and when to stop.

use std::num::NonZeroUsize;

use tokio_util::sync::CancellationToken;

use crate::{
    connect::Aws,
    events::{EventSink, Recording},
    ids::RunId,
};

/// First parameter of every operation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The connection to AWS.
    pub aws: Aws,
    /// Where work reports itself.
    pub events: EventSink,
    /// Cancelled when the run must stop at the next safe point.
    pub cancel: CancellationToken,
    /// The run, from which request tokens are derived.
    pub run: RunId,
    /// How many stacks are worked on at once.
    pub concurrency: NonZeroUsize,
    /// What was reported so far, from which a run is recorded ([`crate::state::runs`]).
    pub recording: Recording,
}

/// How many stacks are worked on at once, unless somebody says otherwise.
pub const CONCURRENCY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);

impl Ctx {
    /// A context of a new run.
    #[must_use]
    pub fn new(aws: Aws, events: EventSink, cancel: CancellationToken) -> Self {
        let (kept, recording) = EventSink::recording();
        Self {
            aws,
            events: events.and(kept),
            cancel,
            run: RunId::new(),
            concurrency: CONCURRENCY,
            recording,
        }
    }

    /// The same context with another number of stacks that are worked on at once.
    #[must_use]
    pub fn with_concurrency(self, concurrency: NonZeroUsize) -> Self {
        Self { concurrency, ..self }
    }

    /// The request token of a step: the same run and step give the same token, so that AWS
    /// recognizes a repeated request (at most 64 characters, as CloudFormation and ECS demand).
    #[must_use]
    pub fn token(&self, step: &str) -> String {
        let digest = crate::ids::Digest::of(step.as_bytes());
        format!("{}-{}", self.run, digest.short())
    }
}
