//! The properties that a change touches.

use std::borrow::Cow;

use crate::cfn::changes::ResourceDelta;

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
    let path_only = |path: &'_ String| Property {
        path: Cow::Owned(path.clone()),
        before: None,
        after: None,
        requires_replacement: None,
    };
    delta.properties.iter().map(path_only).collect()
}
