//! How a bucket of an instance is emptied and deleted.

use super::{StateError, Store};
use crate::error::AwsError;

impl Store {
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
