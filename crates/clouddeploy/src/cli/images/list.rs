//! `clouddeploy images list`.

use std::fmt::{self, Write};

use clouddeploy::ops::images::{self, ListReport, ListRequest, ListedImage};
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, Report, Session, Style, Table},
};
use serde_json::{Value, json};

/// Lists the images of the instance.
pub(super) async fn exec(session: &Session) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    session.print(&Listed(images::list(&ctx, &ListRequest { config }).await?));
    Ok(Class::Done)
}

struct Listed(ListReport);

impl Report for Listed {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let headings = ["IMAGE", "DIGEST", "BYTES", "PUSHED", "RELEASES", "ENVIRONMENTS"];
        let mut table = Table::new(style, &headings);
        for (name, images) in &self.0.images {
            for ListedImage { image, size, releases, environments } in images {
                let environments: Vec<&str> = environments.iter().map(String::as_str).collect();
                table.row([
                    name.clone(),
                    image.digest.short().to_owned(),
                    size.to_string(),
                    image.pushed_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
                    releases.join(" "),
                    environments.join(" "),
                ]);
            }
        }
        write!(out, "{table}")
    }

    fn json(&self) -> Value {
        let image = |listed: &ListedImage| {
            json!({
                "repository": listed.image.repository,
                "digest": listed.image.digest,
                "tags": listed.image.tags,
                "size": listed.size,
                "pushed-at": listed.image.pushed_at,
                "releases": listed.releases,
                "environments": listed.environments,
            })
        };
        let images = self.0.images.iter();
        let all = images.map(|(name, all)| (name.clone(), all.iter().map(image).collect()));
        json!({ "images": all.collect::<serde_json::Map<String, Value>>() })
    }
}
