//! Images of a deployment package: what goes into which layer, and the layers themselves.
//!
//! Layers are ordered by how often they change, so that a release uploads and starts little:
//!
//! 1. the base image, with the Java runtime;
//! 2. Tomcat from the package, without web applications;
//! 3. third-party jars that several images share, one layer for each set of images that share
//!    them, and the service's own third-party jars;
//! 4. the suite's jars that several images share, and the service's own ([`jars`] has the rule
//!    that tells them from third-party jars);
//! 5. assets; start scripts and environment folders, which all images share;
//! 6. static content, and last classes and configuration of the web application.
//!
//! The main web application of a service is unpacked in `/ep/webapp`, whatever its context, so
//! that a jar has one path in all images and its layer is stored once. A symbolic link in Tomcat's
//! `webapps` gives it its context. Further web applications of a service are unpacked there.

mod assemble;
mod error;
pub mod jars;
mod model;
mod per_image;
mod plan;
mod runtime;
mod source;
mod target;
mod webapp;

pub use assemble::{AssembleOptions, Built, Provenance, assemble};
pub use error::ImageError;
pub use model::{BuildPlan, Item, LayerPlan};
pub use plan::plan;
pub use runtime::ImagePlan;
pub use target::{Kind, Target, targets};

#[cfg(test)]
mod tests;
