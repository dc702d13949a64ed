//! A program as its own tests meet it: a process in a folder and an environment of its own, with
//! a scripted AWS as its endpoint (tier 3).
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Program`]: what it is given; [`Ran`]: all that comes back |
//! | [`scripted`] | an AWS that answers by a script and remembers what it was asked |
//!
//! What differs between two runs is replaced by [`FILTERS`] before a snapshot is compared.

pub mod scripted;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use scripted::ScriptedAws;

/// A program that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// What differs between two runs, for `insta`: expressions and what takes their place.
pub const FILTERS: [(&str, &str); 5] = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "[RUN]"),
    (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?UTC|Z)", "[TIME]"),
    (r"127\.0\.0\.1:\d+", "[ENDPOINT]"),
    (r"\bin \d+\.\d s\b", "in [SECONDS]"),
    (r"[ \t]+\n", "\n"),
];

/// The settings file of the tests: the five keys that are required.
pub const SETTINGS: &str = "schema: 1
instance: acme
account: \"123456789012\"
region: us-west-2
domain: shop.example.com
";

/// A program and what it is given.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

/// What a program did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Program {
    /// The program at `path` (a test has it in `CARGO_BIN_EXE_...`) in an empty folder. Of this
    /// process's environment it sees `PATH` only.
    ///
    /// # Panics
    /// When there is no folder to be had.
    #[must_use]
    pub fn new(path: &str) -> Self {
        let folder = tempfile::tempdir();
        #[expect(clippy::expect_used, reason = "a test cannot go on without a folder")]
        let folder = folder.expect("a temporary folder");
        let home = folder.path().display().to_string();
        let variables = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", home),
            ("USER", "ann".to_owned()),
            // No question to the network: there is no instance whose role could be asked.
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
        Self { path: path.into(), folder, variables }
    }

    /// The folder that it runs in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// With a file in its folder.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test cannot go on without its files")]
    pub fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        fs_err::write(self.folder().join(name), text).expect("a file of the test");
        self
    }

    /// With a variable in its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With credentials, and with `aws` as its endpoint.
    #[must_use]
    pub fn at(self, aws: &ScriptedAws) -> Self {
        self.variable("AWS_ENDPOINT_URL", &aws.endpoint()).credentials()
    }

    /// With credentials.
    #[must_use]
    pub fn credentials(self) -> Self {
        self.variable("AWS_ACCESS_KEY_ID", "test").variable("AWS_SECRET_ACCESS_KEY", "test")
    }

    /// Runs a command line, made of words without blanks in them, to its end.
    ///
    /// # Panics
    /// When it does not start, or does not end within a minute.
    #[expect(clippy::expect_used, reason = "a test cannot go on without its program")]
    pub async fn run(&self, arguments: &str) -> Ran {
        let mut command = Command::new(&self.path);
        command
            .args(arguments.split_whitespace())
            .current_dir(self.folder())
            .env_clear()
            .envs(&self.variables)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(LIMIT, command.output()).await;
        let output = output.expect("the program ends").expect("the program starts");
        let text = |bytes: &[u8]| self.text(bytes);
        Ran {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// What it wrote, without the name of its folder.
    fn text(&self, bytes: &[u8]) -> String {
        let folder = self.folder().display().to_string();
        String::from_utf8_lossy(bytes).replace(&folder, "[FOLDER]")
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => writeln!(f, "exit code: {code}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "----- {name}\n{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}
