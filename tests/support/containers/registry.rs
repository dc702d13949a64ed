//! Pulling an image from a plain-HTTP registry of this machine and unpacking it.

use super::Error;
use super::image::{Reference, RunConfig, hex};
use super::state::{State, write_whole};
use super::unpack;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    manifests: Vec<Descriptor>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    #[serde(default, rename = "mediaType")]
    media_type: String,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    architecture: String,
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    config: RunConfig,
}

/// An image on this machine: its root to copy from and how to run it.
#[derive(serde::Serialize, Deserialize)]
pub(super) struct Unpacked {
    pub(super) root: PathBuf,
    pub(super) config: RunConfig,
}

/// Pulls an image and gives the digest of its manifest. What is here already is not fetched again.
pub(super) fn pull(state: &State, reference: &Reference) -> Result<String, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { Client::new(reference)?.pull(state).await })
}

/// The unpacked image of a manifest digest.
pub(super) fn unpacked(state: &State, digest: &str) -> Result<Unpacked, Error> {
    let file = state.root.join("images").join(format!("{}.json", bare(digest)));
    let text = fs::read(file).map_err(|_| Error::NoSuchImage(digest.to_owned()))?;
    Ok(serde_json::from_slice(&text)?)
}

struct Client {
    http: reqwest::Client,
    base: String,
    authorization: String,
    version: String,
}

impl Client {
    fn new(reference: &Reference) -> Result<Self, Error> {
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            base: format!("http://{}/v2/{}", reference.host, reference.repository),
            authorization: authorization(&reference.host),
            version: reference.version.clone(),
        })
    }

    async fn pull(&self, state: &State) -> Result<String, Error> {
        let (text, digest) = self.manifest(&self.version).await?;
        let mut manifest: Manifest = serde_json::from_slice(&text)?;
        if let Some(chosen) = for_this_machine(&manifest.manifests) {
            let (text, _) = self.manifest(chosen).await?;
            manifest = serde_json::from_slice(&text)?;
        }
        let file = state.root.join("images").join(format!("{}.json", bare(&digest)));
        let _lock = state.lock("pull")?;
        if !file.exists() {
            let image = self.unpack(state, &manifest).await?;
            write_whole(&file, &serde_json::to_vec_pretty(&image)?)?;
        }
        Ok(digest)
    }

    async fn manifest(&self, version: &str) -> Result<(Vec<u8>, String), Error> {
        let text = self.get(&format!("manifests/{version}")).await?;
        let digest = format!("sha256:{}", hex(&Sha256::digest(&text)));
        Ok((text, digest))
    }

    async fn get(&self, path: &str) -> Result<Vec<u8>, Error> {
        let url = format!("{}/{path}", self.base);
        let request = self.http.get(&url).header("Accept", ACCEPTED);
        let answer = request.header("Authorization", &self.authorization).send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        if status.is_success() {
            return Ok(body.to_vec());
        }
        let text = String::from_utf8_lossy(&body).chars().take(300).collect::<String>();
        // "manifest unknown" is what callers look for to tell a missing image from a hiccup.
        let word = if status.as_u16() == 404 { "manifest unknown: " } else { "" };
        Err(Error::Refused(format!("{word}{url}: {status}: {text}")))
    }

    /// Layers are unpacked as a chain, so that images that begin with the same layers share the work.
    async fn unpack(&self, state: &State, manifest: &Manifest) -> Result<Unpacked, Error> {
        let config = manifest.config.as_ref();
        let config =
            config.ok_or_else(|| Error::Refused("the manifest has no configuration".to_owned()))?;
        let config: Configuration = serde_json::from_slice(&self.blob(&config.digest).await?)?;
        let mut chain = Sha256::new();
        let mut below: Option<PathBuf> = None;
        for layer in &manifest.layers {
            chain.update(layer.digest.as_bytes());
            let root = state.root.join("chains").join(hex(&chain.clone().finalize()));
            if !root.exists() {
                let bytes = self.blob(&layer.digest).await?;
                add_layer(&root, below.as_deref(), &bytes, &layer.media_type)?;
            }
            below = Some(root);
        }
        let root = below.ok_or_else(|| Error::Refused("the image has no layer".to_owned()))?;
        Ok(Unpacked { root, config: config.config })
    }

    async fn blob(&self, digest: &str) -> Result<Vec<u8>, Error> {
        let bytes = self.get(&format!("blobs/{digest}")).await?;
        let found = hex(&Sha256::digest(&bytes));
        if found != bare(digest) {
            return Err(Error::Refused(format!("blob {digest} arrived as sha256:{found}")));
        }
        Ok(bytes)
    }
}

/// Makes `root` from the root below it and one layer; it appears only when it is whole.
fn add_layer(root: &Path, below: Option<&Path>, bytes: &[u8], media: &str) -> Result<(), Error> {
    let part = root.with_extension("part");
    if part.exists() {
        fs::remove_dir_all(&part)?;
    }
    match below {
        Some(below) => unpack::clone_tree(below, &part, u64::MAX)?,
        None => fs::create_dir_all(&part)?,
    }
    if media.ends_with("zstd") {
        unpack::layer(&part, zstd::Decoder::new(bytes)?)?;
    } else if bytes.starts_with(&[0x1f, 0x8b]) {
        unpack::layer(&part, flate2::read::GzDecoder::new(bytes))?;
    } else {
        unpack::layer(&part, bytes)?;
    }
    fs::rename(&part, root)?;
    Ok(())
}

/// Of several platforms the one of this machine; no platform at all counts as it.
fn for_this_machine(manifests: &[Descriptor]) -> Option<&str> {
    let own = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let fits = |d: &&Descriptor| d.platform.as_ref().is_none_or(|p| p.architecture == own);
    manifests.iter().find(fits).map(|d| d.digest.as_str())
}

/// The credentials of docker's configuration for a host, else those the local AWS accepts.
fn authorization(host: &str) -> String {
    let configured = std::env::var("DOCKER_CONFIG").ok().and_then(|folder| {
        let text = fs::read(PathBuf::from(folder).join("config.json")).ok()?;
        let document: serde_json::Value = serde_json::from_slice(&text).ok()?;
        let auth = document.get("auths")?.get(host)?.get("auth")?;
        auth.as_str().map(str::to_owned)
    });
    let encoded = configured.unwrap_or_else(|| STANDARD.encode("AWS:cloudops-containers"));
    format!("Basic {encoded}")
}

fn bare(digest: &str) -> &str {
    digest.split_once(':').map_or(digest, |(_, hex)| hex)
}
