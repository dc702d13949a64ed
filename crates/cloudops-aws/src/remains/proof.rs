//! What AWS still lists with the tag of an instance.

use std::collections::BTreeSet;

use aws_sdk_resourcegroupstagging::{Client, types::TagFilter};
use futures::{StreamExt, stream};
use serde::Serialize;

use super::{arn, cloud_control};
use crate::{ctx::Ctx, error::AwsError, ids::InstanceName, network};

/// Resources that are looked for at once.
const AT_ONCE: usize = 8;

/// Something that is still there, or may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Its ARN.
    pub arn: String,
    /// What it is.
    pub what: &'static str,
    /// Whether AWS bills for it as long as it is there.
    pub billed: bool,
    /// Whether it was seen; else AWS lists it, which it does for a while after a deletion, and
    /// nobody could look.
    pub seen: bool,
}

impl Left {
    /// Whether its ARN names what CloudFormation or a service knows by this physical id: an ARN, or
    /// a name or id at the end of one. A secret has six characters more there, a log group may have
    /// `:*`.
    #[must_use]
    pub fn is(&self, id: &str) -> bool {
        let arn = self.arn.strip_suffix(":*").unwrap_or(&self.arn);
        let before =
            |separator: char| arn.strip_suffix(id).is_some_and(|rest| rest.ends_with(separator));
        arn == id || before(':') || before('/') || arn.contains(&format!(":secret:{id}-"))
    }
}

/// Everything in the region that has the tag of an instance and that cannot be shown to be gone
/// (`tag:GetResources`, then Cloud Control's `GetResource`, or `DescribeAddresses`, for each). The tagging service lists a resource
/// for some time after its deletion. Sorted, what is billed first.
///
/// # Errors
/// [`AwsError`].
pub async fn look(ctx: &Ctx, instance: &InstanceName) -> Result<Vec<Left>, AwsError> {
    let arns = tagged(ctx, instance).await?;
    let looks = arns.into_iter().map(|arn| one(ctx, arn));
    let found: Vec<Option<Left>> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
    let mut left: Vec<Left> = found.into_iter().flatten().collect();
    left.sort_by(|a, b| (!a.billed, &a.arn).cmp(&(!b.billed, &b.arn)));
    Ok(left)
}

async fn tagged(ctx: &Ctx, instance: &InstanceName) -> Result<BTreeSet<String>, AwsError> {
    let filter = TagFilter::builder().key("cloudops:instance").values(instance.as_str()).build();
    let request = Client::new(ctx.aws.config()).get_resources().tag_filters(filter);
    let mut pages = request.into_paginator().send();
    let mut arns = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AwsError::new("Tagging", "GetResources", error))?;
        let found = page.resource_tag_mapping_list.unwrap_or_default().into_iter();
        arns.extend(found.filter_map(|one| one.resource_arn));
    }
    Ok(arns)
}

async fn one(ctx: &Ctx, arn: String) -> Option<Left> {
    let known = arn::known(&arn);
    let seen = match &known.resource {
        // Without an answer nobody knows.
        Some((arn::ADDRESS, id)) => network::has_address(&ctx.aws, id).await.ok(),
        Some((resource_type, id)) => cloud_control::exists(&ctx.aws, resource_type, id).await,
        None => None,
    };
    let left = |seen| Left { arn, what: known.what, billed: known.billed, seen };
    match seen {
        Some(false) => None,
        Some(true) => Some(left(true)),
        None => Some(left(false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_known_by_the_id_at_its_end() {
        let is = |arn: &str, id: &str| {
            Left { arn: arn.to_owned(), what: "thing", billed: true, seen: true }.is(id)
        };
        assert!(is("arn:aws:s3:::acme-logs", "acme-logs"));
        assert!(!is("arn:aws:s3:::my-acme-logs", "acme-logs"));
        assert!(is("arn:aws:kms:eu-west-1:1:key/a-b", "a-b"));
        let secret = "arn:aws:secretsmanager:eu-west-1:1:secret:/cloudops/acme/k-Ab12Cd";
        assert!(is(secret, secret) && is(secret, "/cloudops/acme/k"));
        assert!(!is(secret, "/cloudops/acme"));
        assert!(is("arn:aws:logs:eu-west-1:1:log-group:/cloudops/acme/x:*", "/cloudops/acme/x"));
    }
}
