//! Every document of every schema that was ever written can be read.
//!
//! A new schema number needs a migration and a fixture: today's form of the document. The older
//! fixtures stay as they are.

#![allow(clippy::unwrap_used, reason = "all of this is tests, also outside of test functions")]

use std::fmt::Debug;

use super::{
    build_server, environments, init, journal, lock, packages, releases, runs,
    store::{Document, decode},
};
use crate::cfn::history::Learnt;

/// `fixtures` are documents as the tools wrote them, of schema 1, 2, and so on.
pub(crate) fn check<T: Document + Debug>(fixtures: &[&str]) {
    assert_eq!(fixtures.len(), T::SCHEMA as usize, "{}: a fixture for each schema", T::WHAT);
    assert_eq!(fixtures.len(), T::MIGRATIONS.len() + 1, "{}: a migration between them", T::WHAT);
    for (schema, text) in (1_u64..).zip(fixtures) {
        let written: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(written["schema"], schema, "{}", T::WHAT);
        let document = decode::<T>("fixture", text.as_bytes()).unwrap();
        let mut today = serde_json::to_value(&document).unwrap();
        today["schema"] = T::SCHEMA.into();
        if schema == u64::from(T::SCHEMA) {
            assert_eq!(today, written, "{}: the newest fixture is what is written", T::WHAT);
        }
        // What an older document became is a good document of today.
        decode::<T>("fixture", today.to_string().as_bytes()).unwrap();
    }
}

#[test]
fn documents_of_every_schema_can_be_read() {
    check::<init::InitState>(&[include_str!("fixtures/init-1.json")]);
    check::<environments::Environment>(&[
        include_str!("fixtures/environment-1.json"),
        include_str!("fixtures/environment-2.json"),
    ]);
    check::<build_server::ServerImages>(&[include_str!("fixtures/build-server-1.json")]);
    check::<lock::Lease>(&[include_str!("fixtures/lease-1.json")]);
    check::<journal::Log>(&[include_str!("fixtures/journal-1.json")]);
    check::<runs::RunReport>(&[include_str!("fixtures/run-report-1.json")]);
    check::<releases::Release>(&[include_str!("fixtures/release-1.json")]);
    check::<Learnt>(&[include_str!("fixtures/learnt-1.json")]);
    check::<packages::PackageManifest>(&[include_str!("fixtures/package-1.json")]);
    check::<packages::PendingBuild>(&[include_str!("fixtures/pending-build-1.json")]);
    check::<packages::PackageBuild>(&[include_str!("fixtures/package-build-1.json")]);
}
