//! The jobs on the build server that call this program. They run on agents that may deploy, where
//! no code of the source repository runs.

use std::time::Duration;

use cloudops_aws::{
    build_server::{self, BuildServerError, Fetched},
    config_file::CloudOpsConfig,
    jenkins::{Owner, Param, PipelineJob, job_set::JobSet},
};

use crate::ops::PROGRAM;

/// Programs that the jobs fetch.
pub const PROGRAMS: [&str; 1] = [PROGRAM];

/// Images of a package take minutes, a deployment with its database up to hours.
const LONGEST: Duration = Duration::from_secs(3 * 60 * 60);

const BUILD_IMAGES: &str =
    "./clouddeploy images build --output human ${PACKAGE:+--package \"$PACKAGE\"}\n";

const DEPLOY: &str = "./clouddeploy deploy --output human --env \"$ENVIRONMENT\" \
                      ${RELEASE:+--release \"$RELEASE\"} --yes\n";

const VERIFY: &str =
    "./clouddeploy status --output human --env \"$ENVIRONMENT\" --require-healthy\n";

const PROMOTE: &str = "./clouddeploy images promote --output human --registry \"$REGISTRY\" \
                       ${RELEASE:+--release \"$RELEASE\"}\n";

const DELETE: &str =
    "./clouddeploy env destroy \"$ENVIRONMENT\" --output human --name \"$NAME\" --yes\n";

/// The jobs of an instance.
///
/// # Errors
/// [`BuildServerError::Path`].
pub fn all(config: &CloudOpsConfig, fetched: &Fetched) -> Result<JobSet, BuildServerError> {
    let job = |name: &str, description: &str, parameters: &[Param]| {
        let path = build_server::folder(config)?.join(name)?;
        let owner = Owner::program(config.instance.as_str(), PROGRAM);
        let mut job = PipelineJob::new(path, owner, description)
            .stage("Programs", &fetched.script(&PROGRAMS));
        job.label = Some(build_server::DEPLOYERS.to_owned());
        job.timeout = Some(LONGEST);
        job.parameters = parameters.to_vec();
        Ok::<_, BuildServerError>(job)
    };
    let environment = Param::text("ENVIRONMENT", "", "Name of the environment.");
    let release = Param::text("RELEASE", "", "Id of the release; the newest when it is empty.");
    let package = Param::text("PACKAGE", "", "Id of the package; the newest when it is empty.");
    let registry =
        Param::text("REGISTRY", "", "Registry, and what its repositories begin with: HOST/PREFIX.");
    let name = Param::text("NAME", "", "Name of the environment again.");
    let jobs = vec![
        job(
            "build-images",
            "Builds the images of a package and makes a release of them.",
            &[package],
        )?
        .stage("Images", BUILD_IMAGES),
        job(
            "deploy-environment",
            "Deploys a release to an environment and looks whether it is healthy.",
            &[environment.clone(), release.clone()],
        )?
        .stage("Deploy", DEPLOY)
        .stage("Verify", VERIFY),
        job(
            "promote-images",
            "Copies the images of a release by digest to another registry.",
            &[release, registry],
        )?
        .stage("Promote", PROMOTE),
        job(
            "delete-environment",
            "Deletes an environment; its databases leave a final snapshot.",
            &[environment, name],
        )?
        .stage("Delete", DELETE),
    ];
    Ok(build_server::job_set(config, PROGRAM, jobs)?)
}
