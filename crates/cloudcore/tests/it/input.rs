//! Wrong command lines and settings: nothing is asked of AWS.

use cloudops_e2e::binary::{Program, SETTINGS};

use crate::{cloudcore, says};

#[tokio::test]
async fn a_verb_that_is_not_there_is_a_usage_error() {
    says!(cloudcore().run("innit").await, @r"
    exit code: 2
    ----- stderr
    error: unrecognized subcommand 'innit'

      tip: a similar subcommand exists: 'init'

    Usage: cloudcore [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[tokio::test]
async fn without_settings_it_says_which_file_it_looked_for() {
    let nothing = Program::new(env!("CARGO_BIN_EXE_cloudcore"));
    says!(nothing.run("init").await, @r"
    exit code: 3
    ----- stderr
    error: the settings file cloudops.yaml cannot be read: it does not exist
      hint: Write one with `cloudcore new`, or name it with --config.
    ");
    says!(nothing.run("init --config elsewhere.yaml --output json").await, @r#"
    exit code: 3
    ----- stderr
    {"schema":1,"error":{"class":"configuration","exit-code":3,"message":"the settings file elsewhere.yaml cannot be read: it does not exist","causes":[],"hints":["Write one with `cloudcore new`, or name it with --config."]}}
    "#);
}

#[tokio::test]
async fn a_wrong_setting_is_named_with_its_place() {
    let with = |text: &str| cloudcore().file("cloudops.yaml", text);
    says!(with(&SETTINGS.replace("domain:", "domian:")).run("init").await, @r"
    exit code: 3
    ----- stderr
    error: cloudops.yaml:5:1: domian: there is no such key
      hint: Did you mean `domain`?
    ");
    says!(with(&format!("{SETTINGS}network: {{zones: seven}}\n")).run("plan").await, @r"
    exit code: 3
    ----- stderr
    error: cloudops.yaml:6:18: zones: `seven` is not a whole number
    ");
    says!(with(&format!("{SETTINGS}instance: again\n")).run("plan").await, @r"
    exit code: 3
    ----- stderr
    error: cloudops.yaml:6:1: instance: the key is given twice
    ");
    says!(with(&SETTINGS.replace("\"123456789012\"", "12345")).run("plan").await, @r"
    exit code: 3
    ----- stderr
    error: cloudops.yaml:3:10: account: `12345` is not an AWS account id (12 digits)
      hint: Write it with 12 digits and in quotes.
    ");
    says!(with("schema: [1\n").run("status").await, @r"
    exit code: 3
    ----- stderr
    error: cloudops.yaml:1:9: schema: must be a single value
    ");
    says!(with(&SETTINGS.replace("schema: 1", "schema: 9")).run("status").await, @r"
    exit code: 3
    ----- stderr
    error: cloudops.yaml:1:9: schema: schema 9 is not 1, the one this version reads
      hint: Use the version of the tools that the file was written for.
    ");
}

#[tokio::test]
async fn a_wrong_variable_is_named() {
    says!(cloudcore().variable("AWS_ENDPOINT_URL", "nowhere").run("plan").await, @r"
    exit code: 3
    ----- stderr
    error: AWS_ENDPOINT_URL: `nowhere` is not a URL
    ");
    says!(cloudcore().variable("AWS_REGION", "eu-west-1").run("plan").await, @r"
    exit code: 3
    ----- stderr
    error: cloudops.yaml is for region us-west-2, but --region or AWS_REGION says eu-west-1
      hint: Leave the flag or variable out.
    ");
    says!(cloudcore().variable("CLOUDOPS_OUTPUT", "xml").run("plan").await, @r"
    exit code: 3
    ----- stderr
    error: CLOUDOPS_OUTPUT: `xml` is not human or json
    ");
}

#[tokio::test]
async fn what_is_destroyed_must_be_named() {
    says!(cloudcore().run("destroy").await, @r"
    exit code: 8
    ----- stderr
    error: this needs an answer, and there is no terminal to ask at: This deletes the foundation; packages, artifacts, logs and the state stay. Type `acme` to go on:
      hint: Add --name acme --yes.
    ");
    says!(cloudcore().run("destroy --name acme").await, @r"
    exit code: 8
    ----- stderr
    error: this needs an answer, and there is no terminal to ask at: This deletes the foundation; packages, artifacts, logs and the state stay. Type `acme` to go on:
      hint: Add --name acme --yes.
    ");
    says!(cloudcore().run("destroy --name other --yes").await, @r"
    exit code: 8
    ----- stderr
    error: not confirmed; nothing was changed
    ");
}

#[tokio::test]
async fn a_completion_script_knows_the_verbs() {
    let script = cloudcore().run("completion bash").await;
    assert_eq!(script.code, Some(0));
    for verb in ["plan", "init", "status", "outputs", "config", "destroy", "unlock"] {
        assert!(script.stdout.contains(verb), "no `{verb}` in the script");
    }
}
