//! Why a plan or an operation on stacks failed.

use crate::{
    cfn::{advice, gate::Denied, graph::GraphError, hold::Held, status::StackStatus},
    diagnose::{Class, Diagnose},
    error::AwsError,
    ids::StackName,
    state::{lock::LockError, store::StateError},
    wait::WaitError,
};

/// The failure that caused the others in one stack operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCause {
    /// Logical id of the resource; in a nested stack the way to it, such as `Child/Topic`.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// CloudFormation's reason.
    pub reason: String,
    /// Where the resource stands in the template: `file:line:column`.
    pub place: Option<String>,
}

impl std::fmt::Display for RootCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}): {}", self.logical_id, self.resource_type, self.reason)?;
        match &self.place {
            Some(place) => write!(f, " [{place}]"),
            None => Ok(()),
        }
    }
}

/// Why an operation on stacks failed.
#[derive(Debug, thiserror::Error)]
pub enum CfnError {
    /// The graph or a template is wrong; nothing was changed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A stack has this name and is not the one that is wanted.
    #[error("the stack {stack} exists and {whose}")]
    Foreign {
        /// Name of the stack.
        stack: StackName,
        /// Whose it is, as a clause.
        whose: String,
    },
    /// A call failed.
    #[error("stack {stack}: {source}")]
    Aws {
        /// Stack.
        stack: StackName,
        /// What happened.
        source: AwsError,
    },
    /// CloudFormation tried, failed, and the stack is not in its wanted form.
    #[error("stack {stack} ended in {status}{}", cause_text(.cause.as_deref()))]
    Failed {
        /// Stack.
        stack: StackName,
        /// Status it ended in.
        status: StackStatus,
        /// The first failure, where there is one.
        cause: Option<Box<RootCause>>,
    },
    /// CloudFormation could not make a change set.
    #[error("stack {stack}: the change set was refused: {reason}")]
    ChangeSet {
        /// Stack.
        stack: StackName,
        /// CloudFormation's reason.
        reason: String,
    },
    /// The stack is stuck in a status that a plain run must not touch.
    #[error("stack {stack} is in {status}; a person must decide")]
    Stuck {
        /// Stack.
        stack: StackName,
        /// Status.
        status: StackStatus,
    },
    /// The stack is nested in another one, and only that may be acted on.
    #[error("stack {stack} is nested in {root}; it is only changed with that one")]
    Nested {
        /// Stack.
        stack: StackName,
        /// Name of the stack that has no other above it.
        root: String,
    },
    /// Only a person can get the stack out of its status.
    #[error("stack {stack} cannot be repaired from here")]
    Irreparable {
        /// Stack.
        stack: StackName,
        /// What to do, as a sentence.
        recipe: &'static str,
    },
    /// Stacks are protected from deletion; nothing was deleted.
    #[error("protected from deletion: {}; nothing was deleted", names(.stacks))]
    Protected {
        /// The stacks.
        stacks: Vec<StackName>,
    },
    /// The data gate refused the change.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The world is not as it was when the plan was made.
    #[error("the plan is stale: {what}")]
    StalePlan {
        /// What is different, as a clause.
        what: String,
    },
    /// The stack is not made yet, because of something outside of CloudFormation.
    #[error("stack {stack} is not made yet: {why}")]
    Held {
        /// Stack.
        stack: StackName,
        /// What it waits for.
        why: Held,
    },
    /// The run stopped while CloudFormation goes on.
    #[error("stack {stack}: {why}; CloudFormation goes on with it")]
    Detached {
        /// Stack.
        stack: StackName,
        /// Why the run stopped.
        why: WhyDetached,
    },
    /// The run was stopped before all was done.
    #[error("interrupted; nothing is lost")]
    Interrupted,
    /// The lock was lost.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The journal could not be written.
    #[error(transparent)]
    State(#[from] StateError),
    /// CloudFormation answered with something that this version does not understand.
    #[error("stack {stack}: {what}")]
    Unexpected {
        /// Stack.
        stack: StackName,
        /// What it was.
        what: String,
    },
}

/// Why a run stopped watching an operation that goes on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WhyDetached {
    /// The wait ended.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// CloudFormation cannot be reached any more, or does not accept the credentials any more.
    #[error("the connection was lost ({0})")]
    Lost(Box<AwsError>),
}

fn failure_hints(stack: &StackName, status: StackStatus, cause: Option<&RootCause>) -> Vec<String> {
    let mut hints: Vec<String> = Vec::new();
    hints.extend(cause.and_then(|cause| advice::for_reason(&cause.reason)).map(str::to_owned));
    if status.is_rolled_back() {
        hints.push("Mend the cause, then run the same command again.".to_owned());
    } else {
        hints.push(format!("Mend the cause, then `repair` takes {stack} out of {status}."));
    }
    hints
}

fn names(stacks: &[StackName]) -> String {
    stacks.iter().map(StackName::as_str).collect::<Vec<_>>().join(", ")
}

fn cause_text(cause: Option<&RootCause>) -> String {
    cause.map(|cause| format!(": {cause}")).unwrap_or_default()
}

impl Diagnose for CfnError {
    fn class(&self) -> Class {
        match self {
            Self::Graph(error) => error.class(),
            Self::Aws { source, .. } => source.class(),
            Self::Failed { status, .. } if status.is_rolled_back() => Class::RolledBack,
            Self::Failed { .. }
            | Self::Stuck { .. }
            | Self::Irreparable { .. }
            | Self::Nested { .. }
            | Self::Unexpected { .. } => Class::NeedsOperator,
            Self::ChangeSet { .. } => Class::NeedsOperator,
            Self::Denied(_) | Self::Foreign { .. } | Self::Protected { .. } => Class::Denied,
            Self::StalePlan { .. } => Class::StalePlan,
            Self::Held { why, .. } => why.class(),
            Self::Detached { why: WhyDetached::Wait(WaitError::Cancelled), .. }
            | Self::Interrupted => Class::Interrupted,
            Self::Detached { .. } => Class::TimedOut,
            Self::Lock(error) => error.class(),
            Self::State(error) => error.class(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Graph(error) => error.hints(),
            Self::Aws { source, .. } => source.hints(),
            Self::Failed { stack, status, cause } => {
                failure_hints(stack, *status, cause.as_deref())
            }
            Self::Stuck { stack, .. } => {
                vec![format!("`repair` shows the next safe step for {stack}, and takes it.")]
            }
            Self::Foreign { .. } => vec![
                "Choose another name for the instance or the environment; nothing was changed."
                    .to_owned(),
            ],
            Self::Nested { root, .. } => {
                vec![format!("Act on {root}: CloudFormation takes its nested stacks along.")]
            }
            Self::Irreparable { recipe, .. } => vec![(*recipe).to_owned()],
            Self::Detached { .. } | Self::Interrupted => {
                vec!["Run the same command again; it goes on where this one stopped.".to_owned()]
            }
            Self::Denied(denied) => denied.hints(),
            Self::Held { why, .. } => why.hints(),
            Self::Protected { .. } => vec![
                "If you mean it, take termination protection off these stacks first.".to_owned(),
            ],
            Self::StalePlan { .. } => vec!["Plan again, and look at it again.".to_owned()],
            Self::Lock(error) => error.hints(),
            Self::State(error) => error.hints(),
            Self::ChangeSet { reason, .. } => {
                advice::for_reason(reason).map(str::to_owned).into_iter().collect()
            }
            Self::Unexpected { .. } => Vec::new(),
        }
    }
}
