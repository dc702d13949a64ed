//! Wrong command lines and files: nothing is asked of AWS.

use crate::{clouddeploy, says};

#[tokio::test]
async fn a_database_reset_cannot_be_asked_for() {
    says!(clouddeploy().run("deploy --env live --reset-db").await, @r"
    exit code: 2
    ----- stderr
    error: unexpected argument '--reset-db' found

    Usage: clouddeploy deploy --env <ENV>

    For more information, try '--help'.
    ");
}

#[tokio::test]
async fn an_environment_needs_a_name_that_aws_can_bear() {
    says!(clouddeploy().run("deploy").await, @r"
    exit code: 2
    ----- stderr
    error: the following required arguments were not provided:
      --env <ENV>

    Usage: clouddeploy deploy --env <ENV>

    For more information, try '--help'.
    ");
    says!(clouddeploy().run("deploy --env Live_1").await, @r"
    exit code: 2
    ----- stderr
    error: invalid value 'Live_1' for '--env <ENV>': `Live_1` is not an environment name (1 to 12 lowercase letters, digits and hyphens, starting with a letter, not ending in a hyphen; core, team, deploy, images, build, builds, build-server, network, instance and what ends in -build or -admin are taken)

    For more information, try '--help'.
    ");
}

#[tokio::test]
async fn a_file_that_is_no_package_is_refused_with_its_name() {
    let program = clouddeploy().file("notes.zip", "these are notes");
    says!(program.run("package inspect notes.zip").await, @r"
    exit code: 3
    ----- stderr
    error: notes.zip is not a zip file, or is damaged: invalid Zip archive: Could not find EOCD
      hint: A deployment package is the zip that extensions/packager/ext-deployment-package builds.
    ");
    says!(program.run("package inspect missing.zip").await, @r"
    exit code: 3
    ----- stderr
    error: failed to open file `missing.zip`: No such file or directory (os error 2)
    ");
}

#[tokio::test]
async fn what_is_destroyed_must_be_named() {
    says!(clouddeploy().run("env destroy live").await, @r"
    exit code: 8
    ----- stderr
    error: this needs an answer, and there is no terminal to ask at: This deletes the environment with everything that runs in it. Type `live` to go on:
      hint: Add --name live --yes.
    ");
}
