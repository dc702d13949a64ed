//! The commands of the guide to images do what it says, with a real registry and without AWS.

use std::path::Path;

use cloudops_e2e::rehearsal::{instance::Instance, stage::Stage};

use crate::plain_registry::PlainRegistry;
use crate::stand::{LIMIT, package, with_stage};

/// The registry of the guide.
const GUIDE: &str = "127.0.0.1:5000";

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_to_images_is_true() {
    with_stage("images-guide", |stage| async move {
        let instance = stage.instance("acme", 74).await.unwrap();
        guide(&stage, &instance).await;
    })
    .await;
}

async fn guide(stage: &Stage, instance: &Instance) {
    let built = instance.folder.join(package(stage, instance).await);
    let folder = instance.folder.join("builder");
    fs_err::create_dir_all(&folder).unwrap();
    fs_err::rename(built, folder.join("package.zip")).unwrap();
    fs_err::write(folder.join("notes.zip"), "these are notes").unwrap();
    fs_err::os::unix::fs::symlink(&stage.base_image, folder.join("base")).unwrap();
    let registry = PlainRegistry::start(&instance.folder).await;
    let address = registry.address.clone();

    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/images.md");
    let text = fs_err::read_to_string(guide).unwrap();
    assert!(text.contains(GUIDE));
    let guide = instance.folder.join("images.md");
    fs_err::write(&guide, text.replace(GUIDE, &address)).unwrap();
    let program = stage.kit.bin_dir.join("clouddeploy");
    let tried = tokio::task::spawn_blocking(move || {
        // The guide is run where its reader stands. Each journey is a process of its own.
        std::env::set_current_dir(folder).unwrap();
        let cases = trycmd::TestCases::new();
        cases.register_bin("clouddeploy", program);
        cases.timeout(LIMIT);
        cases.case(guide);
        // It runs when it is dropped, and panics when the guide is wrong.
        drop(cases);
    })
    .await;
    registry.stop().await;
    tried.unwrap();
}
