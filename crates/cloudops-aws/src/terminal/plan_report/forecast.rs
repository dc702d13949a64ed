//! How long a plan will take, and what it waits for.

use std::{
    fmt::{self, Write},
    time::Duration,
};

use super::{many, wrapped};
use crate::cfn::{
    forecast::{Basis, Forecast, Step},
    words,
};

/// Most waits that are told of a stack.
const TOLD: usize = 3;

pub(super) fn human(out: &mut dyn Write, forecast: &Forecast) -> fmt::Result {
    let basis = if forecast.is_measured() {
        "as long as it took before"
    } else {
        "by what such resources usually take; the next run knows better"
    };
    writeln!(out, "Expected duration: {}, {basis}.", about(forecast.duration()))?;
    writeln!(out, "  The longest way:")?;
    for step in &forecast.path {
        let took = about(Duration::from_secs(step.seconds));
        writeln!(out, "    {}: {took}{}", step.title, waits(step))?;
    }
    if forecast.beside.is_empty() {
        return Ok(());
    }
    wrapped(out, "  Meanwhile:", &forecast.beside)
}

/// What of a step is waiting for AWS.
fn waits(step: &Step) -> String {
    let told: Vec<String> = step
        .waits
        .iter()
        .take(TOLD)
        .map(|wait| words::of(&wait.resource_type).singular.into_owned())
        .collect();
    let measured = if step.basis == Basis::History { ", measured" } else { "" };
    match told.as_slice() {
        [] => measured.to_owned(),
        told => format!("{measured}; AWS's waits: {}", told.join(", ")),
    }
}

/// A duration as people say it: no seconds beyond two minutes.
pub(super) fn about(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=119 => format!("about {}", many(seconds.max(1) as usize, "second")),
        120..=7199 => format!("about {} minutes", seconds.div_ceil(60)),
        _ => {
            let minutes = seconds.div_ceil(60) as usize;
            let (hours, minutes) = (many(minutes / 60, "hour"), many(minutes % 60, "minute"));
            format!("about {hours} and {minutes}")
        }
    }
}
