//! Plan files on disk.

use camino::Utf8Path;

use super::{failure::Failure, session::Session};
use crate::{
    cfn::plan_file::{PlanFile, PlanFileError},
    state::store::StateError,
};

/// Reads a plan file.
///
/// # Errors
/// [`PlanFileError`].
pub fn read_plan(file: &Utf8Path) -> Result<PlanFile, Failure> {
    let text = fs_err::read_to_string(file).map_err(|error| PlanFileError::Unreadable {
        file: file.to_string(),
        reason: error.kind().to_string(),
    })?;
    Ok(PlanFile::parse(file.as_str(), &text)?)
}

/// Writes a plan file, and says which command executes it.
///
/// # Errors
/// When it cannot be written.
pub fn write_plan(
    session: &Session,
    file: &Utf8Path,
    plan: &PlanFile,
    command: &str,
) -> Result<(), Failure> {
    fs_err::write(file, plan.text()).map_err(StateError::File)?;
    session.events().note(format!("the plan is in {file}; `{command} {file}` executes it"));
    let needed: Vec<String> = plan
        .plan
        .needs_approval()
        .into_iter()
        .filter(|name| !plan.approvals.contains(name))
        .collect();
    if !needed.is_empty() {
        let names = needed.join(", ");
        session.events().warn(format!("it would be refused, because data would be lost: {names}"));
    }
    Ok(())
}
