//! What is kept as files before anything is deleted.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    cfn::observe,
    config::{document, yaml},
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    state::store::Store,
};
use serde_json::{Value, json};

use super::{super::config as values, survey::Survey};
use crate::error::CoreError;

const STEP: &str = "export";

/// Folder below which the state lies, with the recorded runs; packages are too large.
const STATE: &str = "v1/";
const PACKAGES: &str = "v1/packages/";

/// Writes an export into a folder, which must not exist: the configuration (`configuration.yaml`,
/// as `config import` reads it, secrets by reference only), the stacks with parameters and outputs
/// (`stacks.json`, `templates/`), the records of the zones (`zones/`), and the state (`state/`).
/// Calls `GetTemplate` of each stack, and reads the configuration and the state bucket.
///
/// # Errors
/// [`CoreError::Export`], and those of reading.
pub(super) async fn export(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    store: &Store,
    survey: &Survey,
    folder: &Utf8Path,
) -> Result<(), CoreError> {
    ctx.events.step(STEP, format!("export to {folder}"));
    let done = write(ctx, config, store, survey, folder).await;
    match &done {
        Ok(files) => ctx.events.step_done(STEP, Outcome::Done, format!("{files} files")),
        Err(error) => ctx.events.step_done(STEP, Outcome::Failed, error.to_string()),
    }
    done.map(|_| ())
}

async fn write(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    store: &Store,
    survey: &Survey,
    folder: &Utf8Path,
) -> Result<usize, CoreError> {
    fs_err::create_dir_all(folder.parent().unwrap_or(folder))?;
    fs_err::create_dir(folder)?;
    let mut files = Files { folder: folder.to_owned(), count: 0 };
    match configuration(ctx, config).await {
        Ok(text) => files.put("configuration.yaml", &text)?,
        // A foundation that never was complete has no configuration.
        Err(CoreError::Init(error)) => ctx.events.note(format!("no configuration: {error}")),
        Err(error) => return Err(error),
    }
    files.put("stacks.json", &format!("{:#}\n", stacks(survey)))?;
    for stack in &survey.facts.stacks {
        if let Some(text) = observe::template(ctx, &stack.name).await? {
            files.put(&format!("templates/{}.yaml", stack.name), &text)?;
        }
    }
    for (zone, records) in &survey.facts.zones {
        files.put(&format!("zones/{zone}.json"), &format!("{:#}\n", json!(records)))?;
    }
    for key in store.keys(STATE).await? {
        if key.starts_with(PACKAGES) {
            continue;
        }
        let file = files.place(&format!("state/{key}"))?;
        store.download(ctx, &key, &file).await?;
        files.count += 1;
    }
    Ok(files.count)
}

async fn configuration(ctx: &Ctx, config: &CloudOpsConfig) -> Result<String, CoreError> {
    let values = values::open(ctx, config, None).await?;
    let entries = values::list(&values, None, "").await?;
    let entries: Vec<_> =
        entries.into_iter().filter(|entry| !entry.key.is_of_the_foundation()).collect();
    Ok(yaml::write(&document::write(&entries)))
}

fn stacks(survey: &Survey) -> Value {
    let one = |stack: &observe::Observed| {
        let fields = json!({
            "id": stack.id,
            "status": stack.status.to_string(),
            "parameters": stack.parameters,
            "outputs": stack.outputs,
            "tags": stack.tags,
        });
        (stack.name.to_string(), fields)
    };
    json!(survey.facts.stacks.iter().map(one).collect::<BTreeMap<_, _>>())
}

/// Files below a folder.
struct Files {
    folder: Utf8PathBuf,
    count: usize,
}

impl Files {
    fn place(&self, path: &str) -> Result<Utf8PathBuf, CoreError> {
        let file = self.folder.join(path);
        fs_err::create_dir_all(file.parent().unwrap_or(&self.folder))?;
        Ok(file)
    }

    fn put(&mut self, path: &str, text: &str) -> Result<(), CoreError> {
        fs_err::write(self.place(path)?, text)?;
        self.count += 1;
        Ok(())
    }
}
