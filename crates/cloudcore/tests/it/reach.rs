//! `ssh` and `tunnel`: which program is started, with what, and that its exit code is ours.

use std::os::unix::fs::PermissionsExt;

use cloudops_e2e::binary::{
    Program, SETTINGS,
    scripted::{ScriptedAws, caller, reply},
};

use crate::{cloudcore, says};

/// A program that says what it was given, and ends with 7.
const TELLS: &str = "#!/bin/sh
if [ \"$1\" = --version ]; then echo VERSION; exit; fi
echo \"${0##*/}\"
for one in \"$@\"; do echo \"  $one\"; done
echo \"answer: $(printenv AWS_SSM_START_SESSION_RESPONSE)\"
exit 7
";

fn stack(name: &str, outputs: &[(&str, &str)]) -> String {
    let output = |(key, value): &(&str, &str)| {
        format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>")
    };
    let outputs: String = outputs.iter().map(output).collect();
    format!(
        "<member><StackName>{name}</StackName><StackId>arn:aws:cloudformation:us-west-2:123456789012:stack/{name}/1</StackId>\
         <CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>\
         <Tags><member><Key>cloudops:instance</Key><Value>acme</Value></member></Tags>\
         <Outputs>{outputs}</Outputs></member>"
    )
}

async fn aws(instance: &str) -> ScriptedAws {
    let stacks = [
        stack("acme-core-bastion", &[("BastionGroupName", "acme-bastion")]),
        stack("acme-core-consul", &[("ConsulUrl", "https://config.acme.example.com")]),
        stack(
            "acme-shop-data-live",
            &[("DatabaseEndpoint", "live.db.internal"), ("DatabasePort", "3306")],
        ),
        stack(
            "acme-shop-data-author",
            &[("DatabaseEndpoint", "author.db.internal"), ("DatabasePort", "3306")],
        ),
    ];
    let stacks = format!(
        "<DescribeStacksResponse><DescribeStacksResult><Stacks>{}</Stacks></DescribeStacksResult></DescribeStacksResponse>",
        stacks.concat()
    );
    let instances = format!(
        "<DescribeInstancesResponse><reservationSet>{instance}</reservationSet></DescribeInstancesResponse>"
    );
    let session = r#"{"SessionId":"ann-1","TokenValue":"t0ken","StreamUrl":"wss://stream"}"#;
    ScriptedAws::start(vec![
        caller("123456789012"),
        reply("cloudformation", "DescribeStacks").body(stacks),
        reply("ec2", "DescribeInstances").body(instances),
        reply("ssm", "StartSession").body(session),
    ])
    .await
}

const RUNS: &str = "<item><instancesSet><item><instanceId>i-0a1b</instanceId>\
    <ipAddress>203.0.113.9</ipAddress></item></instancesSet></item>";

/// The program on a machine that has these programs and no others of their kind.
fn with(program: Program, others: &[(&str, &str)]) -> Program {
    let bin = program.folder().join("bin");
    fs_err::create_dir_all(&bin).unwrap();
    for (name, version) in others {
        let path = bin.join(name);
        fs_err::write(&path, TELLS.replace("VERSION", version)).unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        fs_err::set_permissions(&path, mode).unwrap();
    }
    for tool in ["printenv", "sh"] {
        std::os::unix::fs::symlink(format!("/usr/bin/{tool}"), bin.join(tool)).unwrap();
    }
    let path = bin.display().to_string();
    program.variable("PATH", &path)
}

#[tokio::test]
async fn the_plugin_takes_up_a_session_and_its_token_is_no_argument() {
    let aws = aws(RUNS).await;
    let program = with(cloudcore().at(&aws), &[("session-manager-plugin", "1.2.707.0")]);
    says!(program.run("ssh").await, @r#"
    exit code: 7
    ----- stdout
    session-manager-plugin
      AWS_SSM_START_SESSION_RESPONSE
      us-west-2
      StartSession

      {"Target":"i-0a1b"}
      http://[ENDPOINT]/
    answer: {"SessionId":"ann-1","TokenValue":"t0ken","StreamUrl":"wss://stream"}
    "#);
    let line = "tunnel db --env shop --side live --port 45678 --output json";
    says!(program.run(line).await, @r#"
    exit code: 7
    ----- stdout
    {"schema":1,"local":"[ENDPOINT]","host":"live.db.internal","port":3306}
    session-manager-plugin
      AWS_SSM_START_SESSION_RESPONSE
      us-west-2
      StartSession

      {"Target":"i-0a1b","DocumentName":"AWS-StartPortForwardingSessionToRemoteHost","Parameters":{"host":["live.db.internal"],"localPortNumber":["45678"],"portNumber":["3306"]}}
      http://[ENDPOINT]/
    answer: {"SessionId":"ann-1","TokenValue":"t0ken","StreamUrl":"wss://stream"}
    "#);
    says!(program.run("ssh -- uptime -p").await, @r#"
    exit code: 7
    ----- stdout
    session-manager-plugin
      AWS_SSM_START_SESSION_RESPONSE
      us-west-2
      StartSession

      {"Target":"i-0a1b","DocumentName":"AWS-StartNonInteractiveCommand","Parameters":{"command":["uptime -p"]}}
      http://[ENDPOINT]/
    answer: {"SessionId":"ann-1","TokenValue":"t0ken","StreamUrl":"wss://stream"}
    "#);
}

#[tokio::test]
async fn ssh_is_used_where_there_is_a_key_pair_and_no_plugin() {
    let aws = aws(RUNS).await;
    let settings = format!("{SETTINGS}bastion: {{key-pair: ann}}\n");
    let program = cloudcore().file("cloudops.yaml", settings).at(&aws);
    let program = with(program, &[("ssh", "")]);
    says!(program.run("tunnel search.internal:8983 --port 45679").await, @r"
    exit code: 7
    ----- stdout
    [ENDPOINT] leads to search.internal:8983; Ctrl-C ends it
    ssh
      -o
      HostKeyAlias=i-0a1b
      -o
      StrictHostKeyChecking=accept-new
      -N
      -o
      ExitOnForwardFailure=yes
      -L
      [ENDPOINT]:search.internal:8983
      ec2-user@203.0.113.9
    answer:
    ");
}

#[tokio::test]
async fn a_tunnel_leads_to_the_consul_cluster() {
    let aws = aws(RUNS).await;
    let with_consul = |consul: &str| {
        let settings =
            format!("{SETTINGS}bastion: {{key-pair: ann}}\nconfiguration: {{{consul}}}\n");
        let program = cloudcore().file("cloudops.yaml", settings).at(&aws);
        with(program, &[("ssh", "")])
    };
    let line = "tunnel config --port 45680 --output json";
    let ours = with_consul("backend: consul").run(line).await.to_string();
    assert!(ours.contains(r#""host":"config.acme.example.com","port":443"#), "{ours}");
    let other = "backend: consul, endpoint: 'https://c.example.org:8501', token-secret: t";
    let other = with_consul(other).run(line).await.to_string();
    assert!(other.contains(r#""host":"c.example.org","port":8501"#), "{other}");
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let running = aws(RUNS).await;
    let program = with(cloudcore().at(&running), &[]);
    says!(program.run("ssh").await, @r"
    exit code: 5
    ----- stderr
    error: neither session-manager-plugin nor a key pair for ssh is there
      hint: Install the Session Manager plugin, or set `bastion.key-pair` in cloudops.yaml and run `cloudcore init`.
    ");
    says!(program.run("tunnel db").await, @r"
    exit code: 2
    ----- stderr
    error: more than one database is meant: shop author, shop live
      hint: Name one with --env and --side.
    ");
    says!(program.run("tunnel config").await, @r"
    exit code: 2
    ----- stderr
    error: the configuration is in Parameter Store, which needs no tunnel
      hint: Use `cloudcore config get`.
    ");
    says!(program.run("tunnel nowhere").await, @r"
    exit code: 2
    ----- stderr
    error: `nowhere` is not db, config or HOST:PORT
    ");
    let old = with(cloudcore().at(&running), &[("session-manager-plugin", "1.2.30.0")]);
    says!(old.run("ssh --via session-manager").await, @r#"
    exit code: 5
    ----- stderr
    error: session-manager-plugin 1.2.30.0 is too old: it takes secrets as arguments
      hint: Install it: docs.aws.amazon.com, "Install the Session Manager plugin".
    "#);
    assert!(!running.calls().iter().any(|call| call.contains("StartSession")));
    let replaced = aws("").await;
    says!(cloudcore().at(&replaced).run("ssh").await, @r"
    exit code: 12
    ----- stderr
    error: no bastion runs just now; its group starts one
      hint: Try again in some minutes; `cloudcore status` tells when it runs.
    ");
}
