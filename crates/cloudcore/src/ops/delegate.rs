//! The delegation of the domain, while `init` builds everything that does not need it.

use std::time::Duration;

use cloudops_aws::{
    cfn::{
        graph::Outputs,
        hold::{Held, Hold, Values},
    },
    config_file::{CloudOpsConfig, DnsConfig},
    connect::Assume,
    ctx::Ctx,
    dns::{
        delegation::{self, DelegationError, DelegationPlan, ParentAt, ParentZone},
        hops::{Hop, State, Verdict},
        record,
    },
    error::AwsErrorKind,
    events::Outcome,
    ids::StackName,
    state::{lock::Locked, store::Store},
    wait::{self, WaitError},
};
use futures::{FutureExt, future::BoxFuture};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::dns;
use crate::{error::CoreError, layout};

/// First pause between two walks: what was just written is seen within seconds.
const SHORTEST: Duration = Duration::from_secs(2);
/// Longest pause: what a person enters at a registrar takes minutes.
const LONGEST: Duration = Duration::from_secs(30);

/// Where the parent zone is looked for, as `cloudops.yaml` says.
pub(super) fn parent_at(dns: &DnsConfig) -> ParentAt {
    let role = dns.parent_role.clone();
    let external_id = dns.parent_external_id.clone();
    ParentAt { zone_id: dns.parent_zone.clone(), role: role.map(|arn| Assume { arn, external_id }) }
}

/// What is to be done in the parent zone, as far as that can be known now; `None` where
/// `cloudops.yaml` leaves the parent zone alone, or brings its own certificate.
///
/// # Errors
/// [`CoreError`].
pub async fn plan(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    store: Option<&Store>,
    servers: &[String],
) -> Result<Option<DelegationPlan>, CoreError> {
    if !config.dns.delegate || config.certificate.is_some() {
        return Ok(None);
    }
    let ours = match store {
        Some(store) => record::read(store).await?.0.delegation,
        None => None,
    };
    let at = parent_at(&config.dns);
    let planned = delegation::plan(&ctx.aws, &at, &config.domain, servers, ours.as_ref()).await;
    match planned {
        // Who may not list zones has no zone to write to: a person does it.
        Err(DelegationError::Aws(error))
            if error.kind == AwsErrorKind::AccessDenied && at == ParentAt::default() =>
        {
            ctx.events.warn(format!("whether Route 53 has the parent zone is not known: {error}"));
            Ok(Some(DelegationPlan::NoZone))
        }
        planned => Ok(Some(planned?)),
    }
}

/// One sentence about what is planned in the parent zone; nothing where nothing is.
#[must_use]
pub fn describe(planned: &DelegationPlan, domain: &str) -> Option<String> {
    match planned {
        DelegationPlan::Nothing { .. } => None,
        DelegationPlan::NoZone => Some(format!(
            "Route 53 has no zone above {domain} here: a person enters the name servers that \
             `init` prints at its parent"
        )),
        DelegationPlan::Create { zone } => {
            Some(format!("the zone {} gets an NS record for {domain}", zone.name))
        }
        DelegationPlan::Renew { zone } => {
            Some(format!("the NS record for {domain} in the zone {} is renewed", zone.name))
        }
        DelegationPlan::Foreign { zone } => Some(format!(
            "the zone {} delegates {domain} to others ({}): `init` stops there unless it is told \
             `--replace-delegation {domain}`",
            zone.name,
            zone.values.join(", ")
        )),
    }
}

/// Delegates the domain where it can, and holds the certificate until DNS says so.
pub(super) struct Delegating<'a> {
    ctx: &'a Ctx,
    locked: &'a Locked,
    store: &'a Store,
    config: &'a CloudOpsConfig,
    certificate: StackName,
    zone: StackName,
    /// Whether the record of others may be replaced.
    replace: bool,
    /// How long to look when all else is done.
    patience: Duration,
}

impl<'a> Delegating<'a> {
    pub(super) fn new(
        ctx: &'a Ctx,
        locked: &'a Locked,
        store: &'a Store,
        request: &'a super::init::InitRequest,
    ) -> Result<Self, CoreError> {
        let config = &request.config;
        Ok(Self {
            ctx,
            locked,
            store,
            config,
            certificate: layout::stack_name(config, "certificate")?,
            zone: layout::stack_name(config, "dns")?,
            replace: request.replace_delegation,
            patience: request.wait_for_dns,
        })
    }

    fn step(&self) -> String {
        format!("delegation/{}", self.config.domain)
    }

    async fn run(&self, outputs: &Outputs, alone: &CancellationToken) -> Result<(), CoreError> {
        let named = outputs.get(&self.zone).and_then(|zone| zone.get("NameServers"));
        let servers: Vec<String> =
            named.ok_or(CoreError::NoZone)?.split(',').map(str::to_owned).collect();
        self.ctx.events.step(self.step(), format!("delegation of {}", self.config.domain));
        let done = async {
            self.write(&servers).await?;
            self.watch(&servers, alone).await
        };
        let result = done.await;
        match &result {
            Ok(said) => self.ctx.events.step_done(self.step(), Outcome::Done, said),
            Err(error @ CoreError::NotDelegated { .. }) => {
                self.ctx.events.step_done(self.step(), Outcome::Skipped, error.to_string());
            }
            Err(error) => {
                self.ctx.events.step_done(self.step(), Outcome::Failed, error.to_string());
            }
        }
        result.map(|_| ())
    }

    /// Writes the record in the parent zone where Route 53 has that.
    async fn write(&self, servers: &[String]) -> Result<(), CoreError> {
        let planned = plan(self.ctx, self.config, Some(self.store), servers).await?;
        let zone = match planned {
            None | Some(DelegationPlan::NoZone | DelegationPlan::Nothing { .. }) => {
                return Ok(());
            }
            Some(DelegationPlan::Foreign { zone }) if !self.replace => {
                return Err(DelegationError::Foreign {
                    zone: zone.name,
                    domain: self.config.domain.clone(),
                    values: zone.values,
                }
                .into());
            }
            Some(
                DelegationPlan::Create { zone }
                | DelegationPlan::Renew { zone }
                | DelegationPlan::Foreign { zone },
            ) => zone,
        };
        self.enter(&zone, servers).await
    }

    /// Remembered before it is written: what a killed run wrote is then still ours.
    async fn enter(&self, zone: &ParentZone, servers: &[String]) -> Result<(), CoreError> {
        let at = parent_at(&self.config.dns);
        let domain = &self.config.domain;
        let intended = delegation::intended(&self.ctx.aws, &at, zone, servers);
        record::update(self.store, self.locked, |record| {
            record.domain.clone_from(domain);
            record.name_servers = servers.to_vec();
            record.delegation = Some(intended);
        })
        .await?;
        delegation::write(self.ctx, self.locked, &at, zone, domain, servers).await?;
        self.ctx.events.note(format!("the zone {} names the servers of {domain} now", zone.name));
        Ok(())
    }

    /// Looks until a certificate can be had, and while anything else is worked on.
    async fn watch(
        &self,
        servers: &[String],
        alone: &CancellationToken,
    ) -> Result<String, CoreError> {
        let mut until = None;
        let mut told = String::new();
        let mut pause = SHORTEST;
        loop {
            // Read before the look: the last look is then one after all else was done.
            let last = alone.is_cancelled()
                && *until.get_or_insert_with(|| Instant::now() + self.patience) <= Instant::now();
            let verdict = dns::look(self.config, servers, None).await;
            let Some(hop) = blocking(&verdict) else {
                return Ok(self.settled(&verdict));
            };
            let said = format!("{}: {}", hop.hop, hop.now);
            if said != told {
                self.ctx.events.note(format!("{} is not delegated yet: {said}", verdict.domain));
                told = said;
            }
            if last {
                return Err(CoreError::NotDelegated { verdict: Box::new(verdict) });
            }
            self.pause(pause, alone).await?;
            pause = (pause * 3 / 2).min(LONGEST);
        }
    }

    /// A pause, which is cut short when all else is done.
    async fn pause(&self, pause: Duration, alone: &CancellationToken) -> Result<(), WaitError> {
        let was_alone = alone.is_cancelled();
        tokio::select! {
            slept = wait::sleep(pause, &self.ctx.cancel) => slept,
            () = alone.cancelled(), if !was_alone => Ok(()),
        }
    }

    fn settled(&self, verdict: &Verdict) -> String {
        if verdict.is_unknown() {
            let domain = &verdict.domain;
            self.ctx.events.warn(format!(
                "whether {domain} is delegated cannot be seen from here; CloudFormation waits for \
                 it by itself"
            ));
            return "it cannot be seen from here".to_owned();
        }
        "the domain is ours".to_owned()
    }
}

/// The hop because of which no certificate can be had yet.
fn blocking(verdict: &Verdict) -> Option<&Hop> {
    verdict.hops.iter().find(|hop| hop.state == State::Wrong)
}

impl Hold for Delegating<'_> {
    fn concerns(&self, stack: &StackName, is_new: bool) -> bool {
        is_new && *stack == self.certificate
    }

    fn wait<'a>(
        &'a self,
        _: &'a StackName,
        outputs: &'a Outputs,
        alone: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Values, Held>> {
        let run = async move { self.run(outputs, alone).await };
        Box::pin(run.map(|done| done.map(|()| Values::new()).map_err(Held::new)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planned_in_the_parent_zone_is_one_sentence() {
        let zone = ParentZone {
            id: "Z1".to_owned(),
            name: "example.com".to_owned(),
            values: vec!["ns.other.example".to_owned()],
            ttl: 300,
        };
        let all = [
            DelegationPlan::NoZone,
            DelegationPlan::Nothing { zone: zone.clone() },
            DelegationPlan::Create { zone: zone.clone() },
            DelegationPlan::Renew { zone: zone.clone() },
            DelegationPlan::Foreign { zone },
        ];
        let said = all.map(|planned| describe(&planned, "shop.example.com"));
        assert_eq!(said[1], None);
        insta::assert_snapshot!(said.into_iter().flatten().collect::<Vec<_>>().join("\n"), @r"
        Route 53 has no zone above shop.example.com here: a person enters the name servers that `init` prints at its parent
        the zone example.com gets an NS record for shop.example.com
        the NS record for shop.example.com in the zone example.com is renewed
        the zone example.com delegates shop.example.com to others (ns.other.example): `init` stops there unless it is told `--replace-delegation shop.example.com`
        ");
    }
}
