//! `cloudcore graph`.

use std::fmt::{self, Write};

use camino::Utf8PathBuf;
use clap::ValueEnum;
use cloudcore::{
    diagram::{self, Diagram},
    ops::graph,
};
use cloudops_aws::{
    diagnose::Class,
    state::store::StateError,
    terminal::{CliResult, Report, Session, Style},
};

/// Options of `graph`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Form of the picture
    #[arg(long, value_enum, default_value = "mermaid")]
    format: Format,
    /// Write the picture to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<Utf8PathBuf>,
    /// Draw what cloudops.yaml asks for, without asking AWS what exists
    #[arg(long)]
    planned: bool,
}

/// Form of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text that GitHub and others draw
    Mermaid,
    /// One file for a browser
    Svg,
}

pub(super) async fn exec(session: &Session, args: &Args) -> CliResult {
    let config = session.config()?;
    let drawn = if args.planned {
        graph::planned(&config)?
    } else {
        let ctx = session.connect(&config).await?;
        graph::existing(&ctx, &config).await?
    };
    let picture = match args.format {
        Format::Mermaid => diagram::mermaid(&drawn),
        Format::Svg => diagram::svg(&drawn),
    };
    match &args.out {
        Some(file) => {
            fs_err::write(file, &picture).map_err(StateError::File)?;
            session.print(&Written { file: file.clone(), diagram: drawn });
        }
        None => session.print(&Picture { text: picture, diagram: drawn }),
    }
    Ok(Class::Done)
}

/// The picture itself.
struct Picture {
    text: String,
    diagram: Diagram,
}

/// Where it was written.
struct Written {
    file: Utf8PathBuf,
    diagram: Diagram,
}

fn json(diagram: &Diagram) -> serde_json::Value {
    let nodes = diagram.nodes.iter().map(|(key, node)| {
        serde_json::json!({
            "key": key,
            "title": node.title,
            "parts": node.parts,
            "id": node.id,
            "tier": node.tier.title(),
            "exists": node.exists,
        })
    });
    let edges = diagram
        .edges
        .iter()
        .map(|edge| serde_json::json!({ "from": edge.from, "to": edge.to, "ports": edge.ports }));
    serde_json::json!({
        "title": diagram.title,
        "nodes": nodes.collect::<Vec<_>>(),
        "edges": edges.collect::<Vec<_>>(),
    })
}

impl Report for Picture {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        write!(out, "{}", self.text)
    }

    fn json(&self) -> serde_json::Value {
        json(&self.diagram)
    }
}

impl Report for Written {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        writeln!(out, "the picture is in {}", self.file)
    }

    fn json(&self) -> serde_json::Value {
        let mut value = json(&self.diagram);
        value["file"] = self.file.as_str().into();
        value
    }
}
