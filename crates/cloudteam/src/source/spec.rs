//! What `--source` names: told apart by its form alone.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use super::SourceError;
use crate::git::address;

/// Form of an archive, by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// `.zip`
    Zip,
    /// `.tar.gz`, `.tgz`
    TarGz,
    /// `.tar.zst`
    TarZst,
}

impl ArchiveKind {
    /// The form that a name says, if it is one of those that can be read.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let ends = |ending: &str| name.ends_with(ending);
        match () {
            () if ends(".zip") => Some(Self::Zip),
            () if ends(".tar.gz") || ends(".tgz") => Some(Self::TarGz),
            () if ends(".tar.zst") => Some(Self::TarZst),
            () => None,
        }
    }
}

/// Where a source distribution comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceSpec {
    /// A folder.
    Folder(Utf8PathBuf),
    /// An archive file.
    Archive(Utf8PathBuf, ArchiveKind),
    /// An archive in S3.
    Object {
        /// Bucket.
        bucket: String,
        /// Object key.
        key: String,
        /// Form, by the key.
        kind: ArchiveKind,
    },
    /// A commit of a git repository.
    Git {
        /// Address of the repository.
        repository: String,
        /// Branch, tag or commit.
        reference: String,
    },
}

impl SourceSpec {
    /// Tells apart what `--source` was given. Looks at the text only, never at the disk.
    ///
    /// # Errors
    /// [`SourceError::Spec`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        let refuse = |why: &str| SourceError::Spec {
            text: address::shown(text.split('#').next().unwrap_or_default()),
            why: why.to_owned(),
        };
        if text.trim().is_empty() {
            return Err(refuse("it is empty"));
        }
        if text.starts_with('-') {
            return Err(refuse("it begins with `-`; a folder of such a name is `./-...`"));
        }
        if text.chars().any(char::is_control) {
            return Err(refuse("it contains a control character"));
        }
        if let Some(object) = text.strip_prefix("s3://") {
            return Self::object(object).map_err(refuse);
        }
        if text.contains("://") || text.contains("::") || is_scp_like(text) {
            return Self::git(text).map_err(|why| refuse(&why));
        }
        Ok(Self::path(Utf8Path::new(text)))
    }

    fn path(path: &Utf8Path) -> Self {
        match ArchiveKind::of(path.as_str()) {
            Some(kind) => Self::Archive(path.to_owned(), kind),
            None => Self::Folder(path.to_owned()),
        }
    }

    fn object(text: &str) -> Result<Self, &'static str> {
        let (bucket, key) = text.split_once('/').ok_or("it names a bucket, but no key")?;
        let usable = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
        if bucket.len() < 3 || !bucket.chars().all(usable) {
            return Err("the name of its bucket is none");
        }
        if key.is_empty() || key.ends_with('/') {
            return Err("it names a bucket, but no key");
        }
        let kind =
            ArchiveKind::of(key).ok_or("its key must end in .zip, .tar.gz, .tgz or .tar.zst")?;
        Ok(Self::Object { bucket: bucket.to_owned(), key: key.to_owned(), kind })
    }

    fn git(text: &str) -> Result<Self, String> {
        let Some((repository, reference)) = text.rsplit_once('#') else {
            let why = match ArchiveKind::of(text) {
                Some(_) => "archives are not fetched from there: download it, or put it into S3",
                None => "a git repository needs a branch, tag or commit: add #REF",
            };
            return Err(why.to_owned());
        };
        address::check(repository).map_err(|error| error.reason().to_owned())?;
        let odd = |c: char| c.is_whitespace() || "~^:?*[\\".contains(c);
        if reference.is_empty() || reference.starts_with('-') || reference.contains(odd) {
            return Err(format!("`{reference}` is not a branch, tag or commit"));
        }
        Ok(Self::Git { repository: repository.to_owned(), reference: reference.to_owned() })
    }
}

/// `git@host:path` or `host:path#ref`, as git and ssh write it.
fn is_scp_like(text: &str) -> bool {
    let Some((host, path)) = text.split_once(':') else {
        return false;
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
    // A single letter would be a drive of Windows.
    host.len() > 1
        && host.chars().all(is_name)
        && !path.is_empty()
        && (host.contains('@') || text.contains('#'))
}

impl fmt::Display for SourceSpec {
    /// As a person would write it, without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) | Self::Archive(path, _) => write!(f, "{path}"),
            Self::Object { bucket, key, .. } => write!(f, "s3://{bucket}/{key}"),
            Self::Git { repository, reference } => {
                write!(f, "{}#{reference}", address::shown(repository))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> String {
        match SourceSpec::parse(text) {
            Ok(SourceSpec::Folder(_)) => "folder".to_owned(),
            Ok(SourceSpec::Archive(_, kind)) => format!("{kind:?}"),
            Ok(SourceSpec::Object { bucket, key, kind }) => format!("{kind:?} {key} in {bucket}"),
            Ok(SourceSpec::Git { repository, reference }) => format!("{reference} of {repository}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_form_tells_sources_apart() {
        let cases = [
            ("commerce-8.5.0", "folder"),
            ("./a:b", "folder"),
            ("/srv/a#b", "folder"),
            ("dir.zip/commerce", "folder"),
            ("C:\\commerce", "folder"),
            ("commerce.zip", "Zip"),
            ("a/Commerce-8.5.0.TAR.GZ", "TarGz"),
            ("a.tgz", "TarGz"),
            ("a.tar.zst", "TarZst"),
            ("s3://my-bucket/in/c-8.5.0.zip", "Zip in/c-8.5.0.zip in my-bucket"),
            ("https://git.example.com/c.git#v8.5.0", "v8.5.0 of https://git.example.com/c.git"),
            ("ssh://git@host:22/c.git#main", "main of ssh://git@host:22/c.git"),
            ("git@host:team/c.git#release/8", "release/8 of git@host:team/c.git"),
            ("host:team/c.git#v1", "v1 of host:team/c.git"),
            ("file:///srv/c.git#v1", "v1 of file:///srv/c.git"),
            ("codecommit::us-west-2://c#v1", "v1 of codecommit::us-west-2://c"),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        let cases = [
            ("", "it is empty"),
            ("--upload-pack=evil", "it begins with `-`"),
            ("-", "it begins with `-`"),
            ("a\nb", "control character"),
            ("s3://bucket", "no key"),
            ("s3://bucket/", "no key"),
            ("s3://B_/a.zip", "name of its bucket"),
            ("s3://bucket/a.rar", "must end in"),
            ("https://example.com/c.git", "add #REF"),
            ("https://example.com/c.zip", "put it into S3"),
            ("https://example.com/c.git#", "not a branch"),
            ("https://example.com/c.git#-x", "not a branch"),
            ("https://example.com/c.git#a b", "not a branch"),
            ("https://me:secret@example.com/c.git#v1", "password"),
            ("ext::sh -c evil#v1", "`ext::`"),
            ("gopher://example.com/c#v1", "gopher"),
            ("git@host:c.git", "add #REF"),
        ];
        for (text, expected) in cases {
            let said = kind(text);
            assert!(said.contains(expected) && said.contains("is not a source"), "{text}: {said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn a_source_shows_as_it_is_written() {
        for text in ["a/b", "a.zip", "s3://my-bucket/a.zip", "git@host:c.git#v1"] {
            assert_eq!(SourceSpec::parse(text).unwrap().to_string(), text);
        }
    }
}
