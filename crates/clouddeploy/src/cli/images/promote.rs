//! `clouddeploy images promote`.

use std::fmt::{self, Write};

use clouddeploy::ops::images::{self, PromoteReport, PromoteRequest};
use cloudops_aws::{
    diagnose::Class,
    oci::PushReport,
    terminal::{CliResult, Report, Session, Style, Table},
};

/// Options of `images promote`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct PromoteArgs {
    /// Release [default: the newest]
    #[arg(long, value_name = "ID")]
    release: Option<String>,
    /// Registry, and what its repositories begin with [default prefix: the instance]
    #[arg(long, value_name = "HOST/PREFIX")]
    registry: String,
}

/// Copies what the options say.
pub(super) async fn exec(session: &Session, args: PromoteArgs) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let PromoteArgs { release, registry } = args;
    let keyring = super::keyring(session);
    let request = PromoteRequest { config, release, registry, keyring };
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
