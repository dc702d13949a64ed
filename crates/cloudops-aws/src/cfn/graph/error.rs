//! Why a graph cannot be worked on.

use crate::{
    cfn::{consent::Capability, template::TemplateError},
    diagnose::{Class, Diagnose},
    ids::StackName,
};

/// A graph that cannot be worked on. Nothing has been changed.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// A template is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Two stacks have the same name.
    #[error("two stacks are named {0}")]
    Duplicate(StackName),
    /// A stack depends on one that is not there.
    #[error("stack {stack} depends on {missing}, which is not among the stacks")]
    UnknownDependency {
        /// Stack.
        stack: StackName,
        /// What it names.
        missing: StackName,
    },
    /// Stacks depend on each other in a circle.
    #[error("these stacks depend on each other in a circle: {}", .0.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", "))]
    Cycle(Vec<StackName>),
    /// A parameter is given that the template does not have.
    #[error("stack {stack}: {template} has no parameter `{parameter}`")]
    UnknownParameter {
        /// Stack.
        stack: StackName,
        /// Template.
        template: String,
        /// Parameter.
        parameter: String,
    },
    /// A parameter has no value, and nothing it depends on gives one.
    #[error("stack {stack}: nothing gives the parameter `{parameter}` of {template} a value")]
    NoValue {
        /// Stack.
        stack: StackName,
        /// Template.
        template: String,
        /// Parameter.
        parameter: String,
    },
    /// Data would be lost when the resource leaves its stack.
    #[error(
        "{place}: {logical_id} ({resource_type}) of stack {stack} holds data, and its {attribute} does not keep it"
    )]
    Unprotected {
        /// Stack.
        stack: StackName,
        /// Where the resource stands in the template.
        place: String,
        /// Logical id.
        logical_id: String,
        /// Type.
        resource_type: String,
        /// `DeletionPolicy` or `UpdateReplacePolicy`.
        attribute: &'static str,
    },
    /// The template needs a capability that the graph does not have.
    #[error("{place}: stack {stack} needs {}: {what}", .capability.name())]
    MissingCapability {
        /// Stack.
        stack: StackName,
        /// Where in the template.
        place: String,
        /// Why, as a clause.
        what: String,
        /// The capability.
        capability: Capability,
    },
    /// A parameter's value is not allowed.
    #[error("stack {stack}: parameter `{parameter}` ({place}) = `{value}`: {reason}")]
    BadValue {
        /// Stack.
        stack: StackName,
        /// Parameter.
        parameter: String,
        /// Where the parameter stands in the template.
        place: String,
        /// Value.
        value: String,
        /// Why not, as a sentence.
        reason: String,
    },
}

impl Diagnose for GraphError {
    fn class(&self) -> Class {
        match self {
            Self::BadValue { .. }
            | Self::Template(_)
            | Self::Unprotected { .. }
            | Self::MissingCapability { .. } => Class::Configuration,
            _ => Class::Bug,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::BadValue { .. } => vec!["Correct the setting it comes from.".to_owned()],
            Self::Unprotected { attribute, .. } => {
                vec![format!("Add `{attribute}: Retain` or `{attribute}: Snapshot`.")]
            }
            _ => Vec::new(),
        }
    }
}
