//! What the CloudOps programs share, and what another tool may build on: AWS verbs, a stack engine
//! over CloudFormation, the one-time initialization state of an instance in S3 with lock and
//! journal, a Jenkins client, container images without a daemon, events and errors.
//!
//! The library never prints, never exits and never reads the environment. An operation takes a
//! [`ctx::Ctx`] first: the connection, where events go, how it is cancelled. What changes AWS
//! takes a [`state::lock::Locked`] too. Every error knows its exit code and what to do next
//! ([`diagnose::Diagnose`]).
//!
//! | you want to | look at | feature |
//! |---|---|---|
//! | connect | [`connect::Connect`], [`ctx::Ctx`], [`error::AwsError`] | `aws` |
//! | read a CloudFormation template and check it | [`cfn::template`] | always |
//! | plan, apply and delete stacks | [`cfn::graph`], [`cfn::plan`], [`cfn::apply`], [`cfn::delete`] | `stacks` |
//! | say what stacks would cost | [`cost`] | always |
//! | hold the lock, keep a journal, read and write state | [`state`] | `state` |
//! | record a run, list runs, make a page of one | [`state::runs`], [`run_page`] | `state` |
//! | read `cloudops.yaml` | [`config_file`] | always |
//! | know what outlives stacks, and delete it | [`remains`] | `remains` |
//! | drive a build server | [`jenkins`] | `jenkins` |
//! | build and push images | [`oci`] | `oci` |
//! | read a deployment package | [`package`] | `package` |
//! | use one area of AWS | [`network`], [`dns`], [`certs`], [`images`], [`containers`], [`database`], [`edge`], [`logs`], [`config`], [`secrets`], [`quotas`], [`rights`] | of the same name |
//! | follow what work does | [`events`] | always |
//! | wait for something | [`wait`] | always |
//!
//! # Where to begin
//!
//! Deploy two stacks, the second of which takes an output of the first, with an event sink of your
//! own (`examples/deploy_stacks.rs`; a whole tool is `examples/apply_graph.rs`):
//!
//! ```no_run
#![cfg_attr(feature = "stacks", doc = include_str!("../examples/deploy_stacks.rs"))]
//! ```
//!
//! Read what is set up in an instance: `examples/read_state.rs`. Hold its lock and keep a journal
//! while you work: `examples/hold_lock.rs`.
//!
//! Without default features nothing of the AWS SDK is built. The feature `terminal` holds what
//! the three programs share towards a person; it is off by default.

#[cfg(all(feature = "jenkins", feature = "state", feature = "secrets"))]
pub mod build_server;
#[cfg(feature = "certs")]
pub mod certs;
pub mod cfn;
#[cfg(feature = "aws")]
pub mod clock;
#[cfg(feature = "config")]
pub mod config;
pub mod config_file;
#[cfg(feature = "aws")]
pub mod connect;
#[cfg(feature = "containers")]
pub mod containers;
pub mod cost;
#[cfg(feature = "aws")]
pub mod ctx;
#[cfg(feature = "database")]
pub mod database;
pub mod diagnose;
#[cfg(feature = "dns")]
pub mod dns;
#[cfg(feature = "edge")]
pub mod edge;
#[cfg(feature = "aws")]
pub mod error;
pub mod events;
#[cfg(all(test, feature = "aws"))]
mod fake;
pub mod ids;
#[cfg(feature = "images")]
pub mod images;
#[cfg(feature = "jenkins")]
pub mod jenkins;
#[cfg(feature = "logs")]
pub mod logs;
#[cfg(feature = "network")]
pub mod network;
#[cfg(feature = "state")]
pub mod objects;
#[cfg(feature = "oci")]
pub mod oci;
#[cfg(feature = "package")]
pub mod package;
#[cfg(feature = "quotas")]
pub mod quotas;
pub mod redact;
#[cfg(feature = "remains")]
pub mod remains;
#[cfg(feature = "rights")]
pub mod rights;
#[cfg(feature = "state")]
pub mod run_page;
#[cfg(feature = "secrets")]
pub mod secrets;
#[cfg(feature = "sessions")]
pub mod sessions;
#[cfg(feature = "state")]
pub mod state;
#[cfg(feature = "terminal")]
pub mod terminal;
pub mod threads;
pub mod wait;
pub mod words;
