//! The protocol of the build server: what our client and our job definitions rely on.
//!
//! No test knows which server it talks to: the stand-in, a Jenkins that is started from
//! `JENKINS_WAR`, or one that runs at `CLOUDOPS_JENKINS_URL`; see `target`. So none looks at files
//! of the server, and each leaves nothing behind.
#![allow(clippy::unwrap_used, reason = "all of this is tests, also outside of test functions")]

mod access;
mod builds;
mod ci;
mod git;
mod items;
mod job_sets;
mod pipelines;
mod target;
mod war;
