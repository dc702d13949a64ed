//! `clouddeploy logs`.

use std::{
    fmt::{self, Write},
    time::Duration,
};

use clouddeploy::ops::logs::{self, LogsRequest};
use cloudops_aws::{
    diagnose::Class,
    ids::EnvName,
    logs::Line,
    terminal::{CliResult, Report, Session, Style},
};

/// Options of `logs`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Environment
    #[arg(long)]
    env: EnvName,
    /// Only this service
    #[arg(long)]
    service: Option<String>,
    /// How far back, such as 90s, 10m or 2h
    #[arg(long, default_value = "10m", value_parser = duration)]
    since: Duration,
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time such as 90s, 10m or 2h");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: u64 = text.strip_suffix(unit).and_then(|n| n.parse().ok()).ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86400,
        _ => return Err(wrong()),
    };
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

pub(super) async fn exec(session: &Session, args: Args) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let Args { env, service, since } = args;
    let lines = logs::logs(&ctx, &LogsRequest { config, env, service, since }).await?;
    session.print(&Shown(lines));
    Ok(Class::Done)
}

struct Shown(Vec<Line>);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        for line in &self.0 {
            // A stream is named SIDE-SERVICE/CONTAINER/TASK.
            let service = line.stream.split('/').next().unwrap_or_default();
            let time = line.time.strftime("%H:%M:%S");
            let head = style.dim(&format!("{time} {service}"));
            writeln!(out, "{head} {}", line.message.trim_end())?;
        }
        if self.0.is_empty() { writeln!(out, "no lines") } else { Ok(()) }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "lines": self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        for wrong in ["", "10", "m", "-1s", "1.5h", "10ü", "99999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
