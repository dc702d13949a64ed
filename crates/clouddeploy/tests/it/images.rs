//! Images from packages: the same digests whatever the zip looks like, and layers by how often
//! their files change.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Cursor, Write as _},
    num::NonZeroUsize,
};

use camino::{Utf8Path, Utf8PathBuf};
use clouddeploy::{
    images::{Cache, ImageError, Making, assemble},
    topology::Topology,
};
use cloudops_aws::{
    config_file::BaseImage,
    ids::Digest,
    oci::{Base, Blob, Compression, Data, Image, Keyring},
    package::{Package, PackageError},
};
use zip::{CompressionMethod, DateTime, write::SimpleFileOptions};

/// How a zip is written: what must not matter.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    method: CompressionMethod,
    reversed: bool,
    year: u16,
}

pub(crate) const PLAIN: Style =
    Style { method: CompressionMethod::Deflated, reversed: false, year: 2020 };
pub(crate) const OTHER: Style =
    Style { method: CompressionMethod::Stored, reversed: true, year: 2031 };

pub(crate) fn zip(style: Style, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let date = DateTime::from_date_and_time(style.year, 1, 2, 3, 4, 6).unwrap();
    let options =
        SimpleFileOptions::default().compression_method(style.method).last_modified_time(date);
    let mut files: Vec<_> = files.iter().collect();
    if style.reversed {
        files.reverse();
    }
    for (name, bytes) in files {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn named(name: &str, bytes: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
    (name.to_owned(), bytes.into())
}

/// More than a group must save, of bytes that do not shrink to nothing.
fn large(seed: u8) -> Vec<u8> {
    (0..1_200_000_u32)
        .map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8 ^ seed)
        .collect()
}

pub(crate) const WEBAPPS: [&str; 7] = [
    "ext-cortex-webapp",
    "ep-rest-studio",
    "ext-search-webapp",
    "ext-cm-webapp",
    "ext-integration-webapp",
    "ext-batch-webapp",
    "ext-sync-webapp",
];

/// A web application: all share two libraries, but only two share a third one.
fn war(style: Style, artifact: &str, class: &str) -> Vec<u8> {
    let mut files = vec![
        named("index.html", artifact),
        named("WEB-INF/classes/A.class", class),
        named("WEB-INF/lib/others-1.2.jar", large(1)),
        named("WEB-INF/lib/ep-core-8.5.0.jar", large(2)),
        named(&format!("WEB-INF/lib/only-{artifact}-1.0.jar"), artifact),
    ];
    if ["ext-cm-webapp", "ext-batch-webapp"].contains(&artifact) {
        files.push(named("WEB-INF/lib/pair-3.jar", large(3)));
    }
    zip(style, &files)
}

struct Made {
    folder: tempfile::TempDir,
    package: Package,
    base: Base,
}

/// A package, of which the class of one web application may be another one.
fn made(style: Style, cm_class: &str) -> Made {
    let webapp = |artifact: &&str| {
        let class = if *artifact == "ext-cm-webapp" { cm_class } else { "a" };
        named(&format!("webapps/{artifact}-8.5.0.war"), war(style, artifact, class))
    };
    let mut files: Vec<_> = WEBAPPS.iter().map(webapp).collect();
    let tomcat =
        [named("apache-tomcat-9/bin/catalina.sh", "#!"), named("apache-tomcat-9/lib/a.jar", "a")];
    let data = [named("environments/default/ep.properties", "a=1")];
    let tool = [named("cli/bin/data-population.sh", "#!")];
    files.extend([
        named("webapps/apache-tomcat-9.0.70.zip", zip(style, &tomcat)),
        // It is in an image as it is, so its own bytes matter.
        named("database/ext-data-8.5.0.jar", zip(PLAIN, &data)),
        named("tools/ext-data-population-cli-8.5.0.zip", zip(style, &tool)),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().join("package.zip")).unwrap();
    fs_err::write(&path, zip(style, &files)).unwrap();
    let package = Package::open(&path).unwrap();
    let base = base(Utf8Path::from_path(folder.path()).unwrap(), &["amd64"]);
    Made { folder, package, base }
}

/// A base image with one layer for each architecture, as an OCI image layout.
pub(crate) fn base(folder: &Utf8Path, architectures: &[&str]) -> Base {
    let blobs = folder.join("base/blobs/sha256");
    fs_err::create_dir_all(&blobs).unwrap();
    let blob = |bytes: &[u8], kind: &str| {
        let digest = Digest::of(bytes);
        fs_err::write(blobs.join(digest.hex()), bytes).unwrap();
        serde_json::json!({"mediaType": kind, "digest": digest, "size": bytes.len()})
    };
    let entry = |architecture: &str| {
        let layer = blob(architecture.as_bytes(), "application/vnd.oci.image.layer.v1.tar");
        let config = serde_json::json!({
            "architecture": architecture, "os": "linux",
            "config": {"Env": ["JAVA_HOME=/opt/java"]},
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        });
        let kind = "application/vnd.oci.image.config.v1+json";
        let config = blob(config.to_string().as_bytes(), kind);
        let manifest = serde_json::json!({"schemaVersion": 2, "config": config, "layers": [layer]});
        let kind = "application/vnd.oci.image.manifest.v1+json";
        blob(manifest.to_string().as_bytes(), kind)
    };
    let entries: Vec<_> = architectures.iter().copied().map(entry).collect();
    let index = serde_json::json!({"manifests": entries});
    fs_err::write(folder.join("base/index.json"), index.to_string()).unwrap();
    let image = BaseImage::Layout { folder: "base".to_owned(), digest: None };
    futures::executor::block_on(Base::open(&image, folder, None, &Keyring::default(), &[])).unwrap()
}

/// The layers of an image for one platform.
fn layers(image: &Image) -> &[Blob] {
    &image.variants[0].layers
}

fn images(made: &Made, threads: usize) -> BTreeMap<String, Image> {
    let threads = NonZeroUsize::new(threads).unwrap();
    let making = Making { compression: Compression::Zstd, threads, ..Making::default() };
    assemble(&made.package, &Topology::commerce().unwrap(), &made.base, &making).unwrap().images
}

#[test]
fn the_digests_do_not_depend_on_how_the_zips_are_written() {
    let one = images(&made(PLAIN, "a"), 1);
    assert_eq!(one.len(), 7, "six services and a tool");
    let other = images(&made(OTHER, "a"), 4);
    for (name, image) in &one {
        assert_eq!(image.digest(), other[name].digest(), "{name}");
    }
}

#[test]
fn a_cache_changes_nothing_but_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(Utf8PathBuf::from_path_buf(folder.path().join("cache")).unwrap());
    let cached = |made: &Made| {
        let making = Making { cache: Some(cache.clone()), ..Making::default() };
        assemble(&made.package, &Topology::commerce().unwrap(), &made.base, &making).unwrap().images
    };
    // Layers that are written now, and not when somebody asks for them.
    let written = |images: &BTreeMap<String, Image>| -> BTreeSet<String> {
        let layers = images.values().flat_map(|image| layers(image).iter().skip(1));
        let now = layers.filter(|layer| !matches!(layer.data, Data::Later(_)));
        now.map(|layer| layer.digest.to_string()).collect()
    };
    let (before, after) = (made(PLAIN, "a"), made(PLAIN, "b"));
    let first = cached(&before);
    assert_eq!(first, images(&before, 2));
    let again = cached(&before);
    assert_eq!((&again, written(&again).len()), (&first, 0));
    let changed = cached(&after);
    assert_eq!((&changed, written(&changed).len()), (&images(&after, 2), 1));
    for (image, wanted) in again.values().zip(first.values()) {
        for (layer, wanted) in layers(image).iter().zip(layers(wanted)) {
            assert_eq!(layer.data.bytes().unwrap(), wanted.data.bytes().unwrap());
        }
    }
}

#[test]
fn one_class_changes_the_last_layer_of_one_image() {
    let (before, after) = (images(&made(PLAIN, "a"), 2), images(&made(PLAIN, "b"), 2));
    for (name, image) in &before {
        let same =
            layers(image).iter().zip(layers(&after[name])).filter(|(a, b)| a.digest == b.digest);
        let changed = layers(image).len() - same.count();
        assert_eq!(changed, usize::from(name == "cm"), "{name}");
        // Annotations tell the package, and so every digest changes; what runs does not.
        assert_ne!(image.digest(), after[name].digest());
        assert_eq!(image.content() == after[name].content(), name != "cm", "{name}");
        assert_eq!(image.attachments, after[name].attachments, "no jar changed: {name}");
    }
}

#[test]
fn layers_are_ordered_by_how_often_they_change_and_shared_as_far_as_they_fit() {
    let images = images(&made(PLAIN, "a"), 2);
    let titles = |name: &str| -> Vec<String> {
        let config = images[name].variants[0].config.data.bytes().unwrap();
        let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
        let history = config["history"].as_array().unwrap().iter();
        let title = |one: &serde_json::Value| one["created_by"].as_str().unwrap().to_owned();
        let plain = |title: String| title.split('-').next().unwrap().to_owned();
        history.map(title).map(plain).collect()
    };
    let alone = ["Tomcat", "shared library", "libraries", "shared suite"];
    let last = "classes, pages and environment folders";
    assert_eq!(titles("search"), [alone.as_slice(), &[last]].concat());
    let pair = ["Tomcat", "shared library", "shared library", "libraries", "shared suite", last];
    assert_eq!(titles("cm"), pair);
    let digests = |name: &str| layers(&images[name]).iter().map(|layer| layer.digest.clone());
    let search: Vec<Digest> = digests("search").collect();
    let shared = digests("cm").filter(|digest| search.contains(digest)).count();
    assert_eq!(shared, 4, "base, Tomcat, and what all have");
    assert_eq!(titles("data-pop-tool"), ["tool", "database changes"]);
}

#[test]
fn a_package_without_a_service_is_told() {
    let made = made(PLAIN, "a");
    let mut topology = Topology::commerce().unwrap();
    let search = topology.services.get_mut("search").unwrap();
    search.webapps.insert("ext-mock-webapp".to_owned(), "mock".to_owned());
    let error = assemble(&made.package, &topology, &made.base, &Making::default()).unwrap_err();
    assert!(matches!(error, ImageError::Package(PackageError::Lacks { .. })), "{error}");
    assert!(error.to_string().contains("webapps/ext-mock-webapp-<version>.war"), "{error}");
}

#[test]
fn one_build_gives_the_images_of_both_platforms() {
    let mut made = made(PLAIN, "a");
    let folder = Utf8Path::from_path(made.folder.path()).unwrap();
    let one = images(&made, 2);
    made.base = base(folder, &["arm64", "amd64"]);
    let both = images(&made, 2);
    for (name, image) in &both {
        let [amd, arm] = image.variants.as_slice() else { panic!("{name}: two platforms") };
        assert_eq!(amd.layers[1..], arm.layers[1..], "{name}");
        let alone = &one[name].variants[0];
        assert_eq!((&amd.layers, &amd.config), (&alone.layers, &alone.config), "{name}");
        assert_ne!(image.digest(), one[name].digest());
    }
}

#[test]
fn the_list_of_an_image_names_the_jars_in_it() {
    let images = images(&made(PLAIN, "a"), 2);
    let locations = |name: &str| -> Vec<String> {
        let list = images[name].attachments[0].content.data.bytes().unwrap();
        let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
        let components = list["components"].as_array().unwrap().iter();
        let places = components.flat_map(|one| one["evidence"]["occurrences"].as_array().unwrap());
        places.map(|place| place["location"].as_str().unwrap().to_owned()).collect()
    };
    let cm = locations("cm");
    let has = |end: &str| cm.iter().filter(|place| place.ends_with(end)).count();
    assert_eq!(has("/opt/tomcat/webapps/cm/WEB-INF/lib/only-ext-cm-webapp-1.0.jar"), 1, "{cm:?}");
    assert_eq!((has("/others-1.2.jar"), has("/pair-3.jar"), has("/ep-core-8.5.0.jar")), (1, 1, 1));
    assert!(!locations("search").iter().any(|place| place.ends_with("/pair-3.jar")));
}
