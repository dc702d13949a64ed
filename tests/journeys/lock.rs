//! A lock that is held, and Ctrl-C in the middle.

use cloudops_e2e::proxy::{Effect, Release, Rule};

use crate::stand::{LIMIT, assert_ended, ends, held_at, with_stage};

const INIT: &str = "cloudcore init";

#[tokio::test(flavor = "multi_thread")]
async fn a_held_lock_is_reported_and_an_interrupted_run_goes_on() {
    with_stage("lock", |stage| async move {
        let instance = stage.instance("acme", 60).await.unwrap();
        let proxy = &stage.emulator.proxy;
        let rule = Rule::new("cloudformation", "ExecuteChangeSet", Effect::Hold).only(3, 1);
        let (first, _) = held_at(proxy, &instance, INIT, &rule).await;

        // Only one hold is in force, so the second program meets none.
        let second = ends(&instance, INIT, 6).await.text();
        let process = first.id().unwrap().to_string();
        for word in
            ["cloudcore init", "rehearsal on ", " has held the lock `instance` since ", &process]
        {
            assert!(second.contains(word), "no `{word}` in:\n{second}");
        }

        first.interrupt().await.unwrap();
        proxy.release(None, Release::Go).await.unwrap();
        let first = first.finish(LIMIT, |_| {}).await.unwrap();
        assert_ended(&first, 130);

        ends(&instance, INIT, 0).await;
        let again = ends(&instance, INIT, 0).await.text();
        assert!(again.contains("nothing to change"), "{again}");
    })
    .await;
}
