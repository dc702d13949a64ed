//! What stands around the programs: the local AWS, the base image, the build server.

use std::path::{Path, PathBuf};

use fs_err as fs;
use tokio::process::Command;

use super::build_server::BuildServer;
use super::instance::{Instance, Settings};
use super::inventory::Inventory;
use super::left_running::{self, LeftRunning};
use super::{Kit, RehearsalError, distribution, programs};
use crate::emulator::{self, ACCOUNT, CONTAINERS_DIR, Emulator};

/// The region of every rehearsal.
pub const REGION: &str = "us-west-2";

/// The domain that the account has: its zone is in Route 53, so a sub-domain of it is delegated
/// without anybody's help.
pub const PARENT_DOMAIN: &str = "example.com";

/// The stage.
#[derive(Debug)]
pub struct Stage {
    /// What it was made from.
    pub kit: Kit,
    /// All files of this rehearsal.
    pub work: PathBuf,
    /// The local AWS.
    pub emulator: Emulator,
    /// The base image.
    pub base_image: PathBuf,
    /// The build server, once it is started.
    pub build_server: Option<BuildServer>,
}

impl Stage {
    /// Starts the local AWS, empty but for the zone of [`PARENT_DOMAIN`], and makes the base image meanwhile.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn set(kit: &Kit, work: &Path) -> Result<Self, RehearsalError> {
        fs::create_dir_all(work.join("logs"))?;
        let work = fs::canonicalize(work)?;
        let options = emulator::Options {
            fakecloud: kit.fakecloud.clone(),
            proxy: kit.program("cloudops-aws-proxy"),
            container_cli: Some(kit.program("cloudops-containers")),
            containers_dir: work.join("containers"),
            work_dir: work.join("logs"),
            region: REGION.to_owned(),
        };
        let (emulator, base_image) =
            tokio::join!(Emulator::start(options), distribution::base_image(kit, &work));
        let stage = Self {
            kit: kit.clone(),
            work,
            emulator: emulator?,
            base_image: base_image?,
            build_server: None,
        };
        stage.emulator.add_public_zone(PARENT_DOMAIN).await?;
        // From here on a stage that is killed can be cleaned up after.
        stage.left_running().write(&stage.work)?;
        Ok(stage)
    }

    /// Starts the build server.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start_build_server(&mut self) -> Result<(), RehearsalError> {
        let server = BuildServer::start(&self.kit, &self.work, &self.emulator.env()).await?;
        self.build_server = Some(server);
        self.left_running().write(&self.work)
    }

    /// An instance with its `cloudops.yaml`, an empty repository, and both distributions in its
    /// folder. `number` keeps the networks of several instances apart.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub async fn instance(&self, name: &str, number: u8) -> Result<Instance, RehearsalError> {
        let folder = self.work.join(name);
        fs::create_dir_all(&folder)?;
        let repository = folder.join("commerce.git");
        distribution::bare_repository(&repository).await?;
        distribution::first(&self.kit, &folder.join("commerce"))?;
        distribution::second(&self.kit, &folder.join("commerce-second"))?;
        let settings = Settings {
            instance: name.to_owned(),
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            domain: format!("{name}.{PARENT_DOMAIN}"),
            cidr: format!("10.{number}.0.0/16"),
            build_server: self.build_server.as_ref().map(|server| server.url.clone()),
            dns: Some(self.emulator.dns),
            repository,
            base_image: self.base_image.clone(),
            tomcat: self.kit.tomcat.clone(),
        };
        let for_jobs = programs::for_jobs(&self.kit).await?;
        Instance::write(settings, &folder, &self.kit.bin_dir, &for_jobs, self.emulator.env())
    }

    /// The independent client.
    ///
    /// # Errors
    /// When its files cannot be written.
    pub fn inventory(&self) -> Result<Inventory, RehearsalError> {
        Inventory::new(&self.kit.python, &self.work, self.emulator.env())
    }

    /// What the container program says about itself: how many containers ran in which way.
    ///
    /// # Errors
    /// When it fails.
    pub async fn containers(&self) -> Result<serde_json::Value, RehearsalError> {
        let output = Command::new(self.kit.program("cloudops-containers"))
            .args(["summary", "--json"])
            .env(CONTAINERS_DIR, self.work.join("containers"))
            .output()
            .await?;
        if !output.status.success() {
            return Err(RehearsalError::failed("cloudops-containers summary", &output));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|source| RehearsalError::Json { what: "cloudops-containers summary", source })
    }

    /// What runs now, by process id.
    #[must_use]
    pub fn left_running(&self) -> LeftRunning {
        let names = ["cloudops-aws-proxy", "fakecloud"];
        let ids = self.emulator.process_ids();
        let mut processes: Vec<(String, u32)> =
            names.iter().map(|name| (*name).to_owned()).zip(ids).collect();
        if let Some(server) = &self.build_server {
            processes.insert(0, ("cloudops-jenkins".to_owned(), server.id()));
        }
        LeftRunning {
            containers_program: self.kit.program("cloudops-containers"),
            containers_dir: self.work.join("containers"),
            processes,
        }
    }

    /// Ends everything: the build server, the local AWS, the containers.
    pub async fn close(self) {
        if let Some(server) = self.build_server {
            server.stop().await;
        }
        self.emulator.stop().await;
        let program = self.kit.program("cloudops-containers");
        // What could not be removed is named in the container program's own folder.
        let _ = left_running::remove_containers(&program, &self.work.join("containers")).await;
        let _ = fs::remove_file(left_running::file(&self.work));
    }

    /// Leaves everything running after us.
    pub fn leave(self) {
        if let Some(server) = self.build_server {
            server.leave();
        }
        std::mem::forget(self.emulator);
    }
}
