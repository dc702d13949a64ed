//! Shell completion.

use clap::{Args, Command};
use clap_complete::Shell;

use super::printer;

/// Which shell to write completions for.
#[derive(Debug, Clone, Args)]
pub struct CompletionArgs {
    /// Shell
    #[arg(value_enum)]
    pub shell: Shell,
}

impl CompletionArgs {
    /// Writes the completion script of a program to standard output.
    pub fn print(&self, mut command: Command) {
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        printer::out(&String::from_utf8_lossy(&script));
    }
}
