//! What is there: a stack as CloudFormation knows it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::Stack;

use super::{
    api::Api,
    error::CfnError,
    graph::{StackSpec, Values},
    nested, quirks,
    status::StackStatus,
};
use crate::{ctx::Ctx, error::AwsError, ids::StackName};

/// A stack that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Name.
    pub name: StackName,
    /// Stack id (an ARN), which stays valid after deletion.
    pub id: String,
    /// Status.
    pub status: StackStatus,
    /// CloudFormation's reason for the status.
    pub reason: Option<String>,
    /// Parameters it was last given.
    pub parameters: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Outputs.
    pub outputs: BTreeMap<String, String>,
    /// Whether CloudFormation refuses to delete it.
    pub termination_protection: bool,
    /// When it was last changed, else made (RFC 3339): another time is another form of it.
    pub version: String,
    /// Stack id of the stack that has no other above it, where this one is nested.
    pub root: Option<String>,
}

impl Observed {
    /// Reads a stack from CloudFormation's answer.
    pub(super) fn read(stack: Stack) -> Result<Self, CfnError> {
        let text = stack.stack_name.clone().unwrap_or_default();
        let name: StackName = text.parse().map_err(|error| CfnError::Unexpected {
            stack: StackName::unnamed(),
            what: format!("{error}"),
        })?;
        let status = stack.stack_status.as_ref().map_or("", |status| status.as_str());
        let unexpected =
            |error| CfnError::Unexpected { stack: name.clone(), what: format!("{error}") };
        Ok(Self {
            status: status.parse::<StackStatus>().map_err(unexpected)?,
            id: stack.stack_id().unwrap_or_default().to_owned(),
            reason: stack.stack_status_reason().map(str::to_owned),
            parameters: pairs(
                stack.parameters().iter().map(|p| (p.parameter_key(), p.parameter_value())),
            ),
            tags: pairs(stack.tags().iter().map(|tag| (tag.key(), tag.value()))),
            outputs: pairs(stack.outputs().iter().map(|o| (o.output_key(), o.output_value()))),
            termination_protection: stack.enable_termination_protection.unwrap_or(false),
            version: version(&stack),
            root: stack
                .root_id
                .clone()
                .or(stack.parent_id.clone())
                .filter(|root| Some(root.as_str()) != stack.stack_id()),
            name,
        })
    }

    /// Name of the stack that has no other above it, where this one is nested.
    #[must_use]
    pub fn root_name(&self) -> Option<StackName> {
        nested::name_in(self.root.as_deref()?)?.parse().ok()
    }

    /// Refuses to act on a nested stack: it would no longer be what its parent thinks it is.
    pub(super) fn must_not_be_nested(&self) -> Result<(), CfnError> {
        match &self.root {
            None => Ok(()),
            Some(id) => Err(CfnError::Nested {
                stack: self.name.clone(),
                root: nested::name_in(id).unwrap_or(id).to_owned(),
            }),
        }
    }

    /// Leaves out the stacks that are nested in another one of these: what is done to that one is
    /// done to them.
    pub(super) fn without_nested_ones(stacks: Vec<Self>) -> Vec<Self> {
        let names: BTreeSet<StackName> = stacks.iter().map(|stack| stack.name.clone()).collect();
        let is_along = |stack: &Self| stack.root_name().is_some_and(|root| names.contains(&root));
        stacks.into_iter().filter(|stack| !is_along(stack)).collect()
    }

    /// Status and version: another form means that somebody changed the stack.
    #[must_use]
    pub fn form(&self) -> String {
        format!("{} {}", self.status, self.version)
    }

    /// A usable stack without parameters, tags and outputs.
    #[cfg(test)]
    pub(super) fn for_tests(name: &str) -> Self {
        Self {
            name: name.parse().unwrap_or_else(|_| StackName::unnamed()),
            id: format!("arn:{name}"),
            status: StackStatus::CreateComplete,
            reason: None,
            parameters: BTreeMap::new(),
            tags: BTreeMap::new(),
            outputs: BTreeMap::new(),
            termination_protection: false,
            version: String::new(),
            root: None,
        }
    }

    /// The same stack, nested in another one.
    #[cfg(test)]
    pub(super) fn nested_in(self, root: &str) -> Self {
        let root = format!("arn:aws:cloudformation:eu-central-1:123456789012:stack/{root}/1");
        Self { root: Some(root), ..self }
    }

    /// Whether parameters and tags are those wanted. Values that only the template's defaults
    /// give are compared with the defaults.
    pub(super) fn has_inputs(&self, spec: &StackSpec, values: &Values) -> bool {
        let parameters = spec.template.parameters().into_iter().filter_map(|parameter| {
            let value = values.known.get(&parameter.name).cloned().or(parameter.default)?;
            Some((parameter.name, value))
        });
        values.unknown.is_empty()
            && self.parameters == parameters.collect()
            && self.tags == spec.tags
    }
}

fn version(stack: &Stack) -> String {
    let time = stack.last_updated_time().or(stack.creation_time());
    time.map(ToString::to_string).unwrap_or_default()
}

fn pairs<'a>(
    entries: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
) -> BTreeMap<String, String> {
    entries
        .filter_map(|(key, value)| Some((key?.to_owned(), value.unwrap_or_default().to_owned())))
        .collect()
}

/// Stacks that belong together: by the begin of their names and by their tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// What their names begin with.
    pub prefix: String,
    /// Tags that they all have.
    pub tags: BTreeMap<String, String>,
    /// Tags that none of them has.
    pub without: Vec<String>,
}

impl Scope {
    /// Whether a stack is one of them. The shell of a change set may have no tags yet.
    #[must_use]
    pub fn holds(&self, stack: &Observed) -> bool {
        let tagged = self.tags.iter().all(|(name, value)| stack.tags.get(name) == Some(value))
            && !self.without.iter().any(|name| stack.tags.contains_key(name));
        let shell = stack.status == StackStatus::ReviewInProgress && stack.tags.is_empty();
        stack.name.as_str().starts_with(&self.prefix) && (tagged || shell)
    }
}

/// The stacks of a scope, by name (`DescribeStacks`, all pages).
///
/// # Errors
/// [`CfnError::Aws`].
pub async fn in_scope(ctx: &Ctx, scope: &Scope) -> Result<Vec<Observed>, CfnError> {
    let failed = |source| CfnError::Aws { stack: StackName::unnamed(), source };
    let mut all = stacks(ctx, &scope.prefix).await.map_err(failed)?;
    all.retain(|stack| scope.holds(stack));
    Ok(all)
}

/// A stack, if it exists (`DescribeStacks`).
///
/// # Errors
/// [`CfnError::Aws`].
pub async fn stack(ctx: &Ctx, name: &StackName) -> Result<Option<Observed>, CfnError> {
    Api::new(&ctx.aws).describe(name, None).await?.map(Observed::read).transpose()
}

/// The text of a stack's template, if the stack exists (`GetTemplate`).
///
/// # Errors
/// [`CfnError::Aws`].
pub async fn template(ctx: &Ctx, name: &StackName) -> Result<Option<String>, CfnError> {
    match Api::new(&ctx.aws).template(name).await {
        Ok(text) => Ok(Some(text)),
        Err(CfnError::Aws { source, .. }) if quirks::is_missing_stack(&source) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedResource {
    /// Its logical id.
    pub logical_id: String,
    /// Its physical id.
    pub physical_id: String,
    /// Its type.
    pub resource_type: String,
}

/// The resources that a stack has now, those that were deleted left out (`ListStackResources`, all
/// pages).
///
/// # Errors
/// [`CfnError::Aws`].
pub async fn resources(ctx: &Ctx, stack: &Observed) -> Result<Vec<OwnedResource>, CfnError> {
    let all = Api::new(&ctx.aws).resources_of(&stack.name, &stack.id).await?;
    let there = all.into_iter().filter(|one| {
        !one.physical_id.is_empty()
            && !matches!(one.status.as_str(), "DELETE_COMPLETE" | "DELETE_SKIPPED")
    });
    let owned = |one: super::repair::ResourceState| OwnedResource {
        logical_id: one.logical_id,
        physical_id: one.physical_id,
        resource_type: one.resource_type,
    };
    Ok(there.map(owned).collect())
}

/// All stacks whose name begins with a prefix, by name (`DescribeStacks`, all pages).
///
/// # Errors
/// [`AwsError`].
pub async fn stacks(ctx: &Ctx, prefix: &str) -> Result<Vec<Observed>, AwsError> {
    let named = |stack: &Stack| stack.stack_name().unwrap_or_default().starts_with(prefix);
    let all = Api::new(&ctx.aws).describe_all().await?.into_iter().filter(named);
    // A stack whose name is not ours to read (an unknown status, say) is not ours.
    let mut found: Vec<Observed> = all.filter_map(|stack| Observed::read(stack).ok()).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_not_its_namesake() {
        let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let stack = |name: &str, pairs: &[(&str, &str)]| Observed {
            tags: tags(pairs),
            ..Observed::for_tests(name)
        };
        let scope = Scope {
            prefix: "acme-".to_owned(),
            tags: tags(&[("cloudops:instance", "acme")]),
            without: vec!["cloudops:environment".to_owned()],
        };
        assert!(scope.holds(&stack("acme-core-dns", &[("cloudops:instance", "acme")])));
        assert!(!scope.holds(&stack("acme-eu-core-dns", &[("cloudops:instance", "acme-eu")])));
        let environment = [("cloudops:instance", "acme"), ("cloudops:environment", "qa")];
        assert!(!scope.holds(&stack("acme-qa-data", &environment)));
        let shell =
            Observed { status: StackStatus::ReviewInProgress, ..stack("acme-core-new", &[]) };
        assert!(scope.holds(&shell));
    }
}
