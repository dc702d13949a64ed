//! One instance: its folder with `cloudops.yaml`, and the programs run there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fs_err as fs;
use tokio::process::Command;

use super::program::{Finished, Running};
use super::{RehearsalError, jenkins_image};
use crate::emulator::Dns;

/// No command takes longer here; the slowest takes a minute.
pub const COMMAND_LIMIT: Duration = Duration::from_secs(10 * 60);

/// What `cloudops.yaml` says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Instance.
    pub instance: String,
    /// Account.
    pub account: String,
    /// Region.
    pub region: String,
    /// Domain, of the names that are reserved for examples.
    pub domain: String,
    /// Range of the network.
    pub cidr: String,
    /// How the build server is reached from here.
    pub build_server: Option<String>,
    /// The name servers that are asked in place of those of the internet.
    pub dns: Option<Dns>,
    /// The git repository.
    pub repository: PathBuf,
    /// The base image.
    pub base_image: PathBuf,
    /// A Tomcat, which the build of the sample needs.
    pub tomcat: PathBuf,
}

impl Settings {
    /// The file, as a person would write it.
    #[must_use]
    pub fn yaml(&self) -> String {
        let endpoint = match &self.build_server {
            Some(url) => format!("  endpoint: \"{url}\"\n"),
            None => String::new(),
        };
        let dns = match &self.dns {
            Some(Dns { root, resolver }) => {
                format!("dns: {{roots: [\"{root}\"], resolvers: [\"{resolver}\"]}}\n")
            }
            None => String::new(),
        };
        format!(
            r#"schema: 1
instance: {instance}
account: "{account}"
region: {region}
domain: {domain}
tags: {{cost-centre: "4711"}}
admin-cidrs: [203.0.113.0/24]
network: {{cidr: {cidr}, zones: 2, nat-gateways: single}}
{dns}build-server:
  base: {{layout: jenkins/base}}
  plugins: jenkins/plugins.lock
  plugin-source: jenkins/plugins
{endpoint}source:
  repository: file://{repository}
  branch: main
  build:
    command: ./build.sh package
    verify-command: ./build.sh verify
    output: extensions/packager/ext-deployment-package/target/ext-deployment-package-*.zip
    environment: {{TOMCAT_HOME: {tomcat}}}
    jdk: "17"
  pipeline: {{environment: shop}}
images:
  base: {{layout: {base}}}
environments: {{launch-type: fargate, size: dev}}
"#,
            instance = self.instance,
            account = self.account,
            region = self.region,
            domain = self.domain,
            cidr = self.cidr,
            repository = self.repository.display(),
            base = self.base_image.display(),
            tomcat = self.tomcat.display(),
        )
    }
}

/// An instance and how its programs are run.
#[derive(Debug, Clone)]
pub struct Instance {
    /// What its file says.
    pub settings: Settings,
    /// Folder with `cloudops.yaml`, in which the programs are run.
    pub folder: PathBuf,
    bin_dir: PathBuf,
    environment: Vec<(String, String)>,
}

impl Instance {
    /// Writes `cloudops.yaml` into `folder`. Of our own environment the programs see `PATH` and
    /// `LANG` only; `aws` is the rest.
    pub(super) fn write(
        settings: Settings,
        folder: &Path,
        bin_dir: &Path,
        programs: &Path,
        aws: Vec<(String, String)>,
    ) -> Result<Self, RehearsalError> {
        let home = folder.join("home");
        fs::create_dir_all(&home)?;
        fs::write(folder.join("cloudops.yaml"), settings.yaml())?;
        jenkins_image::write(&folder.join("jenkins"))?;
        let mut environment = vec![
            ("HOME".to_owned(), home.display().to_string()),
            ("USER".to_owned(), "rehearsal".to_owned()),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
            ("CLOUDOPS_PROGRAMS".to_owned(), programs.display().to_string()),
        ];
        if let Ok(home) = std::env::var("JAVA_HOME") {
            environment.push(("JAVA_HOME".to_owned(), home));
        }
        environment.extend(aws);
        Ok(Self { settings, folder: folder.to_owned(), bin_dir: bin_dir.to_owned(), environment })
    }

    /// Name of the instance.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.instance
    }

    /// Variables that its programs see.
    #[must_use]
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// The same programs with one variable changed, or taken away.
    #[must_use]
    pub fn with_variable(&self, name: &str, value: Option<&str>) -> Self {
        let mut other = self.clone();
        other.environment.retain(|(known, _)| known != name);
        other.environment.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        other
    }

    /// A command line such as `cloudcore init`, made of words without blanks in them.
    #[must_use]
    pub fn command(&self, line: &str) -> Command {
        let mut words = line.split_whitespace();
        let program = self.bin_dir.join(words.next().unwrap_or_default());
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts a command and does not wait.
    ///
    /// # Errors
    /// [`RehearsalError::Start`].
    pub fn start(&self, line: &str) -> Result<Running, RehearsalError> {
        Running::start(self.command(line), line)
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it does not start, or does not end.
    pub async fn run(&self, line: &str) -> Result<Finished, RehearsalError> {
        self.start(line)?.finish(COMMAND_LIMIT, |_| {}).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(build_server: Option<&str>) -> Settings {
        Settings {
            instance: "acme".to_owned(),
            account: "123456789012".to_owned(),
            region: "us-west-2".to_owned(),
            domain: "acme.example.com".to_owned(),
            cidr: "10.20.0.0/16".to_owned(),
            build_server: build_server.map(str::to_owned),
            dns: Some(Dns {
                root: ([127, 0, 0, 1], 4053).into(),
                resolver: ([127, 0, 0, 53], 4053).into(),
            }),
            repository: "/stage/commerce.git".into(),
            base_image: "/stage/base-image".into(),
            tomcat: "/stage/tomcat".into(),
        }
    }

    #[test]
    fn the_programs_read_the_file() {
        use cloudops_aws::config_file::CloudOpsConfig;
        for endpoint in [None, Some("http://127.0.0.1:8080")] {
            let yaml = settings(endpoint).yaml();
            let config = CloudOpsConfig::parse("cloudops.yaml", &yaml).unwrap();
            assert_eq!(config.build_server.endpoint.is_some(), endpoint.is_some());
            assert_eq!(config.network.cidr, "10.20.0.0/16");
            assert_eq!(config.dns.roots, [([127, 0, 0, 1], 4053).into()]);
            assert_eq!(config.source.repository.unwrap(), "file:///stage/commerce.git");
        }
    }
}
