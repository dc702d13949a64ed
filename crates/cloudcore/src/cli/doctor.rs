//! `cloudcore doctor`.

use std::fmt::{self, Write};

use cloudcore::{
    doctor::{Check, Diagnosis, Finding, Verdict},
    ops::doctor,
};
use cloudops_aws::{
    config_file::CloudOpsConfig,
    terminal::{CliResult, Report, Session, Style},
};

pub(super) async fn exec(session: &Session) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let diagnosis = doctor::doctor(&ctx, &config).await?;
    let class = diagnosis.class();
    session.print(&Shown { diagnosis, config });
    Ok(class)
}

struct Shown {
    diagnosis: Diagnosis,
    config: CloudOpsConfig,
}

/// Verdicts that are counted, with their words for one and for more.
const COUNTED: [(Verdict, &str, &str); 3] = [
    (Verdict::Problem, "problem", "problems"),
    (Verdict::Warning, "warning", "warnings"),
    (Verdict::Unknown, "thing that could not be found out", "things that could not be found out"),
];

fn word(verdict: Verdict, style: Style) -> String {
    match verdict {
        Verdict::Ok => style.good("ok     "),
        Verdict::Warning => style.warn("warning"),
        Verdict::Problem => style.bad("problem"),
        Verdict::Unknown => style.warn("unknown"),
    }
}

fn line(out: &mut dyn Write, finding: &Finding, style: Style) -> fmt::Result {
    writeln!(out, "  {}  {}", word(finding.verdict, style), finding.what)?;
    match &finding.fix {
        Some(fix) => writeln!(out, "           {fix}"),
        None => Ok(()),
    }
}

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        for check in Check::ALL {
            let mut findings =
                self.diagnosis.findings.iter().filter(|finding| finding.check == check).peekable();
            if findings.peek().is_some() {
                writeln!(out, "{}", style.bold(check.title()))?;
            }
            for finding in findings {
                line(out, finding, style)?;
            }
        }
        let counts: Vec<String> = COUNTED
            .iter()
            .map(|(verdict, one, more)| (self.diagnosis.count(*verdict), one, more))
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, more)| format!("{count} {}", if count == 1 { one } else { more }))
            .collect();
        if counts.is_empty() {
            return writeln!(out, "Nothing is in the way. Next: `cloudcore plan`.");
        }
        let counts = counts.join(", ");
        match self.diagnosis.count(Verdict::Problem) {
            0 => writeln!(out, "{counts}. Nothing is in the way. Next: `cloudcore plan`."),
            _ => writeln!(out, "{counts}."),
        }
    }

    fn json(&self) -> serde_json::Value {
        let count = |verdict| self.diagnosis.count(verdict);
        serde_json::json!({
            "instance": self.config.instance,
            "account": self.config.account,
            "region": self.config.region,
            "good": count(Verdict::Problem) == 0,
            "problems": count(Verdict::Problem),
            "warnings": count(Verdict::Warning),
            "unknown": count(Verdict::Unknown),
            "findings": self.diagnosis.findings,
        })
    }
}
