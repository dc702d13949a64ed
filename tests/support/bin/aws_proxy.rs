//! `cloudops-aws-proxy`: the process between AWS clients and the emulator.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the program's voice")]

use std::process::ExitCode;

use cloudops_e2e::proxy::{Options, Server, dns::DnsServers, upstream::Upstream};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: cloudops-aws-proxy --upstream URL [--region REGION] \
                     [--account ID] [--record FILE] [--containers PROGRAM] \
                     [--listen ADDRESS:PORT]";

#[tokio::main]
async fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cloudops-aws-proxy: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    // The handlers stand before the ready line: who reads it may stop the process at once.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let dns = DnsServers::start(Upstream::new(&options.upstream, &options.region)).await?;
    let server = Server::start(options).await?;
    let names = serde_json::json!({"root": dns.root(), "resolver": dns.resolver()});
    println!("{}", serde_json::json!({"endpoint": server.endpoint(), "dns": names}));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.stop().await;
    Ok(())
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut upstream = None;
    let mut options = Options {
        upstream: String::new(),
        region: "us-west-2".to_owned(),
        account: "123456789012".to_owned(),
        record: None,
        containers: None,
        listen: ([127, 0, 0, 1], 0).into(),
    };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} takes a value"))?;
        match name.as_str() {
            "--upstream" => upstream = Some(value),
            "--region" => options.region = value,
            "--account" => options.account = value,
            "--record" => options.record = Some(value.into()),
            "--containers" => options.containers = Some(value.into()),
            "--listen" => {
                options.listen =
                    value.parse().map_err(|_| format!("--listen: no address: {value}"))?;
            }
            _ => return Err(format!("unknown argument {name}")),
        }
    }
    options.upstream = upstream.ok_or("--upstream is missing")?;
    Ok(options)
}
