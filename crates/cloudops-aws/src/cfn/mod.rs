//! CloudFormation: templates, and the stack engine that plans, executes and watches stacks.
//!
//! A [`graph::StackGraph`] is the whole of what a tool wants. [`plan::plan`] says what would
//! change, [`apply::apply`] does it, [`delete::delete`] takes it away again, last stack first.

pub mod secret_properties;
pub mod template;
pub mod words;

#[cfg(feature = "stacks")]
mod advice;
#[cfg(feature = "stacks")]
mod api;
#[cfg(feature = "stacks")]
pub mod apply;
#[cfg(feature = "stacks")]
pub mod appraise;
#[cfg(feature = "stacks")]
pub mod attend;
#[cfg(feature = "stacks")]
mod cause;
#[cfg(feature = "stacks")]
mod change_set;
#[cfg(feature = "stacks")]
pub mod changes;
#[cfg(feature = "stacks")]
pub mod consent;
#[cfg(feature = "stacks")]
mod converge;
#[cfg(feature = "stacks")]
pub mod delete;
#[cfg(feature = "stacks")]
pub mod drift;
#[cfg(feature = "stacks")]
pub mod error;
#[cfg(feature = "stacks")]
mod facts;
#[cfg(feature = "stacks")]
mod family;
#[cfg(feature = "stacks")]
pub mod forecast;
#[cfg(feature = "stacks")]
pub mod gate;
#[cfg(feature = "stacks")]
pub mod graph;
#[cfg(feature = "stacks")]
pub mod history;
#[cfg(feature = "stacks")]
pub mod hold;
#[cfg(feature = "stacks")]
pub mod inputs;
#[cfg(feature = "stacks")]
mod inside;
#[cfg(feature = "stacks")]
mod limit;
#[cfg(feature = "stacks")]
pub mod names;
#[cfg(feature = "stacks")]
mod nested;
#[cfg(feature = "stacks")]
pub mod observe;
#[cfg(feature = "stacks")]
mod orphans;
#[cfg(feature = "stacks")]
mod pace;
#[cfg(feature = "stacks")]
pub mod plan;
#[cfg(feature = "stacks")]
pub mod plan_file;
#[cfg(feature = "stacks")]
mod policy;
#[cfg(feature = "stacks")]
mod poll;
#[cfg(feature = "stacks")]
pub mod protection;
#[cfg(feature = "stacks")]
mod quirks;
#[cfg(feature = "stacks")]
pub mod repair;
#[cfg(feature = "stacks")]
pub mod resolve;
#[cfg(feature = "stacks")]
mod schedule;
#[cfg(feature = "stacks")]
pub mod status;
#[cfg(feature = "stacks")]
mod stop;
#[cfg(feature = "stacks")]
mod trail;
#[cfg(feature = "stacks")]
mod watch;
#[cfg(feature = "stacks")]
pub mod wreck;
