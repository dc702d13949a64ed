//! The CloudFormation calls, one small function each.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::{
    Client,
    types::{Capability, Parameter, Stack, StackEvent, Tag},
};

use super::{consent, error::CfnError, quirks};
use crate::{connect::Aws, error::AwsError, ids::StackName};

/// CloudFormation of one account and region.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) client: Client,
}

/// Turns an SDK error of an operation into ours.
macro_rules! failed {
    ($stack:expr, $operation:literal) => {
        |error| CfnError::Aws {
            stack: $stack.clone(),
            source: $crate::error::AwsError::new("CloudFormation", $operation, error),
        }
    };
}
pub(super) use failed;

impl Api {
    pub(super) fn new(aws: &Aws) -> Self {
        Self { client: Client::new(aws.config()) }
    }

    /// The stack, by name or id (`DescribeStacks`).
    pub(super) async fn describe(
        &self,
        stack: &StackName,
        id: Option<&str>,
    ) -> Result<Option<Stack>, CfnError> {
        let request = self.client.describe_stacks().stack_name(id.unwrap_or(stack.as_str()));
        match request.send().await {
            Ok(answer) => Ok(answer.stacks.unwrap_or_default().into_iter().next()),
            Err(error) => match AwsError::new("CloudFormation", "DescribeStacks", error) {
                error if quirks::is_missing_stack(&error) => Ok(None),
                source => Err(CfnError::Aws { stack: stack.clone(), source }),
            },
        }
    }

    /// All stacks of the account and region that are not deleted (`DescribeStacks`, all pages).
    pub(super) async fn describe_all(&self) -> Result<Vec<Stack>, AwsError> {
        let mut all = Vec::new();
        let mut pages = self.client.describe_stacks().into_paginator().send();
        while let Some(page) = pages.next().await {
            let failed = |error| AwsError::new("CloudFormation", "DescribeStacks", error);
            all.extend(page.map_err(failed)?.stacks.unwrap_or_default());
        }
        Ok(all)
    }

    /// Text of the template that the stack was last given (`GetTemplate`).
    pub(super) async fn template(&self, stack: &StackName) -> Result<String, CfnError> {
        let request = self.client.get_template().stack_name(stack.as_str());
        let answer = request.send().await.map_err(failed!(stack, "GetTemplate"))?;
        Ok(answer.template_body.unwrap_or_default())
    }

    /// Events back to the one that `until` names, which is left out; oldest first
    /// (`DescribeStackEvents`, only the pages that are needed).
    pub(super) async fn events_back_to(
        &self,
        stack: &StackName,
        id: &str,
        until: impl Fn(&StackEvent) -> bool,
    ) -> Result<Vec<StackEvent>, CfnError> {
        let mut events: Vec<StackEvent> = Vec::new();
        let mut pages = self.client.describe_stack_events().stack_name(id).into_paginator().send();
        'pages: while let Some(page) = pages.next().await {
            let page = page.map_err(failed!(stack, "DescribeStackEvents"))?;
            for event in page.stack_events.unwrap_or_default() {
                if until(&event) {
                    break 'pages;
                }
                events.push(event);
            }
        }
        events.reverse();
        Ok(events)
    }

    /// Sets the termination protection (`UpdateTerminationProtection`).
    pub(super) async fn protect(&self, stack: &StackName, on: bool) -> Result<(), CfnError> {
        self.client
            .update_termination_protection()
            .stack_name(stack.as_str())
            .enable_termination_protection(on)
            .send()
            .await
            .map_err(failed!(stack, "UpdateTerminationProtection"))?;
        Ok(())
    }

    /// Sets the stack policy (`SetStackPolicy`).
    pub(super) async fn set_policy(&self, stack: &StackName, policy: &str) -> Result<(), CfnError> {
        self.client
            .set_stack_policy()
            .stack_name(stack.as_str())
            .stack_policy_body(policy)
            .send()
            .await
            .map_err(failed!(stack, "SetStackPolicy"))?;
        Ok(())
    }

    /// Begins to delete a stack (`DeleteStack`).
    pub(super) async fn delete(&self, stack: &StackName, token: &str) -> Result<(), CfnError> {
        self.client
            .delete_stack()
            .stack_name(stack.as_str())
            .client_request_token(token)
            .send()
            .await
            .map_err(failed!(stack, "DeleteStack"))?;
        Ok(())
    }
}

pub(super) fn parameters(values: &BTreeMap<String, String>) -> Vec<Parameter> {
    let parameter = |(key, value): (&String, &String)| {
        Parameter::builder().parameter_key(key).parameter_value(value).build()
    };
    values.iter().map(parameter).collect()
}

pub(super) fn tags(values: &BTreeMap<String, String>) -> Vec<Tag> {
    values.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

pub(super) fn capabilities(allowed: &BTreeSet<consent::Capability>) -> Vec<Capability> {
    allowed.iter().map(|capability| Capability::from(capability.name())).collect()
}
