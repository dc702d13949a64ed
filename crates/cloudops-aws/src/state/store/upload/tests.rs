use std::sync::Mutex;

use camino::Utf8PathBuf;

use super::*;
use crate::fake::FakeAws;

const BEGUN: &str = "<ListMultipartUploadsResult><Upload><Key>other</Key><UploadId>none</UploadId></Upload><Upload><Key>key</Key><UploadId>old</UploadId><Initiated>2026-01-01T00:00:00Z</Initiated></Upload><Upload><Key>key</Key><UploadId>new</UploadId><Initiated>2026-01-02T00:00:00Z</Initiated></Upload></ListMultipartUploadsResult>";
const NONE: &str = "<ListMultipartUploadsResult></ListMultipartUploadsResult>";
const CREATED: &str =
    "<InitiateMultipartUploadResult><UploadId>new</UploadId></InitiateMultipartUploadResult>";
const COMPLETED: &str = "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>";

/// A bucket that has begun an upload, or none, with these parts.
async fn bucket(uploads: &'static str, parts: String) -> FakeAws {
    FakeAws::answering(move |said, _| {
        let (verb, rest) = said.split_once(' ')?;
        let answer = match verb {
            "HEAD" => return Some((404, String::new())),
            "GET" if rest.contains("uploadId") => parts.clone(),
            "GET" => uploads.to_owned(),
            "POST" if rest.contains("uploadId") => COMPLETED.to_owned(),
            "POST" => CREATED.to_owned(),
            _ => String::new(),
        };
        Some((200, answer))
    })
    .await
}

fn listed(parts: &[(i32, &[u8], &[u8])]) -> String {
    let part = |(number, bytes, sum): &(i32, &[u8], &[u8])| {
        let (size, sum) = (bytes.len(), STANDARD.encode(Sha256::digest(sum)));
        format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>e</ETag><Size>{size}</Size><ChecksumSHA256>{sum}</ChecksumSHA256></Part>"
        )
    };
    let parts: String = parts.iter().map(part).collect();
    format!("<ListPartsResult>{parts}</ListPartsResult>")
}

struct Local {
    _folder: tempfile::TempDir,
    file: Utf8PathBuf,
}

/// A file of three parts: two of four bytes, and the rest.
fn local() -> Local {
    let folder = tempfile::tempdir().unwrap();
    let file = Utf8PathBuf::from_path_buf(folder.path().join("file")).unwrap();
    fs_err::write(&file, "aaaabbbbcc").unwrap();
    Local { _folder: folder, file }
}

async fn upload(
    fake: &FakeAws,
    digest: &Digest,
    cancel: &CancellationToken,
) -> (Result<bool, StateError>, Vec<u64>) {
    let local = local();
    let told = Mutex::new(Vec::new());
    let progress = |done| told.lock().unwrap().push(done);
    let new = Upload::new(&local.file, digest, cancel);
    let upload = Upload { part: 4, progress: &progress, ..new };
    let result = Store::new(&fake.aws, "b").upload_new("key", &upload).await;
    (result, told.into_inner().unwrap())
}

/// The calls, as verb and what the query says: parts of several connections in any order.
fn calls(fake: &FakeAws) -> Vec<String> {
    let mut all: Vec<String> =
        fake.asked().into_iter().filter(|said| said.contains("/b")).collect();
    let parts = all.iter_mut().filter(|said| said.contains("partNumber"));
    let mut sorted: Vec<String> = parts.map(std::mem::take).collect();
    sorted.sort();
    let first = all.iter().position(String::is_empty).unwrap_or(0);
    all.retain(|said| !said.is_empty());
    all.splice(first..first, sorted);
    all
}

#[tokio::test]
async fn it_goes_on_with_the_parts_that_are_not_there_or_are_others() {
    // The first part was sent of another content, the second of this one.
    let parts = listed(&[(1, b"aaaa", b"xxxx"), (2, b"bbbb", b"bbbb")]);
    let fake = bucket(BEGUN, parts).await;
    let (cancel, digest) = (CancellationToken::new(), Digest::of(b"aaaabbbbcc"));
    let (result, told) = upload(&fake, &digest, &cancel).await;
    assert!(result.unwrap());
    assert_eq!(told.last(), Some(&10), "{told:?}");
    insta::assert_snapshot!(calls(&fake).join("\n"), @r"
    HEAD /b/key
    GET /b/?uploads&prefix=key
    GET /b/key?x-id=ListParts&uploadId=new
    PUT /b/key?x-id=UploadPart&partNumber=1&uploadId=new
    PUT /b/key?x-id=UploadPart&partNumber=3&uploadId=new
    POST /b/key?uploadId=new
    ");
}

#[tokio::test]
async fn it_begins_where_nothing_is() {
    let fake = bucket(NONE, String::new()).await;
    let (cancel, digest) = (CancellationToken::new(), Digest::of(b"aaaabbbbcc"));
    assert!(upload(&fake, &digest, &cancel).await.0.unwrap());
    insta::assert_snapshot!(calls(&fake).join("\n"), @r"
    HEAD /b/key
    GET /b/?uploads&prefix=key
    POST /b/key?uploads
    PUT /b/key?x-id=UploadPart&partNumber=1&uploadId=new
    PUT /b/key?x-id=UploadPart&partNumber=2&uploadId=new
    PUT /b/key?x-id=UploadPart&partNumber=3&uploadId=new
    POST /b/key?uploadId=new
    ");
}

#[tokio::test]
async fn a_file_that_changed_is_taken_away() {
    let fake = bucket(NONE, String::new()).await;
    let (cancel, digest) = (CancellationToken::new(), Digest::of(b"another content"));
    let (result, _) = upload(&fake, &digest, &cancel).await;
    assert!(matches!(result, Err(StateError::Changed { .. })));
    let calls = calls(&fake);
    assert!(calls.last().unwrap().starts_with("DELETE "), "{calls:?}");
    assert!(!calls.iter().any(|call| call.starts_with("POST /b/key?uploadId")), "{calls:?}");
}

#[tokio::test]
async fn a_stopped_one_stays_for_the_next_call() {
    let fake = bucket(BEGUN, listed(&[])).await;
    let (cancel, digest) = (CancellationToken::new(), Digest::of(b"aaaabbbbcc"));
    cancel.cancel();
    let (result, _) = upload(&fake, &digest, &cancel).await;
    assert!(matches!(result, Err(StateError::Stopped(_))));
    let calls = calls(&fake);
    assert!(calls.iter().all(|call| !call.starts_with("DELETE")), "{calls:?}");
}
