//! Every call, named, counted and kept; one JSON line per call when a file is given.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who answered a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnsweredBy {
    /// The emulator, unchanged.
    Emulator,
    /// The proxy, because the emulator is not AWS there.
    Proxy,
    /// A fault that was asked for.
    Fault,
}

/// One call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// Place in the recording, from 1, in the order in which calls were answered.
    pub sequence: u64,
    /// When the call arrived (RFC 3339).
    pub time: String,
    /// Service as in the credential scope.
    pub service: String,
    /// Operation.
    pub operation: String,
    /// What it was about.
    pub resource: Option<String>,
    /// Whether it changes something.
    pub mutating: bool,
    /// HTTP status; 0 when the connection was dropped.
    pub status: u16,
    /// AWS error code.
    pub code: Option<String>,
    /// From arrival to the answer's first byte.
    pub duration_ms: u64,
    /// Application id of the user agent, else its first product.
    pub who: String,
    /// Who answered.
    pub answered_by: AnsweredBy,
    /// The request without its secrets; `null` where the body is an object or an image layer.
    pub request: Value,
}

/// How often an operation was called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// All calls.
    pub calls: u64,
    /// Those that were answered with an error or not at all.
    pub errors: u64,
}

/// Keeps the calls of one proxy.
#[derive(Debug)]
pub struct Recorder {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    records: Vec<Record>,
    counts: BTreeMap<String, Count>,
    file: Option<std::fs::File>,
}

impl Recorder {
    /// A recorder that appends to `file`, when given.
    pub fn new(file: Option<&Path>) -> std::io::Result<Self> {
        let open = |path: &Path| {
            if let Some(parent) = path.parent() {
                fs_err::create_dir_all(parent)?;
            }
            std::fs::OpenOptions::new().create(true).append(true).open(path)
        };
        let inner = Inner { file: file.map(open).transpose()?, ..Inner::default() };
        Ok(Self { inner: Mutex::new(inner) })
    }

    /// Adds a call and gives it its place.
    pub fn add(&self, mut record: Record) {
        let mut inner = self.lock();
        record.sequence = inner.records.len() as u64 + 1;
        let count =
            inner.counts.entry(format!("{}:{}", record.service, record.operation)).or_default();
        count.calls += 1;
        count.errors += u64::from(record.status >= 400 || record.status == 0);
        if let (Some(file), Ok(mut line)) = (&mut inner.file, serde_json::to_string(&record)) {
            line.push('\n');
            // A full disk must not fail the call that is being recorded.
            let _ = file.write_all(line.as_bytes());
        }
        inner.records.push(record);
    }

    /// The calls after place `since`.
    #[must_use]
    pub fn since(&self, since: u64) -> Vec<Record> {
        let start = usize::try_from(since).unwrap_or(usize::MAX);
        self.lock().records.get(start..).unwrap_or_default().to_vec()
    }

    /// How often each `service:Operation` was called.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, Count> {
        self.lock().counts.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
