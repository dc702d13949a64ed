//! The folder with everything that is known: one folder per container, files by other programs' rules.

use super::Error;
use super::args::HealthWanted;
use fs_err as fs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What runs a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Backend {
    Podman,
    Process,
    Pretend,
}

/// A container as it was created. It is written once; what changes later is in files beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) image: String,
    pub(super) backend: Backend,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) env: Vec<String>,
    /// Container port and the loopback port that stands for it.
    pub(super) ports: Vec<(u16, u16)>,
    pub(super) argv: Vec<String>,
    pub(super) user: Option<String>,
    pub(super) workdir: String,
    pub(super) volumes: Vec<(String, String)>,
    pub(super) health: Option<HealthWanted>,
    pub(super) stop_timeout: u64,
    pub(super) created: String,
}

impl Record {
    /// The loopback port of a container port.
    pub(super) fn host_port(&self, container: u16) -> Option<u16> {
        self.ports.iter().find(|(inner, _)| *inner == container).map(|(_, host)| *host)
    }
}

/// The state folder.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) root: PathBuf,
}

impl State {
    /// The folder named by `CLOUDOPS_CONTAINERS_DIR`, made when it is not there.
    pub(super) fn open() -> Result<Self, Error> {
        let named = std::env::var_os("CLOUDOPS_CONTAINERS_DIR").filter(|v| !v.is_empty());
        let root = named.map(PathBuf::from);
        let root =
            root.ok_or_else(|| Error::Usage("CLOUDOPS_CONTAINERS_DIR is not set".to_owned()))?;
        Self::at(&root)
    }

    /// A state folder at a given place.
    pub(super) fn at(root: &Path) -> Result<Self, Error> {
        for folder in ["containers", "refs", "chains", "images", "volumes", "networks"] {
            fs::create_dir_all(root.join(folder))?;
        }
        Ok(Self { root: root.canonicalize()? })
    }

    /// The folder of one container.
    pub(super) fn folder(&self, id: &str) -> PathBuf {
        self.root.join("containers").join(id)
    }

    /// Writes a new container down.
    pub(super) fn add(&self, record: &Record) -> Result<(), Error> {
        let folder = self.folder(&record.id);
        fs::create_dir_all(&folder)?;
        write_whole(&folder.join("record.json"), &serde_json::to_vec_pretty(record)?)
    }

    /// Every container, oldest first.
    pub(super) fn all(&self) -> Result<Vec<Record>, Error> {
        let mut records = Vec::new();
        for entry in fs::read_dir(self.root.join("containers"))? {
            // Another process may be removing it at this moment.
            if let Ok(text) = fs::read(entry?.path().join("record.json")) {
                records.push(serde_json::from_slice::<Record>(&text)?);
            }
        }
        records.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
        Ok(records)
    }

    /// A container by its id, the beginning of it, or its name.
    pub(super) fn find(&self, wanted: &str) -> Result<Record, Error> {
        if let Ok(text) = fs::read(self.folder(wanted).join("record.json")) {
            return Ok(serde_json::from_slice(&text)?);
        }
        let found = self.all()?.into_iter().find(|record| {
            record.name == wanted || (wanted.len() >= 8 && record.id.starts_with(wanted))
        });
        found.ok_or_else(|| Error::NoSuchContainer(wanted.to_owned()))
    }

    /// Adds a line to the history that `summary` reads: it outlives the containers.
    pub(super) fn remember(&self, record: &Record) -> Result<(), Error> {
        use std::io::Write;
        let line = serde_json::json!({"backend": record.backend, "image": record.image, "name": record.name});
        let path = self.root.join("history.jsonl");
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        Ok(())
    }

    /// Holds a lock of this folder until the value is dropped.
    pub(super) fn lock(&self, name: &str) -> Result<std::fs::File, Error> {
        let file = std::fs::File::create(self.root.join(format!("{name}.lock")))?;
        file.lock()?;
        Ok(file)
    }
}

/// Writes a file so that readers see all of it or none.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<(), Error> {
    let part = path.with_extension(format!("part{}", std::process::id()));
    fs::write(&part, content)?;
    fs::rename(&part, path)?;
    Ok(())
}
