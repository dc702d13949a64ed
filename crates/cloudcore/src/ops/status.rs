//! `status`: what exists of the foundation, asked of AWS.

use std::collections::BTreeMap;

use cloudops_aws::{
    certs,
    cfn::observe::{self, Observed},
    config_file::CloudOpsConfig,
    ctx::Ctx,
    dns,
    error::AwsError,
    state::init::{self, Component, ComponentState},
};

use super::{check_place, store};
use crate::error::CoreError;

/// What exists.
#[derive(Debug, Clone)]
pub struct Status {
    /// Stacks of the instance, of all tools.
    pub stacks: Vec<Observed>,
    /// What is initialized.
    pub components: BTreeMap<Component, ComponentState>,
    /// Name servers of the public zone.
    pub name_servers: Vec<String>,
    /// ACM's status of the certificate.
    pub certificate: Option<String>,
}

/// Asks AWS what exists of the instance.
///
/// # Errors
/// [`CoreError`]; [`init::InitError::NotInitialized`] when there is no state bucket.
pub async fn status(ctx: &Ctx, config: &CloudOpsConfig) -> Result<Status, CoreError> {
    check_place(&ctx.aws, config)?;
    let store = store(&ctx.aws, config);
    let stacks = observe::stacks(ctx, &format!("{}-", config.instance)).await?;
    if !store.exists().await? {
        return Err(init::InitError::NotInitialized {
            component: Component::Core,
            account: config.account.clone(),
            region: config.region.clone(),
        }
        .into());
    }
    let state = init::read(&store).await?;
    let components = state.map(|found| found.value.components).unwrap_or_default();
    let output = |name: &str| {
        components.get(&Component::Core).and_then(|core| core.outputs.get(name).cloned())
    };
    let name_servers = match output("PublicZoneId") {
        Some(zone) => existing(dns::name_servers(&ctx.aws, &zone).await)?.unwrap_or_default(),
        None => Vec::new(),
    };
    let certificate = match output("CertificateArn") {
        Some(arn) => existing(certs::status(&ctx.aws, &arn).await)?,
        None => None,
    };
    Ok(Status { stacks, components, name_servers, certificate })
}

/// An answer about a thing that may be gone.
fn existing<T>(answer: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
