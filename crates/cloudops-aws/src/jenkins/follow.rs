//! Watching a build: its log as it grows, and its end.

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{
    events::{EventKind, EventSink},
    jenkins::{Build, BuildResult, Jenkins, JenkinsError, answer::no_page, lines::Lines},
    wait::{self, Pace},
};

/// How many looks in a row may find no server: Jenkins goes on with a pipeline after a restart.
/// With pauses of 5 seconds this is about 15 minutes.
const PATIENCE: u32 = 180;

/// How far the log is read.
#[derive(Default)]
struct Reader {
    /// Offset in the raw log, as Jenkins counts it.
    start: u64,
    /// Bytes behind `start` that were reported before the connection broke.
    reported: usize,
    lines: Lines,
    /// Whether the log is complete.
    complete: bool,
    /// Looks in a row without a server.
    absent: u32,
}

impl Reader {
    /// The part of a piece that was not reported yet; `seen` counts what this answer gave so far.
    fn news<'a>(&mut self, piece: &'a [u8], seen: &mut usize) -> &'a [u8] {
        let known = self.reported.saturating_sub(*seen).min(piece.len());
        *seen += piece.len();
        self.reported = self.reported.max(*seen);
        &piece[known..]
    }
}

impl Jenkins {
    /// Reports the log of a build, line by line, until the build ends. It can be called again
    /// for the same build, also for one that has ended. A server that restarts is waited for.
    ///
    /// A build that fails is not an error here: see [`BuildResult::succeeded`]. A cancelled wait
    /// leaves the build running: see [`Jenkins::abort`].
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] when there is no such build; [`JenkinsError::Wait`] at the
    /// deadline or on cancellation; those of the requests.
    pub async fn follow(
        &self,
        build: &Build,
        pace: Pace,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<BuildResult, JenkinsError> {
        let reader = Mutex::new(Reader::default());
        let look = || async {
            let mut reader = reader.lock().await;
            match self.look(build, &mut reader, events).await {
                Err(error) if error.is_transient() && reader.absent < PATIENCE => {
                    reader.absent += 1;
                    Ok(None)
                }
                other => {
                    reader.absent = 0;
                    other
                }
            }
        };
        let found: Result<BuildResult, JenkinsError> = wait::until(pace, cancel, look).await;
        found.map_err(|error| error.while_waiting_for(format!("{build} to end")))
    }

    async fn look(
        &self,
        build: &Build,
        reader: &mut Reader,
        events: &EventSink,
    ) -> Result<Option<BuildResult>, JenkinsError> {
        if !reader.complete {
            self.read_log(build, reader, events).await?;
        }
        if !reader.complete {
            return Ok(None);
        }
        self.result(build).await
    }

    /// Reads what the log has gained (`logText/progressiveText`: `X-Text-Size` is the next
    /// start, `X-More-Data` says that the build still writes). When the connection breaks, the
    /// next look begins at the same start and leaves out what was reported.
    async fn read_log(
        &self,
        build: &Build,
        reader: &mut Reader,
        events: &EventSink,
    ) -> Result<(), JenkinsError> {
        let mut url = build.url(self.base(), &["logText", "progressiveText"]);
        url.query_pairs_mut().append_pair("start", &reader.start.to_string());
        let action = format!("read at {build}: the log");
        let mut stream = self.stream(action.clone(), url).await?;
        no_page(&self.shown_url(), stream.header("Content-Type"), b"")?;
        let size = stream.header("X-Text-Size").and_then(|size| size.parse().ok());
        let start = size.ok_or_else(|| JenkinsError::Answer {
            action,
            reason: "the answer has no X-Text-Size header".to_owned(),
        })?;
        let complete = stream.header("X-More-Data") != Some("true");
        let report = |line| {
            events.send(EventKind::LogLine { source: build.job.to_string(), line });
        };
        let mut seen = 0;
        while let Some(piece) = stream.next().await? {
            let news = reader.news(&piece, &mut seen);
            reader.lines.take(news).into_iter().for_each(report);
        }
        (reader.start, reader.reported, reader.complete) = (start, 0, complete);
        if complete {
            reader.lines.rest().into_iter().for_each(report);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Reader;

    #[test]
    fn what_was_reported_is_left_out() {
        let mut reader = Reader::default();
        let mut seen = 0;
        assert_eq!(reader.news(b"one", &mut seen), b"one");
        assert_eq!(reader.news(b" two", &mut seen), b" two");
        // The connection broke; the same start is read again.
        let mut seen = 0;
        assert_eq!(reader.news(b"one t", &mut seen), b"");
        assert_eq!(reader.news(b"wo three", &mut seen), b" three");
    }
}
