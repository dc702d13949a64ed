//! CloudDeploy: container images from the deployment package, and the environments that run them.
//!
//! The verbs are functions in [`ops`]. What is pure stands apart: [`topology_file`] describes a
//! suite, [`image_plan`] turns a package into images, [`layout`] computes the stacks.

pub mod error;
pub mod image_plan;
pub mod layout;
pub mod ops;
pub mod topology_file;
