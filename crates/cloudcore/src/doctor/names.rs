//! Names that the instance would take and somebody has already.

use std::collections::BTreeMap;

use cloudops_aws::{
    cfn::{observe::Observed, status::StackStatus},
    config_file::CloudOpsConfig,
    dns::HostedZone,
    state::bucket::BucketName,
};

use super::{
    Check, Finding,
    needs::{Needs, values},
};

const CHECK: Check = Check::Names;

/// Names of the buckets that would be made.
#[must_use]
pub fn buckets(needs: &Needs) -> Vec<&str> {
    values(needs.to_make(), "AWS::S3::Bucket", "BucketName").into_iter().collect()
}

/// Stacks that have a name of ours and are not ours.
#[must_use]
pub fn stacks(config: &CloudOpsConfig, needs: &Needs, there: &[Observed]) -> Vec<Finding> {
    let foreign = |stack: &&Observed| {
        let tag = stack.tags.get("cloudops:instance").map(String::as_str);
        // The shell of a change set may have no tags yet.
        let shell = stack.status == StackStatus::ReviewInProgress && stack.tags.is_empty();
        needs.foundation.contains_key(&stack.name)
            && tag != Some(config.instance.as_str())
            && !shell
    };
    let finding = |stack: &Observed| {
        let whose = match stack.tags.get("cloudops:instance") {
            Some(other) => format!("belongs to the instance {other}"),
            None => "was not made by these tools".to_owned(),
        };
        Finding::problem(CHECK, format!("the stack {} exists and {whose}", stack.name), rename())
    };
    let found: Vec<Finding> = there.iter().filter(foreign).map(finding).collect();
    or_free(found, "no stack of somebody else has a name of ours")
}

/// Buckets by who has their names.
#[must_use]
pub fn judge_buckets(found: &BTreeMap<String, BucketName>) -> Vec<Finding> {
    let finding = |(name, who): (&String, &BucketName)| match who {
        BucketName::Free => None,
        BucketName::Reachable => Some(Finding::problem(
            Check::Leftovers,
            format!("the bucket {name} was kept from an instance before; it cannot be made again"),
            "Delete what is left, with everything in it: `cloudcore destroy --delete-data`; or \
             choose another `instance` in cloudops.yaml.",
        )),
        BucketName::Closed => Some(Finding::problem(
            CHECK,
            format!(
                "the bucket {name} exists and is closed to us: it is of another account, or \
                 s3:ListBucket is missing"
            ),
            rename(),
        )),
        BucketName::Elsewhere => Some(Finding::problem(
            CHECK,
            format!("the bucket {name} exists in another region"),
            rename(),
        )),
    };
    let found: Vec<Finding> = found.iter().filter_map(finding).collect();
    or_free(found, "the names of the buckets are free")
}

/// Log groups that would be made and exist.
#[must_use]
pub fn log_groups(config: &CloudOpsConfig, needs: &Needs, there: &[String]) -> Vec<Finding> {
    let wanted = values(needs.to_make(), "AWS::Logs::LogGroup", "LogGroupName");
    let clash = |name: &&str| there.iter().any(|there| there == *name);
    let finding = |name: &str| {
        let what = format!("the log group {name} exists already; it cannot be made again");
        let region = &config.region;
        let fix = format!(
            "Export it where it is still needed, then delete it: `aws logs delete-log-group \
             --region {region} --log-group-name {name}`."
        );
        Finding::problem(CHECK, what, fix)
    };
    let found: Vec<Finding> = wanted.into_iter().filter(clash).map(finding).collect();
    or_free(found, "the names of the log groups are free")
}

/// Container clusters that would be made and exist, by their ARNs.
#[must_use]
pub fn clusters(config: &CloudOpsConfig, needs: &Needs, arns: &[String]) -> Vec<Finding> {
    let wanted = values(needs.to_make(), "AWS::ECS::Cluster", "ClusterName");
    let clash = |name: &&str| arns.iter().any(|arn| arn.rsplit('/').next() == Some(*name));
    let finding = |name: &str| {
        let fix = format!(
            "Delete it where nobody needs it: `aws ecs delete-cluster --region {} --cluster \
             {name}`; or choose another `instance` in cloudops.yaml.",
            config.region
        );
        Finding::problem(CHECK, format!("the ECS cluster {name} exists already"), fix)
    };
    let found: Vec<Finding> = wanted.into_iter().filter(clash).map(finding).collect();
    or_free(found, "the names of the ECS clusters are free")
}

/// Hosted zones of the domain, while ours are not made. AWS allows several of one name, so that
/// nobody notices until names do not resolve.
#[must_use]
pub fn zones(config: &CloudOpsConfig, needs: &Needs, there: &[HostedZone]) -> Vec<Finding> {
    let wanted = values(needs.to_make(), "AWS::Route53::HostedZone", "Name");
    let public = there.iter().filter(|zone| !zone.private);
    let finding = |zone: &HostedZone| {
        let what = format!(
            "the account has a public zone {} already ({}); `init` makes another one, and only the \
             one that the parent zone names is asked",
            config.domain, zone.id
        );
        let fix = "Take a sub-domain as `domain` in cloudops.yaml, or delete the old zone; else \
                   move its records once the parent zone names the new one.";
        Finding::warning(CHECK, what, fix)
    };
    if wanted.is_empty() {
        return vec![Finding::ok(CHECK, "the hosted zones are ours")];
    }
    or_free(public.map(finding).collect(), "the account has no public zone of the domain")
}

fn rename() -> String {
    "Choose another `instance` in cloudops.yaml.".to_owned()
}

fn or_free(found: Vec<Finding>, free: &str) -> Vec<Finding> {
    if found.is_empty() { vec![Finding::ok(CHECK, free)] } else { found }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            needs::tests::stack,
            tests::{config, short},
        },
        *,
    };

    fn needs() -> Needs {
        Needs::new(&config(""), &[]).unwrap()
    }

    #[test]
    fn stacks_of_others_are_in_the_way() {
        let none = Observed {
            tags: BTreeMap::new(),
            ..stack("acme-core-network", StackStatus::CreateComplete)
        };
        let other = Observed {
            tags: [("cloudops:instance".to_owned(), "acme-core".to_owned())].into(),
            ..stack("acme-core-dns", StackStatus::CreateComplete)
        };
        let shell = Observed {
            tags: BTreeMap::new(),
            ..stack("acme-core-state", StackStatus::ReviewInProgress)
        };
        let ours = stack("acme-core-config", StackStatus::CreateComplete);
        let apart = Observed {
            tags: BTreeMap::new(),
            ..stack("acme-core-website", StackStatus::CreateComplete)
        };
        let check = |there: &[Observed]| short(&stacks(&config(""), &needs(), there));
        insta::assert_snapshot!(check(&[none, other, shell.clone(), ours.clone()]), @r"
        Problem: the stack acme-core-network exists and was not made by these tools -> Choose another `instance` in cloudops.yaml.
        Problem: the stack acme-core-dns exists and belongs to the instance acme-core -> Choose another `instance` in cloudops.yaml.
        ");
        insta::assert_snapshot!(check(&[shell, ours, apart]), @r"Ok: no stack of somebody else has a name of ours");
    }

    #[test]
    fn buckets_are_free_left_over_or_of_others() {
        let names = needs();
        assert_eq!(buckets(&names).len(), 4, "{:?}", buckets(&names));
        let found = [
            ("a", BucketName::Free),
            ("b", BucketName::Reachable),
            ("c", BucketName::Closed),
            ("d", BucketName::Elsewhere),
        ];
        let found = found.map(|(name, who)| (name.to_owned(), who)).into();
        insta::assert_snapshot!(short(&judge_buckets(&found)), @r"
        Problem: the bucket b was kept from an instance before; it cannot be made again -> Delete what is left, with everything in it: `cloudcore destroy --delete-data`; or choose another `instance` in cloudops.yaml.
        Problem: the bucket c exists and is closed to us: it is of another account, or s3:ListBucket is missing -> Choose another `instance` in cloudops.yaml.
        Problem: the bucket d exists in another region -> Choose another `instance` in cloudops.yaml.
        ");
        let free = [("a".to_owned(), BucketName::Free)].into();
        insta::assert_snapshot!(short(&judge_buckets(&free)), @r"Ok: the names of the buckets are free");
    }

    #[test]
    fn log_groups_and_clusters_of_the_same_name_are_found() {
        let groups = ["/cloudops/acme/build-server".to_owned(), "/cloudops/acme/qa".to_owned()];
        insta::assert_snapshot!(short(&log_groups(&config(""), &needs(), &groups)), @r"Problem: the log group /cloudops/acme/build-server exists already; it cannot be made again -> Export it where it is still needed, then delete it: `aws logs delete-log-group --region us-west-2 --log-group-name /cloudops/acme/build-server`.");
        insta::assert_snapshot!(short(&log_groups(&config(""), &needs(), &groups[1..])), @r"Ok: the names of the log groups are free");
        let arns = ["arn:aws:ecs:us-west-2:123456789012:cluster/acme-build".to_owned()];
        insta::assert_snapshot!(short(&clusters(&config(""), &needs(), &arns)), @r"Problem: the ECS cluster acme-build exists already -> Delete it where nobody needs it: `aws ecs delete-cluster --region us-west-2 --cluster acme-build`; or choose another `instance` in cloudops.yaml.");
        insta::assert_snapshot!(short(&clusters(&config(""), &needs(), &[])), @r"Ok: the names of the ECS clusters are free");
    }

    #[test]
    fn a_zone_of_the_domain_is_told() {
        let zone = |id: &str, private: bool| HostedZone {
            id: id.to_owned(),
            private,
            comment: String::new(),
        };
        let both = [zone("Z1", false), zone("Z2", true)];
        insta::assert_snapshot!(short(&zones(&config(""), &needs(), &both)), @r"Warning: the account has a public zone shop.example.com already (Z1); `init` makes another one, and only the one that the parent zone names is asked -> Take a sub-domain as `domain` in cloudops.yaml, or delete the old zone; else move its records once the parent zone names the new one.");
        insta::assert_snapshot!(short(&zones(&config(""), &needs(), &both[1..])), @r"Ok: the account has no public zone of the domain");
        let made = [stack("acme-core-dns", StackStatus::CreateComplete)];
        let needs = Needs::new(&config(""), &made).unwrap();
        insta::assert_snapshot!(short(&zones(&config(""), &needs, &both)), @r"Ok: the hosted zones are ours");
    }
}
