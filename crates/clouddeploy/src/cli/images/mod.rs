//! `clouddeploy images`.

mod base;
mod build;
mod gc;
mod list;
mod promote;
mod rebase;
mod show;

use camino::Utf8PathBuf;
use cloudops_aws::{
    config_file::BaseImage,
    oci::Keyring,
    terminal::{CliResult, Session},
};

use super::registry_login;

/// Verbs of `images`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Build the images of a package, push them, and make a release of them
    #[command(after_help = build::PLAIN)]
    Build(build::BuildArgs),
    /// Show the images in the registry, and what needs them
    List,
    /// Show what an image is made of
    Show(show::ShowArgs),
    /// Print the list of what is in an image (CycloneDX)
    Sbom(show::ShowArgs),
    /// Copy the images of a release by digest to another registry
    Promote(promote::PromoteArgs),
    /// Show the base image and whether a newer one exists, or pin another one in cloudops.yaml
    Base(base::BaseArgs),
    /// Put the images of a release on another base, without building them again
    Rebase(rebase::RebaseArgs),
    /// Remove images that no release in the rollback window and no environment needs
    Gc(gc::GcArgs),
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    match verb {
        Verb::Build(args) => build::exec(session, args).await,
        Verb::List => list::exec(session).await,
        Verb::Show(args) => show::exec(session, args).await,
        Verb::Sbom(args) => show::sbom(session, args).await,
        Verb::Promote(args) => promote::exec(session, args).await,
        Verb::Base(args) => base::exec(session, args).await,
        Verb::Rebase(args) => rebase::exec(session, args).await,
        Verb::Gc(args) => gc::exec(session, args).await,
    }
}

/// A base image, as a person names it.
fn base_image(text: &str) -> BaseImage {
    text.parse().unwrap_or_else(|never| match never {})
}

/// Folder that relative paths in the settings start from.
fn folder(session: &Session) -> Utf8PathBuf {
    session.settings.config.parent().map(ToOwned::to_owned).unwrap_or_default()
}

/// Logins of registries that are not of AWS.
fn keyring(session: &Session) -> Keyring {
    registry_login::keyring(&session.settings.variables)
}
