//! What the programs show about jobs on the build server.

use std::fmt::{self, Write};

use super::report::{Report, Style, Table};
use crate::jenkins::{
    ItemSummary,
    job_set::{JobAction, JobChange, JobsPlan},
};

/// What would be, or was, changed.
#[derive(Debug)]
pub struct JobsPlanReport<'a>(pub &'a JobsPlan);

/// Where jobs differ from their definition, line by line.
#[derive(Debug)]
pub struct JobDifferencesReport<'a>(pub &'a JobsPlan);

/// The jobs that are there, and their last builds.
#[derive(Debug)]
pub struct JobListReport<'a>(pub &'a [ItemSummary]);

impl Report for JobsPlanReport<'_> {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        if !self.0.has_changes() {
            return writeln!(out, "nothing to change: the jobs are as defined");
        }
        rows(self.0, out, style)
    }

    fn json(&self) -> serde_json::Value {
        document(self.0)
    }
}

fn rows(plan: &JobsPlan, out: &mut dyn Write, style: Style) -> fmt::Result {
    let mut table = Table::new(style, &["JOB", "ACTION", "WHAT"]);
    for change in &plan.changes {
        table.row([change.path.to_string(), word(style, change), what(change)]);
    }
    write!(out, "{table}")
}

fn word(style: Style, change: &JobChange) -> String {
    let word = change.action.word();
    match change.action {
        JobAction::Create => style.good(word),
        JobAction::Update { .. } | JobAction::Disable | JobAction::Retire => style.warn(word),
        JobAction::Delete | JobAction::Refuse { .. } => style.bad(word),
        JobAction::Keep => style.dim(word),
    }
}

fn what(change: &JobChange) -> String {
    match &change.action {
        JobAction::Update { differences } => {
            let count = differences.len();
            format!("{count} {}", if count == 1 { "difference" } else { "differences" })
        }
        JobAction::Refuse { reason } => reason.clone(),
        JobAction::Disable => "no longer defined; --prune takes it away".to_owned(),
        JobAction::Retire => "no longer defined; its builds are kept".to_owned(),
        JobAction::Delete => "no longer defined; its builds go too".to_owned(),
        JobAction::Create | JobAction::Keep => String::new(),
    }
}

fn document(plan: &JobsPlan) -> serde_json::Value {
    let job = |change: &JobChange| {
        let differences = match &change.action {
            JobAction::Update { differences } => differences.as_slice(),
            _ => &[],
        };
        let differences: Vec<_> = differences
            .iter()
            .map(|one| serde_json::json!({"path": one.path, "from": one.from, "to": one.to}))
            .collect();
        let reason = match &change.action {
            JobAction::Refuse { reason } => Some(reason),
            _ => None,
        };
        serde_json::json!({
            "path": change.path.to_string(),
            "action": change.action.word(),
            "differences": differences,
            "reason": reason,
        })
    };
    serde_json::json!({
        "changes": plan.has_changes(),
        "jobs": plan.changes.iter().map(job).collect::<Vec<_>>(),
    })
}

impl Report for JobDifferencesReport<'_> {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let mut any = false;
        for change in &self.0.changes {
            match &change.action {
                JobAction::Update { differences } => {
                    writeln!(out, "{}", style.bold(&change.path.to_string()))?;
                    for one in differences {
                        writeln!(out, "  {}", one.path)?;
                        side(out, style.bad("-"), one.from.as_deref())?;
                        side(out, style.good("+"), one.to.as_deref())?;
                    }
                }
                JobAction::Keep => continue,
                action => {
                    writeln!(out, "{}  {}", style.bold(&change.path.to_string()), action.word())?;
                }
            }
            any = true;
        }
        if any { Ok(()) } else { writeln!(out, "no differences") }
    }

    fn json(&self) -> serde_json::Value {
        document(self.0)
    }
}

/// A text of one side, line by line.
fn side(out: &mut dyn Write, sign: String, text: Option<&str>) -> fmt::Result {
    text.unwrap_or_default().lines().try_for_each(|line| writeln!(out, "    {sign} {line}"))
}

impl Report for JobListReport<'_> {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let mut table = Table::new(style, &["JOB", "STATE", "LAST BUILD", "WHEN", "SECONDS"]);
        for item in self.0 {
            table.row(cells(style, item));
        }
        write!(out, "{table}")
    }

    fn json(&self) -> serde_json::Value {
        let job = |item: &ItemSummary| {
            let build = item.last_build.as_ref();
            serde_json::json!({
                "name": item.name,
                "url": item.url,
                "folder": item.is_folder(),
                "disabled": item.is_disabled(),
                "last-build": build.map(|build| serde_json::json!({
                    "number": build.number,
                    "outcome": build.outcome.map(|outcome| outcome.to_string()),
                    "started-at": build.started_at,
                    "seconds": build.duration.as_secs_f64(),
                })),
            })
        };
        serde_json::json!({ "jobs": self.0.iter().map(job).collect::<Vec<_>>() })
    }
}

fn cells(style: Style, item: &ItemSummary) -> [String; 5] {
    let state = match (item.is_folder(), item.is_disabled()) {
        (true, _) => "folder".to_owned(),
        (_, true) => style.warn("disabled"),
        (_, false) => "enabled".to_owned(),
    };
    let Some(build) = &item.last_build else {
        return [item.name.clone(), state, "-".to_owned(), "-".to_owned(), "-".to_owned()];
    };
    let result = build.outcome.map_or_else(|| "running".to_owned(), |end| end.to_string());
    let when = build.started_at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let seconds = build.duration.as_secs().to_string();
    [item.name.clone(), state, format!("#{} {result}", build.number), when, seconds]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jenkins::{ItemPath, xml::Difference};

    fn plan() -> JobsPlan {
        let difference = Difference {
            path: "definition/script".to_owned(),
            from: Some("one\ntwo".to_owned()),
            to: Some("one\nthree".to_owned()),
        };
        let actions = [
            ("", JobAction::Keep),
            ("new", JobAction::Create),
            ("other", JobAction::Update { differences: vec![difference] }),
            ("theirs", JobAction::Refuse { reason: "it is of another instance".to_owned() }),
            ("old", JobAction::Disable),
            ("older", JobAction::Retire),
            ("oldest", JobAction::Delete),
        ];
        let folder = ItemPath::root().join("acme").unwrap();
        let change = |(name, action): (&str, JobAction)| JobChange {
            path: if name.is_empty() { folder.clone() } else { folder.join(name).unwrap() },
            action,
        };
        JobsPlan { changes: actions.into_iter().map(change).collect() }
    }

    fn shown(report: &dyn Report) -> String {
        let mut text = String::new();
        report.human(&mut text, Style { color: false }).unwrap();
        format!("{text}---\n{:#}", report.json())
    }

    #[test]
    fn a_plan_says_what_and_why() {
        insta::assert_snapshot!(shown(&JobsPlanReport(&plan())));
        let kept = JobsPlan { changes: plan().changes.into_iter().take(1).collect() };
        assert!(shown(&JobsPlanReport(&kept)).starts_with("nothing to change"));
    }

    #[test]
    fn differences_are_told_line_by_line() {
        let report = shown(&JobDifferencesReport(&plan()));
        let (people, _) = report.split_once("---").unwrap();
        insta::assert_snapshot!(people);
        let kept = JobsPlan { changes: plan().changes.into_iter().take(1).collect() };
        assert!(shown(&JobDifferencesReport(&kept)).starts_with("no differences"));
    }

    #[test]
    fn the_list_has_the_last_builds() {
        let items = serde_json::json!([
            {"_class": "com.cloudbees.hudson.plugins.folder.Folder", "name": "retired", "url": "http://ci/job/retired/"},
            {"_class": "a", "name": "off", "url": "http://ci/job/off/", "color": "disabled"},
            {"_class": "a", "name": "busy", "url": "http://ci/job/busy/", "color": "blue_anime", "lastBuild":
                {"number": 8, "result": null, "building": true, "timestamp": 1_767_225_600_000_u64, "duration": 0}},
            {"_class": "a", "name": "done", "url": "http://ci/job/done/", "color": "red", "lastBuild":
                {"number": 7, "result": "FAILURE", "building": false, "timestamp": 1_767_225_600_000_u64, "duration": 61_500}},
        ]);
        let items: Vec<ItemSummary> = serde_json::from_value(items).unwrap();
        insta::assert_snapshot!(shown(&JobListReport(&items)));
    }
}
