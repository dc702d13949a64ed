//! `archiveArtifacts`: files of the workspace that match Ant patterns.

use std::{io, path::Path};

/// Paths of the files below a folder that match, sorted.
pub(super) fn find(dir: &Path, patterns: &str) -> Vec<String> {
    let mut files = Vec::new();
    walk(dir, "", &mut files);
    let patterns: Vec<_> = patterns.split(',').map(str::trim).filter(|p| !p.is_empty()).collect();
    files.retain(|file| patterns.iter().any(|pattern| matches(pattern, file)));
    files.sort();
    files
}

/// Copies the files that match into `target`, and gives their paths, sorted.
pub(super) fn archive(workspace: &Path, patterns: &str, target: &Path) -> io::Result<Vec<String>> {
    let files = find(workspace, patterns);
    for file in &files {
        let to = target.join(file);
        if let Some(dir) = to.parent() {
            fs_err::create_dir_all(dir)?;
        }
        fs_err::copy(workspace.join(file), to)?;
    }
    Ok(files)
}

fn walk(dir: &Path, prefix: &str, files: &mut Vec<String>) {
    let Ok(entries) = fs_err::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), &path, files),
            Ok(kind) if kind.is_file() => files.push(path),
            _ => {}
        }
    }
}

/// Whether a path matches an Ant pattern: `?`, `*` inside a name, `**` for any folders.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    // A pattern that ends with a slash means all below.
    let all = pattern.strip_suffix('/').map(|dir| format!("{dir}/**"));
    let pattern: Vec<_> = all.as_deref().unwrap_or(pattern).split('/').collect();
    parts_match(&pattern, &path.split('/').collect::<Vec<_>>())
}

fn parts_match(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), None) => parts_match(rest, path),
        (Some((&"**", rest)), Some((_, deeper))) => {
            parts_match(rest, path) || parts_match(pattern, deeper)
        }
        (Some((first, rest)), Some((name, deeper))) => {
            name_matches(first.as_bytes(), name.as_bytes()) && parts_match(rest, deeper)
        }
        _ => false,
    }
}

fn name_matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => name_matches(rest, name),
        (Some((b'*', rest)), Some((_, more))) => {
            name_matches(rest, name) || name_matches(pattern, more)
        }
        (Some((first, rest)), Some((c, more))) => {
            (*first == b'?' || first == c) && name_matches(rest, more)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn ant_patterns() {
        for (pattern, path, expected) in [
            ("target/*.zip", "target/a.zip", true),
            ("target/*.zip", "target/x/a.zip", false),
            ("**/*.zip", "a.zip", true),
            ("**/*.zip", "x/y/a.zip", true),
            ("target/", "target/x/y", true),
            ("a?.txt", "ab.txt", true),
            ("*", "x/y", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
