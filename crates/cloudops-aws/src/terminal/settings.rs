//! The one place that merges flag, environment, file and default.

use std::{collections::BTreeMap, io::IsTerminal, num::NonZeroUsize};

use camino::Utf8PathBuf;
use url::Url;

use super::args::{ColorArg, GlobalArgs, OutputArg};
use crate::{
    ctx::CONCURRENCY,
    diagnose::{Class, Diagnose},
    ids::{InvalidId, Region},
    state::lock::Owner,
};

/// The process's environment, read once. Tests make their own.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Variables.
    pub variables: BTreeMap<String, String>,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// Whether a person can be asked.
    pub stdin_is_terminal: bool,
    /// Folder of the program that runs.
    pub program_folder: Option<Utf8PathBuf>,
}

impl Environment {
    /// Reads the environment of this process.
    #[must_use]
    pub fn from_process() -> Self {
        Self {
            // A variable that is not UTF-8 is none of ours.
            variables: std::env::vars_os()
                .filter_map(|(key, value)| {
                    Some((key.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            program_folder: std::env::current_exe()
                .ok()
                .and_then(|file| Utf8PathBuf::from_path_buf(file.parent()?.to_owned()).ok()),
        }
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// How output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputMode {
    /// For people at a terminal: spinners and colours.
    Terminal,
    /// For people reading a log: plain lines.
    Plain,
    /// For programs.
    Json,
}

/// What a run is set to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where `cloudops.yaml` is.
    pub config: Utf8PathBuf,
    /// Region that was asked for outright.
    pub region: Option<Region>,
    /// AWS profile.
    pub profile: Option<String>,
    /// Another endpoint of all AWS services.
    pub endpoint_url: Option<Url>,
    /// How output is written.
    pub output: OutputMode,
    /// Whether colours are used.
    pub color: bool,
    /// Whether a person can be asked.
    pub interactive: bool,
    /// Whether questions are answered with yes.
    pub yes: bool,
    /// Whether progress is kept quiet.
    pub quiet: bool,
    /// How many stacks are worked on at once.
    pub concurrency: NonZeroUsize,
    /// How much is traced: 0, 1 or 2.
    pub verbose: u8,
    /// Filter of the traces.
    pub log_filter: Option<String>,
    /// Who runs the command.
    pub owner: Owner,
    /// Folder with the programs that jobs on the build server fetch: `CLOUDOPS_PROGRAMS`, else
    /// that of the program that runs.
    pub programs: Utf8PathBuf,
    /// All variables, for verbs that look for other programs in them.
    pub variables: BTreeMap<String, String>,
}

/// A flag or variable that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Not an identifier.
    #[error("{origin}: {source}")]
    Id {
        /// Flag or variable.
        origin: &'static str,
        /// What is wrong.
        source: InvalidId,
    },
    /// Not one of the words that are possible, or not a URL.
    #[error("{origin}: `{value}` is not {expected}")]
    Value {
        /// Flag or variable.
        origin: &'static str,
        /// What was given.
        value: String,
        /// What would have been accepted.
        expected: &'static str,
    },
}

impl Diagnose for SettingsError {
    fn class(&self) -> Class {
        Class::Configuration
    }
}

impl Settings {
    /// Merges flags and environment.
    ///
    /// # Errors
    /// [`SettingsError`] names the flag or variable.
    pub fn resolve(args: &GlobalArgs, environment: &Environment) -> Result<Self, SettingsError> {
        let (region, origin) = match &args.region {
            Some(region) => (Some(region.as_str()), "--region"),
            None => match environment.get("AWS_REGION") {
                Some(region) => (Some(region), "AWS_REGION"),
                None => (environment.get("AWS_DEFAULT_REGION"), "AWS_DEFAULT_REGION"),
            },
        };
        let region = region.map(str::parse).transpose();
        let config =
            args.config.clone().or_else(|| environment.get("CLOUDOPS_CONFIG").map(Into::into));
        let color = color(args.color, environment);
        Ok(Self {
            config: config.unwrap_or_else(|| "cloudops.yaml".into()),
            region: region.map_err(|source| SettingsError::Id { origin, source })?,
            profile: args.profile.clone(),
            endpoint_url: endpoint(environment)?,
            output: output(args.output, environment)?,
            color,
            interactive: environment.stdin_is_terminal
                && environment.stderr_is_terminal
                && environment.get("CI").is_none(),
            yes: args.yes,
            quiet: args.quiet,
            concurrency: concurrency(args.concurrency, environment)?,
            verbose: args.verbose,
            log_filter: environment.get("CLOUDOPS_LOG").map(str::to_owned),
            owner: owner(environment),
            programs: programs(environment),
            variables: environment.variables.clone(),
        })
    }
}

fn programs(environment: &Environment) -> Utf8PathBuf {
    let named = environment.get("CLOUDOPS_PROGRAMS").map(Utf8PathBuf::from);
    named.or_else(|| environment.program_folder.clone()).unwrap_or_else(|| ".".into())
}

fn concurrency(
    flag: Option<NonZeroUsize>,
    environment: &Environment,
) -> Result<NonZeroUsize, SettingsError> {
    let (None, Some(value)) = (flag, environment.get("CLOUDOPS_CONCURRENCY")) else {
        return Ok(flag.unwrap_or(CONCURRENCY));
    };
    value.parse().map_err(|_| SettingsError::Value {
        origin: "CLOUDOPS_CONCURRENCY",
        value: value.to_owned(),
        expected: "a whole number above 0",
    })
}

fn endpoint(environment: &Environment) -> Result<Option<Url>, SettingsError> {
    let Some(value) = environment.get("AWS_ENDPOINT_URL") else {
        return Ok(None);
    };
    let wrong = |_| SettingsError::Value {
        origin: "AWS_ENDPOINT_URL",
        value: value.to_owned(),
        expected: "a URL",
    };
    value.parse().map(Some).map_err(wrong)
}

fn output(flag: Option<OutputArg>, environment: &Environment) -> Result<OutputMode, SettingsError> {
    let json = match (flag, environment.get("CLOUDOPS_OUTPUT")) {
        (Some(flag), _) => flag == OutputArg::Json,
        (None, None | Some("human")) => false,
        (None, Some("json")) => true,
        (None, Some(other)) => {
            return Err(SettingsError::Value {
                origin: "CLOUDOPS_OUTPUT",
                value: other.to_owned(),
                expected: "human or json",
            });
        }
    };
    let terminal = environment.stderr_is_terminal
        && environment.get("CI").is_none()
        && environment.get("TERM") != Some("dumb");
    Ok(match (json, terminal) {
        (true, _) => OutputMode::Json,
        (false, true) => OutputMode::Terminal,
        (false, false) => OutputMode::Plain,
    })
}

fn color(flag: ColorArg, environment: &Environment) -> bool {
    match flag {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto if environment.get("NO_COLOR").is_some() => false,
        ColorArg::Auto if environment.get("CLICOLOR_FORCE").is_some_and(|force| force != "0") => {
            true
        }
        ColorArg::Auto => environment.stderr_is_terminal && environment.get("TERM") != Some("dumb"),
    }
}

fn owner(environment: &Environment) -> Owner {
    let user = environment.get("USER").or_else(|| environment.get("LOGNAME")).unwrap_or("unknown");
    #[cfg(unix)]
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let host = environment.get("COMPUTERNAME").unwrap_or("unknown").to_owned();
    Owner { user: user.to_owned(), host, pid: std::process::id() }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        globals: GlobalArgs,
    }

    fn resolve(flags: &[&str], variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let args = Cli::try_parse_from(std::iter::once(&"x").chain(flags)).unwrap().globals;
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Settings::resolve(&args, &Environment { variables, ..Environment::default() })
    }

    #[test]
    fn a_flag_is_stronger_than_a_variable_and_that_than_the_default() {
        assert_eq!(resolve(&[], &[]).unwrap().config, "cloudops.yaml");
        let both = [("CLOUDOPS_CONFIG", "env.yaml"), ("AWS_REGION", "eu-west-1")];
        assert_eq!(resolve(&[], &both).unwrap().config, "env.yaml");
        let settings = resolve(&["--config", "flag.yaml", "--region", "us-east-1"], &both).unwrap();
        assert_eq!(settings.config, "flag.yaml");
        assert_eq!(settings.region.unwrap().as_str(), "us-east-1");
    }

    #[test]
    fn a_wrong_variable_is_named() {
        let error = resolve(&[], &[("AWS_REGION", "nowhere")]).unwrap_err().to_string();
        assert!(error.starts_with("AWS_REGION: `nowhere` is not"), "{error}");
        let error = resolve(&[], &[("CLOUDOPS_OUTPUT", "xml")]).unwrap_err().to_string();
        assert_eq!(error, "CLOUDOPS_OUTPUT: `xml` is not human or json");
        let error = resolve(&[], &[("CLOUDOPS_CONCURRENCY", "0")]).unwrap_err().to_string();
        assert_eq!(error, "CLOUDOPS_CONCURRENCY: `0` is not a whole number above 0");
    }

    #[test]
    fn concurrency_comes_from_flag_variable_or_default() {
        let variable = [("CLOUDOPS_CONCURRENCY", "3")];
        let number =
            |flags: &[&str], variables| resolve(flags, variables).unwrap().concurrency.get();
        assert_eq!(number(&[], &[]), 8);
        assert_eq!(number(&[], &variable), 3);
        assert_eq!(number(&["--concurrency", "1"], &variable), 1);
    }

    #[test]
    fn colours_follow_the_variables() {
        assert!(resolve(&[], &[("CLICOLOR_FORCE", "1")]).unwrap().color);
        assert!(!resolve(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).unwrap().color);
        assert!(resolve(&["--color", "always"], &[("NO_COLOR", "1")]).unwrap().color);
    }
}
