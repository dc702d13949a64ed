//! `cloudcore ssh` and `cloudcore tunnel`: through the bastion, with the programs that people know.
//!
//! The program takes the place of this one, so that keys, signals and the exit code are its own.

use std::{
    fmt::{self, Write},
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    process::{Command, Stdio},
};

use cloudcore::ops::reach::{self, Address, Target};
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    diagnose::{Class, Diagnose},
    network::Host,
    sessions::{self, Purpose},
    terminal::{CliResult, Report, Session, Style},
};

/// The plugin of Session Manager, by AWS.
const PLUGIN: &str = "session-manager-plugin";
/// Since this version the plugin reads the session from a variable; before, the session's token
/// would be among its arguments, which everybody on the machine can see.
const PLUGIN_SINCE: [u32; 3] = [1, 2, 497];
/// Name of that variable, as the AWS CLI has it.
const ANSWER: &str = "AWS_SSM_START_SESSION_RESPONSE";
/// The user of Amazon Linux.
const USER: &str = "ec2-user";

/// How the bastion is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Way {
    /// `ssh`, with a key; the bastion takes it from `admin-cidrs`
    Ssh,
    /// Session Manager, with AWS credentials, from anywhere
    SessionManager,
}

/// Options of `ssh`.
#[derive(Debug, clap::Args)]
pub(super) struct SshArgs {
    /// How to enter [default: session-manager where its plugin is installed]
    #[arg(long)]
    via: Option<Way>,
    /// A command to run instead of a shell
    #[arg(last = true)]
    command: Vec<String>,
}

/// Options of `tunnel`.
#[derive(Debug, clap::Args)]
pub(super) struct TunnelArgs {
    /// Where it leads: db, config, or HOST:PORT
    #[arg(value_name = "TARGET")]
    target: String,
    /// Environment whose database is meant
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// Side whose database is meant: author or live
    #[arg(long, value_name = "SIDE")]
    side: Option<String>,
    /// Port on this machine [default: that of the target, or a free one]
    #[arg(long)]
    port: Option<u16>,
    /// How to enter the bastion [default: session-manager where its plugin is installed]
    #[arg(long)]
    via: Option<Way>,
}

/// What this machine lacks, or was asked for wrongly.
#[derive(Debug, thiserror::Error)]
enum WayError {
    #[error("`{0}` is not db, config or HOST:PORT")]
    Target(String),
    #[error("neither {PLUGIN} nor a key pair for ssh is there")]
    NoWay,
    #[error("{PLUGIN} is not installed")]
    NoPlugin,
    #[error("{PLUGIN} {0} is too old: it takes secrets as arguments")]
    OldPlugin(String),
    #[error("the bastion has no public address")]
    NoAddress,
    #[error("the port {0} of this machine is taken")]
    Port(u16),
    #[error("{program} cannot be started: {source}")]
    Start { program: &'static str, source: std::io::Error },
}

impl Diagnose for WayError {
    fn class(&self) -> Class {
        match self {
            Self::Target(_) | Self::Port(_) => Class::Usage,
            _ => Class::NotReady,
        }
    }

    fn hints(&self) -> Vec<String> {
        let install = "Install it: docs.aws.amazon.com, \"Install the Session Manager plugin\".";
        let hint = match self {
            Self::Target(_) => return Vec::new(),
            Self::NoWay => {
                "Install the Session Manager plugin, or set `bastion.key-pair` in cloudops.yaml and \
                 run `cloudcore init`."
            }
            Self::NoPlugin | Self::OldPlugin(_) => install,
            Self::NoAddress => "Use --via session-manager.",
            Self::Port(_) => "Name another one with --port, or leave it out.",
            Self::Start { .. } => "Install it, or use the other way with --via.",
        };
        vec![hint.to_owned()]
    }
}

pub(super) async fn ssh(session: &Session, args: &SshArgs) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let bastion = reach::bastion(&ctx, &config).await?;
    let command = args.command.join(" ");
    let purpose = match command.is_empty() {
        true => Purpose::Shell,
        false => Purpose::Command(command),
    };
    enter(session, &ctx, &config, &bastion, args.via, purpose).await
}

pub(super) async fn tunnel(session: &Session, args: &TunnelArgs) -> CliResult {
    let target = target(args)?;
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let bastion = reach::bastion(&ctx, &config).await?;
    let Address { host, port } = reach::address(&ctx, &config, &target).await?;
    let local_port = local_port(args.port, port)?;
    session.print(&Shown { local_port, host: host.clone(), port });
    let purpose = Purpose::Tunnel { local_port, host, port };
    enter(session, &ctx, &config, &bastion, args.via, purpose).await
}

fn target(args: &TunnelArgs) -> Result<Target, WayError> {
    match args.target.as_str() {
        "db" => Ok(Target::Database { environment: args.env.clone(), side: args.side.clone() }),
        "config" => Ok(Target::Configuration),
        other => {
            let address = other.rsplit_once(':').and_then(|(host, port)| {
                let port = port.parse().ok().filter(|port| *port > 0)?;
                (!host.is_empty()).then(|| Address { host: host.to_owned(), port })
            });
            address.map(Target::Address).ok_or_else(|| WayError::Target(other.to_owned()))
        }
    }
}

/// The port that was asked for; else that of the target; else one that the system gives.
fn local_port(asked: Option<u16>, wanted: u16) -> Result<u16, WayError> {
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let bound = match asked {
        Some(port) => free(port).map_err(|_| WayError::Port(port))?,
        None => free(wanted).or_else(|_| free(0)).map_err(|_| WayError::Port(wanted))?,
    };
    // Whoever takes the port between here and the program's start gets its message.
    bound.local_addr().map(|address| address.port()).map_err(|_| WayError::Port(wanted))
}

async fn enter(
    session: &Session,
    ctx: &Ctx,
    config: &CloudOpsConfig,
    bastion: &Host,
    via: Option<Way>,
    purpose: Purpose,
) -> CliResult {
    let way = match via {
        Some(way) => way,
        None if plugin_version().is_some() => Way::SessionManager,
        None if config.bastion.key_pair.is_some() => Way::Ssh,
        None => return Err(WayError::NoWay.into()),
    };
    let (program, mut command) = match way {
        Way::Ssh => ("ssh", by_ssh(bastion, &purpose)?),
        Way::SessionManager => {
            let profile = session.settings.profile.as_deref();
            (PLUGIN, by_session_manager(ctx, bastion, &purpose, profile).await?)
        }
    };
    Err(WayError::Start { program, source: command.exec() }.into())
}

/// `ssh` to the bastion. Each bastion is a new host at an address that another one may have had:
/// its key is kept by the id of the server.
fn by_ssh(bastion: &Host, purpose: &Purpose) -> Result<Command, WayError> {
    let address = bastion.address.as_deref().ok_or(WayError::NoAddress)?;
    let mut command = Command::new("ssh");
    command.args(["-o", &format!("HostKeyAlias={}", bastion.id)]);
    command.args(["-o", "StrictHostKeyChecking=accept-new"]);
    let login = format!("{USER}@{address}");
    match purpose {
        Purpose::Shell => command.arg(login),
        Purpose::Command(line) => command.args([login.as_str(), "--", line]),
        Purpose::Tunnel { local_port, host, port } => {
            let forward = format!("127.0.0.1:{local_port}:{host}:{port}");
            command.args(["-N", "-o", "ExitOnForwardFailure=yes", "-L", &forward, &login])
        }
    };
    Ok(command)
}

/// The plugin with a session that it takes up, called as the AWS CLI calls it.
async fn by_session_manager(
    ctx: &Ctx,
    bastion: &Host,
    purpose: &Purpose,
    profile: Option<&str>,
) -> Result<Command, cloudops_aws::terminal::Failure> {
    let version = plugin_version().ok_or(WayError::NoPlugin)?;
    if numbers(&version) < PLUGIN_SINCE.to_vec() {
        return Err(WayError::OldPlugin(version).into());
    }
    let started = sessions::start(&ctx.aws, &bastion.id, purpose).await?;
    let region = ctx.aws.region().as_str();
    let mut command = Command::new(PLUGIN);
    command
        .args([ANSWER, region, "StartSession", profile.unwrap_or_default()])
        .args([&started.request, &started.endpoint])
        .env(ANSWER, &started.answer);
    Ok(command)
}

fn plugin_version() -> Option<String> {
    let asked = Command::new(PLUGIN).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    asked.status.success().then_some(text)
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

struct Shown {
    local_port: u16,
    host: String,
    port: u16,
}

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let here = format!("127.0.0.1:{}", self.local_port);
        writeln!(out, "{} leads to {}:{}; Ctrl-C ends it", style.bold(&here), self.host, self.port)
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "local": format!("127.0.0.1:{}", self.local_port),
            "host": self.host,
            "port": self.port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_compared_by_its_numbers() {
        assert!(numbers("1.2.707.0") > PLUGIN_SINCE.to_vec());
        assert!(numbers("1.2.54.0") < PLUGIN_SINCE.to_vec());
        assert!(numbers("nonsense") < PLUGIN_SINCE.to_vec());
    }

    #[test]
    fn ssh_is_given_the_forward_and_the_alias() {
        let bastion = Host { id: "i-1".to_owned(), address: Some("203.0.113.9".to_owned()) };
        let host = "db.internal".to_owned();
        let tunnel = Purpose::Tunnel { local_port: 5000, host, port: 3306 };
        let command = by_ssh(&bastion, &tunnel).unwrap();
        let line: Vec<_> = command.get_args().map(|one| one.to_string_lossy()).collect();
        assert_eq!(
            line.join(" "),
            "-o HostKeyAlias=i-1 -o StrictHostKeyChecking=accept-new -N -o ExitOnForwardFailure=yes \
             -L 127.0.0.1:5000:db.internal:3306 ec2-user@203.0.113.9"
        );
        let hidden = Host { id: "i-1".to_owned(), address: None };
        assert!(matches!(by_ssh(&hidden, &Purpose::Shell), Err(WayError::NoAddress)));
    }
}
