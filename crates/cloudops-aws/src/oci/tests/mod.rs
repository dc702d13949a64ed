//! The client against a registry that misbehaves.

mod lies;
mod logins;
mod redirects;
mod resume;
mod retries;
mod stand;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use stand::Stand;

use super::{
    Blob, Data, Image, Login, LoginError, Logins, OciError, Platform, PushReport, Registry, Source,
    Variant,
    descriptor::{CONFIG, MANIFEST},
    retry::Patience,
};
use crate::{events::EventSink, ids::Digest, redact::Secret};

/// What no message and no log may show.
const PASSWORD: &str = "correct-horse-battery";

/// As patient as a test.
const PATIENCE: Patience = Patience {
    tries: 4,
    first_tries: 2,
    first: Duration::from_millis(1),
    longest: Duration::from_millis(5),
};

fn blob(bytes: &[u8]) -> Blob {
    Blob {
        media_type: "application/vnd.oci.image.layer.v1.tar+zstd".to_owned(),
        digest: Digest::of(bytes),
        data: Data::from(bytes.to_vec()),
    }
}

/// An image with some layers.
fn image(layers: &[&str]) -> Image {
    let layers: Vec<Blob> = layers.iter().map(|layer| blob(layer.as_bytes())).collect();
    let settings = serde_json::json!({"architecture": "amd64", "os": "linux", "config": {}});
    let config = Blob::of(CONFIG, settings.to_string().into_bytes());
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor(),
        "layers": layers.iter().map(Blob::descriptor).collect::<Vec<_>>(),
    });
    let manifest = Blob::of(MANIFEST, manifest.to_string().into_bytes());
    let (platform, top) = (Platform::Amd64, manifest.clone());
    let variant = Variant { platform, manifest, config, layers, settings };
    Image { top, variants: vec![variant], attachments: Vec::new() }
}

fn config(image: &Image) -> &Blob {
    &image.variants[0].config
}

fn layers(image: &Image) -> &[Blob] {
    &image.variants[0].layers
}

/// Fetches an image with everything in it.
async fn pull(registry: Registry, reference: &str) -> Result<Vec<Blob>, OciError> {
    let source = Source::registry(&Arc::new(registry), reference)?;
    let image = Image::read(&source, reference, &[]).await?;
    let mut all = Vec::new();
    for blob in layers(&image).iter().chain([config(&image)]) {
        let data = source.fetch(&blob.descriptor()).await?;
        all.push(Blob { data, ..blob.clone() });
    }
    Ok(all)
}

/// What [`pull`] gives.
fn all(image: &Image) -> Vec<Blob> {
    layers(image).iter().chain([config(image)]).cloned().collect()
}

fn registry(stand: &Stand) -> Registry {
    with(stand, Logins::anonymous())
}

fn with(stand: &Stand, logins: Logins) -> Registry {
    Registry::with_logins(&stand.host(), logins).with_patience(PATIENCE)
}

async fn push(registry: &Registry, image: &Image) -> Result<PushReport, OciError> {
    registry.push(image, "cm", "v1", &EventSink::null()).await
}

fn password(user: &str) -> Login {
    Login::Password { user: user.to_owned(), password: Secret::new(PASSWORD) }
}

/// Gives users `user-1`, `user-2` and so on, and counts them.
fn counted() -> (Logins, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let logins = Logins::from_fn("Log in again.", move || {
        let number = counter.fetch_add(1, Ordering::Relaxed) + 1;
        std::future::ready(Ok::<_, LoginError>(password(&format!("user-{number}"))))
    });
    (logins, count)
}

/// The header of a user of [`counted`].
fn basic(user: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("Basic {}", STANDARD.encode(format!("{user}:{PASSWORD}")))
}
