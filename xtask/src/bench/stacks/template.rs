//! The templates of the graphs: one parameter of Parameter Store each, made of what comes before.

use serde_json::{Map, Value, json};

use super::graph::{Graph, Stack};

/// How a template gets the outputs of other stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wiring {
    /// By parameters, which the tool fills.
    Parameters,
    /// By exports and imports, as aws-cdk does.
    Exports,
}

/// The name of the output of a stack, and of the parameter that takes it.
pub(super) fn output(number: usize) -> String {
    format!("Name{number:02}")
}

/// The template of a stack.
pub(super) fn text(graph: &Graph, stack: &Stack, wiring: Wiring) -> String {
    let mut template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("Benchmark {}, stack {}", graph.name, stack.number),
        "Resources": {"Entry": {"Type": "AWS::SSM::Parameter", "Properties": {
            "Name": format!("/bench/{}/{:02}", graph.name, stack.number),
            "Type": "String",
            "Value": value(graph, stack, wiring),
        }}},
        "Outputs": {output(stack.number): shown(graph, stack, wiring)},
    });
    if wiring == Wiring::Parameters && !stack.needs.is_empty() {
        let of = |need: &usize| (output(*need), json!({"Type": "String"}));
        template["Parameters"] = Value::Object(stack.needs.iter().map(of).collect::<Map<_, _>>());
    }
    format!("{template:#}\n")
}

fn value(graph: &Graph, stack: &Stack, wiring: Wiring) -> Value {
    let of = |need: &usize| match wiring {
        Wiring::Parameters => json!({"Ref": output(*need)}),
        Wiring::Exports => json!({"Fn::ImportValue": export(graph, *need)}),
    };
    let mut parts = vec![json!(graph.stack_name(stack.number))];
    parts.extend(stack.needs.iter().map(of));
    json!({"Fn::Join": [" ", parts]})
}

fn shown(graph: &Graph, stack: &Stack, wiring: Wiring) -> Value {
    let mut output = json!({"Value": {"Ref": "Entry"}});
    if wiring == Wiring::Exports && graph.is_needed(stack.number) {
        output["Export"] = json!({"Name": export(graph, stack.number)});
    }
    output
}

fn export(graph: &Graph, number: usize) -> String {
    format!("{}-{}", graph.stack_name(number), output(number))
}

#[cfg(test)]
mod tests {
    use super::super::graph;
    use super::*;

    fn template(number: usize, wiring: Wiring) -> Value {
        let chain = graph::all().into_iter().find(|graph| graph.name == "chain").unwrap();
        serde_json::from_str(&text(&chain, &chain.stacks[number - 1], wiring)).unwrap()
    }

    #[test]
    fn what_one_stack_gives_the_next_one_takes() {
        let (first, second) = (template(1, Wiring::Parameters), template(2, Wiring::Parameters));
        assert_eq!(first["Outputs"]["Name01"], json!({"Value": {"Ref": "Entry"}}));
        assert_eq!(first.get("Parameters"), None);
        assert_eq!(second["Parameters"], json!({"Name01": {"Type": "String"}}));
    }

    #[test]
    fn exports_do_the_same_without_parameters() {
        let (first, second) = (template(1, Wiring::Exports), template(2, Wiring::Exports));
        let name = &first["Outputs"]["Name01"]["Export"]["Name"];
        assert_eq!(name, "bench-chain-01-Name01");
        let value = &second["Resources"]["Entry"]["Properties"]["Value"];
        assert_eq!(value["Fn::Join"][1][1], json!({"Fn::ImportValue": name}));
        assert_eq!(second.get("Parameters"), None);
    }
}
