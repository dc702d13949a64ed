//! Every string of AWS that a decision hangs on, because CloudFormation gives no code for it.

use crate::error::AwsError;

/// A stack that does not exist is a `ValidationError` whose message says so.
pub(super) fn is_missing_stack(error: &AwsError) -> bool {
    error.code == "ValidationError" && error.message.contains("does not exist")
}

/// A change set without a change fails, and only its reason says why.
pub(super) fn is_empty_change_set(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

/// Only an update that runs can be cancelled.
pub(super) fn cannot_be_cancelled(error: &AwsError) -> bool {
    error.code == "ValidationError"
        && error.message.contains("CancelUpdateStack cannot be called from current stack status")
}

/// A change set that was refused before anything was made: the reason only says so, and
/// `DescribeEvents` says why.
pub(super) fn is_early_validation(reason: &str) -> bool {
    reason.contains("EarlyValidation") || reason.contains("early validation")
}

/// A resource that failed only because another one did.
pub(super) fn is_consequence(reason: &str) -> bool {
    reason.contains("Resource creation cancelled")
        || reason.contains("Resource update cancelled")
        || reason.contains("Resource deletion cancelled")
        || reason.starts_with("The following resource(s) failed to")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AwsErrorKind;

    fn refused(code: &str, message: &str) -> AwsError {
        AwsError {
            service: "CloudFormation",
            operation: "DescribeStacks",
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: None,
            kind: AwsErrorKind::Refused,
        }
    }

    #[test]
    fn a_missing_stack_is_known_by_its_message() {
        assert!(is_missing_stack(&refused("ValidationError", "Stack with id a does not exist")));
        assert!(!is_missing_stack(&refused("ValidationError", "1 validation error detected")));
        assert!(!is_missing_stack(&refused("AccessDenied", "role does not exist")));
    }

    #[test]
    fn an_empty_change_set_is_known_by_its_reason() {
        assert!(is_empty_change_set(
            "The submitted information didn't contain changes. Submit different information to \
             create a change set."
        ));
        assert!(is_empty_change_set("No updates are to be performed."));
        assert!(!is_empty_change_set("Requires capabilities : [CAPABILITY_NAMED_IAM]"));
    }

    #[test]
    fn an_update_that_has_ended_cannot_be_cancelled() {
        let message =
            "CancelUpdateStack cannot be called from current stack status UPDATE_COMPLETE";
        assert!(cannot_be_cancelled(&refused("ValidationError", message)));
        assert!(!cannot_be_cancelled(&refused("ValidationError", "Stack [a] does not exist")));
    }

    #[test]
    fn an_early_validation_is_known_by_its_reason() {
        assert!(is_early_validation(
            "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]."
        ));
        assert!(!is_early_validation("Requires capabilities : [CAPABILITY_NAMED_IAM]"));
    }

    #[test]
    fn consequences_are_not_causes() {
        assert!(is_consequence("Resource creation cancelled"));
        assert!(is_consequence("The following resource(s) failed to create: [Vpc]. "));
        assert!(!is_consequence("The maximum number of VPCs has been reached."));
    }
}
