//! Objects in buckets, on their way into files: those of the instance, and those that a person
//! names by `s3://`.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use camino::{Utf8Path, Utf8PathBuf};
use tokio::io::AsyncWriteExt;

use crate::{
    connect::Aws,
    ctx::Ctx,
    diagnose::{Class, Diagnose},
    error::AwsError,
    events::EventKind,
};

/// A download whose connection breaks goes on where it was, so many times in a row.
const TRIES: usize = 5;

/// So many bytes are between two reports of progress.
const REPORT_EVERY: u64 = 4 << 20;

/// Why an object cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// There is no such bucket or object.
    #[error("there is no object s3://{bucket}/{key}")]
    Missing {
        /// Bucket.
        bucket: String,
        /// Object key.
        key: String,
    },
    /// A call failed.
    #[error("s3://{bucket}/{key}: {source}")]
    Aws {
        /// Bucket.
        bucket: String,
        /// Object key.
        key: String,
        /// What happened.
        source: AwsError,
    },
    /// The connection broke again and again.
    #[error("s3://{bucket}/{key}: the download broke off after {done} bytes: {reason}")]
    BrokenOff {
        /// Bucket.
        bucket: String,
        /// Object key.
        key: String,
        /// Bytes that came.
        done: u64,
        /// Why, as the connection says it.
        reason: String,
    },
    /// The run was told to stop.
    #[error("the download of s3://{bucket}/{key} was interrupted")]
    Interrupted {
        /// Bucket.
        bucket: String,
        /// Object key.
        key: String,
    },
    /// The file could not be written.
    #[error(transparent)]
    File(#[from] std::io::Error),
}

impl Diagnose for ObjectError {
    fn class(&self) -> Class {
        match self {
            Self::Missing { .. } | Self::File(_) => Class::Configuration,
            Self::Aws { source, .. } => source.class(),
            Self::BrokenOff { .. } => Class::Unavailable,
            Self::Interrupted { .. } => Class::Interrupted,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Missing { bucket, .. } => {
                vec![format!("`aws s3 ls s3://{bucket}/ --recursive` shows what is there.")]
            }
            Self::Aws { source, .. } => source.hints(),
            Self::BrokenOff { .. } => vec!["Run the same command again.".to_owned()],
            Self::Interrupted { .. } | Self::File(_) => Vec::new(),
        }
    }
}

/// An object in a bucket, on its way into a file.
struct Download<'a> {
    client: aws_sdk_s3::Client,
    bucket: &'a str,
    key: &'a str,
    done: u64,
    total: Option<u64>,
    etag: Option<String>,
}

/// Downloads an object into a file, which appears only when it is whole, and reports how far it is
/// (`GetObject`). A connection that breaks is made again from where it was. Gives back the size.
///
/// # Errors
/// [`ObjectError`]; what came so far may stay beside the file, as `.part`.
pub async fn download(
    ctx: &Ctx,
    bucket: &str,
    key: &str,
    file: &Utf8Path,
) -> Result<u64, ObjectError> {
    let part = Utf8PathBuf::from(format!("{file}.part"));
    let size = receive(ctx, bucket, key, &part).await?;
    fs_err::rename(&part, file)?;
    Ok(size)
}

async fn receive(ctx: &Ctx, bucket: &str, key: &str, file: &Utf8Path) -> Result<u64, ObjectError> {
    let mut download = Download::new(&ctx.aws, bucket, key);
    let mut writer = tokio::fs::File::create(file).await?;
    let (mut tries, mut before) = (0, 0);
    loop {
        let stopped = || ObjectError::Interrupted { bucket: bucket.into(), key: key.into() };
        let piece = async {
            let object = download.open().await?;
            download.receive(ctx, object, &mut writer).await
        };
        let broken = tokio::select! {
            () = ctx.cancel.cancelled() => return Err(stopped()),
            result = piece => result?,
        };
        let Some(reason) = broken else {
            writer.flush().await?;
            return Ok(download.done);
        };
        // Progress gives new tries: only a connection that brings nothing is given up.
        tries = if download.done > before { 1 } else { tries + 1 };
        before = download.done;
        if tries >= TRIES {
            let (bucket, key) = (bucket.to_owned(), key.to_owned());
            return Err(ObjectError::BrokenOff { bucket, key, done: download.done, reason });
        }
    }
}

impl<'a> Download<'a> {
    fn new(aws: &Aws, bucket: &'a str, key: &'a str) -> Self {
        Self { client: aws.s3(), bucket, key, done: 0, total: None, etag: None }
    }

    async fn open(&mut self) -> Result<GetObjectOutput, ObjectError> {
        let mut request = self.client.get_object().bucket(self.bucket).key(self.key);
        if self.done > 0 {
            // The rest of another version would not fit to what is there.
            request =
                request.range(format!("bytes={}-", self.done)).set_if_match(self.etag.clone());
        }
        let object = request.send().await.map_err(|error| {
            let source = AwsError::new("S3", "GetObject", error);
            let (bucket, key) = (self.bucket.to_owned(), self.key.to_owned());
            match source.is_not_found() {
                true => ObjectError::Missing { bucket, key },
                false => ObjectError::Aws { bucket, key, source },
            }
        })?;
        if self.done == 0 {
            self.total = object.content_length().and_then(|length| u64::try_from(length).ok());
            self.etag = object.e_tag().map(str::to_owned);
        }
        Ok(object)
    }

    /// Takes what comes; gives back why it ended early, if it did.
    async fn receive(
        &mut self,
        ctx: &Ctx,
        object: GetObjectOutput,
        writer: &mut tokio::fs::File,
    ) -> Result<Option<String>, ObjectError> {
        let mut body = object.body;
        let mut reported = self.done;
        loop {
            let piece = match body.next().await {
                None => break,
                Some(Ok(piece)) => piece,
                Some(Err(error)) => return Ok(Some(error.to_string())),
            };
            writer.write_all(&piece).await?;
            self.done += piece.len() as u64;
            if self.done - reported >= REPORT_EVERY {
                reported = self.done;
                self.report(ctx);
            }
        }
        self.report(ctx);
        let short = self.total.is_some_and(|total| self.done < total);
        Ok(short.then(|| "it ended early".to_owned()))
    }

    fn report(&self, ctx: &Ctx) {
        let name = format!("s3://{}/{}", self.bucket, self.key);
        ctx.events.send(EventKind::Transfer { name, done: self.done, total: self.total });
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;
    use tokio::{
        io::AsyncReadExt as _,
        net::{TcpListener, TcpStream},
        sync::mpsc,
    };

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{events::EventSink, fake};

    const CONTENT: &[u8] = b"abcdefghij";

    /// An S3 whose connections break after so many bytes, one after another; says for each request
    /// where it begins and which version it wants.
    async fn breaking(after: &'static [usize]) -> (String, mpsc::UnboundedReceiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, asked) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut after = after.iter();
            while let Ok((mut stream, _)) = listener.accept().await {
                let head = head(&mut stream).await;
                if head.starts_with("POST") {
                    answer(&mut stream, "200 OK", "", fake::CALLER.as_bytes(), usize::MAX).await;
                    continue;
                }
                let field = |name: &str| {
                    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
                    let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
                    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
                };
                let _ = sender.send(format!("{} {}", field("range"), field("if-match")));
                let range = field("range");
                let from = range.trim_start_matches("bytes=").trim_end_matches('-');
                let rest = &CONTENT[from.parse().unwrap_or(0)..];
                let status = if range.is_empty() { "200 OK" } else { "206 Partial Content" };
                let broken = after.next().copied().unwrap_or(usize::MAX);
                answer(&mut stream, status, "ETag: \"v1\"\r\n", rest, broken).await;
            }
        });
        (endpoint, asked)
    }

    async fn head(stream: &mut TcpStream) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(bytes).unwrap();
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let length = lines.find(|(key, _)| key.eq_ignore_ascii_case("content-length"));
        let length = length.map_or(0, |(_, value)| value.parse().unwrap());
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        head
    }

    /// Promises all of the body and sends so many bytes of it.
    async fn answer(stream: &mut TcpStream, status: &str, more: &str, body: &[u8], sent: usize) {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body[..sent.min(length)]).await.unwrap();
        stream.shutdown().await.unwrap();
    }

    async fn get(endpoint: &str) -> (Result<u64, ObjectError>, Utf8PathBuf, tempfile::TempDir) {
        let aws = Aws::from_config(fake::config(endpoint)).await.unwrap();
        let ctx = Ctx::new(aws, EventSink::null(), CancellationToken::new());
        let folder = tempfile::tempdir().unwrap();
        let file = Utf8PathBuf::from_path_buf(folder.path().join("file")).unwrap();
        (download(&ctx, "bucket", "key", &file).await, file, folder)
    }

    #[tokio::test]
    async fn a_broken_connection_is_made_again_from_where_it_was() {
        let (endpoint, mut asked) = breaking(&[4, 0, 3]).await;
        let (size, file, _folder) = get(&endpoint).await;
        assert_eq!(size.unwrap(), 10);
        assert_eq!(fs_err::read(&file).unwrap(), CONTENT);
        let mut all = Vec::new();
        while let Ok(one) = asked.try_recv() {
            all.push(one);
        }
        // The rest of another version would not fit.
        assert_eq!(all, [" ", "bytes=4- \"v1\"", "bytes=4- \"v1\"", "bytes=7- \"v1\""]);
    }

    #[tokio::test]
    async fn a_connection_that_brings_nothing_is_given_up() {
        let (endpoint, _asked) = breaking(&[2, 0, 0, 0, 0, 0]).await;
        let (result, file, _folder) = get(&endpoint).await;
        assert!(matches!(result, Err(ObjectError::BrokenOff { done: 2, .. })), "{result:?}");
        assert!(!file.exists(), "a file appears only when it is whole");
    }
}
