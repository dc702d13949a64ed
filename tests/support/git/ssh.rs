//! OpenSSH's server on loopback, run by whoever runs the test: own keys, own port, own rules.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that is not up by then does not come.
const START: Duration = Duration::from_secs(20);

/// A running server; it is stopped with this value.
#[derive(Debug)]
pub struct GitSsh {
    folder: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl GitSsh {
    /// Starts one.
    ///
    /// # Panics
    /// When `sshd` is not installed, or does not come up.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test cannot go on without its server")]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for key in ["host", "user", "stranger"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-C", key, "-f"])
                .arg(folder.path().join(key))
                .stdin(Stdio::null())
                .status();
            assert!(made.expect("ssh-keygen of openssh-client").success());
        }
        fs_err::copy(folder.path().join("user.pub"), folder.path().join("authorized_keys"))
            .expect("the keys that may come in");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        drop(listener);
        let child = serve(folder.path(), port).expect("sshd of openssh-server");
        let mut server = Self { folder, port, child };
        server.wait();
        server
    }

    #[expect(clippy::expect_used, reason = "a test cannot go on without its server")]
    fn wait(&mut self) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let begun = Instant::now();
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            let ended = self.child.try_wait().expect("whether sshd runs");
            let log = fs_err::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(ended.is_none() && begun.elapsed() < START, "sshd does not come up: {log}");
            std::thread::yield_now();
        }
    }

    /// Address of a repository in a folder.
    #[must_use]
    pub fn url(&self, path: &Path) -> String {
        format!("ssh://127.0.0.1:{}{}", self.port, path.display())
    }

    /// The environment in which ssh has the key that may come in and knows the host.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        self.with("user", "accept-new")
    }

    /// The environment in which ssh has a key that nobody knows.
    #[must_use]
    pub fn stranger(&self) -> Vec<(String, String)> {
        self.with("stranger", "accept-new")
    }

    /// The environment in which ssh has the right key, but never saw the host.
    #[must_use]
    pub fn unknown_host(&self) -> Vec<(String, String)> {
        self.with("user", "yes")
    }

    fn with(&self, key: &str, checking: &str) -> Vec<(String, String)> {
        let (key, hosts) = (self.file(key), self.file(&format!("known-{checking}")));
        let command = format!(
            "ssh -F /dev/null -oBatchMode=yes -oIdentitiesOnly=yes -oIdentityAgent=none -i {} \
             -oUserKnownHostsFile={} -oGlobalKnownHostsFile=/dev/null \
             -oStrictHostKeyChecking={checking}",
            key.display(),
            hosts.display()
        );
        vec![("GIT_SSH_COMMAND".to_owned(), command)]
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn serve(folder: &Path, port: u16) -> std::io::Result<Child> {
    let of = |name: &str| folder.join(name).display().to_string();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\nUseDNS no\n",
        of("host"),
        of("authorized_keys")
    );
    fs_err::write(folder.join("sshd_config"), config)?;
    // The server separates its rights into this folder when root runs it.
    let _ = fs_err::create_dir_all("/run/sshd");
    let found = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];
    // It wants to be called by its whole path, because it calls itself again.
    let program = found.into_iter().find(|path| Path::new(path).exists()).unwrap_or(found[0]);
    Command::new(program)
        .args(["-D", "-e", "-f", &of("sshd_config")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs_err::File::create(folder.join("log"))?.into_file())
        .spawn()
}

impl Drop for GitSsh {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
