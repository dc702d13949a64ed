//! What is there already: names, the domain, and what an earlier try left.

use std::{collections::BTreeMap, time::Duration};

use cloudops_aws::{
    certs, containers, dns,
    dns::walk::{self, Subject},
    error::AwsError,
    logs, secrets,
    state::{bucket, journal, lock},
};
use futures::future::join_all;
use jiff::Timestamp;

use super::{Looks, state_failed};
use crate::{
    doctor::{Check, Finding, domain, leftovers, names},
    error::CoreError,
    ops::{self, SCOPE, dns as delegation},
};

/// How long a name server may take to answer. A look at everything does not wait for the slowest.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a look found, judged; else that it failed.
fn judged<T>(
    about: &str,
    look: Result<T, AwsError>,
    judge: impl FnOnce(T) -> Vec<Finding>,
) -> Vec<Finding> {
    match look {
        Ok(found) => judge(found),
        Err(error) => vec![Finding::failed(Check::Names, about, &error)],
    }
}

impl Looks<'_> {
    pub(super) async fn names(&self) -> Vec<Finding> {
        let Self { config, needs, .. } = self;
        let aws = &self.ctx.aws;
        let prefix = format!("/cloudops/{}/", config.instance);
        let (buckets, groups, clusters, zones) = tokio::join!(
            self.buckets(),
            logs::groups(aws, &prefix),
            containers::clusters(aws),
            dns::zones_named(aws, &config.domain),
        );
        let mut findings = names::stacks(config, needs, self.there);
        findings.extend(buckets);
        let about = "which log groups there are";
        findings.extend(judged(about, groups, |found| names::log_groups(config, needs, &found)));
        let about = "which ECS clusters there are";
        findings.extend(judged(about, clusters, |found| names::clusters(config, needs, &found)));
        let about = "which hosted zones there are";
        findings.extend(judged(about, zones, |found| names::zones(config, needs, &found)));
        findings
    }

    async fn buckets(&self) -> Vec<Finding> {
        let names = names::buckets(self.needs);
        let looks = names
            .into_iter()
            .map(async |name| (name.to_owned(), bucket::look(&self.ctx.aws, name).await));
        let (mut findings, mut found) = (Vec::new(), BTreeMap::new());
        for (name, look) in join_all(looks).await {
            match look {
                Ok(who) => {
                    found.insert(name, who);
                }
                Err(error) => {
                    let about = format!("who has the bucket {name}");
                    findings.push(Finding::failed(Check::Names, &about, &error));
                }
            }
        }
        findings.extend(names::judge_buckets(&found));
        findings
    }

    pub(super) async fn domain(&self) -> Vec<Finding> {
        let (delegation, certificate) = tokio::join!(self.delegation(), self.certificate());
        [delegation, certificate].concat()
    }

    /// The certificate that the settings name, where they name one.
    async fn certificate(&self) -> Vec<Finding> {
        let Some(arn) = &self.config.certificate else {
            return Vec::new();
        };
        match certs::describe(&self.ctx.aws, arn).await {
            Ok(found) => {
                let (domain, region) = (&self.config.domain, self.config.region.as_str());
                let fitness = certs::fitness(&found, domain, region, Timestamp::now());
                domain::certificate(arn, fitness)
            }
            Err(error) if error.is_not_found() => {
                let what = format!("the certificate {arn} does not exist");
                let fix = "Correct `certificate.arn` in cloudops.yaml, or leave it away and one is \
                           requested.";
                vec![Finding::problem(Check::Domain, what, fix)]
            }
            Err(error) => {
                let about = format!("whether the certificate {arn} serves");
                vec![Finding::failed(Check::Domain, &about, &error)]
            }
        }
    }

    async fn delegation(&self) -> Vec<Finding> {
        if self.there.iter().any(|stack| stack.outputs.contains_key("NameServers")) {
            return match delegation::status(self.ctx, self.config).await {
                Ok(verdict) => domain::after(&verdict),
                Err(CoreError::Aws(error)) => {
                    vec![Finding::failed(Check::Domain, "whether it is delegated", &error)]
                }
                Err(error) => {
                    let what = format!("whether it is delegated is not known: {error}");
                    let fix = "`cloudcore dns status` says more.";
                    vec![Finding::unknown(Check::Domain, what, fix)]
                }
            };
        }
        let dns = &self.config.dns;
        let place = walk::Place { limit: PATIENCE, ..walk::Place::new(&dns.roots, &dns.resolvers) };
        let subject = Subject { domain: &self.config.domain, wanted: &[], proof: None };
        vec![domain::before(&walk::walk(&place, subject).await)]
    }

    pub(super) async fn leftovers(&self) -> Vec<Finding> {
        let prefix = format!("/cloudops/{}/", self.config.instance);
        let (state, secrets) =
            tokio::join!(self.state(), secrets::scheduled_for_deletion(&self.ctx.aws, &prefix));
        let mut findings = leftovers::stacks(self.config, self.needs, self.there);
        findings.extend(state);
        findings.extend(match secrets {
            Ok(names) => leftovers::secrets(self.config, &names),
            Err(error) => {
                vec![Finding::failed(Check::Leftovers, "which secrets are deleted", &error)]
            }
        });
        findings
    }

    /// The lock and the last run, where there is a state bucket.
    async fn state(&self) -> Vec<Finding> {
        let store = ops::store(&self.ctx.aws, self.config);
        match store.exists().await {
            Ok(true) => {}
            Ok(false) => return Vec::new(),
            // Who has the bucket is told with the names.
            Err(_) if !self.needs.missing.is_empty() => return Vec::new(),
            Err(error) => {
                return vec![state_failed(Check::Leftovers, "the state of the instance", &error)];
            }
        }
        let (lease, log) =
            tokio::join!(lock::held(&store, SCOPE), journal::interrupted(&store, SCOPE));
        let mut findings = Vec::new();
        match lease {
            Ok(lease) => {
                findings.extend(leftovers::lock(SCOPE, lease.as_ref(), Timestamp::now()));
            }
            Err(error) => {
                findings.push(state_failed(Check::Leftovers, "who holds the lock", &error));
            }
        }
        match log {
            Ok(log) => findings.extend(leftovers::interrupted(log.as_ref())),
            Err(error) => {
                let about = "whether a run was interrupted";
                findings.push(state_failed(Check::Leftovers, about, &error));
            }
        }
        findings
    }
}
