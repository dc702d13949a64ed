//! The harness of the journeys: the local AWS, the build server stand-in, the container program,
//! and the rehearsal that drives the unchanged programs through all of it.

#![allow(
    rustdoc::private_intra_doc_links,
    reason = "nobody depends on the harness: it is read in its source, where these links lead on"
)]

pub mod binary;
pub mod consul;
pub mod containers;
pub mod emulator;
pub mod git;
pub mod jenkins;
pub mod proxy;
pub mod rehearsal;
