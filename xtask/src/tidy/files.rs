//! Rules about whole files: their length, paths of one machine, and the lints of every crate.

use std::path::PathBuf;

use super::rules::allows;
use super::{File, Violation};

/// A file beyond this wants a reason.
const MAX_LINES: usize = 400;
/// Within so many lines at the top the reason is looked for.
const TOP: usize = 10;
/// Folders that exist on one machine only, without the first slash.
const HOMES: [&str; 3] = ["root/", "work/", "home/"];

/// All violations in one file.
pub(super) fn check(file: &File) -> Vec<Violation> {
    let mut found = Vec::new();
    found.extend(length(file));
    let mut before = "";
    for (index, line) in file.text.lines().enumerate() {
        let allowed = allows(line, "path") || allows(before, "path");
        before = line;
        if let Some(home) = HOMES.iter().find(|home| !allowed && names_folder(line, home)) {
            found.push(Violation {
                file: file.path.clone(),
                line: index + 1,
                what: format!("a path under /{home} is written (rule `path`)"),
                why: "other machines do not have it",
            });
        }
    }
    found
}

fn length(file: &File) -> Option<Violation> {
    let lines = file.text.lines().count();
    let mut top = file.text.lines().take(TOP);
    let reason =
        |line: &str| line.strip_prefix("// long file:").is_some_and(|r| !r.trim().is_empty());
    if !file.path.ends_with(".rs") || lines <= MAX_LINES || top.any(reason) {
        return None;
    }
    Some(Violation {
        file: file.path.clone(),
        line: lines,
        what: format!("the file has {lines} lines, {MAX_LINES} is the limit"),
        why: "split it, or say at its top `// long file: reason`",
    })
}

/// Whether an absolute path in `line` begins with this folder; `$BASE/root/` does not count.
fn names_folder(line: &str, folder: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || "_-.}*~)]>".contains(c);
    let absolute = format!("/{folder}");
    line.match_indices(&absolute).any(|(at, _)| !line[..at].ends_with(goes_on))
}

/// Every member takes the lints of the workspace.
pub(super) fn manifests(files: &[File], members: &[PathBuf]) -> Vec<Violation> {
    let is_member = |file: &&File| members.iter().any(|member| member.as_os_str() == &*file.path);
    let broken = files.iter().filter(is_member).filter(|file| !has_lints(&file.text));
    let violation = |file: &File| Violation {
        file: file.path.clone(),
        line: 1,
        what: "`[lints] workspace = true` is missing".to_owned(),
        why: "the lints hold everywhere",
    };
    broken.map(violation).collect()
}

fn has_lints(manifest: &str) -> bool {
    let mut after = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    after.find(|line| !line.is_empty()) == Some("workspace = true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: impl Into<String>) -> File {
        File { path: path.to_owned(), text: text.into() }
    }

    #[test]
    fn a_long_file_needs_a_reason() {
        let long = "x\n".repeat(401);
        assert_eq!(check(&file("a.rs", &long)).len(), 1);
        assert!(check(&file("a.rs", format!("// long file: one table\n{long}"))).is_empty());
        assert!(check(&file("a.rs", "x\n".repeat(400))).is_empty());
        assert!(check(&file("a.md", long)).is_empty());
    }

    #[test]
    fn only_absolute_paths_of_a_machine_are_found() {
        let home = HOMES[0];
        assert_eq!(check(&file("a.sh", format!("x\ncd /{home}a")))[0].line, 2);
        assert!(!check(&file("a.sh", format!("dir=\"/{home}a\""))).is_empty());
        for fine in ["$WORK/", "${A}/", "./", "https://host/"] {
            assert!(check(&file("a.sh", format!("cp {fine}{home}usr"))).is_empty(), "{fine}");
        }
        assert!(
            check(&file("a.sh", format!("# tidy: allow(path): of the image\ncd /{home}a")))
                .is_empty()
        );
    }

    #[test]
    fn a_member_without_lints_is_found() {
        let files = [
            file("a/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"),
            file("b/Cargo.toml", "[package]\n"),
            file("c/Cargo.toml", "no member"),
        ];
        let found = manifests(&files, &["a/Cargo.toml".into(), "b/Cargo.toml".into()]);
        assert_eq!(found.iter().map(|v| v.file.as_str()).collect::<Vec<_>>(), ["b/Cargo.toml"]);
    }
}
