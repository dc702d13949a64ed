//! Results, for people and for programs.

use std::fmt::{self, Write};

use comfy_table::{ContentArrangement, presets};
use owo_colors::OwoColorize as _;

/// What a verb found or did.
pub trait Report {
    /// Writes it for people.
    ///
    /// # Errors
    /// Those of the writer.
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result;

    /// The same for programs. A `schema` number is added.
    fn json(&self) -> serde_json::Value;
}

/// Colours, where they are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Whether colours are used.
    pub color: bool,
}

impl Style {
    /// Good.
    #[must_use]
    pub fn good(self, text: &str) -> String {
        if self.color { text.green().to_string() } else { text.to_owned() }
    }

    /// Bad.
    #[must_use]
    pub fn bad(self, text: &str) -> String {
        if self.color { text.red().bold().to_string() } else { text.to_owned() }
    }

    /// Worth a look.
    #[must_use]
    pub fn warn(self, text: &str) -> String {
        if self.color { text.yellow().to_string() } else { text.to_owned() }
    }

    /// Less important.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        if self.color { text.dimmed().to_string() } else { text.to_owned() }
    }

    /// A heading.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        if self.color { text.bold().to_string() } else { text.to_owned() }
    }
}

/// A table without lines.
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Table {
    /// A table with headings.
    #[must_use]
    pub fn new(style: Style, headings: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(headings.iter().map(|heading| style.bold(heading)).collect::<Vec<_>>());
        Self(table)
    }

    /// Adds a row.
    pub fn row<T: ToString>(&mut self, cells: impl IntoIterator<Item = T>) -> &mut Self {
        self.0.add_row(cells.into_iter().map(|cell| cell.to_string()).collect::<Vec<_>>());
        self
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.to_string().lines() {
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
