//! The same images whoever builds them, wherever and however: two builds in worlds that differ in
//! all that must not matter.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;

use cloudops_e2e::rehearsal::stage::Stage;
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::images_guide::{build, build_plain, ready_to_build};
use crate::plain_registry::PlainRegistry;
use crate::stand::with_stage;

#[tokio::test(flavor = "multi_thread")]
async fn images_do_not_depend_on_who_builds_them() {
    with_stage("images-same", |stage| async move {
        let instance = stage.instance("acme", 76).await.unwrap();
        let folder = ready_to_build(&stage, &instance).await;
        let server = PlainRegistry::start(&instance.folder).await;
        let address = server.address.clone();
        same(&stage, &folder, &address).await;
        damaged_late(&stage, &folder, &address).await;
        server.stop().await;
    })
    .await;
}

fn digests(built: &Value) -> BTreeMap<String, String> {
    let images = built["images"].as_object().unwrap().iter();
    let digest =
        |image: &Value| image["reference"].as_str().unwrap().split_once('@').unwrap().1.to_owned();
    images.map(|(name, image)| (name.clone(), digest(image))).collect()
}

/// Time zone, umask, folder, language, cores, and how the zips are written.
async fn same(stage: &Stage, folder: &Path, address: &str) {
    let first = build_plain(stage, folder, &format!("{address}/first"), "").await;
    let elsewhere = folder.join("else/where");
    fs_err::create_dir_all(&elsewhere).unwrap();
    let bytes = fs_err::read(folder.join("package.zip")).unwrap();
    fs_err::write(elsewhere.join("other.zip"), written_anew(&bytes)).unwrap();
    let line = format!(
        "umask 077; exec \"$0\" images build --package other.zip --base layout:../../base \
         --registry {address}/second --threads 1 --output json"
    );
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", &line]).arg(stage.kit.program("clouddeploy")).current_dir(&elsewhere);
    command.env("TZ", "Pacific/Kiritimati").env("LANG", "tr_TR.UTF-8").env("TMPDIR", &elsewhere);
    let second = build(&mut command).await;
    assert_eq!(second.0, 0, "{}", second.2);
    let second: Value = serde_json::from_str(&second.1).unwrap();
    assert_eq!(first["package"], second["package"], "the same content, written in two ways");
    assert_eq!(digests(&first).len(), 7);
    assert_eq!(digests(&first), digests(&second));
}

/// A zip with the same files in another order, packed in another way, with other times; so the zips
/// in it, but not the jars, which are in images as they are.
fn written_anew(bytes: &[u8]) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let time = DateTime::from_date_and_time(2031, 2, 3, 4, 5, 6).unwrap();
    for index in (0..archive.len()).rev() {
        let mut file = archive.by_index(index).unwrap();
        if file.is_dir() {
            continue;
        }
        let (name, mut content) = (file.name().unwrap().into_owned(), Vec::new());
        file.read_to_end(&mut content).unwrap();
        if name.ends_with(".war") || name.ends_with(".zip") {
            content = written_anew(&content);
        }
        let method = match file.compression() {
            CompressionMethod::Stored => CompressionMethod::Deflated,
            _ => CompressionMethod::Stored,
        };
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(name, options.last_modified_time(time).unix_permissions(0o700)).unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// With a cache, layers that are known are written only when a registry lacks them. A package that
/// is damaged there is an error of the package, and the image gets no tag.
async fn damaged_late(stage: &Stage, folder: &Path, address: &str) {
    let cached = "--cache cache";
    build_plain(stage, folder, &format!("{address}/whole"), cached).await;
    let file = folder.join("package.zip");
    let mut bytes = fs_err::read(&file).unwrap();
    let mut archive = ZipArchive::new(Cursor::new(bytes.clone())).unwrap();
    let war = archive.by_name("webapps/ext-cm-webapp-8.5.0.war").unwrap();
    let middle = war.data_start().unwrap() + war.compressed_size() / 2;
    bytes[usize::try_from(middle).unwrap()] ^= 0xff;
    drop(war);
    fs_err::write(&file, bytes).unwrap();
    let mut command = tokio::process::Command::new(stage.kit.program("clouddeploy"));
    let line = format!(
        "images build --package package.zip --base layout:base --registry {address}/late {cached}"
    );
    command.args(line.split_whitespace()).current_dir(folder);
    let (code, _, errors) = build(&mut command).await;
    assert_eq!(code, 3, "{errors}");
    assert!(errors.contains("webapps/ext-cm-webapp-8.5.0.war"), "{errors}");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let tags = client.get(format!("http://{address}/v2/late/cm/tags/list")).send().await.unwrap();
    assert_eq!(tags.status(), 404, "a tag is written last");
}
