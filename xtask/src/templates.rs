//! `cargo xtask templates`: the CloudFormation templates against cfn-lint and our own rules.

use std::path::Path;
use std::process::Command;

use crate::command;
use crate::failure::Outcome;
use crate::prerequisites;
use crate::print;
use crate::progress::Board;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// Runs the task on its own.
pub(crate) fn run(workspace: &Workspace) -> Outcome {
    prerequisites::for_test(false, true, false)?;
    check(workspace, &Tools::open()?)
}

/// cfn-lint as `templates/.cfnlintrc` says, then `xtask/templates/check.py`.
pub(crate) fn check(workspace: &Workspace, tools: &Tools) -> Outcome {
    let board = Board::new();
    let (job, root) = (tools.clone(), workspace.root.clone());
    let python = board.spawn("python", move |progress| job.python(&root, progress)).join()?;
    let folder = workspace.root.join("templates");
    print::note("cfn-lint");
    in_folder(&folder, &mut command::program(python.with_file_name("cfn-lint")))?;
    print::note("our own rules");
    let rules = workspace.root.join("xtask/templates/check.py");
    in_folder(&folder, command::program(python).arg(rules))
}

fn in_folder(folder: &Path, command: &mut Command) -> Outcome {
    command::check(command.current_dir(folder)).map_err(|failure| {
        failure.hint("correct the templates named above, then: cargo xtask templates")
    })
}
