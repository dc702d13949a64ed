//! The rehearsal: from an empty account to a running commerce environment and back, with the
//! unchanged programs as separate processes.
//!
//! | file | holds |
//! |---|---|
//! | [`kit`] | what a rehearsal needs to be given: programs, tools, fixtures |
//! | [`stage`] | what stands around the programs: the local AWS, the base image, the work folder |
//! | [`instance`] | one `cloudops.yaml` with its folder, and the programs run in it |
//! | [`build_server`] | the stand-in for Jenkins |
//! | [`program`] | one program as a process: streamed, timed, interrupted or killed |
//! | [`inventory`] | an independent client's view of AWS |
//! | [`storefront`] | an answer of the storefront, through the load balancer's port |
//! | [`tour`] | the steps as they are printed, timed and checked |
//! | `journey` | what the steps are |
//! | [`outcome`] | the summary, for people and for programs |
//! | [`left_running`] | what `--keep` leaves and `--clean` ends |
//!
//! The pieces are public because the journey tests use them one by one.

pub mod build_server;
mod distribution;
mod error;
pub mod instance;
pub mod inventory;
pub mod jenkins_image;
mod journey;
pub mod kit;
pub mod left_running;
pub mod outcome;
pub mod printer;
mod process;
pub mod program;
mod programs;
mod run;
mod skopeo;
pub mod stage;
pub mod storefront;
mod summary;
pub mod tour;

pub use error::RehearsalError;
pub use kit::Kit;
pub use outcome::Outcome;
pub use run::{Component, Options, Runner, run};
