//! The base image, as the settings or the command line name it.

use camino::Utf8Path;
use cloudops_aws::{
    config_file::BaseImage,
    events::{EventSink, Outcome},
    oci::{Base, Keyring},
};

use crate::error::DeployError;

/// Reads a base image as a step of its own. Relative paths start from `folder`.
pub(super) async fn read(
    events: &EventSink,
    base: &BaseImage,
    folder: &Utf8Path,
    keyring: &Keyring,
) -> Result<Base, DeployError> {
    events.step("base", "base image");
    let read = match base {
        BaseImage::Layout(path) => Base::from_layout(&folder.join(path)),
        BaseImage::Reference(reference) => Base::from_registry(reference, keyring).await,
    };
    match &read {
        Ok(base) => events.step_done("base", Outcome::Unchanged, base.digest.as_str()),
        Err(error) => events.step_done("base", Outcome::Failed, error.to_string()),
    }
    Ok(read?)
}
