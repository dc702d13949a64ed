//! CloudDeploy: container images from the deployment package, and the environments that run them.
//!
//! The verbs are functions in [`ops`]. What is pure stands apart: [`topology`] describes a
//! suite, [`images`] turns a package into images, [`layout`] computes the stacks.

pub mod error;
pub mod images;
pub mod jobs;
pub mod layout;
pub mod ops;
pub mod topology;
