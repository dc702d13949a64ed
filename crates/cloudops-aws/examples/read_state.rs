//! Reads what the programs know of an instance: where another tool would look things up.
//!
//! `AWS_PROFILE=acme cargo run --example read_state -- cloudops.yaml` prints what is set up, the
//! environments, and who holds a lock. It changes nothing.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    connect::Connect,
    state::{environments, init, store::Store},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: read_state CLOUDOPS_YAML")?;
    let config = CloudOpsConfig::parse(&file, &fs_err::read_to_string(&file)?)?;
    let connect = Connect { region: Some(config.region.clone()), ..Connect::default() };
    let aws = connect.connect().await?;
    let store = Store::of_instance(&aws, &config);

    let state = init::require_foundation(&aws, &store, &config).await?;
    for (component, known) in &state.components {
        println!("{} since {}", component.program(), known.initialized_at);
        for (name, value) in &known.outputs {
            println!("  {name} = {value}");
        }
    }
    for name in environments::names(&store).await? {
        let found = environments::find(&store, &name.parse()?).await?;
        let release = found.as_ref().and_then(|found| found.value.release());
        println!("environment {name} serves {}", release.unwrap_or("nothing yet"));
    }
    Ok(())
}
