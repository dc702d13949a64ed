//! Sources from S3, bad sources through the program, and any tree through archive and git.

use std::io::Write;

use camino::Utf8Path;
use cloudops_aws::{
    diagnose::{Class, Diagnose},
    events::EventKind,
};
use cloudops_e2e::{binary::scripted::reply, git::Repository};
use cloudteam::source::{Distribution, SourceError, SourceSpec, fetch, unpack::Limits};
use proptest::prelude::*;

use crate::stage::{ctx_with, folder, request, write};

#[tokio::test]
async fn an_object_that_is_not_there_is_named() {
    let none = reply("s3", "GetObject").error(404, "NoSuchKey", "there is none");
    let (ctx, _aws) = ctx_with(vec![none]).await;
    let source = SourceSpec::parse("s3://my-bucket/in/c.zip").unwrap();
    let error = fetch(&ctx, &source, Limits::default(), &Default::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no object s3://my-bucket/in/c.zip");
    assert_eq!(error.class(), Class::Configuration);
}

#[tokio::test]
async fn an_object_is_downloaded_with_progress_and_judged_like_a_file() {
    let (ctx, _aws) = ctx_with(vec![reply("s3", "GetObject").body("these are notes")]).await;
    let source = SourceSpec::parse("s3://my-bucket/in/c.tar.gz").unwrap();
    let error = fetch(&ctx, &source, Limits::default(), &Default::default()).await.unwrap_err();
    assert!(matches!(error, SourceError::Archive { .. }), "{error}");
    assert!(error.to_string().starts_with("s3://my-bucket/in/c.tar.gz is damaged"), "{error}");
    let moved = ctx.recording.events().into_iter().find_map(|event| match event.kind {
        EventKind::Transfer { done, total, .. } => Some((done, total)),
        _ => None,
    });
    assert_eq!(moved, Some((15, Some(15))));
}

#[tokio::test]
async fn a_source_that_is_not_there_or_of_another_kind_is_refused() {
    let (ctx, _aws) = ctx_with(Vec::new()).await;
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("notes.txt", "x")]);
    let notes = dir.path().join("notes.txt").display().to_string();
    for (text, expected) in [
        ("no-such-folder", "there is no such folder"),
        ("no-such.zip", "there is no such file"),
        (notes.as_str(), "it is a file, but not a .zip"),
    ] {
        let source = SourceSpec::parse(text).unwrap();
        let error = fetch(&ctx, &source, Limits::default(), &Default::default()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

/// What a file of a tree is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Executable,
    Link,
}

/// Names, kinds, contents; that of a link is its target.
type Files = Vec<(String, Kind, Vec<u8>)>;

fn trees() -> impl Strategy<Value = Files> {
    let name = "[a-zäöü日 \"'#%+~-]{1,8}(\\.[a-z]{1,3})?";
    let content = prop_oneof![
        Just(Vec::new()),
        proptest::collection::vec(any::<u8>(), 0..300),
        "(\\$Id\\$|[a-z]{0,5}|\r\n|\n|\r){0,20}".prop_map(String::into_bytes),
    ];
    let kind =
        prop_oneof![3 => Just(Kind::Plain), 1 => Just(Kind::Executable), 1 => Just(Kind::Link)];
    let file = (name, "(d[0-9]/)?", kind, content);
    proptest::collection::vec(file, 0..8).prop_map(|files| {
        let mut seen = std::collections::BTreeSet::new();
        let named = |(name, folder, kind, content): (String, String, Kind, Vec<u8>)| {
            let target = if folder.is_empty() { "VERSION" } else { "../VERSION" };
            let content = if kind == Kind::Link { target.into() } else { content };
            (format!("{folder}{}", name.trim()), kind, content)
        };
        let files = files.into_iter().map(named);
        files
            .filter(|(name, ..)| {
                let last = name.rsplit('/').next().unwrap_or_default();
                !last.is_empty()
                    && last != "target"
                    && !last.starts_with('.')
                    && seen.insert(name.to_lowercase())
            })
            .collect()
    })
}

fn archives(root: &std::path::Path, files: &Files) -> [std::path::PathBuf; 2] {
    let (zipped, tarred) = (root.join("c.zip"), root.join("c.tar.gz"));
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&zipped).unwrap());
    let gz = flate2::write::GzEncoder::new(
        std::fs::File::create(&tarred).unwrap(),
        flate2::Compression::fast(),
    );
    let mut tar = tar::Builder::new(gz);
    for (name, kind, content) in files {
        let mode = if *kind == Kind::Executable { 0o755 } else { 0o644 };
        let options = zip::write::SimpleFileOptions::default().unix_permissions(mode);
        let mut header = tar::Header::new_gnu();
        if *kind == Kind::Link {
            let target = std::str::from_utf8(content).unwrap();
            zip.add_symlink(name.as_str(), target, options).unwrap();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            tar.append_link(&mut header, format!("top/{name}"), target).unwrap();
            continue;
        }
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(content).unwrap();
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, format!("top/{name}"), content.as_slice()).unwrap();
    }
    zip.finish().unwrap();
    tar.into_inner().unwrap().finish().unwrap();
    [zipped, tarred]
}

async fn same_everywhere(files: Files) {
    let always = ["extensions/packager/ext-deployment-package/x", "extensions/database/ext-data/x"];
    let always = always.map(|name| (name.to_owned(), Kind::Plain, Vec::new()));
    let version = ("VERSION".to_owned(), Kind::Plain, b"8.5.0".to_vec());
    let files: Vec<_> = files.into_iter().chain(always).chain([version]).collect();
    let dir = tempfile::tempdir().unwrap();
    let (ctx, _aws) = ctx_with(Vec::new()).await;
    let mut digests = Vec::new();
    for archive in archives(dir.path(), &files) {
        let source = SourceSpec::parse(archive.to_str().unwrap()).unwrap();
        let found = fetch(&ctx, &source, Limits::default(), &Default::default()).await.unwrap();
        digests.push(found.digest.clone());
        let repository = Repository::new();
        let asked = request(&repository, &folder("0", &[]));
        let asked = cloudteam::ops::import::ImportRequest { distribution: found, ..asked };
        cloudteam::ops::import::import(&ctx, &asked).await.unwrap();
        let work = repository.work("work", "upstream/8.5.0");
        digests.push(Distribution::open(Utf8Path::from_path(&work).unwrap()).unwrap().digest);
    }
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?} {files:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn any_tree_is_the_same_from_zip_and_tar_and_out_of_git(files in trees()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(same_everywhere(files));
    }
}
