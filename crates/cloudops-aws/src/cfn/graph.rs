//! What a tool wants: stacks, what they depend on, and where their parameters come from.

mod error;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    consent::{self, Capability},
    schedule,
    template::{ParameterSpec, Template},
};
use crate::ids::{Digest, StackName};
pub use error::GraphError;

/// One stack in its wanted form.
#[derive(Debug, Clone)]
pub struct StackSpec {
    /// Name.
    pub name: StackName,
    /// What it is, for people, such as `network`.
    pub title: String,
    /// Template.
    pub template: Template,
    /// Parameters that are given outright. Others come from the outputs of the stacks it depends
    /// on, from the graph's facts, or from the template's defaults.
    pub parameters: BTreeMap<String, String>,
    /// Tags of the stack, which CloudFormation puts on its resources.
    pub tags: BTreeMap<String, String>,
    /// Stacks that must be done before.
    pub depends_on: BTreeSet<StackName>,
    /// Whether CloudFormation refuses to delete it until protection is taken off. `false` leaves
    /// protection as it is: only a command that says so takes it off.
    pub termination_protection: bool,
}

/// Stacks that belong together.
#[derive(Debug, Clone)]
pub struct StackGraph {
    stacks: BTreeMap<StackName, StackSpec>,
    facts: BTreeMap<String, String>,
    capabilities: BTreeSet<Capability>,
}

/// Outputs of stacks, by stack.
pub type Outputs = BTreeMap<StackName, BTreeMap<String, String>>;

/// Where the value of a parameter comes from.
pub(super) enum Source<'a> {
    Value(&'a str),
    Output(&'a StackName),
    Default,
}

impl Default for StackGraph {
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

impl StackGraph {
    /// A graph without stacks, with facts that parameters may be filled from: outputs of stacks
    /// that other tools own, by name.
    #[must_use]
    pub fn new(facts: BTreeMap<String, String>) -> Self {
        let capabilities = BTreeSet::from([Capability::NamedIam]);
        Self { stacks: BTreeMap::new(), facts, capabilities }
    }

    /// The same graph with exactly these capabilities; without this, IAM resources may be made, and
    /// macros may not be used.
    #[must_use]
    pub fn with_capabilities(mut self, allowed: impl IntoIterator<Item = Capability>) -> Self {
        self.capabilities = allowed.into_iter().collect();
        self
    }

    /// What CloudFormation is told to be known.
    pub(super) fn capabilities(&self) -> &BTreeSet<Capability> {
        &self.capabilities
    }

    /// Adds a stack.
    ///
    /// # Errors
    /// [`GraphError::Duplicate`].
    pub fn add(&mut self, stack: StackSpec) -> Result<(), GraphError> {
        if self.stacks.contains_key(&stack.name) {
            return Err(GraphError::Duplicate(stack.name));
        }
        self.stacks.insert(stack.name.clone(), stack);
        Ok(())
    }

    /// The stacks, by name.
    pub fn stacks(&self) -> impl Iterator<Item = &StackSpec> {
        self.stacks.values()
    }

    /// A stack.
    #[must_use]
    pub fn get(&self, name: &StackName) -> Option<&StackSpec> {
        self.stacks.get(name)
    }

    /// Digest of everything that the graph asks for: another digest is another wish.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let stack = |spec: &StackSpec| {
            serde_json::json!([
                spec.name,
                Digest::of(spec.template.text().as_bytes()),
                spec.parameters,
                spec.tags,
                spec.depends_on,
                spec.termination_protection,
            ])
        };
        let stacks: Vec<_> = self.stacks.values().map(stack).collect();
        Digest::of(serde_json::json!([stacks, self.facts]).to_string().as_bytes())
    }

    /// What each stack depends on.
    pub(super) fn edges(&self) -> BTreeMap<StackName, BTreeSet<StackName>> {
        self.stacks.values().map(|stack| (stack.name.clone(), stack.depends_on.clone())).collect()
    }

    /// Checks everything that can be known without AWS: templates, dependencies, parameters.
    ///
    /// # Errors
    /// The first [`GraphError`].
    pub fn check(&self) -> Result<(), GraphError> {
        for stack in self.stacks.values() {
            if let Some(error) = stack.template.check().into_iter().next() {
                return Err(error.into());
            }
            if let Some(missing) =
                stack.depends_on.iter().find(|name| !self.stacks.contains_key(name))
            {
                let (stack, missing) = (stack.name.clone(), missing.clone());
                return Err(GraphError::UnknownDependency { stack, missing });
            }
            consent::check(stack, &self.capabilities)?;
            self.check_parameters(stack)?;
        }
        let cycle = schedule::cyclic(&self.edges());
        if cycle.is_empty() { Ok(()) } else { Err(GraphError::Cycle(cycle)) }
    }

    fn check_parameters(&self, stack: &StackSpec) -> Result<(), GraphError> {
        let known = stack.template.parameters();
        let unknown = |name: &&String| !known.iter().any(|parameter| parameter.name == **name);
        if let Some(parameter) = stack.parameters.keys().find(unknown) {
            return Err(GraphError::UnknownParameter {
                stack: stack.name.clone(),
                template: stack.template.name().to_owned(),
                parameter: parameter.clone(),
            });
        }
        for parameter in &known {
            if let Source::Value(value) = self.source(stack, parameter)? {
                check_value(stack, parameter, value)?;
            }
        }
        Ok(())
    }

    pub(super) fn source<'a>(
        &'a self,
        stack: &'a StackSpec,
        parameter: &ParameterSpec,
    ) -> Result<Source<'a>, GraphError> {
        if let Some(value) = stack.parameters.get(&parameter.name) {
            return Ok(Source::Value(value));
        }
        let gives = |name: &&StackName| {
            self.stacks
                .get(*name)
                .is_some_and(|need| need.template.outputs().contains(&parameter.name))
        };
        if let Some(name) = stack.depends_on.iter().find(gives) {
            return Ok(Source::Output(name));
        }
        if let Some(value) = self.facts.get(&parameter.name) {
            return Ok(Source::Value(value));
        }
        if parameter.default.is_some() {
            return Ok(Source::Default);
        }
        Err(GraphError::NoValue {
            stack: stack.name.clone(),
            template: consent::place(&stack.template, parameter.location),
            parameter: parameter.name.clone(),
        })
    }

    /// The values to give for a stack, with the outputs known so far. Parameters whose value is
    /// an output that is not known yet are listed apart; defaults are left to the template.
    ///
    /// # Errors
    /// [`GraphError::BadValue`] when an output is not what the parameter allows.
    pub(super) fn values(
        &self,
        stack: &StackSpec,
        outputs: &Outputs,
    ) -> Result<Values, GraphError> {
        let mut values = Values::default();
        for parameter in stack.template.parameters() {
            let value = match self.source(stack, &parameter)? {
                Source::Value(value) => value,
                Source::Default => continue,
                Source::Output(name) => {
                    // A conditional output may be absent though its stack is done.
                    match outputs.get(name).map(|known| known.get(&parameter.name)) {
                        Some(Some(value)) => value.as_str(),
                        Some(None) if parameter.default.is_some() => continue,
                        _ => {
                            values.unknown.insert(parameter.name.clone(), name.clone());
                            continue;
                        }
                    }
                }
            };
            check_value(stack, &parameter, value)?;
            values.known.insert(parameter.name, value.to_owned());
        }
        Ok(values)
    }
}

/// Parameter values of one stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values {
    /// Values to give.
    pub(super) known: BTreeMap<String, String>,
    /// Parameters that wait for an output of a stack.
    pub(super) unknown: BTreeMap<String, StackName>,
}

fn check_value(
    stack: &StackSpec,
    parameter: &ParameterSpec,
    value: &str,
) -> Result<(), GraphError> {
    parameter.validate(value).map_err(|reason| GraphError::BadValue {
        stack: stack.name.clone(),
        parameter: parameter.name.clone(),
        place: consent::place(&stack.template, parameter.location),
        value: if parameter.no_echo { "****".to_owned() } else { value.to_owned() },
        reason,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::diagnose::{Class, Diagnose};

    const NETWORK: &str = "Resources: {Vpc: {Type: 'AWS::EC2::VPC', Properties: {CidrBlock: !Ref Cidr}}}\n\
        Parameters: {Cidr: {Type: String}}\nOutputs: {VpcId: {Value: !Ref Vpc}}\n";
    const USER: &str = "Resources: {Group: {Type: 'AWS::EC2::SecurityGroup', Properties: {GroupDescription: g, VpcId: !Ref VpcId}}}\n\
        Parameters: {VpcId: {Type: String}, Port: {Type: Number, Default: 80}}\n";

    pub(in crate::cfn) fn spec(
        name: &str,
        text: &str,
        parameters: &[(&str, &str)],
        needs: &[&str],
    ) -> StackSpec {
        StackSpec {
            name: name.parse().unwrap(),
            title: name.to_owned(),
            template: Template::parse(name, text).unwrap(),
            parameters: parameters
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            tags: BTreeMap::new(),
            depends_on: needs.iter().map(|need| need.parse().unwrap()).collect(),
            termination_protection: false,
        }
    }

    pub(in crate::cfn) fn graph(specs: Vec<StackSpec>) -> StackGraph {
        let mut graph = StackGraph::new(BTreeMap::new());
        for spec in specs {
            graph.add(spec).unwrap();
        }
        graph
    }

    #[test]
    fn outputs_fill_parameters_of_the_same_name() {
        let graph = graph(vec![
            spec("net", NETWORK, &[("Cidr", "10.0.0.0/16")], &[]),
            spec("user", USER, &[], &["net"]),
        ]);
        graph.check().unwrap();
        let user = graph.get(&"user".parse().unwrap()).unwrap();
        let before = graph.values(user, &Outputs::new()).unwrap();
        assert_eq!(before.unknown.keys().collect::<Vec<_>>(), ["VpcId"]);
        let outputs = Outputs::from([(
            "net".parse().unwrap(),
            BTreeMap::from([("VpcId".to_owned(), "vpc-1".to_owned())]),
        )]);
        let after = graph.values(user, &outputs).unwrap();
        assert_eq!(after.known, BTreeMap::from([("VpcId".to_owned(), "vpc-1".to_owned())]));
    }

    #[test]
    fn what_cannot_work_is_found_before_anything_is_done() {
        let check = |specs, expect: &str| {
            assert_eq!(graph(specs).check().unwrap_err().to_string(), expect);
        };
        check(
            vec![spec("user", USER, &[], &[])],
            "stack user: nothing gives the parameter `VpcId` of user:2:14 a value",
        );
        check(
            vec![spec("user", USER, &[], &["net"])],
            "stack user depends on net, which is not among the stacks",
        );
        check(
            vec![spec("net", NETWORK, &[("Cidr", "x"), ("Cdir", "x")], &[])],
            "stack net: net has no parameter `Cdir`",
        );
        check(
            vec![
                spec("a", USER, &[("VpcId", "v")], &["b"]),
                spec("b", USER, &[("VpcId", "v")], &["a"]),
            ],
            "these stacks depend on each other in a circle: a, b",
        );
        let error = graph(vec![spec("user", USER, &[("VpcId", "v"), ("Port", "http")], &[])])
            .check()
            .unwrap_err();
        assert_eq!(error.class(), Class::Configuration, "{error}");
    }
}
