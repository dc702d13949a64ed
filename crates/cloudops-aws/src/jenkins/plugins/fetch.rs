//! Plugins from an update site or a folder, each checked against its digest.

use std::time::Duration;

use bytes::Bytes;
use camino::Utf8PathBuf;
use futures::{StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{LockedPlugin, PluginError, PluginLock};
use crate::{
    events::{EventKind, EventSink},
    ids::Digest,
    wait::{self, Pace, WaitError},
};

/// Downloads at once: the mirrors are quick, and the files small.
const DOWNLOADS: usize = 6;
/// How long a site that fails is tried again, for each plugin.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest time of one download.
const REQUEST: Duration = Duration::from_secs(300);

/// Where plugins come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginSource {
    /// An update site, such as `https://updates.jenkins.io`: the files are below
    /// `download/plugins/NAME/VERSION/NAME.hpi`.
    Site(Url),
    /// A folder with a file `NAME.hpi` for each.
    Folder(Utf8PathBuf),
}

/// A plugin with its archive.
#[derive(Debug, Clone)]
pub struct FetchedPlugin {
    /// What is locked.
    pub locked: LockedPlugin,
    /// The archive, of exactly the locked digest.
    pub archive: Bytes,
}

impl PluginSource {
    /// Fetches all plugins of a lock file, in its order.
    ///
    /// # Errors
    /// [`PluginError::Fetch`], [`PluginError::Digest`].
    pub async fn fetch(
        &self,
        lock: &PluginLock,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Vec<FetchedPlugin>, PluginError> {
        let http = reqwest::Client::builder().timeout(REQUEST).build();
        let http = http.map_err(|error| PluginError::Fetch {
            name: "any".to_owned(),
            version: String::new(),
            from: "this machine".to_owned(),
            reason: error.to_string(),
        })?;
        let total = lock.iter().len() as u64;
        let fetches = lock.iter().map(|locked| self.one(&http, locked, cancel));
        let mut fetches = stream::iter(fetches).buffered(DOWNLOADS);
        let mut all = Vec::new();
        while let Some(plugin) = fetches.try_next().await? {
            all.push(plugin);
            let done = all.len() as u64;
            let name = "plugins".to_owned();
            events.send(EventKind::Transfer { name, done, total: Some(total) });
        }
        Ok(all)
    }

    async fn one(
        &self,
        http: &reqwest::Client,
        locked: &LockedPlugin,
        cancel: &CancellationToken,
    ) -> Result<FetchedPlugin, PluginError> {
        let archive = match self {
            Self::Folder(folder) => {
                let path = folder.join(format!("{}.hpi", locked.name));
                let read = tokio::fs::read(&path).await;
                read.map_err(|error| failed(locked, path.as_str(), error.to_string()))?.into()
            }
            Self::Site(site) => {
                let url = address(site, locked);
                let pace = Pace::within(PATIENCE);
                let found = wait::until(pace, cancel, || download(http, &url)).await;
                found.map_err(|stop| match stop {
                    Stop::Refused(reason) => failed(locked, site.as_str(), reason),
                    Stop::Wait(WaitError::Deadline(_)) => {
                        let reason = "it does not answer, or fails".to_owned();
                        failed(locked, site.as_str(), reason)
                    }
                    Stop::Wait(cancelled) => cancelled.into(),
                })?
            }
        };
        let found = Digest::of(&archive);
        if found != locked.digest {
            return Err(PluginError::Digest {
                name: locked.name.clone(),
                version: locked.version.clone(),
                found: found.to_string(),
                locked: locked.digest.to_string(),
            });
        }
        Ok(FetchedPlugin { locked: locked.clone(), archive })
    }
}

/// Why a download is given up.
enum Stop {
    Refused(String),
    Wait(WaitError),
}

impl From<WaitError> for Stop {
    fn from(error: WaitError) -> Self {
        Self::Wait(error)
    }
}

/// One try; `None` asks for another.
async fn download(http: &reqwest::Client, url: &Url) -> Result<Option<Bytes>, Stop> {
    let Ok(answer) = http.get(url.clone()).send().await else {
        return Ok(None);
    };
    let status = answer.status();
    if status.is_server_error() || status == reqwest::StatusCode::TOO_MANY_REQUESTS {
        return Ok(None);
    }
    if !status.is_success() {
        return Err(Stop::Refused(format!("it answers {status}")));
    }
    Ok(answer.bytes().await.ok())
}

fn address(site: &Url, locked: &LockedPlugin) -> Url {
    let mut url = site.clone();
    let file = format!("{}.hpi", locked.name);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
        segments.extend(["download", "plugins", &locked.name, &locked.version, &file]);
    }
    url
}

fn failed(locked: &LockedPlugin, from: &str, reason: String) -> PluginError {
    PluginError::Fetch {
        name: locked.name.clone(),
        version: locked.version.clone(),
        from: from.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

    use super::*;
    use crate::diagnose::{Class, Diagnose};

    const ARCHIVE: &[u8] = b"an archive";

    fn lock() -> PluginLock {
        let line = format!("git 5.10.1 {}\n", Digest::of(ARCHIVE).hex());
        PluginLock::parse("plugins.lock", &line).unwrap()
    }

    async fn site(answers: &[(u16, &[u8])]) -> MockServer {
        let server = MockServer::start().await;
        for (index, (status, body)) in answers.iter().enumerate() {
            Mock::given(path("/download/plugins/git/5.10.1/git.hpi"))
                .respond_with(ResponseTemplate::new(*status).set_body_bytes(body.to_vec()))
                .up_to_n_times(if index + 1 == answers.len() { u64::MAX } else { 1 })
                .mount(&server)
                .await;
        }
        server
    }

    async fn fetched(answers: &[(u16, &[u8])]) -> Result<Vec<FetchedPlugin>, PluginError> {
        let server = site(answers).await;
        let source = PluginSource::Site(server.uri().parse().unwrap());
        source.fetch(&lock(), &EventSink::null(), &CancellationToken::new()).await
    }

    #[tokio::test]
    async fn a_site_that_fails_is_asked_again() {
        let fetched = fetched(&[(503, b""), (200, ARCHIVE)]).await.unwrap();
        assert_eq!(fetched[0].archive, ARCHIVE);
    }

    #[tokio::test]
    async fn what_is_not_there_or_not_what_is_locked_is_refused() {
        let error = fetched(&[(404, b"")]).await.unwrap_err();
        assert!(error.to_string().ends_with("it answers 404 Not Found"), "{error}");
        let error = fetched(&[(200, b"something else")]).await.unwrap_err();
        assert_eq!(error.class(), Class::Denied);
    }

    #[tokio::test]
    async fn a_folder_does_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        let source = PluginSource::Folder(path);
        let (events, cancel) = (EventSink::null(), CancellationToken::new());
        let error = source.fetch(&lock(), &events, &cancel).await.unwrap_err().to_string();
        assert!(error.starts_with("plugin git 5.10.1 cannot be fetched from "), "{error}");
        std::fs::write(folder.path().join("git.hpi"), ARCHIVE).unwrap();
        assert_eq!(source.fetch(&lock(), &events, &cancel).await.unwrap()[0].locked.name, "git");
    }
}
