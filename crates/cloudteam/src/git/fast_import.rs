//! Commits made without a working copy, by `git fast-import`: contents go in as they are.

use std::process::Stdio;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufWriter},
    process::ChildStdin,
};

use cloudops_aws::ids::Digest;

use super::{Clone, GitError, command::Said};
use crate::source::{Distribution, FileKind, SourceFile};

/// Name that a commit has in the clone until it is pushed.
const REFERENCE: &str = "refs/cloudops/made";

/// Who our commits are by.
const WHO: &str = "CloudTeam <cloudteam@cloudops.invalid>";

/// What a commit holds.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// Exactly the files of a distribution.
    Distribution(&'a Distribution),
    /// A tree that is in the clone, and a file beside.
    Tree(&'a str, Option<(&'a str, &'a str)>),
}

/// Makes a commit and gives back its name.
///
/// # Errors
/// [`GitError::Changed`] when a file of the distribution changed since it was read.
pub async fn commit(
    clone: &Clone,
    message: &str,
    parents: &[&str],
    content: Content<'_>,
) -> Result<String, GitError> {
    let args = ["fast-import", "--quiet", "--done", "--force", "--date-format=raw"];
    let mut command = clone.git.command(&args);
    let mut child = command.stdin(Stdio::piped()).spawn().map_err(GitError::Start)?;
    let stdin = child.stdin.take();
    let written = clone.git.or_stop(async {
        match stdin {
            Some(stdin) => write(BufWriter::new(stdin), message, parents, content).await,
            None => Ok(()),
        }
    });
    let written = written.await?;
    let output = clone.git.or_stop(child.wait_with_output()).await?.map_err(GitError::Start)?;
    // A file that changed is why git broke off, not the other way round.
    if let Err(GitError::Changed { path }) = written {
        return Err(GitError::Changed { path });
    }
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let said = Said { code: output.status.code(), stdout: output.stdout, stderr };
        return Err(clone.git.failed(&args, &said));
    }
    written?;
    Ok(clone.git(&["rev-parse", REFERENCE]).await?.trim().to_owned())
}

async fn write(
    mut out: BufWriter<ChildStdin>,
    message: &str,
    parents: &[&str],
    content: Content<'_>,
) -> Result<(), GitError> {
    let now = Timestamp::now().as_second();
    let mut head = format!("feature done\ncommit {REFERENCE}\ncommitter {WHO} {now} +0000\n");
    head.push_str(&format!("data {}\n{message}\n", message.len()));
    for (word, parent) in ["from", "merge"].into_iter().zip(parents) {
        head.push_str(&format!("{word} {parent}\n"));
    }
    head.push_str("deleteall\n");
    out.write_all(head.as_bytes()).await?;
    match content {
        Content::Distribution(distribution) => {
            for file in &distribution.files {
                write_file(&mut out, distribution, file).await?;
            }
        }
        Content::Tree(tree, beside) => {
            out.write_all(format!("M 040000 {tree} \"\"\n").as_bytes()).await?;
            if let Some((name, text)) = beside {
                let file = format!("M 100644 inline {name}\ndata {}\n{text}\n", text.len());
                out.write_all(file.as_bytes()).await?;
            }
        }
    }
    out.write_all(b"done\n").await?;
    out.flush().await?;
    Ok(())
}

async fn write_file(
    out: &mut BufWriter<ChildStdin>,
    distribution: &Distribution,
    file: &SourceFile,
) -> Result<(), GitError> {
    let mode = match file.kind {
        FileKind::File => "100644",
        FileKind::Executable => "100755",
        FileKind::Link => "120000",
    };
    let name = quoted(file.path.as_str());
    out.write_all(format!("M {mode} inline {name}\ndata {}\n", file.size).as_bytes()).await?;
    let changed = || GitError::Changed { path: file.path.to_string() };
    let path = distribution.path.join(&file.path);
    let mut hasher = Sha256::new();
    if file.kind == FileKind::Link {
        let target = fs_err::read_link(&path)?.to_string_lossy().into_owned();
        hasher.update(&target);
        out.write_all(target.as_bytes()).await?;
    } else {
        let mut from = tokio::fs::File::open(&path).await?.take(file.size);
        let mut piece = vec![0; 64 << 10];
        loop {
            let read = from.read(&mut piece).await?;
            if read == 0 {
                break;
            }
            hasher.update(&piece[..read]);
            out.write_all(&piece[..read]).await?;
        }
    }
    // Without this the commit would not be what its digest says.
    if Digest::from_hasher(hasher) != file.digest {
        return Err(changed());
    }
    out.write_all(b"\n").await?;
    Ok(())
}

/// A path as fast-import reads it, whatever is in it.
fn quoted(path: &str) -> String {
    let escaped = path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
