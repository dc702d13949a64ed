//! Builds: started, found, watched, stopped, kept.

use cloudops_aws::{
    events::EventSink,
    jenkins::{BuildOutcome, JenkinsError, Param, RUN_PARAMETER, Retention},
};
use reqwest::{Method, Response};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::ci::{Ci, PACE, until};

#[tokio::test]
async fn parameters_reach_the_script() {
    let ci = Ci::new().await;
    let mut job = ci.job("x", "set +x\necho \"<$TEXT> <$CHOICE> <$FLAG> <${OTHER:-none}>\"");
    job.parameters = vec![
        Param::text("TEXT", "default", ""),
        Param::choice("CHOICE", &["a", "b"], ""),
        Param::flag("FLAG", false, ""),
    ];
    ci.apply(&job).await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let hard = "it's \"$HOME\" `id` \\ ü";
    let given = [pair("TEXT", hard), pair("CHOICE", "b"), pair("OTHER", "dropped")];
    let item = ci.jenkins.trigger(&job.path, &given).await.unwrap();
    let build = ci.started(&item).await;
    let (result, log) = ci.follow(&build).await;
    assert_eq!(result.outcome, BuildOutcome::Success, "{log}");
    assert!(log.contains(&format!("<{hard}> <b> <false> <none>")), "{log}");
    let illegal = ci.jenkins.trigger(&job.path, &[pair("CHOICE", "c")]).await.unwrap_err();
    assert!(matches!(illegal, JenkinsError::Refused { .. }), "{illegal}");
    ci.finish().await;
}

#[tokio::test]
async fn a_run_is_built_once_and_found_again() {
    let ci = Ci::new().await;
    let mut job = ci.job("x", "mkdir -p out\nprintf 'gr\\303\\274n' > out/a.txt\necho ende");
    job.artifacts = Some("out/*".to_owned());
    ci.apply(&job).await;
    let item = ci.trigger(&job.path, "run-1").await;
    let build = ci.started(&item).await;
    let (result, log) = ci.follow(&build).await;
    assert_eq!(result.outcome, BuildOutcome::Success, "{log}");
    assert_eq!(ci.trigger(&job.path, "run-1").await.id, item.id, "it was built");
    assert_eq!(ci.jenkins.build_by_run(&job.path, "run-1").await.unwrap(), Some(build.clone()));
    assert_eq!(ci.jenkins.build_by_run(&job.path, "run-2").await.unwrap(), None);
    let last = ci.jenkins.last_build(&job.path).await.unwrap().unwrap();
    assert_eq!((last.number, last.outcome), (1, Some(BuildOutcome::Success)));
    assert!(last.duration > std::time::Duration::ZERO);
    let listed = ci.jenkins.list(&ci.folder).await.unwrap();
    assert_eq!(listed[0].last_build.as_ref(), Some(&last));
    let lines = ci.jenkins.last_lines(&build, 1).await.unwrap();
    assert_eq!(lines, ["Finished: SUCCESS"]);
    let files = ci.jenkins.artifacts(&build).await.unwrap();
    assert_eq!(files[0].relative_path, "out/a.txt");
    let dir = tempfile::tempdir().unwrap();
    let file = camino::Utf8PathBuf::from_path_buf(dir.path().join("a.txt")).unwrap();
    let size = ci.jenkins.save_artifact(&build, &files[0], &file, Some(5)).await.unwrap();
    assert_eq!((size, fs_err::read(&file).unwrap()), (5, "grün".into()));
    let error = ci.jenkins.save_artifact(&build, &files[0], &file, Some(4)).await.unwrap_err();
    assert!(matches!(error, JenkinsError::TooLarge { .. }), "{error}");
    assert_eq!(fs_err::read_dir(dir.path()).unwrap().count(), 1, "no part of it is left");
    ci.finish().await;
}

#[tokio::test]
async fn builds_wait_for_each_other_and_are_stopped() {
    let ci = Ci::new().await;
    let job = ci.job("x", "echo up\nsleep 600");
    ci.apply(&job).await;
    let first = ci.started(&ci.trigger(&job.path, "first").await).await;
    ci.said(&first, "\nup").await;
    let second = ci.trigger(&job.path, "second").await;
    assert_eq!(ci.trigger(&job.path, "second").await, second, "it waits already");
    let reason = async || {
        let path = format!("queue/item/{}/api/json", second.id);
        let item: Value = ci.raw(Method::GET, &path).send().await.unwrap().json().await.unwrap();
        item["why"].as_str().is_some_and(|why| why.contains("already in progress"))
    };
    until(reason).await;
    assert!(ci.jenkins.abort_run(&job.path, "second").await.unwrap());
    let cancel = CancellationToken::new();
    let gone = ci.jenkins.build_of(&second, PACE, &EventSink::null(), &cancel).await;
    assert!(matches!(gone.unwrap_err(), JenkinsError::QueueCancelled(_)));
    assert!(ci.jenkins.abort_run(&job.path, "first").await.unwrap());
    let (result, log) = ci.follow(&first).await;
    assert_eq!(result.outcome, BuildOutcome::Aborted, "{log}");
    assert!(!ci.jenkins.abort_run(&job.path, "first").await.unwrap(), "it has ended");
    ci.finish().await;
}

#[tokio::test]
async fn a_log_is_read_from_any_byte() {
    let ci = Ci::new().await;
    let job = ci.job("x", "set +x\nprintf 'gr\\303\\274n\\n'\nsleep 600");
    ci.apply(&job).await;
    let build = ci.started(&ci.trigger(&job.path, "r").await).await;
    ci.said(&build, "grün\n").await;
    let read = async |start: u64| -> Response {
        let rest = format!("{}/logText/progressiveText?start={start}", build.number);
        ci.raw(Method::GET, &ci.path(&job.path, &rest)).send().await.unwrap()
    };
    let whole = read(0).await;
    assert_eq!(whole.headers()["X-More-Data"], "true");
    let size: u64 = whole.headers()["X-Text-Size"].to_str().unwrap().parse().unwrap();
    let bytes = whole.bytes().await.unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains("grün"));
    // From the last bytes on, through the middle of a character.
    let tail = read(size - 4).await.bytes().await.unwrap();
    assert!(bytes.ends_with(&tail) && tail.len() <= 4, "{tail:?}");
    ci.jenkins.abort(&build).await.unwrap();
    let (_, log) = ci.follow(&build).await;
    assert!(log.contains("\ngrün\n") && log.ends_with("Finished: ABORTED"), "{log}");
    ci.finish().await;
}

#[tokio::test]
async fn old_builds_go() {
    let ci = Ci::new().await;
    let mut job = ci.job("x", "true");
    job.retention = Retention { builds: Some(2), days: None };
    ci.apply(&job).await;
    for _ in 0..4 {
        ci.again(&job).await;
    }
    let numbers = async || {
        let builds = ci.jenkins.builds(&job.path).await.unwrap();
        builds.iter().map(|build| build.number).collect::<Vec<_>>() == [4, 3]
    };
    until(numbers).await;
    ci.finish().await;
}

#[tokio::test]
async fn builds_run_side_by_side_where_they_may() {
    let ci = Ci::new().await;
    let mut job = ci.job("x", "echo up\nsleep 600");
    job.concurrent = true;
    ci.apply(&job).await;
    let runs = ["one", "two"];
    for run in runs {
        let build = ci.started(&ci.trigger(&job.path, run).await).await;
        ci.said(&build, "\nup").await;
    }
    for run in runs {
        let item = ci.jenkins.find_run(&job.path, run).await.unwrap().unwrap();
        assert_eq!(item.run, run, "{RUN_PARAMETER}");
        assert!(ci.jenkins.abort_run(&job.path, run).await.unwrap());
        ci.follow(&ci.started(&item).await).await;
    }
    ci.finish().await;
}
