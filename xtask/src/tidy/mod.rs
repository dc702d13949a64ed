//! `cargo xtask tidy`: who may import whom, and the house rules that neither the compiler nor
//! clippy knows (ARCHITECTURE.md lists them).

mod dependencies;
mod files;
mod rules;
mod source;

use std::fmt;

use crate::command;
use crate::failure::{Failure, Outcome};
use crate::print;
use crate::workspace::Workspace;

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    file: String,
    line: usize,
    what: String,
    why: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}, {}", self.file, self.line, self.what, self.why)
    }
}

/// A text file of the checkout, its path written with slashes.
struct File {
    path: String,
    text: String,
}

/// Runs the task: every violation is printed, and one is enough to fail.
pub(crate) fn run(workspace: &Workspace) -> Outcome {
    let files = checked_in(workspace)?;
    let mut found: Vec<Violation> = files.iter().flat_map(rules::check).collect();
    found.extend(files.iter().flat_map(files::check));
    found.extend(files::manifests(&files, &workspace.manifests()));
    found.extend(dependencies::check(workspace)?);
    found.sort();
    for violation in &found {
        print::result(violation);
    }
    print::note(format!("{} files, {} violations", files.len(), found.len()));
    if found.is_empty() {
        return Ok(());
    }
    Err(Failure::new("the rules of the house are broken in the places named above")
        .hint("ARCHITECTURE.md says why; where a rule does not fit, say so on the line before: `// tidy: allow(RULE): reason`"))
}

/// What git tracks or would track: a file that is new counts, one that is ignored does not.
fn checked_in(workspace: &Workspace) -> Outcome<Vec<File>> {
    let mut git = command::program("git");
    git.current_dir(&workspace.root);
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listing = command::capture(&mut git)?;
    let names = listing.split('\0').filter(|name| !name.is_empty());
    // A file that was removed, or that is not text, has nothing to check.
    let read = |name: &str| fs_err::read_to_string(workspace.root.join(name)).ok();
    Ok(names
        .filter_map(|name| read(name).map(|text| File { path: name.to_owned(), text }))
        .collect())
}
