//! What stacks wait for outside of CloudFormation before they are made.

use std::{collections::BTreeMap, fmt};

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::graph::Outputs;
use crate::{
    diagnose::{Class, Diagnose},
    ids::StackName,
};

/// Why a stack is not made yet: an error of whoever holds it.
#[derive(Debug)]
pub struct Held(Box<dyn Diagnose>);

impl Held {
    /// Keeps the class and the hints of an error.
    pub fn new(error: impl Diagnose) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Held {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl Diagnose for Held {
    fn class(&self) -> Class {
        self.0.class()
    }

    fn hints(&self) -> Vec<String> {
        self.0.hints()
    }
}

/// Holds stacks back until something outside of CloudFormation is done, such as an entry at a
/// registrar, or an image.
pub trait Hold: Sync {
    /// Whether this stack is held. `is_new` says that it does not exist yet.
    fn concerns(&self, stack: &StackName, is_new: bool) -> bool;

    /// Ends when the stack may be worked on, with values for parameters of it that are known only
    /// then; they take the place of those in the graph. `outputs` are those of the stacks it depends on, by stack,
    /// and of others that are done. `alone` is cancelled once no other stack is worked on: from
    /// then on the whole run waits for this.
    ///
    /// # Errors
    /// [`Held`] when the stack is not made in this run. Its dependants are not made either; all
    /// others are.
    fn wait<'a>(
        &'a self,
        stack: &'a StackName,
        outputs: &'a Outputs,
        alone: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Values, Held>>;
}

/// Values of parameters, by name.
pub type Values = BTreeMap<String, String>;

/// Holds nothing.
pub(super) struct Free;

impl Hold for Free {
    fn concerns(&self, _: &StackName, _: bool) -> bool {
        false
    }

    fn wait<'a>(
        &'a self,
        _: &'a StackName,
        _: &'a Outputs,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Values, Held>> {
        Box::pin(std::future::ready(Ok(Values::new())))
    }
}
