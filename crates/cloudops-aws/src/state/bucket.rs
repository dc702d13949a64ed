//! Whether a bucket's name is free: names are shared by all accounts of AWS.

use crate::{
    connect::Aws,
    error::{AwsError, AwsErrorKind},
};

/// Who has a bucket of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketName {
    /// Nobody.
    Free,
    /// We, or somebody who lets us in.
    Reachable,
    /// Somebody who does not let us in: another account, or ours with fewer rights.
    Closed,
    /// It is in another region.
    Elsewhere,
}

/// Looks who has a bucket of this name (`HeadBucket`). S3 gives no reason with its answer.
///
/// # Errors
/// [`AwsError`] when S3 does not say.
pub async fn look(aws: &Aws, name: &str) -> Result<BucketName, AwsError> {
    let answer = aws.s3().head_bucket().bucket(name).send().await;
    let Err(error) = answer else {
        return Ok(BucketName::Reachable);
    };
    let response = error.raw_response();
    let status = response.map(|response| response.status().as_u16());
    let names_region =
        response.is_some_and(|response| response.headers().get("x-amz-bucket-region").is_some());
    match (status, AwsError::new("S3", "HeadBucket", error)) {
        (Some(404), _) => Ok(BucketName::Free),
        (Some(403), error) if error.kind != AwsErrorKind::Credentials => Ok(BucketName::Closed),
        (Some(301 | 307), _) => Ok(BucketName::Elsewhere),
        // A signature for the wrong region is refused, with the right one told.
        (Some(400), _) if names_region => Ok(BucketName::Elsewhere),
        (_, error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeAws;

    #[tokio::test]
    async fn the_status_tells_who_has_it() {
        for (status, expect) in [
            (200, BucketName::Reachable),
            (404, BucketName::Free),
            (403, BucketName::Closed),
            (301, BucketName::Elsewhere),
        ] {
            let fake = FakeAws::start(&[("HEAD /", status, "")]).await;
            assert_eq!(look(&fake.aws, "a-bucket").await.unwrap(), expect, "{status}");
        }
        for status in [400, 500] {
            let fake = FakeAws::start(&[("HEAD /", status, "")]).await;
            assert!(look(&fake.aws, "a-bucket").await.is_err(), "{status}");
        }
    }
}
