//! Watching a build: its log as it grows, and its end.

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{
    events::{EventKind, EventSink},
    jenkins::{Build, BuildResult, Jenkins, JenkinsError},
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
    /// Begin of a line whose end has not come yet.
    partial: Vec<u8>,
    /// Whether the log is complete.
    complete: bool,
    /// Looks in a row without a server.
    absent: u32,
}

impl Reader {
    /// The complete lines that a chunk brings. Lines are cut as bytes, so that a character that
    /// two chunks share stays whole.
    fn lines(&mut self, chunk: &[u8]) -> Vec<String> {
        self.partial.extend_from_slice(chunk);
        let Some(end) = self.partial.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.partial.split_off(end + 1);
        let lines = std::mem::replace(&mut self.partial, rest);
        String::from_utf8_lossy(&lines).lines().map(str::to_owned).collect()
    }

    /// The last line, when it has no end.
    fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.partial);
        (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
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
    /// start, `X-More-Data` says that the build still writes).
    async fn read_log(
        &self,
        build: &Build,
        reader: &mut Reader,
        events: &EventSink,
    ) -> Result<(), JenkinsError> {
        let mut url = build.url(self.base(), &["logText", "progressiveText"]);
        url.query_pairs_mut().append_pair("start", &reader.start.to_string());
        let action = format!("read at {build}: the log");
        let answer = self.get(action.clone(), url).await?;
        let size = answer.header("X-Text-Size").and_then(|size| size.parse().ok());
        reader.start = size.ok_or_else(|| JenkinsError::Answer {
            action,
            reason: "the answer has no X-Text-Size header".to_owned(),
        })?;
        reader.complete = answer.header("X-More-Data") != Some("true");
        let mut lines = reader.lines(&answer.body);
        if reader.complete {
            lines.extend(reader.rest());
        }
        for line in lines {
            events.send(EventKind::LogLine { source: build.job.to_string(), line });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Reader;

    #[test]
    fn a_character_that_two_chunks_share_stays_whole() {
        let mut reader = Reader::default();
        let text = "grün\nfertig".as_bytes();
        assert_eq!(reader.lines(&text[..3]), Vec::<String>::new());
        assert_eq!(reader.lines(&text[3..]), ["grün"]);
        assert_eq!(reader.rest().as_deref(), Some("fertig"));
        assert_eq!(reader.rest(), None);
    }
}
