//! Wrong command lines and files: nothing is asked of AWS.

use cloudops_e2e::binary::{
    Program,
    scripted::{ScriptedAws, caller, reply},
};

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

/// The program with an AWS that has one object, which is text.
async fn with_an_object() -> (Program, ScriptedAws) {
    let aws = ScriptedAws::start(vec![
        caller("123456789012"),
        reply("s3", "GetObject").on("notes.zip").body("these are notes"),
        reply("s3", "GetObject").error(404, "NoSuchKey", "there is none"),
    ])
    .await;
    (clouddeploy().at(&aws), aws)
}

#[tokio::test]
async fn a_package_in_a_bucket_is_named_by_its_address() {
    let (program, _aws) = with_an_object().await;
    says!(program.run("package inspect s3://my-bucket/in/notes.zip").await, @r"
    exit code: 3
    ----- stderr
    error: s3://my-bucket/in/notes.zip is not a zip file, or is damaged: invalid Zip archive: Could not find EOCD
      hint: A deployment package is the zip that extensions/packager/ext-deployment-package builds.
    ");
    says!(program.run("package inspect s3://my-bucket/in/other.zip").await, @r"
    exit code: 3
    ----- stderr
    error: there is no object s3://my-bucket/in/other.zip
      hint: `aws s3 ls s3://my-bucket/ --recursive` shows what is there.
    ");
    says!(program.run("package inspect s3://my-bucket").await, @r"
    exit code: 2
    ----- stderr
    error: `s3://my-bucket` does not name a package: it lacks the bucket or the key
      hint: Give a file, s3://BUCKET/KEY, or the id of a package.
    ");
}

#[tokio::test]
async fn for_a_file_nothing_is_asked_of_aws() {
    let (program, aws) = with_an_object().await;
    let ran = program.file("notes.zip", "these are notes").run("package inspect notes.zip").await;
    assert_eq!(ran.code, Some(3), "{ran}");
    assert!(aws.calls().is_empty(), "{:?}", aws.calls());
}
