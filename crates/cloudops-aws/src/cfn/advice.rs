//! What to do about a reason that CloudFormation gives. It has no codes for them, so they are
//! known by their words; each is quoted in a test.

/// Words of a reason, all of which must occur (in lowercase), and what to do then.
const ADVICE: [(&[&str], &str); 17] = [
    (
        &["circuit breaker"],
        "The new tasks do not stay up: `clouddeploy logs --env ENV --service SERVICE` shows what they said.",
    ),
    (
        &["cannotpullcontainer"],
        "ECS cannot fetch the image: look whether the repository has it, and whether the task's subnet reaches the registry.",
    ),
    (
        &["unable to pull secrets or registry auth"],
        "The task's execution role may not read the secret, or its subnet does not reach the service.",
    ),
    (
        &["is not authorized to perform"],
        "Give the credentials this right, or use others (--profile).",
    ),
    (&["explicit deny"], "A policy of the account or organization forbids it: ask its owner."),
    (
        &["already exists"],
        "Something of this name is there already: delete it if nobody needs it, or choose another name.",
    ),
    (
        &["requires replacing", "rename"],
        "A resource with a name of its own cannot be replaced: change the name as well.",
    ),
    (
        &["bucketnotempty"],
        "The bucket has objects: `cloudcore destroy --delete-data` empties the buckets of the instance.",
    ),
    (&["the bucket you tried to delete is not empty"], "Empty the bucket, then run this again."),
    (&["repositorynotempty"], "The repository has images: delete them, then run this again."),
    (
        &["has a dependent object"],
        "Something still uses it; network interfaces of functions and tasks go within 40 minutes: run this again then.",
    ),
    (
        &["storage-optimization"],
        "The database is optimizing its storage and accepts no change: run this again in some hours.",
    ),
    (
        &["deletion protection"],
        "It is protected from deletion: take the protection off first if you mean it.",
    ),
    (
        &["stack policy"],
        "The stack policy protects this resource: plan with `--approve-data-loss STACK/ID` if you mean it.",
    ),
    (&["limit", "exceeded"], "A quota of the account is used up: ask for more in Service Quotas."),
    (&["maximum number of"], "A quota of the account is used up: ask for more in Service Quotas."),
    (&["rate exceeded"], "AWS asks to come back later: run this again."),
];

/// What to do about a reason, where that is known.
pub(super) fn for_reason(reason: &str) -> Option<&'static str> {
    let reason = reason.to_lowercase();
    let fits = |words: &[&str]| words.iter().all(|word| reason.contains(word));
    ADVICE.iter().find(|(words, _)| fits(words)).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_aws_are_known_by_their_words() {
        let cases = [
            (
                "Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.\" (RequestToken: x, HandlerErrorCode: GeneralServiceException)",
                "clouddeploy logs",
            ),
            ("CannotPullContainerError: pull image manifest has been retried", "registry"),
            (
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed",
                "execution role",
            ),
            (
                "User: arn:aws:iam::1:user/a is not authorized to perform: iam:CreateRole",
                "--profile",
            ),
            ("with an explicit deny in a service control policy", "organization"),
            ("acme-logs already exists in stack arn:aws:cloudformation:x", "another name"),
            (
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename acme and update the stack again.",
                "change the name",
            ),
            ("BucketNotEmpty", "--delete-data"),
            (
                "The bucket you tried to delete is not empty (Service: S3, Status Code: 409)",
                "Empty the bucket",
            ),
            ("RepositoryNotEmptyException: The repository cannot be deleted", "images"),
            ("resource sg-1 has a dependent object (Service: Ec2, Status Code: 400)", "40 minutes"),
            (
                "You can't currently modify the storage of this DB instance because it is in storage-optimization",
                "some hours",
            ),
            ("Cannot delete protected Cluster, please disable deletion protection", "protection"),
            ("Action denied by stack policy: Statement [#1] denies it", "--approve-data-loss"),
            ("LimitExceeded: You have exceeded the limit", "Service Quotas"),
            ("The maximum number of VPCs has been reached.", "Service Quotas"),
            ("Rate exceeded (Service: AmazonECS; Status Code: 400)", "run this again"),
        ];
        assert_eq!(cases.len(), ADVICE.len(), "one case for each");
        for (reason, expected) in cases {
            let advice = for_reason(reason).unwrap_or_default();
            assert!(advice.contains(expected), "{reason}\n{advice}");
        }
        assert_eq!(for_reason("Internal Failure"), None);
    }
}
