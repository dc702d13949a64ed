//! What is there before anything is done: one look at all stacks of a graph.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::{
    api::Api,
    error::CfnError,
    graph::{Outputs, StackGraph, StackSpec},
    history::History,
    inside,
    observe::Observed,
    status::{NextAction, StackStatus},
};
use crate::ids::{Digest, StackName};

/// Templates that are read at once.
const AT_ONCE: usize = 32;
/// Fewer stacks than this are asked for by name: the list of all stacks of an account may be long.
const FEW: usize = 3;
/// A fact that is older is looked up again.
const FRESH: Duration = Duration::from_secs(10);

/// Tags that say whose a stack is.
const INSTANCE: &str = "cloudops:instance";
const ENVIRONMENT: &str = "cloudops:environment";

/// A stack as it was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) stack: Observed,
    /// Digest of its template, where that may be the wanted one.
    pub(super) template: Option<String>,
}

/// The stacks of a graph as they were found.
#[derive(Debug)]
pub(super) struct Facts {
    at: Instant,
    found: BTreeMap<StackName, Found>,
}

impl Facts {
    /// Looks at all stacks of a graph (`DescribeStacks`), and reads the templates of those that
    /// have the wanted parameters and tags already (`GetTemplate`): nothing else can be unchanged.
    /// A template that history knows is not read.
    ///
    /// # Errors
    /// [`CfnError::Nested`] when one of them is nested in another stack, [`CfnError::Foreign`] when
    /// one belongs to another instance or environment.
    pub(super) async fn read(
        api: &Api,
        graph: &StackGraph,
        history: &History,
    ) -> Result<Self, CfnError> {
        let at = Instant::now();
        let stacks = describe(api, graph).await?;
        stacks.values().try_for_each(Observed::must_not_be_nested)?;
        for stack in stacks.values() {
            graph.get(&stack.name).map_or(Ok(()), |spec| must_be_ours(spec, stack))?;
        }
        let outputs: Outputs = stacks
            .iter()
            .filter(|(_, stack)| is_usable(stack))
            .map(|(name, stack)| (name.clone(), stack.outputs.clone()))
            .collect();
        let looks = stacks.into_iter().map(|(name, stack)| {
            let spec = graph.get(&name).cloned();
            let outputs = &outputs;
            async move {
                let may_be_same =
                    spec.as_ref().is_some_and(|spec| may_be_same(graph, spec, &stack, outputs));
                let template =
                    if may_be_same { Some(template_of(api, &stack, history).await?) } else { None };
                Ok::<_, CfnError>((name, Found { stack, template }))
            }
        });
        let found = stream::iter(looks).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(Self { at, found })
    }

    /// A stack as it was found, unless that is too long ago.
    pub(super) fn fresh(&self, name: &StackName) -> Option<Option<Found>> {
        (self.at.elapsed() < FRESH).then(|| self.found.get(name).cloned())
    }

    /// A stack as it was found.
    pub(super) fn get(&self, name: &StackName) -> Option<&Found> {
        self.found.get(name)
    }

    /// The form of each stack that was found.
    pub(super) fn forms(&self) -> BTreeMap<StackName, String> {
        self.found.iter().map(|(name, found)| (name.clone(), found.stack.form())).collect()
    }

    /// Outputs of the stacks that are usable.
    pub(super) fn outputs(&self) -> Outputs {
        let usable = self.found.iter().filter(|(_, found)| is_usable(&found.stack));
        usable.map(|(name, found)| (name.clone(), found.stack.outputs.clone())).collect()
    }
}

/// Whether the template of a stack is the wanted one. Of one with nested stacks nobody knows: the
/// templates of those are elsewhere, and may be other ones behind the same address.
pub(super) async fn is_same(
    api: &Api,
    spec: &StackSpec,
    found: &Found,
    history: &History,
) -> Result<bool, CfnError> {
    if inside::has_nested(&spec.template) {
        return Ok(false);
    }
    let digest = match &found.template {
        Some(digest) => digest.clone(),
        None => template_of(api, &found.stack, history).await?,
    };
    Ok(digest == spec.template.digest())
}

/// The digest of a stack's template: from history, or read (`GetTemplate`).
async fn template_of(api: &Api, stack: &Observed, history: &History) -> Result<String, CfnError> {
    if let Some(digest) = history.template(stack) {
        return Ok(digest);
    }
    let digest = Digest::of(api.template(&stack.name).await?.as_bytes()).hex().to_owned();
    // While somebody works on it, its next form has the version that it has now.
    if is_usable(stack) {
        history.note_template(stack, &digest);
    }
    Ok(digest)
}

/// Two names of an instance and an environment can come to one name of a stack: `acme` with `eu-a`,
/// `acme-eu` with `a`. Tags tell them apart. A wanted stack without the tag of an instance is taken
/// as it is, and so is the shell of a change set, which may have no tags yet.
pub(super) fn must_be_ours(spec: &StackSpec, found: &Observed) -> Result<(), CfnError> {
    let is_shell = found.status == StackStatus::ReviewInProgress && found.tags.is_empty();
    if is_shell || !spec.tags.contains_key(INSTANCE) {
        return Ok(());
    }
    let differs = |key: &&str| spec.tags.get(*key) != found.tags.get(*key);
    let Some(key) = [INSTANCE, ENVIRONMENT].into_iter().find(differs) else {
        return Ok(());
    };
    let whose = match (key, found.tags.get(key)) {
        (INSTANCE, Some(other)) => format!("belongs to the instance {other}"),
        (INSTANCE, None) => "was not made by these tools".to_owned(),
        (_, Some(other)) => format!("belongs to the environment {other}"),
        (_, None) => "belongs to no environment".to_owned(),
    };
    Err(CfnError::Foreign { stack: spec.name.clone(), whose })
}

fn is_usable(stack: &Observed) -> bool {
    stack.status.next_action() == NextAction::Update
}

fn may_be_same(graph: &StackGraph, spec: &StackSpec, stack: &Observed, outputs: &Outputs) -> bool {
    let values = graph.values(spec, outputs);
    let is_whole = !inside::has_nested(&spec.template);
    is_whole && is_usable(stack) && values.is_ok_and(|values| stack.has_inputs(spec, &values))
}

async fn describe(
    api: &Api,
    graph: &StackGraph,
) -> Result<BTreeMap<StackName, Observed>, CfnError> {
    let names: Vec<&StackName> = graph.stacks().map(|spec| &spec.name).collect();
    if names.len() < FEW {
        let looks = names
            .into_iter()
            .map(|name| async { api.describe(name, None).await?.map(Observed::read).transpose() });
        let found = futures::future::try_join_all(looks).await?;
        return Ok(found.into_iter().flatten().map(|stack| (stack.name.clone(), stack)).collect());
    }
    let Some(any) = names.first() else {
        return Ok(BTreeMap::new());
    };
    let failed = |source| CfnError::Aws { stack: (*any).clone(), source };
    let all = api.describe_all().await.map_err(failed)?;
    let ours = all.into_iter().filter(|stack| {
        let name = stack.stack_name().unwrap_or_default();
        names.iter().any(|known| known.as_str() == name)
    });
    ours.map(|stack| Observed::read(stack).map(|stack| (stack.name.clone(), stack))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfn::graph::tests::{graph, spec};

    const TOPIC: &str = "Resources: {One: {Type: 'AWS::SNS::Topic'}}\n";

    #[test]
    fn only_a_stack_without_nested_ones_may_be_known_to_be_the_same() {
        let same = |kind: &str| {
            let text = format!("Resources: {{One: {{Type: '{kind}'}}}}\n");
            let graph = graph(vec![spec("acme-a", &text, &[], &[])]);
            let spec = graph.stacks().next().unwrap();
            may_be_same(&graph, spec, &Observed::for_tests("acme-a"), &Outputs::new())
        };
        assert!(same("AWS::SNS::Topic"));
        assert!(!same("AWS::CloudFormation::Stack"));
    }

    #[test]
    fn a_stack_of_somebody_else_is_left_alone() {
        let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let check = |wanted: &[(&str, &str)], has: &[(&str, &str)], expect: &str| {
            let spec =
                StackSpec { tags: tags(wanted), ..spec("acme-eu-a-cluster", TOPIC, &[], &[]) };
            let found = Observed { tags: tags(has), ..Observed::for_tests("acme-eu-a-cluster") };
            let said = must_be_ours(&spec, &found).map_err(|error| error.to_string());
            let expect = format!("the stack acme-eu-a-cluster exists and {expect}");
            match said {
                Ok(()) => assert!(expect.ends_with(' '), "{expect}"),
                Err(said) => assert_eq!(said, expect),
            }
        };
        let ours = [(INSTANCE, "acme-eu"), (ENVIRONMENT, "a")];
        check(&ours, &[(INSTANCE, "acme-eu"), (ENVIRONMENT, "a"), ("more", "x")], "");
        check(&ours, &[(INSTANCE, "acme"), (ENVIRONMENT, "eu-a")], "belongs to the instance acme");
        check(&ours, &[(INSTANCE, "acme-eu"), (ENVIRONMENT, "b")], "belongs to the environment b");
        check(&ours, &[(INSTANCE, "acme-eu")], "belongs to no environment");
        check(&ours, &[], "was not made by these tools");
        check(&[], &[(INSTANCE, "acme")], "");
    }

    #[test]
    fn a_nested_stack_is_no_stack_to_work_on() {
        let refused = Observed::for_tests("acme-Child-1").nested_in("acme").must_not_be_nested();
        let refused = refused.unwrap_err().to_string();
        assert_eq!(
            refused,
            "stack acme-Child-1 is nested in acme; it is only changed with that one"
        );
        assert!(Observed::for_tests("acme").must_not_be_nested().is_ok());
    }
}
