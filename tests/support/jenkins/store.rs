//! Items and builds on disk, laid out as `JENKINS_HOME`.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use cloudops_aws::jenkins::xml::Element;

use super::{definition::Definition, git::CheckedOut, junit::Case};

/// What Jenkins notes at a job whose Jenkinsfile is declarative, when it has run.
const NOTES: [&str; 2] = [
    "org.jenkinsci.plugins.pipeline.modeldefinition.actions.DeclarativeJobAction",
    "org.jenkinsci.plugins.pipeline.modeldefinition.actions.DeclarativeJobPropertyTrackerAction",
];

/// `JENKINS_HOME`. Full names such as `acme/build` name items; the empty name is the root.
#[derive(Debug, Clone)]
pub(super) struct Store {
    home: PathBuf,
}

/// `build.json` of a build.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) number: u64,
    pub(super) queue_id: u64,
    pub(super) parameters: Vec<Value>,
    /// Milliseconds since 1970.
    pub(super) started: i64,
    /// Milliseconds.
    pub(super) duration: i64,
    /// `None` while it runs.
    pub(super) result: Option<String>,
    /// Paths in the workspace.
    pub(super) artifacts: Vec<String>,
    /// Why it was started, in a sentence.
    #[serde(default)]
    pub(super) cause: String,
    #[serde(default)]
    pub(super) checkouts: Vec<CheckedOut>,
}

/// A parameter of a build.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) class: String,
    pub(super) name: String,
    pub(super) value: String,
}

impl Store {
    pub(super) fn new(home: &Path) -> io::Result<Self> {
        fs_err::create_dir_all(home.join("jobs"))?;
        // Job shells run in folders below it, so a relative path would lead elsewhere.
        Ok(Self { home: fs_err::canonicalize(home)? })
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    fn dir(&self, name: &str) -> PathBuf {
        let names = name.split('/').filter(|part| !part.is_empty());
        names.fold(self.home.clone(), |dir, part| dir.join("jobs").join(part))
    }

    pub(super) fn exists(&self, name: &str) -> bool {
        name.is_empty() || self.dir(name).join("config.xml").is_file()
    }

    pub(super) fn xml(&self, name: &str) -> io::Result<String> {
        fs_err::read_to_string(self.dir(name).join("config.xml"))
    }

    /// The definition; nothing when there is no such item.
    pub(super) fn definition(&self, name: &str) -> Option<Definition> {
        self.xml(name).ok().and_then(|xml| Definition::parse(&xml).ok())
    }

    pub(super) fn write_xml(&self, name: &str, xml: &str) -> io::Result<()> {
        let dir = self.dir(name);
        fs_err::create_dir_all(&dir)?;
        replace(&dir.join("config.xml"), xml.as_bytes())
    }

    pub(super) fn delete(&self, name: &str) -> io::Result<()> {
        fs_err::remove_dir_all(self.dir(name))
    }

    /// Gives an item another full name; its builds go along.
    pub(super) fn rename(&self, name: &str, to: &str) -> io::Result<()> {
        let target = self.dir(to);
        if let Some(parent) = target.parent() {
            fs_err::create_dir_all(parent)?;
        }
        fs_err::rename(self.dir(name), target)
    }

    /// Names of the items in a folder, sorted.
    pub(super) fn children(&self, folder: &str) -> Vec<String> {
        let mut names = entries(&self.dir(folder).join("jobs"));
        names.retain(|name| self.exists(&join(folder, name)));
        names.sort();
        names
    }

    /// Numbers of the builds of a job, newest first.
    pub(super) fn builds(&self, job: &str) -> Vec<u64> {
        let names = entries(&self.dir(job).join("builds"));
        let mut numbers: Vec<u64> = names.iter().filter_map(|name| name.parse().ok()).collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        numbers
    }

    pub(super) fn build_dir(&self, job: &str, number: u64) -> PathBuf {
        self.dir(job).join("builds").join(number.to_string())
    }

    pub(super) fn log(&self, job: &str, number: u64) -> PathBuf {
        self.build_dir(job, number).join("log")
    }

    pub(super) fn record(&self, job: &str, number: u64) -> Option<Record> {
        let text = fs_err::read(self.build_dir(job, number).join("build.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    pub(super) fn write_record(&self, job: &str, record: &Record) -> io::Result<()> {
        let dir = self.build_dir(job, record.number);
        fs_err::create_dir_all(&dir)?;
        replace(&dir.join("build.json"), &serde_json::to_vec_pretty(record)?)
    }

    /// All commits that builds of a job have taken.
    pub(super) fn built_commits(&self, job: &str) -> Vec<String> {
        let records = self.builds(job).into_iter().filter_map(|number| self.record(job, number));
        let checkouts = records.flat_map(|record| record.checkouts);
        checkouts.map(|checkout| checkout.commit).collect()
    }

    pub(super) fn write_tests(&self, job: &str, number: u64, cases: &[Case]) -> io::Result<()> {
        let mut all = self.tests(job, number).unwrap_or_default();
        all.extend_from_slice(cases);
        replace(&self.build_dir(job, number).join("tests.json"), &serde_json::to_vec(&all)?)
    }

    /// The tests of a build; nothing without reports.
    pub(super) fn tests(&self, job: &str, number: u64) -> Option<Vec<Case>> {
        let text = fs_err::read(self.build_dir(job, number).join("tests.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Saves the job with what Jenkins notes at it.
    pub(super) fn note_declarative(&self, job: &str) -> io::Result<()> {
        let Ok(mut item) = Element::parse(&self.xml(job)?) else {
            return Ok(());
        };
        let note = |name: &&str| Element { name: (*name).to_owned(), ..Element::default() };
        let children = NOTES.iter().map(note).collect();
        let actions = Element { name: "actions".to_owned(), children, ..Element::default() };
        if item.child("actions") == Some(&actions) {
            return Ok(());
        }
        item.set_child(actions);
        self.write_xml(job, &item.to_string())
    }

    /// The number that the next build gets; deleted builds do not give theirs back.
    pub(super) fn next_number(&self, job: &str) -> u64 {
        let text = fs_err::read_to_string(self.dir(job).join("nextBuildNumber"));
        text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1)
    }

    pub(super) fn take_number(&self, job: &str) -> io::Result<u64> {
        let number = self.next_number(job);
        replace(&self.dir(job).join("nextBuildNumber"), (number + 1).to_string().as_bytes())?;
        Ok(number)
    }

    /// Full names of all jobs below a folder.
    pub(super) fn jobs(&self, folder: &str) -> Vec<String> {
        let mut all = Vec::new();
        for name in self.children(folder) {
            let full = join(folder, &name);
            all.extend(self.jobs(&full));
            all.push(full);
        }
        all
    }
}

/// Full name of an item in a folder.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn entries(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs_err::read_dir(dir) else {
        return Vec::new();
    };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

/// Writes a file so that a crash leaves the old or the new one.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    fs_err::write(&new, content)?;
    fs_err::rename(&new, path)
}
