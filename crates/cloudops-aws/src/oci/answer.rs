//! What comes back from a registry: read with a limit, and told in words that harm no terminal.

use std::error::Error;

use bytes::{Bytes, BytesMut};
use reqwest::Response;

use super::http::Fault;

/// What is read of an answer that says no.
const SAID: u64 = 64 << 10;

/// Letters of it that are shown.
const SHOWN: usize = 300;

/// A request or an answer that was lost on its way. Addresses are left out: some are signed.
pub(super) fn lost(error: &reqwest::Error) -> Fault {
    let what = if error.is_timeout() {
        "there was no answer in time".to_owned()
    } else if error.is_connect() {
        format!("it cannot be reached: {}", deepest(error))
    } else {
        format!("the connection broke: {}", deepest(error))
    };
    Fault::passing(what)
}

/// The first cause of an error, which says the most.
pub(super) fn deepest(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// Reads an answer that must not be longer than a number of bytes; none when it is.
pub(super) async fn read(mut response: Response, most: u64) -> Result<Option<Bytes>, Fault> {
    let mut all = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| lost(&error))? {
        if (all.len() + piece.len()) as u64 > most {
            return Ok(None);
        }
        all.extend_from_slice(&piece);
    }
    Ok(Some(all.freeze()))
}

/// What an answer says that is none: its status, and the registry's own words.
pub(super) async fn said(response: Response) -> String {
    let status = response.status();
    // Whatever goes wrong here, the status is known.
    let body = read(response, SAID).await.ok().flatten().unwrap_or_default();
    match words(&body) {
        words if words.is_empty() => format!("it answers {status}"),
        words => format!("it answers {status}: {words}"),
    }
}

/// The registry's words, on one line and without anything that moves a terminal.
fn words(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Envelope {
        errors: Vec<Entry>,
    }
    #[derive(serde::Deserialize)]
    struct Entry {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let text = match serde_json::from_slice::<Envelope>(body) {
        Ok(Envelope { errors }) => {
            let entry = |entry: &Entry| match (entry.code.as_str(), entry.message.as_str()) {
                (code, "") => code.to_owned(),
                (code, message) => format!("{message} ({code})"),
            };
            errors.iter().map(entry).collect::<Vec<_>>().join("; ")
        }
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let printable = |letter: char| if letter.is_control() { ' ' } else { letter };
    let line: String = text.chars().map(printable).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_registry_are_one_harmless_line() {
        let envelope =
            br#"{"errors":[{"code":"DENIED","message":"no \u001b[31mway"},{"code":"X"}]}"#;
        assert_eq!(words(envelope), "no [31mway (DENIED); X");
        assert_eq!(words(b"<html>\r\n\x07 502\n"), "<html> 502");
        assert_eq!(words(&[b'x'; 1000]).len(), SHOWN);
        assert_eq!(words(b""), "");
    }
}
