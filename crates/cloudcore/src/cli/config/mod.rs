//! `cloudcore config`.

mod input;
mod show;

use camino::Utf8PathBuf;
use cloudcore::ops::config::{self, Back, NewValue, Values};
use cloudops_aws::{
    config::{ConfigKey, InvalidKey, KeyPath, Scope, document, yaml},
    ctx::Ctx,
    diagnose::Class,
    ids::{EnvName, ServiceName},
    terminal::{CliResult, Failure, OutputMode, Session},
};
use jiff::Timestamp;

/// Whose values.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ScopeArgs {
    /// Environment; without it, the instance
    #[arg(long)]
    env: Option<EnvName>,
    /// Service of the environment
    #[arg(long, requires = "env")]
    service: Option<ServiceName>,
}

impl ScopeArgs {
    fn scope(&self) -> Scope {
        match (self.env.clone(), self.service.clone()) {
            (Some(env), Some(service)) => Scope::Service(env, service),
            (Some(env), None) => Scope::Environment(env),
            (None, _) => Scope::Instance,
        }
    }

    fn given(&self) -> Option<Scope> {
        self.env.is_some().then(|| self.scope())
    }

    fn key(&self, path: KeyPath) -> Result<ConfigKey, InvalidKey> {
        ConfigKey::new(self.scope(), path)
    }
}

/// Verbs of `config`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Show the value of a key as a scope sees it, and where that comes from
    Get {
        /// Key, such as shop/currency
        key: KeyPath,
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Set the value of a key, or keep a secret and set the key to its reference
    #[command(group(clap::ArgGroup::new("source").required(true).multiple(true)))]
    Set {
        /// Key
        key: KeyPath,
        /// Value; never one of a secret
        #[arg(group = "source", conflicts_with_all = ["file", "secret"])]
        value: Option<String>,
        /// File with the value; `-` is standard input
        #[arg(long, group = "source")]
        file: Option<Utf8PathBuf>,
        /// The value is a secret: it is read from --file or standard input, and kept in Secrets
        /// Manager
        #[arg(long, group = "source")]
        secret: bool,
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Remove a key; its history stays
    Unset {
        /// Key
        key: KeyPath,
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// List keys and values: all there are, or what an environment or service sees
    List {
        /// Only keys below this one
        #[arg(default_value = "")]
        prefix: String,
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Show what a key has held, when, and who set it
    History {
        /// Key
        key: KeyPath,
        #[command(flatten)]
        scope: ScopeArgs,
    },
    /// Compare two scopes, or the values with a file; exits with 20 when they differ
    Diff {
        /// `instance`, an environment, or ENVIRONMENT/SERVICE
        #[arg(requires = "right", required_unless_present = "file")]
        left: Option<Scope>,
        /// The same
        right: Option<Scope>,
        /// File as `export` writes it
        #[arg(long, conflicts_with = "left")]
        file: Option<Utf8PathBuf>,
    },
    /// Set all values of a file, if the schema allows all of them
    Import {
        /// File as `export` writes it; `-` is standard input
        file: Utf8PathBuf,
        /// Also remove what the scopes of the file have and the file has not
        #[arg(long)]
        prune: bool,
        /// Only show what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Write the values of a scope and those below it as YAML, secrets as references
    Export(ScopeArgs),
    /// Set a key to an earlier version, or all keys of a scope to what they held at a moment
    #[command(group(clap::ArgGroup::new("target").required(true)))]
    Rollback {
        /// Key; needs --to
        #[arg(requires = "to")]
        key: Option<KeyPath>,
        /// Version of the key
        #[arg(long, group = "target", requires = "key")]
        to: Option<i64>,
        /// Moment, such as 2026-05-01T12:00:00Z; also of environments and services below
        #[arg(long, group = "target", conflicts_with = "key")]
        at: Option<Timestamp>,
        #[command(flatten)]
        scope: ScopeArgs,
    },
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    // What is wrong with the command line or a file is said before anything is asked of AWS.
    let config = session.config()?;
    let schema = input::schema(session, &config)?;
    let prepared = prepare(session, verb).await?;
    let ctx = session.connect(&config).await?;
    let values = config::open(&ctx, &config, schema).await?;
    match prepared {
        Prepared::Read(read) => reading(session, &values, read).await,
        Prepared::Import { document, prune, dry_run } => {
            import(session, &ctx, &values, &document, prune, dry_run).await
        }
        Prepared::Set(key, value) => {
            let owner = &session.settings.owner;
            let changes = config::set(&ctx, &values, owner, &key, value).await?;
            session.print(&show::Changes { changes, made: true });
            Ok(Class::Done)
        }
        Prepared::Unset(key) => {
            let changes = config::unset(&ctx, &values, &session.settings.owner, &key).await?;
            session.print(&show::Changes { changes, made: true });
            Ok(Class::Done)
        }
        Prepared::Rollback(back) => {
            let changes = config::rollback(&ctx, &values, &session.settings.owner, &back).await?;
            session.print(&show::Changes { changes, made: true });
            Ok(Class::Done)
        }
    }
}

/// A verb whose input is read and trusted.
enum Prepared {
    Read(Read),
    Set(ConfigKey, NewValue),
    Unset(ConfigKey),
    Import { document: document::Document, prune: bool, dry_run: bool },
    Rollback(Back),
}

enum Read {
    Get(ConfigKey),
    List(Option<Scope>, String),
    History(ConfigKey),
    Diff(Scope, Scope),
    DiffFile(document::Document),
    Export(Scope),
}

async fn prepare(session: &Session, verb: Verb) -> Result<Prepared, Failure> {
    let key = |scope: ScopeArgs, path| scope.key(path).map_err(input::wrong_key);
    Ok(match verb {
        Verb::Get { key: path, scope } => Prepared::Read(Read::Get(key(scope, path)?)),
        Verb::History { key: path, scope } => Prepared::Read(Read::History(key(scope, path)?)),
        Verb::List { prefix, scope } => Prepared::Read(Read::List(scope.given(), prefix)),
        Verb::Export(scope) => Prepared::Read(Read::Export(scope.scope())),
        Verb::Diff { left: Some(left), right: Some(right), .. } => {
            Prepared::Read(Read::Diff(left, right))
        }
        Verb::Diff { file, .. } => {
            let file = file.unwrap_or_default();
            Prepared::Read(Read::DiffFile(input::document(session, &file).await?))
        }
        Verb::Set { key: path, value, file, secret, scope } => {
            let key = key(scope, path)?;
            let value = input::value(session, &key, value, file, secret).await?;
            Prepared::Set(key, value)
        }
        Verb::Unset { key: path, scope } => Prepared::Unset(key(scope, path)?),
        Verb::Import { file, prune, dry_run } => {
            Prepared::Import { document: input::document(session, &file).await?, prune, dry_run }
        }
        Verb::Rollback { key: Some(path), to: Some(to), scope, .. } => {
            Prepared::Rollback(Back::Key(key(scope, path)?, to))
        }
        Verb::Rollback { at, scope, .. } => {
            Prepared::Rollback(Back::Moment(scope.scope(), at.unwrap_or_default()))
        }
    })
}

async fn reading(session: &Session, values: &Values, read: Read) -> CliResult {
    match read {
        Read::Get(key) => {
            session.print(&show::Entries(vec![config::get(values, &key).await?]));
        }
        Read::List(scope, prefix) => {
            session.print(&show::Entries(config::list(values, scope.as_ref(), &prefix).await?));
        }
        Read::History(key) => {
            let versions = config::history(values, &key).await?;
            session.print(&show::History { key, versions });
        }
        Read::Diff(left, right) => {
            let differences = config::diff(values, &left, &right).await?;
            return Ok(print_differences(
                session,
                differences,
                &left.to_string(),
                &right.to_string(),
            ));
        }
        Read::DiffFile(document) => {
            let differences = config::diff_document(values, &document).await?;
            return Ok(print_differences(session, differences, "now", "file"));
        }
        Read::Export(scope) => {
            let document = document::write(&config::export(values, &scope).await?);
            if session.settings.output == OutputMode::Json {
                session.print(&show::Exported(document));
            } else {
                session.print_text(&yaml::write(&document));
            }
        }
    }
    Ok(Class::Done)
}

fn print_differences(
    session: &Session,
    differences: Vec<cloudops_aws::config::view::Difference>,
    left: &str,
    right: &str,
) -> Class {
    let class = if differences.is_empty() { Class::Done } else { Class::ChangesPending };
    let (left, right) = (left.to_owned(), right.to_owned());
    session.print(&show::Differences { differences, left, right });
    class
}

async fn import(
    session: &Session,
    ctx: &Ctx,
    values: &Values,
    document: &document::Document,
    prune: bool,
    dry_run: bool,
) -> CliResult {
    let changes = config::preview(values, document, prune).await?;
    if dry_run {
        session.print(&show::Changes { changes, made: false });
        return Ok(Class::Done);
    }
    let removed = changes.iter().filter(|change| change.after.is_none()).count();
    if removed > 0 {
        session.confirm(&format!("This removes {removed} keys that the file has not.")).await?;
    }
    let owner = &session.settings.owner;
    let changes = config::import(ctx, values, owner, document, prune).await?;
    session.print(&show::Changes { changes, made: true });
    Ok(Class::Done)
}
