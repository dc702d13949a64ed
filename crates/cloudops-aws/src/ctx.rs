//! What every verb needs: the connection, where to report, and when to stop.

use tokio_util::sync::CancellationToken;

use crate::{connect::Aws, events::EventSink, ids::RunId};

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
}

impl Ctx {
    /// A context of a new run.
    #[must_use]
    pub fn new(aws: Aws, events: EventSink, cancel: CancellationToken) -> Self {
        Self { aws, events, cancel, run: RunId::new() }
    }

    /// The request token of a step: the same run and step give the same token, so that AWS
    /// recognizes a repeated request (at most 64 characters, as CloudFormation and ECS demand).
    #[must_use]
    pub fn token(&self, step: &str) -> String {
        let digest = crate::ids::Digest::of(step.as_bytes());
        format!("{}-{}", self.run, digest.short())
    }
}
