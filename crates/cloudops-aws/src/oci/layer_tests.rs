use std::collections::BTreeMap;

use super::*;

fn write(files: &[(&str, &str)], options: &LayerOptions) -> Layer {
    let mut writer = LayerWriter::new("test", options);
    for (path, text) in files {
        writer
            .file(
                path,
                path.ends_with(".sh"),
                text.len() as u64,
                &mut text.as_bytes(),
            )
            .unwrap();
    }
    writer.symlink("opt/z", "../a").unwrap();
    writer.finish().unwrap()
}

fn bytes(layer: &Layer) -> Vec<u8> {
    match &layer.content {
        Content::Bytes(bytes) => bytes.to_vec(),
        Content::Temporary(path) => std::fs::read(&**path).unwrap(),
        _ => unreachable!(),
    }
}

#[test]
fn equal_content_has_an_equal_digest_in_memory_and_in_a_file() {
    let long = "x".repeat(300);
    let name = format!("opt/{}/b", "long".repeat(60));
    let files = [("opt/a.sh", "1"), (name.as_str(), long.as_str())];
    let small = write(&files, &LayerOptions::default());
    let file = write(
        &files,
        &LayerOptions {
            memory: 10,
            ..LayerOptions::default()
        },
    );
    assert_eq!(small.digest, file.digest);
    assert_eq!(Digest::of(&bytes(&file)), file.digest);
    assert_eq!(file.size, bytes(&file).len() as u64);
}

#[test]
fn entries_carry_nothing_of_the_machine() {
    let layer = write(
        &[("ep/bin/start.sh", "s"), ("ep/x", "y")],
        &LayerOptions::default(),
    );
    let plain = bytes(&layer);
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(plain.as_slice()));
    let mut seen = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.mtime().unwrap(), header.uid().unwrap()), (0, 0));
        assert_eq!(header.username().unwrap(), Some(""));
        seen.insert(
            entry.path().unwrap().display().to_string(),
            (header.entry_type(), header.mode().unwrap()),
        );
    }
    let expected = [
        ("ep/bin/", EntryType::Directory, 0o755),
        ("ep/bin/start.sh", EntryType::Regular, 0o755),
        ("ep/x", EntryType::Regular, 0o644),
        ("opt/z", EntryType::Symlink, 0o777),
    ];
    let expected = expected.map(|(path, kind, mode)| (path.to_owned(), (kind, mode)));
    assert_eq!(seen, BTreeMap::from(expected));
}

#[test]
fn refuses_bad_paths_disorder_and_wrong_sizes() {
    let mut writer = LayerWriter::new("test", &LayerOptions::default());
    for path in ["", "/etc/passwd", "a/../b", "a//b", "a/./b"] {
        let error = writer.file(path, false, 0, &mut io::empty()).unwrap_err();
        assert!(matches!(error, LayerError::Path { .. }), "{path}: {error}");
    }
    writer.file("a/b", false, 0, &mut io::empty()).unwrap();
    for path in ["a/b", "a/a"] {
        let error = writer.file(path, false, 0, &mut io::empty()).unwrap_err();
        assert!(matches!(error, LayerError::Order { .. }), "{error}");
    }
    for size in [2, 4] {
        let error = writer
            .file(&format!("b/{size}"), false, size, &mut &b"abc"[..])
            .unwrap_err();
        assert!(matches!(error, LayerError::Size { .. }), "{error}");
    }
}

#[test]
fn a_folder_stands_right_before_what_is_in_it() {
    let mut paths = ["a/b", "a-b", "a", "a.b/c"];
    paths.sort_by(|one, other| path_order(one, other));
    assert_eq!(paths, ["a", "a/b", "a-b", "a.b/c"]);
}
