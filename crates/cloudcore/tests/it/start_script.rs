//! What runs first in the container of the build server.

use std::{fs, path::Path, process::Command};

use cloudops_templates::build_server::START;

/// Runs it with a home and an image, in place of the container's, and a program in place of
/// Jenkins.
fn start(folder: &Path) -> String {
    let script = folder.join("start.sh");
    fs::write(&script, START.text).unwrap();
    let output = Command::new("sh")
        .arg(&script)
        .args(["--prefix=/ci"])
        .env("JENKINS_HOME", folder.join("home"))
        .env("CLOUDOPS_IMAGE_ROOT", folder.join("image"))
        .env("CLOUDOPS_JENKINS_START", "/bin/echo")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn image(folder: &Path, lock: &str, plugins: &[&str]) {
    let image = folder.join("image");
    let _ = fs::remove_dir_all(&image);
    fs::create_dir_all(image.join("plugins")).unwrap();
    fs::write(image.join("plugins.lock"), lock).unwrap();
    for plugin in plugins {
        fs::write(image.join(format!("plugins/{plugin}.jpi")), lock).unwrap();
    }
}

fn plugins(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("home/plugins")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_home_gets_exactly_the_plugins_of_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    image(folder, "two", &["git", "junit"]);
    fs::create_dir_all(folder.join("home/jobs")).unwrap();
    assert!(start(folder).ends_with("--prefix=/ci\n"));
    assert_eq!(plugins(folder), [".cloudops", "git.jpi", "junit.jpi"]);

    // The same image again: what Jenkins unpacked stays.
    fs::create_dir(folder.join("home/plugins/git")).unwrap();
    assert_eq!(start(folder), "--prefix=/ci\n");
    assert_eq!(plugins(folder), [".cloudops", "git", "git.jpi", "junit.jpi"]);

    // An older image: nothing of the newer one is left, and nothing else is touched.
    image(folder, "one", &["git"]);
    start(folder);
    assert_eq!(plugins(folder), [".cloudops", "git.jpi"]);
    assert_eq!(fs::read_to_string(folder.join("home/plugins/git.jpi")).unwrap(), "one");
    assert!(folder.join("home/jobs").is_dir());
}

#[test]
fn a_start_that_was_cut_short_is_made_good() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    image(folder, "two", &["git", "junit"]);
    fs::create_dir_all(folder.join("home/plugins")).unwrap();
    fs::write(folder.join("home/plugins/git.jpi"), "half").unwrap();
    start(folder);
    assert_eq!(plugins(folder), [".cloudops", "git.jpi", "junit.jpi"]);
    assert_eq!(fs::read_to_string(folder.join("home/plugins/git.jpi")).unwrap(), "two");
}
