//! Test reports of a build (`testReport/api/json` of the junit plugin).

use serde::Deserialize;

use crate::jenkins::{Build, Jenkins, JenkinsError};

/// The tests of a build.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TestReport {
    /// All tests.
    pub total: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that were left out.
    pub skipped: u64,
    /// The failed ones, in the order of the reports.
    pub failures: Vec<FailedTest>,
}

/// A test that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedTest {
    /// Class of the test, such as `org.example.JsonTest`.
    pub class: String,
    /// Its name.
    pub name: String,
    /// What it said; may be empty.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(default)]
    fail_count: u64,
    #[serde(default)]
    pass_count: u64,
    #[serde(default)]
    skip_count: u64,
    #[serde(default)]
    suites: Vec<Suite>,
}

#[derive(Deserialize)]
struct Suite {
    #[serde(default)]
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    class_name: Option<String>,
    name: Option<String>,
    /// `PASSED`, `FIXED`, `SKIPPED`, `FAILED`, or `REGRESSION` for a new failure.
    status: Option<String>,
    error_details: Option<String>,
}

impl Jenkins {
    /// The tests of a build; nothing when it has no reports.
    ///
    /// # Errors
    /// [`JenkinsError::Answer`] and those of the request. A build that is not there has no
    /// reports either.
    pub async fn test_report(&self, build: &Build) -> Result<Option<TestReport>, JenkinsError> {
        let mut url = build.url(self.base(), &["testReport", "api", "json"]);
        let tree =
            "failCount,passCount,skipCount,suites[cases[className,name,status,errorDetails]]";
        url.query_pairs_mut().append_pair("tree", tree);
        let report: Report = match self.get_json(format!("read at {build}: its tests"), url).await {
            Err(error) if error.is_not_found() => return Ok(None),
            other => other?,
        };
        let failed = |case: &Case| matches!(case.status.as_deref(), Some("FAILED" | "REGRESSION"));
        let cases = report.suites.into_iter().flat_map(|suite| suite.cases);
        let failures = cases.filter(failed).map(|case| FailedTest {
            class: case.class_name.unwrap_or_default(),
            name: case.name.unwrap_or_default(),
            message: case.error_details.unwrap_or_default(),
        });
        Ok(Some(TestReport {
            total: report.fail_count + report.pass_count + report.skip_count,
            failed: report.fail_count,
            skipped: report.skip_count,
            failures: failures.collect(),
        }))
    }
}
