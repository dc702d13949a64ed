//! Where a base image comes from: in the file, and in one word on a command line.

use std::{convert::Infallible, fmt, str::FromStr};

use crate::ids::Digest;

/// Container images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImagesConfig {
    /// Image with the Java runtime that all others are built on.
    pub base: Option<BaseImage>,
    /// Platforms that images are built for, such as `linux/arm64`. Default: those that the base
    /// has.
    pub platforms: Vec<String>,
}

/// Where the base image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseImage {
    /// A folder with an OCI image layout.
    Layout {
        /// The folder.
        folder: String,
        /// Digest that the image must have.
        digest: Option<Digest>,
    },
    /// A tar archive of an OCI image layout.
    Archive {
        /// The file.
        file: String,
        /// Digest that the image must have.
        digest: Option<Digest>,
    },
    /// An image in a registry, with its digest where it is pinned: `REPOSITORY:TAG@sha256:...`.
    Reference(String),
}

impl BaseImage {
    /// Digest that the image must have.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::Layout { digest, .. } | Self::Archive { digest, .. } => digest.clone(),
            Self::Reference(reference) => reference.split_once('@')?.1.parse().ok(),
        }
    }

    /// The same place, with the digest of what is there.
    #[must_use]
    pub fn pinned(&self, digest: &Digest) -> Self {
        match self.clone() {
            Self::Layout { folder, .. } => Self::Layout { folder, digest: Some(digest.clone()) },
            Self::Archive { file, .. } => Self::Archive { file, digest: Some(digest.clone()) },
            Self::Reference(reference) => {
                let name = reference.split('@').next().unwrap_or_default();
                Self::Reference(format!("{name}@{digest}"))
            }
        }
    }

    /// What people call the image: a reference without its digest. A folder and a file have other
    /// names on other machines, so theirs is the digest of what is in them.
    #[must_use]
    pub fn name(&self, digest: &Digest) -> String {
        match self {
            Self::Layout { .. } | Self::Archive { .. } => format!("layout:{}", digest.short()),
            Self::Reference(reference) => {
                reference.split('@').next().unwrap_or_default().to_owned()
            }
        }
    }
}

impl fmt::Display for BaseImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, place, digest) = match self {
            Self::Layout { folder, digest } => ("layout:", folder, digest),
            Self::Archive { file, digest } => ("archive:", file, digest),
            Self::Reference(reference) => ("", reference, &None),
        };
        write!(f, "{kind}{place}")?;
        digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

impl FromStr for BaseImage {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (place, digest) = match text.rsplit_once('@') {
            Some((place, digest)) => (place, digest.parse().ok()),
            None => (text, None),
        };
        // What follows the mark is a part of the name when it is no digest.
        let place = if digest.is_some() { place } else { text };
        Ok(match place.split_once(':') {
            Some(("layout", folder)) => Self::Layout { folder: folder.to_owned(), digest },
            Some(("archive", file)) => Self::Archive { file: file.to_owned(), digest },
            _ => Self::Reference(text.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_the_place_and_the_digest() {
        let digest = Digest::of(b"base");
        for text in [
            "layout:base".to_owned(),
            format!("layout:some/base@{digest}"),
            format!("archive:base@home.tar@{digest}"),
            "archive:base@home.tar".to_owned(),
            "registry.example.com:5000/jre:17".to_owned(),
            format!("registry.example.com:5000/jre:17@{digest}"),
        ] {
            let image: BaseImage = text.parse().unwrap_or_else(|never| match never {});
            assert_eq!(image.to_string(), text);
            assert_eq!(image.digest().is_some(), text.contains("@sha256:"), "{text}");
            assert_eq!(image.pinned(&digest).digest(), Some(digest.clone()));
        }
        let image: BaseImage =
            format!("jre:17@{digest}").parse().unwrap_or_else(|never| match never {});
        assert_eq!(image.name(&digest), "jre:17");
    }
}
