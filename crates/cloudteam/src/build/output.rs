//! The package that a build made.

use camino::{Utf8Path, Utf8PathBuf};

use super::BuildError;

/// The one file that a pattern names below a folder.
///
/// # Errors
/// [`BuildError::NoPackage`], [`BuildError::ManyPackages`], [`BuildError::Pattern`].
pub fn find(folder: &Utf8Path, pattern: &str) -> Result<Utf8PathBuf, BuildError> {
    let unusable = |reason: String| BuildError::Pattern { pattern: pattern.to_owned(), reason };
    let full = format!("{}/{pattern}", glob::Pattern::escape(folder.as_str()));
    let found = glob::glob(&full).map_err(|error| unusable(error.to_string()))?;
    let mut files = Vec::new();
    for path in found {
        let path = path.map_err(|error| BuildError::Io(error.into()))?;
        let path = Utf8PathBuf::from_path_buf(path)
            .map_err(|path| unusable(format!("{} is not UTF-8", path.display())))?;
        if path.is_file() {
            files.push(path);
        }
    }
    match files.as_slice() {
        [] => Err(BuildError::NoPackage { pattern: pattern.to_owned(), folder: folder.to_owned() }),
        [one] => Ok(one.clone()),
        _ => Err(BuildError::ManyPackages {
            files: files.iter().map(|f| below(folder, f)).collect(),
        }),
    }
}

fn below(folder: &Utf8Path, file: &Utf8Path) -> String {
    file.strip_prefix(folder).unwrap_or(file).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_package_is_found_and_none_or_two_are_told() {
        let dir = tempfile::tempdir().unwrap();
        // Brackets mean something in a pattern, and nothing in the name of a folder.
        let folder = Utf8Path::from_path(dir.path()).unwrap().join("a [b]");
        std::fs::create_dir_all(folder.join("target")).unwrap();
        let pattern = "target/ext-deployment-package-*.zip";
        let error = find(&folder, pattern).unwrap_err().to_string();
        assert!(error.contains("there is no file target/ext-deployment-package-*.zip"), "{error}");
        std::fs::write(folder.join("target/ext-deployment-package-1.zip"), "").unwrap();
        std::fs::create_dir(folder.join("target/ext-deployment-package-2.zip")).unwrap();
        assert!(find(&folder, pattern).unwrap().as_str().ends_with("package-1.zip"));
        std::fs::write(folder.join("target/ext-deployment-package-3.zip"), "").unwrap();
        let error = find(&folder, pattern).unwrap_err().to_string();
        assert!(
            error.ends_with(
                "target/ext-deployment-package-1.zip, target/ext-deployment-package-3.zip"
            ),
            "{error}"
        );
        assert!(matches!(find(&folder, "a/***"), Err(BuildError::Pattern { .. })));
    }
}
