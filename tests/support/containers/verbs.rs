//! docker's verbs and our own, each in a few lines.

use super::args::{self, Parsed};
use super::lifecycle::{self, Status};
use super::state::{Backend, Record, State, write_whole};
use super::{
    Error, command, format, health, image, launch, podman, pretend, process, report, run, say,
    supervise,
};
use fs_err as fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Runs one verb and gives the exit code.
pub(super) fn dispatch(arguments: &[String]) -> Result<u8, Error> {
    let (verb, rest) =
        arguments.split_first().ok_or_else(|| Error::Usage("a verb is missing".to_owned()))?;
    if matches!(verb.as_str(), "--version" | "version") {
        // "podman" tells callers that loopback pulls need no TLS and that no host alias is added.
        say(concat!("cloudops-containers ", env!("CARGO_PKG_VERSION"), " (podman's verbs)"))?;
        return Ok(0);
    }
    let state = State::open()?;
    match verb.as_str() {
        "run" => say(&run::run(&state, rest)?.id)?,
        "create" => say(&run::create(&state, rest)?.id)?,
        "supervise" => supervise::run(&state, id_of(rest)?)?,
        "pretend" => pretend::run(&state, id_of(rest)?)?,
        "exec" => return exec(&state, rest),
        "network" | "volume" => objects(&state, verb, rest)?,
        "image" => image_verb(&state, rest)?,
        "cp" => copy(&state, rest)?,
        "build" => {
            return Err(Error::Refused("build denied: images are not built here".to_owned()));
        }
        _ => return simple(&state, verb, rest),
    }
    Ok(0)
}

fn id_of(rest: &[String]) -> Result<&str, Error> {
    let first = rest.first().map(String::as_str);
    first.ok_or_else(|| Error::Usage("the container is missing".to_owned()))
}

fn simple(state: &State, verb: &str, rest: &[String]) -> Result<u8, Error> {
    let valued: &[&str] = match verb {
        "inspect" => &["-f"],
        "stop" | "restart" | "kill" => &["-t"],
        _ => &[],
    };
    let parsed = args::parse(rest, false, valued)?;
    let each = |action: &dyn Fn(&Record) -> Result<(), Error>| {
        parsed.word("the container")?;
        parsed.words.iter().try_for_each(|word| action(&state.find(word)?))
    };
    match verb {
        "info" => info(state, &parsed)?,
        "pull" => {
            let known = run::pull(state, parsed.word("the image")?)?;
            say(known
                .digest
                .as_deref()
                .unwrap_or("pretended: no registry of this machine has it"))?;
        }
        "tag" if parsed.words.len() == 2 => image::tag(state, &parsed.words[0], &parsed.words[1])?,
        "ps" => list(state, &parsed)?,
        "start" => each(&|record| launch::start(state, record))?,
        "restart" => each(&|record| {
            lifecycle::stop(state, record, seconds(&parsed, record))?;
            launch::start(state, record)
        })?,
        "stop" => each(&|record| lifecycle::stop(state, record, seconds(&parsed, record)))?,
        "kill" => each(&|record| lifecycle::kill(state, record))?,
        "rm" => remove(state, &parsed)?,
        "wait" => each(&|record| {
            let code = lifecycle::wait(state, &record.id, None).unwrap_or(-1);
            say(&code.to_string())
        })?,
        "logs" => each(&|record| logs(state, record))?,
        "take-logs" => each(&|record| take_logs(state, record))?,
        "port" => port(state, &parsed)?,
        "inspect" => each(&|record| show(&parsed, &format::container(state, record)))?,
        "rmi" => {}
        "summary" => report::summary(state, parsed.has(&["--json"]))?,
        "cleanup" => report::cleanup(state, parsed.has(&["--all"]))?,
        other => {
            return Err(Error::Usage(format!("the verb '{other}' is not answered here")));
        }
    }
    Ok(0)
}

fn info(state: &State, parsed: &Parsed) -> Result<(), Error> {
    let backend = run::backend(state)?;
    let document = serde_json::json!({
        "name": "cloudops-containers", "backend": backend, "podman": podman::was_used(state),
        "process": process::works(state), "containers": state.all()?.len(),
    });
    show(parsed, &document)
}

fn show(parsed: &Parsed, document: &serde_json::Value) -> Result<(), Error> {
    match parsed.value(&["-f", "--format"]) {
        Some(template) => say(&format::render(template, document)),
        None => say(&serde_json::to_string_pretty(&[document])?),
    }
}

fn seconds(parsed: &Parsed, record: &Record) -> u64 {
    let asked = parsed.value(&["--time", "-t", "--timeout"]);
    asked.and_then(|text| text.parse().ok()).unwrap_or(record.stop_timeout)
}

fn list(state: &State, parsed: &Parsed) -> Result<(), Error> {
    let everything = parsed.has(&["-a", "--all", "-aq"]);
    for record in state.all()? {
        let running = lifecycle::status(state, &record.id) == Status::Running;
        if !(everything || running)
            || !parsed.values(&["--filter"]).all(|filter| matches(&record, filter))
        {
            continue;
        }
        let document = format::container(state, &record);
        match parsed.value(&["--format"]) {
            Some(template) => say(&format::render(template, &document))?,
            None if parsed.has(&["-q", "-aq", "--quiet"]) => say(&record.id)?,
            None => say(&format!(
                "{}  {:8}  {}  {}",
                &record.id[..12],
                lifecycle::status(state, &record.id).word(),
                record.name,
                record.image
            ))?,
        }
    }
    Ok(())
}

/// `label=key[=value]` or `name=text`.
fn matches(record: &Record, filter: &str) -> bool {
    match filter.split_once('=') {
        Some(("label", label)) => match label.split_once('=') {
            Some((key, value)) => record.labels.get(key).is_some_and(|found| found == value),
            None => record.labels.contains_key(label),
        },
        Some(("name", name)) => record.name.contains(name),
        _ => false,
    }
}

fn remove(state: &State, parsed: &Parsed) -> Result<(), Error> {
    let force = parsed.has(&["-f", "--force"]);
    for word in &parsed.words {
        let record = match state.find(word) {
            Err(Error::NoSuchContainer(_)) if force => continue,
            found => found?,
        };
        if !force && lifecycle::status(state, &record.id) == Status::Running {
            return Err(Error::Usage(format!(
                "container {word} is running: stop it first, or use -f"
            )));
        }
        lifecycle::remove(state, &record)?;
        say(word)?;
    }
    Ok(())
}

/// What a container wrote and nobody has taken.
fn logs(state: &State, record: &Record) -> Result<(), Error> {
    Ok(std::io::stdout().write_all(&not_taken(state, record)?)?)
}

/// The whole lines that a container wrote since they were last taken. Who takes them hands them
/// over elsewhere: `logs` gives what came after, so that at its end no line is there twice.
fn take_logs(state: &State, record: &Record) -> Result<(), Error> {
    let fresh = not_taken(state, record)?;
    let whole = fresh.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    std::io::stdout().write_all(&fresh[..whole])?;
    let taken = taken(state, record) + whole as u64;
    write_whole(&state.folder(&record.id).join("output.taken"), taken.to_string().as_bytes())
}

fn not_taken(state: &State, record: &Record) -> Result<Vec<u8>, Error> {
    let mut fresh = Vec::new();
    let path = state.folder(&record.id).join("output.log");
    if path.exists() {
        let mut log = fs::File::open(path)?;
        log.seek(SeekFrom::Start(taken(state, record)))?;
        log.read_to_end(&mut fresh)?;
    }
    Ok(fresh)
}

/// How many bytes were taken.
fn taken(state: &State, record: &Record) -> u64 {
    let noted = fs::read_to_string(state.folder(&record.id).join("output.taken"));
    noted.ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn port(state: &State, parsed: &Parsed) -> Result<(), Error> {
    let record = state.find(parsed.word("the container")?)?;
    let Some(wanted) = parsed.words.get(1) else {
        return record
            .ports
            .iter()
            .try_for_each(|(c, h)| say(&format!("{c}/tcp -> 127.0.0.1:{h}")));
    };
    let number = wanted.split('/').next().and_then(|text| text.parse().ok());
    let host = number.and_then(|number| record.host_port(number));
    let host = host.ok_or_else(|| Error::Usage(format!("no public port '{wanted}' published")))?;
    say(&format!("127.0.0.1:{host}"))
}

fn exec(state: &State, rest: &[String]) -> Result<u8, Error> {
    let parsed = args::parse(rest, true, &["-e", "-u", "-w"])?;
    let record = state.find(parsed.word("the container")?)?;
    if lifecycle::status(state, &record.id) != Status::Running {
        return Err(Error::Usage(format!("container {} is not running", record.name)));
    }
    let mut inside = health::inside(state, &record, &parsed.words[1..])?;
    let output = command::output(&mut inside)?;
    std::io::stdout().write_all(&output.stdout)?;
    std::io::stderr().write_all(&output.stderr)?;
    Ok(output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn image_verb(state: &State, rest: &[String]) -> Result<(), Error> {
    let parsed = args::parse(rest, false, &["-f"])?;
    match parsed.words.as_slice() {
        [verb, name] if verb == "inspect" => {
            show(&parsed, &format::image(&run::present(state, name)?))
        }
        _ => Err(Error::Usage("only 'image inspect NAME' is answered here".to_owned())),
    }
}

/// Networks and volumes are names only: whatever runs here shares the machine's loopback.
fn objects(state: &State, kind: &str, rest: &[String]) -> Result<(), Error> {
    let parsed = args::parse(rest, false, &[])?;
    let name = parsed.words.get(1).cloned().unwrap_or_default();
    let folder = state.root.join(format!("{kind}s")).join(name.replace(['/', '.'], "_"));
    match parsed.words.first().map(String::as_str) {
        Some("create") => {
            fs::create_dir_all(folder)?;
            say(&name)
        }
        Some("rm") if !name.is_empty() && folder.exists() => Ok(fs::remove_dir_all(folder)?),
        Some("rm" | "connect" | "disconnect" | "ls" | "prune") => Ok(()),
        Some("inspect") if !name.is_empty() && folder.exists() => {
            show(&parsed, &serde_json::json!({ "Name": name }))
        }
        _ => Err(Error::Usage(format!("no such {kind}: {name}"))),
    }
}

/// `cp FILE CONTAINER:PATH`. A pretended container has nothing to copy into.
fn copy(state: &State, rest: &[String]) -> Result<(), Error> {
    let parsed = args::parse(rest, false, &[])?;
    let [from, to] = parsed.words.as_slice() else {
        return Err(Error::Usage("cp needs a file and CONTAINER:PATH".to_owned()));
    };
    let (container, path) =
        to.split_once(':').ok_or_else(|| Error::Usage(format!("no container in {to}")))?;
    let record = state.find(container)?;
    match record.backend {
        Backend::Pretend => Ok(()),
        Backend::Podman => {
            let target = format!("{}:{path}", podman::name(&record.id));
            podman::text_of(podman::command(state)?.args(["cp", from, &target])).map(drop)
        }
        Backend::Process => {
            let root = process::root(state, &record.id);
            if let Some(target) = super::unpack::place(&root, Path::new(path))? {
                fs::copy(from, target)?;
            }
            Ok(())
        }
    }
}
