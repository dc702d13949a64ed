//! `cloudteam` as a process: exit code, standard output, standard error.
#![allow(clippy::unwrap_used, reason = "all of this is tests, also outside of test functions")]

mod importing;
mod readme;
mod servers;
mod sources;
mod stage;

use cloudops_e2e::binary::scripted::{ScriptedAws, caller, reply};
use cloudops_e2e::binary::{Program, SETTINGS};

/// The program with the settings of the tests.
fn cloudteam() -> Program {
    Program::new(env!("CARGO_BIN_EXE_cloudteam")).file("cloudops.yaml", SETTINGS)
}

/// Compares what a program did with what is written in the test.
macro_rules! says {
    ($ran:expr, @$expected:literal) => {
        let ran = $ran;
        insta::with_settings!({ filters => cloudops_e2e::binary::FILTERS }, {
            insta::assert_snapshot!(ran, @$expected);
        })
    };
}

#[tokio::test]
async fn a_distribution_has_to_be_named() {
    says!(cloudteam().run("init").await, @r"
    exit code: 2
    ----- stderr
    error: the following required arguments were not provided:
      --source <SOURCE>

    Usage: cloudteam init --source <SOURCE>

    For more information, try '--help'.
    ");
}

#[tokio::test]
async fn a_folder_that_is_no_distribution_is_refused_with_what_it_lacks() {
    let program = cloudteam();
    std::fs::create_dir(program.folder().join("empty")).unwrap();
    says!(program.run("init --source empty").await, @r"
    exit code: 4
    ----- stderr
    error: AWS credentials: no usable AWS credentials were found
      hint: Sign in again, or check AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` must work.
    ");
    says!(program.run("init --source missing").await, @r"
    exit code: 4
    ----- stderr
    error: AWS credentials: no usable AWS credentials were found
      hint: Sign in again, or check AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` must work.
    ");
}

#[tokio::test]
async fn what_names_no_source_is_refused_before_anything_else() {
    for source in ["--upload-pack=x", "https://example.com/c.git", "s3://bucket", "ext::sh#v1"] {
        for verb in ["init", "import"] {
            let ran = cloudteam().run(&format!("{verb} --source {source}")).await;
            assert_eq!(ran.code, Some(3), "{verb} {source}: {}", ran.stderr);
            assert!(ran.stderr.contains("is not a source"), "{}", ran.stderr);
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_package_is_refused_with_its_name() {
    let program = cloudteam().file("notes.zip", "these are notes");
    says!(program.run("package verify notes.zip").await, @r"
    exit code: 3
    ----- stderr
    error: notes.zip is not a zip file, or is damaged: invalid Zip archive: Could not find EOCD
      hint: A deployment package is the zip that extensions/packager/ext-deployment-package builds.
    ");
}

#[tokio::test]
async fn before_cloudcore_it_names_the_command() {
    let none = reply("s3", "HeadBucket").error(404, "NoSuchBucket", "there is none");
    let aws = ScriptedAws::start(vec![caller("123456789012"), none]).await;
    says!(cloudteam().at(&aws).run("package list").await, @r"
    exit code: 5
    ----- stderr
    error: cloudcore has not been initialized in account 123456789012, region us-west-2
      hint: Run `cloudcore init` first.
    ");
    says!(cloudteam().at(&aws).run("jobs list").await, @r"
    exit code: 5
    ----- stderr
    error: cloudcore has not been initialized in account 123456789012, region us-west-2
      hint: Run `cloudcore init` first.
    ");
    assert!(aws.mutating().is_empty(), "{:?}", aws.mutating());
}
