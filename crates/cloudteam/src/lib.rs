//! CloudTeam: takes the commerce source distribution into a git repository, creates the jobs on
//! the build server, and builds and publishes the deployment package with them.
//!
//! The verbs are functions in [`ops`].

pub mod build;
pub mod error;
pub mod git;
pub mod jobs;
pub mod ops;
pub mod source;
