//! `clouddeploy images build`.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    num::NonZeroUsize,
};

use camino::{Utf8Path, Utf8PathBuf};
use clouddeploy::{
    images::{Cache, Making},
    ops::{
        images::{self, BuildReport, BuildRequest, BuiltImage, PlainReport, PlainRequest},
        package::Input,
    },
};
use cloudops_aws::{
    diagnose::Class,
    oci::{Compression, Platform},
    terminal::{CliResult, LimitArgs, Report, Session, Style, Table},
};

use super::keyring;

/// Options of `images build`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct BuildArgs {
    /// Package: the id of a published one, a file, or s3://BUCKET/KEY [default: the newest that
    /// was published]; with --registry: a file
    #[arg(long, value_name = "ID|FILE|s3://...")]
    package: Option<String>,
    /// Run of the build job whose package it is
    #[arg(long, value_name = "ID", conflicts_with = "package")]
    run: Option<String>,
    /// Push to this registry, without AWS and without a release
    #[arg(long, value_name = "HOST[:PORT][/PREFIX]", requires = "package", requires = "base")]
    registry: Option<String>,
    /// With --registry: base image, as REPOSITORY@sha256:..., layout:FOLDER or archive:FILE
    #[arg(long, value_name = "IMAGE", requires = "registry")]
    base: Option<String>,
    /// With --registry: platform to build for, such as linux/arm64 [default: those of the base]
    #[arg(long = "platform", value_name = "PLATFORM", requires = "registry")]
    platforms: Vec<Platform>,
    /// How layers are compressed [default: zstd]
    #[arg(long, value_enum)]
    compression: Option<CompressionArg>,
    /// Folder that is kept from build to build, so that only what changed is made
    #[arg(long, value_name = "DIR")]
    cache: Option<Utf8PathBuf>,
    /// Annotation of all images, such as org.opencontainers.image.revision=1a2b3c
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = pair)]
    annotations: Vec<(String, String)>,
    /// Cores to use [default: all]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    #[command(flatten)]
    limits: LimitArgs,
}

/// How to build without AWS, below the help.
pub(super) const PLAIN: &str = "For the builder alone, without AWS and without a cloudops.yaml:
  clouddeploy images build --package FILE.zip --base layout:FOLDER --registry 127.0.0.1:5000

Logins of registries are those of `docker login` and `podman login`.";

/// How layers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum CompressionArg {
    /// Fast and small
    Zstd,
    /// For registries and runtimes that do not read zstd
    Gzip,
}

/// Builds what the options say.
pub(super) async fn exec(session: &Session, args: BuildArgs) -> CliResult {
    if let Some(registry) = args.registry.clone() {
        return plain(session, registry, args).await;
    }
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let folder = session.settings.config.parent().unwrap_or(Utf8Path::new("")).to_owned();
    let owner = session.settings.owner.clone();
    let making = making(&args);
    let package = args.package.as_deref().map(Input::parse).transpose()?;
    let limits = args.limits.limits();
    let request = BuildRequest { config, owner, package, run: args.run, limits, folder, making };
    session.print(&Shown(images::build(&ctx, &request).await?));
    Ok(Class::Done)
}

fn making(args: &BuildArgs) -> Making {
    let compression = match args.compression {
        Some(CompressionArg::Gzip) => Compression::Gzip,
        Some(CompressionArg::Zstd) | None => Compression::Zstd,
    };
    let cache = args.cache.clone().map(Cache::new);
    let annotations = args.annotations.iter().cloned().collect();
    let threads = args.threads.unwrap_or(Making::default().threads);
    Making { compression, cache, annotations, threads }
}

/// An annotation: `KEY=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("give KEY=VALUE".to_owned()),
    }
}

async fn plain(session: &Session, registry: String, args: BuildArgs) -> CliResult {
    let making = making(&args);
    let BuildArgs { package, base, platforms, limits, .. } = args;
    let base = super::base_image(&base.unwrap_or_default());
    let package = package.unwrap_or_default().into();
    let keyring = keyring(session);
    let limits = limits.limits();
    let request = PlainRequest { package, limits, registry, base, platforms, making, keyring };
    session.print(&Built(images::build_plain(&session.events(), &request).await?));
    Ok(Class::Done)
}

/// Images that were built, with what was sent of each.
pub(super) fn table(style: Style, images: &BTreeMap<String, BuiltImage>) -> Table {
    let headings = ["IMAGE", "DIGEST", "BYTES", "UPLOADED", "REUSED", "SECONDS"];
    let mut table = Table::new(style, &headings);
    for (name, image) in images {
        let digest = image.reference.rsplit(':').next().unwrap_or_default();
        table.row([
            name.clone(),
            digest.get(..12).unwrap_or(digest).to_owned(),
            image.size.to_string(),
            image.push.uploaded_bytes.to_string(),
            image.push.reused_bytes.to_string(),
            format!("{:.1}", image.push.seconds),
        ]);
    }
    table
}

/// The same for programs.
pub(super) fn document(images: &BTreeMap<String, BuiltImage>) -> serde_json::Value {
    let image = |(name, image): (&String, &BuiltImage)| {
        let value = serde_json::json!({
            "reference": image.reference,
            "size": image.size,
            "uploaded-bytes": image.push.uploaded_bytes,
            "reused-bytes": image.push.reused_bytes,
            "uploaded-blobs": image.push.uploaded_blobs,
            "reused-blobs": image.push.reused_blobs,
            "seconds": image.push.seconds,
            "kept-from": image.kept_from,
        });
        (name.clone(), value)
    };
    images.iter().map(image).collect::<serde_json::Map<_, _>>().into()
}

/// What was built for a registry alone.
struct Built(PlainReport);

impl Report for Built {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        write!(out, "{}", table(style, &self.0.images))?;
        let references = self.0.images.values().map(|image| &image.reference);
        references.into_iter().try_for_each(|reference| writeln!(out, "{reference}"))
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "package": self.0.package, "images": document(&self.0.images) })
    }
}

struct Shown(BuildReport);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        write!(out, "{}", table(style, &self.0.images))?;
        let (id, package) = (&self.0.release.id, &self.0.package.id);
        if self.0.new {
            writeln!(out, "release {id} from package {package}")
        } else {
            writeln!(out, "nothing to change: release {id} has exactly these images")
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "package": self.0.package.id,
            "release": self.0.release.id,
            "new": self.0.new,
            "images": document(&self.0.images),
        })
    }
}
