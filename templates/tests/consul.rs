//! The script with which a Consul server starts, run as it is in the template: on a folder instead
//! of a disk, and with programs on the PATH that stand in for AWS, Consul and systemd. openssl is
//! the real one.
#![allow(clippy::unwrap_used, reason = "all of this is tests, also outside of test functions")]

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::SystemTime,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloudops_aws::cfn::template::Template;
use cloudops_templates::core;
use serde_json::Value;
use tempfile::TempDir;

/// The SHA-256 of `archive`, which is what the download consists of here.
const DIGEST: &str = "0eb3e36bfb24dcd9bb1d1bece1531216b59539a8fde17ee80224af0653c92aa3";
const SEED: &str = "the-value-that-CloudFormation-makes";

/// Each writes its arguments down, since no secret may be in one.
const STAND_INS: [(&str, &str); 7] = [
    (
        "aws",
        r#"case "$1 $2" in
'secretsmanager get-secret-value') cat "$CLOUD/secrets/$4" ;;
'secretsmanager put-secret-value')
    cat "${6#file://}" >"$CLOUD/secrets/.$$"
    # Whole or not at all, and only once: another server may read it at this moment.
    ln "$CLOUD/secrets/.$$" "$CLOUD/secrets/$4" ;;
'ec2 describe-tags') echo ServerB ;;
's3 cp') cp "$4" "$CLOUD/bucket/" ;;
esac"#,
    ),
    (
        "curl",
        r#"for url; do :; done
while [ $# -gt 1 ]; do
    case $1 in
    -o) out=$2 ;;
    -X) method=$2 ;;
    --data) data=${2#@} ;;
    -H) [ "$2" != @- ] || cat >>"$CLOUD/headers" ;;
    esac
    shift
done
case ${method:-GET}:$url in
*/api/token) echo session ;;
*/meta-data/instance-id) echo "$ID" ;;
*/meta-data/local-ipv4) echo "$ADDRESS" ;;
*//releases.hashicorp.com/*) printf archive >"$out" ;;
*/autopilot/health) echo '{"Healthy":true,"FailureTolerance":1}' ;;
*/status/leader) echo "\"$LEADER:8300\"" ;;
PUT:*/acl/policy) cp "$data" "$CLOUD/policy" ;;
PUT:*/acl/token) cp "$data" "$CLOUD/granted" ;;
GET:*/acl/token/self) [ -e "$CLOUD/granted" ] ;;
*) exit 22 ;;
esac"#,
    ),
    (
        "unzip",
        r#"cat >"$6/consul" <<'END'
#!/bin/sh
case $1 in
version) echo 'Consul v1.2.3' ;;
snapshot) cp "$CONSUL_HTTP_TOKEN_FILE" "$3" ;;
esac
END"#,
    ),
    ("systemctl", ""),
    ("chown", ""),
    ("useradd", ""),
    ("sleep", ""),
];

/// What the servers of a cluster share.
struct Cloud {
    folder: TempDir,
}

impl Cloud {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cloud = Self { folder };
        for name in ["bin", "secrets", "bucket"] {
            fs_err::create_dir(cloud.at(name)).unwrap();
        }
        for (name, body) in STAND_INS {
            let text = format!("#!/bin/sh\necho \"{name} $*\" >>\"$CLOUD/log\"\n{body}\n");
            executable(&cloud.at("bin").join(name), &text);
        }
        fs_err::write(cloud.at("secrets").join("cluster"), SEED).unwrap();
        cloud
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs_err::read_to_string(self.at(name)).unwrap()
    }

    fn server(&self, id: &'static str, address: &'static str) -> Server<'_> {
        self.server_with(id, address, DIGEST)
    }

    fn server_with(&self, id: &'static str, address: &'static str, digest: &str) -> Server<'_> {
        let root = self.at(id);
        for folder in ["usr/local/sbin", "usr/local/bin"] {
            fs_err::create_dir_all(root.join(folder)).unwrap();
        }
        fs_err::write(root.join("part-001"), script(digest)).unwrap();
        Server { cloud: self, root, id, address }
    }
}

struct Server<'a> {
    cloud: &'a Cloud,
    root: PathBuf,
    id: &'static str,
    address: &'static str,
}

impl Server<'_> {
    fn start(&self, program: &str, arguments: &[&str], leader: &str) -> Child {
        let path = std::env::var("PATH").unwrap();
        // By bash: a file that a test has just written may still be open in a process of another one.
        Command::new("bash")
            .arg(self.root.join(program))
            .args(arguments)
            .env("PATH", format!("{}:{path}", self.cloud.at("bin").display()))
            .env("CLOUD", self.cloud.folder.path())
            .env("CLOUDOPS_ROOT", &self.root)
            .env("ID", self.id)
            .env("ADDRESS", self.address)
            .env("LEADER", leader)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn boot(&self) -> Child {
        self.start("part-001", &[], "")
    }

    fn later(&self, arguments: &[&str], leader: &str) {
        let child = self.start("usr/local/sbin/cloudops-consul", arguments, leader);
        succeeds(child.wait_with_output().unwrap());
    }

    fn setting(&self, name: &str) -> PathBuf {
        self.root.join("etc/consul.d").join(name)
    }

    fn settings(&self) -> Value {
        let text = fs_err::read_to_string(self.setting("consul.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Every file with its content and when it was last written.
    fn files(&self) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs_err::read_dir(folder).unwrap() {
                let (path, about) = entry.map(|one| (one.path(), one.metadata().unwrap())).unwrap();
                match about.is_dir() {
                    true => folders.push(path),
                    false => {
                        let content = fs_err::read(&path).unwrap();
                        files.insert(path, (content, about.modified().unwrap()));
                    }
                }
            }
        }
        files
    }
}

/// The user data of the servers, as CloudFormation hands it over.
fn script(digest: &str) -> String {
    let template = Template::parse(core::CONSUL.file, core::CONSUL.body).unwrap();
    let data = &template.body()["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"];
    let mut text = data["UserData"]["Fn::Base64"]["Fn::Sub"].as_str().unwrap().to_owned();
    for (name, value) in [
        ("InstanceName", "acme"),
        ("AWS::Region", "us-west-2"),
        ("AWS::StackName", "acme-core-consul"),
        ("ArtifactBucketName", "artifacts"),
        ("ConsulVersion", "1.2.3"),
        ("ConsulDigest", digest),
        ("ClusterSecret", "cluster"),
        ("AuthoritySecret", "authority"),
        ("TokenSecret", "token"),
    ] {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    assert!(!text.contains("${"), "CloudFormation would look for a value");
    assert!(text.len() < 16 * 1024, "EC2 takes no more: {}", text.len());
    text
}

fn executable(path: &Path, text: &str) {
    fs_err::write(path, text).unwrap();
    fs_err::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

fn succeeds(output: Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {text}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

fn openssl(arguments: &[&str], file: &Path) -> String {
    succeeds(Command::new("openssl").args(arguments).arg(file).output().unwrap())
}

#[test]
fn servers_that_start_at_the_same_moment_are_of_one_cluster() {
    let cloud = Cloud::new();
    let servers = [cloud.server("i-1", "10.0.1.5"), cloud.server("i-2", "10.0.2.5")];
    let started: Vec<Child> = servers.iter().map(Server::boot).collect();
    for child in started {
        succeeds(child.wait_with_output().unwrap());
    }
    let [first, second] = servers.each_ref().map(Server::settings);
    assert_eq!((&first["node_name"], &second["bind_addr"]), (&"i-1".into(), &"10.0.2.5".into()));
    for path in ["/encrypt", "/acl", "/tls", "/datacenter", "/retry_join"] {
        assert_eq!(first.pointer(path).unwrap(), second.pointer(path).unwrap(), "{path}");
    }
    let key = first["encrypt"].as_str().unwrap();
    assert_eq!(STANDARD.decode(key).unwrap().len(), 32);
    assert_eq!(first["acl"]["default_policy"], "deny");
    assert_eq!(first["tls"]["defaults"]["verify_incoming"], true);
    assert_eq!(first["tls"]["internal_rpc"]["verify_server_hostname"], true);
    assert_eq!(first["ports"]["http"], -1);
    let token = first["acl"]["tokens"]["initial_management"].as_str().unwrap();
    let parts: Vec<usize> = token.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{token}");

    let authority = servers[0].setting("ca.pem");
    for server in &servers {
        let certificate = server.setting("server.pem");
        let authority = authority.to_str().unwrap();
        openssl(&["verify", "-x509_strict", "-CAfile", authority], &certificate);
        let names = openssl(&["x509", "-noout", "-ext", "subjectAltName", "-in"], &certificate);
        for name in ["DNS:server.acme.consul", "IP Address:127.0.0.1", server.address] {
            assert!(names.contains(name), "{names}");
        }
        let mode = fs_err::metadata(server.setting("server.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o027, 0, "{mode:o}");
    }
    let keys = servers.each_ref().map(|server| fs_err::read(server.setting("server.key")).unwrap());
    assert_ne!(keys[0], keys[1]);
    is_granted(&cloud, &[SEED, key, token]);
}

/// The token of the configuration is known, and no secret was in an argument.
fn is_granted(cloud: &Cloud, secrets: &[&str]) {
    let granted: Value = serde_json::from_str(&cloud.text("granted")).unwrap();
    let token = cloud.text("secrets/token");
    assert_eq!(granted["SecretID"], token);
    let policy: Value = serde_json::from_str(&cloud.text("policy")).unwrap();
    assert_eq!(granted["Policies"][0]["Name"], policy["Name"]);
    assert_eq!(policy["Rules"], "key_prefix \"cloudops/acme/\" { policy = \"write\" }");
    let log = cloud.text("log");
    assert_eq!(log.matches("--status SUCCESS").count(), 2, "{log}");
    for secret in secrets.iter().chain(&[token.as_str()]) {
        assert!(!log.contains(secret), "{secret} is in an argument");
    }
}

#[test]
fn a_second_boot_changes_nothing() {
    let cloud = Cloud::new();
    let server = cloud.server("i-1", "10.0.1.5");
    succeeds(server.boot().wait_with_output().unwrap());
    let before = server.files();
    succeeds(server.boot().wait_with_output().unwrap());
    let mut after = server.files();
    after.retain(|path, about| before.get(path) != Some(about));
    let changed: Vec<PathBuf> = after.into_keys().collect();
    // The copy of the script is made again.
    assert_eq!(changed, [server.root.join("usr/local/sbin/cloudops-consul")]);
    assert_eq!(cloud.text("log").matches("releases.hashicorp.com").count(), 1);
}

#[test]
fn a_program_with_another_digest_is_not_started() {
    let cloud = Cloud::new();
    let server = cloud.server_with("i-1", "10.0.1.5", &"0".repeat(64));
    let output = server.boot().wait_with_output().unwrap();
    assert!(!output.status.success());
    assert!(!server.root.join("usr/local/bin/consul").exists());
    let log = cloud.text("log");
    assert!(
        log.contains("--logical-resource-id ServerB --unique-id i-1 --status FAILURE"),
        "{log}"
    );
    assert!(!log.contains("systemctl"), "{log}");
}

#[test]
fn no_secret_is_made_of_one_that_cannot_be_read() {
    let cloud = Cloud::new();
    fs_err::remove_file(cloud.at("secrets/cluster")).unwrap();
    let server = cloud.server("i-1", "10.0.1.5");
    assert!(!server.boot().wait_with_output().unwrap().status.success());
    assert!(
        !server.setting("consul.json").exists() && !server.setting("management.token").exists()
    );
}

#[test]
fn only_the_leader_keeps_snapshots() {
    let cloud = Cloud::new();
    let server = cloud.server("i-1", "10.0.1.5");
    succeeds(server.boot().wait_with_output().unwrap());
    let kept = || fs_err::read_dir(cloud.at("bucket")).unwrap().count();
    server.later(&["snapshot"], "10.0.9.9");
    assert_eq!(kept(), 0);
    server.later(&["snapshot"], "10.0.1.5");
    assert_eq!(kept(), 1);
    assert!(cloud.text("log").contains(" s3://artifacts/consul/2"), "{}", cloud.text("log"));
}

#[test]
fn a_certificate_is_renewed_when_it_must_be() {
    let cloud = Cloud::new();
    let server = cloud.server("i-1", "10.0.1.5");
    succeeds(server.boot().wait_with_output().unwrap());
    let reloads = || cloud.text("log").matches("systemctl reload").count();
    let certificate = || fs_err::read(server.setting("server.pem")).unwrap();
    let before = certificate();
    server.later(&["certificate"], "");
    assert_eq!((reloads(), certificate() == before), (0, true));
    // A key that is not the one of the certificate, as after a crash between two files.
    let other = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out"];
    openssl(&other, &server.setting("server.key"));
    server.later(&["certificate"], "");
    assert_eq!((reloads(), certificate() == before), (1, false));
}
