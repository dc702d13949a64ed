//! How a bucket of an instance is emptied and deleted.

use super::{StateError, Store};
use crate::error::AwsError;

/// Pages of 1000 versions that are counted; more take longer than a person wants to wait.
const PAGES_COUNTED: usize = 50;

/// What is in a bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Versions of objects, older ones and deletion markers included.
    pub versions: usize,
    /// Bytes of all versions.
    pub bytes: u64,
    /// Whether there is more that was not counted.
    pub more: bool,
}

impl Store {
    /// Counts what is in the bucket, up to 50,000 versions (`ListObjectVersions`).
    ///
    /// # Errors
    /// [`StateError::Aws`].
    pub async fn usage(&self) -> Result<Usage, StateError> {
        let mut usage = Usage::default();
        let (mut key, mut version) = (None, None);
        for _ in 0..PAGES_COUNTED {
            let request = self.client.list_object_versions().bucket(&self.bucket);
            let request = request.set_key_marker(key).set_version_id_marker(version);
            let answer = request.send().await;
            let answer = answer
                .map_err(|error| self.aws(AwsError::new("S3", "ListObjectVersions", error)))?;
            usage.versions += answer.versions().len() + answer.delete_markers().len();
            let sizes = answer.versions().iter().filter_map(|one| u64::try_from(one.size()?).ok());
            usage.bytes += sizes.sum::<u64>();
            usage.more = answer.is_truncated().unwrap_or_default();
            if !usage.more {
                break;
            }
            key = answer.next_key_marker;
            version = answer.next_version_id_marker;
        }
        Ok(usage)
    }

    /// Deletes every version of every object below a prefix: how a versioned bucket is emptied.
    /// Gives back how many versions there were (`ListObjectVersions`, `DeleteObject`).
    ///
    /// # Errors
    /// [`StateError::Aws`].
    pub async fn purge(&self, prefix: &str) -> Result<usize, StateError> {
        let mut count = 0;
        loop {
            let page = self.versions(prefix).await?;
            if page.is_empty() {
                return Ok(count);
            }
            for (key, version) in &page {
                let request = self.client.delete_object().bucket(&self.bucket).key(key);
                request
                    .set_version_id(version.clone())
                    .send()
                    .await
                    .map_err(|error| self.aws(AwsError::new("S3", "DeleteObject", error)))?;
            }
            count += page.len();
        }
    }

    async fn versions(&self, prefix: &str) -> Result<Vec<(String, Option<String>)>, StateError> {
        let answer = self
            .client
            .list_object_versions()
            .bucket(&self.bucket)
            .prefix(prefix)
            .send()
            .await
            .map_err(|error| self.aws(AwsError::new("S3", "ListObjectVersions", error)))?;
        let versions = answer.versions().iter().filter_map(|version| {
            Some((version.key()?.to_owned(), version.version_id().map(str::to_owned)))
        });
        let markers = answer.delete_markers().iter().filter_map(|marker| {
            Some((marker.key()?.to_owned(), marker.version_id().map(str::to_owned)))
        });
        Ok(versions.chain(markers).collect())
    }

    /// Deletes the bucket, which must be empty (`DeleteBucket`); a missing one is fine.
    ///
    /// # Errors
    /// [`StateError::Aws`].
    pub async fn delete_bucket(&self) -> Result<(), StateError> {
        match self.client.delete_bucket().bucket(&self.bucket).send().await {
            Ok(_) => Ok(()),
            Err(error) => match AwsError::new("S3", "DeleteBucket", error) {
                error if error.is_not_found() => Ok(()),
                error => Err(self.aws(error)),
            },
        }
    }
}
