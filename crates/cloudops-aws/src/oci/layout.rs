//! Image layouts: folders with `index.json` and `blobs/`, as the OCI image specification
//! describes them. Skopeo, podman and crane read and write them.

use std::{
    io,
    path::{Path, PathBuf},
};

use fs_err as fs;
use oci_spec::image::{
    Descriptor, DescriptorBuilder, ImageIndex, ImageIndexBuilder, MediaType, PlatformBuilder,
};

use super::{
    base::{Base, Parts, choose, digest_of, is_index, parse, platforms},
    canonical_json,
    content::Content,
    image::{Image, ImageError},
    platform::Platform,
    registry::RegistryError,
};
use crate::{
    diagnose::{Class, Diagnose},
    ids::Digest,
};

/// Why an image layout, or a base from elsewhere, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// The folder is not an image layout.
    #[error("{} is not an OCI image layout: it has no {missing}", .folder.display())]
    NotALayout {
        /// The folder.
        folder: PathBuf,
        /// The file it lacks.
        missing: &'static str,
    },
    /// There is no image for the platform.
    #[error("{place} has no image for {wanted}, but for {found}")]
    NoPlatform {
        /// Where.
        place: String,
        /// The platform.
        wanted: Platform,
        /// The platforms there are.
        found: String,
    },
    /// The content contradicts itself.
    #[error("{place} is broken: {reason}")]
    Broken {
        /// Where.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The image could not be described.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A layer could not be fetched from its registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl Diagnose for LayoutError {
    fn class(&self) -> Class {
        match self {
            Self::Image(error) => error.class(),
            Self::Registry(error) => error.class(),
            Self::NotALayout { .. }
            | Self::NoPlatform { .. }
            | Self::Broken { .. }
            | Self::Io(_) => Class::Configuration,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NotALayout { .. } => vec![
                "`skopeo copy docker://IMAGE oci:FOLDER:latest` makes one of an image in a registry."
                    .to_owned(),
            ],
            Self::Registry(error) => error.hints(),
            _ => Vec::new(),
        }
    }
}

/// Reads the image for a platform from a layout. Manifest and configuration are checked against
/// their digests, layers against their sizes; the registry checks the digests of the layers.
pub(super) fn read(folder: &Path, platform: &Platform) -> Result<Base, LayoutError> {
    for missing in ["index.json", "oci-layout"] {
        if !folder.join(missing).is_file() {
            return Err(LayoutError::NotALayout {
                folder: folder.to_owned(),
                missing,
            });
        }
    }
    let place = folder.display().to_string();
    let mut index: ImageIndex = parse(&place, &fs::read(folder.join("index.json"))?)?;
    let chosen = loop {
        let Some(chosen) = choose(index.manifests(), platform).or(only_index(index.manifests()))
        else {
            let (wanted, found) = (platform.clone(), platforms(index.manifests()));
            return Err(LayoutError::NoPlatform {
                place,
                wanted,
                found,
            });
        };
        if !is_index(chosen.media_type().as_ref()) {
            break chosen.clone();
        }
        index = parse(&place, &checked(folder, chosen)?)?;
    };
    let manifest: oci_spec::image::ImageManifest = parse(&place, &checked(folder, &chosen)?)?;
    let config = checked(folder, manifest.config())?;
    for layer in manifest.layers() {
        let path = blob_path(folder, &digest_of(&place, layer)?);
        let found = fs::metadata(&path)?.len();
        if found != layer.size() {
            let reason = format!(
                "{} has {found} bytes instead of {}",
                path.display(),
                layer.size()
            );
            return Err(LayoutError::Broken { place, reason });
        }
    }
    let digest = digest_of(&place, &chosen)?;
    let mut base = Parts {
        place,
        digest,
        manifest,
        config: &config,
    }
    .assemble(platform, |digest| Content::File(blob_path(folder, digest)))?;
    // The path of a folder differs from machine to machine, and the name is part of the image.
    base.name = format!("layout:{}", base.digest.short());
    Ok(base)
}

/// The only entry, when it is an index itself: `index.json` may lead to the real index.
fn only_index(all: &[Descriptor]) -> Option<&Descriptor> {
    match all {
        [only] if is_index(only.media_type().as_ref()) => Some(only),
        _ => None,
    }
}

/// A blob, checked against its digest.
fn checked(folder: &Path, descriptor: &Descriptor) -> Result<Vec<u8>, LayoutError> {
    let place = folder.display().to_string();
    let digest = digest_of(&place, descriptor)?;
    let bytes = fs::read(blob_path(folder, &digest))?;
    if Digest::of(&bytes) != digest {
        let reason = format!("the content of blob {digest} is {}", Digest::of(&bytes));
        return Err(LayoutError::Broken { place, reason });
    }
    Ok(bytes)
}

fn blob_path(folder: &Path, digest: &Digest) -> PathBuf {
    folder.join("blobs/sha256").join(digest.hex())
}

/// Writes images as one layout; blobs that are there already stay. Each image goes under its
/// name, by which `skopeo copy oci:FOLDER:NAME ...` finds it. `index.json` is written last.
///
/// # Errors
/// [`LayoutError`].
pub async fn write(images: &[(String, &Image)], folder: &Path) -> Result<(), LayoutError> {
    fs::create_dir_all(folder.join("blobs/sha256"))?;
    let mut manifests = Vec::new();
    for (name, image) in images {
        for blob in image.blobs() {
            write_blob(folder, &blob.digest, &blob.content, blob.size).await?;
        }
        let content = Content::Bytes(image.manifest.clone());
        write_blob(folder, &image.digest, &content, image.manifest.len() as u64).await?;
        manifests.push(entry(name, image)?);
    }
    let index = ImageIndexBuilder::default()
        .schema_version(2u32)
        .media_type(MediaType::ImageIndex)
        .manifests(manifests)
        .build()
        .map_err(|source| ImageError::Spec {
            what: "index",
            source,
        })?;
    let index = canonical_json(&index).map_err(|source| ImageError::Json {
        what: "index",
        source,
    })?;
    fs::write(
        folder.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )?;
    let part = folder.join("index.json.part");
    fs::write(&part, index)?;
    Ok(fs::rename(part, folder.join("index.json"))?)
}

async fn write_blob(
    folder: &Path,
    digest: &Digest,
    content: &Content,
    size: u64,
) -> Result<(), LayoutError> {
    use futures::TryStreamExt as _;
    use tokio::io::AsyncWriteExt as _;

    let path = blob_path(folder, digest);
    if path.metadata().is_ok_and(|found| found.len() == size) {
        return Ok(());
    }
    let part = path.with_extension("part");
    let mut file = tokio::fs::File::create(&part).await?;
    let mut hasher = <sha2::Sha256 as sha2::Digest>::new();
    let mut stream = content.open(digest).await?;
    while let Some(piece) = stream.try_next().await? {
        sha2::Digest::update(&mut hasher, &piece);
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    let found = Digest::from_hasher(hasher);
    if found != *digest {
        let place = format!("{content:?}");
        let reason = format!("the content of blob {digest} is {found}");
        return Err(LayoutError::Broken { place, reason });
    }
    Ok(fs::rename(part, path)?)
}

fn entry(name: &str, image: &Image) -> Result<Descriptor, ImageError> {
    let spec = |source| ImageError::Spec {
        what: "index",
        source,
    };
    let platform = PlatformBuilder::default()
        .os(image.platform.os.as_str())
        .architecture(image.platform.architecture.as_str())
        .build()
        .map_err(spec)?;
    let digest: oci_spec::image::Digest = image.digest.as_str().parse().map_err(spec)?;
    let name = (
        "org.opencontainers.image.ref.name".to_owned(),
        name.to_owned(),
    );
    DescriptorBuilder::default()
        .media_type(MediaType::ImageManifest)
        .digest(digest)
        .size(image.manifest.len() as u64)
        .platform(platform)
        .annotations(std::collections::HashMap::from([name]))
        .build()
        .map_err(spec)
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
