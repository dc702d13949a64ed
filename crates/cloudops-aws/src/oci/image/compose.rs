//! A base and what stands on it become an image: when it is built, and when its base is swapped.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    super::{
        Base, Layer, OciError, Platform,
        descriptor::{Blob, CONFIG, MANIFEST},
    },
    BASE_DIGEST, BASE_NAME, CREATED, CREATED_AT, Image, ImageSpec, Variant,
};

/// A layer on top of a base.
#[derive(Debug, Clone)]
pub(super) struct Upper {
    blob: Blob,
    diff_id: Value,
    history: Value,
}

pub(super) fn uppers(layers: &[Layer]) -> Vec<Upper> {
    let upper = |layer: &Layer| Upper {
        blob: Blob {
            media_type: layer.media_type.clone(),
            digest: layer.digest.clone(),
            data: layer.data.clone(),
        },
        diff_id: json!(layer.diff_id),
        history: json!({"created": CREATED, "created_by": layer.title}),
    };
    layers.iter().map(upper).collect()
}

/// How an image runs, as its configuration says it, with our own variables alone.
pub(super) fn run(spec: &ImageSpec) -> Value {
    let variables =
        spec.environment.iter().map(|(key, value)| json!(format!("{key}={value}"))).collect();
    let mut run = json!({
        "User": spec.user,
        "Env": Value::Array(variables),
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
    run
}

pub(super) fn image(
    base: &Base,
    uppers: &[Upper],
    run: &Value,
    annotations: &BTreeMap<String, String>,
) -> Image {
    let annotations = |digest: &str| {
        let mut all = annotations.clone();
        all.insert(BASE_DIGEST.to_owned(), digest.to_owned());
        all.insert(BASE_NAME.to_owned(), base.name.clone());
        all.insert(CREATED_AT.to_owned(), CREATED.to_owned());
        all
    };
    let variant = |below: &Variant| {
        let annotations = annotations(below.manifest.digest.as_str());
        variant(below, uppers, run, &annotations)
    };
    let variants = base.image.variants.iter().map(variant).collect();
    Image::of(variants, &annotations(base.digest().as_str()))
}

fn variant(
    below: &Variant,
    uppers: &[Upper],
    run: &Value,
    annotations: &BTreeMap<String, String>,
) -> Variant {
    let settings = settings(below, uppers, run);
    let config = Blob::of(CONFIG, settings.to_string().into_bytes());
    let ours = uppers.iter().map(|upper| upper.blob.clone());
    let layers: Vec<Blob> = below.layers.iter().cloned().chain(ours).collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor(),
        "layers": layers.iter().map(Blob::descriptor).collect::<Vec<_>>(),
        "annotations": annotations,
    });
    let manifest = Blob::of(MANIFEST, manifest.to_string().into_bytes());
    Variant { platform: below.platform, manifest, config, layers, settings }
}

fn settings(below: &Variant, uppers: &[Upper], run: &Value) -> Value {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut diff_ids = list(&below.settings["rootfs"]["diff_ids"]);
    diff_ids.extend(uppers.iter().map(|upper| upper.diff_id.clone()));
    let mut history = list(&below.settings["history"]);
    history.extend(uppers.iter().map(|upper| upper.history.clone()));
    // The base's variables with ours, sorted; ours win.
    let mut variables: BTreeMap<String, String> = below.variables().into_iter().collect();
    variables.extend(pairs(&list(&run["Env"])));
    let mut run = run.clone();
    run["Env"] = variables.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut settings = json!({
        "architecture": below.platform.architecture(),
        "os": "linux",
        "created": CREATED,
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    });
    if let Some(variant) = below.settings.get("variant") {
        settings["variant"] = variant.clone();
    }
    settings
}

fn pairs(variables: &[Value]) -> impl Iterator<Item = (String, String)> {
    variables.iter().filter_map(|entry| {
        let (key, value) = entry.as_str()?.split_once('=')?;
        Some((key.to_owned(), value.to_owned()))
    })
}

impl Image {
    /// The same image on another base, exactly as a build on that base would give it: for all
    /// platforms of the new base, since our layers are the same on each. No layer is read.
    ///
    /// # Errors
    /// [`OciError::NotBasedOn`] when `old` is not what this image stands on.
    pub fn rebase(&self, old: &Base, new: &Base) -> Result<Self, OciError> {
        let stands_on = |variant: &&Variant| {
            old.image.variant(variant.platform).is_some_and(|below| {
                let digests = |layers: &[Blob]| {
                    layers.iter().map(|layer| layer.digest.clone()).collect::<Vec<_>>()
                };
                digests(&variant.layers).starts_with(&digests(&below.layers))
            })
        };
        let ours = self.variants.iter().find(stands_on);
        let below = ours.and_then(|ours| old.image.variant(ours.platform));
        let (Some(ours), Some(below)) = (ours, below) else {
            return Err(OciError::NotBasedOn {
                image: self.digest().to_string(),
                base: old.digest().to_string(),
            });
        };
        let annotations = annotations(self);
        Ok(image(new, &above(ours, below), &own_run(ours, below), &annotations))
    }

    /// Digest of the base that it stands on, as it says itself.
    #[must_use]
    pub fn base_digest(&self) -> Option<crate::ids::Digest> {
        annotations(self).get(BASE_DIGEST)?.parse().ok()
    }
}

fn annotations(image: &Image) -> BTreeMap<String, String> {
    serde_json::from_value(image.document()["annotations"].clone()).unwrap_or_default()
}

/// The layers of an image that are not its base's.
fn above(image: &Variant, below: &Variant) -> Vec<Upper> {
    let count = below.layers.len();
    let rest = |settings: &Value, key: &str, skip: usize| {
        let all = match key {
            "history" => &settings["history"],
            _ => &settings["rootfs"]["diff_ids"],
        };
        let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
        all.get(skip..).unwrap_or_default().to_vec()
    };
    let lines = below.settings["history"].as_array().map_or(0, Vec::len);
    let diff_ids = rest(&image.settings, "diff_ids", count);
    let history = rest(&image.settings, "history", lines);
    let layers = image.layers[count..].iter().cloned();
    let known = layers.zip(diff_ids).enumerate();
    let upper = |(place, (blob, diff_id)): (usize, (Blob, Value))| Upper {
        blob,
        diff_id,
        history: history.get(place).cloned().unwrap_or_default(),
    };
    known.map(upper).collect()
}

/// How an image runs, without the variables that it has from its base.
fn own_run(image: &Variant, below: &Variant) -> Value {
    let inherited: BTreeMap<String, String> = below.variables().into_iter().collect();
    let own =
        image.variables().into_iter().filter(|(key, value)| inherited.get(key) != Some(value));
    let mut run = image.settings["config"].clone();
    run["Env"] = own.map(|(key, value)| format!("{key}={value}")).collect();
    run
}

impl Variant {
    /// What each layer is for, as its history tells it, and its compressed bytes; lowest first.
    #[must_use]
    pub fn titles(&self) -> Vec<(String, u64)> {
        let history = self.settings["history"].as_array().cloned().unwrap_or_default();
        let written = history.iter().filter(|line| line["empty_layer"] != true);
        let titles: Vec<&str> =
            written.map(|line| line["created_by"].as_str().unwrap_or_default()).collect();
        let title = |(place, layer): (usize, &Blob)| {
            ((*titles.get(place).unwrap_or(&"")).to_owned(), layer.data.len())
        };
        self.layers.iter().enumerate().map(title).collect()
    }

    /// How it runs: the part `config` of its configuration.
    #[must_use]
    pub fn runs(&self) -> &Value {
        &self.settings["config"]
    }
}

/// The platforms that are wanted of an image, for messages.
pub(super) fn names(platforms: impl IntoIterator<Item = Platform>) -> String {
    let names: Vec<String> = platforms.into_iter().map(|platform| platform.to_string()).collect();
    names.join(", ")
}
