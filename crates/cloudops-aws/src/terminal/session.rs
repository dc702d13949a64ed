//! What a verb gets from the terminal: settings, events, questions, output.

use std::{
    io::BufRead as _,
    sync::{Arc, Mutex, PoisonError},
};

use tokio_util::sync::CancellationToken;

use super::{
    failure::Failure,
    printer,
    render::{self, Render},
    report::{Report, Style},
    settings::{OutputMode, Settings},
};
use crate::{
    cfn::error::CfnError,
    config_file::CloudOpsConfig,
    connect::Connect,
    ctx::Ctx,
    diagnose::{Class, Diagnose},
    events::EventSink,
    ids::Region,
};

/// One run of a program.
pub struct Session {
    /// What the run is set to.
    pub settings: Settings,
    /// Cancelled by Ctrl-C and SIGTERM.
    pub cancel: CancellationToken,
    program: &'static str,
    renderer: Arc<Mutex<Box<dyn Render>>>,
}

/// Why the terminal could not do what a verb asked.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// There is no settings file.
    #[error("the settings file {path} cannot be read: {reason}")]
    NoConfig {
        /// Where it was looked for.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A flag or variable contradicts the file.
    #[error("{path} is for region {file}, but --region or AWS_REGION says {asked}")]
    OtherRegion {
        /// The file.
        path: String,
        /// Its region.
        file: String,
        /// The other one.
        asked: String,
    },
    /// Nobody can be asked.
    #[error("this needs an answer, and there is no terminal to ask at: {question}")]
    NobodyToAsk {
        /// The question.
        question: String,
        /// The flag that answers it.
        flag: String,
    },
    /// The person said no.
    #[error("not confirmed; nothing was changed")]
    NotConfirmed,
}

impl Diagnose for SessionError {
    fn class(&self) -> Class {
        match self {
            Self::NoConfig { .. } | Self::OtherRegion { .. } => Class::Configuration,
            Self::NobodyToAsk { .. } | Self::NotConfirmed => Class::Denied,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoConfig { .. } => {
                vec!["Write one with `cloudcore new`, or name it with --config.".to_owned()]
            }
            Self::OtherRegion { .. } => vec!["Leave the flag or variable out.".to_owned()],
            Self::NobodyToAsk { flag, .. } => vec![format!("Add {flag}.")],
            Self::NotConfirmed => Vec::new(),
        }
    }
}

impl Session {
    pub(super) fn new(
        settings: Settings,
        cancel: CancellationToken,
        program: &'static str,
    ) -> Self {
        let renderer = render::renderer(settings.output, settings.color, settings.quiet);
        Self { settings, cancel, program, renderer: Arc::new(Mutex::new(renderer)) }
    }

    /// Where work reports itself.
    #[must_use]
    pub fn events(&self) -> EventSink {
        let renderer = self.renderer.clone();
        EventSink::from_fn(move |event| {
            renderer.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
        })
    }

    /// Reads the settings file.
    ///
    /// # Errors
    /// [`SessionError::NoConfig`], a `ConfigError`, or that the region asked for is another one.
    pub fn config(&self) -> Result<CloudOpsConfig, Failure> {
        let path = self.settings.config.as_str();
        let text = fs_err::read_to_string(path).map_err(|error| SessionError::NoConfig {
            path: path.to_owned(),
            reason: reason(error.kind()),
        })?;
        let config = CloudOpsConfig::parse(path, &text)?;
        match &self.settings.region {
            Some(asked) if *asked != config.region => Err(SessionError::OtherRegion {
                path: path.to_owned(),
                file: config.region.to_string(),
                asked: asked.to_string(),
            }
            .into()),
            _ => Ok(config),
        }
    }

    /// Connects to AWS in the region of the settings file.
    ///
    /// # Errors
    /// [`crate::error::AwsError`].
    pub async fn connect(&self, config: &CloudOpsConfig) -> Result<Ctx, Failure> {
        self.connect_as(Some(&config.region), self.settings.profile.as_deref()).await
    }

    /// Connects to AWS without a settings file: in a region, with a profile; what is not given
    /// comes from the standard places.
    ///
    /// # Errors
    /// [`crate::error::AwsError`].
    pub async fn connect_as(
        &self,
        region: Option<&Region>,
        profile: Option<&str>,
    ) -> Result<Ctx, Failure> {
        let connect = Connect {
            region: region.cloned(),
            profile: profile.map(str::to_owned),
            endpoint_url: self.settings.endpoint_url.clone(),
            app_name: Some(format!("cloudops-{}", self.program)),
        };
        let aws = tokio::select! {
            aws = connect.connect() => aws?,
            () = self.cancel.cancelled() => return Err(CfnError::Interrupted.into()),
        };
        let ctx = Ctx::new(aws, self.events(), self.cancel.clone());
        Ok(ctx.with_concurrency(self.settings.concurrency))
    }

    /// Writes a result to standard output.
    pub fn print(&self, report: &dyn Report) {
        self.finish();
        if self.settings.output == OutputMode::Json {
            let mut value = report.json();
            if let Some(fields) = value.as_object_mut() {
                fields.shift_insert(0, "schema".to_owned(), 1.into());
            }
            printer::out(&format!("{value}\n"));
            return;
        }
        let mut text = String::new();
        // Writing to a String fails only where a report says so itself.
        let _ = report.human(&mut text, Style { color: self.settings.color });
        printer::out(&text);
    }

    /// Writes text that is a result as it stands to standard output.
    pub fn print_text(&self, text: &str) {
        self.finish();
        printer::out(text);
    }

    /// Asks a person for a text, which may be empty.
    ///
    /// # Errors
    /// [`SessionError::NobodyToAsk`] without a terminal, with the flag that answers.
    pub async fn question(&self, question: &str, flag: &str) -> Result<String, Failure> {
        self.ask(question, flag).await
    }

    /// Asks a person; `--yes` answers.
    ///
    /// # Errors
    /// [`SessionError`] when nobody can be asked or the answer is no.
    pub async fn confirm(&self, question: &str) -> Result<(), Failure> {
        if self.settings.yes {
            return Ok(());
        }
        let answer = self.ask(&format!("{question} [y/N] "), "--yes").await?;
        agreed(matches!(answer.as_str(), "y" | "Y" | "yes"))
    }

    /// Makes sure that a person means exactly this thing: its name must be typed, or given by the
    /// flag `--name` together with `--yes`.
    ///
    /// # Errors
    /// [`SessionError`] when the name is another one.
    pub async fn confirm_name(
        &self,
        what: &str,
        name: &str,
        given: Option<&str>,
    ) -> Result<(), Failure> {
        self.can_confirm_name(what, name, given)?;
        if given.is_some() && self.settings.yes {
            return Ok(());
        }
        let (question, flag) = naming(what, name);
        agreed(self.ask(&question, &flag).await? == name)
    }

    /// Refuses at once what [`Self::confirm_name`] would refuse without asking, before the time is
    /// taken to look what is to be shown.
    ///
    /// # Errors
    /// [`SessionError`] when nobody can be asked or the name that was given is another one.
    pub fn can_confirm_name(
        &self,
        what: &str,
        name: &str,
        given: Option<&str>,
    ) -> Result<(), Failure> {
        if let Some(given) = given.filter(|_| self.settings.yes) {
            return agreed(given == name);
        }
        let (question, flag) = naming(what, name);
        self.somebody_to_ask(&question, &flag)
    }

    fn somebody_to_ask(&self, question: &str, flag: &str) -> Result<(), Failure> {
        if self.settings.interactive {
            return Ok(());
        }
        let question = question.trim().to_owned();
        Err(SessionError::NobodyToAsk { question, flag: flag.to_owned() }.into())
    }

    async fn ask(&self, question: &str, flag: &str) -> Result<String, Failure> {
        self.somebody_to_ask(question, flag)?;
        self.finish();
        printer::err(question);
        // Read on a thread of its own, so that Ctrl-C is seen while nobody types.
        let read = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            // No answer is no.
            let _ = std::io::stdin().lock().read_line(&mut answer);
            answer
        });
        tokio::select! {
            answer = read => Ok(answer.unwrap_or_default().trim().to_owned()),
            () = self.cancel.cancelled() => Err(CfnError::Interrupted.into()),
        }
    }

    pub(super) fn fail(&self, failure: &Failure) {
        self.finish();
        if self.settings.output == OutputMode::Json {
            printer::err(&format!("{}\n", failure.json()));
        } else {
            printer::err(&failure.human(Style { color: self.settings.color }));
        }
    }

    pub(super) fn finish(&self) {
        self.renderer.lock().unwrap_or_else(PoisonError::into_inner).finish();
    }
}

fn reason(kind: std::io::ErrorKind) -> String {
    match kind {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        other => other.to_string(),
    }
}

/// The question for a name, and the flags that answer it.
fn naming(what: &str, name: &str) -> (String, String) {
    (format!("{what} Type `{name}` to go on: "), format!("--name {name} --yes"))
}

fn agreed(yes: bool) -> Result<(), Failure> {
    if yes { Ok(()) } else { Err(SessionError::NotConfirmed.into()) }
}
