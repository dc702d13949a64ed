//! Entry point of `cloudops-rehearse`: the whole journey against the local AWS.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use cloudops_e2e::rehearsal::printer::{Printer, Target};
use cloudops_e2e::rehearsal::{Component, Kit, Options, Outcome, Runner, left_running, run};

/// Rehearses the whole journey with the unchanged programs. `cargo xtask rehearse` starts it.
#[derive(Debug, Parser)]
#[command(name = "cloudops-rehearse")]
struct Cli {
    #[command(flatten)]
    kit: KitArgs,
    /// Folder for all files of the rehearsal
    #[arg(long)]
    work: PathBuf,
    /// Leave everything running at the end
    #[arg(long)]
    keep: bool,
    /// Stop after the steps of this program
    #[arg(long)]
    component: Option<Component>,
    /// Where deployment packages are built
    #[arg(long, default_value = "build-server")]
    runner: Runner,
    /// How the outcome is told
    #[arg(long, default_value = "human")]
    output: Format,
    /// End what an earlier rehearsal in the work folder left running, and do nothing else
    #[arg(long)]
    clean: bool,
}

/// What the rehearsal is given.
#[derive(Debug, clap::Args)]
struct KitArgs {
    /// Folder of our programs
    #[arg(long, required_unless_present = "clean")]
    bin_dir: Option<PathBuf>,
    /// The AWS emulator
    #[arg(long, required_unless_present = "clean")]
    fakecloud: Option<PathBuf>,
    /// Folder of the fixtures
    #[arg(long, required_unless_present = "clean")]
    fixtures: Option<PathBuf>,
    /// A Tomcat 9 home
    #[arg(long, required_unless_present = "clean")]
    tomcat: Option<PathBuf>,
    /// A Python interpreter that has boto3
    #[arg(long, required_unless_present = "clean")]
    python: Option<PathBuf>,
    /// Where the base image is kept between rehearsals
    #[arg(long)]
    tools: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let printer = Printer::new(match cli.output {
        Format::Human => Target::Output,
        Format::Json => Target::Errors,
    });
    if cli.clean {
        return ended(printer, left_running::clean(&cli.work).await.map(|()| 0));
    }
    let Some(kit) = cli.kit.kit() else {
        // The parser has seen to it already.
        return ExitCode::from(2);
    };
    let Cli { work, keep, component, runner, .. } = cli;
    let options = Options { kit, work, keep, component, runner, printer };
    let code = run(options).await.map(|outcome| {
        tell(&outcome, cli.output, printer);
        outcome.exit_code()
    });
    ended(printer, code)
}

fn ended<E: std::fmt::Display>(printer: Printer, code: Result<u8, E>) -> ExitCode {
    match code {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            printer.failure(&format!("the rehearsal cannot begin: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn tell(outcome: &Outcome, format: Format, printer: Printer) {
    outcome.print(printer);
    if format == Format::Json {
        // It is made of texts, numbers and maps with text keys, which always serialize.
        Printer::document(&serde_json::to_string_pretty(outcome).unwrap_or_default());
    }
}

impl KitArgs {
    fn kit(self) -> Option<Kit> {
        Some(Kit {
            bin_dir: self.bin_dir?,
            fakecloud: self.fakecloud?,
            fixtures: self.fixtures?,
            tomcat: self.tomcat?,
            python: self.python?,
            tools: self.tools,
        })
    }
}
