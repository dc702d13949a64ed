//! What each tool wants to find in its folder: the same stacks, told in its own way.

use std::path::Path;

use fs_err as fs;
use serde_json::{Map, Value, json};

use super::graph::{Graph, Stack};
use super::template::{self, Wiring, output};
use crate::failure::Outcome;

/// Account and region of the local AWS.
pub(super) const ACCOUNT: &str = "123456789012";
pub(super) const REGION: &str = "us-west-2";

/// Waits for what a stack needs, deploys it, and leaves its output for others. A shell loop at its
/// best: everything that can run runs, without levels.
const SHELL: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
rm -rf done failed; mkdir done
deploy() { # the stack's name, whether it is needed, then NEED=OUTPUT for each that it needs
  name=$1 needed=$2; shift 2; overrides=
  for pair in "$@"; do
    until [ -e "done/${pair%=*}" ]; do [ ! -e failed ] || return; sleep 0.1; done
    overrides="$overrides ${pair#*=}=$(cat "done/${pair%=*}")"
  done
  aws cloudformation deploy --stack-name "$name" --template-file "$name.json" \
    --no-fail-on-empty-changeset ${overrides:+--parameter-overrides $overrides} \
    || { touch failed; return; }
  [ "$needed" = no ] || { aws cloudformation describe-stacks --stack-name "$name" \
    --query 'Stacks[0].Outputs[0].OutputValue' --output text > "done/.$name" \
    && mv "done/.$name" "done/$name"; } || touch failed
}
"#;

/// Our library's example: `graph.json` and templates.
pub(super) fn ours(graph: &Graph, folder: &Path) -> Outcome {
    templates(graph, folder, Wiring::Parameters)?;
    let stacks = graph.stacks.iter().map(|stack| {
        let name = graph.stack_name(stack.number);
        let needs: Vec<String> = stack.needs.iter().map(|need| graph.stack_name(*need)).collect();
        json!({"name": name, "template": format!("{name}.json"), "needs": needs})
    });
    let document = json!({"stacks": stacks.collect::<Vec<Value>>()});
    Ok(fs::write(folder.join("graph.json"), format!("{document:#}\n"))?)
}

/// Sceptre: a group with a file per stack.
pub(super) fn sceptre(graph: &Graph, folder: &Path) -> Outcome {
    let group = folder.join("config").join(graph.name);
    fs::create_dir_all(&group)?;
    fs::create_dir_all(folder.join("templates"))?;
    templates(graph, &folder.join("templates"), Wiring::Parameters)?;
    let project = format!("project_code: bench\nregion: {REGION}\n");
    fs::write(folder.join("config/config.yaml"), project)?;
    for stack in &graph.stacks {
        fs::write(group.join(format!("{:02}.yaml", stack.number)), sceptre_stack(graph, stack))?;
    }
    Ok(())
}

fn sceptre_stack(graph: &Graph, stack: &Stack) -> String {
    let name = graph.stack_name(stack.number);
    let mut text = format!("template: {{type: file, path: {name}.json}}\n");
    if !stack.needs.is_empty() {
        text.push_str("parameters:\n");
    }
    for need in &stack.needs {
        let name = output(*need);
        text.push_str(&format!("  {name}: !stack_output {}/{need:02}.yaml::{name}\n", graph.name));
    }
    text
}

/// The AWS CLI: a shell script with all stacks in the background.
pub(super) fn shell(graph: &Graph, folder: &Path) -> Outcome {
    templates(graph, folder, Wiring::Parameters)?;
    let mut script = SHELL.to_owned();
    for stack in &graph.stacks {
        let needed = if graph.is_needed(stack.number) { "yes" } else { "no" };
        script.push_str(&format!("deploy {} {needed}", graph.stack_name(stack.number)));
        for need in &stack.needs {
            script.push_str(&format!(" {}={}", graph.stack_name(*need), output(*need)));
        }
        script.push_str(" &\n");
    }
    script.push_str("wait\n[ ! -e failed ]\n");
    Ok(fs::write(folder.join("deploy.sh"), script)?)
}

/// aws-cdk: a cloud assembly, as synthesis with `LegacyStackSynthesizer` leaves it.
pub(super) fn cdk(graph: &Graph, folder: &Path) -> Outcome {
    let assembly = folder.join("cdk.out");
    fs::create_dir_all(&assembly)?;
    templates(graph, &assembly, Wiring::Exports)?;
    let artifacts: Map<String, Value> =
        graph.stacks.iter().map(|one| artifact(graph, one)).collect();
    let manifest = json!({"version": "38.0.0", "artifacts": artifacts});
    Ok(fs::write(assembly.join("manifest.json"), format!("{manifest:#}\n"))?)
}

fn artifact(graph: &Graph, stack: &Stack) -> (String, Value) {
    let name = graph.stack_name(stack.number);
    let needs: Vec<String> = stack.needs.iter().map(|need| graph.stack_name(*need)).collect();
    let artifact = json!({
        "type": "aws:cloudformation:stack",
        "environment": format!("aws://{ACCOUNT}/{REGION}"),
        "properties": {"templateFile": format!("{name}.json")},
        "dependencies": needs,
    });
    (name, artifact)
}

/// A file per stack, and nothing else: what aws-sam-cli wants.
pub(super) fn templates(graph: &Graph, folder: &Path, wiring: Wiring) -> Outcome {
    for stack in &graph.stacks {
        let file = folder.join(format!("{}.json", graph.stack_name(stack.number)));
        fs::write(file, template::text(graph, stack, wiring))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::graph;
    use super::*;

    fn diamond() -> Graph {
        graph::all().into_iter().find(|graph| graph.name == "diamond").unwrap()
    }

    #[test]
    fn every_tool_is_told_what_a_stack_needs() {
        let (graph, folder) = (diamond(), tempfile::tempdir().unwrap());
        let folder = folder.path();
        for tell in [ours, sceptre, shell, cdk] {
            tell(&graph, folder).unwrap();
        }
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
        assert!(read("config/diamond/08.yaml").ends_with(
            "parameters:\n  Name03: !stack_output diamond/03.yaml::Name03\n  \
             Name04: !stack_output diamond/04.yaml::Name04\n"
        ));
        assert!(read("deploy.sh").contains(
            "deploy bench-diamond-08 yes bench-diamond-03=Name03 bench-diamond-04=Name04 &\n"
        ));
        let needs = json!(["bench-diamond-03", "bench-diamond-04"]);
        let manifest: Value = serde_json::from_str(&read("cdk.out/manifest.json")).unwrap();
        assert_eq!(manifest["artifacts"]["bench-diamond-08"]["dependencies"], needs);
        let own: Value = serde_json::from_str(&read("graph.json")).unwrap();
        assert_eq!(own["stacks"][7]["needs"], needs);
    }
}
