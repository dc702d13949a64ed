//! `cargo xtask rehearse`: gets and builds all that the journey needs, then hands over to the
//! rehearsal program, which runs the unchanged binaries against the local AWS.

use std::fmt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use fs_err as fs;

use crate::command::{self, not_started};
use crate::failure::{Failure, Outcome};
use crate::prerequisites;
use crate::print;
use crate::progress::{Board, Progress, elapsed};
use crate::tools::Tools;
use crate::workspace::Workspace;

/// Options of `cargo xtask rehearse`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave everything running at the end, and say how to look around
    #[arg(long)]
    keep: bool,
    /// Stop after the steps of this program
    #[arg(long)]
    component: Option<Component>,
    /// Where deployment packages are built [default: build-server]
    #[arg(long = "runner")]
    builds_on: Option<Runner>,
    /// How the rehearsal reports on standard output
    #[arg(long, default_value_t = Output::Human)]
    output: Output,
    /// End what earlier rehearsals left running, remove their folders, and do nothing else
    #[arg(long, conflicts_with_all = ["keep", "component", "builds_on", "runner"])]
    clean: bool,
    /// More arguments for the rehearsal program, as they are
    #[arg(last = true, value_name = "RUNNER ARGUMENTS")]
    runner: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Component {
    Cloudcore,
    Cloudteam,
    Clouddeploy,
}

#[derive(Clone, Copy, ValueEnum)]
enum Runner {
    BuildServer,
    Local,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    Human,
    Json,
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cloudcore => "cloudcore",
            Self::Cloudteam => "cloudteam",
            Self::Clouddeploy => "clouddeploy",
        })
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Human => "human",
            Self::Json => "json",
        })
    }
}

/// Where the journey finds what it runs.
#[derive(Debug)]
pub(crate) struct Kit {
    pub(crate) bin_dir: PathBuf,
    pub(crate) fakecloud: PathBuf,
    pub(crate) python: PathBuf,
    pub(crate) tomcat: PathBuf,
}

/// Runs the task. Does not come back when the rehearsal begins: it takes this process's place, so
/// that a Ctrl-C, the terminal and the exit code are all its own.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Outcome<ExitCode> {
    let folders = workspace.target.join("rehearse");
    if args.clean {
        return clean(workspace, &folders);
    }
    prerequisites::for_journey()?;
    let tools = Tools::open()?;
    let kit = prepare(workspace, &tools)?;
    let work = work_folder(&folders)?;
    let mut rehearsal = rehearsal(workspace, &tools, &kit, &work, args);
    let error = rehearsal.exec();
    Err(not_started(&rehearsal, &error))
}

/// Gets the tools in the background while our own programs are built.
fn prepare(workspace: &Workspace, tools: &Tools) -> Outcome<Kit> {
    print::heading("preparing: tools and programs");
    let started = Instant::now();
    let board = Board::new();
    let job = tools.clone();
    let fakecloud = board.spawn("fakecloud", move |progress| job.fakecloud(progress));
    let (job, root) = (tools.clone(), workspace.root.clone());
    let python = board.spawn("python", move |progress| job.python(&root, progress));
    let (job, root) = (tools.clone(), workspace.root.clone());
    let tomcat = board.spawn("tomcat", move |progress| job.tomcat(&root, progress));
    let (job, own) = (tools.clone(), workspace.clone());
    let programs = board.spawn("our programs", move |progress| build(&own, &job, progress));
    let kit = Kit {
        tomcat: tomcat.join()?,
        python: python.join()?,
        bin_dir: programs.join()?,
        fakecloud: fakecloud.join()?,
    };
    print::note(format!("ready after {}", elapsed(started.elapsed())));
    Ok(kit)
}

fn build(workspace: &Workspace, tools: &Tools, progress: &Progress) -> Outcome<PathBuf> {
    let log = tools.root().join("logs/programs.log");
    progress.run(&mut build_command(workspace), &log)?;
    Ok(workspace.bin_dir())
}

/// All programs: the three of the product and those of the harness.
pub(crate) fn build_command(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--workspace", "--exclude", "xtask", "--bins"]);
    cargo
}

fn rehearsal(w: &Workspace, tools: &Tools, kit: &Kit, work: &Path, args: &Args) -> Command {
    let mut command = command::program(kit.bin_dir.join("cloudops-rehearse"));
    command.current_dir(&w.root).stdin(Stdio::inherit());
    let paths: [(&str, &Path); 7] = [
        ("--bin-dir", &kit.bin_dir),
        ("--fakecloud", &kit.fakecloud),
        ("--tools", tools.root()),
        ("--fixtures", &w.root.join("tests/fixtures")),
        ("--work", work),
        ("--tomcat", &kit.tomcat),
        ("--python", &kit.python),
    ];
    for (option, path) in paths {
        command.arg(option).arg(path);
    }
    if args.keep {
        command.arg("--keep");
    }
    if let Some(component) = args.component {
        command.args(["--component", &component.to_string()]);
    }
    match args.builds_on {
        None | Some(Runner::BuildServer) => {}
        Some(Runner::Local) => {
            command.args(["--runner", "local"]);
        }
    }
    if matches!(args.output, Output::Json) {
        command.args(["--output", "json"]);
    }
    command.args(&args.runner);
    command
}

/// A new folder for this rehearsal alone.
fn work_folder(folders: &Path) -> Outcome<PathBuf> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let folder = folders.join(format!("{now}-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Lets the rehearsal program end what it left in each folder, then removes the folder.
fn clean(workspace: &Workspace, folders: &Path) -> Outcome<ExitCode> {
    let earlier = if folders.is_dir() { fs::read_dir(folders)?.collect() } else { Vec::new() };
    if !earlier.is_empty() {
        print::heading("building the rehearsal program");
        command::check(&mut build_command(workspace))?;
    }
    for entry in &earlier {
        let entry = entry.as_ref().map_err(|error| Failure::new(error.to_string()))?;
        let mut command = command::program(workspace.bin_dir().join("cloudops-rehearse"));
        command.args(["--clean", "--work"]).arg(entry.path());
        command::check(&mut command)?;
        if entry.path().exists() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    print::note(format!("{} earlier rehearsals removed", earlier.len()));
    Ok(ExitCode::SUCCESS)
}
