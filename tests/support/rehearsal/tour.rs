//! The steps as they are printed, timed and checked.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use super::RehearsalError;
use super::instance::{COMMAND_LIMIT, Instance};
use super::inventory::Inventory;
use super::printer::Printer;
use super::program::Finished;
use super::run::Runner;
use super::stage::Stage;
use super::storefront::{self, Answer};

/// How many of the last calls a failed step shows.
const LAST_CALLS: usize = 15;

/// One step that was done.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Part of the tour.
    pub chapter: String,
    /// The command.
    pub command: String,
    /// Its exit code.
    pub exit_code: i32,
    /// How long it took.
    pub seconds: f64,
    /// How many calls of AWS it made.
    pub calls: usize,
}

/// The tour through one instance.
#[derive(Debug)]
pub struct Tour {
    /// The stage.
    pub stage: Stage,
    /// The instance.
    pub instance: Instance,
    /// The independent client.
    pub inventory: Inventory,
    /// Where it is written.
    pub printer: Printer,
    /// What was done.
    pub steps: Vec<Step>,
    /// Answers of the storefront.
    pub answers: Vec<Answer>,
    /// Whether everything is left running at the end.
    pub keep: bool,
    /// Where deployment packages are built.
    pub runner: Runner,
    /// What existed before the first step.
    pub before: Value,
    /// What existed when all of it was there.
    pub height: Option<Value>,
    /// What is kept after everything was destroyed.
    pub kept: Option<Vec<String>>,
    confirmed: BTreeSet<String>,
    chapter: String,
    seen: u64,
}

impl Tour {
    /// A tour that has not begun.
    ///
    /// # Errors
    /// When the independent client's files cannot be written.
    pub fn new(stage: Stage, instance: Instance, printer: Printer) -> Result<Self, RehearsalError> {
        Ok(Self {
            inventory: stage.inventory()?,
            stage,
            instance,
            printer,
            steps: Vec::new(),
            answers: Vec::new(),
            keep: false,
            runner: Runner::default(),
            before: Value::Null,
            height: None,
            kept: None,
            confirmed: BTreeSet::new(),
            chapter: String::new(),
            seen: 0,
        })
    }

    /// A part of the tour begins.
    pub fn chapter(&mut self, title: &str) {
        title.clone_into(&mut self.chapter);
        self.printer.chapter(title);
    }

    /// Runs a command that has to end well.
    ///
    /// # Errors
    /// With the command and its exit code, when it does not.
    pub async fn run(&mut self, line: &str) -> Result<Finished, RehearsalError> {
        self.run_expecting(line, 0).await
    }

    /// Runs a command that has to be refused with this exit code and this word.
    ///
    /// # Errors
    /// When it is not.
    pub async fn refuses(
        &mut self,
        line: &str,
        code: i32,
        word: &str,
    ) -> Result<(), RehearsalError> {
        let finished = self.run_expecting(line, code).await?;
        self.says(&finished, word)?;
        self.printer.note(&format!("refused as it should be, with exit code {code}"));
        Ok(())
    }

    /// Checks that a program said something.
    ///
    /// # Errors
    /// With all that it said instead.
    pub fn says(&self, finished: &Finished, word: &str) -> Result<(), RehearsalError> {
        if finished.text().contains(word) {
            return Ok(());
        }
        let (command, text) = (&finished.command, finished.text());
        Err(RehearsalError::Unexpected(format!("`{command}` did not say `{word}`, but:\n{text}")))
    }

    async fn run_expecting(&mut self, line: &str, code: i32) -> Result<Finished, RehearsalError> {
        self.printer.command(line);
        let printer = self.printer;
        let running = self.instance.start(line)?;
        let finished = running.finish(COMMAND_LIMIT, |line| printer.program(line)).await?;
        let calls = self.new_calls().await?;
        let seconds = seconds(finished.elapsed);
        self.printer.note(&format!("{seconds:.1} s, {calls} calls of AWS"));
        self.steps.push(Step {
            chapter: self.chapter.clone(),
            command: line.to_owned(),
            exit_code: finished.code,
            seconds,
            calls,
        });
        if finished.code == code {
            return Ok(finished);
        }
        let found = finished.code;
        Err(RehearsalError::Unexpected(format!("`{line}` ended with {found} instead of {code}")))
    }

    async fn new_calls(&mut self) -> Result<usize, RehearsalError> {
        let calls = self.stage.emulator.proxy.calls(self.seen).await?;
        if let Some(last) = calls.last() {
            self.seen = last.sequence;
        }
        Ok(calls.iter().filter(|call| call.who != "inventory").count())
    }

    /// Confirms by the independent client that what `cloudops.yaml` asks for is there.
    ///
    /// # Errors
    /// With all that is not.
    pub async fn confirm(&mut self, what: &[&str]) -> Result<(), RehearsalError> {
        let start = Instant::now();
        let config = self.instance.folder.join("cloudops.yaml");
        let facts = self.inventory.check_exists(&config, what).await?;
        self.printer.line("");
        let seconds = seconds(start.elapsed());
        self.printer.note(&format!("an independent client (boto3) confirms, in {seconds:.1} s:"));
        // What was said after an earlier part is checked again and not said again.
        for fact in facts {
            if self.confirmed.insert(fact.clone()) {
                self.printer.note(&format!("  {fact}"));
            }
        }
        // Its calls are not those of the next step.
        self.new_calls().await.map(|_| ())
    }

    /// Asks the storefront for its page, which must have this greeting. A pretended container has
    /// none; then any answer will do.
    ///
    /// # Errors
    /// When it does not answer, or says something else.
    pub async fn storefront(&mut self, env: &str, greeting: &str) -> Result<(), RehearsalError> {
        let host = format!("{env}.{}", self.instance.settings.domain);
        let answer = storefront::ask(&self.stage, &host, "/cortex", self.keep).await?;
        self.printer.command(&format!("curl -H 'Host: {host}' {}", answer.address));
        self.printer.program(&answer.line());
        let right = answer.pretended || answer.body["greeting"] == greeting;
        let line = answer.line();
        self.answers.push(answer);
        if right {
            return Ok(());
        }
        Err(RehearsalError::Unexpected(format!(
            "the storefront should say `{greeting}`, but: {line}"
        )))
    }

    /// The last calls of AWS, for a failed step.
    pub async fn last_calls(&self) -> Vec<String> {
        let mut all = self.stage.emulator.proxy.calls(0).await.unwrap_or_default();
        all.retain(|call| call.who != "inventory");
        let last = all.iter().skip(all.len().saturating_sub(LAST_CALLS));
        last.map(|call| {
            let resource = call.resource.as_deref().unwrap_or_default();
            let code = call.code.as_deref().unwrap_or_default();
            let (service, operation, status) = (&call.service, &call.operation, call.status);
            format!("{} {service}:{operation} {resource} -> {status} {code}", call.who)
        })
        .collect()
    }
}

/// Seconds with a fraction.
#[must_use]
pub fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
