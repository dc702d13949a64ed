//! Images: a base, our layers on top, and how the image runs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Base, Layer, content::Data};
use crate::ids::Digest;

const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";

/// When every image was made: a fixed date, so that a build can be repeated.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Content with its digest.
#[derive(Debug, Clone)]
pub struct Blob {
    /// Media type.
    pub media_type: String,
    /// Digest.
    pub digest: Digest,
    /// Bytes.
    pub data: Data,
}

impl PartialEq for Blob {
    /// The digest says it all.
    fn eq(&self, other: &Self) -> bool {
        (&self.media_type, &self.digest) == (&other.media_type, &other.digest)
    }
}

impl Blob {
    fn of(media_type: &str, data: Vec<u8>) -> Self {
        let digest = Digest::of(&data);
        Self { media_type: media_type.to_owned(), digest, data: data.into() }
    }

    fn descriptor(&self) -> Value {
        json!({
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": self.data.len(),
        })
    }
}

/// How an image runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageSpec {
    /// Entry point, in exec form.
    pub entrypoint: Vec<String>,
    /// Default arguments of the entry point.
    pub command: Vec<String>,
    /// Environment variables, beside the base's.
    pub environment: BTreeMap<String, String>,
    /// User and group, as numbers.
    pub user: String,
    /// Port it listens on.
    pub port: Option<u16>,
    /// Folder that it starts in.
    pub working_directory: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
}

/// A finished image.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// The manifest; its digest names the image.
    pub manifest: Blob,
    /// The configuration.
    pub config: Blob,
    /// The layers, lowest first.
    pub layers: Vec<Blob>,
}

impl Image {
    /// Puts layers on a base.
    #[must_use]
    pub fn new(base: &Base, layers: &[Layer], spec: &ImageSpec) -> Self {
        let config = Blob::of(CONFIG_TYPE, config(base, layers, spec).to_string().into_bytes());
        let ours = layers.iter().map(|layer| Blob {
            media_type: layer.media_type.clone(),
            digest: layer.digest.clone(),
            data: layer.data.clone(),
        });
        let layers: Vec<Blob> = base.layers.iter().cloned().chain(ours).collect();
        let mut annotations = spec.annotations.clone();
        annotations
            .insert("org.opencontainers.image.base.digest".to_owned(), base.digest.to_string());
        annotations.insert("org.opencontainers.image.base.name".to_owned(), base.name.clone());
        annotations.insert("org.opencontainers.image.created".to_owned(), CREATED.to_owned());
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": config.descriptor(),
            "layers": layers.iter().map(Blob::descriptor).collect::<Vec<_>>(),
            "annotations": annotations,
        });
        let manifest = Blob::of(MANIFEST_TYPE, manifest.to_string().into_bytes());
        Self { manifest, config, layers }
    }

    /// Digest of the image.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.manifest.digest
    }

    /// Size of all layers, compressed, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.layers.iter().map(|layer| layer.data.len()).sum()
    }
}

fn config(base: &Base, layers: &[Layer], spec: &ImageSpec) -> Value {
    let mut diff_ids = base.config["rootfs"]["diff_ids"].as_array().cloned().unwrap_or_default();
    diff_ids.extend(layers.iter().map(|layer| json!(layer.diff_id)));
    let mut history = base.config["history"].as_array().cloned().unwrap_or_default();
    history
        .extend(layers.iter().map(|layer| json!({"created": CREATED, "created_by": layer.title})));
    let mut run = json!({
        "User": spec.user,
        "Env": environment(base, spec),
        "Entrypoint": spec.entrypoint,
        "Labels": spec.labels,
        "WorkingDir": spec.working_directory,
        "StopSignal": "SIGTERM",
    });
    if !spec.command.is_empty() {
        run["Cmd"] = json!(spec.command);
    }
    if let Some(port) = spec.port {
        run["ExposedPorts"] = json!({format!("{port}/tcp"): {}});
    }
    json!({
        "architecture": base.config["architecture"],
        "os": base.config["os"],
        "created": CREATED,
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    })
}

/// The base's variables with ours, sorted; ours win.
fn environment(base: &Base, spec: &ImageSpec) -> Vec<String> {
    let from_base = base.config["config"]["Env"].as_array().cloned().unwrap_or_default();
    let pairs = from_base.iter().filter_map(|entry| {
        let (key, value) = entry.as_str()?.split_once('=')?;
        Some((key.to_owned(), value.to_owned()))
    });
    let mut all: BTreeMap<String, String> = pairs.collect();
    all.extend(spec.environment.clone());
    all.into_iter().map(|(key, value)| format!("{key}={value}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::LayerBuilder, *};

    fn base() -> Base {
        let layer = Blob::of("application/vnd.oci.image.layer.v1.tar", b"base".to_vec());
        Base {
            digest: Digest::of(b"base manifest"),
            name: "jre".to_owned(),
            config: json!({
                "architecture": "amd64",
                "os": "linux",
                "config": {"Env": ["PATH=/bin", "JAVA_HOME=/opt/java"]},
                "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
            }),
            layers: vec![layer],
        }
    }

    fn spec() -> ImageSpec {
        ImageSpec {
            entrypoint: vec!["/ep/bin/start".to_owned()],
            environment: BTreeMap::from([("PATH".to_owned(), "/ep/bin:/bin".to_owned())]),
            user: "10001:10001".to_owned(),
            port: Some(8080),
            ..ImageSpec::default()
        }
    }

    #[test]
    fn an_image_is_its_base_with_our_layers_and_repeats() {
        let mut builder = LayerBuilder::new();
        builder.file("/ep/bin/start", "x", true);
        let layer = builder.finish("start script").unwrap();
        let image = Image::new(&base(), std::slice::from_ref(&layer), &spec());
        assert_eq!(image, Image::new(&base(), std::slice::from_ref(&layer), &spec()));
        assert_eq!(image.layers.len(), 2);
        let config: Value = serde_json::from_slice(&image.config.data.bytes().unwrap()).unwrap();
        assert_eq!(config["rootfs"]["diff_ids"][1], json!(layer.diff_id));
        assert_eq!(config["config"]["Env"], json!(["JAVA_HOME=/opt/java", "PATH=/ep/bin:/bin"]));
        let other = ImageSpec { user: "1".to_owned(), ..spec() };
        assert_ne!(Image::new(&base(), &[layer], &other).digest(), image.digest());
    }
}
