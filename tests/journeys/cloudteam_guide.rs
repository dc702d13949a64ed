//! The commands of the guide to CloudTeam do what it says.

use std::path::{Path, PathBuf};

use cloudops_e2e::rehearsal::stage::Stage;

use crate::stand::{ends, kit, work};

/// A program of this machine.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name));
    found.into_iter().find(|file| file.is_file()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_to_cloudteam_is_true() {
    let mut stage = Stage::set(&kit(), &work("cloudteam-guide").await).await.unwrap();
    stage.start_build_server().await.unwrap();
    let instance = stage.instance("acme", 70).await.unwrap();
    ends(&instance, "cloudcore init", 0).await;
    let server = stage.build_server.as_ref().unwrap();
    server.inject_password(&stage.inventory().unwrap(), "acme").await.unwrap();
    let lock = fs_err::read_to_string(instance.folder.join("jenkins/plugins.lock")).unwrap();
    server.install(&lock).unwrap();

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
    stage.close().await;
    tried.unwrap();
}
