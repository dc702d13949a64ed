//! `summary` and `cleanup`: what ran how, and the end of all of it.

use super::state::{Backend, State};
use super::{Error, lifecycle, podman, say};
use fs_err as fs;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Tells how many containers each back end ran and of which images, over the folder's whole life.
pub(super) fn summary(state: &State, as_json: bool) -> Result<(), Error> {
    let mut counts: BTreeMap<Backend, (usize, BTreeSet<String>)> = BTreeMap::new();
    let history = fs::read_to_string(state.root.join("history.jsonl")).unwrap_or_default();
    for line in history.lines() {
        let entry: Value = serde_json::from_str(line)?;
        let backend: Backend = serde_json::from_value(entry["backend"].clone())?;
        let (count, images) = counts.entry(backend).or_default();
        *count += 1;
        images.insert(entry["image"].as_str().unwrap_or_default().to_owned());
    }
    let running = state
        .all()?
        .iter()
        .filter(|record| lifecycle::status(state, &record.id) == lifecycle::Status::Running)
        .count();
    if as_json {
        let mut document = json!({ "schema": 1, "running": running });
        for backend in [Backend::Podman, Backend::Process, Backend::Pretend] {
            let (count, images) = counts.remove(&backend).unwrap_or_default();
            document[word(backend)] = json!({ "containers": count, "images": images });
        }
        return say(&document.to_string());
    }
    for (backend, (count, images)) in counts {
        let images: Vec<String> = images.into_iter().collect();
        say(&format!("{:8} {count:3} containers: {}", word(backend), images.join(", ")))?;
    }
    say(&format!("running  {running:3}"))
}

fn word(backend: Backend) -> &'static str {
    match backend {
        Backend::Podman => "podman",
        Backend::Process => "process",
        Backend::Pretend => "pretend",
    }
}

/// Ends and removes every container of this folder, each by its own process or name. With `all`,
/// what was pulled goes as well.
pub(super) fn cleanup(state: &State, all: bool) -> Result<(), Error> {
    let mut failed = Vec::new();
    for record in state.all()? {
        if let Err(error) = lifecycle::remove(state, &record) {
            failed.push(format!("{}: {error}", record.name));
        }
    }
    if all && podman::was_used(state) {
        // Storage holds mounts and files of other users; podman takes it down itself.
        podman::text_of(podman::command(state)?.args(["system", "reset", "--force"]))?;
        let _ = fs::remove_dir_all(podman::run_root(state));
    }
    if all {
        for folder in ["refs", "chains", "images", "volumes", "networks", "podman"] {
            let _ = fs::remove_dir_all(state.root.join(folder));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Error::Backend(failed.join("; "))) }
}
