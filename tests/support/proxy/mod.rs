//! One HTTP process between the programs and the AWS emulator: it forwards what the emulator does
//! well, records every call, and is AWS where the emulator is not.
//!
//! A request is named ([`route`], [`rest`], [`s3`]), meets the faults and holds that were asked for
//! ([`rule`], [`rules`]), is answered by the proxy ([`cloudformation`], [`ecs`]) or forwarded ([`forward`]),
//! and recorded without its secrets ([`recording`], [`redact`]). The proxy's own API is described
//! in [`control`]. Beside it, [`dns`] answers for the hosted zones.
//!
//! **Images.** The emulator's registry hands out addresses with the emulator's own port
//! (`127.0.0.1:PORT/repository`), and so does the token's `proxyEndpoint`. They are passed on
//! unchanged: pushes, and the pulls of the container program, go straight to the emulator. One
//! address is then right for the programs, for the task definitions they write, and for the
//! container program. The registry's paths (`/v2/...`) work through the proxy's port too.

pub mod answer;
mod catalogue;
pub mod cloudformation;
pub mod control;
pub mod dns;
pub mod ecs;
pub mod forward;
pub mod recording;
pub mod redact;
pub mod rest;
pub mod route;
pub mod rule;
pub mod rules;
pub mod s3;
pub mod server;
mod service;
mod stacks;
mod tagging;
pub mod turns;
pub mod upstream;

pub use cloudformation::{FaultAction, FaultPhase, ResourceFault};
pub use recording::{AnsweredBy, Count, Record};
pub use rule::{Effect, Rule, When};
pub use rules::{Held, Release};
pub use server::{Options, Server, ServerError};
pub use stacks::Pace;

/// What is not AWS here: one sentence each, for the rehearsal's summary.
#[must_use]
pub fn simulated() -> Vec<String> {
    let mut all = ecs::simulated();
    all.extend(catalogue::simulated());
    all.extend(tagging::simulated());
    all.push("S3: keys with a path segment `.` or `..` arrive without it.".to_owned());
    all.extend(cloudformation::simulated());
    all.extend(dns::simulated());
    all
}
