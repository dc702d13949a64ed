//! What the programs show about stacks that are stuck, differ, or are worked on.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use super::report::{Report, Style, Table};
use crate::{
    cfn::{
        attend::{Attended, Cancelled},
        changes::{Action, ResourceDelta},
        drift::{Reverts, StackDrift},
        repair::{Finding, Repaired},
    },
    ids::StackName,
};

/// What a repair would do.
#[derive(Debug)]
pub struct FindingsReport<'a>(pub &'a [Finding]);

impl Report for FindingsReport<'_> {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(out, "Nothing to repair.");
        }
        for finding in self.0 {
            writeln!(out, "{} {}", style.bad(finding.status), style.bold(finding.stack.as_str()))?;
            if let Some(reason) = &finding.reason {
                writeln!(out, "    why:  {reason}")?;
            }
            writeln!(out, "    next: {}", finding.remedy)?;
            if !finding.data.is_empty() {
                writeln!(out, "    {} {}", style.warn("holds data:"), finding.data.join(", "))?;
            }
        }
        Ok(())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "findings": self.0 })
    }
}

/// What a repair did.
#[derive(Debug)]
pub struct RepairedReport<'a>(pub &'a [Repaired]);

impl Report for RepairedReport<'_> {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        for repaired in self.0 {
            writeln!(out, "{} {}", style.good(repaired.status), repaired.stack)?;
            for name in &repaired.skipped {
                writeln!(out, "    {} {name}", style.warn("skipped:"))?;
            }
            for drift in &repaired.drifted {
                let (name, kind) = (&drift.logical_id, &drift.resource_type);
                let how = if drift.deleted { "is gone" } else { "differs from its template" };
                writeln!(out, "    {} {name} ({kind}) {how}", style.warn("drift:"))?;
            }
        }
        Ok(())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "repaired": self.0 })
    }
}

/// What differs from the templates.
#[derive(Debug)]
pub struct DriftReport<'a>(pub &'a [StackDrift]);

impl DriftReport<'_> {
    /// Whether anything differs.
    #[must_use]
    pub fn has_drift(&self) -> bool {
        self.0.iter().any(|drift| !drift.resources.is_empty())
    }
}

impl Report for DriftReport<'_> {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        for drift in self.0.iter().filter(|drift| !drift.resources.is_empty()) {
            writeln!(out, "{}", style.bold(drift.stack.as_str()))?;
            for resource in &drift.resources {
                let (name, kind) = (&resource.logical_id, &resource.resource_type);
                if resource.deleted {
                    writeln!(out, "  {name} ({kind}) {}", style.bad("is gone"))?;
                    continue;
                }
                writeln!(out, "  {name} ({kind})")?;
                for one in &resource.differences {
                    writeln!(out, "    {}", one.path)?;
                    writeln!(out, "      template: {}", style.good(&one.expected))?;
                    writeln!(out, "      actual:   {}", style.bad(&one.actual))?;
                }
            }
        }
        for drift in self.0 {
            if let Some(why) = &drift.incomplete {
                let text = format!("{} could not be compared completely: {why}", drift.stack);
                writeln!(out, "{}", style.warn(&text))?;
            }
        }
        let (stacks, differ) = (self.0.len(), self.0.iter().filter(|d| !d.resources.is_empty()));
        let unchecked: usize = self.0.iter().map(|drift| drift.not_checked).sum();
        write!(out, "{} of {stacks} stacks differ from their templates", differ.count())?;
        match unchecked {
            0 => writeln!(out, "."),
            count => writeln!(out, "; CloudFormation cannot compare {count} resources."),
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "drift": self.has_drift(), "stacks": self.0 })
    }
}

/// What going back to the templates would do, and which of what differs it does not reach.
#[derive(Debug)]
pub struct RevertReport<'a> {
    /// What it would do.
    pub planned: &'a Reverts,
    /// What differs.
    pub drifts: &'a [StackDrift],
}

impl RevertReport<'_> {
    /// Whether something differs that stays as it is.
    #[must_use]
    pub fn leaves_drift(&self) -> bool {
        self.drifts.iter().any(|drift| drift.out_of_reach().next().is_some())
    }
}

impl Report for RevertReport<'_> {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        for (stack, changes) in self.planned {
            writeln!(out, "{}", style.bold(stack.as_str()))?;
            for change in changes {
                writeln!(out, "  {}", revert_words(style, change))?;
            }
        }
        for drift in self.drifts {
            for resource in drift.out_of_reach() {
                let (stack, name) = (&drift.stack, &resource.logical_id);
                let verb = style.warn("stays as it is:");
                writeln!(out, "{verb} {stack}/{name} ({})", resource.resource_type)?;
            }
        }
        if self.leaves_drift() {
            writeln!(
                out,
                "Going back to a template does not reach into nested stacks: change these by hand."
            )?;
        }
        Ok(())
    }

    fn json(&self) -> serde_json::Value {
        let out_of_reach: BTreeMap<&StackName, Vec<&str>> = self
            .drifts
            .iter()
            .map(|drift| (&drift.stack, drift.out_of_reach().map(|one| one.logical_id.as_str())))
            .map(|(stack, names)| (stack, names.collect::<Vec<_>>()))
            .filter(|(_, names)| !names.is_empty())
            .collect();
        serde_json::json!({ "reverts": self.planned, "out_of_reach": out_of_reach })
    }
}

fn revert_words(style: Style, delta: &ResourceDelta) -> String {
    let verb = match delta.action {
        Action::Add => style.good("make again"),
        Action::Modify => style.warn("change back"),
        Action::Replace | Action::MayReplace => style.bad("replace"),
        Action::Remove => style.bad("remove"),
        Action::Unknown => style.bad("unknown change of"),
    };
    format!("{verb} {} ({})", delta.logical_id, delta.resource_type)
}

/// How operations ended that were looked at.
#[derive(Debug)]
pub struct AttendedReport<'a>(pub &'a [Attended]);

impl Report for AttendedReport<'_> {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(out, "No operation is running.");
        }
        let mut table = Table::new(style, &["STACK", "STATUS"]);
        for one in self.0 {
            let status = if one.good { style.good(one.status) } else { style.bad(one.status) };
            table.row([one.stack.to_string(), status]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "attended": self.0 })
    }
}

/// What came of asking to stop.
#[derive(Debug)]
pub struct CancelledReport<'a>(pub &'a [(StackName, Cancelled)]);

impl Report for CancelledReport<'_> {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(out, "No operation is running.");
        }
        for (stack, what) in self.0 {
            match what {
                Cancelled::Undoing => writeln!(out, "{stack}: the update is being undone")?,
                Cancelled::Goes(sentence) => writeln!(out, "{stack}: {sentence}")?,
            }
        }
        Ok(())
    }

    fn json(&self) -> serde_json::Value {
        let one = |(stack, what): &(StackName, Cancelled)| match what {
            Cancelled::Undoing => serde_json::json!({ "stack": stack, "cancelled": true }),
            Cancelled::Goes(why) => {
                serde_json::json!({ "stack": stack, "cancelled": false, "why": why })
            }
        };
        serde_json::json!({ "stacks": self.0.iter().map(one).collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfn::drift::{Difference, ResourceDrift};

    fn shown(report: &dyn Report) -> String {
        let mut text = String::new();
        report.human(&mut text, Style { color: false }).unwrap();
        text
    }

    #[test]
    fn drift_shows_both_values() {
        let queue = ResourceDrift {
            logical_id: "Queue".to_owned(),
            physical_id: "q".to_owned(),
            resource_type: "AWS::SQS::Queue".to_owned(),
            deleted: false,
            differences: vec![Difference {
                path: "/DelaySeconds".to_owned(),
                expected: "0".to_owned(),
                actual: "5".to_owned(),
            }],
        };
        let gone = ResourceDrift {
            logical_id: "Topic".to_owned(),
            deleted: true,
            differences: Vec::new(),
            ..queue.clone()
        };
        let stack = |name: &str, resources| StackDrift {
            stack: name.parse().unwrap(),
            resources,
            not_checked: 3,
            incomplete: None,
        };
        let drifts = [stack("acme-a", vec![queue, gone]), stack("acme-b", Vec::new())];
        insta::assert_snapshot!(shown(&DriftReport(&drifts)), @r"
        acme-a
          Queue (AWS::SQS::Queue)
            /DelaySeconds
              template: 0
              actual:   5
          Topic (AWS::SQS::Queue) is gone
        1 of 2 stacks differ from their templates; CloudFormation cannot compare 6 resources.
        ");
    }

    #[test]
    fn what_going_back_does_not_reach_is_named() {
        let inside = ResourceDrift {
            logical_id: "Child/Queue".to_owned(),
            physical_id: "q".to_owned(),
            resource_type: "AWS::SQS::Queue".to_owned(),
            deleted: true,
            differences: Vec::new(),
        };
        let drift = |resources| StackDrift {
            stack: "acme-a".parse().unwrap(),
            resources,
            not_checked: 0,
            incomplete: None,
        };
        let (nested, own) = ([drift(vec![inside])], [drift(Vec::new())]);
        let planned = Reverts::new();
        let report = RevertReport { planned: &planned, drifts: &nested };
        assert!(report.leaves_drift());
        insta::assert_snapshot!(shown(&report), @r"
        stays as it is: acme-a/Child/Queue (AWS::SQS::Queue)
        Going back to a template does not reach into nested stacks: change these by hand.
        ");
        insta::assert_snapshot!(report.json(), @r#"{"reverts":{},"out_of_reach":{"acme-a":["Child/Queue"]}}"#);
        assert!(!RevertReport { planned: &planned, drifts: &own }.leaves_drift());
    }

    #[test]
    fn a_finding_says_what_comes_next() {
        let finding = Finding {
            stack: "acme-live-data".parse().unwrap(),
            status: "UPDATE_ROLLBACK_FAILED",
            reason: Some("The following resource(s) failed to update: [Cluster].".to_owned()),
            remedy: crate::cfn::repair::Remedy::ContinueRollback {
                skip: ["Cluster".to_owned()].into(),
            },
            data: vec!["Cluster".to_owned()],
        };
        insta::assert_snapshot!(shown(&FindingsReport(&[finding])), @r"
        UPDATE_ROLLBACK_FAILED acme-live-data
            why:  The following resource(s) failed to update: [Cluster].
            next: go on undoing the change that failed; if that fails again, skip Cluster and compare with the template afterwards
            holds data: Cluster
        ");
        assert_eq!(shown(&FindingsReport(&[])), "Nothing to repair.\n");
    }
}
