//! `cloudops-jenkins`: the stand-in for the build server.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the program's voice")]

use std::process::ExitCode;

use cloudops_e2e::jenkins::{Options, Server};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: cloudops-jenkins --home DIR --password-file FILE [--user admin] \
                     [--listen ADDRESS:PORT] [--env NAME=VALUE]... [--queue-ttl SECONDS] \
                     [--quiet-period SECONDS] [--executors NUMBER] [--plugins FILE] \
                     [--credentials FILE] [--labels A,B] [--poll-interval MILLISECONDS] \
                     [--notify-token TOKEN] [--restart-time MILLISECONDS] \
                     [--lenient true|false]";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options = match Options::parse(&arguments) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cloudops-jenkins: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    // The handlers stand before the ready line: who reads it may stop the process at once.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = Server::start(options).await?;
    println!("{}", serde_json::json!({"endpoint": server.endpoint()}));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.stop().await;
    Ok(())
}
