//! `dns`: whether the domain is delegated to our zone, and which hop of the way is wrong.

use std::time::Duration;

use cloudops_aws::{
    certs,
    cfn::observe,
    config_file::CloudOpsConfig,
    ctx::Ctx,
    dns::{
        hops::{State, Verdict},
        judge,
        walk::{self, Place, Subject},
    },
    wait::{self, Pace},
};
use jiff::Timestamp;

use super::check_place;
use crate::{error::CoreError, layout};

/// Between two walks: what a person enters at a registrar is not seen sooner.
const PAUSE: Duration = Duration::from_secs(30);

/// Checks the certificate that `cloudops.yaml` names, where it names one, before anything is
/// changed (`DescribeCertificate`). What is worth a warning is reported as one.
///
/// # Errors
/// [`CoreError::Certificate`] with all reasons why it cannot be used.
pub async fn check_certificate(ctx: &Ctx, config: &CloudOpsConfig) -> Result<(), CoreError> {
    let Some(arn) = &config.certificate else {
        return Ok(());
    };
    let found = certs::describe(&ctx.aws, arn).await?;
    let (domain, region) = (&config.domain, config.region.as_str());
    for warning in certs::fitness(&found, domain, region, Timestamp::now())? {
        ctx.events.warn(warning);
    }
    Ok(())
}

/// Follows DNS from the root to the zone of the instance and says how it is with each hop.
/// Changes nothing (`DescribeStacks`; `ListCertificates` and `DescribeCertificate` for the proof).
///
/// # Errors
/// [`CoreError::NoZone`] before the zone exists.
pub async fn status(ctx: &Ctx, config: &CloudOpsConfig) -> Result<Verdict, CoreError> {
    check_place(&ctx.aws, config)?;
    let wanted = name_servers(ctx, config).await?;
    let pending = match config.certificate {
        Some(_) => None,
        None => certs::pending(&ctx.aws, &config.domain).await?,
    };
    let proof = pending.and_then(|certificate| certificate.proof);
    Ok(look(config, &wanted, proof.as_ref()).await)
}

/// Looks every half minute until no hop is wrong. What changes is reported.
///
/// # Errors
/// As [`status`]; [`CoreError::Wait`] when the time is over.
pub async fn watch(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    within: Duration,
) -> Result<Verdict, CoreError> {
    let pace = Pace { first: PAUSE, longest: PAUSE, deadline: within };
    let told = std::cell::RefCell::new(None);
    wait::until(pace, &ctx.cancel, async || {
        let verdict = status(ctx, config).await?;
        let blocking = verdict
            .hops
            .iter()
            .find(|hop| matches!(hop.state, State::Wrong | State::Unknown | State::Waiting));
        let Some(hop) = blocking else {
            return Ok(Some(verdict));
        };
        let said = format!("{}: {}", hop.hop, hop.now);
        if told.borrow().as_ref() != Some(&said) {
            ctx.events.note(said.clone());
            told.replace(Some(said));
        }
        Ok(None)
    })
    .await
}

/// Walks once and judges.
pub(super) async fn look(
    config: &CloudOpsConfig,
    wanted: &[String],
    proof: Option<&(String, String)>,
) -> Verdict {
    let place = Place::new(&config.dns.roots, &config.dns.resolvers);
    let subject = Subject { domain: &config.domain, wanted, proof };
    judge::judge(&walk::walk(&place, subject).await)
}

/// Name servers of the public zone, from the stack that has it.
pub(super) async fn name_servers(
    ctx: &Ctx,
    config: &CloudOpsConfig,
) -> Result<Vec<String>, CoreError> {
    let name = layout::stack_name(config, "dns")?;
    let stacks = observe::stacks(ctx, name.as_str()).await?;
    let stack = stacks.into_iter().find(|stack| stack.name == name).ok_or(CoreError::NoZone)?;
    let servers = stack.outputs.get("NameServers").ok_or(CoreError::NoZone)?;
    Ok(servers.split(',').map(str::to_owned).collect())
}
