//! Documents in the state bucket, written only under a condition.

mod decode;
mod purge;
mod upload;

pub use purge::Usage;
pub use upload::Upload;

use aws_sdk_s3::{operation::get_object::GetObjectOutput, primitives::ByteStream};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Serialize, de::DeserializeOwned};

pub(super) use decode::decode;

use super::bucket_name;
use crate::{
    config_file::CloudOpsConfig,
    connect::Aws,
    ctx::Ctx,
    diagnose::{Class, Diagnose},
    error::{AwsError, AwsErrorKind},
    objects::{self, ObjectError},
    wait::WaitError,
};

/// A kind of document in the state bucket.
pub trait Document: Serialize + DeserializeOwned {
    /// Schema number that this version of the tools writes.
    const SCHEMA: u32;
    /// What it is, for messages.
    const WHAT: &'static str;
    /// What makes a document of each older schema one of the next: the first is for schema 1.
    const MIGRATIONS: &'static [Migration] = &[];
}

/// Changes the fields of a document to those of the next schema.
pub type Migration = fn(&mut serde_json::Map<String, serde_json::Value>);

/// A document and the version of it that was read.
#[derive(Debug, Clone)]
pub struct Versioned<T> {
    /// The document.
    pub value: T,
    /// Which version this is; a write names it.
    pub etag: ETag,
}

/// Version of an object, as S3 names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(String);

/// Why the state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A call failed.
    #[error("the state bucket {bucket}: {source}")]
    Aws {
        /// Bucket.
        bucket: String,
        /// What happened.
        source: AwsError,
    },
    /// Somebody else wrote the document since it was read.
    #[error("{key} was changed by another run since it was read")]
    Conflict {
        /// Object key.
        key: String,
    },
    /// The document is of a newer version of the tools.
    #[error("{key} has schema {found}; this version knows {known}: it was written by newer tools")]
    Newer {
        /// Object key.
        key: String,
        /// Schema number found.
        found: u64,
        /// Schema number that this version writes.
        known: u32,
    },
    /// The document cannot be read.
    #[error("{key} in the state bucket cannot be read: {reason}")]
    Unreadable {
        /// Object key.
        key: String,
        /// Why.
        reason: String,
    },
    /// A local file could not be read or written.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// A file was written while it was uploaded.
    #[error("{file} was changed while it was uploaded; nothing was stored")]
    Changed {
        /// The file.
        file: Utf8PathBuf,
    },
    /// A download that broke off, or was stopped.
    #[error(transparent)]
    Download(ObjectError),
    /// An upload was stopped between two parts.
    #[error("the upload stopped: {0}")]
    Stopped(WaitError),
}

impl Diagnose for StateError {
    fn class(&self) -> Class {
        match self {
            Self::Aws { source, .. } => source.class(),
            Self::Conflict { .. } => Class::Locked,
            Self::Newer { .. } | Self::File(_) => Class::Configuration,
            Self::Unreadable { .. } => Class::NeedsOperator,
            Self::Changed { .. } => Class::StalePlan,
            Self::Download(error) => error.class(),
            Self::Stopped(_) => Class::Interrupted,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Aws { source, .. } => source.hints(),
            Self::Conflict { .. } => vec!["Run the same command again.".to_owned()],
            Self::Newer { .. } => {
                vec!["Use the version of the tools that wrote it, or a newer one.".to_owned()]
            }
            Self::Unreadable { key, .. } => {
                vec![format!("The bucket is versioned: restore an earlier version of {key}.")]
            }
            Self::Changed { .. } => {
                vec!["Run it again when nothing writes to the file.".to_owned()]
            }
            Self::Download(error) => error.hints(),
            Self::Stopped(_) => vec!["The same command goes on where it stopped.".to_owned()],
            Self::File(_) => Vec::new(),
        }
    }
}

/// The state bucket of an instance, or another bucket of it that holds objects by key.
#[derive(Debug, Clone)]
pub struct Store {
    client: aws_sdk_s3::Client,
    bucket: String,
}

impl Store {
    /// The store in a bucket.
    #[must_use]
    pub fn new(aws: &Aws, bucket: impl Into<String>) -> Self {
        Self { client: aws.s3(), bucket: bucket.into() }
    }

    /// The state bucket of the configured instance.
    #[must_use]
    pub fn of_instance(aws: &Aws, config: &CloudOpsConfig) -> Self {
        Self::new(aws, bucket_name(&config.instance, &config.account, &config.region))
    }

    /// Name of the bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Whether the bucket exists and may be used (`HeadBucket`).
    ///
    /// # Errors
    /// [`StateError::Aws`] when S3 does not say.
    pub async fn exists(&self) -> Result<bool, StateError> {
        match self.client.head_bucket().bucket(&self.bucket).send().await {
            Ok(_) => Ok(true),
            Err(error) => match AwsError::new("S3", "HeadBucket", error) {
                error if error.is_not_found() => Ok(false),
                error => Err(self.aws(error)),
            },
        }
    }

    /// Reads a document, if there is one (`GetObject`).
    ///
    /// # Errors
    /// [`StateError::Newer`] for a schema of newer tools, [`StateError::Unreadable`].
    pub async fn get<T: Document>(&self, key: &str) -> Result<Option<Versioned<T>>, StateError> {
        let Some(found) = self.get_bytes(key).await? else {
            return Ok(None);
        };
        Ok(Some(Versioned { value: decode::<T>(key, &found.value)?, etag: found.etag }))
    }

    /// Reads an object whole, if there is one (`GetObject`).
    ///
    /// # Errors
    /// [`StateError`].
    pub(super) async fn get_bytes(
        &self,
        key: &str,
    ) -> Result<Option<Versioned<bytes::Bytes>>, StateError> {
        let Some(object) = self.open(key).await? else {
            return Ok(None);
        };
        let etag = ETag(object.e_tag().unwrap_or_default().to_owned());
        let unreadable = |reason: String| StateError::Unreadable { key: key.to_owned(), reason };
        let bytes = object.body.collect().await.map_err(|error| unreadable(error.to_string()))?;
        Ok(Some(Versioned { value: bytes.into_bytes(), etag }))
    }

    /// Writes a document: a new one when `seen` is none, else the next version of the one that
    /// was read (`PutObject` with `If-None-Match` or `If-Match`).
    ///
    /// # Errors
    /// [`StateError::Conflict`] when another run wrote it meanwhile.
    pub async fn put<T: Document>(
        &self,
        key: &str,
        value: &T,
        seen: Option<&ETag>,
    ) -> Result<ETag, StateError> {
        let unreadable = |reason: String| StateError::Unreadable { key: key.to_owned(), reason };
        let mut document =
            serde_json::to_value(value).map_err(|error| unreadable(error.to_string()))?;
        if let Some(fields) = document.as_object_mut() {
            fields.shift_insert(0, "schema".to_owned(), T::SCHEMA.into());
        }
        self.put_text(key, format!("{document:#}\n"), "application/json", seen).await
    }

    /// Writes a text that is no document, under the same condition as [`Self::put`].
    ///
    /// # Errors
    /// [`StateError::Conflict`] when another run wrote it meanwhile.
    pub(super) async fn put_text(
        &self,
        key: &str,
        text: String,
        content_type: &str,
        seen: Option<&ETag>,
    ) -> Result<ETag, StateError> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(text.into_bytes()));
        let request = match seen {
            None => request.if_none_match("*"),
            Some(ETag(etag)) => request.if_match(etag),
        };
        match request.send().await {
            Ok(answer) => Ok(ETag(answer.e_tag().unwrap_or_default().to_owned())),
            Err(error) => match AwsError::new("S3", "PutObject", error) {
                error if error.kind == AwsErrorKind::Conflict => {
                    Err(StateError::Conflict { key: key.to_owned() })
                }
                // If-Match on an object that is gone answers NoSuchKey.
                error if seen.is_some() && error.is_not_found() => {
                    Err(StateError::Conflict { key: key.to_owned() })
                }
                error => Err(self.aws(error)),
            },
        }
    }

    /// Deletes an object; one that is not there is fine (`DeleteObject`).
    ///
    /// # Errors
    /// [`StateError::Aws`].
    pub async fn delete(&self, key: &str) -> Result<(), StateError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(key);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match AwsError::new("S3", "DeleteObject", error) {
                error if error.is_not_found() => Ok(()),
                error => Err(self.aws(error)),
            },
        }
    }

    /// Keys below a prefix, sorted (`ListObjectsV2`, all pages).
    ///
    /// # Errors
    /// [`StateError::Aws`].
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>, StateError> {
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix)
            .into_paginator()
            .send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| self.aws(AwsError::new("S3", "ListObjectsV2", error)))?;
            keys.extend(
                page.contents().iter().filter_map(|object| object.key().map(str::to_owned)),
            );
        }
        Ok(keys)
    }

    /// Size of an object in bytes, if it is there (`HeadObject`).
    ///
    /// # Errors
    /// [`StateError::Aws`].
    pub async fn size(&self, key: &str) -> Result<Option<u64>, StateError> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(head) => Ok(head.content_length().and_then(|length| u64::try_from(length).ok())),
            Err(error) => match AwsError::new("S3", "HeadObject", error) {
                error if error.is_not_found() => Ok(None),
                error => Err(self.aws(error)),
            },
        }
    }

    /// Downloads an object into a file: [`objects::download`] from this bucket.
    ///
    /// # Errors
    /// [`StateError`]; a missing object is [`StateError::Unreadable`].
    pub async fn download(&self, ctx: &Ctx, key: &str, file: &Utf8Path) -> Result<(), StateError> {
        match objects::download(ctx, &self.bucket, key, file).await {
            Ok(_) => Ok(()),
            Err(ObjectError::Aws { source, .. }) => Err(self.aws(source)),
            Err(ObjectError::File(error)) => Err(error.into()),
            Err(ObjectError::Missing { .. }) => {
                let reason = "there is no such object".to_owned();
                Err(StateError::Unreadable { key: key.to_owned(), reason })
            }
            Err(error) => Err(StateError::Download(error)),
        }
    }

    async fn open(&self, key: &str) -> Result<Option<GetObjectOutput>, StateError> {
        match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => Ok(Some(object)),
            Err(error) => match AwsError::new("S3", "GetObject", error) {
                error if error.is_not_found() => Ok(None),
                error => Err(self.aws(error)),
            },
        }
    }

    fn aws(&self, source: AwsError) -> StateError {
        StateError::Aws { bucket: self.bucket.clone(), source }
    }
}
