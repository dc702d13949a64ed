//! `cloudcore new`.

mod interview;

use std::fmt::{self, Write};

use cloudcore::ops::new::{self, Fate, NewRequest, Written};
use cloudops_aws::{
    config_file::NewSettings,
    diagnose::{Class, Diagnose},
    ids::{AccountId, Region},
    terminal::{CliResult, Failure, Report, Session, Style},
};

use interview::{Answers, Topic};

/// Options of `new`: what is not given is asked for on a terminal. The region is `--region`, the
/// file is `--config`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of the instance: 2 to 16 lowercase letters, digits and hyphens
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
    /// AWS account [default: the one of the credentials]
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Domain of the instance, one that you can delegate
    #[arg(long)]
    domain: Option<String>,
    /// IPv4 range that may reach bastion, build server and back office; up to four, separated by
    /// commas [default: none]
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    admin_cidr: Vec<String>,
    /// Private IPv4 range of the network [default: 10.0.0.0/16]
    #[arg(long, value_name = "CIDR")]
    network_cidr: Option<String>,
    /// Availability zones: 2 or 3 [default: 2]
    #[arg(long, value_name = "N")]
    zones: Option<String>,
    /// NAT gateways: none, single or per-zone [default: single]
    #[arg(long, value_name = "HOW")]
    nat_gateways: Option<String>,
    /// Instance type of the bastion [default: t4g.nano]
    #[arg(long, value_name = "TYPE")]
    bastion_type: Option<String>,
    /// Where containers of new environments run: ec2 or fargate [default: ec2]
    #[arg(long, value_name = "TYPE")]
    launch_type: Option<String>,
    /// Size of new environments: dev or prod [default: dev]
    #[arg(long)]
    size: Option<String>,
    /// Overwrite files that exist
    #[arg(long)]
    force: bool,
}

/// Options that are missing or cannot be used.
#[derive(Debug, thiserror::Error)]
enum OptionsError {
    /// Nobody can be asked for them.
    #[error("{} must be given where there is no terminal to ask at", .0.join(", "))]
    Missing(Vec<&'static str>),
    /// What the reading of the file would refuse.
    #[error("{}", .0.join("; "))]
    Wrong(Vec<String>),
}

impl Diagnose for OptionsError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hints(&self) -> Vec<String> {
        let account = "The account may also come from credentials (`aws sts get-caller-identity`).";
        match self {
            Self::Missing(flags) if flags.contains(&Topic::Account.flag()) => {
                vec![account.to_owned()]
            }
            _ => Vec::new(),
        }
    }
}

impl Args {
    fn answers(&self, region: Option<&Region>) -> Answers {
        let mut answers = Answers::default();
        let cidrs = (!self.admin_cidr.is_empty()).then(|| self.admin_cidr.join(","));
        for (topic, given) in [
            (Topic::Instance, self.instance.clone()),
            (Topic::Region, region.map(ToString::to_string)),
            (Topic::Account, self.account.clone()),
            (Topic::Domain, self.domain.clone()),
            (Topic::AdminCidrs, cidrs),
            (Topic::NetworkCidr, self.network_cidr.clone()),
            (Topic::Zones, self.zones.clone()),
            (Topic::NatGateways, self.nat_gateways.clone()),
            (Topic::BastionType, self.bastion_type.clone()),
            (Topic::LaunchType, self.launch_type.clone()),
            (Topic::Size, self.size.clone()),
        ] {
            if let Some(given) = given {
                answers.set(topic, given);
            }
        }
        answers
    }
}

pub(super) async fn exec(session: &Session, args: &Args) -> CliResult {
    let mut answers = args.answers(session.settings.region.as_ref());
    let wrong = answers.wrong();
    if !wrong.is_empty() {
        return Err(OptionsError::Wrong(wrong).into());
    }
    if session.settings.interactive {
        // With --yes only what has no default is asked for.
        let ask = async |question: &str, flag: &str| session.question(question, flag).await;
        let account = async |region: &Region| account(session, region).await.ok();
        interview::ask(&mut answers, session.settings.yes, ask, account).await?;
    } else {
        complete(session, &mut answers).await?;
    }
    let request = NewRequest {
        settings: answers.settings(),
        file: session.settings.config.clone(),
        force: args.force,
    };
    let files = new::new(&request)?;
    session.print(&Shown { files, settings: request.settings });
    Ok(Class::Done)
}

/// Without a terminal only the account can be found out.
async fn complete(session: &Session, answers: &mut Answers) -> Result<(), Failure> {
    let mut missing = answers.missing();
    let found = match &session.settings.region {
        Some(region) if missing == [Topic::Account] => account(session, region).await,
        _ => Ok(None),
    };
    if let Some(account) = found? {
        answers.set(Topic::Account, account.to_string());
        missing.clear();
    }
    match missing.as_slice() {
        [] => Ok(()),
        some => Err(OptionsError::Missing(some.iter().map(|one| one.flag()).collect()).into()),
    }
}

/// The account of the credentials, none without usable ones.
async fn account(session: &Session, region: &Region) -> Result<Option<AccountId>, Failure> {
    let profile = session.settings.profile.as_deref();
    match session.connect_as(Some(region), profile).await {
        Ok(ctx) => Ok(Some(ctx.aws.account().clone())),
        Err(failure) if failure.class() == Class::Credentials => Ok(None),
        Err(failure) => Err(failure),
    }
}

struct Shown {
    files: Vec<Written>,
    settings: NewSettings,
}

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        for written in &self.files {
            let fate = match written.fate {
                Fate::Created => style.good("created"),
                Fate::Overwritten => style.warn("overwritten"),
                Fate::Kept => "up to date".to_owned(),
            };
            writeln!(out, "{}: {fate}", written.file)?;
        }
        writeln!(out, "Next: `cloudcore doctor`.")
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "files": self.files,
            "instance": self.settings.instance,
            "account": self.settings.account,
            "region": self.settings.region,
            "domain": self.settings.domain,
        })
    }
}
