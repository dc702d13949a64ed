//! What each stage runs.

use std::path::PathBuf;
use std::process::Command;

use super::counts::Counts;
use super::stage::Stage;
use crate::command;
use crate::failure::Outcome;
use crate::progress::{Board, Job};
use crate::rehearse;
use crate::tools::{Tools, fakecloud};
use crate::workspace::Workspace;
use crate::{templates, tidy};

/// The journey is what needs the local AWS; all other tests are `unit`. The two filters are each
/// other's complement, so no test is in neither.
const JOURNEY: &str = "package(cloudops-e2e) & binary(=journey)";

/// What lasts from the first stage to the last.
pub(super) struct Session {
    workspace: Workspace,
    tools: Tools,
    board: Board,
    journey: Option<Journey>,
}

/// What the journey needs, and no other stage.
struct Journey {
    fakecloud: Job<PathBuf>,
    tomcat: PathBuf,
}

impl Session {
    /// Begins at once what takes longest and is needed last, and says at once what cannot work.
    pub(super) fn begin(workspace: &Workspace, stages: &[Stage]) -> Outcome<Self> {
        let mut session = Self {
            workspace: workspace.clone(),
            tools: Tools::open()?,
            board: Board::new(),
            journey: None,
        };
        if stages.iter().any(|stage| stage.plays()) {
            session.journey = Some(session.prepare_journey()?);
        }
        Ok(session)
    }

    fn prepare_journey(&self) -> Outcome<Journey> {
        fakecloud::named_by_variable()?;
        let (tools, root) = (self.tools.clone(), self.workspace.root.clone());
        let fetch = move |progress: &_| tools.tomcat(&root, progress);
        let tomcat = self.board.spawn("tomcat", fetch).join()?;
        let tools = self.tools.clone();
        let get = move |progress: &_| tools.fakecloud(progress);
        Ok(Journey { fakecloud: self.board.spawn("fakecloud", get), tomcat })
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = self.workspace.cargo();
        cargo.args(arguments);
        cargo
    }

    fn nextest(&self, filter: &str) -> Outcome<Command> {
        let tools = self.tools.clone();
        let program =
            self.board.spawn("cargo-nextest", move |progress| tools.nextest(progress)).join()?;
        let mut nextest = command::program(program);
        nextest.current_dir(&self.workspace.root);
        nextest.args(["nextest", "run", "--workspace", "-E", filter]);
        if crate::print::is_terminal() {
            nextest.args(["--color", "always"]);
        }
        if std::env::var_os("CI").is_some() {
            nextest.args(["--profile", "ci"]);
        }
        Ok(nextest)
    }
}

/// Runs one stage.
pub(super) fn run(stage: Stage, session: &mut Session, counts: &mut Counts) -> Outcome {
    match stage {
        Stage::Fmt => command::check(&mut session.cargo(&["fmt", "--all", "--check", "--", "-l"])),
        Stage::Templates => templates::check(&session.workspace, &session.tools, false),
        Stage::Tidy => tidy::run(&session.workspace),
        Stage::Clippy => clippy(session),
        Stage::Doc => doc(session),
        Stage::Unit => count(&mut session.nextest(&format!("not ({JOURNEY})"))?, |line| {
            counts.read_nextest(line)
        }),
        Stage::Doctest => count(&mut session.cargo(&["test", "--doc", "--workspace"]), |line| {
            counts.read_libtest(line)
        }),
        Stage::Features => features(session, counts),
        Stage::Examples => {
            command::check(&mut session.cargo(&["build", "--workspace", "--examples"]))
        }
        Stage::Journey => journey(session, counts),
    }
}

fn count(command: &mut Command, read: impl FnMut(&str)) -> Outcome {
    let status = command::stream(command, read)?;
    command::expect_success(command, status)
}

fn clippy(session: &Session) -> Outcome {
    let mut cargo = session.cargo(&["clippy", "--workspace", "--all-targets"]);
    command::check(cargo.args(["--", "-D", "warnings"]))
}

fn doc(session: &Session) -> Outcome {
    let mut cargo = session.cargo(&["doc", "--workspace", "--no-deps"]);
    command::check(cargo.env("RUSTDOCFLAGS", "-D warnings"))
}

/// The bare library with its tests, then each feature alone: another tool's author takes one.
fn features(session: &Session, counts: &mut Counts) -> Outcome {
    let alone = ["-p", "cloudops-aws", "--no-default-features"];
    count(session.cargo(&["test"]).args(alone), |line| counts.read_libtest(line))
}

/// What the journey runs with: everything is built and fetched by now, or is waited for here.
fn kit(session: &mut Session) -> Outcome<rehearse::Kit> {
    let (tools, root) = (session.tools.clone(), session.workspace.root.clone());
    let python = session.board.spawn("python", move |progress| tools.python(&root, progress));
    command::check(&mut rehearse::build_command(&session.workspace))?;
    let journey = match session.journey.take() {
        Some(journey) => journey,
        None => session.prepare_journey()?,
    };
    Ok(rehearse::Kit {
        bin_dir: session.workspace.bin_dir(),
        fakecloud: journey.fakecloud.join()?,
        python: python.join()?,
        tomcat: journey.tomcat,
    })
}

/// Tells the tests by environment variables where everything is.
fn journey(session: &mut Session, counts: &mut Counts) -> Outcome {
    let kit = kit(session)?;
    let mut nextest = session.nextest(JOURNEY)?;
    // Few and long: each says when it is done.
    nextest.args(["--status-level", "pass"]);
    nextest.env("CLOUDOPS_BIN_DIR", kit.bin_dir);
    nextest.env("CLOUDOPS_TOOLS", session.tools.root());
    nextest.env("CLOUDOPS_PYTHON", kit.python);
    nextest.env("CLOUDOPS_TOMCAT", kit.tomcat);
    nextest.env("CLOUDOPS_FAKECLOUD", kit.fakecloud);
    count(&mut nextest, |line| counts.read_nextest(line))
}
