//! Applies the graph of stacks that a folder describes: a small deployment tool, complete.
//!
//! ```text
//! apply_graph [--delete] [--concurrency N] [--history FILE] FOLDER
//! ```
//!
//! The folder holds templates and a `graph.json`:
//!
//! ```json
//! {"stacks": [
//!   {"name": "shop-network", "template": "network.yaml", "parameters": {"Cidr": "10.0.0.0/16"}},
//!   {"name": "shop-data", "template": "data.yaml", "needs": ["shop-network"]}
//! ]}
//! ```
//!
//! A parameter that is not given is filled from the output of the same name of a stack that is
//! needed. Each stack starts the moment the last one that it needs is done. One line per stack
//! says what became of it. It reads AWS' standard variables, such as `AWS_PROFILE`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the tool's voice")]

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
};

use cloudops_aws::{
    cfn::{
        apply::{Options, apply},
        delete::delete,
        graph::{StackGraph, StackSpec},
        history::History,
        protection::Protected,
        template::Template,
    },
    connect::Connect,
    ctx::{CONCURRENCY, Ctx},
    events::{Event, EventKind, EventSink},
    state::lock::Locked,
};
use fs_err as fs;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

const USAGE: &str = "usage: apply_graph [--delete] [--concurrency N] [--history FILE] FOLDER";

/// `graph.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    stacks: Vec<Entry>,
}

/// One stack of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    template: PathBuf,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    #[serde(default)]
    needs: Vec<String>,
}

/// The command line.
#[derive(Default)]
struct Arguments {
    folder: PathBuf,
    delete: bool,
    concurrency: Option<NonZeroUsize>,
    history: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match arguments(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("apply_graph: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let graph = read_graph(&arguments.folder)?;
    graph.check()?;
    let aws = Connect::default().connect().await?;
    let ctx = Ctx::new(aws, EventSink::from_fn(|event| show(&event)), CancellationToken::new())
        .with_concurrency(arguments.concurrency.unwrap_or(CONCURRENCY));
    // A tool with a state bucket holds its lock instead: `state::lock::with_lock`.
    let locked = Locked::before_there_is_a_bucket();
    let history = load(arguments.history.as_deref())?;
    let outcome = if arguments.delete {
        let needs = graph.stacks().map(|stack| (stack.name.clone(), stack.depends_on.clone()));
        delete(&ctx, &locked, None, &needs.collect(), &history, Protected::Refuse).await.map(|_| ())
    } else {
        let options = Options { history: history.clone(), ..Options::default() };
        apply(&ctx, &locked, None, &graph, &options).await.map(|_| ())
    };
    // What was learnt is kept also when something failed.
    store(arguments.history.as_deref(), &history)?;
    Ok(outcome?)
}

/// What earlier runs learnt: the engine looks at a stack when it is about to end, and knows its
/// template without reading it.
fn load(file: Option<&Path>) -> Result<History, Box<dyn Error>> {
    let Some(file) = file.filter(|file| file.exists()) else {
        return Ok(History::default());
    };
    Ok(History::new(serde_json::from_str(&fs::read_to_string(file)?)?))
}

fn store(file: Option<&Path>, history: &History) -> Result<(), Box<dyn Error>> {
    if let Some(file) = file {
        fs::write(file, serde_json::to_string_pretty(&history.learnt())?)?;
    }
    Ok(())
}

/// Prints a line for each stack that has ended.
fn show(event: &Event) {
    if let EventKind::StepFinished { step, outcome, detail } = &event.kind {
        println!("{step}: {outcome:?}, {detail}");
    }
}

fn read_graph(folder: &Path) -> Result<StackGraph, Box<dyn Error>> {
    let file = folder.join("graph.json");
    let document: Document = serde_json::from_str(&fs::read_to_string(&file)?)
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let mut graph = StackGraph::new(BTreeMap::new());
    for entry in document.stacks {
        graph.add(stack(folder, entry)?)?;
    }
    Ok(graph)
}

fn stack(folder: &Path, entry: Entry) -> Result<StackSpec, Box<dyn Error>> {
    let text = fs::read_to_string(folder.join(&entry.template))?;
    let needs = entry.needs.iter().map(|need| need.parse());
    Ok(StackSpec {
        name: entry.name.parse()?,
        title: entry.name,
        template: Template::parse(&entry.template.to_string_lossy(), &text)?,
        parameters: entry.parameters,
        tags: BTreeMap::new(),
        depends_on: needs.collect::<Result<BTreeSet<_>, _>>()?,
        termination_protection: false,
    })
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut found = Arguments::default();
    let mut folder = None;
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} takes a value"));
        match word.as_str() {
            "--delete" => found.delete = true,
            "--history" => found.history = Some(value()?.into()),
            "--concurrency" => found.concurrency = Some(number(&value()?)?),
            option if option.starts_with('-') => return Err(format!("unknown option {option}")),
            _ if folder.is_none() => folder = Some(word.into()),
            _ => return Err(format!("one folder only, and {word} is another")),
        }
    }
    found.folder = folder.ok_or("which folder?")?;
    Ok(found)
}

fn number(word: &str) -> Result<NonZeroUsize, String> {
    word.parse().map_err(|_| format!("--concurrency: {word} is no number above 0"))
}
