//! What a plan costs a month, with what is not in the figure at least as visible as the figure.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::{super::report::Style, wrapped};
use crate::cost::{Difference, Line, Monthly, PlanCosts, Usd};

pub(super) fn human(out: &mut dyn Write, style: Style, costs: &PlanCosts) -> fmt::Result {
    writeln!(out, "{}", style.bold("Cost a month, as far as it is known:"))?;
    for (name, difference) in &costs.stacks {
        let rows = rows(difference);
        if rows.is_empty() {
            continue;
        }
        writeln!(out, "  {name}: {}", sums(difference))?;
        for (amount, what) in rows {
            writeln!(out, "    {amount:>12}  {what}")?;
        }
    }
    let increase = costs.stacks.values().map(Difference::increase).sum::<Usd>();
    let decrease = costs.stacks.values().map(Difference::decrease).sum::<Usd>();
    let together = costs.monthly().signed();
    writeln!(out, "  together: {together} ({increase} more, {decrease} less)")?;
    assumed(out, costs)?;
    by_use(out, costs)?;
    not_known(out, style, costs)?;
    match costs.stacks.values().next() {
        Some(first) => writeln!(
            out,
            "  List prices of {} without tax, free tier and discounts; see docs/concepts/cost.md.",
            first.prices_of
        ),
        None => Ok(()),
    }
}

fn sums(difference: &Difference) -> String {
    let monthly = difference.monthly().signed();
    match difference.total {
        Some(total) => format!("{monthly}, {total} afterwards"),
        None => monthly,
    }
}

/// Amounts and what they are for; the same thing several times is one row.
fn rows(difference: &Difference) -> Vec<(String, String)> {
    let added = difference.added.iter().filter_map(|line| priced(line, false));
    let removed = difference.removed.iter().filter_map(|line| priced(line, true));
    let mut rows: Vec<(Usd, String, usize)> = Vec::new();
    for (amount, what) in added.chain(removed) {
        match rows.iter_mut().find(|(each, known, _)| *each == amount && *known == what) {
            Some((_, _, count)) => *count += 1,
            None => rows.push((amount, what, 1)),
        }
    }
    let told = rows.into_iter().map(|(amount, what, count)| match count {
        1 => (amount.signed(), what),
        _ => {
            let sum: Usd = std::iter::repeat_n(amount, count).sum();
            (sum.signed(), format!("{count} x {what}"))
        }
    });
    told.chain(difference.changed.iter().filter_map(changed)).collect()
}

fn priced(line: &Line, is_removed: bool) -> Option<(Usd, String)> {
    match line.monthly {
        Monthly::Usd(usd) => Some((if is_removed { -usd } else { usd }, line.what.clone())),
        _ => None,
    }
}

fn changed(change: &crate::cost::Change) -> Option<(String, String)> {
    let more = change.after.monthly.known() - change.before.monthly.known();
    let (before, after) = (&change.before, &change.after);
    match (&before.monthly, &after.monthly) {
        (Monthly::Usd(_), Monthly::Usd(_)) if before.what == after.what => {
            Some((more.signed(), after.what.clone()))
        }
        (Monthly::Usd(_), _) | (_, Monthly::Usd(_)) => {
            Some((more.signed(), format!("{} -> {}", before.what, after.what)))
        }
        _ => None,
    }
}

/// All lines that are there afterwards and were touched.
fn touched(costs: &PlanCosts) -> impl Iterator<Item = (&crate::ids::StackName, &Line)> {
    costs.stacks.iter().flat_map(|(name, difference)| {
        let changed = difference.changed.iter().map(|change| &change.after);
        difference.added.iter().chain(changed).map(move |line| (name, line))
    })
}

fn assumed(out: &mut dyn Write, costs: &PlanCosts) -> fmt::Result {
    let assumptions: BTreeSet<String> = touched(costs)
        .filter(|(_, line)| matches!(line.monthly, Monthly::Usd(_)))
        .filter_map(|(_, line)| Some(format!("{}: {}", line.what, line.assumption.as_ref()?)))
        .collect();
    if assumptions.is_empty() {
        return Ok(());
    }
    writeln!(out, "  assumed:")?;
    assumptions.iter().try_for_each(|assumption| writeln!(out, "    {assumption}"))
}

fn by_use(out: &mut dyn Write, costs: &PlanCosts) -> fmt::Result {
    let used: BTreeSet<String> = touched(costs)
        .filter_map(|(_, line)| match &line.monthly {
            Monthly::Usage(counted) => Some(format!("{} ({counted})", line.what)),
            _ => None,
        })
        .collect();
    if used.is_empty() {
        return Ok(());
    }
    writeln!(out, "  NOT in it, because it is billed by use:")?;
    wrapped(out, "    ", &used.into_iter().collect::<Vec<_>>())
}

fn not_known(out: &mut dyn Write, style: Style, costs: &PlanCosts) -> fmt::Result {
    let unknown: Vec<String> = touched(costs)
        .filter_map(|(name, line)| match &line.monthly {
            Monthly::Unknown(why) => {
                let resource = match line.logical_id.as_str() {
                    "" => String::new(),
                    logical_id => format!("/{logical_id}"),
                };
                Some(format!("{name}{resource}: {}: {why}", line.what))
            }
            _ => None,
        })
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {}", style.bad("NOT in it, because nobody knows it yet:"))?;
    unknown.iter().try_for_each(|line| writeln!(out, "    {line}"))
}

pub(super) fn json(costs: &PlanCosts) -> Value {
    json!({
        "currency": "USD",
        "monthly": costs.monthly(),
        "stacks": costs.stacks,
    })
}
