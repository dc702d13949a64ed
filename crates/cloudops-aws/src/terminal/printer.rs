//! The only writer to the terminal. A reader that went away (`| head`) is not an error.

use std::io::{IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice};

/// Writes text to standard output. Colours reach only a terminal.
pub(super) fn out(text: &str) {
    let choice = choice(std::io::stdout().is_terminal());
    let mut out = AutoStream::new(std::io::stdout().lock(), choice);
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes text to standard error. The colours in it were decided for standard error.
pub(super) fn err(text: &str) {
    let mut err = AutoStream::new(std::io::stderr().lock(), ColorChoice::AlwaysAnsi);
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

fn choice(terminal: bool) -> ColorChoice {
    if terminal { ColorChoice::AlwaysAnsi } else { ColorChoice::Never }
}
