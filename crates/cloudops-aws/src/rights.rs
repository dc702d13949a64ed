//! What the credentials may do, asked before it is done (IAM).

use std::collections::BTreeMap;

use aws_sdk_iam::{
    Client,
    types::{EvaluationResult, PolicyEvaluationDecisionType},
};

use crate::{connect::Aws, error::AwsError};

/// Actions that are asked about with one call.
const AT_ONCE: usize = 100;

/// Who the credentials are, as IAM's policies see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The account itself. No policy of the account limits it.
    Root,
    /// A user or a role, by the ARN that policies are attached to.
    Arn(String),
    /// A role that was taken on: its name, its ARN without the path, which only IAM knows.
    Assumed {
        /// Name.
        role: String,
        /// ARN, right for roles without a path.
        arn: String,
    },
    /// Another kind, such as a federated user, that IAM cannot simulate.
    Other(String),
}

impl Principal {
    /// Reads the ARN that STS gives.
    #[must_use]
    pub fn of(caller: &str) -> Self {
        let parts: Vec<&str> = caller.splitn(6, ':').collect();
        let [_, partition, service, _, account, resource] = parts.as_slice() else {
            return Self::Other(caller.to_owned());
        };
        match (*service, resource.split_once('/')) {
            ("iam", None) if *resource == "root" => Self::Root,
            ("iam", Some(("user" | "role", _))) => Self::Arn(caller.to_owned()),
            ("sts", Some(("assumed-role", rest))) => {
                let role = rest.split('/').next().unwrap_or(rest).to_owned();
                let arn = format!("arn:{partition}:iam::{account}:role/{role}");
                Self::Assumed { role, arn }
            }
            _ => Self::Other(caller.to_owned()),
        }
    }

    /// The ARN that policies are attached to; none where there is no such thing. Asks for the path
    /// of a role that was taken on (`GetRole`), and takes it for empty when that is denied.
    pub async fn policy_source(&self, aws: &Aws) -> Option<String> {
        match self {
            Self::Root | Self::Other(_) => None,
            Self::Arn(arn) => Some(arn.clone()),
            Self::Assumed { role, arn } => {
                let answer = Client::new(aws.config()).get_role().role_name(role).send().await;
                let found = answer.ok().and_then(|answer| answer.role).map(|role| role.arn);
                Some(found.unwrap_or_else(|| arn.clone()))
            }
        }
    }
}

/// What a simulation says about an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is allowed.
    Allowed,
    /// Somebody forbids it outright: a policy, a boundary, or the organization, in words.
    Forbidden(&'static str),
    /// Nothing allows it.
    NotAllowed,
    /// It depends on these condition keys, whose values are not known before the call is made.
    Depends(Vec<String>),
}

/// What the principal may do with a resource (`*` for any), by action (`SimulatePrincipalPolicy`).
///
/// # Errors
/// [`AwsError`]; of kind access denied when simulating is not allowed.
pub async fn simulate(
    aws: &Aws,
    policy_source: &str,
    actions: &[&str],
    resource: &str,
) -> Result<BTreeMap<String, Decision>, AwsError> {
    let client = Client::new(aws.config());
    let mut decisions = BTreeMap::new();
    for some in actions.chunks(AT_ONCE) {
        let mut pages = client
            .simulate_principal_policy()
            .policy_source_arn(policy_source)
            .set_action_names(Some(some.iter().map(|action| (*action).to_owned()).collect()))
            .resource_arns(resource)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| AwsError::new("IAM", "SimulatePrincipalPolicy", error))?;
            for result in page.evaluation_results() {
                decisions.insert(result.eval_action_name().to_owned(), decision(result));
            }
        }
    }
    Ok(decisions)
}

fn decision(result: &EvaluationResult) -> Decision {
    let organization = result.organizations_decision_detail();
    let boundary = result.permissions_boundary_decision_detail();
    match result.eval_decision() {
        PolicyEvaluationDecisionType::Allowed => Decision::Allowed,
        _ if organization.is_some_and(|detail| !detail.allowed_by_organizations()) => {
            Decision::Forbidden("the organization")
        }
        _ if boundary.is_some_and(|detail| !detail.allowed_by_permissions_boundary()) => {
            Decision::Forbidden("the permissions boundary")
        }
        PolicyEvaluationDecisionType::ExplicitDeny => Decision::Forbidden("a policy"),
        _ if !result.missing_context_values().is_empty() => {
            Decision::Depends(result.missing_context_values().to_vec())
        }
        _ => Decision::NotAllowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::AwsErrorKind, fake::FakeAws};

    #[test]
    fn the_caller_is_read_as_policies_see_it() {
        let of = Principal::of;
        assert_eq!(of("arn:aws:iam::123456789012:root"), Principal::Root);
        let user = "arn:aws:iam::123456789012:user/team/ann";
        assert_eq!(of(user), Principal::Arn(user.to_owned()));
        let assumed = Principal::Assumed {
            role: "Admin".to_owned(),
            arn: "arn:aws-cn:iam::123456789012:role/Admin".to_owned(),
        };
        assert_eq!(of("arn:aws-cn:sts::123456789012:assumed-role/Admin/ann@example.com"), assumed);
        let federated = "arn:aws:sts::123456789012:federated-user/ann";
        assert_eq!(of(federated), Principal::Other(federated.to_owned()));
    }

    #[tokio::test]
    async fn the_path_of_a_role_comes_from_iam() {
        let found = "<GetRoleResponse><GetRoleResult><Role><Path>/sso/</Path><RoleName>Admin</RoleName><RoleId>A</RoleId><Arn>arn:aws:iam::123456789012:role/sso/Admin</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></Role></GetRoleResult></GetRoleResponse>";
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        let admin = Principal::of("arn:aws:sts::123456789012:assumed-role/Admin/ann");
        for (status, body, arn) in [
            (200, found, "arn:aws:iam::123456789012:role/sso/Admin"),
            (403, denied, "arn:aws:iam::123456789012:role/Admin"),
        ] {
            let fake = FakeAws::start(&[("GetRole", status, body)]).await;
            assert_eq!(admin.policy_source(&fake.aws).await.as_deref(), Some(arn));
        }
    }

    const ANSWER: &str = "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults>\
        <member><EvalActionName>a:Yes</EvalActionName><EvalDecision>allowed</EvalDecision></member>\
        <member><EvalActionName>a:No</EvalActionName><EvalDecision>implicitDeny</EvalDecision></member>\
        <member><EvalActionName>a:Never</EvalActionName><EvalDecision>explicitDeny</EvalDecision></member>\
        <member><EvalActionName>a:Maybe</EvalActionName><EvalDecision>implicitDeny</EvalDecision>\
        <MissingContextValues><member>aws:RequestTag/team</member></MissingContextValues></member>\
        <member><EvalActionName>a:Scp</EvalActionName><EvalDecision>implicitDeny</EvalDecision>\
        <OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail></member>\
        </EvaluationResults><IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>";

    #[tokio::test]
    async fn a_simulation_tells_yes_no_and_maybe() {
        let fake = FakeAws::start(&[("SimulatePrincipalPolicy", 200, ANSWER)]).await;
        let found = simulate(&fake.aws, "arn", &["a:Yes"], "*").await.unwrap();
        assert_eq!(found["a:Yes"], Decision::Allowed);
        assert_eq!(found["a:No"], Decision::NotAllowed);
        assert_eq!(found["a:Never"], Decision::Forbidden("a policy"));
        assert_eq!(found["a:Maybe"], Decision::Depends(vec!["aws:RequestTag/team".to_owned()]));
        assert_eq!(found["a:Scp"], Decision::Forbidden("the organization"));
    }

    #[tokio::test]
    async fn who_may_not_simulate_is_told_so() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        let fake = FakeAws::start(&[("SimulatePrincipalPolicy", 403, denied)]).await;
        let error = simulate(&fake.aws, "arn", &["a:Yes"], "*").await.unwrap_err();
        assert_eq!(error.kind, AwsErrorKind::AccessDenied);
    }
}
