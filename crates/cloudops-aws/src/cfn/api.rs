//! The CloudFormation calls, one small function each.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::{
    Client,
    operation::describe_change_set::DescribeChangeSetOutput,
    types::{Capability, Parameter, Stack, StackEvent, StackResourceSummary, Tag},
};

use super::{consent, error::CfnError, quirks, repair::ResourceState};
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
        self.template_of(stack, stack.as_str()).await
    }

    /// Text of the template of a stack, or of one nested in it, by name or id (`GetTemplate`).
    pub(super) async fn template_of(
        &self,
        stack: &StackName,
        id: &str,
    ) -> Result<String, CfnError> {
        let request = self.client.get_template().stack_name(id);
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

    /// Begins to delete a stack, leaving some resources behind (`DeleteStack`; allowed only for a
    /// stack whose deletion failed before).
    pub(super) async fn delete_retaining(
        &self,
        stack: &StackName,
        retain: &BTreeSet<String>,
        token: &str,
    ) -> Result<(), CfnError> {
        let retain = (!retain.is_empty()).then(|| retain.iter().cloned().collect());
        self.client
            .delete_stack()
            .stack_name(stack.as_str())
            .set_retain_resources(retain)
            .client_request_token(token)
            .send()
            .await
            .map_err(failed!(stack, "DeleteStack"))?;
        Ok(())
    }

    /// Begins to undo a change that failed (`RollbackStack`).
    pub(super) async fn roll_back(&self, stack: &StackName, token: &str) -> Result<(), CfnError> {
        self.client
            .rollback_stack()
            .stack_name(stack.as_str())
            .client_request_token(token)
            .send()
            .await
            .map_err(failed!(stack, "RollbackStack"))?;
        Ok(())
    }

    /// Goes on undoing an update, without these resources (`ContinueUpdateRollback`).
    pub(super) async fn continue_rollback(
        &self,
        stack: &StackName,
        skip: &BTreeSet<String>,
        token: &str,
    ) -> Result<(), CfnError> {
        let skip = (!skip.is_empty()).then(|| skip.iter().cloned().collect());
        self.client
            .continue_update_rollback()
            .stack_name(stack.as_str())
            .set_resources_to_skip(skip)
            .client_request_token(token)
            .send()
            .await
            .map_err(failed!(stack, "ContinueUpdateRollback"))?;
        Ok(())
    }

    /// Asks to undo the update that runs (`CancelUpdateStack`).
    pub(super) async fn cancel_update(
        &self,
        stack: &StackName,
        token: &str,
    ) -> Result<(), CfnError> {
        self.client
            .cancel_update_stack()
            .stack_name(stack.as_str())
            .client_request_token(token)
            .send()
            .await
            .map_err(failed!(stack, "CancelUpdateStack"))?;
        Ok(())
    }

    /// The resources of a stack, or of one nested in it, by name or id, with their statuses
    /// (`ListStackResources`, all pages).
    pub(super) async fn resources_of(
        &self,
        stack: &StackName,
        id: &str,
    ) -> Result<Vec<ResourceState>, CfnError> {
        let mut all = Vec::new();
        let mut pages = self.client.list_stack_resources().stack_name(id).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed!(stack, "ListStackResources"))?;
            let read = |one: StackResourceSummary| ResourceState {
                logical_id: one.logical_resource_id.unwrap_or_default(),
                physical_id: one.physical_resource_id.unwrap_or_default(),
                resource_type: one.resource_type.unwrap_or_default(),
                reason: one.resource_status_reason,
                status: one.resource_status.map_or_else(String::new, |status| status.to_string()),
            };
            all.extend(page.stack_resource_summaries.unwrap_or_default().into_iter().map(read));
        }
        Ok(all)
    }

    /// One page of a change set, with the values of properties (`DescribeChangeSet`).
    pub(super) async fn change_set(
        &self,
        stack: &StackName,
        id: &str,
        next: Option<String>,
    ) -> Result<DescribeChangeSetOutput, CfnError> {
        let request = self.client.describe_change_set().change_set_name(id);
        let request = request.include_property_values(true).set_next_token(next);
        request.send().await.map_err(failed!(stack, "DescribeChangeSet"))
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
