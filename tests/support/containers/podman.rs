//! podman with settings of its own: another storage, runc, limits and a registry without TLS.

use super::Error;
use super::command;
use super::image::{Known, Reference, hex};
use super::state::{Backend, Record, State, write_whole};
use fs_err as fs;
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The default limits of podman are refused on small machines, and crun fails on newer kernels' cgroups.
const SETTINGS: &str = r#"[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "none"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"#;

/// Whether podman works here under our settings. Asked once per state folder.
pub(super) fn works(state: &State) -> bool {
    let file = state.root.join("podman").join("works");
    if let Ok(answer) = fs::read_to_string(&file) {
        return answer == "yes";
    }
    let works = command(state)
        .map(|mut podman| command::succeeds_within(podman.arg("info"), Duration::from_secs(9)))
        .unwrap_or(false);
    // Without the answer it is asked again, which is slow but right.
    let _ = write_whole(&file, if works { b"yes" } else { b"no" });
    works
}

/// Whether podman keeps anything for this state folder.
pub(super) fn was_used(state: &State) -> bool {
    state.root.join("podman").join("storage").exists()
}

/// A podman command with our settings.
pub(super) fn command(state: &State) -> Result<Command, Error> {
    let folder = state.root.join("podman");
    let settings = folder.join("containers.conf");
    let registries = folder.join("registries.conf");
    if !registries.exists() {
        fs::create_dir_all(&folder)?;
        let networks = folder.join("networks");
        let more = format!(
            "tmp_dir = {:?}\n[network]\nnetwork_config_dir = {networks:?}\n",
            run_root(state).join("tmp")
        );
        write_whole(&settings, format!("{SETTINGS}{more}").as_bytes())?;
        write_whole(&registries, b"unqualified-search-registries = []\n")?;
    }
    let mut podman = Command::new(command::find("podman")?);
    podman.env("CONTAINERS_CONF", settings).env("CONTAINERS_REGISTRIES_CONF", registries);
    podman.arg("--root").arg(folder.join("storage")).arg("--runroot").arg(run_root(state));
    Ok(podman)
}

/// The folder of podman's sockets. Their paths must be short, so it is not in the state folder.
pub(super) fn run_root(state: &State) -> PathBuf {
    let name = hex(&Sha256::digest(state.root.to_string_lossy().as_bytes()));
    std::env::temp_dir().join(format!("cloudops-{}", &name[..10]))
}

/// podman's name of a container.
pub(super) fn name(id: &str) -> String {
    format!("cloudops-{}", id.get(..12).unwrap_or(id))
}

/// Pulls an image from a registry of this machine.
pub(super) fn pull(state: &State, text: &str) -> Result<Known, Error> {
    let mut podman = command(state)?;
    podman.args(["pull", "--quiet", "--tls-verify=false"]);
    if let Some(folder) = std::env::var_os("DOCKER_CONFIG") {
        podman.arg("--authfile").arg(PathBuf::from(folder).join("config.json"));
    } else {
        podman.args(["--creds", "AWS:cloudops-containers"]);
    }
    text_of(podman.arg(text))?;
    let mut podman = command(state)?;
    let digest = text_of(podman.args(["image", "inspect", "--format", "{{.Digest}}", text]))?;
    let reference = Reference::parse(text);
    Ok(Known {
        reference: text.to_owned(),
        backend: Backend::Podman,
        digest: Some(digest),
        repository: format!("{}/{}", reference.host, reference.repository),
    })
}

/// Creates the container of a record.
pub(super) fn create(
    state: &State,
    record: &Record,
    image: &str,
    entrypoint: Option<&str>,
    command_words: &[String],
    passed_on: &[String],
) -> Result<(), Error> {
    let mut podman = command(state)?;
    podman.args(["create", "--pull=never", "--name", &name(&record.id)]);
    for (container, host) in &record.ports {
        podman.arg("--publish").arg(format!("127.0.0.1:{host}:{container}"));
    }
    for pair in &record.env {
        podman.args(["--env", pair]);
    }
    for (from, to) in &record.volumes {
        podman.arg("--volume").arg(format!("{from}:{to}"));
    }
    if let Some(user) = &record.user {
        podman.args(["--user", user]);
    }
    if !record.workdir.is_empty() {
        podman.args(["--workdir", &record.workdir]);
    }
    if let Some(entrypoint) = entrypoint {
        podman.args(["--entrypoint", entrypoint]);
    }
    podman.args(passed_on);
    text_of(podman.arg(image).args(command_words))?;
    Ok(())
}

/// Stops a container and lets its watcher write down how it ended.
pub(super) fn stop(state: &State, id: &str, seconds: u64) -> Result<(), Error> {
    text_of(command(state)?.args(["stop", "--time", &seconds.to_string(), &name(id)]))?;
    Ok(())
}

/// Removes a container; one that is gone is fine.
pub(super) fn remove(state: &State, id: &str) -> Result<(), Error> {
    text_of(command(state)?.args(["rm", "--force", "--time", "0", "--ignore", &name(id)]))?;
    Ok(())
}

/// Runs podman and gives what it printed; its complaint is the error.
pub(super) fn text_of(podman: &mut Command) -> Result<String, Error> {
    let output = command::output(podman)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(Error::Backend(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
