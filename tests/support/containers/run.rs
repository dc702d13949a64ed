//! `pull`, `create` and `run`: which back end an image gets, and the container made of it.

use super::args::{self, Wanted};
use super::image::{self, Known, Reference, RunConfig};
use super::state::{Backend, Record, State};
use super::{Error, launch, podman, ports, process, registry};
use uuid::Uuid;

/// fakecloud builds helpers from this image that reroute link-local addresses. They need packages
/// from the internet; "denied" makes it fall back at once instead of trying for minutes.
const HELPERS: &[&str] = &["public.ecr.aws/docker/library/alpine:3.20"];
const HELPER_NAMES: &str = "fakecloud-";

/// Repository of the build server: its image is fetched like any other, but not run, because the
/// stand-in for Jenkins is a program of its own.
const BUILD_SERVER: &str = "/build-server";

/// The port of the health connector: a process always gets one, also when it is not published.
const HEALTH_PORT: u16 = 8180;

/// Makes an image known, and present where one of the registries here has it.
pub(super) fn pull(state: &State, text: &str) -> Result<Known, Error> {
    let reference = Reference::parse(text);
    if HELPERS.contains(&text) {
        return Err(Error::Refused(format!(
            "pull of {text} denied: helper images are not built here"
        )));
    }
    let known = if reference.is_local() {
        pull_local(state, text, &reference)?
    } else {
        let repository = format!("{}/{}", reference.host, reference.repository);
        Known { reference: text.to_owned(), backend: Backend::Pretend, digest: None, repository }
    };
    image::learn(state, &known)?;
    Ok(known)
}

fn pull_local(state: &State, text: &str, reference: &Reference) -> Result<Known, Error> {
    let backend = if reference.repository.ends_with(BUILD_SERVER) {
        Backend::Pretend
    } else {
        backend(state)?
    };
    if backend == Backend::Podman {
        return podman::pull(state, text);
    }
    // A pretended image is fetched too: a missing one has to fail as it would on AWS.
    let digest = registry::pull(state, reference)?;
    Ok(Known {
        reference: text.to_owned(),
        backend,
        digest: Some(digest),
        repository: format!("{}/{}", reference.host, reference.repository),
    })
}

/// The best back end of this machine, or the one that `CLOUDOPS_CONTAINERS_BACKEND` asks for.
pub(super) fn backend(state: &State) -> Result<Backend, Error> {
    let asked = std::env::var("CLOUDOPS_CONTAINERS_BACKEND").unwrap_or_default();
    match asked.as_str() {
        "podman" => Ok(Backend::Podman),
        "process" => Ok(Backend::Process),
        "pretend" => Ok(Backend::Pretend),
        "" | "auto" if podman::works(state) => Ok(Backend::Podman),
        "" | "auto" if process::works(state) => Ok(Backend::Process),
        "" | "auto" => Ok(Backend::Pretend),
        other => Err(Error::Usage(format!(
            "CLOUDOPS_CONTAINERS_BACKEND={other}: one of auto, podman, process, pretend"
        ))),
    }
}

/// Whether `image inspect` finds an image.
pub(super) fn present(state: &State, text: &str) -> Result<Known, Error> {
    image::known(state, text).ok_or_else(|| Error::NoSuchImage(text.to_owned()))
}

/// `create`: the container exists afterwards, and does not run.
pub(super) fn create(state: &State, arguments: &[String]) -> Result<Record, Error> {
    let wanted = args::wanted(arguments)?;
    let known = match image::known(state, &wanted.image) {
        Some(known) => known,
        None if wanted.image.starts_with(HELPER_NAMES) => {
            return Err(Error::NoSuchImage(wanted.image));
        }
        None => pull(state, &wanted.image)?,
    };
    let _lock = state.lock("ports")?;
    let record = record(state, &wanted, &known)?;
    state.add(&record)?;
    if let Err(error) = realize(state, &record, &wanted, &known) {
        fs_err::remove_dir_all(state.folder(&record.id))?;
        return Err(error);
    }
    state.remember(&record)?;
    Ok(record)
}

/// `run -d`: created and started.
pub(super) fn run(state: &State, arguments: &[String]) -> Result<Record, Error> {
    let record = create(state, arguments)?;
    launch::start(state, &record)?;
    Ok(record)
}

fn record(state: &State, wanted: &Wanted, known: &Known) -> Result<Record, Error> {
    let id = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let name = wanted.name.clone().unwrap_or_else(|| format!("unnamed-{}", &id[..12]));
    if state.all()?.iter().any(|other| other.name == name) {
        return Err(Error::Usage(format!("the container name \"{name}\" is already in use")));
    }
    let config = run_config(state, known)?;
    let ports = assign_ports(state, wanted, known.backend)?;
    let env = match known.backend {
        Backend::Process => process::environment(&config, &wanted.env, &ports),
        _ => wanted.env.clone(),
    };
    Ok(Record {
        argv: config.argv(wanted.entrypoint.as_deref(), &wanted.command),
        user: wanted.user.clone().or(config.user),
        workdir: wanted.workdir.clone().or(config.working_dir).unwrap_or_default(),
        id,
        name,
        image: wanted.image.clone(),
        backend: known.backend,
        labels: wanted.labels.clone(),
        env,
        ports,
        volumes: volumes(state, &wanted.volumes)?,
        health: wanted.health.clone(),
        stop_timeout: wanted.stop_timeout.unwrap_or(10),
        created: jiff::Timestamp::now().to_string(),
    })
}

fn run_config(state: &State, known: &Known) -> Result<RunConfig, Error> {
    match (&known.digest, known.backend) {
        (Some(digest), Backend::Process) => Ok(registry::unpacked(state, digest)?.config),
        _ => Ok(RunConfig::default()),
    }
}

fn assign_ports(
    state: &State,
    wanted: &Wanted,
    backend: Backend,
) -> Result<Vec<(u16, u16)>, Error> {
    let mut ports: Vec<(u16, u16)> = Vec::new();
    let mut asked = wanted.ports.clone();
    if backend == Backend::Process && !asked.iter().any(|(_, inner)| *inner == HEALTH_PORT) {
        asked.push((None, HEALTH_PORT));
    }
    for (host, container) in asked {
        let taken: Vec<u16> = ports.iter().map(|(_, host)| *host).collect();
        let host = match host {
            Some(host) => host,
            None => ports::free(state, &taken)?,
        };
        ports.push((container, host));
    }
    Ok(ports)
}

/// `source:target[:ro]`; a source that is a name is a folder of ours.
fn volumes(state: &State, wanted: &[String]) -> Result<Vec<(String, String)>, Error> {
    let mut all = Vec::new();
    for text in wanted {
        let mut parts = text.split(':');
        let (Some(from), Some(to)) = (parts.next(), parts.next()) else {
            continue;
        };
        let from = if from.starts_with('/') {
            from.to_owned()
        } else {
            let name = from.replace(['/', '.'], "_");
            let folder = state.root.join("volumes").join(name);
            fs_err::create_dir_all(&folder)?;
            folder.to_string_lossy().into_owned()
        };
        all.push((from, to.to_owned()));
    }
    Ok(all)
}

/// Makes what the back end needs before the container can start.
fn realize(state: &State, record: &Record, wanted: &Wanted, known: &Known) -> Result<(), Error> {
    let Some(digest) = &known.digest else {
        return Ok(());
    };
    match record.backend {
        Backend::Process => {
            let image = registry::unpacked(state, digest)?;
            process::prepare(state, record, &image.root)
        }
        Backend::Podman => {
            let image = format!("{}@{digest}", known.repository);
            let entrypoint = wanted.entrypoint.as_deref();
            podman::create(state, record, &image, entrypoint, &wanted.command, &wanted.passed_on)
        }
        Backend::Pretend => Ok(()),
    }
}
