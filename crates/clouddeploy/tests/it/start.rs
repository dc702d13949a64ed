//! The scripts that start images, with a shell and without an image: what they put into place, what
//! they run, and that it takes their process over.

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// What stands in for an image.
struct Image {
    folder: tempfile::TempDir,
    variables: BTreeMap<&'static str, String>,
}

/// Says what it was started as, in lines.
const JAVA: &str = r#"#!/bin/sh
echo "process $$"
echo "environment $EP_COMMERCE_ENVNAME"
echo "opens $JDK_JAVA_OPTIONS"
for word in "$@"; do echo "word $word"; done
"#;

impl Image {
    fn new(environments: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        fs_err::create_dir_all(at("bin")).unwrap();
        for (script, name) in
            [("start.sh", "start"), ("tool.sh", "tool"), ("environment.sh", "environment")]
        {
            fs_err::copy(scripts.join(script), at("bin").join(name)).unwrap();
        }
        for (name, text) in environments {
            let file = at("environments").join(name);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, text).unwrap();
        }
        fs_err::create_dir_all(at("conf")).unwrap();
        fs_err::create_dir_all(at("java/bin")).unwrap();
        fs_err::write(at("java/bin/java"), JAVA).unwrap();
        let executable = std::fs::Permissions::from_mode(0o755);
        fs_err::set_permissions(at("java/bin/java"), executable).unwrap();
        let text = |name: &str| at(name).display().to_string();
        let variables = BTreeMap::from([
            ("PATH", std::env::var("PATH").unwrap()),
            ("EP_ENVIRONMENTS_DIR", text("environments")),
            ("EP_CONF_DIR", text("conf")),
            ("CATALINA_HOME", "/opt/tomcat".to_owned()),
            ("JAVA_HOME", text("java")),
        ]);
        Self { folder, variables }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.insert(name, value.to_owned());
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a script and gives its process too.
    fn run(&self, script: &str, words: &[&str]) -> (u32, Output) {
        let mut command = Command::new(shell());
        command.arg(self.path("bin").join(script)).args(words);
        command.env_clear().envs(&self.variables);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let child = command.spawn().unwrap();
        (child.id(), child.wait_with_output().unwrap())
    }

    fn started(&self) -> String {
        let (process, output) = self.run("start", &[]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        // Whoever stops the container speaks to the JVM.
        assert!(text.starts_with(&format!("process {process}\n")), "{process}: {text}");
        text
    }

    fn conf(&self, name: &str) -> String {
        fs_err::read_to_string(self.path("conf").join(name)).unwrap()
    }
}

/// The strictest shell that is there.
fn shell() -> &'static str {
    if Path::new("/usr/bin/dash").exists() { "/usr/bin/dash" } else { "/bin/sh" }
}

const ENVIRONMENTS: [(&str, &str); 4] = [
    ("default/ep.properties", "a=default"),
    ("default/files/conf/cache.xml", "default"),
    ("prod-live/ep.properties", "a=live"),
    ("prod-live/files/conf/only live.xml", "live"),
];

#[test]
fn the_chosen_environment_folder_lies_over_the_default_one() {
    let image = Image::new(&ENVIRONMENTS).with("EP_COMMERCE_ENVNAME", "prod-live");
    for _ in 0..2 {
        // A container that is started again has them already.
        assert!(image.started().contains("\nenvironment prod-live\n"));
        assert_eq!(image.conf("ep.properties"), "a=live");
        assert_eq!(image.conf("files/conf/cache.xml"), "default", "it lacks this one");
        assert_eq!(image.conf("files/conf/only live.xml"), "live");
    }
}

#[test]
fn without_a_choice_and_for_a_folder_that_is_not_there_it_is_the_default_one() {
    let image = Image::new(&ENVIRONMENTS);
    assert!(image.started().contains("\nenvironment default\n"));
    assert_eq!(image.conf("ep.properties"), "a=default");
    let image = Image::new(&ENVIRONMENTS).with("EP_COMMERCE_ENVNAME", "prod-livee");
    let (_, output) = image.run("start", &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("environments/prod-livee; using default\n"), "{said}");
    assert_eq!(image.conf("ep.properties"), "a=default");
    // A package may have none at all.
    Image::new(&[]).started();
}

#[test]
fn a_name_that_leads_out_and_a_folder_that_cannot_be_written_are_refused() {
    for name in ["../prod-live", "..", ".", "a/b"] {
        let image = Image::new(&ENVIRONMENTS).with("EP_COMMERCE_ENVNAME", name);
        let (_, output) = image.run("start", &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{name}: {said}");
        assert!(said.contains(&format!("not the name of an environment folder: {name}\n")));
        assert!(output.stdout.is_empty(), "{name} was started");
    }
    let image = Image::new(&ENVIRONMENTS);
    fs_err::write(image.path("file"), "").unwrap();
    let file = image.path("file").display().to_string();
    let (_, output) = image.with("EP_CONF_DIR", &file).run("start", &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains(&format!("folder default cannot be copied to {file}\n")), "{said}");
}

#[test]
fn the_heap_follows_the_container_unless_a_size_is_said() {
    let text = Image::new(&[]).started();
    assert!(text.contains("\nword -XX:MaxRAMPercentage=70\n"), "{text}");
    assert!(text.contains("\nopens --add-opens=java.base/java.lang=ALL-UNNAMED "), "{text}");
    assert!(text.contains("\nword -Dep.http.port=8080\n"), "{text}");
    assert!(!text.contains("word --add-opens"), "Java 8 does not start with it: {text}");
    let image = Image::new(&[])
        .with("EP_HEAP_MB", "2048")
        .with("EP_HTTP_PORT", "80")
        .with("EP_JAVA_OPTIONS", "-Da=1 -Db=2");
    let text = image.started();
    assert!(text.contains("\nword -Xmx2048m\n") && !text.contains("MaxRAM"), "{text}");
    assert!(text.contains("\nword -Da=1\nword -Db=2\n"), "{text}");
    assert!(text.contains("\nword -Dep.http.port=80\n"), "{text}");
}

#[test]
fn a_tool_gets_its_environment_folder_and_its_words() {
    let image = Image::new(&ENVIRONMENTS).with("EP_COMMERCE_ENVNAME", "prod-live");
    let script = image.path("script");
    fs_err::write(&script, "echo $$ $EP_COMMERCE_ENVNAME $JAVA_TOOL_OPTIONS \"$1|$2\"").unwrap();
    let script = script.display().to_string();
    let (process, output) = image.run("tool", &[&script, "--dataDirectory", "a b"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let wanted = format!("{process} prod-live -XX:MaxRAMPercentage=70 --dataDirectory|a b\n");
    assert_eq!(text, wanted);
    assert_eq!(image.conf("ep.properties"), "a=live");
}
