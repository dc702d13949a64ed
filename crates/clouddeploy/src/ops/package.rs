//! A package wherever it is: a file, an object in a bucket, or one that was published.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    objects,
    package::{Limits, NamedFile, Package, PackageError},
    state::{
        init::{Component, InitState},
        packages::{self, PackageManifest},
        store::{StateError, Store},
    },
};
use jiff::Timestamp;

use super::{foundation, store};
use crate::error::DeployError;

/// What a package is named by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file of this machine.
    File(Utf8PathBuf),
    /// An object in a bucket.
    Object {
        /// Bucket.
        bucket: String,
        /// Object key.
        key: String,
    },
    /// The id of a published package.
    Published(String),
}

impl Input {
    /// Tells apart what was given by its form alone: `s3://BUCKET/KEY`, a file by a dot or a slash
    /// in its name, else an id.
    ///
    /// # Errors
    /// [`DeployError::Input`] for `s3://` without a bucket or a key.
    pub fn parse(text: &str) -> Result<Self, DeployError> {
        if let Some(object) = text.strip_prefix("s3://") {
            let (bucket, key) = object.split_once('/').unwrap_or((object, ""));
            if bucket.is_empty() || key.is_empty() || key.ends_with('/') {
                return Err(DeployError::Input(text.to_owned()));
            }
            return Ok(Self::Object { bucket: bucket.to_owned(), key: key.to_owned() });
        }
        let is_file = text.contains(['.', '/']);
        Ok(if is_file { Self::File(text.into()) } else { Self::Published(text.to_owned()) })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.write_str(file.as_str()),
            Self::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::Published(id) => write!(f, "package {id}"),
        }
    }
}

/// A package as a file of this machine. One that was fetched is deleted with this value.
#[derive(Debug)]
pub struct PackageFile {
    path: Utf8PathBuf,
    name: String,
    /// What is known about a published package.
    pub manifest: Option<PackageManifest>,
    _folder: Option<tempfile::TempDir>,
}

impl PackageFile {
    /// A file that is there.
    #[must_use]
    pub fn local(path: Utf8PathBuf) -> Self {
        Self { name: path.to_string(), path, manifest: None, _folder: None }
    }

    /// The file, and where it comes from.
    #[must_use]
    pub fn named(&self) -> NamedFile<'_> {
        NamedFile { file: &self.path, name: &self.name }
    }

    /// Reads and checks it. A published one must be what was published.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn open(&self, limits: Limits) -> Result<Package, PackageError> {
        let package = Package::open_within(self.named(), limits)?;
        let Some(manifest) = &self.manifest else {
            return Ok(package);
        };
        let (name, expected) = (self.name.clone(), manifest.digest.clone());
        match package.digest()? {
            found if *found == expected => Ok(package),
            found => Err(PackageError::Changed { name, found: found.clone(), expected }),
        }
    }

    /// What is known about the package: what was published, or what its file says. Then its id is
    /// the begin of its digest, as if `by` had published it now.
    ///
    /// # Errors
    /// [`PackageError`] when the file cannot be read.
    pub fn manifest_of(
        &self,
        package: &Package,
        by: &str,
    ) -> Result<PackageManifest, PackageError> {
        if let Some(manifest) = &self.manifest {
            return Ok(manifest.clone());
        }
        let digest = package.digest()?;
        Ok(PackageManifest {
            id: digest.short().to_owned(),
            digest: digest.clone(),
            size: package.size(),
            version: package.version().to_owned(),
            source_commit: None,
            built_by: by.to_owned(),
            published_at: Timestamp::now(),
            build_log: None,
            tools: Default::default(),
            sizes: Default::default(),
        })
    }
}

/// Where a package that is to be fetched is, and what is known about it. Nothing is fetched yet.
#[derive(Debug, Clone)]
pub struct Chosen {
    input: Input,
    manifest: Option<PackageManifest>,
}

impl Chosen {
    /// Brings the package to this machine.
    ///
    /// # Errors
    /// Those of the bucket; nothing can go wrong with a file.
    pub async fn fetch(self, ctx: &Ctx, state: &InitState) -> Result<PackageFile, DeployError> {
        let name = self.to_string();
        match (self.input, self.manifest) {
            (Input::File(path), _) => Ok(PackageFile::local(path)),
            (Input::Object { bucket, key }, _) => fetch_object(ctx, &bucket, &key).await,
            (Input::Published(_), None) => Err(none_published()),
            (Input::Published(_), Some(manifest)) => {
                let (folder, path) = folder()?;
                let bucket = Store::new(&ctx.aws, state.output(Component::Core, BUCKET)?);
                bucket.download(ctx, &packages::object_key(&manifest.digest), &path).await?;
                Ok(PackageFile { path, name, manifest: Some(manifest), _folder: Some(folder) })
            }
        }
    }
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.input.fmt(f)
    }
}

/// Output of the foundation with the bucket of published packages.
const BUCKET: &str = "PackageBucketName";

/// Finds out which package is meant; without an input it is the one that was published last.
///
/// # Errors
/// [`DeployError::Unknown`] lists the packages there are.
pub async fn choose(store: &Store, input: Option<&Input>) -> Result<Chosen, DeployError> {
    let id = match input {
        Some(input @ (Input::File(_) | Input::Object { .. })) => {
            return Ok(Chosen { input: input.clone(), manifest: None });
        }
        Some(Input::Published(id)) => Some(id),
        None => None,
    };
    let known = packages::list(store).await?;
    let found = match id {
        None => known.first(),
        Some(id) => known.iter().find(|package| &package.id == id),
    };
    match (found, id) {
        (Some(found), _) => Ok(published(found.clone())),
        (None, None) => Err(none_published()),
        (None, Some(id)) => Err(DeployError::Unknown {
            what: "package",
            name: id.clone(),
            known: known.into_iter().map(|package| package.id).collect(),
        }),
    }
}

/// The package that a run of the build job published.
///
/// # Errors
/// [`DeployError::NotReady`] when it published none.
pub async fn of_run(store: &Store, run: &str) -> Result<PackageManifest, DeployError> {
    packages::built_by(store, run).await?.ok_or_else(|| DeployError::NotReady {
        what: format!("the run {run} of the build job published no package"),
        command: "cloudteam package build".to_owned(),
    })
}

/// A package of which everything is known.
#[must_use]
pub fn published(manifest: PackageManifest) -> Chosen {
    Chosen { input: Input::Published(manifest.id.clone()), manifest: Some(manifest) }
}

/// Fetches a published package.
///
/// # Errors
/// [`DeployError::Unknown`] lists the packages there are.
pub async fn fetch_published(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    id: &str,
) -> Result<PackageFile, DeployError> {
    let state = foundation(&ctx.aws, config).await?;
    let input = Input::Published(id.to_owned());
    choose(&store(&ctx.aws, config), Some(&input)).await?.fetch(ctx, &state).await
}

/// Fetches an object of a bucket.
///
/// # Errors
/// [`DeployError::Object`].
pub async fn fetch_object(ctx: &Ctx, bucket: &str, key: &str) -> Result<PackageFile, DeployError> {
    let (folder, path) = folder()?;
    objects::download(ctx, bucket, key, &path).await?;
    let name = format!("s3://{bucket}/{key}");
    Ok(PackageFile { path, name, manifest: None, _folder: Some(folder) })
}

/// A folder for a moment, and a file in it.
fn folder() -> Result<(tempfile::TempDir, Utf8PathBuf), DeployError> {
    let folder = tempfile::tempdir().map_err(StateError::File)?;
    let path = Utf8Path::from_path(folder.path()).unwrap_or(Utf8Path::new("")).join("package.zip");
    Ok((folder, path))
}

fn none_published() -> DeployError {
    DeployError::NotReady {
        what: "no package is published yet".to_owned(),
        command: "cloudteam package build".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_told_apart_by_their_form() {
        let file = |text: &str| Input::File(text.into());
        let object = |bucket: &str, key: &str| Input::Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        };
        for (text, wanted) in [
            ("package.zip", file("package.zip")),
            ("./0123456789ab", file("./0123456789ab")),
            ("target/p", file("target/p")),
            ("s3://bucket/a/b.zip", object("bucket", "a/b.zip")),
            ("s3://bucket/b", object("bucket", "b")),
            ("0123456789ab", Input::Published("0123456789ab".to_owned())),
        ] {
            assert_eq!(Input::parse(text).unwrap(), wanted, "{text}");
        }
        for text in ["s3://", "s3://bucket", "s3://bucket/", "s3:///key", "s3://bucket/folder/"] {
            let error = Input::parse(text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }
}
