//! Reports that more than one program shows.

use std::fmt::{self, Write};

use super::report::{Report, Style};
use crate::cfn::{
    changes::{Action, ResourceDelta},
    gate,
    plan::{GraphPlan, StackChange},
};

/// A plan, by stack; what touches data comes first.
#[derive(Debug)]
pub struct PlanReport<'a> {
    /// The plan.
    pub plan: &'a GraphPlan,
}

impl Report for PlanReport<'_> {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        for (name, change) in &self.plan.stacks {
            writeln!(out, "{} {name}: {}", sign(style, change), words(change))?;
            if let StackChange::Update { changes, .. } = change {
                let mut changes: Vec<&ResourceDelta> = changes.iter().collect();
                changes.sort_by_key(|delta| !gate::holds_data(&delta.resource_type));
                for delta in changes {
                    writeln!(out, "    {}", delta_words(style, delta))?;
                }
            }
        }
        let changed = self.plan.stacks.values().filter(|change| **change != StackChange::Unchanged);
        match changed.count() {
            0 => writeln!(out, "Nothing to change."),
            count => writeln!(out, "{count} of {} stacks would change.", self.plan.stacks.len()),
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "changes": self.plan.has_changes(), "stacks": self.plan.stacks })
    }
}

fn sign(style: Style, change: &StackChange) -> String {
    match change {
        StackChange::Create { .. } => style.good("+"),
        StackChange::Update { .. } | StackChange::Unknown { .. } => style.warn("~"),
        StackChange::Unchanged => style.dim("="),
        StackChange::Busy { .. } | StackChange::Stuck { .. } => style.bad("!"),
    }
}

fn words(change: &StackChange) -> String {
    match change {
        StackChange::Create { resources } => format!("create, up to {} resources", resources.len()),
        StackChange::Update { changes, .. } => format!("update {} resources", changes.len()),
        StackChange::Unknown { waits_for } => {
            let names: Vec<&str> = waits_for.iter().map(String::as_str).collect();
            format!("compared again once these are known: {}", names.join(", "))
        }
        StackChange::Unchanged => "nothing to change".to_owned(),
        StackChange::Busy { status } => format!("somebody works on it ({status})"),
        StackChange::Stuck { status } => format!("stuck in {status}; a run would refuse"),
    }
}

fn delta_words(style: Style, delta: &ResourceDelta) -> String {
    let verb = match delta.action {
        Action::Add => style.good("add"),
        Action::Modify => style.warn("modify"),
        Action::Replace => style.bad("replace"),
        Action::MayReplace => style.bad("may replace"),
        Action::Remove => style.bad("remove"),
        Action::Unknown => style.bad("unknown change of"),
    };
    let names: Vec<&str> = delta.changes.iter().map(|change| change.path.as_str()).collect();
    let properties =
        if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    format!("{verb} {} ({}){properties}", delta.logical_id, delta.resource_type)
}

/// What `unlock` did.
#[derive(Debug)]
pub struct UnlockReport {
    /// Scope of the lock.
    pub scope: String,
    /// Whether there was a lock of that run.
    pub removed: bool,
}

impl Report for UnlockReport {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        match self.removed {
            true => writeln!(out, "the lock `{}` is removed", self.scope),
            false => writeln!(out, "that run holds no lock `{}`", self.scope),
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "scope": self.scope, "removed": self.removed })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cfn::changes::PropertyDelta;

    #[test]
    fn data_comes_first_in_a_plan() {
        let delta = |id: &str, resource_type: &str, action| ResourceDelta {
            logical_id: id.to_owned(),
            physical_id: None,
            resource_type: resource_type.to_owned(),
            action,
            policy_action: None,
            changes: vec![PropertyDelta {
                path: "Properties.Engine".to_owned(),
                before: None,
                after: None,
                requires_replacement: None,
            }],
            dynamic: false,
        };
        let changes = vec![
            delta("Group", "AWS::EC2::SecurityGroup", Action::Add),
            delta("Cluster", "AWS::RDS::DBCluster", Action::Replace),
        ];
        let stacks = BTreeMap::from([
            ("acme-a".parse().unwrap(), StackChange::Unchanged),
            (
                "acme-b".parse().unwrap(),
                StackChange::Update { changes, parameters: Vec::new(), tags: Vec::new() },
            ),
        ]);
        let mut text = String::new();
        let plan = GraphPlan { stacks, ..GraphPlan::default() };
        PlanReport { plan: &plan }.human(&mut text, Style { color: false }).unwrap();
        insta::assert_snapshot!(text, @r"
        = acme-a: nothing to change
        ~ acme-b: update 2 resources
            replace Cluster (AWS::RDS::DBCluster): Properties.Engine
            add Group (AWS::EC2::SecurityGroup): Properties.Engine
        1 of 2 stacks would change.
        ");
    }
}
