//! A plan as a person reads it: by stack, what endangers data first and in words, who may do what
//! apart from the rest, then what it costs and how long it takes.

mod access;
mod costs;
mod counts;
mod created;
mod forecast;
mod properties;
mod update;
mod values;

use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::report::{Report, Style};
use crate::{
    cfn::{
        appraise::Appraisal,
        changes::{Action, ResourceDelta},
        forecast::Forecast,
        gate,
        plan::{GraphPlan, StackChange},
        secret_properties::SecretProperties,
    },
    cost::PlanCosts,
    ids::StackName,
};

/// A plan, by stack; what touches data comes first.
#[derive(Debug)]
pub struct PlanReport<'a> {
    /// The plan.
    pub plan: &'a GraphPlan,
    /// What it adds to the bill, where that was worked out.
    pub costs: Option<&'a PlanCosts>,
    /// How long it will take, where that was worked out.
    pub forecast: Option<&'a Forecast>,
    /// Properties that are filled from secret parameters, whose values are not shown.
    pub secrets: SecretProperties,
}

impl<'a> PlanReport<'a> {
    /// A plan without costs and duration.
    #[must_use]
    pub fn new(plan: &'a GraphPlan) -> Self {
        Self { plan, costs: None, forecast: None, secrets: SecretProperties::default() }
    }

    /// A plan with its costs and its duration.
    #[must_use]
    pub fn appraised(plan: &'a GraphPlan, appraisal: &'a Appraisal) -> Self {
        Self {
            plan,
            costs: Some(&appraisal.costs),
            forecast: Some(&appraisal.forecast),
            secrets: appraisal.secrets.clone(),
        }
    }

    /// The stacks, those that endanger data first, those that do not change last.
    fn ordered(&self) -> Vec<(&'a StackName, &'a StackChange)> {
        let mut stacks: Vec<_> = self.plan.stacks.iter().collect();
        stacks.sort_by_key(|(name, change)| {
            if self.only_protects(name, change) { PROTECTS } else { urgency(change) }
        });
        stacks
    }
}

impl Report for PlanReport<'_> {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        for (name, change) in self.ordered() {
            if self.only_protects(name, change) {
                writeln!(out, "{} {name}: protect", style.warn("~"))?;
                protection(out)?;
                continue;
            }
            let headline = words(change);
            match endangers_data(change) {
                true => {
                    let warning = style.bad("DATA AT RISK");
                    writeln!(out, "{} {name}: {headline}, {warning}", sign(style, change))?;
                }
                false => writeln!(out, "{} {name}: {headline}", sign(style, change))?,
            }
            match change {
                StackChange::Create { resources } => {
                    let known = self.costs.and_then(|costs| costs.created.get(name));
                    created::human(out, style, resources, known)?;
                }
                StackChange::Update { changes, parameters, tags } => {
                    update::human(out, style, &update::shown(name, changes, &self.secrets))?;
                    update::inputs(out, "parameter", parameters)?;
                    update::inputs(out, "tag", tags)?;
                }
                _ => {}
            }
            if self.plan.protections.contains(name) {
                protection(out)?;
            }
        }
        counts::human(out, self.plan, self.costs)?;
        if let Some(costs) = self.costs.filter(|costs| !costs.stacks.is_empty()) {
            costs::human(out, style, costs)?;
        }
        match self.forecast.filter(|forecast| !forecast.path.is_empty()) {
            Some(forecast) => forecast::human(out, forecast),
            None => Ok(()),
        }
    }

    fn json(&self) -> Value {
        let stacks: serde_json::Map<String, Value> = self
            .plan
            .stacks
            .iter()
            .map(|(name, change)| (name.to_string(), self.stack_json(name, change)))
            .collect();
        json!({
            "changes": self.plan.has_changes(),
            "stacks": stacks,
            "counts": counts::json(self.plan, self.costs),
            "costs": self.costs.map(costs::json),
            "expected_seconds": self.forecast.map(|forecast| forecast.duration().as_secs()),
            "forecast": self.forecast,
        })
    }
}

impl PlanReport<'_> {
    /// Whether all that happens to the stack is that termination protection is put on.
    fn only_protects(&self, name: &StackName, change: &StackChange) -> bool {
        *change == StackChange::Unchanged && self.plan.protections.contains(name)
    }

    fn stack_json(&self, name: &StackName, change: &StackChange) -> Value {
        let mut value = json!(change);
        value["data_at_risk"] = json!(endangers_data(change));
        value["protects"] = json!(self.plan.protections.contains(name));
        if self.only_protects(name, change) {
            value["verb"] = json!("protect");
        }
        match change {
            StackChange::Update { changes, .. } => {
                let shown = update::shown(name, changes, &self.secrets);
                value["changes"] = shown.iter().map(update::Shown::json).collect();
            }
            StackChange::Create { resources } => {
                let known = self.costs.and_then(|costs| costs.created.get(name));
                value["adds"] = created::json(resources, known);
            }
            _ => {}
        }
        value
    }
}

/// The urgency of putting protection on: that of other changes.
const PROTECTS: u8 = 2;

fn protection(out: &mut dyn Write) -> fmt::Result {
    writeln!(out, "    termination protection: off -> on")
}

/// Whether the change may lose data.
fn endangers_data(change: &StackChange) -> bool {
    match change {
        StackChange::Update { changes, .. } => changes.iter().any(is_data_risk),
        _ => false,
    }
}

/// Whether a resource that holds data would be lost or replaced, or nobody knows.
fn is_data_risk(delta: &ResourceDelta) -> bool {
    let keeps = matches!(delta.action, Action::Add | Action::Modify);
    (gate::holds_data(&delta.resource_type) && !keeps) || gate::is_unseen(delta)
}

fn urgency(change: &StackChange) -> u8 {
    match change {
        _ if endangers_data(change) => 0,
        StackChange::Stuck { .. } | StackChange::Busy { .. } => 1,
        StackChange::Unchanged => 3,
        _ => 2,
    }
}

fn sign(style: Style, change: &StackChange) -> String {
    match change {
        _ if endangers_data(change) => style.bad("!"),
        StackChange::Create { .. } => style.good("+"),
        StackChange::Update { .. } | StackChange::Unknown { .. } => style.warn("~"),
        StackChange::Unchanged => style.dim("="),
        StackChange::Busy { .. } | StackChange::Stuck { .. } => style.bad("!"),
    }
}

fn words(change: &StackChange) -> String {
    match change {
        StackChange::Create { .. } => "create".to_owned(),
        StackChange::Update { changes, .. } => format!("update, {}", many(changes.len(), "change")),
        StackChange::Unknown { waits_for } => {
            let names: Vec<&str> = waits_for.iter().map(String::as_str).collect();
            format!("compared again once these are known: {}", names.join(", "))
        }
        StackChange::Unchanged => "nothing to change".to_owned(),
        StackChange::Busy { status } => format!("somebody works on it ({status})"),
        StackChange::Stuck { status } => format!("stuck in {status}; a run would refuse"),
    }
}

/// `1 change`, `2 changes`.
fn many(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}

/// Writes a list with commas behind `start`, in lines of at most about 100 characters.
fn wrapped(out: &mut dyn Write, start: &str, items: &[String]) -> fmt::Result {
    const WIDTH: usize = 100;
    let mut line = start.to_owned();
    for (index, item) in items.iter().enumerate() {
        let comma = if index + 1 < items.len() { "," } else { "" };
        if line.len() + item.len() > WIDTH && index > 0 {
            writeln!(out, "{line}")?;
            line = "      ".to_owned();
        } else if !line.ends_with(' ') {
            line.push(' ');
        }
        line.push_str(item);
        line.push_str(comma);
    }
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests;
