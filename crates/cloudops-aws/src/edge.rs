//! Load balancers (Elastic Load Balancing v2).

use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{LoadBalancerTypeEnum, TargetHealthStateEnum},
};
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

/// How many application load balancers the region has (`DescribeLoadBalancers`, all pages).
///
/// # Errors
/// [`AwsError`].
pub async fn application_balancers(aws: &Aws) -> Result<usize, AwsError> {
    let request = Client::new(aws.config()).describe_load_balancers();
    let mut pages = request.into_paginator().items().send();
    let mut count = 0;
    while let Some(one) = pages.next().await {
        let one = one.map_err(|error| AwsError::new("ELB", "DescribeLoadBalancers", error))?;
        count += usize::from(one.r#type() == Some(&LoadBalancerTypeEnum::Application));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeAws;

    #[tokio::test]
    async fn only_application_balancers_count() {
        let answer = "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult><LoadBalancers><member><Type>application</Type></member><member><Type>network</Type></member></LoadBalancers></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>";
        let fake = FakeAws::start(&[("DescribeLoadBalancers", 200, answer)]).await;
        assert_eq!(application_balancers(&fake.aws).await.unwrap(), 1);
    }
}
