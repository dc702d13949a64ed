//! `clouddeploy images`.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    num::NonZeroUsize,
};

use camino::{Utf8Path, Utf8PathBuf};
use clouddeploy::{
    images::{Cache, Making},
    ops::{
        images::{
            self, BuildReport, BuildRequest, BuiltImage, PlainReport, PlainRequest, PromoteReport,
            PromoteRequest,
        },
        package::Input,
    },
};
use cloudops_aws::{
    config_file::BaseImage,
    diagnose::Class,
    oci::{Compression, PushReport},
    terminal::{CliResult, LimitArgs, Report, Session, Style, Table},
};

/// Verbs of `images`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Build the images of a package, push them, and make a release of them
    #[command(after_help = PLAIN)]
    Build(BuildArgs),
    /// Copy the images of a release by digest to another registry
    Promote(PromoteArgs),
}

/// Options of `images build`.
#[derive(Debug, clap::Args)]
pub(super) struct BuildArgs {
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
    /// With --registry: base image, as REPOSITORY@sha256:... or layout:FOLDER
    #[arg(long, value_name = "IMAGE", requires = "registry")]
    base: Option<String>,
    /// With --registry: how layers are compressed [default: zstd]
    #[arg(long, value_enum, requires = "registry")]
    compression: Option<CompressionArg>,
    /// With --registry: folder that is kept from build to build, so that only what changed is made
    #[arg(long, value_name = "DIR", requires = "registry")]
    cache: Option<Utf8PathBuf>,
    /// With --registry: cores to use [default: all]
    #[arg(long, value_name = "N", requires = "registry")]
    threads: Option<NonZeroUsize>,
    #[command(flatten)]
    limits: LimitArgs,
}

const PLAIN: &str = "For the builder alone, without AWS and without a cloudops.yaml:
  clouddeploy images build --package FILE.zip --base layout:FOLDER --registry 127.0.0.1:5000";

/// How layers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum CompressionArg {
    /// Fast and small
    Zstd,
    /// For registries and runtimes that do not read zstd
    Gzip,
}

/// Options of `images promote`.
#[derive(Debug, clap::Args)]
pub(super) struct PromoteArgs {
    /// Release [default: the newest]
    #[arg(long, value_name = "ID")]
    release: Option<String>,
    /// Registry, and what its repositories begin with [default prefix: the instance]
    #[arg(long, value_name = "HOST/PREFIX")]
    registry: String,
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    let args = match verb {
        Verb::Build(args) => args,
        Verb::Promote(args) => return promote(session, args).await,
    };
    if let Some(registry) = args.registry.clone() {
        return plain(session, registry, args).await;
    }
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let folder = session.settings.config.parent().unwrap_or(Utf8Path::new("")).to_owned();
    let owner = session.settings.owner.clone();
    let package = args.package.as_deref().map(Input::parse).transpose()?;
    let limits = args.limits.limits();
    let request = BuildRequest { config, owner, package, run: args.run, limits, folder };
    session.print(&Shown(images::build(&ctx, &request).await?));
    Ok(Class::Done)
}

async fn plain(session: &Session, registry: String, args: BuildArgs) -> CliResult {
    let base = args.base.unwrap_or_default();
    let base = match base.strip_prefix("layout:") {
        Some(folder) => BaseImage::Layout(folder.into()),
        None => BaseImage::Reference(base),
    };
    let compression = match args.compression {
        Some(CompressionArg::Gzip) => Compression::Gzip,
        Some(CompressionArg::Zstd) | None => Compression::Zstd,
    };
    let cache = args.cache.map(Cache::new);
    let making = Making { compression, cache, ..Making::default() };
    let making = Making { threads: args.threads.unwrap_or(making.threads), ..making };
    let package = args.package.unwrap_or_default().into();
    let limits = args.limits.limits();
    let request = PlainRequest { package, limits, registry, base, making };
    session.print(&Built(images::build_plain(&session.events(), &request).await?));
    Ok(Class::Done)
}

async fn promote(session: &Session, args: PromoteArgs) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let PromoteArgs { release, registry } = args;
    let request = PromoteRequest { config, release, registry };
    session.print(&Promoted(images::promote(&ctx, &request).await?));
    Ok(Class::Done)
}

struct Promoted(PromoteReport);

impl Report for Promoted {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let mut table = Table::new(style, &["IMAGE", "REFERENCE", "UPLOADED", "REUSED"]);
        for (name, (reference, push)) in &self.0.images {
            let (uploaded, reused) = (push.uploaded_bytes, push.reused_bytes);
            table.row([name.clone(), reference.clone(), uploaded.to_string(), reused.to_string()]);
        }
        write!(out, "{table}")?;
        writeln!(out, "release {} is promoted", self.0.release.id)
    }

    fn json(&self) -> serde_json::Value {
        let image = |(name, (reference, push)): (&String, &(String, PushReport))| {
            let value = serde_json::json!({
                "reference": reference,
                "uploaded-bytes": push.uploaded_bytes,
                "reused-bytes": push.reused_bytes,
            });
            (name.clone(), value)
        };
        let images: serde_json::Map<_, _> = self.0.images.iter().map(image).collect();
        serde_json::json!({ "release": self.0.release.id, "images": images })
    }
}

/// Images that were built, with what was sent of each.
fn table(style: Style, images: &BTreeMap<String, BuiltImage>) -> Table {
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

fn document(images: &BTreeMap<String, BuiltImage>) -> serde_json::Value {
    let image = |(name, image): (&String, &BuiltImage)| {
        let value = serde_json::json!({
            "reference": image.reference,
            "size": image.size,
            "uploaded-bytes": image.push.uploaded_bytes,
            "reused-bytes": image.push.reused_bytes,
            "uploaded-blobs": image.push.uploaded_blobs,
            "seconds": image.push.seconds,
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
