//! Large files as objects: in parts, several at a time, and going on where an earlier try stopped.
//!
//! Limits of S3: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>.

use std::{collections::BTreeMap, num::NonZeroUsize};

use aws_sdk_s3::{
    primitives::ByteStream,
    types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use camino::Utf8Path;
use sha2::{Digest as _, Sha256};
use tokio::{io::AsyncReadExt as _, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{StateError, Store};
use crate::{
    error::{AwsError, AwsErrorKind},
    ids::Digest,
    wait::WaitError,
};

/// Smallest part but the last: 5 MiB is the least that S3 takes, larger ones need fewer calls.
const PART: u64 = 16 << 20;
/// Most parts of an upload: S3 takes 10,000.
const PARTS: u64 = 9_000;
/// Parts that are sent at the same time; as many more are in memory at most.
const AT_ONCE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

/// How a file is uploaded.
pub struct Upload<'a> {
    /// The file.
    pub file: &'a Utf8Path,
    /// Digest of its content: what is uploaded is compared with it before it appears.
    pub digest: &'a Digest,
    /// Called with the number of bytes that are there so far, those of an earlier try included.
    pub progress: &'a (dyn Fn(u64) + Send + Sync),
    /// Stops between two parts; the same call goes on later.
    pub cancel: &'a CancellationToken,
    /// Smallest part in bytes, for tests; S3 takes 5 MiB and more.
    pub part: u64,
}

impl<'a> Upload<'a> {
    /// An upload that tells nobody how far it is.
    #[must_use]
    pub fn new(file: &'a Utf8Path, digest: &'a Digest, cancel: &'a CancellationToken) -> Self {
        Self { file, digest, progress: &|_| (), cancel, part: PART }
    }
}

/// A part of the file.
struct Part {
    number: i32,
    bytes: Bytes,
    checksum: String,
}

/// A part that S3 has.
struct There {
    etag: String,
    checksum: Option<String>,
    size: u64,
}

/// An upload that S3 knows, with its parts by number.
struct Begun {
    key: String,
    id: String,
    there: BTreeMap<i32, There>,
}

impl Store {
    /// Uploads a file as a new object, and says false when the object is there already. A large
    /// file goes in parts, several at a time; what an earlier, interrupted call has sent of the
    /// same content is not sent again (`HeadObject`, `PutObject`, `ListMultipartUploads`,
    /// `ListParts`, `CreateMultipartUpload`, `UploadPart`, `CompleteMultipartUpload`).
    ///
    /// # Errors
    /// [`StateError::Changed`] when the file is not what the digest says, [`StateError::Stopped`]
    /// on cancellation; nothing is to be seen at the key then.
    pub async fn upload_new(&self, key: &str, upload: &Upload<'_>) -> Result<bool, StateError> {
        let size = fs_err::metadata(upload.file)?.len();
        if self.size(key).await?.is_some() {
            (upload.progress)(size);
            return Ok(false);
        }
        if size <= upload.part {
            return self.upload_whole(key, upload).await;
        }
        let begun = match self.begun(key).await? {
            Some(begun) => begun,
            None => self.begin_upload(key).await?,
        };
        self.upload_parts(begun, size, upload).await
    }

    /// Uploads a file under a key that nobody else writes.
    ///
    /// # Errors
    /// Those of [`Store::upload_new`].
    pub async fn store_file(
        &self,
        key: &str,
        file: &Utf8Path,
        cancel: &CancellationToken,
    ) -> Result<(), StateError> {
        let digest = Digest::read(fs_err::File::open(file)?)?;
        self.upload_new(key, &Upload::new(file, &digest, cancel)).await.map(drop)
    }

    /// Key of the object below a prefix that was written last (`ListObjectsV2`, all pages).
    ///
    /// # Errors
    /// [`StateError::Aws`].
    pub async fn newest(&self, prefix: &str) -> Result<Option<String>, StateError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let mut pages = request.into_paginator().send();
        let mut newest: Option<(i64, String)> = None;
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| self.aws(AwsError::new("S3", "ListObjectsV2", error)))?;
            let written = |object: &aws_sdk_s3::types::Object| {
                Some((object.last_modified()?.secs(), object.key()?.to_owned()))
            };
            newest = page.contents().iter().filter_map(written).chain(newest).max();
        }
        Ok(newest.map(|(_, key)| key))
    }

    async fn upload_whole(&self, key: &str, upload: &Upload<'_>) -> Result<bool, StateError> {
        let bytes = Bytes::from(fs_err::read(upload.file)?);
        if Digest::of(&bytes) != *upload.digest {
            return Err(StateError::Changed { file: upload.file.to_owned() });
        }
        let size = bytes.len() as u64;
        let request = self.client.put_object().bucket(&self.bucket).key(key).if_none_match("*");
        let new = match request.body(ByteStream::from(bytes)).send().await {
            Ok(_) => true,
            Err(error) => match AwsError::new("S3", "PutObject", error) {
                error if error.kind == AwsErrorKind::Conflict => false,
                error => return Err(self.aws(error)),
            },
        };
        (upload.progress)(size);
        Ok(new)
    }

    /// The newest unfinished upload of a key.
    async fn begun(&self, key: &str) -> Result<Option<Begun>, StateError> {
        let request = self.client.list_multipart_uploads().bucket(&self.bucket).prefix(key);
        let answer = request
            .send()
            .await
            .map_err(|error| self.aws(AwsError::new("S3", "ListMultipartUploads", error)))?;
        let ours = answer.uploads().iter().filter(|upload| upload.key() == Some(key));
        let newest = ours.max_by_key(|upload| upload.initiated().map(|time| time.secs()));
        let Some(id) = newest.and_then(|upload| upload.upload_id()) else {
            return Ok(None);
        };
        let request = self.client.list_parts().bucket(&self.bucket).key(key).upload_id(id);
        let mut pages = request.into_paginator().send();
        let mut there = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.aws(AwsError::new("S3", "ListParts", error)))?;
            for part in page.parts() {
                let (Some(number), Some(etag)) = (part.part_number(), part.e_tag()) else {
                    continue;
                };
                let size = part.size().and_then(|size| u64::try_from(size).ok());
                let checksum = part.checksum_sha256().map(str::to_owned);
                let size = size.unwrap_or_default();
                there.insert(number, There { etag: etag.to_owned(), checksum, size });
            }
        }
        Ok(Some(Begun { key: key.to_owned(), id: id.to_owned(), there }))
    }

    async fn begin_upload(&self, key: &str) -> Result<Begun, StateError> {
        let request = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(key)
            .checksum_algorithm(ChecksumAlgorithm::Sha256);
        let answer = request
            .send()
            .await
            .map_err(|error| self.aws(AwsError::new("S3", "CreateMultipartUpload", error)))?;
        let id = answer.upload_id.unwrap_or_default();
        Ok(Begun { key: key.to_owned(), id, there: BTreeMap::new() })
    }

    /// Reads the file once, in order, and sends the parts that are not there.
    async fn upload_parts(
        &self,
        begun: Begun,
        size: u64,
        upload: &Upload<'_>,
    ) -> Result<bool, StateError> {
        let length = upload.part.max(size.div_ceil(PARTS));
        let mut file = tokio::fs::File::open(upload.file).await?;
        let (mut whole, mut done) = (Sha256::new(), 0);
        let mut sent = BTreeMap::new();
        let mut running = JoinSet::new();
        for number in 1.. {
            if upload.cancel.is_cancelled() {
                return Err(StateError::Stopped(WaitError::Cancelled));
            }
            let Some(part) = read_part(&mut file, number, length).await? else {
                break;
            };
            whole.update(&part.bytes);
            let count = part.bytes.len() as u64;
            if let Some(there) = begun.there.get(&number).filter(|there| there.holds(&part)) {
                sent.insert(number, completed(number, &there.etag, &part.checksum));
                done += count;
                (upload.progress)(done);
                continue;
            }
            if running.len() >= AT_ONCE.get() {
                done += self.take(&mut running, &mut sent).await?;
                (upload.progress)(done);
            }
            running.spawn(send(self.clone(), begun.key.clone(), begun.id.clone(), part));
        }
        while !running.is_empty() {
            done += self.take(&mut running, &mut sent).await?;
            (upload.progress)(done);
        }
        if Digest::from_hasher(whole) != *upload.digest {
            self.abort(&begun).await?;
            return Err(StateError::Changed { file: upload.file.to_owned() });
        }
        self.complete(&begun, sent.into_values().collect()).await
    }

    /// Waits for a part, and gives the number of its bytes.
    async fn take(
        &self,
        running: &mut JoinSet<Result<(CompletedPart, u64), AwsError>>,
        sent: &mut BTreeMap<i32, CompletedPart>,
    ) -> Result<u64, StateError> {
        let Some(ended) = running.join_next().await else {
            return Ok(0);
        };
        let ended = ended.map_err(std::io::Error::other)?;
        let (part, count) = ended.map_err(|error| self.aws(error))?;
        sent.insert(part.part_number().unwrap_or_default(), part);
        Ok(count)
    }

    async fn complete(&self, begun: &Begun, parts: Vec<CompletedPart>) -> Result<bool, StateError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(&begun.key)
            .upload_id(&begun.id)
            .if_none_match("*")
            .multipart_upload(parts);
        let Err(error) = request.send().await else {
            return Ok(true);
        };
        let error = AwsError::new("S3", "CompleteMultipartUpload", error);
        // Somebody was faster, or the answer to an earlier try was lost.
        if self.size(&begun.key).await?.is_some() {
            self.abort(begun).await?;
            return Ok(false);
        }
        Err(self.aws(error))
    }

    /// Takes an unfinished upload away; one that is gone is fine.
    async fn abort(&self, begun: &Begun) -> Result<(), StateError> {
        let request = self
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket)
            .key(&begun.key)
            .upload_id(&begun.id);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match AwsError::new("S3", "AbortMultipartUpload", error) {
                error if error.is_not_found() => Ok(()),
                error => Err(self.aws(error)),
            },
        }
    }
}

impl There {
    /// Whether this is the same part: by its checksum, which S3 keeps from part to end.
    fn holds(&self, part: &Part) -> bool {
        self.size == part.bytes.len() as u64
            && self.checksum.as_deref() == Some(part.checksum.as_str())
    }
}

fn completed(number: i32, etag: &str, checksum: &str) -> CompletedPart {
    CompletedPart::builder().part_number(number).e_tag(etag).checksum_sha256(checksum).build()
}

async fn send(
    store: Store,
    key: String,
    id: String,
    part: Part,
) -> Result<(CompletedPart, u64), AwsError> {
    let count = part.bytes.len() as u64;
    let request = store
        .client
        .upload_part()
        .bucket(&store.bucket)
        .key(key)
        .upload_id(id)
        .part_number(part.number)
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .checksum_sha256(&part.checksum)
        .body(ByteStream::from(part.bytes));
    let answer = request.send().await.map_err(|error| AwsError::new("S3", "UploadPart", error))?;
    let etag = answer.e_tag().unwrap_or_default();
    Ok((completed(part.number, etag, &part.checksum), count))
}

/// The next part; nothing at the end of the file.
async fn read_part(
    file: &mut tokio::fs::File,
    number: i32,
    length: u64,
) -> std::io::Result<Option<Part>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(length).read_to_end(&mut bytes).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let checksum = STANDARD.encode(Sha256::digest(&bytes));
    Ok(Some(Part { number, bytes: bytes.into(), checksum }))
}

#[cfg(test)]
mod tests;
