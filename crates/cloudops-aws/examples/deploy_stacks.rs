//! Deploys a graph of two stacks with an event sink of its own: where another tool would begin.
//!
//! It reads AWS' standard variables: `AWS_PROFILE=sandbox AWS_REGION=us-west-2 cargo run --example
//! deploy_stacks`. The stacks are a queue and a parameter that names it; they cost nothing.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::{
        apply::{Options, apply},
        graph::{StackGraph, StackSpec},
        template::Template,
    },
    connect::Connect,
    ctx::Ctx,
    events::EventSink,
    state::lock::Locked,
};
use tokio_util::sync::CancellationToken;

const QUEUE: &str = "
Resources:
  Queue: {Type: AWS::SQS::Queue}
Outputs:
  QueueUrl: {Value: !Ref Queue}
";

const PARAMETER: &str = "
Parameters:
  QueueUrl: {Type: String, Description: Address of the queue}
Resources:
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {Name: /example/queue-url, Type: String, Value: !Ref QueueUrl}
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let aws = Connect::default().connect().await?;
    let events = EventSink::from_fn(|event| println!("{:?}", event.kind));
    let ctx = Ctx::new(aws, events, CancellationToken::new());

    let mut graph = StackGraph::new(BTreeMap::new());
    graph.add(stack("example-queue", QUEUE, &[])?)?;
    // `QueueUrl` is an output of the one and a parameter of the other: that wires them.
    graph.add(stack("example-parameter", PARAMETER, &["example-queue"])?)?;

    // A tool with a state bucket holds its lock instead: `state::lock::with_lock`.
    let locked = Locked::before_there_is_a_bucket();
    let results = apply(&ctx, &locked, None, &graph, &Options::default()).await?;
    for (name, result) in results {
        println!("{name}: {:?} {:?}", result.outcome, result.outputs);
    }
    Ok(())
}

fn stack(
    name: &str,
    template: &str,
    needs: &[&str],
) -> Result<StackSpec, Box<dyn std::error::Error>> {
    Ok(StackSpec {
        name: name.parse()?,
        title: name.to_owned(),
        template: Template::parse(name, template)?,
        parameters: BTreeMap::new(),
        tags: BTreeMap::new(),
        depends_on: needs.iter().map(|need| need.parse()).collect::<Result<BTreeSet<_>, _>>()?,
        termination_protection: false,
    })
}
