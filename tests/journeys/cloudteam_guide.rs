//! The commands of the guide to CloudTeam do what it says.

use std::path::{Path, PathBuf};

use cloudops_e2e::rehearsal::{instance::Instance, stage::Stage};

use crate::stand::with_build_server;

/// A program of this machine.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name));
    found.into_iter().find(|file| file.is_file()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_to_cloudteam_is_true() {
    with_build_server("cloudteam-guide", 70, |stage, instance| async move {
        guide(&stage, &instance).await;
    })
    .await;
}

async fn guide(stage: &Stage, instance: &Instance) {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/cloudteam.md");
    let (folder, environment) = (instance.folder.clone(), instance.environment().to_vec());
    let bin_dir = stage.kit.bin_dir.clone();
    let tried = tokio::task::spawn_blocking(move || {
        // The guide is run where its reader stands. Each journey is a process of its own.
        std::env::set_current_dir(folder).unwrap();
        let cases = trycmd::TestCases::new();
        cases.register_bin("cloudteam", bin_dir.join("cloudteam"));
        cases.register_bin("git", program("git"));
        cases.register_bin("sed", program("sed"));
        for (name, value) in &environment {
            cases.env(name, value);
        }
        for (name, value) in [("NAME", "Ann"), ("EMAIL", "ann@shop.example.com")] {
            cases.env(format!("GIT_AUTHOR_{name}"), value);
            cases.env(format!("GIT_COMMITTER_{name}"), value);
        }
        cases.timeout(std::time::Duration::from_secs(240));
        cases.case(guide);
        // It runs when it is dropped, and panics when the guide is wrong.
        drop(cases);
    })
    .await;
    tried.unwrap();
}
