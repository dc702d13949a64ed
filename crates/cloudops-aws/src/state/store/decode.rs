//! From the bytes of a document to its newest form.

use serde_json::{Map, Value};

use super::{Document, StateError};

/// Reads a document: one of a newer schema is refused before anything else in it is looked at,
/// one of an older schema becomes one of today's.
pub(in crate::state) fn decode<T: Document>(key: &str, bytes: &[u8]) -> Result<T, StateError> {
    let unreadable = |reason: String| StateError::Unreadable { key: key.to_owned(), reason };
    let document: Value =
        serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
    let without = || unreadable(format!("{} without a schema number", T::WHAT));
    let Value::Object(mut fields) = document else {
        return Err(without());
    };
    let found = fields.shift_remove("schema").and_then(|schema| schema.as_u64());
    let found = found.filter(|found| *found > 0).ok_or_else(without)?;
    if found > u64::from(T::SCHEMA) {
        return Err(StateError::Newer { key: key.to_owned(), found, known: T::SCHEMA });
    }
    migrate::<T>(found, &mut fields);
    serde_json::from_value(Value::Object(fields)).map_err(|error| unreadable(error.to_string()))
}

fn migrate<T: Document>(found: u64, fields: &mut Map<String, Value>) {
    let done = usize::try_from(found - 1).unwrap_or(usize::MAX);
    for migration in T::MIGRATIONS.iter().skip(done) {
        migration(fields);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Note {
        text: String,
        pages: u32,
    }

    impl Document for Note {
        const SCHEMA: u32 = 3;
        const WHAT: &'static str = "a note";
        const MIGRATIONS: &'static [super::super::Migration] = &[
            |fields| {
                let title = fields.shift_remove("title").unwrap_or_default();
                fields.insert("text".to_owned(), title);
            },
            |fields| {
                fields.insert("pages".to_owned(), 1.into());
            },
        ];
    }

    fn note(document: &str) -> Result<Note, String> {
        decode::<Note>("k", document.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_older_document_becomes_one_of_today() {
        let wanted = Note { text: "x".to_owned(), pages: 1 };
        assert_eq!(note(r#"{"schema":1,"title":"x"}"#).as_ref(), Ok(&wanted));
        assert_eq!(note(r#"{"schema":2,"text":"x"}"#).as_ref(), Ok(&wanted));
        assert_eq!(note(r#"{"schema":3,"text":"x","pages":1}"#), Ok(wanted));
    }

    #[test]
    fn a_newer_document_is_refused_whatever_is_in_it() {
        let newer = decode::<Note>("k", br#"{"schema":4,"anything":1}"#);
        assert!(matches!(newer, Err(StateError::Newer { found: 4, known: 3, .. })));
    }

    #[test]
    fn what_is_no_document_is_unreadable() {
        for text in ["{}", "[]", "not json", r#"{"schema":0}"#, r#"{"schema":3,"text":1}"#] {
            let error = note(text).unwrap_err();
            assert!(error.starts_with("k in the state bucket cannot be read: "), "{error}");
        }
    }
}
