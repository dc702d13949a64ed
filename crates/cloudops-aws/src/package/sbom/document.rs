//! The list in the words of CycloneDX 1.6.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::{Map, Value, json};

use super::{
    Sbom,
    jar::{Coordinates, JarFacts, Told},
};

/// Reference of the image itself.
const ROOT: &str = "image";

/// The document, without its serial number.
pub(super) fn of(sbom: &Sbom) -> Value {
    let mut jars: Vec<_> = sbom.jars.values().collect();
    jars.sort_by(|a, b| (&a.0.told, &a.0.digest).cmp(&(&b.0.told, &b.0.digest)));
    let references: Vec<String> = jars.iter().map(|(jar, _)| reference(jar)).collect();
    let mut image = json!({"type": "container", "bom-ref": ROOT, "name": sbom.name});
    if !sbom.version.is_empty() {
        image["version"] = sbom.version.as_str().into();
    }
    let tool = json!({
        "type": "application",
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
    });
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": null,
        "version": 1,
        "metadata": {"tools": {"components": [tool]}, "component": image},
        "components":
            jars.iter().map(|(jar, paths)| component(jar, paths)).collect::<Vec<_>>(),
        "dependencies": [{"ref": ROOT, "dependsOn": references}],
    })
}

/// What others call a jar by: two jars with the same coordinates are still two.
fn reference(jar: &JarFacts) -> String {
    jar.digest.to_string()
}

fn component(jar: &JarFacts, paths: &BTreeSet<String>) -> Value {
    let reference = reference(jar);
    let mut component = match &jar.told {
        Told::Maven { coordinates, classifier } => {
            published(coordinates, classifier.as_deref(), &reference)
        }
        Told::Name { name, version } => named(name, version.as_deref(), &reference),
    };
    component.insert("hashes".to_owned(), json!([{"alg": "SHA-256", "content": jar.digest.hex()}]));
    if !jar.inside.is_empty() {
        let part = |part: &Coordinates| {
            let reference = format!("{reference}!{}", purl(part, None));
            Value::Object(published(part, None, &reference))
        };
        component.insert("components".to_owned(), jar.inside.iter().map(part).collect());
    }
    let places: Vec<Value> = paths.iter().map(|path| json!({"location": path})).collect();
    component.insert("evidence".to_owned(), json!({"occurrences": places}));
    if let Some(reason) = &jar.unreadable {
        let property = json!({"name": "cloudops:unreadable", "value": reason});
        component.insert("properties".to_owned(), json!([property]));
    }
    Value::Object(component)
}

fn published(
    coordinates: &Coordinates,
    classifier: Option<&str>,
    reference: &str,
) -> Map<String, Value> {
    let mut component = library(reference);
    let mut put = |key: &str, value: &str| component.insert(key.to_owned(), value.into());
    put("group", &coordinates.group);
    put("name", &coordinates.artifact);
    put("version", &coordinates.version);
    put("purl", &purl(coordinates, classifier));
    component
}

fn named(name: &str, version: Option<&str>, reference: &str) -> Map<String, Value> {
    let mut component = library(reference);
    component.insert("name".to_owned(), name.into());
    let mut purl = format!("pkg:generic/{}", encoded(name));
    if let Some(version) = version {
        component.insert("version".to_owned(), version.into());
        purl = format!("{purl}@{}", encoded(version));
    }
    component.insert("purl".to_owned(), purl.into());
    component
}

fn library(reference: &str) -> Map<String, Value> {
    Map::from_iter([
        ("type".to_owned(), "library".into()),
        ("bom-ref".to_owned(), reference.into()),
    ])
}

fn purl(coordinates: &Coordinates, classifier: Option<&str>) -> String {
    let Coordinates { group, artifact, version } = coordinates;
    let purl = format!("pkg:maven/{}/{}@{}", encoded(group), encoded(artifact), encoded(version));
    match classifier {
        Some(classifier) => format!("{purl}?classifier={}", encoded(classifier)),
        None => purl,
    }
}

/// A part of a package URL: all but letters, digits and four marks is written as `%` and digits.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to text cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
