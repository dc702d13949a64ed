//! The journeys over the three unchanged programs, as separate processes, against the local AWS.
//!
//! `cargo xtask test --stage journey` gives them what they need.
#![allow(clippy::unwrap_used, reason = "all of this is tests, also outside of test functions")]

mod adopted_network;
mod bad_builds;
mod bad_foundation;
mod bad_input;
mod bad_repositories;
mod black_box;
mod build_server;
mod cloudteam_guide;
mod config;
mod destroy;
mod dns;
mod doctor;
mod encrypted_objects;
mod engine;
mod foundation;
mod held_out;
mod images_guide;
mod images_inputs;
mod images_of_releases;
mod images_readers;
mod images_registry;
mod images_same;
mod killed_deploy;
mod killed_init;
mod live;
mod lock;
mod nested;
mod network;
mod pipeline_jobs;
mod plain_registry;
mod stand;
mod whole;
