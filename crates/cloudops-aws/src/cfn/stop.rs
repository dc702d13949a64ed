//! Why a wait for CloudFormation ended: the wait itself, or what was waited for.

use super::error::CfnError;
use crate::wait::WaitError;

/// The error of a look inside of a wait.
pub(super) enum Stop {
    Wait(WaitError),
    Failed(CfnError),
}

impl From<WaitError> for Stop {
    fn from(error: WaitError) -> Self {
        Self::Wait(error)
    }
}

impl From<CfnError> for Stop {
    fn from(error: CfnError) -> Self {
        Self::Failed(error)
    }
}
