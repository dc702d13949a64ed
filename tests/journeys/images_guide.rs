//! The commands of the guide to images do what it says, with a real registry and without AWS.

use std::path::{Path, PathBuf};
use std::process::Stdio;

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

/// A folder with all that the builder alone needs: `package.zip` and `base`.
pub(crate) async fn ready_to_build(stage: &Stage, instance: &Instance) -> PathBuf {
    let built = instance.folder.join(package(stage, instance).await);
    let folder = instance.folder.join("builder");
    fs_err::create_dir_all(&folder).unwrap();
    fs_err::rename(built, folder.join("package.zip")).unwrap();
    fs_err::os::unix::fs::symlink(&stage.base_image, folder.join("base")).unwrap();
    folder
}

/// Builds all images in that folder, and gives what is told to programs.
pub(crate) async fn build_plain(
    stage: &Stage,
    folder: &Path,
    registry: &str,
    options: &str,
) -> serde_json::Value {
    let mut command = Command::new(stage.kit.program("clouddeploy"));
    let line = format!(
        "images build --package package.zip --base layout:base --registry {registry} \
         --output json {options}"
    );
    command.args(line.split_whitespace()).current_dir(folder);
    let (code, output, errors) = build(&mut command).await;
    assert_eq!(code, 0, "{errors}");
    serde_json::from_str(&output).unwrap()
}

/// Exit code, standard output and standard error.
pub(crate) async fn build(command: &mut Command) -> (i32, String, String) {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

async fn guide(stage: &Stage, instance: &Instance) {
    let folder = ready_to_build(stage, instance).await;
    fs_err::write(folder.join("notes.zip"), "these are notes").unwrap();
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
