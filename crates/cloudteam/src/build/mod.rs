//! Building the deployment package on this machine: the same on a build agent and at a desk.
//!
//! - [`tools`] finds the JDK and Maven of the versions that `cloudops.yaml` asks for.
//! - [`maven`] writes Maven's settings, with credentials by reference.
//! - [`command`] runs a build command and streams what it says.
//! - [`output`] finds the one package that a build made.
//! - [`cache`] keeps dependencies from build to build.

pub mod cache;
pub mod command;
pub mod maven;
pub mod output;
pub mod tools;

use camino::Utf8PathBuf;
use cloudops_aws::diagnose::{Class, Diagnose};

/// Why a build on this machine did not give a package.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A tool of the version that is asked for is not here.
    #[error("no {tool} {wanted} was found; {found}")]
    Tool {
        /// `JDK` or `Maven`.
        tool: &'static str,
        /// The version.
        wanted: String,
        /// What was found instead, as a sentence.
        found: String,
    },
    /// A program cannot be started.
    #[error("{program} cannot be started: {reason}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        reason: String,
    },
    /// The build command failed.
    #[error("the build failed: `{command}` ended with {ended}\n{}", last(.lines))]
    Failed {
        /// The command.
        command: String,
        /// How, such as `exit code 1`.
        ended: String,
        /// Its last lines.
        lines: Vec<String>,
    },
    /// The build took too long.
    #[error("the build took longer than {minutes} minutes and was stopped\n{}", last(.lines))]
    TooLong {
        /// How long it might have taken.
        minutes: u64,
        /// Its last lines.
        lines: Vec<String>,
    },
    /// The run was cancelled.
    #[error("the build was interrupted")]
    Interrupted,
    /// The build made no package.
    #[error("the build ended well, but there is no file {pattern} below {folder}")]
    NoPackage {
        /// The pattern.
        pattern: String,
        /// The source folder.
        folder: Utf8PathBuf,
    },
    /// The build made more than one package.
    #[error("the build made more than one package: {}", .files.join(", "))]
    ManyPackages {
        /// The files.
        files: Vec<String>,
    },
    /// The pattern of the package cannot be read.
    #[error("`source.build.output` cannot be used: `{pattern}`: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        reason: String,
    },
    /// The source folder has changes that no commit has.
    #[error("{folder} has changes that are not committed: {}", .files.join(", "))]
    Dirty {
        /// The folder.
        folder: Utf8PathBuf,
        /// Some of the files.
        files: Vec<String>,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Diagnose for BuildError {
    fn class(&self) -> Class {
        match self {
            Self::Tool { .. } | Self::Start { .. } | Self::Pattern { .. } | Self::Dirty { .. } => {
                Class::Configuration
            }
            Self::Interrupted => Class::Interrupted,
            Self::Failed { .. }
            | Self::TooLong { .. }
            | Self::NoPackage { .. }
            | Self::ManyPackages { .. }
            | Self::Io(_) => Class::NeedsOperator,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Tool { tool: "JDK", .. } => {
                "Install it, or name its folder by JAVA_HOME; `source.build.jdk` in cloudops.yaml \
                 says which one."
            }
            Self::Tool { .. } => {
                "Put it on the PATH; `source.build.maven` in cloudops.yaml says which one."
            }
            Self::Failed { .. } => {
                "Correct the cause in the source code, commit, and run the same command again."
            }
            Self::TooLong { .. } => {
                "Look for what it waits for, or set `source.build.timeout-minutes` in cloudops.yaml."
            }
            Self::NoPackage { .. } => {
                "Check `source.build.command` and `source.build.output` in cloudops.yaml."
            }
            Self::ManyPackages { .. } => {
                "Let the build begin from a clean folder, or narrow `source.build.output` in \
                 cloudops.yaml."
            }
            Self::Dirty { .. } => "Commit them, or leave --source out to build from a fresh clone.",
            Self::Start { .. } | Self::Interrupted | Self::Pattern { .. } | Self::Io(_) => {
                return Vec::new();
            }
        };
        vec![hint.to_owned()]
    }
}

fn last(lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| format!("  | {line}")).collect();
    lines.join("\n")
}
