//! Holds a lock of an instance while it works, as the programs do: nobody else works on the same
//! scope meanwhile, and a lock whose owner is gone is reported, never stolen.
//!
//! `AWS_PROFILE=acme cargo run --example hold_lock -- cloudops.yaml`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    connect::Connect,
    ctx::Ctx,
    events::EventSink,
    state::{
        journal::Journal,
        lock::{self, LockError, Owner, Request},
        store::Store,
    },
};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: hold_lock CLOUDOPS_YAML")?;
    let config = CloudOpsConfig::parse(&file, &fs_err::read_to_string(&file)?)?;
    let connect = Connect { region: Some(config.region.clone()), ..Connect::default() };
    let aws = connect.connect().await?;
    let store = Store::of_instance(&aws, &config);
    // The lease is renewed in the background; when it is lost, this token is cancelled.
    let ctx = Ctx::new(aws, EventSink::null(), CancellationToken::new());

    let request = Request {
        scope: "example".to_owned(),
        owner: Owner { user: "ann".to_owned(), host: "here".to_owned(), pid: std::process::id() },
        command: "hold_lock".to_owned(),
        program: "hold_lock".to_owned(),
    };
    let number = lock::with_lock(&ctx, &store, request, async |locked| {
        let journal = Journal::begin(&ctx, &store, &locked, "hold_lock");
        // The intent comes before the deed: after a crash the next run knows where to look.
        journal.intent("greet", &ctx.token("greet")).await.map_err(LockError::from)?;
        println!("holding `{}`", locked.scope());
        journal.done("greet", "said").await.map_err(LockError::from)?;
        Ok::<_, LockError>(locked.fence())
    });
    println!("released; it was acquisition number {}", number.await?);
    Ok(())
}
