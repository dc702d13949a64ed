//! `cloudcore config`.

use std::fmt::{self, Write};

use cloudcore::ops;
use cloudops_aws::{
    config::{self, Entry},
    diagnose::Class,
    terminal::{CliResult, Report, Session, Style, Table},
};

/// Verbs of `config`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Show the value of a key
    Get {
        /// Key, such as core/vpc-id
        key: String,
    },
    /// Set the value of a key
    Set {
        /// Key
        key: String,
        /// Value; secrets do not belong here
        value: String,
    },
    /// Remove a key
    Unset {
        /// Key
        key: String,
    },
    /// Show all keys and values below a prefix
    List {
        /// Prefix, such as core
        #[arg(default_value = "")]
        prefix: String,
    },
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    ops::check_place(&ctx.aws, &config)?;
    let (aws, instance) = (&ctx.aws, &config.instance);
    match verb {
        Verb::Get { key } => {
            let entry = config::get(aws, instance, &key).await?;
            let entry = entry.ok_or(ops::NoSuchKey { key })?;
            session.print(&Entries(vec![entry]));
        }
        Verb::Set { key, value } => {
            let version = config::set(aws, instance, &key, &value).await?;
            session.print(&Entries(vec![Entry { key, value, version }]));
        }
        Verb::Unset { key } => {
            config::unset(aws, instance, &key).await?;
            session.print(&Entries(Vec::new()));
        }
        Verb::List { prefix } => {
            session.print(&Entries(config::list(aws, instance, &prefix).await?));
        }
    }
    Ok(Class::Done)
}

struct Entries(Vec<Entry>);

impl Report for Entries {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let mut table = Table::new(style, &["KEY", "VERSION", "VALUE"]);
        for entry in &self.0 {
            table.row([&entry.key, &entry.version.to_string(), &entry.value]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "entries": self.0 })
    }
}
