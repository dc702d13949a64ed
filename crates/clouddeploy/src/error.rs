//! Why a verb of CloudDeploy failed.

use cloudops_aws::{
    build_server::BuildServerError,
    cfn::{error::CfnError, graph::GraphError, plan_file::PlanFileError},
    containers::{TaskError, Verdict},
    diagnose::{Class, Diagnose},
    error::AwsError,
    ids::{InvalidId, StackName},
    objects::ObjectError,
    oci::OciError,
    package::PackageError,
    state::{init::InitError, lock::LockError, store::StateError},
    wait::WaitError,
};

use crate::{
    images::{self, ImageError},
    topology::TopologyError,
};

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// Stacks.
    #[error(transparent)]
    Stacks(#[from] CfnError),
    /// What the stacks should be.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The initialization state.
    #[error(transparent)]
    Init(#[from] InitError),
    /// The state bucket.
    #[error(transparent)]
    State(#[from] StateError),
    /// The lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Another call.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// A composed name that AWS would refuse.
    #[error(transparent)]
    Name(#[from] InvalidId),
    /// The package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A package in a bucket.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// What a package is named by cannot be understood.
    #[error("`{0}` does not name a package: it lacks the bucket or the key")]
    Input(String),
    /// The topology.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// A plan file.
    #[error(transparent)]
    PlanFile(#[from] PlanFileError),
    /// Assembling an image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Pushing an image.
    #[error(transparent)]
    Oci(OciError),
    /// The jobs on the build server.
    #[error(transparent)]
    BuildServer(#[from] BuildServerError),
    /// Services of an environment do not serve its release.
    #[error("environment {environment} is not healthy: {}", .services.join("; "))]
    Unhealthy {
        /// The environment.
        environment: String,
        /// Each service and what it does instead.
        services: Vec<String>,
    },
    /// A one-off task.
    #[error("the data population of {side}: {source}")]
    Task {
        /// Side of the environment.
        side: &'static str,
        /// What happened.
        source: TaskError,
    },
    /// The data population did not end well.
    #[error(
        "the data population of {side} ended with {}: {reason}",
        .code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"))
    )]
    DataPopulation {
        /// Side of the environment.
        side: &'static str,
        /// Exit code.
        code: Option<i32>,
        /// ECS's reason and the last lines of the log.
        reason: String,
    },
    /// A service does not serve the release.
    #[error("service {service} does not serve the release: {}", verdict_text(.verdict))]
    NotServing {
        /// Service.
        service: String,
        /// What it does instead.
        verdict: Verdict,
    },
    /// There is no such thing.
    #[error("there is no {what} `{name}`{}", known_text(.known))]
    Unknown {
        /// What was looked for, as a noun.
        what: &'static str,
        /// Its name.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Something that must run first has not run.
    #[error("{what}")]
    NotReady {
        /// What is missing, as a sentence.
        what: String,
        /// The command to run.
        command: String,
    },
    /// The environment is protected from deletion.
    #[error("the environment {name} is protected from deletion{}; nothing was deleted", stacks_text(.stacks))]
    Protected {
        /// Name.
        name: String,
        /// Stacks that are protected although the environment is not any more.
        stacks: Vec<StackName>,
    },
    /// The environment exists with other properties.
    #[error("the environment {name} exists already, as {found}")]
    OtherEnvironment {
        /// Name.
        name: String,
        /// What it is.
        found: String,
    },
    /// A setting that this verb needs is missing.
    #[error("cloudops.yaml does not say `{0}`")]
    MissingSetting(&'static str),
    /// The wait for a service ended.
    #[error("service {service}: {source}")]
    Wait {
        /// Service.
        service: String,
        /// Why.
        source: WaitError,
    },
}

impl From<OciError> for DeployError {
    /// A layer that is written only when a registry lacks it shows a damaged package late.
    fn from(error: OciError) -> Self {
        images::damage(error).map_or_else(Self::Oci, Self::Package)
    }
}

fn known_text(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; there is {}", known.join(", ")) }
}

fn stacks_text(stacks: &[StackName]) -> String {
    if stacks.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = stacks.iter().map(StackName::as_str).collect();
    format!(", with {}", names.join(", "))
}

pub(crate) fn verdict_text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Serving { running } => format!("{running} tasks serve"),
        Verdict::ScaledToZero => "no task is wanted".to_owned(),
        Verdict::InProgress { state } => format!("still rolling out, {state}"),
        Verdict::Other { task_definition, reason } => {
            format!("{task_definition} serves instead ({reason})")
        }
        Verdict::Failed { reason } => reason.clone(),
        Verdict::Missing => "the service does not exist".to_owned(),
    }
}

impl Diagnose for DeployError {
    fn class(&self) -> Class {
        match self {
            Self::Stacks(error) => error.class(),
            Self::Graph(error) => error.class(),
            Self::Init(error) => error.class(),
            Self::State(error) => error.class(),
            Self::Lock(error) => error.class(),
            Self::Aws(error) => error.class(),
            Self::PlanFile(error) => error.class(),
            Self::Package(error) => error.class(),
            Self::Object(error) => error.class(),
            Self::Topology(error) => error.class(),
            Self::Image(error) => error.class(),
            Self::Oci(error) => error.class(),
            Self::BuildServer(error) => error.class(),
            Self::Task { source: TaskError::Aws(error), .. } => error.class(),
            Self::Task { source: TaskError::Wait(error), .. }
            | Self::Wait { source: error, .. } => match error {
                WaitError::Cancelled => Class::Interrupted,
                WaitError::Deadline(_) => Class::TimedOut,
            },
            Self::NotServing { verdict: Verdict::Other { .. }, .. } => Class::RolledBack,
            Self::NotServing { verdict: Verdict::InProgress { .. }, .. } => Class::TimedOut,
            Self::DataPopulation { .. } | Self::NotServing { .. } | Self::Unhealthy { .. } => {
                Class::NeedsOperator
            }
            Self::NotReady { .. } => Class::NotReady,
            Self::Protected { .. } => Class::Denied,
            Self::Unknown { .. } | Self::Input(_) => Class::Usage,
            Self::Name(_) | Self::OtherEnvironment { .. } | Self::MissingSetting(_) => {
                Class::Configuration
            }
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Stacks(error) => error.hints(),
            Self::Graph(error) => error.hints(),
            Self::Init(error) => error.hints(),
            Self::State(error) => error.hints(),
            Self::Lock(error) => error.hints(),
            Self::Aws(error) => error.hints(),
            Self::PlanFile(error) => error.hints(),
            Self::Package(error) => error.hints(),
            Self::Object(error) => error.hints(),
            Self::Input(_) => {
                vec!["Give a file, s3://BUCKET/KEY, or the id of a package.".to_owned()]
            }
            Self::Topology(error) => error.hints(),
            Self::Image(error) => error.hints(),
            Self::Oci(error) => error.hints(),
            Self::BuildServer(error) => error.hints(),
            Self::Unhealthy { environment, .. } => {
                vec![format!(
                    "See `clouddeploy logs --env {environment}` and `clouddeploy status`."
                )]
            }
            Self::NotReady { command, .. } => vec![format!("Run `{command}` first.")],
            Self::NotServing { .. } => {
                vec!["`clouddeploy rollback` goes back to the release before.".to_owned()]
            }
            Self::Task { .. } | Self::Wait { .. } => {
                vec!["Run the same command again; it goes on.".to_owned()]
            }
            Self::DataPopulation { .. } => vec![
                "No service was changed. Mend the cause, then run the same command again."
                    .to_owned(),
            ],
            Self::MissingSetting(key) => {
                vec![format!("Add `{key}`; see docs/reference/configuration.md.")]
            }
            Self::Unknown { what: "environment", name, .. } => {
                vec![format!("Create it with `clouddeploy env create {name} --kind author-live`.")]
            }
            Self::Protected { name, .. } => {
                vec![format!("If you mean it, run `clouddeploy env unprotect {name}` first.")]
            }
            Self::OtherEnvironment { name, .. } => vec![format!(
                "Whether it is protected is changed by `clouddeploy env protect {name}` and `clouddeploy env unprotect {name}`; the rest stays for life."
            )],
            Self::Name(_) | Self::Unknown { .. } => Vec::new(),
        }
    }
}
