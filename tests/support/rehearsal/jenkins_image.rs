//! What stands in for the official image of Jenkins and for its plugins. The image is never run: the
//! stand-in for Jenkins is a program of this machine. Its form is real, so that the programs
//! assemble, push and compare what they would anywhere else.

use std::{
    io::{self, Cursor, Write},
    path::Path,
};

use cloudops_aws::ids::Digest;
use fs_err as fs;
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

/// Version of Jenkins that the base says it has.
pub const JENKINS: &str = "2.528.2";

/// Name, version and needs of the plugins.
const PLUGINS: [(&str, &str, &str); 3] = [
    ("amazon-ecs", "1.49", "workflow-step-api:639.v1"),
    ("configuration-as-code", "2053.va", "workflow-step-api:639.v1;resolution:=optional"),
    ("workflow-step-api", "710.vb", ""),
];

/// Writes the base (`base`, an OCI image layout), the plugins (`plugins`) and their lock file
/// (`plugins.lock`) into a folder.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path) -> io::Result<()> {
    base(&folder.join("base"))?;
    let mut lock = String::new();
    for (name, version, needs) in PLUGINS {
        lock.push_str(&plugin(folder, name, version, needs)?);
    }
    fs::write(folder.join("plugins.lock"), lock)
}

/// Writes a plugin, and gives its line of the lock file.
///
/// # Errors
/// When it cannot be written.
pub fn plugin(folder: &Path, name: &str, version: &str, needs: &str) -> io::Result<String> {
    let needs =
        if needs.is_empty() { String::new() } else { format!("Plugin-Dependencies: {needs}\r\n") };
    let manifest = format!(
        "Manifest-Version: 1.0\r\nShort-Name: {name}\r\nPlugin-Version: {version}\r\n\
         Jenkins-Version: 2.479.3\r\n{needs}\r\n"
    );
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("META-INF/MANIFEST.MF", SimpleFileOptions::default())?;
    zip.write_all(manifest.as_bytes())?;
    let archive = zip.finish()?.into_inner();
    fs::create_dir_all(folder.join("plugins"))?;
    fs::write(folder.join(format!("plugins/{name}.hpi")), &archive)?;
    Ok(format!("{name} {version} {}\n", Digest::of(&archive).hex()))
}

fn base(layout: &Path) -> io::Result<()> {
    let layer = layer()?;
    let layer = blob(layout, "application/vnd.oci.image.layer.v1.tar", &layer)?;
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "User": "jenkins",
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", format!("JENKINS_VERSION={JENKINS}")],
        },
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    });
    let config_type = "application/vnd.oci.image.config.v1+json";
    let config = blob(layout, config_type, config.to_string().as_bytes())?;
    let manifest_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2, "mediaType": manifest_type, "config": config, "layers": [layer],
    });
    let manifest = blob(layout, manifest_type, manifest.to_string().as_bytes())?;
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    fs::write(layout.join("index.json"), index.to_string())?;
    fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#)
}

/// The one file that our start script calls.
fn layer() -> io::Result<Vec<u8>> {
    let script: &[u8] = b"#!/bin/sh\necho a stand-in for Jenkins\n";
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(script.len() as u64);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    tar.append_data(&mut header, "usr/local/bin/jenkins.sh", script)?;
    tar.into_inner()
}

/// Writes a blob, and gives its descriptor.
fn blob(layout: &Path, media_type: &str, data: &[u8]) -> io::Result<Value> {
    let digest = Digest::of(data);
    let folder = layout.join("blobs/sha256");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(digest.hex()), data)?;
    Ok(json!({"mediaType": media_type, "digest": digest, "size": data.len()}))
}
