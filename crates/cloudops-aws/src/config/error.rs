//! Why configuration management could not do something.

use jiff::Timestamp;

use super::{
    consul::ConsulError, document::DocumentError, key::InvalidKey, schema::Problem,
    value::InvalidValue,
};
use crate::{
    diagnose::{Class, Diagnose},
    error::AwsError,
    state::{init::InitError, lock::LockError, store::StateError},
};

/// Why configuration management could not do something.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not a key.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// A value that cannot be stored.
    #[error("{key}: {source}")]
    Value {
        /// The key.
        key: String,
        /// Which rule it breaks.
        source: InvalidValue,
    },
    /// A key that only the foundation's stack writes.
    #[error("{key} is a fact of the foundation, which its own stack writes")]
    Foundation {
        /// The key.
        key: String,
    },
    /// There is no such key.
    #[error("the configuration has no key `{key}`")]
    NoSuchKey {
        /// The key.
        key: String,
    },
    /// A key never had this version, or has it no longer.
    #[error("{key} has no version {version}")]
    NoSuchVersion {
        /// The key.
        key: String,
        /// Version asked for.
        version: i64,
    },
    /// Somebody else wrote the key since it was read.
    #[error("{key} was changed by somebody else meanwhile: {detail}")]
    Conflict {
        /// The key.
        key: String,
        /// What is known about that.
        detail: String,
    },
    /// Parameter Store keeps 100 versions, and must not drop one that has a label.
    #[error("{key} has 100 versions, and the oldest cannot go because it has a label")]
    VersionsFull {
        /// The key.
        key: String,
        /// Name of the parameter.
        parameter: String,
    },
    /// A secret's value of that version is not kept any more.
    #[error("{key}: Secrets Manager does not keep the value of that version any more")]
    SecretGone {
        /// The key.
        key: String,
    },
    /// A key is asked to go back further than its history does.
    #[error("{key}: its history begins at {first}, after {asked}")]
    HistoryGone {
        /// The key.
        key: String,
        /// When its oldest version was made.
        first: Timestamp,
        /// The moment that was asked for.
        asked: Timestamp,
    },
    /// A reference to a secret of something else.
    #[error("{key}: {name} is the secret of something else")]
    ForeignSecret {
        /// The key.
        key: String,
        /// Name of the secret.
        name: String,
    },
    /// Values that the schema refuses.
    #[error("the values would break the schema {schema}: {}", said(.problems))]
    Schema {
        /// Where the schema is.
        schema: String,
        /// What is wrong, by key and rule.
        problems: Vec<Problem>,
    },
    /// A schema that cannot be used.
    #[error("the schema {schema} cannot be used: {reason}")]
    SchemaFile {
        /// Where the schema is.
        schema: String,
        /// Why.
        reason: String,
    },
    /// A file that cannot be imported.
    #[error("{file}{}: {source}", colon(*.place))]
    Document {
        /// The file.
        file: String,
        /// Line and column, where the error does not say them itself.
        place: Option<(u64, u64)>,
        /// What is wrong.
        source: DocumentError,
    },
    /// A file that cannot be read.
    #[error("{file} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// A value was to come from standard input, and that is a terminal.
    #[error("the value is read from standard input, and that is a terminal")]
    NoInput,
    /// Some changes are made, and one failed.
    #[error("{} of {of} changes are made ({}), then: {source}", .written.len(), .written.join(", "))]
    Partly {
        /// Keys that are written.
        written: Vec<String>,
        /// How many were to be written.
        of: usize,
        /// Why the next one failed.
        source: Box<ConfigError>,
    },
    /// The run was stopped.
    #[error("interrupted")]
    Interrupted,
    /// Consul.
    #[error(transparent)]
    Consul(#[from] ConsulError),
    /// A call of AWS.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The state bucket.
    #[error(transparent)]
    State(#[from] StateError),
    /// What is set up.
    #[error(transparent)]
    Init(#[from] InitError),
    /// The lock.
    #[error(transparent)]
    Lock(#[from] LockError),
}

fn colon(place: Option<(u64, u64)>) -> String {
    place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default()
}

fn said(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Diagnose for ConfigError {
    fn class(&self) -> Class {
        match self {
            Self::Key(_) | Self::NoSuchKey { .. } | Self::NoSuchVersion { .. } => Class::Usage,
            Self::Value { .. } | Self::NoInput => Class::Usage,
            Self::SchemaFile { .. } | Self::Document { .. } | Self::Unreadable { .. } => {
                Class::Configuration
            }
            Self::Foundation { .. } | Self::Schema { .. } | Self::ForeignSecret { .. } => {
                Class::Denied
            }
            Self::Conflict { .. } => Class::StalePlan,
            Self::VersionsFull { .. } | Self::SecretGone { .. } | Self::HistoryGone { .. } => {
                Class::NeedsOperator
            }
            Self::Interrupted => Class::Interrupted,
            Self::Partly { source, .. } => source.class(),
            Self::Consul(error) => error.class(),
            Self::Aws(error) => error.class(),
            Self::State(error) => error.class(),
            Self::Init(error) => error.class(),
            Self::Lock(error) => error.class(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Partly { source, .. } => {
                let mut hints = source.hints();
                hints.push("Run the same command again; it does what is left.".to_owned());
                return hints;
            }
            Self::Consul(error) => return error.hints(),
            Self::Aws(error) => return error.hints(),
            Self::State(error) => return error.hints(),
            Self::Init(error) => return error.hints(),
            Self::Lock(error) => return error.hints(),
            Self::NoSuchKey { .. } => "`cloudcore config list` shows what there is.".to_owned(),
            Self::NoSuchVersion { .. } => {
                "`cloudcore config history` shows the versions.".to_owned()
            }
            Self::Foundation { .. } => {
                "Change cloudops.yaml and run `cloudcore init`, or take another key.".to_owned()
            }
            Self::Conflict { .. } => {
                "Look at `cloudcore config history`, then run the same command again.".to_owned()
            }
            Self::VersionsFull { parameter, .. } => format!(
                "Take its label away: `aws ssm unlabel-parameter-version --name {parameter} \
                 --parameter-version VERSION --labels LABEL`."
            ),
            Self::SecretGone { .. } => {
                "Set it anew with `cloudcore config set --secret`.".to_owned()
            }
            Self::Schema { .. } => {
                "Nothing was written. Correct the values or the schema.".to_owned()
            }
            Self::Interrupted => "Run the same command again; it does what is left.".to_owned(),
            Self::HistoryGone { .. } => {
                "Set it with `cloudcore config set`, or go back by `--to VERSION`.".to_owned()
            }
            Self::ForeignSecret { .. } => {
                "Set a secret of its own with `cloudcore config set --secret`.".to_owned()
            }
            Self::NoInput => "Name a file with --file, or pipe the value in.".to_owned(),
            Self::Key(_)
            | Self::Value { .. }
            | Self::Unreadable { .. }
            | Self::SchemaFile { .. }
            | Self::Document { .. } => return Vec::new(),
        };
        vec![hint]
    }
}
