//! Merges without a working copy, by `git merge-tree`.

use super::{Clone, GitError};

/// A file, or more than one that belong together, that a merge could not decide about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflicted {
    /// The file.
    pub path: String,
    /// What happened to it, for people.
    pub what: String,
}

/// What came of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The tree, with conflicts marked in its files.
    pub tree: String,
    /// What conflicts; nothing when the merge is clean.
    pub conflicts: Vec<Conflicted>,
}

/// Merges one branch of the clone into another one; neither moves.
///
/// # Errors
/// [`GitError`].
pub async fn merge(clone: &Clone, ours: &str, theirs: &str) -> Result<Merged, GitError> {
    let args = [
        "merge-tree",
        "--write-tree",
        "-z",
        "--messages",
        "--allow-unrelated-histories",
        ours,
        theirs,
    ];
    let said = clone.git.raw(&args).await?;
    let merged = match said.code {
        Some(0 | 1) => parse(&String::from_utf8_lossy(&said.stdout), said.code == Some(1)),
        _ => None,
    };
    merged.ok_or_else(|| clone.git.failed(&args, &said))
}

/// Fields end with NUL: the tree, `mode object stage<TAB>path` for each side of each conflict, an
/// empty one, and messages of a number of paths, the paths, a kind and a text.
fn parse(text: &str, conflicts: bool) -> Option<Merged> {
    let mut fields = text.split('\0');
    let tree = fields.next()?.trim().to_owned();
    let mut found = Merged { tree, conflicts: Vec::new() };
    if !conflicts {
        return Some(found);
    }
    let mut open = Vec::new();
    for field in fields.by_ref().take_while(|field| !field.is_empty()) {
        let path = field.split_once('\t')?.1;
        if open.last() != Some(&path) {
            open.push(path);
        }
    }
    while let Some(count) = fields.next().and_then(|count| count.trim().parse::<usize>().ok()) {
        let paths: Vec<&str> = fields.by_ref().take(count).collect();
        let (kind, _text) = (fields.next()?, fields.next()?);
        let Some(path) = paths.first().filter(|_| kind.starts_with("CONFLICT")) else { continue };
        found.conflicts.push(Conflicted { path: (*path).to_owned(), what: words(kind, &paths) });
    }
    // Whatever git could not decide about is told, also where it gives no reason.
    for path in open {
        let told = |conflict: &Conflicted| conflict.path == path || conflict.what.contains(path);
        if !found.conflicts.iter().any(told) {
            let what = "git could not merge it".to_owned();
            found.conflicts.push(Conflicted { path: path.to_owned(), what });
        }
    }
    found.conflicts.sort_by(|one, other| one.path.cmp(&other.path));
    found.conflicts.dedup();
    Some(found)
}

/// Git's kinds of conflicts, which its manual promises to keep, in plain words.
fn words(kind: &str, paths: &[&str]) -> String {
    let kind = kind.trim_start_matches("CONFLICT (").trim_end_matches(')');
    let others = paths.get(1..).unwrap_or_default().join("`, `");
    let words = match kind {
        "contents" => "both sides changed the same lines",
        "binary" => "both sides changed it, and it is not text",
        "add/add" => "both sides added it, with different content",
        "modify/delete" => "one side changed it, the other one deleted it",
        "rename/delete" => "one side renamed it, the other one deleted it",
        "rename/rename" => "both sides renamed it, to different names",
        "file/directory" => "it is a file on one side and a folder on the other",
        "distinct modes" => "it is of different kinds on the two sides",
        "file location" => "it is in a folder that the other side renamed",
        "directory rename split" | "implicit dir rename" | "directory rename suggested" => {
            "its folder was renamed, and it is not clear to what"
        }
        _ => return format!("git says: {kind}"),
    };
    match others.is_empty() || kind == "contents" || kind == "modify/delete" {
        true => words.to_owned(),
        false => format!("{words}; see also `{others}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_merge_is_a_tree() {
        let merged = parse("aaaa\0", false).unwrap();
        assert_eq!(merged, Merged { tree: "aaaa".to_owned(), conflicts: Vec::new() });
    }

    #[test]
    fn conflicts_are_told_in_words() {
        let text = "aaaa\x00100644 1 1\tb.txt\x00100644 2 2\tb.txt\x00100644 3 3\tb.txt\0\
                    100644 4 1\ta.txt\x00100644 5 2\ta.txt\x00100644 6 1\tlost\0\0\
                    1\0b.txt\0Auto-merging\0Auto-merging b.txt\n\0\
                    1\0b.txt\0CONFLICT (contents)\0CONFLICT (content): Merge conflict in b.txt\n\0\
                    1\0a.txt\0CONFLICT (modify/delete)\0CONFLICT (modify/delete): a.txt ...\n\0";
        let told: Vec<String> = parse(text, true)
            .unwrap()
            .conflicts
            .into_iter()
            .map(|conflict| format!("{}: {}", conflict.path, conflict.what))
            .collect();
        assert_eq!(
            told,
            [
                "a.txt: one side changed it, the other one deleted it",
                "b.txt: both sides changed the same lines",
                "lost: git could not merge it",
            ]
        );
    }
}
