//! What a build leaves, written to files or cut to its end: nothing of any size is in memory.

use std::collections::VecDeque;

use camino::Utf8Path;
use tokio::io::AsyncWriteExt as _;

use crate::jenkins::{
    Artifact, Build, Jenkins, JenkinsError, answer::no_page, lines::Lines, stream::Stream,
};

impl Jenkins {
    /// Writes a file that a build keeps to a file of this machine, and gives its size. It stands
    /// there as a whole or not at all.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] when there is no such file, [`JenkinsError::TooLarge`] when it
    /// has more than `limit` bytes, [`JenkinsError::File`]; those of the request.
    pub async fn save_artifact(
        &self,
        build: &Build,
        artifact: &Artifact,
        file: &Utf8Path,
        limit: Option<u64>,
    ) -> Result<u64, JenkinsError> {
        let parts: Vec<&str> =
            ["artifact"].into_iter().chain(artifact.relative_path.split('/')).collect();
        let action = format!("read at {build}: {}", artifact.relative_path);
        let stream = self.stream(action.clone(), build.url(self.base(), &parts)).await?;
        save(&action, stream, file, limit).await
    }

    /// Writes the whole log of a build to a file, and gives its size.
    ///
    /// # Errors
    /// As [`Jenkins::save_artifact`].
    pub async fn save_log(&self, build: &Build, file: &Utf8Path) -> Result<u64, JenkinsError> {
        let (action, stream) = self.log_stream(build).await?;
        save(&action, stream, file, None).await
    }

    /// The last lines of the log of a build, at most `count`.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] when there is no such build; those of the request.
    pub async fn last_lines(
        &self,
        build: &Build,
        count: usize,
    ) -> Result<Vec<String>, JenkinsError> {
        let (_, mut stream) = self.log_stream(build).await?;
        let mut last = VecDeque::new();
        let mut lines = Lines::default();
        while let Some(piece) = stream.next().await? {
            last.extend(lines.take(&piece));
            last.drain(..last.len().saturating_sub(count));
        }
        last.extend(lines.rest());
        last.drain(..last.len().saturating_sub(count));
        Ok(last.into())
    }

    async fn log_stream(&self, build: &Build) -> Result<(String, Stream), JenkinsError> {
        let action = format!("read at {build}: the log");
        let url = build.url(self.base(), &["consoleText"]);
        let stream = self.stream(action.clone(), url).await?;
        // The log is plain text; a page is from something else.
        no_page(&self.shown_url(), stream.header("Content-Type"), b"")?;
        Ok((action, stream))
    }
}

async fn save(
    action: &str,
    mut stream: Stream,
    file: &Utf8Path,
    limit: Option<u64>,
) -> Result<u64, JenkinsError> {
    let part = file.with_file_name(format!("{}.part", file.file_name().unwrap_or("file")));
    let written = write(action, &mut stream, &part, limit).await;
    let failed = |source| JenkinsError::File { file: file.to_owned(), source };
    match written {
        Ok(size) => {
            tokio::fs::rename(&part, file).await.map_err(failed)?;
            Ok(size)
        }
        Err(error) => {
            // The error says more than that what is left cannot be removed.
            let _ = tokio::fs::remove_file(&part).await;
            Err(error)
        }
    }
}

async fn write(
    action: &str,
    stream: &mut Stream,
    part: &Utf8Path,
    limit: Option<u64>,
) -> Result<u64, JenkinsError> {
    let failed = |source| JenkinsError::File { file: part.to_owned(), source };
    let mut out = tokio::fs::File::create(part).await.map_err(failed)?;
    let mut size = 0;
    while let Some(piece) = stream.next().await? {
        size += piece.len() as u64;
        if let Some(limit) = limit.filter(|limit| size > *limit) {
            return Err(JenkinsError::TooLarge { action: action.to_owned(), limit });
        }
        out.write_all(&piece).await.map_err(failed)?;
    }
    out.sync_all().await.map_err(failed)?;
    Ok(size)
}
