use super::{super::LayerBuilder, *};

fn base(name: &str, platforms: &[Platform]) -> Base {
    let variant = |platform: Platform| {
        let layer = format!("{name} {platform}").into_bytes();
        let layer = Blob::of("application/vnd.oci.image.layer.v1.tar", layer);
        let settings = json!({
            "architecture": platform.architecture(),
            "os": "linux",
            "config": {"Env": ["PATH=/bin", format!("JAVA_VERSION={name}")]},
            "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
            "history": [{"created_by": "base"}, {"created_by": "env", "empty_layer": true}],
        });
        let blob = |text: &str| Blob::of("application/json", text.as_bytes().to_vec());
        let (manifest, config) =
            (blob(&format!("manifest of {name} {platform}")), blob(&settings.to_string()));
        Variant { platform, manifest, config, layers: vec![layer], settings }
    };
    let variants = platforms.iter().copied().map(variant).collect();
    Base { name: format!("registry.example.com/{name}"), image: Image::of(variants, &[].into()) }
}

fn spec() -> ImageSpec {
    ImageSpec {
        entrypoint: vec!["/ep/bin/start".to_owned()],
        environment: BTreeMap::from([("PATH".to_owned(), "/ep/bin:/bin".to_owned())]),
        user: "10001:10001".to_owned(),
        port: Some(8080),
        annotations: BTreeMap::from([("title".to_owned(), "cm".to_owned())]),
        ..ImageSpec::default()
    }
}

fn layer(text: &str) -> Layer {
    let mut builder = LayerBuilder::new();
    builder.file("/ep/bin/start", text.to_owned(), true);
    builder.finish(text).unwrap()
}

fn settings(blob: &Blob) -> Value {
    serde_json::from_slice(&blob.data.bytes().unwrap()).unwrap()
}

const ONE: [Platform; 1] = [Platform::Amd64];

#[test]
fn an_image_is_its_base_with_our_layers_and_repeats() {
    let layer = layer("x");
    let made = |spec| Image::new(&base("jre", &ONE), std::slice::from_ref(&layer), &spec);
    let image = made(spec());
    assert_eq!(image, made(spec()));
    let [only] = image.variants.as_slice() else { panic!("one platform") };
    assert_eq!((only.layers.len(), &only.manifest), (2, &image.top));
    let config = settings(&only.config);
    assert_eq!(config["rootfs"]["diff_ids"][1], json!(layer.diff_id));
    assert_eq!(config["config"]["Env"], json!(["JAVA_VERSION=jre", "PATH=/ep/bin:/bin"]));
    let other = made(ImageSpec { user: "1".to_owned(), ..spec() });
    assert_ne!((other.digest(), other.content()), (image.digest(), image.content()));
    let annotations = BTreeMap::from([("revision".to_owned(), "2".to_owned())]);
    let told = made(ImageSpec { annotations, ..spec() });
    assert_ne!(told.digest(), image.digest());
    assert_eq!(told.content(), image.content(), "it runs the same");
}

#[test]
fn platforms_share_our_layers_and_stand_in_one_index() {
    let base = base("jre", &Platform::ALL);
    let image = Image::new(&base, &[layer("x"), layer("y")], &spec());
    let [amd, arm] = image.variants.as_slice() else { panic!("two platforms") };
    assert_eq!(amd.layers[1..], arm.layers[1..]);
    assert_ne!(amd.layers[0], arm.layers[0]);
    assert_eq!(image.blobs().len(), 2 + 2 + 2, "bases, layers of both, configurations");
    let index = image.document();
    assert_eq!(index["mediaType"], INDEX);
    assert_eq!(index["manifests"][1]["platform"]["architecture"], "arm64");
    assert_eq!(index["manifests"][1]["digest"], json!(arm.manifest.digest));
    assert_eq!(index["annotations"][BASE_DIGEST], json!(base.digest()));
    assert_eq!(settings(&arm.config)["architecture"], "arm64");
    assert_eq!(
        settings(&arm.manifest)["annotations"][BASE_DIGEST],
        json!(base.image.variants[1].manifest.digest)
    );
}

#[test]
fn a_rebased_image_is_what_a_build_on_the_new_base_gives() {
    let layers = [layer("x"), layer("y")];
    let (old, new) = (base("17.0.1", &ONE), base("17.0.2", &Platform::ALL));
    let image = Image::new(&old, &layers, &spec());
    let rebased = image.rebase(&old, &new).unwrap();
    assert_eq!(rebased, Image::new(&new, &layers, &spec()));
    assert_eq!(rebased.base_digest().as_ref(), Some(new.digest()));
    let back = rebased.rebase(&new, &old).unwrap();
    assert_eq!(back, image);
    let error = image.rebase(&new, &old).unwrap_err().to_string();
    assert!(error.contains("does not stand on the base"), "{error}");
}

#[test]
fn layers_are_told_with_their_titles() {
    let image = Image::new(&base("jre", &ONE), &[layer("ours")], &spec());
    let titles = image.variants[0].titles();
    let titles: Vec<&str> = titles.iter().map(|(title, _)| title.as_str()).collect();
    assert_eq!(titles, ["base", "ours"]);
}
