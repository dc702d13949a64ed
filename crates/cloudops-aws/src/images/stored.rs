//! What is in a repository, and how it is removed.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecr::{
    Client,
    types::{ImageDetail, ImageIdentifier},
};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    connect::{Aws, broken},
    error::AwsError,
    ids::Digest,
};

/// Images of one request (`BatchGetImage` and `BatchDeleteImage` take a hundred).
const AT_ONCE: usize = 100;

/// An image, an index or an artifact in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredImage {
    /// Repository.
    pub repository: String,
    /// Digest.
    pub digest: Digest,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Size in bytes, compressed; of an index that of its images is not counted.
    pub size: u64,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// Images that it names: those of an index.
    pub names: BTreeSet<Digest>,
    /// Image that it is attached to.
    pub subject: Option<Digest>,
}

/// Everything in a repository; none for a repository that does not exist (`DescribeImages`,
/// `BatchGetImage`).
///
/// # Errors
/// [`AwsError`].
pub async fn stored(aws: &Aws, repository: &str) -> Result<Vec<StoredImage>, AwsError> {
    let client = Client::new(aws.config());
    let pages =
        client.describe_images().repository_name(repository).into_paginator().items().send();
    let found = pages.collect::<Result<Vec<ImageDetail>, _>>().await;
    let details = match found.map_err(|error| AwsError::new("ECR", "DescribeImages", error)) {
        Ok(details) => details,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut images = Vec::new();
    for detail in &details {
        images.push(image(repository, detail)?);
    }
    let manifests = manifests(&client, repository, &images).await?;
    for image in &mut images {
        if let Some(manifest) = manifests.get(&image.digest) {
            (image.names, image.subject) = links(manifest);
        }
    }
    Ok(images)
}

fn image(repository: &str, detail: &ImageDetail) -> Result<StoredImage, AwsError> {
    let digest = detail.image_digest().unwrap_or_default().parse();
    let digest = digest.map_err(|error| broken("ECR", "DescribeImages", &error))?;
    let pushed = detail.image_pushed_at().map_or(0, aws_smithy_types::DateTime::secs);
    let mut tags = detail.image_tags().to_vec();
    tags.sort();
    Ok(StoredImage {
        repository: repository.to_owned(),
        digest,
        tags,
        size: detail.image_size_in_bytes().and_then(|size| size.try_into().ok()).unwrap_or(0),
        pushed_at: Timestamp::from_second(pushed).unwrap_or(Timestamp::UNIX_EPOCH),
        names: BTreeSet::new(),
        subject: None,
    })
}

async fn manifests(
    client: &Client,
    repository: &str,
    images: &[StoredImage],
) -> Result<BTreeMap<Digest, Value>, AwsError> {
    let mut manifests = BTreeMap::new();
    for some in images.chunks(AT_ONCE) {
        let ids = some.iter().map(|image| id(&image.digest)).collect();
        let request = client.batch_get_image().repository_name(repository).set_image_ids(Some(ids));
        let answer = request.send().await;
        let answer = answer.map_err(|error| AwsError::new("ECR", "BatchGetImage", error))?;
        for image in answer.images() {
            let digest = image.image_id().and_then(|id| id.image_digest()?.parse().ok());
            let manifest = serde_json::from_str(image.image_manifest().unwrap_or_default());
            manifests.extend(digest.zip(manifest.ok()));
        }
    }
    Ok(manifests)
}

/// What a manifest names, and what it is attached to.
fn links(manifest: &Value) -> (BTreeSet<Digest>, Option<Digest>) {
    let digest = |value: &Value| value["digest"].as_str()?.parse().ok();
    let names = manifest["manifests"].as_array().into_iter().flatten().filter_map(digest);
    (names.collect(), digest(&manifest["subject"]))
}

fn id(digest: &Digest) -> ImageIdentifier {
    ImageIdentifier::builder().image_digest(digest.as_str()).build()
}

/// Removes images from a repository, in this order: an index has to go before what it names
/// (`BatchDeleteImage`). Gives back what could not be removed, with the reason.
///
/// # Errors
/// [`AwsError`].
pub async fn delete(
    aws: &Aws,
    repository: &str,
    digests: &[Digest],
) -> Result<Vec<(Digest, String)>, AwsError> {
    let client = Client::new(aws.config());
    let mut failed = Vec::new();
    for some in digests.chunks(AT_ONCE) {
        let ids = some.iter().map(id).collect();
        let request =
            client.batch_delete_image().repository_name(repository).set_image_ids(Some(ids));
        let answer = request.send().await;
        let answer = answer.map_err(|error| AwsError::new("ECR", "BatchDeleteImage", error))?;
        for failure in answer.failures() {
            let digest = failure.image_id().and_then(|id| id.image_digest()?.parse().ok());
            let code = failure.failure_code().map(|code| code.as_str().to_owned());
            // What is gone is what was wanted.
            if code.as_deref() != Some("ImageNotFound") {
                failed.extend(digest.zip(code));
            }
        }
    }
    Ok(failed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_index_names_images_and_an_artifact_its_subject() {
        let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
        let (names, subject) = links(&json!({"manifests": [{"digest": one}, {"digest": two}]}));
        assert_eq!((names.len(), subject), (2, None));
        let (names, subject) = links(&json!({"layers": [], "subject": {"digest": one}}));
        assert_eq!((names.len(), subject), (0, Some(one)));
    }
}
