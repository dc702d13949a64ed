//! An answer of the server, and what it says to people.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::{jenkins::JenkinsError, redact::SafeUrl};

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: header::HeaderMap,
    pub(super) body: bytes::Bytes,
}

impl Answer {
    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What Jenkins says, in one short line: the `X-Error` header, else the text of the page.
    pub(super) fn reason(&self) -> String {
        if let Some(error) = self.header("X-Error") {
            return error.to_owned();
        }
        let text = plain(&String::from_utf8_lossy(&self.body));
        if text.is_empty() { self.status.to_string() } else { text }
    }
}

impl Answer {
    /// How long the server wants to be left alone: `Retry-After`, in seconds or as a date.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let text = self.header("Retry-After")?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = rfc2822::parse(text).ok()?.timestamp();
        Duration::try_from(until.duration_since(Timestamp::now())).ok()
    }

    /// Refuses a page where data is expected: it comes from a proxy or a page for signing in.
    ///
    /// # Errors
    /// [`JenkinsError::NotJenkins`] with the text of the page.
    pub(super) fn is_no_page(&self, url: &SafeUrl) -> Result<(), JenkinsError> {
        no_page(url, self.header("Content-Type"), &self.body)
    }
}

/// See [`Answer::is_no_page`].
pub(super) fn no_page(url: &SafeUrl, kind: Option<&str>, body: &[u8]) -> Result<(), JenkinsError> {
    if !kind.is_some_and(|kind| kind.starts_with("text/html")) {
        return Ok(());
    }
    let text = plain(&String::from_utf8_lossy(body));
    let reason = format!("it answers with a page in place of data: \"{text}\"");
    Err(JenkinsError::NotJenkins { url: url.clone(), reason })
}

/// The text of an HTML page, without style and script, at most 300 characters.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let element = ["style", "script", "head"].into_iter().find(|name| tag.starts_with(name));
        let after = element.and_then(|name| tag.split_once(&format!("</{name}")));
        rest = after.map_or(tag, |(_, rest)| rest).split_once('>').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ").replace("&#039;", "'").replace("&lt;", "<").replace("&gt;", ">");
    line.chars().take(300).collect()
}

/// Reads an answer as JSON.
pub(super) fn json<T: DeserializeOwned>(
    action: String,
    url: &SafeUrl,
    answer: &Answer,
) -> Result<T, JenkinsError> {
    answer.is_no_page(url)?;
    serde_json::from_slice(&answer.body).map_err(|error| {
        let reason =
            if error.is_eof() { "it ends too early".to_owned() } else { error.to_string() };
        JenkinsError::Answer { action, reason }
    })
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_page_gives_its_text() {
        let page = "<html><head><title>x</title></head><body><h1>Error</h1><style>a{}</style>\
                    <p>A job already exists</p></body></html>";
        assert_eq!(plain(page), "Error A job already exists");
    }
}
