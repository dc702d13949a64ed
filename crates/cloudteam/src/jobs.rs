//! The jobs on the build server. Each is thin: it fetches our own programs by their digest and
//! calls them, so that a pipeline and a person at a terminal run the same thing.

use std::time::Duration;

use cloudops_aws::{
    build_server::{self, Fetched},
    config_file::CloudOpsConfig,
    jenkins::{
        Argument, Call, Checkout, ItemPath, Owner, Param, PipelineJob, RUN_PARAMETER, Retention,
        Trigger, job_set::JobSet, xml::Element,
    },
};

use crate::error::TeamError;

/// The program whose jobs these are.
const PROGRAM: &str = "cloudteam";
/// Programs that the jobs fetch.
pub const PROGRAMS: [&str; 2] = [PROGRAM, "clouddeploy"];

/// Name of the job that builds the deployment package.
pub const BUILD_PACKAGE: &str = "build-deployment-package";
/// Name of the job that builds and tests every commit.
pub const VERIFY_COMMIT: &str = "verify-commit";
/// Name of the job that goes from the source code to a tested environment.
pub const SCHEDULED: &str = "scheduled-pipeline";

/// Parameter with the branch, tag or commit to build.
pub const REVISION: &str = "REVISION";
/// Parameter with the environment to deploy to.
const ENVIRONMENT: &str = "ENVIRONMENT";

/// Folder of the workspace with the source code.
const SOURCE: &str = "source";
/// What comes before and after the build itself: an agent that starts, the upload.
const AROUND: Duration = Duration::from_secs(30 * 60);
/// Images, a deployment and its tests.
const DEPLOYMENT: Duration = Duration::from_secs(3 * 60 * 60);

/// The jobs of an instance.
///
/// # Errors
/// [`TeamError::MissingSetting`] when `cloudops.yaml` names no repository.
pub fn all(config: &CloudOpsConfig, fetched: &Fetched) -> Result<JobSet, TeamError> {
    let folder = build_server::folder(config)?;
    let jobs = Jobs { config, fetched, repository: repository(config)?, folder };
    let all = vec![jobs.build_package()?, jobs.verify_commit()?, jobs.scheduled()?];
    Ok(build_server::job_set(config, PROGRAM, all)?)
}

fn repository(config: &CloudOpsConfig) -> Result<&str, TeamError> {
    config.source.repository.as_deref().ok_or(TeamError::MissingSetting {
        key: "source.repository",
        hint: "Set it, or give --repository.",
    })
}

/// Names of the parameters that a job declares.
#[must_use]
pub fn declared(job: &Element) -> Vec<String> {
    let list = job
        .child("properties")
        .and_then(|all| all.child("hudson.model.ParametersDefinitionProperty"))
        .and_then(|property| property.child("parameterDefinitions"));
    let names = list.into_iter().flat_map(|list| &list.children);
    names.map(|one| one.child_text("name").to_owned()).filter(|n| n != RUN_PARAMETER).collect()
}

struct Jobs<'a> {
    config: &'a CloudOpsConfig,
    fetched: &'a Fetched,
    repository: &'a str,
    folder: ItemPath,
}

impl Jobs<'_> {
    fn job(&self, name: &str, description: &str) -> Result<PipelineJob, TeamError> {
        let mut job = PipelineJob::new(
            self.folder.join(name)?,
            Owner::program(self.config.instance.as_str(), PROGRAM),
            description,
        );
        job.label = Some(build_server::BUILDERS.to_owned());
        job.timeout = Some(self.config.source.build.timeout + AROUND);
        Ok(job)
    }

    fn checkout(&self, what: &str) -> Checkout {
        Checkout {
            repository: self.repository.to_owned(),
            branches: vec![what.to_owned()],
            credentials: self.config.source.credentials.clone(),
            folder: SOURCE.to_owned(),
        }
    }

    /// Reports below the folder with the source code.
    fn reports(&self) -> String {
        let patterns = self.config.source.build.test_reports.split(',').map(str::trim);
        let below = patterns.filter(|p| !p.is_empty()).map(|p| format!("{SOURCE}/{p}"));
        below.collect::<Vec<_>>().join(", ")
    }

    fn build_package(&self) -> Result<PipelineJob, TeamError> {
        let description = "Builds the deployment package from the commerce source code, checks \
                           it and publishes it.";
        let mut job = self
            .job(BUILD_PACKAGE, description)?
            .stage("Programs", &self.fetched.script(&[PROGRAM]))
            .stage("Package", PACKAGE);
        job.parameters = vec![self.revision()];
        job.checkout = Some(self.checkout(&format!("${{{REVISION}}}")));
        job.test_reports = Some(self.reports());
        Ok(job)
    }

    fn verify_commit(&self) -> Result<PipelineJob, TeamError> {
        let description = "Builds and tests every commit that is pushed to any branch.";
        let mut job = self
            .job(VERIFY_COMMIT, description)?
            .stage("Programs", &self.fetched.script(&[PROGRAM]))
            .stage("Build and test", VERIFY);
        job.checkout = Some(self.checkout("**"));
        job.triggers = vec![Trigger::Poll(self.config.source.pipeline.poll.clone())];
        job.retention = Retention { builds: Some(200), days: Some(90) };
        job.test_reports = Some(self.reports());
        Ok(job)
    }

    fn scheduled(&self) -> Result<PipelineJob, TeamError> {
        let pipeline = &self.config.source.pipeline;
        let description = "Goes the whole way: package, images, the test environment, smoke tests.";
        let mut job = self
            .job(SCHEDULED, description)?
            .stage("Programs", &self.fetched.script(&["clouddeploy"]))
            .call("Package", self.package_of(Argument::Parameter(REVISION.to_owned()))?)
            .stage("Images", IMAGES)
            .stage("Deploy", DEPLOY)
            .stage("Smoke tests", &smoke_tests(pipeline.smoke_command.as_deref()));
        job.label = Some(build_server::DEPLOYERS.to_owned());
        job.timeout = Some(self.config.source.build.timeout + AROUND + DEPLOYMENT);
        job.parameters = vec![
            self.revision(),
            Param::text(ENVIRONMENT, &pipeline.environment, "Environment to deploy to."),
        ];
        job.triggers = pipeline.schedule.clone().map(Trigger::Cron).into_iter().collect();
        Ok(job)
    }

    /// The package is built by its own job: where code of the repository runs, nothing may deploy.
    fn package_of(&self, revision: Argument) -> Result<Call, TeamError> {
        Ok(Call {
            job: self.folder.join(BUILD_PACKAGE)?,
            parameters: vec![
                (REVISION.to_owned(), revision),
                (RUN_PARAMETER.to_owned(), Argument::BuildTag),
            ],
        })
    }

    fn revision(&self) -> Param {
        Param::text(REVISION, &self.config.source.branch, "Branch, tag or commit to build.")
    }
}

/// What builds the package, on an agent as at a desk.
const PACKAGE: &str = "./cloudteam package build --runner local --output human --source source \
                       --cache --built-by \"$BUILD_URL\" --log \"${BUILD_URL}console\" \
                       --run \"$CLOUDOPS_RUN\"\n";

const VERIFY: &str = "./cloudteam source verify --output human --source source --cache\n";

/// The images of exactly the package that this build asked for.
const IMAGES: &str = "./clouddeploy images build --output human --run \"$BUILD_TAG\"\n";

const DEPLOY: &str = "./clouddeploy deploy --output human --env \"$ENVIRONMENT\" \
                      --run \"$BUILD_TAG\" --yes\n";

fn smoke_tests(command: Option<&str>) -> String {
    let own = command.map(|command| format!("{}\n", command.trim_end())).unwrap_or_default();
    format!("./clouddeploy status --output human --env \"$ENVIRONMENT\" --require-healthy\n{own}")
}
