//! The properties that a change touches.

use std::borrow::Cow;

use crate::cfn::changes::{PropertyDelta, ResourceDelta};

/// One property that a change touches, with its values where the change set has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property<'a> {
    /// Where it is: `Properties.EngineVersion`.
    pub(super) path: Cow<'a, str>,
    /// Value before.
    pub(super) before: Option<Cow<'a, str>>,
    /// Value afterwards.
    pub(super) after: Option<Cow<'a, str>>,
    /// CloudFormation's word for whether the resource is replaced for it: `Never`,
    /// `Conditionally` or `Always`.
    pub(super) requires_replacement: Option<Cow<'a, str>>,
}

/// The properties of a change. This is the one place that knows how a change set's details look
/// as a value of the engine.
pub(super) fn of(delta: &ResourceDelta) -> Vec<Property<'_>> {
    delta.changes.iter().map(property).collect()
}

fn property(change: &PropertyDelta) -> Property<'_> {
    Property {
        path: Cow::Borrowed(change.path.as_str()),
        before: change.before.as_deref().map(Cow::Borrowed),
        after: change.after.as_deref().map(Cow::Borrowed),
        requires_replacement: change.requires_replacement.as_deref().map(Cow::Borrowed),
    }
}
