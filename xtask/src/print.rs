//! The only place that writes to the terminal. What a task says about itself goes to standard
//! error, so that the output of a program it runs (a JSON report, say) stays alone on standard
//! output; results that scripts read go to standard output.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use crate::failure::Failure;

/// A line of a result, on standard output.
pub(crate) fn result(line: impl Display) {
    write(anstream::stdout().lock(), &line);
}

/// A heading: what begins now.
pub(crate) fn heading(text: impl Display) {
    write(anstream::stderr().lock(), &format!("\x1b[1m==> {text}\x1b[0m"));
}

/// A line about what is going on.
pub(crate) fn note(text: impl Display) {
    write(anstream::stderr().lock(), &format!("    {text}"));
}

/// A line of a program that a task runs, as it came.
pub(crate) fn passthrough(line: &str) {
    write(anstream::stderr().lock(), &line);
}

/// Why a task stopped, and what to do about it.
pub(crate) fn failure(failure: &Failure) {
    let mut text = format!("\x1b[1;31merror:\x1b[0m {failure}");
    for hint in failure.hints() {
        text.push_str(&format!("\n\x1b[1mhint:\x1b[0m {hint}"));
    }
    write(anstream::stderr().lock(), &text);
}

/// True when a person looks at standard error, so that programs may colour their output.
pub(crate) fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// A closed terminal is no reason to stop the work, so a failed write is let go.
fn write(mut stream: impl Write, text: &dyn Display) {
    let _ = writeln!(stream, "{text}");
}
