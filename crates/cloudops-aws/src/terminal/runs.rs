//! The verbs `runs` and `show`, which the three programs share.

use std::fmt::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    exit::CliResult,
    failure::Failure,
    render::replay,
    report::{Report, Style, Table},
    session::Session,
    settings::OutputMode,
};
use crate::{
    diagnose::Class,
    run_page,
    state::{
        runs::{self, Found, RunDocument, RunReport, Verdict, Which},
        store::{StateError, Store},
    },
    words,
};

/// Options of `runs`.
#[derive(Debug, Clone, clap::Args)]
pub struct RunsArgs {
    /// Scope of the lock that the runs held, such as env-live
    #[arg(long)]
    pub scope: Option<String>,
    /// The runs of all programs
    #[arg(long, conflicts_with = "scope")]
    pub all: bool,
    /// How many, the newest first
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub limit: usize,
}

/// Options of `show`.
#[derive(Debug, Clone, clap::Args)]
pub struct ShowArgs {
    /// Id of the run, or how it begins; or `last`
    #[arg(default_value = "last")]
    pub run: String,
    /// Write the run as one self-contained page; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub html: Option<Utf8PathBuf>,
}

/// Lists runs. `scopes` are those of the program; one that ends in a hyphen stands for all that
/// begin so.
///
/// # Errors
/// Those of the state bucket.
pub async fn list_runs(
    session: &Session,
    store: &Store,
    args: &RunsArgs,
    scopes: &[&str],
) -> CliResult {
    let scopes = match &args.scope {
        _ if args.all => Vec::new(),
        Some(scope) => vec![scope.clone()],
        None => owned(scopes),
    };
    session.print(&Listed(runs::list(store, &scopes, args.limit).await?));
    Ok(Class::Done)
}

/// Shows one run again: as text, as JSON Lines, or as a page.
///
/// # Errors
/// That there is no such run, or that the file cannot be written.
pub async fn show_run(
    session: &Session,
    store: &Store,
    args: &ShowArgs,
    scopes: &[&str],
) -> CliResult {
    let which = match args.run.as_str() {
        "last" => Which::Last(owned(scopes)),
        id => Which::Id(id.to_owned()),
    };
    match &args.html {
        Some(file) => write_page(session, &runs::read(store, &which).await?, file)?,
        None if session.settings.output == OutputMode::Json => {
            session.print_text(&runs::lines(store, &which).await?);
        }
        None => {
            let style = Style { color: session.settings.color };
            session.print_text(&replayed(&runs::read(store, &which).await?, style));
        }
    }
    Ok(Class::Done)
}

fn owned(scopes: &[&str]) -> Vec<String> {
    scopes.iter().map(|scope| (*scope).to_owned()).collect()
}

fn write_page(session: &Session, run: &RunDocument, file: &Utf8Path) -> Result<(), Failure> {
    let page = run_page::html(run);
    if file == "-" {
        session.print_text(&page);
        return Ok(());
    }
    fs_err::write(file, page).map_err(StateError::File)?;
    session.print(&Written { run: run.report.run.clone(), file: file.to_owned() });
    Ok(())
}

/// The lines that the run showed, each with its time on the run's clock.
fn replayed(run: &RunDocument, style: Style) -> String {
    let report = &run.report;
    let owner = &report.owner;
    let mut text = format!("{}  {}\n", style.bold(&report.command), style.dim(&report.run));
    text += &format!("{} by {} on {}\n", minute(report), owner.user, owner.host);
    text += &replay(&run.events, report.began, style);
    text += &conclusion(run, style);
    text
}

fn conclusion(run: &RunDocument, style: Style) -> String {
    let verdict = run.report.verdict(run.running);
    let after = run.report.took().map(|took| format!(" after {}", words::duration(took)));
    let mut text = format!(
        "{}{}: {}\n",
        colored(verdict, style),
        after.unwrap_or_default(),
        verdict.meaning()
    );
    if let Some(ended) = &run.report.ended {
        let error = ended.error.iter().map(|error| format!("{}: {error}\n", style.bad("error")));
        let hints = ended.hints.iter().map(|hint| format!("  {}: {hint}\n", style.warn("hint")));
        text.extend(error.chain(hints));
    }
    text
}

fn minute(report: &RunReport) -> String {
    report.began.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn colored(verdict: Verdict, style: Style) -> String {
    match verdict {
        Verdict::Done => style.good(verdict.word()),
        Verdict::Running | Verdict::Stopped => style.warn(verdict.word()),
        Verdict::CutOff | Verdict::Failed(_) => style.bad(verdict.word()),
    }
}

/// Enough of a run id to tell runs apart: its time, to the millisecond.
fn short(run: &str) -> &str {
    run.get(..13).unwrap_or(run)
}

struct Listed(Vec<Found>);

impl Report for Listed {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(out, "no run is recorded yet");
        }
        let headings = ["RUN", "COMMAND", "SCOPE", "BEGAN", "TOOK", "OUTCOME"];
        let mut table = Table::new(style, &headings);
        for found in &self.0 {
            let report = &found.report;
            let verdict = report.verdict(found.running);
            let outcome = match verdict {
                Verdict::Failed(class) => {
                    format!("{} (exit code {})", colored(verdict, style), class.code())
                }
                _ => colored(verdict, style),
            };
            table.row([
                short(&report.run).to_owned(),
                report.command.clone(),
                report.scope.clone(),
                minute(report),
                report.took().map_or("-".to_owned(), words::duration),
                outcome,
            ]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> serde_json::Value {
        let one = |found: &Found| {
            let verdict = found.report.verdict(found.running);
            let mut value = serde_json::to_value(&found.report).unwrap_or_default();
            value["outcome"] = verdict.word().replace(' ', "-").into();
            value
        };
        serde_json::json!({ "runs": self.0.iter().map(one).collect::<Vec<_>>() })
    }
}

struct Written {
    run: String,
    file: Utf8PathBuf,
}

impl Report for Written {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        writeln!(out, "the run {} is in {}", short(&self.run), self.file)
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "run": self.run, "file": self.file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_page::sample;

    #[test]
    fn a_run_is_shown_again_with_the_times_of_its_clock() {
        let text = replayed(&sample::short_failure(), Style { color: false });
        insta::assert_snapshot!(text, @r"
        cloudcore init  0195565a-1b2c-7def-8123-456789abcdef
        2026-03-02 09:15:30 UTC by ann on build-7
           0:00   ..   network (acme-core-network)
           0:00   ..   dns (acme-core-dns)
           0:09  fail  acme-core-dns: Zone (AWS::Route53::HostedZone): shop.example.com exists already
           0:12  fail  dns (acme-core-dns): stack acme-core-dns: Zone: shop.example.com exists already
           1:01   ok   network (acme-core-network): done in 61.2 s
        failed after 1 min 01 s: failed, and rolled back to the state before
        error: stack acme-core-dns: Zone: shop.example.com exists already
          hint: Mend the cause, then run `cloudops-command` again.
        ");
    }

    #[test]
    fn runs_are_a_table_and_json() {
        let run = sample::short_failure();
        let cut = RunReport {
            ended: None,
            command: "cloudcore destroy".to_owned(),
            ..run.report.clone()
        };
        let listed = Listed(vec![
            Found { report: run.report, running: false },
            Found { report: cut, running: false },
        ]);
        let mut text = String::new();
        listed.human(&mut text, Style { color: false }).unwrap();
        insta::assert_snapshot!(text, @r"
        RUN            COMMAND            SCOPE     BEGAN                    TOOK        OUTCOME
        0195565a-1b2c  cloudcore init     env-live  2026-03-02 09:15:30 UTC  1 min 01 s  failed (exit code 9)
        0195565a-1b2c  cloudcore destroy  env-live  2026-03-02 09:15:30 UTC  -           cut off
        ");
        assert_eq!(listed.json()["runs"][1]["outcome"], "cut-off");
    }
}
