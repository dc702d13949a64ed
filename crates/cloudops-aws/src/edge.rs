//! Load balancers (Elastic Load Balancing v2).

use aws_sdk_elasticloadbalancingv2::{Client, types::TargetHealthStateEnum};
use serde::Serialize;

use crate::{connect::Aws, error::AwsError};

/// How many targets of a target group take traffic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TargetHealth {
    /// Healthy targets.
    pub healthy: usize,
    /// Targets that are registered and not on their way out.
    pub registered: usize,
}

/// Health of the targets of a target group (`DescribeTargetHealth`).
///
/// # Errors
/// [`AwsError`]; of kind not found when the target group is gone.
pub async fn target_health(aws: &Aws, target_group: &str) -> Result<TargetHealth, AwsError> {
    let request = Client::new(aws.config()).describe_target_health().target_group_arn(target_group);
    let answer = request
        .send()
        .await
        .map_err(|error| AwsError::new("ELB", "DescribeTargetHealth", error))?;
    let mut health = TargetHealth::default();
    for target in answer.target_health_descriptions() {
        match target.target_health().and_then(|health| health.state()) {
            Some(TargetHealthStateEnum::Draining) => {}
            Some(TargetHealthStateEnum::Healthy) => {
                health.healthy += 1;
                health.registered += 1;
            }
            _ => health.registered += 1,
        }
    }
    Ok(health)
}
