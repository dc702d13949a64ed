//! `cargo xtask templates`: the CloudFormation templates against cfn-lint and our own rules, the
//! tables about them, and all shell scripts.

use std::path::Path;
use std::process::Command;

use crate::command;
use crate::failure::Outcome;
use crate::prerequisites;
use crate::print;
use crate::progress::Board;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// Options of `cargo xtask templates`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write the tables of templates/README.md instead of checking them
    #[arg(long)]
    write: bool,
}

/// Runs the task on its own.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Outcome {
    prerequisites::for_test(false, true, false)?;
    check(workspace, &Tools::open()?, args.write)
}

/// cfn-lint as `templates/.cfnlintrc` says, then the programs in `xtask/templates`.
pub(crate) fn check(workspace: &Workspace, tools: &Tools, write: bool) -> Outcome {
    let board = Board::new();
    let (job, root) = (tools.clone(), workspace.root.clone());
    let python = board.spawn("python", move |progress| job.python(&root, progress)).join()?;
    let folder = workspace.root.join("templates");
    print::note("cfn-lint");
    in_folder(&folder, &mut command::program(python.with_file_name("cfn-lint")))?;
    print::note("our own rules");
    let own = |name: &str| {
        let mut command = command::program(&python);
        command.arg(workspace.root.join("xtask/templates").join(name));
        command
    };
    in_folder(&folder, &mut own("check.py"))?;
    print::note("the tables of templates/README.md");
    in_folder(&folder, own("readme.py").args(write.then_some("--write")))?;
    print::note("shellcheck");
    in_folder(&folder, &mut own("scripts.py"))
}

fn in_folder(folder: &Path, command: &mut Command) -> Outcome {
    command::check(command.current_dir(folder)).map_err(|failure| {
        failure.hint("correct the templates named above, then: cargo xtask templates")
    })
}
