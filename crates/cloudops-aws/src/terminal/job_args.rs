//! Options about jobs on the build server that more than one program takes.

use camino::Utf8PathBuf;

use super::{failure::Failure, session::Session};
use crate::{build_server::JobFiles, jenkins::job_set::Prune};

/// Where the programs of the jobs are.
#[derive(Debug, clap::Args)]
pub struct JobPrograms {
    /// Folder with the programs for linux/amd64 that jobs fetch [env: CLOUDOPS_PROGRAMS]
    /// [default: the folder of this program]
    #[arg(long, value_name = "DIR")]
    programs: Option<Utf8PathBuf>,
}

/// What becomes of jobs that are no longer defined.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct PruneArgs {
    /// Move jobs that are no longer defined to the folder `retired`, with their builds
    #[arg(long)]
    prune: bool,
    /// With --prune: delete them with their builds
    #[arg(long, requires = "prune")]
    prune_history: bool,
}

impl JobPrograms {
    /// What the jobs will fetch.
    #[must_use]
    pub fn files(&self, session: &Session) -> JobFiles {
        JobFiles {
            settings: session.settings.config.clone(),
            programs: self.programs.as_ref().unwrap_or(&session.settings.programs).clone(),
        }
    }
}

impl PruneArgs {
    /// What was asked for.
    #[must_use]
    pub fn prune(self) -> Prune {
        match (self.prune, self.prune_history) {
            (_, true) => Prune::Delete,
            (true, false) => Prune::Retire,
            (false, false) => Prune::Disable,
        }
    }

    /// [`Self::prune`], after a question where builds would be lost.
    ///
    /// # Errors
    /// Those of [`Session::confirm`].
    pub async fn confirmed(self, session: &Session) -> Result<Prune, Failure> {
        if self.prune_history {
            session.confirm("Delete jobs that are no longer defined, and their builds?").await?;
        }
        Ok(self.prune())
    }
}
