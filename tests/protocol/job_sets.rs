//! Jobs as one planned thing: created, kept, changed, withdrawn, taken away.

use cloudops_aws::{
    events::EventSink,
    jenkins::{
        Argument, BuildOutcome, Call, JenkinsError, Owner, Param, PipelineJob,
        job_set::{JobSet, JobsPlan, Prune, RETIRED},
    },
};

use super::ci::Ci;

/// The program whose jobs these are.
fn owner() -> Owner {
    Owner::program("protocol", "tests")
}

fn job(ci: &Ci, name: &str, script: &str) -> PipelineJob {
    PipelineJob::new(ci.item(name), owner(), "A test.").stage("Run", script)
}

fn set(ci: &Ci, jobs: &[PipelineJob]) -> JobSet {
    let folder_owner = ci.owner.clone();
    JobSet { folder_owner, owner: owner(), folder: ci.folder.clone(), jobs: jobs.to_vec() }
}

/// Each job with what is to be done, without the folder.
fn words(plan: &JobsPlan) -> Vec<String> {
    let changes = plan.changes.iter().skip(1);
    changes.map(|one| format!("{} {}", one.path.name(), one.action.word())).collect()
}

async fn plan(ci: &Ci, set: &JobSet, prune: Prune) -> JobsPlan {
    ci.jenkins.plan_jobs(set, prune).await.unwrap()
}

/// Plans and applies; gives what was done.
async fn apply(ci: &Ci, set: &JobSet, prune: Prune) -> Vec<String> {
    let plan = plan(ci, set, prune).await;
    ci.jenkins.apply_jobs(set, &plan, &EventSink::null()).await.unwrap();
    words(&plan)
}

async fn is_disabled(ci: &Ci, name: &str) -> bool {
    let job = ci.jenkins.get_job(&ci.item(name)).await.unwrap().unwrap();
    job.child_text("disabled") == "true"
}

#[tokio::test]
async fn jobs_are_brought_to_their_definition_and_only_where_they_differ() {
    let ci = Ci::new().await;
    let mut jobs = [job(&ci, "a", "true"), job(&ci, "b", "true")];
    assert_eq!(apply(&ci, &set(&ci, &jobs), Prune::Disable).await, ["a create", "b create"]);
    let again = plan(&ci, &set(&ci, &jobs), Prune::Disable).await;
    assert!(!again.has_changes(), "{again:?}");
    jobs[1] = job(&ci, "b", "echo other");
    assert_eq!(apply(&ci, &set(&ci, &jobs), Prune::Disable).await, ["a keep", "b update"]);
    // What a person disabled stays so, and is no difference.
    ci.jenkins.disable(&jobs[0].path).await.unwrap();
    assert_eq!(apply(&ci, &set(&ci, &jobs), Prune::Disable).await, ["a keep", "b keep"]);
    assert!(is_disabled(&ci, "a").await);
    ci.finish().await;
}

#[tokio::test]
async fn a_job_that_vanished_is_disabled_and_comes_back_enabled() {
    let ci = Ci::new().await;
    let jobs = [job(&ci, "a", "true"), job(&ci, "b", "true")];
    apply(&ci, &set(&ci, &jobs), Prune::Disable).await;
    assert_eq!(apply(&ci, &set(&ci, &jobs[..1]), Prune::Disable).await, ["a keep", "b disable"]);
    assert!(is_disabled(&ci, "b").await);
    assert!(!plan(&ci, &set(&ci, &jobs[..1]), Prune::Disable).await.has_changes());
    assert_eq!(apply(&ci, &set(&ci, &jobs), Prune::Disable).await, ["a keep", "b update"]);
    assert!(!is_disabled(&ci, "b").await);
    assert!(!plan(&ci, &set(&ci, &jobs), Prune::Disable).await.has_changes());
    ci.finish().await;
}

#[tokio::test]
async fn a_job_is_taken_away_with_its_builds_kept_unless_they_are_to_go() {
    let ci = Ci::new().await;
    let jobs = [job(&ci, "a", "true"), job(&ci, "b", "true")];
    apply(&ci, &set(&ci, &jobs), Prune::Disable).await;
    ci.again(&jobs[0]).await;
    assert_eq!(apply(&ci, &set(&ci, &jobs[1..]), Prune::Retire).await, ["b keep", "a retire"]);
    assert_eq!(ci.jenkins.get_job(&jobs[0].path).await.unwrap(), None);
    let retired = ci.item(RETIRED).join("a").unwrap();
    let last = ci.jenkins.last_build(&retired).await.unwrap().unwrap();
    assert_eq!((last.number, last.outcome), (1, Some(BuildOutcome::Success)));
    assert_eq!(apply(&ci, &set(&ci, &[]), Prune::Delete).await, ["b delete"]);
    assert_eq!(ci.jenkins.get_job(&jobs[1].path).await.unwrap(), None);
    assert!(!plan(&ci, &set(&ci, &[]), Prune::Delete).await.has_changes(), "retired jobs stay");
    ci.finish().await;
}

#[tokio::test]
async fn what_others_made_is_left_alone() {
    let ci = Ci::new().await;
    // Of the same instance, by another program.
    let others =
        PipelineJob { owner: Owner::program("protocol", "others"), ..job(&ci, "b", "true") };
    let xml = others.config_xml().unwrap();
    ci.jenkins.create_job(&others.path, &xml).await.unwrap();
    let mine = [job(&ci, "a", "true")];
    assert_eq!(apply(&ci, &set(&ci, &mine), Prune::Delete).await, ["a create"]);
    let same_name = [job(&ci, "c", "true"), job(&ci, "b", "true")];
    let set = set(&ci, &same_name);
    let refused = plan(&ci, &set, Prune::Delete).await;
    assert_eq!(words(&refused), ["c create", "b refuse", "a delete"]);
    let error = ci.jenkins.apply_jobs(&set, &refused, &EventSink::null()).await.unwrap_err();
    assert!(matches!(error, JenkinsError::NotOurs { .. }), "{error}");
    assert_eq!(ci.jenkins.get_job(&ci.item("c")).await.unwrap(), None, "nothing was changed");
    assert!(ci.jenkins.get_job(&ci.item("a")).await.unwrap().is_some());
    ci.finish().await;
}

#[tokio::test]
async fn a_stage_builds_another_job_and_ends_as_it_does() {
    let ci = Ci::new().await;
    let mut other = job(&ci, "other", "echo \"got $WHAT\"; test \"$WHAT\" = right\n");
    other.parameters = vec![Param::text("WHAT", "", "")];
    ci.apply_as(&owner(), &other).await;
    for (what, outcome) in [("right", BuildOutcome::Success), ("wrong", BuildOutcome::Failure)] {
        let parameters = vec![("WHAT".to_owned(), Argument::Parameter("OWN".to_owned()))];
        let call = Call { job: other.path.clone(), parameters };
        let name = format!("caller-{what}");
        let mut caller = PipelineJob::new(ci.item(&name), owner(), "A test.").call("Other", call);
        caller = caller.stage("After", "echo after\n");
        caller.parameters = vec![Param::text("OWN", what, "")];
        ci.apply_as(&owner(), &caller).await;
        let (_, result, log) = ci.again(&caller).await;
        assert_eq!(result.outcome, outcome, "{log}");
        assert_eq!(log.contains("\nafter"), what == "right", "{log}");
    }
    ci.finish().await;
}
