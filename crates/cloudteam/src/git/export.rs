//! The files of a commit of a repository, in a folder: by their content, so that no attribute of
//! the repository leaves out or changes any.

use std::process::Stdio;

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::ctx::Ctx;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout},
};

use super::{Clone, GitError, Options};

/// An entry of a tree.
struct Entry {
    mode: String,
    object: String,
    path: Utf8PathBuf,
}

/// Fetches one commit of a repository and writes its files into a new folder. Gives back the name
/// of the commit.
///
/// # Errors
/// [`GitError::NoReference`], [`GitError::Submodule`], and what stands between us and the
/// repository.
pub async fn export(
    ctx: &Ctx,
    options: &Options,
    repository: &str,
    reference: &str,
    work: &Utf8Path,
    into: &Utf8Path,
) -> Result<String, GitError> {
    let clone = Clone::of(repository, work, options, &ctx.cancel).await?;
    let commit = fetch(&clone, reference).await?;
    let entries = entries(&clone, &commit).await?;
    fs_err::create_dir_all(into)?;
    let mut reader = Reader::start(&clone)?;
    for entry in &entries {
        if ctx.cancel.is_cancelled() {
            return Err(GitError::Interrupted);
        }
        reader.write(entry, into).await?;
    }
    Ok(commit)
}

/// A branch or tag by its name, else a commit, which not every server gives by its name alone.
async fn fetch(clone: &Clone, reference: &str) -> Result<String, GitError> {
    let git = &clone.git;
    let none = || GitError::NoReference {
        repository: clone.repository().to_owned(),
        reference: reference.to_owned(),
    };
    let listed = git.run(&["ls-remote", "origin"]).await?;
    let name = |line: &'_ str| line.split_once('\t').map(|(_, name)| name.to_owned());
    let names: Vec<String> = listed.lines().filter_map(name).collect();
    let wanted =
        [format!("refs/tags/{reference}"), format!("refs/heads/{reference}"), reference.to_owned()];
    let found = wanted.iter().find(|name| names.contains(*name));
    let is_commit = reference.len() >= 7 && reference.chars().all(|c| c.is_ascii_hexdigit());
    match found {
        Some(name) => {
            let spec = format!("+{name}:refs/cloudops/source");
            git.run(&["fetch", "--quiet", "--no-tags", "--depth=1", "origin", &spec]).await?;
            resolve(clone, "refs/cloudops/source").await?.ok_or_else(none)
        }
        None if is_commit => {
            let all = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
            git.run(&["fetch", "--quiet", "origin", all[0], all[1]]).await?;
            resolve(clone, reference).await?.ok_or_else(none)
        }
        None => Err(none()),
    }
}

async fn resolve(clone: &Clone, name: &str) -> Result<Option<String>, GitError> {
    let commit = format!("{name}^{{commit}}");
    let args = ["rev-parse", "--quiet", "--verify", "--end-of-options", &commit];
    let said = clone.git.raw(&args).await?;
    let found = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    Ok(Some(found).filter(|_| said.code == Some(0)))
}

async fn entries(clone: &Clone, commit: &str) -> Result<Vec<Entry>, GitError> {
    let args = ["ls-tree", "-r", "-z", "--full-tree", commit];
    let said = clone.git.raw(&args).await?;
    if said.code != Some(0) {
        return Err(clone.git.failed(&args, &said));
    }
    let mut entries = Vec::new();
    for line in said.stdout.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let odd = || {
            let shown = String::from_utf8_lossy(line).into_owned();
            GitError::Failed { verb: "ls-tree".to_owned(), message: format!("not UTF-8: {shown}") }
        };
        let text = std::str::from_utf8(line).map_err(|_| odd())?;
        let (facts, path) = text.split_once('\t').ok_or_else(odd)?;
        let mut facts = facts.split(' ');
        let mode = facts.next().unwrap_or_default().to_owned();
        let object = facts.nth(1).unwrap_or_default().to_owned();
        if mode == "160000" {
            return Err(GitError::Submodule { path: path.to_owned() });
        }
        if path.split('/').any(|part| part == ".." || part.is_empty()) {
            return Err(odd());
        }
        entries.push(Entry { mode, object, path: path.into() });
    }
    // Links last: nothing is ever written through one.
    entries.sort_by_key(|entry| entry.mode == "120000");
    Ok(entries)
}

/// One git that gives the contents of all objects that it is asked for.
struct Reader {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    _child: Child,
}

impl Reader {
    fn start(clone: &Clone) -> Result<Self, GitError> {
        let mut command = clone.git.command(&["cat-file", "--batch"]);
        let spawned = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = spawned.map_err(GitError::Start)?;
        let lost = || GitError::Start(std::io::Error::other("it has no standard input and output"));
        let stdin = child.stdin.take().ok_or_else(lost)?;
        let stdout = child.stdout.take().ok_or_else(lost)?;
        Ok(Self { stdin, stdout: BufReader::new(stdout), _child: child })
    }

    async fn write(&mut self, entry: &Entry, into: &Utf8Path) -> Result<(), GitError> {
        self.stdin.write_all(format!("{}\n", entry.object).as_bytes()).await?;
        self.stdin.flush().await?;
        let mut line = String::new();
        self.stdout.read_line(&mut line).await?;
        let size = line.trim().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok());
        let Some(size) = size else {
            return Err(GitError::Failed { verb: "cat-file".to_owned(), message: line });
        };
        let to = into.join(&entry.path);
        if let Some(parent) = to.parent() {
            fs_err::create_dir_all(parent)?;
        }
        let mut content = (&mut self.stdout).take(size);
        if entry.mode == "120000" {
            let mut target = String::new();
            content.read_to_string(&mut target).await?;
            make_link(&target, &to)?;
        } else {
            let mut file =
                tokio::fs::OpenOptions::new().write(true).create_new(true).open(&to).await?;
            tokio::io::copy(&mut content, &mut file).await?;
            file.flush().await?;
            if entry.mode == "100755" {
                make_executable(&to)?;
            }
        }
        // A line feed ends each object.
        self.stdout.read_u8().await?;
        Ok(())
    }
}

#[cfg(unix)]
fn make_link(target: &str, at: &Utf8Path) -> std::io::Result<()> {
    fs_err::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn make_link(_target: &str, at: &Utf8Path) -> std::io::Result<()> {
    Err(std::io::Error::other(format!("{at}: symbolic links are not possible here")))
}

#[cfg(unix)]
fn make_executable(file: &Utf8Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs_err::set_permissions(file, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_file: &Utf8Path) -> std::io::Result<()> {
    Ok(())
}
