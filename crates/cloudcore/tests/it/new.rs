//! `new`: a settings file that the programs read.

use cloudops_e2e::binary::{
    Program,
    scripted::{ScriptedAws, caller, reply},
};

use crate::says;

const FLAGS: &str = "new --instance acme --region us-west-2 --domain shop.example.com";

fn nothing() -> Program {
    Program::new(env!("CARGO_BIN_EXE_cloudcore"))
}

fn read(program: &Program, file: &str) -> String {
    fs_err::read_to_string(program.folder().join(file)).unwrap()
}

#[tokio::test]
async fn without_a_terminal_it_names_what_is_missing() {
    says!(nothing().run("new").await, @r"
    exit code: 2
    ----- stderr
    error: --instance, --region, --account, --domain must be given where there is no terminal to ask at
      hint: The account may also come from credentials (`aws sts get-caller-identity`).
    ");
    says!(nothing().run("new --instance acme --domain shop.example.com --account 123456789012").await, @r"
    exit code: 2
    ----- stderr
    error: --region must be given where there is no terminal to ask at
    ");
    says!(nothing().run(FLAGS).await, @r"
    exit code: 2
    ----- stderr
    error: --account must be given where there is no terminal to ask at
      hint: The account may also come from credentials (`aws sts get-caller-identity`).
    ");
}

#[tokio::test]
async fn what_the_reading_would_refuse_is_not_written() {
    let program = nothing();
    says!(program.run(&format!("{FLAGS} --account 123 --admin-cidr 0.0.0.0/0 --zones 4")).await, @r"
    exit code: 2
    ----- stderr
    error: --account: `123` is not an AWS account id (12 digits); --admin-cidr: `0.0.0.0/0` would let everybody in; --zones: 4 is not 2 or 3
    ");
    assert!(!program.folder().join("cloudops.yaml").exists());
}

#[tokio::test]
async fn the_file_is_written_once_and_read_by_every_verb() {
    let program = nothing();
    let line =
        format!("{FLAGS} --account 123456789012 --admin-cidr 203.0.113.0/24,198.51.100.0/24");
    says!(program.run(&line).await, @r"
    exit code: 0
    ----- stdout
    cloudops.yaml: created
    cloudops.schema.json: created
    Next: `cloudcore doctor`.
    ");
    let text = read(&program, "cloudops.yaml");
    assert!(text.starts_with("# yaml-language-server: $schema=./cloudops.schema.json\n"), "{text}");
    assert!(text.contains("admin-cidrs:\n  - 203.0.113.0/24\n  - 198.51.100.0/24\n"), "{text}");
    let schema: serde_json::Value =
        serde_json::from_str(&read(&program, "cloudops.schema.json")).unwrap();
    assert_eq!(schema["title"], "cloudops.yaml");
    // It is read: what is missing now is a right to ask AWS.
    assert_eq!(program.run("plan").await.code, Some(4));
    assert_eq!(program.run("graph --planned").await.code, Some(0));

    // The first line of what is there stays, whatever is asked for.
    says!(program.run(&line.replace("acme", "other")).await, @r"
    exit code: 8
    ----- stderr
    error: cloudops.yaml exists already
      hint: Name another file with --config, or overwrite this one with --force.
    ");
    assert_eq!(read(&program, "cloudops.yaml"), text);
    says!(program.run(&format!("{line} --size prod --force --output json")).await, @r#"
    exit code: 0
    ----- stdout
    {"schema":1,"files":[{"file":"cloudops.yaml","fate":"overwritten"},{"file":"cloudops.schema.json","fate":"kept"}],"instance":"acme","account":"123456789012","region":"us-west-2","domain":"shop.example.com"}
    "#);
    assert!(read(&program, "cloudops.yaml").contains("size: prod"));
}

#[tokio::test]
async fn a_schema_of_somebody_else_is_not_overwritten() {
    let program = nothing().file("cloudops.schema.json", "{}");
    let line = format!("{FLAGS} --account 123456789012 --config elsewhere.yaml");
    says!(program.run(&line).await, @r"
    exit code: 8
    ----- stderr
    error: cloudops.schema.json exists already
      hint: Name another file with --config, or overwrite this one with --force.
    ");
    assert!(!program.folder().join("elsewhere.yaml").exists(), "both or none");
    let nowhere = format!("{FLAGS} --account 123456789012 --config no/such/folder.yaml");
    says!(program.run(&nowhere).await, @r"
    exit code: 3
    ----- stderr
    error: the settings cannot be written: failed to open file `no/such/cloudops.schema.json`: No such file or directory (os error 2)
      hint: Check that the folder exists and can be written.
    ");
}

#[tokio::test]
async fn the_account_comes_from_the_credentials() {
    let aws = ScriptedAws::start(vec![caller("210987654321")]).await;
    let program = nothing().at(&aws);
    assert_eq!(program.run(FLAGS).await.code, Some(0));
    assert!(read(&program, "cloudops.yaml").contains("account: \"210987654321\"\n"));
    assert_eq!(aws.calls(), ["sts:GetCallerIdentity"]);

    let down = reply("sts", "GetCallerIdentity").error(400, "ValidationError", "no");
    let aws = ScriptedAws::start(vec![down]).await;
    says!(nothing().at(&aws).run(FLAGS).await, @r"
    exit code: 10
    ----- stderr
    error: STS GetCallerIdentity: no (ValidationError)
    ");
}
