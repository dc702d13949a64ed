//! CloudCore: the foundation of an instance — network, bastion, build server, configuration
//! management, storage, DNS and certificates — as CloudFormation stacks.
//!
//! The verbs are functions in [`ops`]; what they want is computed, without any I/O, in
//! [`layout`], and drawn in [`diagram`].

pub mod build_server;
pub mod diagram;
pub mod doctor;
pub mod error;
pub mod layout;
pub mod ops;
