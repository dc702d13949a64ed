//! Jenkins' cron syntax (`hudson.scheduler.CronTab`).
//!
//! Five fields: minute, hour, day of the month, month, day of the week. Besides the usual forms
//! there is `H`, a value that is the same for a job every time and differs between jobs; names of
//! days and months are not known.

/// Lowest and highest value of each field.
const FIELDS: [(&str, u32, u32); 5] =
    [("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7)];

/// Names in place of the five fields.
const NAMES: [&str; 7] =
    ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Whether the lines of a `spec` can be read, and there is one.
pub(super) fn check(spec: &str) -> Result<(), String> {
    let mut times = 0;
    for (index, line) in spec.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(zone) = line.strip_prefix("TZ=") {
            if index != 0 || zone.is_empty() {
                return Err("`TZ=` stands only at the begin, with the name of a zone".to_owned());
            }
            continue;
        }
        times += 1;
        time(line).map_err(|reason| format!("`{line}` is not a time of cron: {reason}"))?;
    }
    if times == 0 { Err("it names no time".to_owned()) } else { Ok(()) }
}

fn time(line: &str) -> Result<(), String> {
    if NAMES.contains(&line) {
        return Ok(());
    }
    let fields: Vec<_> = line.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!("it has {} fields in place of 5", fields.len()));
    }
    for (text, (name, lowest, highest)) in fields.into_iter().zip(FIELDS) {
        for term in text.split(',') {
            self::term(term, lowest, highest)
                .ok_or_else(|| format!("the {name} `{term}` is not one of {lowest}-{highest}"))?;
        }
    }
    Ok(())
}

/// `*`, `*/n`, `a`, `a-b`, `a-b/n`, `H`, `H/n`, `H(a-b)` or `H(a-b)/n`.
fn term(term: &str, lowest: u32, highest: u32) -> Option<()> {
    let (values, step) = match term.split_once('/') {
        Some((values, step)) => (values, Some(number(step)?)),
        None => (term, None),
    };
    let inside = values.strip_prefix("H(").and_then(|rest| rest.strip_suffix(')'));
    let (from, to, single) = match values {
        "*" | "H" => (lowest, highest, false),
        _ => {
            let range = inside.unwrap_or(values);
            match range.split_once('-') {
                Some((from, to)) => (number(from)?, number(to)?, false),
                None if inside.is_some() => return None,
                None => (number(range)?, number(range)?, true),
            }
        }
    };
    let fits = lowest <= from && from <= to && to <= highest;
    // A single value has no steps, and a step is not longer than its range.
    let steps = step.is_none_or(|step| !single && step >= 1 && step <= to - from + 1);
    (fits && steps).then_some(())
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn times_of_jenkins_are_read() {
        for spec in [
            "H 2 * * *",
            "H/15 * * * *",
            "H(0-29)/10 9-16/2 1,15 1-11 1-5",
            "TZ=Europe/Berlin\n# every night\n0 3 * * 7\n\n@midnight",
            "*/5 * * * *",
        ] {
            assert_eq!(check(spec), Ok(()), "{spec}");
        }
    }

    #[test]
    fn others_are_refused() {
        for spec in [
            "",
            "# none",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * MON",
            "H/0 * * * *",
            "H/61 * * * *",
            "5/10 * * * *",
            "9-3 * * * *",
            "H(5) * * * *",
            "H(0-60) * * * *",
            "+1 * * * *",
            "@often",
            "* * * * *\nTZ=UTC",
            "1, * * * *",
            "-1 * * * *",
        ] {
            assert!(check(spec).is_err(), "{spec}");
        }
        let message = check("H 25 * * *").unwrap_err();
        assert_eq!(message, "`H 25 * * *` is not a time of cron: the hour `25` is not one of 0-23");
    }
}
