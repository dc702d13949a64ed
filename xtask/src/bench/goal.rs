//! What a benchmark wants to reach, and the verdict.

use std::process::ExitCode;

use crate::print;

/// A goal and what was measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Goal {
    pub(super) met: bool,
    pub(super) text: String,
}

/// Prints all goals and how many are met. Success when all are.
pub(super) fn judge(goals: &[Goal]) -> ExitCode {
    print::result("");
    for goal in goals {
        let word = if goal.met { "met   " } else { "MISSED" };
        print::result(format!("{word} {}", goal.text));
    }
    let met = goals.iter().filter(|goal| goal.met).count();
    print::result(format!("goals met: {met} of {}", goals.len()));
    if met == goals.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The verdict as Markdown, for the book.
pub(super) fn text(goals: &[Goal]) -> String {
    let met = goals.iter().filter(|goal| goal.met).count();
    let mut text = format!("**{met} of {} goals met.**\n", goals.len());
    for goal in goals {
        let word = if goal.met { "met" } else { "**missed**" };
        text.push_str(&format!("\n- {word}: {}", goal.text));
    }
    text
}
