//! The path of a job or folder.

use std::{fmt, str::FromStr};

use url::Url;

/// Characters that Jenkins refuses in the name of an item (`Jenkins.checkGoodName`).
const REFUSED: &str = "?*/\\%!@#$^&|<>[]:;";

/// Full name of a job or folder, such as `acme/build-deployment-package`. The root is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ItemPath(Vec<String>);

/// A text that is not the path of an item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not the path of a Jenkins item: {reason}")]
pub struct PathError {
    /// The text.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl ItemPath {
    /// The root, which holds the top folders and jobs.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The item of that name in this folder.
    ///
    /// # Errors
    /// [`PathError`] when Jenkins would refuse the name.
    pub fn join(&self, name: &str) -> Result<Self, PathError> {
        check(name).map_err(|reason| PathError { path: name.to_owned(), reason })?;
        let mut names = self.0.clone();
        names.push(name.to_owned());
        Ok(Self(names))
    }

    /// Whether this is the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The last name; empty for the root.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The folder that holds this item; the root for the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(self.0.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default())
    }

    /// The address of this item, with more path segments behind it:
    /// `acme/x` and `config.xml` give `<base>/job/acme/job/x/config.xml`.
    pub(super) fn url(&self, base: &Url, rest: &[&str]) -> Url {
        let mut url = base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            for name in &self.0 {
                segments.push("job").push(name);
            }
            segments.extend(rest);
        }
        url
    }
}

fn check(name: &str) -> Result<(), String> {
    if name.trim().is_empty() || name == "." || name == ".." {
        return Err("a name is empty or only dots".to_owned());
    }
    if name.trim() != name || name.ends_with('.') {
        return Err(format!("`{name}` begins or ends with a blank, or ends with a dot"));
    }
    match name.chars().find(|c| c.is_control() || REFUSED.contains(*c)) {
        Some(bad) => Err(format!("`{}` is not allowed in a name", bad.escape_default())),
        None => Ok(()),
    }
}

impl FromStr for ItemPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        text.split('/').try_fold(Self::root(), |path, name| {
            path.join(name)
                .map_err(|error| PathError { path: text.to_owned(), reason: error.reason })
        })
    }
}

impl fmt::Display for ItemPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() { f.write_str("the root") } else { f.write_str(&self.0.join("/")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_its_address() {
        let base: Url = "http://ci.example/jenkins/".parse().unwrap();
        let path: ItemPath = "acme/build deployment".parse().unwrap();
        assert_eq!(
            path.url(&base, &["config.xml"]).as_str(),
            "http://ci.example/jenkins/job/acme/job/build%20deployment/config.xml"
        );
        assert_eq!(path.parent().to_string(), "acme");
        assert_eq!(path.name(), "build deployment");
        assert!(path.parent().parent().is_root());
        let root = ItemPath::root().url(&base, &["api", "json"]);
        assert_eq!(root.path(), "/jenkins/api/json");
    }

    #[test]
    fn refuses_what_jenkins_refuses() {
        for text in ["", "/a", "a//b", "a/..", "a?b", "a\nb", " a", "a."] {
            assert!(text.parse::<ItemPath>().is_err(), "{text:?}");
        }
    }
}
