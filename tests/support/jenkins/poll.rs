//! Looking for new commits (`SCMTrigger`).
//!
//! A pipeline's repositories are known from its last successful build, or else from its last one:
//! a job that was never built has nothing to compare with, and is not started.

use std::{sync::Arc, time::Duration};

use super::{
    controller::Controller,
    credentials,
    git::{CheckedOut, Git, matches},
    store::Record,
};

/// Looks at all jobs again and again.
pub(super) async fn forever(controller: Arc<Controller>, pause: Duration) {
    loop {
        tokio::time::sleep(pause).await;
        for job in controller.store.jobs("") {
            poll(&controller, &job).await;
        }
    }
}

/// The jobs that a message about a repository concerns (`/git/notifyCommit`).
pub(super) fn concerned(controller: &Controller, url: &str) -> Vec<String> {
    let mut jobs = controller.store.jobs("");
    jobs.retain(|job| {
        let polls = controller.store.definition(job).is_some_and(|definition| definition.polls);
        polls && baseline(controller, job).iter().any(|checkout| checkout.url == url)
    });
    jobs
}

/// Looks at one job, and starts it when there are new commits.
pub(super) async fn poll(controller: &Arc<Controller>, job: &str) {
    let definition = controller.store.definition(job);
    let Some(definition) = definition.filter(|known| known.polls && !known.disabled) else {
        return;
    };
    for checkout in baseline(controller, job) {
        if changed(controller, job, &checkout).await {
            controller.enqueue_changed(job, &definition);
            return;
        }
    }
}

fn baseline(controller: &Controller, job: &str) -> Vec<CheckedOut> {
    let numbers = controller.store.builds(job).into_iter();
    let records: Vec<Record> =
        numbers.filter_map(|number| controller.store.record(job, number)).collect();
    let good = |record: &&Record| matches!(record.result.as_deref(), Some("SUCCESS" | "UNSTABLE"));
    let record = records.iter().find(good).or(records.first());
    record.map(|record| record.checkouts.clone()).unwrap_or_default()
}

async fn changed(controller: &Controller, job: &str, checkout: &CheckedOut) -> bool {
    let file = controller.options.credentials_file.as_deref();
    let found = checkout.credentials.as_ref().and_then(|id| credentials::find(file, id));
    let secrets = controller.store.home().join("poll@tmp");
    let Ok(git) = Git::new(controller.store.home(), found.as_ref(), &secrets) else {
        return false;
    };
    // A repository that cannot be reached is looked at the next time.
    let heads = git.heads(&checkout.url).await.unwrap_or_default();
    let built = controller.store.built_commits(job);
    heads.iter().any(|(branch, commit)| {
        checkout.branches.iter().any(|spec| matches(spec, branch)) && !built.contains(commit)
    })
}
