//! Jenkins: the build server, over its documented HTTP protocol.
//!
//! The protocol is that of the [Remote Access API](https://www.jenkins.io/doc/book/using/remote-access-api/)
//! and of [CSRF Protection](https://www.jenkins.io/doc/book/security/csrf-protection/).
//!
//! - [`Jenkins`] is the connection: readiness, credentials, crumb and session.
//! - [`ItemPath`] names a job or folder; [`PipelineJob`] describes a job of ours; [`Owner`] marks it.
//! - [`Jenkins::apply_job`] brings a job to its definition, and never touches a job of others.
//! - [`Jenkins::trigger`], [`Jenkins::build_of`] and [`Jenkins::follow`] run a job and watch it;
//!   each can be repeated after a lost answer or a crash of the caller.

mod answer;
mod apply;
mod builds;
mod client;
mod definition;
mod error;
mod files;
mod follow;
mod history;
mod installed;
mod items;
mod jenkinsfile;
pub mod job_set;
mod job_xml;
mod jobs;
mod lines;
pub mod model;
mod path;
pub mod plugins;
mod queue;
mod queue_json;
mod ready;
mod relocate;
mod reports;
mod session;
mod stream;
pub mod xml;

#[cfg(test)]
mod tests;

pub use apply::{Applied, Owner};
pub use builds::{Artifact, Build, BuildOutcome, BuildResult};
pub use client::{Connect, Jenkins};
pub use error::JenkinsError;
pub use history::BuildSummary;
pub use items::ItemSummary;
pub use jenkinsfile::jenkinsfile;
pub use jobs::{
    Argument, Call, Checkout, CredentialsBinding, CredentialsKind, DefinitionError, Kind, Param,
    PipelineJob, Retention, Stage, Trigger,
};
pub use path::{ItemPath, PathError};
pub use queue::QueueItem;
pub use ready::Readiness;
pub use reports::{FailedTest, TestReport};

/// Parameter that every job of ours declares: it is unique for a run, and finds the build again
/// when the answer to a trigger or the queue item is lost.
pub const RUN_PARAMETER: &str = "CLOUDOPS_RUN";
