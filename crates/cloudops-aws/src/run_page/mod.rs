//! A recorded run as one page: self-contained HTML that needs no script, no network and no
//! program of ours to be read. Data in, text out.
//!
//! | file | holds |
//! |---|---|
//! | `story.rs` | what happened, made of events: steps with their resources and times |
//! | `critical.rs` | the chain of steps that made the run as long as it was |
//! | `failure.rs` | what failed, the cause before its consequences |
//! | `header.rs`, `timeline.rs`, `details.rs` | the parts of the page |
//! | `text.rs` | escaping |

mod critical;
mod details;
mod failure;
mod header;
mod story;
mod text;
mod timeline;

#[cfg(test)]
mod browser;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

use crate::state::runs::RunDocument;

const STYLE: &str = include_str!("style.css");

/// Nothing is loaded and nothing runs, whatever the texts in the page say.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page of a run.
#[must_use]
pub fn html(run: &RunDocument) -> String {
    let story = story::tell(run);
    let title = text::escape(&format!("{} {}", run.report.command, run.report.run));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    page += &header::html(run);
    page += "<main>\n";
    page += &failure::html(run, &story);
    page += &timeline::html(&story);
    page += &details::plan(run);
    page += &details::outputs(run);
    page += &details::remarks(run);
    page += &details::log(run);
    page += "</main>\n</body>\n</html>\n";
    page
}
