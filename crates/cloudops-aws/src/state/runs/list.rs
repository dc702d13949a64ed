//! Finds recorded runs and reads them.

use futures::{StreamExt, TryStreamExt, stream};

use super::{PREFIX, RunDocument, RunReport};
use crate::{
    diagnose::{Class, Diagnose},
    events::{EVENT_SCHEMA, Event},
    state::{
        lock,
        store::{StateError, Store},
    },
};

/// How many reports are read at once.
const READS: usize = 8;

const EVENTS: &str = "events.jsonl";

/// Which run is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The newest one of these scopes; a name that ends in a hyphen stands for all that begin so.
    Last(Vec<String>),
    /// The one of this id, or of the only id that begins so.
    Id(String),
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its report.
    pub report: RunReport,
    /// Whether it holds its lock at this moment.
    pub running: bool,
}

/// There is no such run, or more than one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchRun {
    /// None begins so.
    #[error("there is no recorded run `{0}`")]
    None(String),
    /// Nothing was recorded yet.
    #[error("no run is recorded yet")]
    Empty,
    /// More than one begins so.
    #[error("more than one run begins with `{prefix}`: {}", .runs.join(", "))]
    Many {
        /// What was given.
        prefix: String,
        /// The runs that begin so.
        runs: Vec<String>,
    },
}

/// Why a run could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Which one is not clear.
    #[error(transparent)]
    NoSuchRun(#[from] NoSuchRun),
    /// The state bucket.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Diagnose for RunError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchRun(_) => Class::Usage,
            Self::State(error) => error.class(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoSuchRun(NoSuchRun::Many { .. }) => {
                vec!["Give more characters of its id.".to_owned()]
            }
            Self::NoSuchRun(NoSuchRun::None(_)) => {
                vec!["`cloudcore runs --all` lists what there is.".to_owned()]
            }
            Self::NoSuchRun(NoSuchRun::Empty) => {
                vec!["A run is recorded when it changes something.".to_owned()]
            }
            Self::State(error) => error.hints(),
        }
    }
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    scope: String,
    run: String,
}

impl Place {
    /// From the key of a report.
    fn of(key: &str) -> Option<Self> {
        let (scope, rest) = key.strip_prefix(PREFIX)?.split_once('/')?;
        let run = rest.strip_suffix("/report.json")?;
        Some(Self { scope: scope.to_owned(), run: run.to_owned() })
    }

    fn key(&self, file: &str) -> String {
        format!("{PREFIX}{}/{}/{file}", self.scope, self.run)
    }
}

/// The newest runs of some scopes, at most `limit`, the newest first (`ListObjectsV2`,
/// `GetObject`). Without scopes those of all; a scope that ends in a hyphen stands for all that
/// begin so.
///
/// # Errors
/// [`StateError`].
pub async fn list(
    store: &Store,
    scopes: &[String],
    limit: usize,
) -> Result<Vec<Found>, StateError> {
    let mut places = places(store, scopes).await?;
    places.truncate(limit);
    let reads = places.into_iter().map(|place| find(store, place));
    let found: Vec<Option<Found>> = stream::iter(reads).buffered(READS).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Reads one run with its events.
///
/// # Errors
/// [`RunError::NoSuchRun`] when no run or more than one is meant.
pub async fn read(store: &Store, which: &Which) -> Result<RunDocument, RunError> {
    let place = choose(&places(store, which.scopes()).await?, which)?;
    let events = parse(&place.key(EVENTS), &text(store, &place).await?)?;
    let missing = || NoSuchRun::None(place.run.clone());
    let found = find(store, place.clone()).await?.ok_or_else(missing)?;
    Ok(RunDocument { report: found.report, events, running: found.running })
}

/// The events of one run as they were written, one JSON document a line.
///
/// # Errors
/// [`RunError::NoSuchRun`] when no run or more than one is meant.
pub async fn lines(store: &Store, which: &Which) -> Result<String, RunError> {
    let place = choose(&places(store, which.scopes()).await?, which)?;
    Ok(text(store, &place).await?)
}

/// A run that has only begun has no events yet.
async fn text(store: &Store, place: &Place) -> Result<String, StateError> {
    let found = store.get_bytes(&place.key(EVENTS)).await?;
    Ok(found.map(|found| String::from_utf8_lossy(&found.value).into_owned()).unwrap_or_default())
}

impl Which {
    fn scopes(&self) -> &[String] {
        match self {
            Self::Last(scopes) => scopes,
            Self::Id(_) => &[],
        }
    }
}

async fn find(store: &Store, place: Place) -> Result<Option<Found>, StateError> {
    let Some(report) = store.get::<RunReport>(&place.key("report.json")).await? else {
        return Ok(None);
    };
    let report = report.value;
    let running = report.ended.is_none() && lock::holds(store, &place.scope, &place.run).await?;
    Ok(Some(Found { report, running }))
}

/// The newest first: run ids sort by time.
async fn places(store: &Store, scopes: &[String]) -> Result<Vec<Place>, StateError> {
    let keys = match store.keys(PREFIX).await {
        // Without a state bucket nothing was ever run.
        Err(StateError::Aws { source, .. }) if source.is_not_found() => return Ok(Vec::new()),
        keys => keys?,
    };
    let mut places: Vec<Place> = keys.iter().filter_map(|key| Place::of(key)).collect();
    places.retain(|place| in_scopes(&place.scope, scopes));
    places.sort_by(|one, other| other.run.cmp(&one.run));
    Ok(places)
}

fn in_scopes(scope: &str, scopes: &[String]) -> bool {
    let fits = |wanted: &String| {
        scope == wanted || (wanted.ends_with('-') && scope.starts_with(wanted.as_str()))
    };
    scopes.is_empty() || scopes.iter().any(fits)
}

/// The place that is meant, among places of which the newest is first.
fn choose(places: &[Place], which: &Which) -> Result<Place, NoSuchRun> {
    let Which::Id(prefix) = which else {
        return places.first().cloned().ok_or(NoSuchRun::Empty);
    };
    let fitting: Vec<&Place> =
        places.iter().filter(|place| place.run.starts_with(prefix.as_str())).collect();
    match fitting.as_slice() {
        [] => Err(NoSuchRun::None(prefix.clone())),
        [place] => Ok((*place).clone()),
        many => Err(NoSuchRun::Many {
            prefix: prefix.clone(),
            runs: many.iter().map(|place| place.run.clone()).collect(),
        }),
    }
}

/// Reads JSON Lines. Kinds of events that this version does not know are left out; a document of
/// another schema is refused, as everywhere.
fn parse(key: &str, text: &str) -> Result<Vec<Event>, StateError> {
    let mut events = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let unreadable = |error: serde_json::Error| StateError::Unreadable {
            key: key.to_owned(),
            reason: error.to_string(),
        };
        let value: serde_json::Value = serde_json::from_str(line).map_err(unreadable)?;
        let found = value.get("schema").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if found > u64::from(EVENT_SCHEMA) {
            return Err(StateError::Newer { key: key.to_owned(), found, known: EVENT_SCHEMA });
        }
        events.extend(serde_json::from_value::<Event>(value).ok());
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(scope: &str, run: &str) -> Place {
        Place { scope: scope.to_owned(), run: run.to_owned() }
    }

    #[test]
    fn a_run_is_named_by_the_beginning_of_its_id() {
        let places = [place("instance", "0193b"), place("team", "0193a1"), place("team", "0193a0")];
        let id = |text: &str| choose(&places, &Which::Id(text.to_owned()));
        assert_eq!(id("0193b").unwrap().scope, "instance");
        assert_eq!(id("7"), Err(NoSuchRun::None("7".to_owned())));
        assert!(matches!(id("0193a"), Err(NoSuchRun::Many { runs, .. }) if runs.len() == 2));
        assert_eq!(choose(&places, &Which::Last(Vec::new())).unwrap().run, "0193b");
        assert_eq!(choose(&[], &Which::Last(Vec::new())), Err(NoSuchRun::Empty));
    }

    #[test]
    fn scopes_are_whole_names_or_beginnings() {
        let scopes = ["deploy".to_owned(), "env-".to_owned()];
        assert!(in_scopes("deploy", &scopes) && in_scopes("env-live", &scopes));
        assert!(!in_scopes("deployment", &scopes) && !in_scopes("instance", &scopes));
        assert!(in_scopes("instance", &[]));
    }

    #[test]
    fn only_keys_of_reports_are_places() {
        let key = "v1/runs/env-live/0193/report.json";
        assert_eq!(Place::of(key), Some(place("env-live", "0193")));
        assert_eq!(place("env-live", "0193").key("report.json"), key);
        assert_eq!(Place::of("v1/runs/env-live/0193/journal.json"), None);
    }

    #[test]
    fn unknown_kinds_are_left_out_and_newer_documents_refused() {
        let known =
            r#"{"schema":1,"time":"2026-01-01T00:00:00Z","event":"note","message":"hello"}"#;
        let unknown = r#"{"schema":1,"time":"2026-01-01T00:00:00Z","event":"dance","steps":3}"#;
        let events = parse("k", &format!("{known}\n{unknown}\n\n")).unwrap();
        assert_eq!(events.len(), 1);
        let newer = unknown.replace("\"schema\":1", "\"schema\":2");
        assert!(matches!(parse("k", &newer), Err(StateError::Newer { found: 2, .. })));
        assert!(matches!(parse("k", "{"), Err(StateError::Unreadable { .. })));
    }
}
