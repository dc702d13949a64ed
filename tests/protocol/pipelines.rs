//! What our job definitions do when they run.

use std::time::Duration;

use cloudops_aws::jenkins::{
    BuildOutcome, CredentialsBinding, CredentialsKind, FailedTest, PipelineJob,
};

use super::ci::Ci;

#[tokio::test]
async fn a_failing_stage_ends_the_build() {
    let ci = Ci::new().await;
    let mut job = ci.job("x", "mkdir -p out; echo kept > out/a\nfalse\necho never-1");
    job = job.stage("Second", "echo never-2");
    job.artifacts = Some("out/*".to_owned());
    let (build, result, log) = ci.run(&job).await;
    assert_eq!(result.outcome, BuildOutcome::Failure, "{log}");
    assert!(log.contains("script returned exit code 1"), "{log}");
    assert!(!log.contains("+ echo never"), "{log}");
    assert_eq!(ci.jenkins.artifacts(&build).await.unwrap().len(), 1, "kept also on a failure");
    assert!(result.succeeded(&job.path).is_err());
    ci.finish().await;
}

#[tokio::test]
async fn an_environment_is_taken_as_it_stands() {
    let ci = Ci::new().await;
    let mut job = ci.job("x", "set +x\nprintf '<%s>\\n' \"$ONE\" \"$TWO\" \"$THREE\"");
    job.environment =
        [("ONE", "$HOME ${HOME} $$ $"), ("TWO", "it's \\n \"x\" ''' ü"), ("THREE", "$ONE")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
    let (_, result, log) = ci.run(&job).await;
    assert_eq!(result.outcome, BuildOutcome::Success, "{log}");
    assert!(log.contains("<$HOME ${HOME} $$ $>\n<it's \\n \"x\" ''' ü>\n<$ONE>"), "{log}");
    ci.finish().await;
}

#[tokio::test]
async fn a_build_has_a_longest_time() {
    let ci = Ci::new().await;
    let mut job = ci.job("x", "sleep 600");
    job.timeout = Some(Duration::from_secs(2));
    let (_, result, log) = ci.run(&job).await;
    assert_eq!(result.outcome, BuildOutcome::Aborted, "{log}");
    assert!(log.contains("Cancelling nested steps due to timeout"), "{log}");
    ci.finish().await;
}

const REPORT: &str = "mkdir -p reports\ncat > reports/TEST-a.xml <<'END'\n\
<testsuite name=\"org.example.A\" tests=\"3\" failures=\"1\" skipped=\"1\">\n\
<testcase classname=\"org.example.A\" name=\"good\" time=\"0.1\"/>\n\
<testcase classname=\"org.example.A\" name=\"bad\" time=\"0.1\">\
<failure message=\"1 is not 2\" type=\"x\">at A</failure></testcase>\n\
<testcase classname=\"org.example.A\" name=\"later\" time=\"0\"><skipped/></testcase>\n\
</testsuite>\nEND\n";

#[tokio::test]
async fn failed_tests_make_a_build_unstable() {
    let ci = Ci::new().await;
    let mut job = ci.job("x", REPORT);
    job.test_reports = Some("**/TEST-*.xml".to_owned());
    let (build, result, log) = ci.run(&job).await;
    assert_eq!(result.outcome, BuildOutcome::Unstable, "{log}");
    let report = ci.jenkins.test_report(&build).await.unwrap().unwrap();
    assert_eq!((report.total, report.failed, report.skipped), (3, 1, 1));
    let text = |text: &str| text.to_owned();
    let (class, name, message) = (text("org.example.A"), text("bad"), text("1 is not 2"));
    assert_eq!(report.failures, [FailedTest { class, name, message }]);
    let mut none = ci.job("none", "true");
    none.test_reports = Some("**/TEST-*.xml".to_owned());
    let (build, result, log) = ci.run(&none).await;
    assert_eq!(result.outcome, BuildOutcome::Success, "{log}");
    assert_eq!(ci.jenkins.test_report(&build).await.unwrap(), None);
    ci.finish().await;
}

#[tokio::test]
async fn credentials_that_are_not_there_are_told() {
    let ci = Ci::new().await;
    let mut job: PipelineJob = ci.job("x", "echo never");
    let kind = CredentialsKind::Text("TOKEN".to_owned());
    job.credentials = vec![CredentialsBinding { id: "no-such-id".to_owned(), kind }];
    let (_, result, log) = ci.run(&job).await;
    assert_eq!(result.outcome, BuildOutcome::Failure, "{log}");
    assert!(log.contains("Could not find credentials entry with ID 'no-such-id'"), "{log}");
    assert!(!log.contains("+ echo never"), "{log}");
    ci.finish().await;
}
