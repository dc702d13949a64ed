//! The back end without podman: an image's entry point as a process in its own copy of the root.

use super::Error;
use super::command;
use super::image::RunConfig;
use super::state::{Record, State, write_whole};
use super::unpack;
use fs_err as fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Files of at least this size are hard links to the image's.
const LINK_FROM: u64 = 256 * 1024;

/// Mounts what a process expects, then enters the root as the wanted user. In its own mount
/// namespace, so nothing of it is left behind.
const ENTER: &str = r#"
root=$1 unshare=$2 mount=$3 workdir=$4 uid=$5 gid=$6 count=$7; shift 7
"$mount" --rbind /dev "$root/dev" 2>/dev/null || :
"$mount" -t proc proc "$root/proc" 2>/dev/null || :
while [ "$count" -gt 0 ]; do
    "$mount" --bind "$1" "$root$2" || exit 125
    shift 2; count=$((count - 1))
done
if [ -n "$uid" ]; then set -- --setgid "$gid" --setuid "$uid" -- "$@"; else set -- -- "$@"; fi
exec "$unshare" --root="$root" --wd="$workdir" "$@"
"#;

/// Whether a process can be put into a root here. Asked once per state folder.
pub(super) fn works(state: &State) -> bool {
    let file = state.root.join("process-works");
    if let Ok(answer) = fs::read_to_string(&file) {
        return answer == "yes";
    }
    let works = namespaces()
        .is_ok_and(|mut tried| command::succeeds_within(tried.arg("true"), Duration::from_secs(5)));
    // Without the answer it is asked again.
    let _ = write_whole(&file, if works { b"yes" } else { b"no" });
    works
}

/// `unshare` with the namespaces of a container; an ordinary user becomes root of a user namespace.
fn namespaces() -> Result<Command, Error> {
    let mut unshare = Command::new(command::find("unshare")?);
    if !unpack::is_root()? {
        unshare.args(["--user", "--map-root-user"]);
    }
    unshare.args(["--mount", "--pid", "--fork", "--kill-child"]);
    Ok(unshare)
}

/// The container's own copy of the root.
pub(super) fn root(state: &State, id: &str) -> PathBuf {
    state.folder(id).join("root")
}

/// Makes the copy, with the files that a container runtime provides.
pub(super) fn prepare(state: &State, record: &Record, image_root: &Path) -> Result<(), Error> {
    let root = root(state, &record.id);
    unpack::clone_tree(image_root, &root, LINK_FROM)?;
    for folder in ["dev", "proc", "tmp", "etc"] {
        fs::create_dir_all(root.join(folder))?;
    }
    for (_, to) in &record.volumes {
        if let Some(target) = unpack::place(&root, Path::new(to))? {
            fs::create_dir_all(target)?;
        }
    }
    let hosts = "127.0.0.1 localhost host.containers.internal host.docker.internal\n";
    replace(&root, "etc/hosts", hosts.as_bytes())?;
    if let Ok(text) = fs::read("/etc/resolv.conf") {
        replace(&root, "etc/resolv.conf", &text)?;
    }
    Ok(())
}

fn replace(root: &Path, name: &str, text: &[u8]) -> Result<(), Error> {
    if let Some(target) = unpack::place(root, Path::new(name))? {
        write_whole(&target, text)?;
    }
    Ok(())
}

/// The command that runs `argv` in the container's root with its environment.
pub(super) fn enter(state: &State, record: &Record, argv: &[String]) -> Result<Command, Error> {
    let root = root(state, &record.id);
    let (uid, gid) = user(&root, record.user.as_deref())?;
    let mut enter = namespaces()?;
    enter.arg("--").arg(command::find("sh")?).args(["-c", ENTER, "sh"]).arg(&root);
    enter.arg(command::find("unshare")?).arg(command::find("mount")?);
    enter.arg(if record.workdir.is_empty() { "/" } else { &record.workdir });
    enter.args([uid, gid, record.volumes.len().to_string()]);
    for (from, to) in &record.volumes {
        enter.args([from, to]);
    }
    enter.args(argv).env_clear();
    for pair in &record.env {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        enter.env(name, value);
    }
    Ok(enter)
}

/// Numbers of the wanted user. An ordinary user has one number in a user namespace and keeps it.
fn user(root: &Path, wanted: Option<&str>) -> Result<(String, String), Error> {
    let Some(wanted) = wanted.filter(|w| !w.is_empty()) else {
        return Ok(Default::default());
    };
    if !unpack::is_root()? {
        return Ok(Default::default());
    }
    let (name, group) = wanted.split_once(':').unwrap_or((wanted, ""));
    if name.parse::<u32>().is_ok() {
        let group = if group.parse::<u32>().is_ok() { group } else { name };
        return Ok((name.to_owned(), group.to_owned()));
    }
    let users = fs::read_to_string(root.join("etc/passwd"))?;
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = fields.into_iter().find(|f| f.first() == Some(&name) && f.len() > 3);
    let found = found.ok_or_else(|| Error::Backend(format!("the image has no user {name}")))?;
    Ok((found[2].to_owned(), found[3].to_owned()))
}

/// The environment: the image's, the caller's, and the ports this process has to listen on. It has
/// no network of its own, so two containers of one image need different ports.
pub(super) fn environment(
    config: &RunConfig,
    wanted: &[String],
    ports: &[(u16, u16)],
) -> Vec<String> {
    let mut all = config.env.clone().unwrap_or_default();
    all.extend(wanted.iter().cloned());
    let host = |container: u16| ports.iter().find(|(inner, _)| *inner == container).map(|p| p.1);
    let main = host(8080).or_else(|| ports.iter().find(|(inner, _)| *inner != 8180).map(|p| p.1));
    if let Some(port) = main {
        all.push(format!("EP_HTTP_PORT={port}"));
        all.push(format!("PORT={port}"));
    }
    if let Some(port) = host(8180) {
        all.push(format!("EP_HEALTH_PORT={port}"));
    }
    all.extend(ports.iter().map(|(inner, outer)| format!("EP_PORT_{inner}={outer}")));
    if !all.iter().any(|pair| pair.starts_with("PATH=")) {
        all.push("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ports_are_told_by_variables() {
        let env = environment(
            &RunConfig::default(),
            &["A=1".to_owned()],
            &[(8080, 20001), (8180, 20002)],
        );
        for pair in ["A=1", "EP_HTTP_PORT=20001", "EP_HEALTH_PORT=20002", "EP_PORT_8080=20001"] {
            assert!(env.contains(&pair.to_owned()), "{pair} in {env:?}");
        }
    }
}
