//! From the command line to the exit code.

use std::process::ExitCode;

use clap::Parser;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::{
    args::{GlobalArgs, OutputArg},
    failure::Failure,
    printer,
    report::Style,
    session::Session,
    settings::{Environment, Settings},
};
use crate::diagnose::Class;

/// How a verb ended.
pub type CliResult = Result<Class, Failure>;

/// A program: its command line, and how to run it.
pub trait Program: Parser {
    /// Name of the program.
    const NAME: &'static str;

    /// Options that every verb takes.
    fn globals(&self) -> &GlobalArgs;

    /// Runs the verb.
    fn execute(self, session: &Session) -> impl Future<Output = CliResult>;
}

/// Runs a program to its exit code. A `main` does nothing else.
#[must_use]
pub fn run<P: Program>() -> ExitCode {
    let program = match P::try_parse() {
        Ok(program) => program,
        Err(error) => {
            // Help and version are not errors; the rest is class usage.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Class::Usage.code() } else { 0 });
        }
    };
    let settings = match Settings::resolve(program.globals(), &Environment::from_process()) {
        Ok(settings) => settings,
        Err(error) => {
            let failure = Failure::from(error);
            let json = program.globals().output == Some(OutputArg::Json);
            let text = if json {
                format!("{}\n", failure.json())
            } else {
                failure.human(Style { color: false })
            };
            printer::err(&text);
            return code(failure.class());
        }
    };
    trace(&settings);
    catch_panics();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            printer::err(&format!("error: the program cannot start: {error}\n"));
            return code(Class::Bug);
        }
    };
    let class = runtime.block_on(serve(program, settings));
    // What still runs (a spinner, a heartbeat) does not keep the program alive.
    runtime.shutdown_background();
    code(class)
}

fn code(class: Class) -> ExitCode {
    ExitCode::from(class.code())
}

async fn serve<P: Program>(program: P, settings: Settings) -> Class {
    let cancel = CancellationToken::new();
    // Before the verb begins, so that no signal finds the system's own handling.
    let stop = watch_signals(cancel.clone());
    let session = Session::new(settings, cancel, P::NAME);
    let result = tokio::select! {
        result = program.execute(&session) => result,
        () = stop.cancelled() => Ok(Class::Interrupted),
    };
    session.finish();
    match result {
        Ok(class) => class,
        Err(failure) => {
            session.fail(&failure);
            failure.class()
        }
    }
}

/// The first signal cancels `cancel`: the run stops at its next safe point. The second one
/// cancels the token that is given back: the run ends at once.
#[cfg(unix)]
fn watch_signals(cancel: CancellationToken) -> CancellationToken {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = CancellationToken::new();
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the system's own default ends the program.
        return stop;
    };
    let second = stop.clone();
    tokio::spawn(async move {
        for token in [cancel, second] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if !token.is_cancelled() {
                token.cancel();
                printer::err("stopping at the next safe point; press Ctrl-C again to stop now\n");
            }
        }
    });
    stop
}

#[cfg(not(unix))]
fn watch_signals(cancel: CancellationToken) -> CancellationToken {
    let stop = CancellationToken::new();
    let second = stop.clone();
    tokio::spawn(async move {
        for token in [cancel, second] {
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            token.cancel();
        }
    });
    stop
}

/// A panic is a fault of the program, wherever it happens: exit code 1, and one line to report.
fn catch_panics() {
    std::panic::set_hook(Box::new(|info| {
        printer::err(&format!("error: this is a fault of the program, please report it: {info}\n"));
        #[expect(
            clippy::exit,
            reason = "a task that panics must not let the run end as if all were well"
        )]
        // tidy: allow(exit): a spawned task that panics must not let the run go on
        std::process::exit(i32::from(Class::Bug.code()));
    }));
}

fn trace(settings: &Settings) {
    let level = match settings.verbose {
        0 => "off",
        1 => "cloudops_aws=info,cloudcore=info,cloudteam=info,clouddeploy=info",
        // Never the SDK's own debug traces: they may show requests with secrets in them.
        _ => "cloudops_aws=debug,cloudcore=debug,cloudteam=debug,clouddeploy=debug",
    };
    let filter = settings.log_filter.clone().unwrap_or_else(|| level.to_owned());
    let built = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(settings.color)
        .with_env_filter(EnvFilter::new(filter))
        .try_init();
    if let Err(error) = built {
        tracing::debug!(%error, "traces are set up already");
    }
}
