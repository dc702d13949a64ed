//! Images of an instance from their base to their end: built for two platforms, told about, put on
//! a newer base, and removed when nothing needs them.

use std::path::{Path, PathBuf};

use cloudops_e2e::rehearsal::instance::Instance;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::stand::{ends, package, with_stage};

#[tokio::test(flavor = "multi_thread")]
async fn images_are_built_told_rebased_and_removed() {
    with_stage("images-of-releases", |stage| async move {
        let instance = stage.instance("acme", 78).await.unwrap();
        ends(&instance, "cloudcore init", 0).await;
        let package = package(&stage, &instance).await;
        ends(&instance, &format!("cloudteam package publish {package} --source commerce"), 0).await;
        ends(&instance, "clouddeploy init", 0).await;
        let base = two_platforms(&instance);
        pinned(&instance, &base).await;
        built(&instance).await;
        rebased(&instance, &base).await;
        removed(&instance).await;
    })
    .await;
}

/// The document that a command prints.
async fn told(instance: &Instance, line: &str) -> Value {
    let text = ends(instance, &format!("{line} --output json"), 0).await.text();
    let begin = text.find("\n{").map_or(0, |at| at + 1);
    let mut documents = text[begin..].lines().rev();
    let document = documents.find_map(|line| serde_json::from_str(line).ok());
    document.unwrap_or_else(|| panic!("no document in {text}"))
}

/// The base is copied once, pinned by its digest, and nothing else in the settings changes.
async fn pinned(instance: &Instance, base: &Path) {
    let file = instance.folder.join("cloudops.yaml");
    let before = fs_err::read_to_string(&file).unwrap();
    let line = format!("clouddeploy images base layout:{}", base.display());
    let found = told(instance, &line).await;
    assert_eq!(found["platforms"], json!(["linux/amd64", "linux/arm64"]), "{found}");
    let after = fs_err::read_to_string(&file).unwrap();
    assert!(after.contains(found["digest"].as_str().unwrap()), "{after}");
    let rest = |text: &str| text.split("environments: {launch-type").nth(1).map(str::to_owned);
    assert_eq!(rest(&before), rest(&after));
    let again = told(instance, &line).await;
    assert_eq!(again["written"], json!(false));
    let now = told(instance, "clouddeploy images base").await;
    assert_eq!((&now["newer"], &now["digest"]), (&Value::Null, &found["digest"]));
    assert!(now["copy"].as_str().unwrap().contains("acme/base@sha256:"), "{now}");
}

/// One build, two platforms, the same layers on top of each; the list of jars is attached.
async fn built(instance: &Instance) {
    let report = told(instance, "clouddeploy images build").await;
    assert_eq!((&report["release"], &report["new"]), (&json!("r1"), &json!(true)));
    let cm = told(instance, "clouddeploy images show cm").await;
    let [amd, arm] = cm["platforms"].as_array().unwrap().as_slice() else { panic!("{cm}") };
    assert_eq!(
        (&amd["platform"], &arm["platform"]),
        (&json!("linux/amd64"), &json!("linux/arm64"))
    );
    assert_eq!(above(amd), above(arm), "only the base differs");
    assert_eq!(amd["config"]["User"], "10001:10001");
    for key in ["base.digest", "base.name", "created", "revision", "title", "version"] {
        let key = format!("org.opencontainers.image.{key}");
        assert!(cm["annotations"][&key].is_string() || key.ends_with("revision"), "{key}: {cm}");
    }
    assert!(cm["annotations"]["cloudops.package-digest"].is_string(), "{cm}");
    let sbom = told(instance, "clouddeploy images sbom cm").await;
    assert_eq!(sbom["bomFormat"], "CycloneDX");
    assert!(!sbom["components"].as_array().unwrap().is_empty());
    let again = told(instance, "clouddeploy images build").await;
    assert_eq!(again["new"], json!(false));
    assert_eq!(again["images"]["cm"]["kept-from"], "r1", "{again}");
    let list = told(instance, "clouddeploy images list").await;
    assert_eq!(list["images"]["cm"][0]["releases"], json!(["r1"]), "{list}");
    assert_eq!(list["images"]["cm"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["images"]["base"][0]["releases"], json!(["r1"]));
}

/// Digests of the layers above the base, which has one.
fn above(platform: &Value) -> Vec<&str> {
    let layers = platform["layers"].as_array().unwrap();
    layers[1..].iter().map(|layer| layer["digest"].as_str().unwrap()).collect()
}

/// A newer base is noticed; the images are put on it without their own layers being sent, and a
/// build on it gives the same ones.
async fn rebased(instance: &Instance, base: &Path) {
    let before = told(instance, "clouddeploy images show cm").await;
    layout(base, "newer");
    let told_now = told(instance, "clouddeploy images base").await;
    assert!(told_now["newer"].is_string(), "{told_now}");
    told(instance, &format!("clouddeploy images base layout:{}", base.display())).await;
    let report = told(instance, "clouddeploy images rebase").await;
    assert_eq!((&report["from"], &report["release"]), (&json!("r1"), &json!("r2")));
    let sent = report["images"]["cm"]["uploaded-bytes"].as_u64().unwrap();
    assert!(sent < 20_000, "configurations, and no layers: {report}");
    let after = told(instance, "clouddeploy images show cm").await;
    assert_ne!(before["reference"], after["reference"]);
    let (old, new) = (&before["platforms"][0], &after["platforms"][0]);
    assert_eq!(above(old), above(new));
    assert_ne!(old["layers"][0]["digest"], new["layers"][0]["digest"]);
    assert_eq!(before["attached"], after["attached"]);
    let again = told(instance, "clouddeploy images build").await;
    assert_eq!((&again["release"], &again["new"]), (&json!("r2"), &json!(false)), "{again}");
}

/// What only the first release had is removed, after a plan; the second one stays whole.
async fn removed(instance: &Instance) {
    let gc = "clouddeploy images gc --keep 1 --min-age-hours 0";
    let nothing = told(instance, "clouddeploy images gc --keep 1").await;
    assert_eq!(nothing["unneeded"], json!([]), "all of it is young");
    let plan = told(instance, &format!("{gc} --plan")).await;
    assert_eq!(plan["releases"], json!(["r2"]));
    let count = plan["unneeded"].as_array().unwrap().len();
    assert!(count >= 8, "images of seven names, and a base: {plan}");
    let done = told(instance, &format!("{gc} --yes")).await;
    assert_eq!(done["failed"], json!([]), "{done}");
    let rest = told(instance, &format!("{gc} --plan")).await;
    assert_eq!(rest["unneeded"], json!([]), "{rest}");
    let text = ends(instance, "clouddeploy images show cm --release r1", 3).await.text();
    assert!(text.contains("there is no image"), "{text}");
    let cm = told(instance, "clouddeploy images show cm").await;
    assert_eq!(cm["attached"].as_array().unwrap().len(), 1);
    assert_eq!(cm["platforms"].as_array().unwrap().len(), 2);
}

/// A layout with a base for two platforms, which nobody runs.
fn two_platforms(instance: &Instance) -> PathBuf {
    let folder = instance.folder.join("two-platforms");
    fs_err::create_dir_all(folder.join("blobs/sha256")).unwrap();
    fs_err::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    layout(&folder, "first");
    folder
}

/// Writes an index of two images, whose only layer says which base this is.
fn layout(folder: &Path, word: &str) {
    let blob = |bytes: &[u8], kind: &str| {
        let hex = base16(&Sha256::digest(bytes));
        fs_err::write(folder.join("blobs/sha256").join(&hex), bytes).unwrap();
        json!({"mediaType": kind, "digest": format!("sha256:{hex}"), "size": bytes.len()})
    };
    let entry = |architecture: &str| {
        let layer = blob(&archive(&format!("{word} {architecture}")), LAYER);
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "config": {"Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": blob(config.to_string().as_bytes(), CONFIG),
            "layers": [layer],
        });
        let mut entry = blob(manifest.to_string().as_bytes(), MANIFEST);
        entry["platform"] = json!({"os": "linux", "architecture": architecture});
        entry
    };
    let entries = ["amd64", "arm64"].map(entry);
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
    fs_err::write(folder.join("index.json"), index.to_string()).unwrap();
}

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn archive(text: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "etc/base", text.as_bytes()).unwrap();
    builder.into_inner().unwrap()
}

fn base16(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
