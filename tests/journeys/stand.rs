//! What every journey does first and last: set a stage of its own, and take it down.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cloudops_e2e::emulator::ProxyClient;
use cloudops_e2e::proxy::{Held, Release, Rule};
use cloudops_e2e::rehearsal::instance::Instance;
use cloudops_e2e::rehearsal::program::{Finished, Running};
use cloudops_e2e::rehearsal::stage::Stage;
use cloudops_e2e::rehearsal::{Kit, left_running};

/// How long a journey waits for a call that it wants to hold.
const HELD_LIMIT: Duration = Duration::from_secs(180);
/// How long a command may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(240);

/// The kit that `cargo xtask test` describes.
pub(crate) fn kit() -> Kit {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    Kit::from_environment(&fixtures).unwrap()
}

/// An empty folder for a journey. What an earlier, killed run of it left is ended first; its
/// files stay until then, so that a failure can be looked into.
pub(crate) async fn work(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("journey")
        .join(name);
    left_running::clean(&folder).await.unwrap();
    if folder.exists() {
        fs_err::remove_dir_all(&folder).unwrap();
    }
    fs_err::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a journey on a stage, which is taken down also when the journey fails.
pub(crate) async fn with_stage<F>(name: &str, journey: impl FnOnce(Arc<Stage>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let stage = Arc::new(Stage::set(&kit(), &work(name).await).await.unwrap());
    // A task of its own, so that a panic comes back as a value.
    let result = tokio::spawn(journey(Arc::clone(&stage))).await;
    if let Ok(stage) = Arc::try_unwrap(stage) {
        stage.close().await;
    }
    if let Err(error) = result {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Runs a command that has to end with this exit code.
pub(crate) async fn ends(instance: &Instance, line: &str, code: i32) -> Finished {
    let finished = instance.run(line).await.unwrap();
    assert_ended(&finished, code);
    finished
}

pub(crate) fn assert_ended(finished: &Finished, code: i32) {
    let (line, found) = (&finished.command, finished.code);
    let (seconds, text) = (finished.elapsed.as_secs(), finished.text());
    assert_eq!(
        found, code,
        "`{line}` ended with {found} after {seconds} s:\n{text}"
    );
}

/// Starts a command and waits until the call that `rule` describes is held.
pub(crate) async fn held_at(
    proxy: &ProxyClient,
    instance: &Instance,
    line: &str,
    rule: &Rule,
) -> (Running, Held) {
    proxy.hold(rule).await.unwrap();
    let mut running = instance.start(line).unwrap();
    let held = tokio::select! {
        held = proxy.held(HELD_LIMIT) => held.unwrap().into_iter().next(),
        ended = running.ended() => panic!("`{line}` ended before {rule:?}: {ended:?}"),
    };
    let Some(held) = held else {
        let finished = running.kill().await.unwrap();
        panic!("`{line}` never came to {rule:?}:\n{}", finished.text());
    };
    (running, held)
}

/// Kills a command at the call that `rule` describes, as a power cut would.
pub(crate) async fn killed_at(proxy: &ProxyClient, instance: &Instance, line: &str, rule: &Rule) {
    let (running, held) = held_at(proxy, instance, line, rule).await;
    let finished = running.kill().await.unwrap();
    assert_eq!(finished.code, 137, "killed at {held:?}");
    // The call's client is gone: whatever still waits there must not go on.
    proxy.release(None, Release::Drop).await.unwrap();
}
