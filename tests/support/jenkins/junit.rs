//! Reads JUnit reports, as the step `junit` does.

use std::path::Path;

use cloudops_aws::jenkins::xml::Element;
use serde::{Deserialize, Serialize};

use super::archive::find;

/// A test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Case {
    pub(super) class_name: String,
    pub(super) name: String,
    /// `PASSED`, `FAILED` or `SKIPPED`.
    pub(super) status: String,
    pub(super) error_details: Option<String>,
}

/// Reads the reports that match; nothing when none does.
///
/// # Errors
/// A sentence about the report that cannot be read.
pub(super) fn read(dir: &Path, patterns: &str) -> Result<Option<Vec<Case>>, String> {
    let files = find(dir, patterns);
    if files.is_empty() {
        return Ok(None);
    }
    let mut cases = Vec::new();
    for file in files {
        let wrong = |reason: String| format!("Failed to read test report file {file}: {reason}");
        let text = fs_err::read_to_string(dir.join(&file)).map_err(|e| wrong(e.to_string()))?;
        let report = Element::parse(&text).map_err(|error| wrong(error.to_string()))?;
        suites(&report, &mut cases);
    }
    Ok(Some(cases))
}

fn suites(element: &Element, cases: &mut Vec<Case>) {
    for child in &element.children {
        if child.name == "testcase" {
            cases.push(case(child));
        } else {
            suites(child, cases);
        }
    }
}

fn case(element: &Element) -> Case {
    let attribute = |name: &str| element.attributes.get(name).cloned().unwrap_or_default();
    let failure = element.child("failure").or_else(|| element.child("error"));
    let status = match failure {
        Some(_) => "FAILED",
        None if element.child("skipped").is_some() => "SKIPPED",
        None => "PASSED",
    };
    let error_details = failure.map(|failure| {
        failure.attributes.get("message").cloned().unwrap_or_else(|| failure.text.clone())
    });
    let (class_name, name) = (attribute("classname"), attribute("name"));
    Case { class_name, name, status: status.to_owned(), error_details }
}
