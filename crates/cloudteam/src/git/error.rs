//! Why git did not do what was asked.

use cloudops_aws::diagnose::{Class, Diagnose};

use super::{address::AddressError, failure::Cause, merge::Conflicted};

/// Why git did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// Git is not installed, or cannot be started.
    #[error("git cannot be started: {0}")]
    Start(std::io::Error),
    /// Git cannot merge without a working copy yet.
    #[error("git {found} is too old: 2.38 or newer is needed")]
    TooOld {
        /// Version that is installed.
        found: String,
    },
    /// The address of the repository is refused.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The name of the working branch is none.
    #[error("`{branch}` cannot be the name of a branch")]
    BranchName {
        /// The name.
        branch: String,
    },
    /// Something stands between us and the repository.
    #[error("{}: {message}", .cause.sentence(repository))]
    Remote {
        /// What.
        cause: Cause,
        /// The repository, without secrets.
        repository: String,
        /// The last lines that git wrote.
        message: String,
    },
    /// Git failed for a reason that is not known.
    #[error("git {verb} failed: {message}")]
    Failed {
        /// The git command.
        verb: String,
        /// The last lines that git wrote.
        message: String,
    },
    /// The branches moved at every try.
    #[error("{repository} moved underneath, {tries} times in a row")]
    KeepsMoving {
        /// The repository.
        repository: String,
        /// How often it was tried.
        tries: usize,
    },
    /// There is no such branch, tag or commit.
    #[error("{repository} has no branch, tag or commit `{reference}`")]
    NoReference {
        /// The repository.
        repository: String,
        /// What was asked for.
        reference: String,
    },
    /// The distribution in a repository has a submodule.
    #[error("`{path}` is a submodule: its files are in another repository")]
    Submodule {
        /// Where.
        path: String,
    },
    /// The vendor branch holds another distribution of the same version.
    #[error("branch {branch} of {repository} holds another distribution of this version ({found})")]
    OtherContent {
        /// The branch.
        branch: String,
        /// The repository.
        repository: String,
        /// Digest of what it holds.
        found: String,
    },
    /// A branch is in the way of one of ours.
    #[error("branch {branch} of {repository} stands in the way of {wanted}")]
    InTheWay {
        /// The branch that is there.
        branch: String,
        /// The branch that is needed.
        wanted: String,
        /// The repository.
        repository: String,
    },
    /// The working branch holds something that no distribution was ever merged into.
    #[error(
        "branch {branch} of {repository} holds something else: no distribution is in its history"
    )]
    SomethingElse {
        /// The working branch.
        branch: String,
        /// The repository.
        repository: String,
    },
    /// A newer distribution is there already.
    #[error("distribution {version} is older than {newest}, which the repository has")]
    Older {
        /// Version that was given.
        version: String,
        /// The newest version there.
        newest: String,
    },
    /// The new distribution and the customer's changes touch the same things.
    #[error(
        "distribution {version} conflicts with changes on {branch} in {}; {branch} was not changed, \
         the merge as far as it goes is on branch {merge_branch}",
        names(files)
    )]
    Conflict {
        /// Version of the distribution.
        version: String,
        /// Working branch.
        branch: String,
        /// Branch that has the merge, with the conflicts marked.
        merge_branch: String,
        /// What conflicts.
        files: Vec<Conflicted>,
    },
    /// A file changed between being read and being committed.
    #[error("{path} changed while it was read")]
    Changed {
        /// The file.
        path: String,
    },
    /// The run was told to stop.
    #[error("git was interrupted")]
    Interrupted,
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// So many files are named; the report names all.
const TOLD: usize = 10;

fn names(files: &[Conflicted]) -> String {
    let told: Vec<&str> = files.iter().take(TOLD).map(|file| file.path.as_str()).collect();
    match files.len().saturating_sub(TOLD) {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

impl Cause {
    fn sentence(self, repository: &str) -> String {
        match self {
            Self::Credentials => format!("{repository} does not accept git's credentials"),
            Self::ReadOnly => format!("{repository} may not be written with git's credentials"),
            Self::NotFound => format!("there is no repository {repository}, or it is hidden"),
            Self::HostKey => format!("the host key of {repository} is not the one that is known"),
            Self::Certificate => format!("the certificate of {repository} is not trusted"),
            Self::Unreachable => format!("{repository} cannot be reached"),
            Self::Helper => format!("git lacks a program that {repository} needs"),
            Self::Refused => format!("a rule of {repository} refuses the push"),
            Self::TooLarge => format!("a file is larger than {repository} takes"),
            Self::Moved => format!("{repository} moved underneath"),
            Self::NoAtomic => format!("{repository} cannot take several branches at once"),
        }
    }

    fn class(self) -> Class {
        match self {
            Self::Credentials => Class::Credentials,
            Self::ReadOnly | Self::Refused => Class::Denied,
            Self::NotFound | Self::HostKey | Self::Certificate | Self::Helper | Self::TooLarge => {
                Class::Configuration
            }
            Self::Unreachable | Self::Moved | Self::NoAtomic => Class::Unavailable,
        }
    }

    fn hint(self, repository: &str) -> String {
        match self {
            Self::Credentials => format!(
                "Make `git ls-remote {repository}` work without a question: a credential helper \
                 for https, a key in ssh-agent for ssh."
            ),
            Self::ReadOnly => format!(
                "Ask the owner of {repository} for the right to push, and check with \
                 `git push --dry-run`."
            ),
            Self::NotFound => {
                "Create the repository (it may be empty), check its address, and that your \
                 credentials may see it."
                    .to_owned()
            }
            Self::HostKey => format!(
                "Compare the host's key with what its owner publishes, put it into \
                 ~/.ssh/known_hosts, and check with `git ls-remote {repository}`."
            ),
            Self::Certificate => {
                "Give git the authority that signed it: `git config --global http.sslCAInfo FILE`."
                    .to_owned()
            }
            Self::Unreachable => format!(
                "Check the network, VPN and proxy with `git ls-remote {repository}`, and run the \
                 same command again."
            ),
            Self::Helper => {
                "Install it: `pip install git-remote-codecommit` for codecommit addresses, \
                 `apt-get install openssh-client` for ssh."
                    .to_owned()
            }
            Self::Refused => {
                "Let this user create the branches upstream/* and cloudops/* and push merges to \
                 the working branch."
                    .to_owned()
            }
            Self::TooLarge => {
                "Raise the limit of the server, or use a repository without one.".to_owned()
            }
            Self::Moved | Self::NoAtomic => "Run the same command again.".to_owned(),
        }
    }
}

impl Diagnose for GitError {
    fn class(&self) -> Class {
        match self {
            Self::Remote { cause, .. } => cause.class(),
            Self::Start(_)
            | Self::TooOld { .. }
            | Self::Address(_)
            | Self::BranchName { .. }
            | Self::NoReference { .. }
            | Self::Submodule { .. }
            | Self::Changed { .. }
            | Self::InTheWay { .. }
            | Self::OtherContent { .. } => Class::Configuration,
            Self::Failed { .. } | Self::KeepsMoving { .. } => Class::Unavailable,
            Self::SomethingElse { .. } | Self::Older { .. } => Class::Denied,
            Self::Conflict { .. } | Self::Io(_) => Class::NeedsOperator,
            Self::Interrupted => Class::Interrupted,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Remote { cause, repository, .. } => cause.hint(repository),
            Self::Start(_) => "Install git, for example with `apt-get install git`.".to_owned(),
            Self::TooOld { .. } => "Install a newer git.".to_owned(),
            Self::Address(_) => "Give it as https://HOST/PATH, ssh://HOST/PATH, git@HOST:PATH, \
                                 file:///PATH or codecommit::REGION://NAME; a password belongs \
                                 into git's credential helper."
                .to_owned(),
            Self::BranchName { .. } => "Correct `source.branch` in cloudops.yaml.".to_owned(),
            Self::Failed { .. } => {
                "Check the address of the repository and that `git clone` works with it.".to_owned()
            }
            Self::KeepsMoving { .. } | Self::Changed { .. } => {
                "Run the same command again when nobody else writes to it.".to_owned()
            }
            Self::NoReference { repository, .. } => {
                format!("`git ls-remote {repository}` lists what is there.")
            }
            Self::Submodule { .. } => {
                "Give a distribution that contains all its files, as folder or archive.".to_owned()
            }
            Self::OtherContent { .. } => {
                "Give the changed distribution another version in its VERSION file.".to_owned()
            }
            Self::InTheWay { branch, .. } => {
                format!("Rename or delete branch {branch}, or use another repository.")
            }
            Self::SomethingElse { .. } => "Check the address and the branch. If the distribution \
                                           shall be merged into what is there, add --adopt."
                .to_owned(),
            Self::Older { .. } => {
                "To go back to it nevertheless, as the next step after the newer one, add --older."
                    .to_owned()
            }
            Self::Conflict { branch, merge_branch, .. } => format!(
                "Run `git fetch && git switch {merge_branch}`, follow CLOUDOPS-CONFLICTS.md there, \
                 merge {merge_branch} into {branch} (no squash, no rebase), push, and run the same \
                 command again."
            ),
            Self::Interrupted | Self::Io(_) => return Vec::new(),
        };
        vec![hint]
    }
}
