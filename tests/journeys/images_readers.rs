//! Images as other programs read them: skopeo looks into them and carries them away and back, and
//! podman runs one with runc.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use cloudops_e2e::rehearsal::instance::Instance;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::process::Command;

use crate::images_guide::{build_plain, ready_to_build};
use crate::plain_registry::PlainRegistry;
use crate::stand::{LIMIT, with_stage};

/// Seconds that a container may take to stop.
const GRACE: &str = "30";
/// The environment folder of the container.
const ENVIRONMENT: &str = "prod-live";

#[tokio::test(flavor = "multi_thread")]
async fn other_programs_read_carry_and_run_images() {
    with_stage("images-readers", |stage| async move {
        let instance = stage.instance("acme", 75).await.unwrap();
        let folder = ready_to_build(&stage, &instance).await;
        let server = PlainRegistry::start(&instance.folder).await;
        let address = server.address.clone();
        let built = build_plain(&stage, &folder, &address, "").await;
        let reference =
            |name: &str| built["images"][name]["reference"].as_str().unwrap().to_owned();
        let (reference, tool) = (reference("cm"), reference("data-pop-tool"));
        if there("skopeo", &["--version"]).await {
            looks(&reference).await;
            carries(&instance, &address, &reference).await;
        } else {
            skipped("skopeo");
        }
        match Podman::new(&instance.folder).await {
            Some(podman) => {
                runs(&podman, &reference).await;
                populates(&podman, &tool).await;
            }
            None => skipped("podman with runc"),
        }
        server.stop().await;
    })
    .await;
}

/// `.config/nextest.toml` shows what this test says also when it passes.
#[expect(clippy::print_stdout, reason = "what a test leaves out must be seen")]
fn skipped(what: &str) {
    println!("SKIPPED: {what} is not on this machine or does not work here; CI has it");
}

async fn there(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    let quiet = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().await.is_ok_and(|status| status.success())
}

/// What a program writes, which has to succeed.
async fn output(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    output.stdout
}

async fn skopeo(arguments: &[&str]) -> Vec<u8> {
    output(Command::new("skopeo").args(arguments)).await
}

async fn raw(reference: &str) -> Vec<u8> {
    let image = format!("docker://{reference}");
    skopeo(&["inspect", "--raw", "--tls-verify=false", &image]).await
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// The manifest of an image for this platform, behind an index when there is one.
async fn manifest(reference: &str) -> Value {
    let found: Value = serde_json::from_slice(&raw(reference).await).unwrap();
    let Some(all) = found["manifests"].as_array() else {
        return found;
    };
    let ours = all.iter().find(|one| one["platform"]["architecture"] == "amd64").unwrap();
    let (repository, _) = reference.split_once('@').unwrap();
    let digest = ours["digest"].as_str().unwrap();
    serde_json::from_slice(&raw(&format!("{repository}@{digest}")).await).unwrap()
}

/// Digest, layers, user, entry point and labels are what they should be.
async fn looks(reference: &str) {
    assert!(reference.ends_with(&digest(&raw(reference).await)), "{reference}");
    let manifest = manifest(reference).await;
    let kinds: Vec<&str> = manifest["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| layer["mediaType"].as_str().unwrap())
        .collect();
    let (base, own) = kinds.split_first().unwrap();
    assert_eq!(*base, "application/vnd.oci.image.layer.v1.tar+gzip");
    assert!(own.len() >= 3, "{kinds:?}");
    let zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    assert!(own.iter().all(|kind| *kind == zstd), "{kinds:?}");

    let image = format!("docker://{reference}");
    let text = skopeo(&["inspect", "--config", "--tls-verify=false", &image]).await;
    let config: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(config["config"]["User"], "10001:10001");
    let entry_point = serde_json::json!(["/bin/sh", "/ep/bin/start"]);
    assert_eq!(config["config"]["Entrypoint"], entry_point);
    assert_eq!(health(&config), "/cm/healthcheck/readiness");
    let layers = config["rootfs"]["diff_ids"].as_array().unwrap().len();
    assert_eq!(layers, kinds.len(), "each layer is known by its content too");
    let text = skopeo(&["inspect", "--tls-verify=false", &image]).await;
    let found: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!((&found["Os"], &found["Architecture"]), (&"linux".into(), &"amd64".into()));
}

fn health(config: &Value) -> String {
    config["config"]["Labels"]["cloudops.health-path"].as_str().unwrap().to_owned()
}

/// Into a folder and back under another name: nothing of it changes.
async fn carries(instance: &Instance, address: &str, reference: &str) {
    let layout = format!("oci:{}:cm", instance.folder.join("carried").display());
    let copy = ["copy", "--all", "--preserve-digests", "--quiet"];
    let (from, back) = (format!("docker://{reference}"), format!("{address}/carried/cm:back"));
    skopeo(&[copy.as_slice(), &["--src-tls-verify=false", &from, &layout]].concat()).await;
    let to = format!("docker://{back}");
    skopeo(&[copy.as_slice(), &["--dest-tls-verify=false", &layout, &to]].concat()).await;
    let found = digest(&raw(&back).await);
    assert!(reference.ends_with(&found), "{reference} came back as {found}");
}

/// podman with a storage and settings of its own.
struct Podman {
    folder: PathBuf,
    run_root: tempfile::TempDir,
}

/// The default limits of podman are refused on small machines.
const SETTINGS: &str = r#"[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"#;

const CONTAINER: &str = "cloudops-images-readers";

impl Podman {
    /// None where it does not work.
    async fn new(work: &Path) -> Option<Self> {
        let folder = work.join("podman");
        fs_err::create_dir_all(&folder).unwrap();
        let networks = folder.join("networks");
        let settings = format!("{SETTINGS}[network]\nnetwork_config_dir = {networks:?}\n");
        fs_err::write(folder.join("containers.conf"), settings).unwrap();
        // The paths of podman's sockets must be short.
        let podman = Self { folder, run_root: tempfile::tempdir().unwrap() };
        let works =
            podman.command(&["info"]).output().await.is_ok_and(|output| output.status.success());
        (works && there("runc", &["--version"]).await).then_some(podman)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("podman");
        command.env("CONTAINERS_CONF", self.folder.join("containers.conf"));
        command.arg("--root").arg(self.folder.join("storage"));
        command.arg("--runroot").arg(self.run_root.path()).args(arguments);
        command
    }

    async fn says(&self, arguments: &[&str]) -> String {
        let output = output(&mut self.command(arguments)).await;
        String::from_utf8_lossy(&output).trim().to_owned()
    }

    /// What a command in the container says.
    async fn inside(&self, words: &[&str]) -> String {
        self.says(&[&["exec", CONTAINER], words].concat()).await
    }

    async fn logs(&self) -> String {
        let output = self.command(&["logs", CONTAINER]).output().await.unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }
}

impl Drop for Podman {
    /// Also when the test fails: the container would live on.
    fn drop(&mut self) {
        for arguments in
            [["rm", "--all", "--force", "--time=0"].as_slice(), &["rmi", "--all", "--force"]]
        {
            let _ = self.command(arguments).into_std().output();
        }
    }
}

/// The container serves as its own user with its environment folder, and stops when it is told to.
async fn runs(podman: &Podman, reference: &str) {
    podman.says(&["pull", "--quiet", "--tls-verify=false", reference]).await;
    let labels = ["image", "inspect", "--format", "{{json .Labels}}", reference];
    let labels: Value = serde_json::from_str(&podman.says(&labels).await).unwrap();
    let variables = [
        ("EP_COMMERCE_ENVNAME", ENVIRONMENT),
        ("EP_DB_HOSTNAME", "db"),
        ("EP_DB_NAME", "ep"),
        ("EP_DB_USER", "ep"),
    ];
    let variables = variables.map(|(name, value)| format!("--env={name}={value}"));
    let mut words = vec!["run", "--detach", "--name", CONTAINER, "--pull=never"];
    words.extend(["--publish=127.0.0.1::8080", "--cap-drop=all", "--memory=768m"]);
    words.extend(variables.iter().map(String::as_str));
    podman.says(&[words.as_slice(), &[reference]].concat()).await;

    let path = labels["cloudops.health-path"].as_str().unwrap();
    let address = podman.says(&["port", CONTAINER, "8080/tcp"]).await;
    serves(podman, &format!("http://{address}{path}")).await;
    assert_eq!(podman.inside(&["id", "-u"]).await, "10001");
    let first = podman.inside(&["cat", "/proc/1/cmdline"]).await.replace('\0', " ");
    assert!(
        first.contains("java -XX:MaxRAMPercentage=70 "),
        "the JVM is the first process: {first}"
    );
    let chosen = format!("/ep/environments/{ENVIRONMENT}/files/conf/ep.properties");
    let put = podman.inside(&["cat", "/ep/conf/files/conf/ep.properties"]).await;
    assert_eq!(put, podman.inside(&["cat", &chosen]).await);
    let lacking = podman.inside(&["cat", "/ep/environments/default/filtering.properties"]).await;
    assert_eq!(podman.inside(&["cat", "/ep/conf/filtering.properties"]).await, lacking);
    stops(podman).await;
}

async fn serves(podman: &Podman, address: &str) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let start = Instant::now();
    loop {
        let answer = client.get(address).send().await;
        if answer.as_ref().is_ok_and(|answer| answer.status() == 200) {
            return;
        }
        if start.elapsed() > LIMIT {
            panic!("{address} answers {answer:?}:\n{}", podman.logs().await);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The stop signal comes to the JVM, and Tomcat stops its services.
async fn stops(podman: &Podman) {
    podman.says(&["stop", "--time", GRACE, CONTAINER]).await;
    let code = podman.says(&["inspect", "--format", "{{.State.ExitCode}}", CONTAINER]).await;
    let logs = podman.logs().await;
    assert!(["0", "143"].contains(&code.as_str()), "it ended with {code}:\n{logs}");
    for line in ["Stopping service [Catalina]", "Destroying ProtocolHandler"] {
        assert!(logs.contains(line), "Tomcat did not say `{line}`:\n{logs}");
    }
}

/// The tool finds its environment folder: in this one a reset is not available.
async fn populates(podman: &Podman, reference: &str) {
    podman.says(&["pull", "--quiet", "--tls-verify=false", reference]).await;
    let environment = format!("--env=EP_COMMERCE_ENVNAME={ENVIRONMENT}");
    let database = [
        "--env=EP_DB_HOSTNAME=db",
        "--env=EP_DB_NAME=ep",
        "--env=EP_DB_USER=ep",
        "--env=EP_DB_PASS=ep",
    ];
    let run = ["run", "--rm", "--network=none", "--cap-drop=all", environment.as_str()];
    let run = [run.as_slice(), &database, &[reference]].concat();
    let updated = podman.says(&run).await;
    // Of `default` the sample data would be applied too.
    assert!(updated.contains("apply ") && updated.contains("skip "), "{updated}");
    let refused = podman.command(&[run.as_slice(), &["reset-db"]].concat()).output().await.unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("reset-db is not available here"), "{said}");
}
