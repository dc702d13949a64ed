//! The build server of an instance: the connection to it, and the jobs that a program has there.

use std::{collections::BTreeMap, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    config_file::CloudOpsConfig,
    connect::Aws,
    ctx::Ctx,
    diagnose::{Class, Diagnose},
    error::AwsError,
    events::{EventKind, Outcome},
    ids::Region,
    jenkins::{
        Connect, DefinitionError, ItemPath, Jenkins, JenkinsError, Owner, PathError,
        job_set::{JobSet, JobsPlan, Prune},
    },
    secrets,
    state::{
        build_server as images,
        init::{Component, InitError, InitState},
        programs::{self, Program, ProgramError},
        store::{StateError, Store},
    },
    wait::Pace,
};

/// A controller takes minutes to start.
const READY: Pace = Pace {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(5),
    deadline: Duration::from_secs(10 * 60),
};

/// Label of the agents that build, in templates/build-server/jenkins.yaml. What runs there may
/// publish packages, and not deploy.
pub const BUILDERS: &str = "cloudops";
/// Label of the agents that may deploy. Only our own programs run there.
pub const DEPLOYERS: &str = "cloudops-deploy";

/// Why the build server could not be used.
#[derive(Debug, thiserror::Error)]
pub enum BuildServerError {
    /// The initialization state.
    #[error(transparent)]
    Init(#[from] InitError),
    /// Its password.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The server itself.
    #[error(transparent)]
    Jenkins(#[from] JenkinsError),
    /// The bucket with the programs.
    #[error(transparent)]
    State(#[from] StateError),
    /// A program that the agents cannot run.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A job that cannot be written.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// A job whose path is none.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl Diagnose for BuildServerError {
    fn class(&self) -> Class {
        match self {
            Self::Init(error) => error.class(),
            Self::Aws(error) => error.class(),
            Self::Jenkins(error) => error.class(),
            Self::State(error) => error.class(),
            Self::Program(error) => error.class(),
            Self::Definition(_) | Self::Path(_) => Class::Configuration,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Init(error) => error.hints(),
            Self::Aws(error) => error.hints(),
            Self::Jenkins(error) => error.hints(),
            Self::State(error) => error.hints(),
            Self::Program(error) => error.hints(),
            Self::Definition(_) | Self::Path(_) => Vec::new(),
        }
    }
}

/// Connects to the build server with the password that its stack generated. Nothing is sent yet.
/// `user_agent` names program and version, such as `cloudteam/0.1.0`.
///
/// # Errors
/// [`BuildServerError`]; that nothing was initialized names the command to run.
pub async fn connect(
    aws: &Aws,
    config: &CloudOpsConfig,
    state: &InitState,
    user_agent: String,
) -> Result<Jenkins, BuildServerError> {
    let url = state.build_server_url(config)?;
    let arn = state.output(Component::Core, "BuildServerSecretArn")?;
    let secret = secrets::field(aws, arn, "password").await?;
    let user = config.build_server.user.clone();
    Ok(Jenkins::new(Connect { url, user, secret, user_agent })?)
}

/// What is asked of a build server beside that it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Nothing: something is looked at.
    Answer,
    /// The plugins that its image was made with, without which jobs and builds go wrong in ways
    /// that are hard to read.
    Plugins,
}

/// Connects to the build server and waits until it is ready, as a step of its own.
///
/// # Errors
/// [`BuildServerError`]; [`JenkinsError::Plugins`] only where they are asked for.
pub async fn connect_ready(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    state: &InitState,
    demand: Demand,
    user_agent: String,
) -> Result<Jenkins, BuildServerError> {
    let jenkins = connect(&ctx.aws, config, state, user_agent).await?;
    let plugins = match demand {
        Demand::Answer => BTreeMap::new(),
        Demand::Plugins => recorded_plugins(&ctx.aws, config).await?,
    };
    ctx.events.step("build-server", format!("build server at {}", jenkins.shown_url()));
    let ready = match plugins.is_empty() {
        true => jenkins.wait_ready(READY, &ctx.cancel).await,
        false => jenkins.wait_ready_with(&plugins, READY, &ctx.cancel).await,
    };
    match ready {
        Ok(version) => {
            let detail = format!("Jenkins {version} is ready");
            ctx.events.step_done("build-server", Outcome::Unchanged, detail);
            Ok(jenkins)
        }
        Err(error) => {
            ctx.events.step_done("build-server", Outcome::Failed, error.to_string());
            Err(error.into())
        }
    }
}

/// Versions of the plugins, by name, that the image of the build server was made with. None are
/// known of an image that is used as it is (`build-server.image`).
async fn recorded_plugins(
    aws: &Aws,
    config: &CloudOpsConfig,
) -> Result<BTreeMap<String, String>, StateError> {
    let store = Store::of_instance(aws, config);
    let (images, _) = images::read(&store).await?;
    Ok(images.current().map(|image| image.plugins.clone()).unwrap_or_default())
}

/// Folder of an instance on the build server.
///
/// # Errors
/// [`PathError`] when Jenkins would refuse the name.
pub fn folder(config: &CloudOpsConfig) -> Result<ItemPath, PathError> {
    ItemPath::root().join(config.instance.as_str())
}

/// Where the files are that jobs fetch.
#[derive(Debug, Clone)]
pub struct JobFiles {
    /// `cloudops.yaml`, as the jobs will have it.
    pub settings: Utf8PathBuf,
    /// Folder with our programs for linux/amd64.
    pub programs: Utf8PathBuf,
}

/// What jobs fetch and run.
#[derive(Debug, Clone)]
pub struct Fetched {
    packages: Store,
    region: Region,
    settings: Program,
    programs: Vec<Program>,
}

impl Fetched {
    /// Reads what jobs will fetch: the settings and programs of these names.
    ///
    /// # Errors
    /// [`ProgramError`] for a program that the agents cannot run.
    pub fn read(
        aws: &Aws,
        state: &InitState,
        files: &JobFiles,
        names: &[&str],
    ) -> Result<Self, BuildServerError> {
        let program = |name: &&str| Program::executable(name, &files.programs.join(name));
        Ok(Self {
            packages: Store::new(aws, state.output(Component::Core, "PackageBucketName")?),
            region: aws.region().clone(),
            settings: Program::file("cloudops.yaml", Utf8Path::new(&files.settings))?,
            programs: names.iter().map(program).collect::<Result<_, _>>()?,
        })
    }

    /// The script of a stage that fetches the settings and programs of these names.
    #[must_use]
    pub fn script(&self, names: &[&str]) -> String {
        let wanted = self.programs.iter().filter(|one| names.contains(&one.name.as_str()));
        let all: Vec<_> = [&self.settings].into_iter().chain(wanted).cloned().collect();
        programs::fetch_script(&self.packages, &self.region, &all)
    }
}

/// The jobs of a program in the folder of its instance.
///
/// # Errors
/// [`PathError`].
pub fn job_set(
    config: &CloudOpsConfig,
    program: &str,
    jobs: Vec<crate::jenkins::PipelineJob>,
) -> Result<JobSet, PathError> {
    Ok(JobSet {
        folder_owner: Owner::new(config.instance.as_str()),
        owner: Owner::program(config.instance.as_str(), program),
        folder: folder(config)?,
        jobs,
    })
}

/// Brings the jobs of a program to their definition. What they fetch is in the package bucket
/// before a job names it.
///
/// # Errors
/// [`JenkinsError::NotOurs`] when something of others is in the way; nothing is changed then.
pub async fn apply(
    ctx: &Ctx,
    jenkins: &Jenkins,
    set: &JobSet,
    fetched: &Fetched,
    prune: Prune,
) -> Result<JobsPlan, BuildServerError> {
    let plan = jenkins.plan_jobs(set, prune).await?;
    if plan.refused().is_none() {
        for program in [&fetched.settings].into_iter().chain(&fetched.programs) {
            publish(ctx, &fetched.packages, program).await?;
        }
    }
    jenkins.apply_jobs(set, &plan, &ctx.events).await?;
    Ok(plan)
}

async fn publish(ctx: &Ctx, packages: &Store, program: &Program) -> Result<(), StateError> {
    let step = format!("program/{}", program.name);
    ctx.events.step(&step, format!("{} for the jobs", program.name));
    let progress = |done, total| {
        let name = program.name.clone();
        ctx.events.send(EventKind::Transfer { name, done, total: Some(total) });
    };
    match programs::publish(packages, program, &progress, &ctx.cancel).await {
        Ok(new) => {
            let outcome = if new { Outcome::Done } else { Outcome::Unchanged };
            ctx.events.step_done(&step, outcome, program.digest.short());
            Ok(())
        }
        Err(error) => {
            ctx.events.step_done(&step, Outcome::Failed, error.to_string());
            Err(error)
        }
    }
}
