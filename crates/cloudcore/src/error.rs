//! Why a verb of CloudCore failed.

use cloudops_aws::{
    build_server::BuildServerError,
    certs::Unfit,
    cfn::{error::CfnError, graph::GraphError, plan_file::PlanFileError},
    config::ConfigError,
    diagnose::{Class, Diagnose},
    dns::{delegation::DelegationError, hops::Verdict},
    error::AwsError,
    ids::InvalidId,
    jenkins::{JenkinsError, plugins::PluginError},
    network::adopted::UnfitNetwork,
    oci::OciError,
    remains::{DeleteError, RemainError},
    state::{init::InitError, lock::LockError, store::StateError},
    wait::WaitError,
};

use crate::ops::reach::ReachError;

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
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
    /// A plan file.
    #[error(transparent)]
    PlanFile(#[from] PlanFileError),
    /// A certificate that exists already does not serve.
    #[error(transparent)]
    Certificate(#[from] Unfit),
    /// A hop on the way to our zone is wrong, so no certificate can be had.
    #[error("{} is not delegated yet{}", .verdict.domain, wrong(.verdict))]
    NotDelegated {
        /// How it is with each hop.
        verdict: Box<Verdict>,
    },
    /// There is no way through the bastion.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// A network that exists cannot be adopted.
    #[error(transparent)]
    Network(#[from] UnfitNetwork),
    /// The instance has another network than `cloudops.yaml` asks for.
    #[error("the instance is in the network {has}; it cannot move to {wanted}")]
    OtherNetwork {
        /// Id of the network it is in.
        has: String,
        /// What is asked for.
        wanted: String,
    },
    /// The zone of the instance does not exist yet.
    #[error("the instance has no DNS zone yet")]
    NoZone,
    /// A wait that ended without its condition.
    #[error("the domain is not delegated yet: {0}")]
    Wait(#[from] WaitError),
    /// Configuration management.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// The record in the parent zone.
    #[error(transparent)]
    Delegation(#[from] DelegationError),
    /// What a stack left could not be deleted.
    #[error("{what} is still there: {source}")]
    Remain {
        /// What it is.
        what: String,
        /// Why.
        source: RemainError,
    },
    /// A file that the settings name cannot be read.
    #[error("{0}")]
    File(std::io::Error),
    /// Plugins of the build server.
    #[error(transparent)]
    Plugins(#[from] PluginError),
    /// The image of the build server.
    #[error(transparent)]
    Image(#[from] OciError),
    /// The build server.
    #[error(transparent)]
    Jenkins(#[from] JenkinsError),
    /// The connection to the build server.
    #[error(transparent)]
    BuildServer(#[from] BuildServerError),
    /// The image of the build server was not made in this run.
    #[error("the image of the build server is not made yet")]
    NoImage,
    /// The settings name an image, so none is made.
    #[error("`build-server.image` names the image of the build server, so CloudOps makes none")]
    OwnImage,
    /// The build server never had such an image.
    #[error("the build server had no image {named}")]
    UnknownImage {
        /// The digest that was asked for.
        named: String,
        /// First digits of the digests that it had.
        known: Vec<String>,
    },
    /// An export could not be written.
    #[error("the export could not be written: {0}")]
    Export(#[from] std::io::Error),
    /// Network interfaces stand in the way of a deletion, and AWS does not release them.
    #[error("{} still in use after {} minutes: {}", counted(.interfaces.len()), .minutes, .interfaces.join(", "))]
    Lingering {
        /// The interfaces, each with what its owner wrote.
        interfaces: Vec<String>,
        /// How long they were waited for.
        minutes: u64,
    },
    /// Zones of the instance have records of others.
    #[error("the zone of the instance has records that CloudOps did not write: {}", .records.join(", "))]
    ForeignRecords {
        /// Name and type of each.
        records: Vec<String>,
    },
    /// Environments still stand on the foundation.
    #[error("the instance still has environments: {}", .environments.join(", "))]
    InUse {
        /// Names of the environments.
        environments: Vec<String>,
    },
}

fn wrong(verdict: &Verdict) -> String {
    verdict.wrong().map(|hop| format!(": {}: {}", hop.hop, hop.now)).unwrap_or_default()
}

fn not_delegated(verdict: &Verdict) -> Vec<String> {
    let todo = verdict.wrong().and_then(|hop| hop.todo.clone());
    let servers = format!(
        "The parent zone of {} must name: {}.",
        verdict.domain,
        verdict.name_servers.join(" ")
    );
    let again = "All that does not need the domain is built. `cloudcore dns watch` tells when it \
                 is delegated; then run the same command again.";
    todo.into_iter().chain([servers, again.to_owned()]).collect()
}

/// What to do about the parent zone, with the way that only `init` has.
fn delegation_hints(error: &DelegationError) -> Vec<String> {
    let mut hints = error.hints();
    if let DelegationError::Foreign { domain, .. } = error {
        hints.push(format!(
            "To replace their record, run `cloudcore init --replace-delegation {domain}`."
        ));
    }
    hints
}

fn counted(interfaces: usize) -> String {
    if interfaces == 1 {
        "1 network interface is".to_owned()
    } else {
        format!("{interfaces} network interfaces are")
    }
}

impl Diagnose for CoreError {
    fn class(&self) -> Class {
        match self {
            Self::Stacks(error) => error.class(),
            Self::Graph(error) => error.class(),
            Self::Init(error) => error.class(),
            Self::State(error) => error.class(),
            Self::Lock(error) => error.class(),
            Self::Aws(error) => error.class(),
            Self::PlanFile(error) => error.class(),
            Self::Certificate(error) => error.class(),
            Self::Network(error) => error.class(),
            Self::Reach(error) => error.class(),
            Self::Delegation(error) => error.class(),
            Self::Configuration(error) => error.class(),
            Self::Plugins(error) => error.class(),
            Self::Image(error) => error.class(),
            Self::Jenkins(error) => error.class(),
            Self::BuildServer(error) => error.class(),
            Self::NoZone | Self::NotDelegated { .. } | Self::NoImage => Class::NotReady,
            Self::Wait(WaitError::Deadline(_)) => Class::TimedOut,
            Self::Wait(WaitError::Cancelled) => Class::Interrupted,
            Self::Name(_) | Self::OtherNetwork { .. } => Class::Configuration,
            Self::InUse { .. } | Self::ForeignRecords { .. } => Class::Denied,
            Self::Remain { source, .. } => match source {
                RemainError::Bucket(error) => error.class(),
                RemainError::Other(DeleteError::Aws(error)) => error.class(),
                RemainError::Other(DeleteError::Lock(error)) => error.class(),
                RemainError::Other(DeleteError::Wait(WaitError::Cancelled)) => Class::Interrupted,
                RemainError::Other(DeleteError::Wait(WaitError::Deadline(_))) => Class::TimedOut,
                RemainError::Other(DeleteError::Refused(_)) => Class::NeedsOperator,
            },
            Self::Export(_) | Self::File(_) | Self::OwnImage => Class::Configuration,
            Self::UnknownImage { .. } => Class::Usage,
            Self::Lingering { .. } => Class::TimedOut,
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
            Self::Certificate(error) => error.hints(),
            Self::Network(error) => error.hints(),
            Self::Reach(error) => error.hints(),
            Self::Delegation(error) => delegation_hints(error),
            Self::NotDelegated { verdict } => not_delegated(verdict),
            Self::Configuration(error) => error.hints(),
            Self::OtherNetwork { .. } => vec![
                "Set `network` in cloudops.yaml as it was; for another network, make another instance."
                    .to_owned(),
            ],
            Self::Plugins(error) => error.hints(),
            Self::Image(error) => error.hints(),
            Self::Jenkins(error) => error.hints(),
            Self::BuildServer(error) => error.hints(),
            Self::File(_) => vec!["Paths in cloudops.yaml start from its folder.".to_owned()],
            Self::OwnImage => vec![
                "Build it where you build it now, set its digest in cloudops.yaml, and run \
                 `cloudcore init`."
                    .to_owned(),
            ],
            Self::UnknownImage { known, .. } => vec![format!("It had: {}.", known.join(", "))],
            Self::NoImage => vec!["Run `cloudcore init`.".to_owned()],
            Self::NoZone => vec!["Run `cloudcore init` first.".to_owned()],
            Self::Wait(_) => vec!["`cloudcore dns status` says which hop is wrong.".to_owned()],
            Self::Name(_) => vec!["Shorten `instance` in cloudops.yaml.".to_owned()],
            Self::Remain { source: RemainError::Bucket(error), .. } => error.hints(),
            Self::Remain { .. } => {
                vec!["Run the same command again; what is gone stays gone.".to_owned()]
            }
            Self::Export(_) => vec![
                "Name another folder with --export DIR, or leave it out with --no-export."
                    .to_owned(),
            ],
            Self::Lingering { .. } => vec![
                "AWS releases interfaces of functions and tasks within about 40 minutes: run the \
                 same command again later."
                    .to_owned(),
            ],
            Self::ForeignRecords { .. } => vec![
                "Move them to another zone, or add --delete-data: the export keeps a copy."
                    .to_owned(),
            ],
            Self::InUse { environments } => environments
                .iter()
                .map(|name| format!("Run `clouddeploy env destroy {name}` first."))
                .collect(),
        }
    }
}
