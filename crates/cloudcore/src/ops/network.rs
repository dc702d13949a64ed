//! The network of the instance: one that is adopted is checked, one of our own is closed where
//! CloudFormation cannot.

use cloudops_aws::{
    cfn::observe::{self, Observed},
    config_file::CloudOpsConfig,
    ctx::Ctx,
    network::{
        adopted::{self, UnfitNetwork},
        defaults,
    },
    state::lock::Locked,
};

use crate::{error::CoreError, layout};

/// Checks the network that `cloudops.yaml` adopts, where it adopts one, before anything is changed.
/// What is worth a warning is reported as one. An instance does not change its network: all that it
/// has is in it (`DescribeStacks`, and what [`adopted::look`] calls).
///
/// # Errors
/// [`CoreError::Network`] with all reasons why it cannot be adopted; [`CoreError::OtherNetwork`].
pub async fn check(ctx: &Ctx, config: &CloudOpsConfig) -> Result<(), CoreError> {
    let name = layout::stack_name(config, "network")?;
    let stacks = observe::stacks(ctx, name.as_str()).await?;
    if let Some(stack) = stacks.into_iter().find(|stack| stack.name == name) {
        is_same(config, &stack)?;
    }
    for warning in fitness(ctx, config).await?? {
        ctx.events.warn(warning);
    }
    Ok(())
}

/// Looks at the adopted network and judges it; without one there is nothing to say.
pub(super) async fn fitness(
    ctx: &Ctx,
    config: &CloudOpsConfig,
) -> Result<Result<Vec<String>, UnfitNetwork>, CoreError> {
    let Some(wanted) = &config.network.adopt else {
        return Ok(Ok(Vec::new()));
    };
    let found = adopted::look(&ctx.aws, wanted).await?;
    Ok(adopted::fitness(wanted, &found))
}

/// The stack with an adopted network is given its id; the one that makes a network is not, and
/// CloudFormation would replace that for another range.
fn is_same(config: &CloudOpsConfig, stack: &Observed) -> Result<(), CoreError> {
    let Some(has) = stack.outputs.get("VpcId") else {
        return Ok(());
    };
    let adopted = stack.parameters.get("VpcId");
    let wanted = config.network.adopt.as_ref().map(|adopt| &adopt.vpc);
    if adopted != wanted {
        return Err(CoreError::OtherNetwork {
            has: has.clone(),
            wanted: wanted.map_or("one of its own".to_owned(), Clone::clone),
        });
    }
    match stack.parameters.get("VpcCidr") {
        Some(range) if wanted.is_none() && *range != config.network.cidr => {
            Err(CoreError::OtherNetwork {
                has: format!("{has} of range {range}"),
                wanted: format!("the range {}", config.network.cidr),
            })
        }
        _ => Ok(()),
    }
}

/// Takes the rules out of the defaults of a network of our own, and says what it did. Whether
/// anything was changed.
///
/// # Errors
/// [`CoreError::Aws`].
pub(super) async fn close_defaults(
    ctx: &Ctx,
    locked: &Locked,
    vpc: &str,
) -> Result<bool, CoreError> {
    locked.check()?;
    let closed = defaults::close(&ctx.aws, locked, vpc).await?;
    if closed.is_change() {
        ctx.events.note(format!(
            "the default security group and network ACL of {vpc} have no rules any more"
        ));
    }
    if closed.subnets > 0 {
        ctx.events.warn(format!(
            "{} subnets of {vpc} that are not ours use its default network ACL, so it stays open",
            closed.subnets
        ));
    }
    Ok(closed.is_change())
}
