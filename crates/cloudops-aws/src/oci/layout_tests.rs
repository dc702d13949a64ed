use std::{collections::BTreeMap, sync::Arc};

use super::*;
use crate::oci::{ImageSpec, LayerOptions, LayerWriter};

fn image() -> Image {
    let mut writer = LayerWriter::new(
        "test",
        &LayerOptions {
            memory: 1,
            ..LayerOptions::default()
        },
    );
    writer.file("ep/a", false, 1, &mut &b"a"[..]).unwrap();
    let layers = vec![Arc::new(writer.finish().unwrap())];
    let labels = BTreeMap::from(["a", "b", "c"].map(|name| (name.to_owned(), name.to_owned())));
    let base = Base::scratch(&Platform::linux_amd64()).unwrap();
    ImageSpec {
        layers,
        annotations: labels.clone(),
        labels,
        ..ImageSpec::default()
    }
    .build(&base)
    .unwrap()
}

async fn written() -> (tempfile::TempDir, Image) {
    let (folder, image) = (tempfile::tempdir().unwrap(), image());
    write(&[("cortex".to_owned(), &image)], folder.path())
        .await
        .unwrap();
    (folder, image)
}

#[tokio::test]
async fn reads_what_was_written() {
    let (folder, image) = written().await;
    let base = Base::from_layout(folder.path(), &Platform::linux_amd64()).unwrap();
    assert_eq!(base.digest, image.digest);
    assert_eq!(base.layers[0].diff_id, image.layers[0].diff_id);
    // Again: nothing is written twice, and hash maps do not change the digest.
    write(
        &[("cortex".to_owned(), &super::tests::image())],
        folder.path(),
    )
    .await
    .unwrap();
    assert_eq!(super::tests::image().digest, image.digest);
}

#[tokio::test]
async fn says_what_is_wrong_with_a_layout() {
    let (folder, image) = written().await;
    let read = |platform: &Platform| {
        Base::from_layout(folder.path(), platform)
            .unwrap_err()
            .to_string()
    };
    let error = read(&Platform::linux_arm64());
    assert!(
        error.contains("has no image for linux/arm64, but for linux/amd64"),
        "{error}"
    );
    let blob = |digest: &Digest| folder.path().join("blobs/sha256").join(digest.hex());
    std::fs::write(blob(&image.layers[0].digest), "short").unwrap();
    let error = read(&Platform::linux_amd64());
    assert!(error.contains("has 5 bytes instead of"), "{error}");
    std::fs::write(blob(&image.config.digest), "{}").unwrap();
    let error = read(&Platform::linux_amd64());
    assert!(error.contains("the content of blob"), "{error}");
    std::fs::remove_file(folder.path().join("index.json")).unwrap();
    let error = read(&Platform::linux_amd64());
    assert!(
        error.contains("is not an OCI image layout: it has no index.json"),
        "{error}"
    );
}
