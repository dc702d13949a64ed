//! `clouddeploy images show` and `images sbom`.

use std::fmt::{self, Write};

use clouddeploy::ops::images::{self, ShowReport, ShowRequest};
use cloudops_aws::{
    diagnose::Class,
    oci::{Registry, Variant},
    terminal::{CliResult, Failure, Report, Session, Style, Table},
};
use serde_json::{Value, json};

/// Which image.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ShowArgs {
    /// Name of an image of a release, such as cm; or the reference of one in any registry
    image: String,
    /// Release whose image it is [default: the newest]
    #[arg(long, value_name = "ID")]
    release: Option<String>,
}

/// Shows an image.
pub(super) async fn exec(session: &Session, args: ShowArgs) -> CliResult {
    session.print(&Shown(read(session, args).await?));
    Ok(Class::Done)
}

/// Prints the list of what is in an image: the same document for people and for programs.
pub(super) async fn sbom(session: &Session, args: ShowArgs) -> CliResult {
    session.print(&Document(images::sbom(&read(session, args).await?)?));
    Ok(Class::Done)
}

async fn read(session: &Session, args: ShowArgs) -> Result<ShowReport, Failure> {
    let ShowArgs { image, release } = args;
    if image.contains('/') {
        return Ok(ShowReport::of(Registry::of(&image, &super::keyring(session))?, &image).await?);
    }
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    Ok(images::show(&ctx, &config, &ShowRequest { name: image, release }).await?)
}

struct Document(Value);

impl Report for Document {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        writeln!(out, "{:#}", self.0)
    }

    fn json(&self) -> Value {
        self.0.clone()
    }
}

struct Shown(ShowReport);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let ShowReport { reference, image, attachments } = &self.0;
        writeln!(out, "{reference}")?;
        if let Some(annotations) = image.document()["annotations"].as_object() {
            for (key, value) in annotations {
                writeln!(out, "  {key}  {}", value.as_str().unwrap_or_default())?;
            }
        }
        for variant in &image.variants {
            writeln!(out, "\n{}", style.bold(&variant.platform.to_string()))?;
            runs(out, variant)?;
            let mut table = Table::new(style, &["LAYER", "BYTES", "DIGEST"]);
            for ((title, bytes), layer) in variant.titles().into_iter().zip(&variant.layers) {
                table.row([title, bytes.to_string(), layer.digest.short().to_owned()]);
            }
            write!(out, "{table}")?;
        }
        for attached in attachments {
            let digest = attached.content.digest.short();
            writeln!(out, "attached: {} {digest}", attached.artifact_type)?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let ShowReport { reference, image, attachments } = &self.0;
        let variant = |variant: &Variant| {
            let layers = variant.titles().into_iter().zip(&variant.layers);
            let layer = |((title, size), blob): ((String, u64), &cloudops_aws::oci::Blob)| {
                json!({
                    "title": title,
                    "size": size,
                    "digest": blob.digest,
                    "media-type": blob.media_type,
                })
            };
            json!({
                "platform": variant.platform,
                "digest": variant.manifest.digest,
                "config": variant.runs(),
                "layers": layers.map(layer).collect::<Vec<_>>(),
            })
        };
        let attached = attachments.iter().map(|attached| {
            json!({
                "artifact-type": attached.artifact_type,
                "digest": attached.content.digest,
                "size": attached.content.data.len(),
            })
        });
        json!({
            "reference": reference,
            "annotations": image.document()["annotations"],
            "platforms": image.variants.iter().map(variant).collect::<Vec<_>>(),
            "attached": attached.collect::<Vec<_>>(),
        })
    }
}

/// How an image runs, in a few lines.
fn runs(out: &mut dyn Write, variant: &Variant) -> fmt::Result {
    let runs = variant.runs();
    let words = |value: &Value| {
        let words = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        words.collect::<Vec<_>>().join(" ")
    };
    writeln!(out, "  user         {}", runs["User"].as_str().unwrap_or("root"))?;
    writeln!(out, "  entry point  {}", words(&runs["Entrypoint"]))?;
    let command = words(&runs["Cmd"]);
    if !command.is_empty() {
        writeln!(out, "  command      {command}")?;
    }
    Ok(())
}
