//! `destroy`: takes the foundation away again, and shows that nothing is left that costs money.

mod clear;
mod export;
mod survey;

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use cloudops_aws::{
    cfn::{delete, history::History, protection::Protected},
    config_file::CloudOpsConfig,
    ctx::Ctx,
    error::AwsErrorKind,
    events::Outcome,
    ids::StackName,
    remains::{self, Deleted, Left, Remain},
    state::{
        durations, init,
        journal::Journal,
        lock::{Locked, Owner},
        runs,
        store::Store,
    },
};

use super::{lock_request, store};
use crate::{error::CoreError, layout};

pub use survey::{Datum, StackLoss, Survey, price, survey};

/// What `destroy` needs to know. The caller has shown the survey and asked for the name of the
/// instance.
#[derive(Debug, Clone)]
pub struct DestroyRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Who runs it.
    pub owner: Owner,
    /// Whether what the templates retain goes as well, with everything in it.
    pub delete_data: bool,
    /// Folder that an export is written into first. It must not exist.
    pub export: Option<Utf8PathBuf>,
}

/// What `destroy` did.
#[derive(Debug, Clone, Default)]
pub struct DestroyReport {
    /// Stacks that were deleted.
    pub deleted: Vec<StackName>,
    /// Data that was deleted.
    pub data: Vec<Deleted>,
    /// Where the export is.
    pub exported: Option<Utf8PathBuf>,
    /// What is still there of what the survey had seen.
    pub kept: Vec<Remain>,
    /// What else AWS still lists with the tag of the instance. None when the rights to look are
    /// missing.
    pub left: Option<Vec<Left>>,
}

impl DestroyReport {
    /// What was seen to be there, costs money, and was not to be kept.
    pub fn costly(&self) -> impl Iterator<Item = &Left> {
        self.left.iter().flatten().filter(|left| left.billed && left.seen)
    }

    /// What costs money and could not be looked for; AWS lists it, which it also does for a while
    /// after a deletion.
    pub fn unproved(&self) -> impl Iterator<Item = &Left> {
        self.left.iter().flatten().filter(|left| left.billed && !left.seen)
    }
}

/// Exports, then deletes all stacks of the instance: the foundation, the pipeline and the
/// repositories. With `delete_data` also all that they leave; the state bucket goes last. At the end
/// asks AWS what it still lists. A run that was interrupted is gone on with by the next one.
///
/// # Errors
/// [`CoreError::ForeignRecords`] before anything is deleted; [`CoreError::Lingering`].
pub async fn destroy(
    ctx: &Ctx,
    request: &DestroyRequest,
    survey: &Survey,
) -> Result<DestroyReport, CoreError> {
    survey.permits(request.delete_data)?;
    let config = &request.config;
    let store = store(&ctx.aws, config);
    let mut report = DestroyReport::default();
    if store.exists().await? {
        let asked = lock_request(&request.owner, "destroy");
        runs::recorded(ctx, &store, asked, async |locked| {
            with_state(ctx, &locked, request, survey, &mut report).await
        })
        .await?;
    }
    if request.delete_data {
        state(ctx, config, &mut report).await?;
    } else {
        let data = survey.data.iter().map(|datum| datum.what.remain.clone());
        report.kept = data.collect();
    }
    report.left = proof(ctx, config, &report).await?;
    Ok(report)
}

async fn with_state(
    ctx: &Ctx,
    locked: &Locked,
    request: &DestroyRequest,
    survey: &Survey,
    report: &mut DestroyReport,
) -> Result<(), CoreError> {
    let config = &request.config;
    let store = store(&ctx.aws, config);
    if let Some(folder) = &request.export {
        export::export(ctx, config, &store, survey, folder).await?;
        report.exported = Some(folder.clone());
    }
    let remains: Vec<Remain> = survey.data.iter().map(|datum| datum.what.remain.clone()).collect();
    remains::note(&store, locked, &remains).await?;
    let journal = Journal::begin(ctx, &store, locked, "cloudcore destroy");
    clear::clear(ctx, locked, config, &store, survey).await?;
    let history = durations::load(ctx, &store).await;
    let ground = survey.facts.ground.as_ref();
    let edges = all_stacks(config, survey)?;
    let deleted = clear::stacks(ctx, locked, Some(&journal), &edges, &history, ground).await;
    durations::keep(ctx, &store, &history).await;
    deleted?;
    let names = survey.stacks.iter().map(|stack| stack.name.clone());
    let state = layout::stack_name(config, "state")?;
    report.deleted = names.filter(|name| *name != state).collect();
    if request.delete_data {
        let state = store.bucket();
        let data = in_order(remains).filter(|remain| remain.id != state);
        for remain in data {
            report.data.push(gone(ctx, locked, &remain).await?);
        }
    }
    forget(&store).await
}

/// The stacks of the foundation, and those that the other tools put on it: they go first.
fn all_stacks(
    config: &CloudOpsConfig,
    survey: &Survey,
) -> Result<BTreeMap<StackName, BTreeSet<StackName>>, CoreError> {
    let mut edges = layout::edges(config)?;
    let foundation: BTreeSet<StackName> = edges.keys().cloned().collect();
    let state = layout::stack_name(config, "state")?;
    for stack in &survey.facts.stacks {
        if stack.name != state && !edges.contains_key(&stack.name) {
            edges.insert(stack.name.clone(), foundation.clone());
        }
    }
    Ok(edges)
}

/// What is encrypted goes before its key.
fn in_order(mut remains: Vec<Remain>) -> impl Iterator<Item = Remain> {
    remains.sort_by_key(|remain| remain.resource_type == "AWS::KMS::Key");
    remains.into_iter()
}

async fn gone(ctx: &Ctx, locked: &Locked, remain: &Remain) -> Result<Deleted, CoreError> {
    let (what, step) = (remain.words(), format!("remain/{}", remain.id));
    ctx.events.step(&step, format!("delete {what}"));
    match remains::delete(ctx, locked, remain).await {
        Ok(deleted) => {
            ctx.events.step_done(&step, Outcome::Done, deleted.says.clone());
            Ok(deleted)
        }
        Err(source) => {
            ctx.events.step_done(&step, Outcome::Failed, source.to_string());
            Err(CoreError::Remain { what, source })
        }
    }
}

/// Nothing is initialized any more; the history of runs stays.
async fn forget(store: &Store) -> Result<(), CoreError> {
    if let Some(found) = init::read(store).await? {
        let mut state = found.value;
        state.components.clear();
        init::write(store, &state, Some(&found.etag)).await?;
    }
    Ok(())
}

/// The stack with the state bucket, and that bucket: nothing is left to lock.
async fn state(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    report: &mut DestroyReport,
) -> Result<(), CoreError> {
    let edges = BTreeMap::from([(layout::stack_name(config, "state")?, BTreeSet::new())]);
    let first = Locked::before_there_is_a_bucket();
    let history = History::default();
    let deleted = delete::delete(ctx, &first, None, &edges, &history, Protected::TakeOff).await?;
    report.deleted.extend(deleted);
    let bucket = store(&ctx.aws, config).bucket().to_owned();
    let remain = Remain { resource_type: "AWS::S3::Bucket".to_owned(), id: bucket, stack: None };
    if remains::exists(ctx, &remain).await? {
        report.data.push(gone(ctx, &first, &remain).await?);
    }
    Ok(())
}

/// What AWS lists and nobody has spoken of. Without the right to ask, that is said.
async fn proof(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    report: &DestroyReport,
) -> Result<Option<Vec<Left>>, CoreError> {
    let mut left = match remains::look(ctx, &config.instance).await {
        Ok(left) => left,
        Err(error) if error.kind == AwsErrorKind::AccessDenied => {
            let missing = "nobody looked whether something is left: the right tag:GetResources";
            ctx.events.warn(format!("{missing} is missing ({error})"));
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let later = report.data.iter().filter(|one| one.later).map(|one| &one.remain);
    let spoken: Vec<&Remain> = report.kept.iter().chain(later).collect();
    left.retain(|one| !spoken.iter().any(|remain| one.is(&remain.id)));
    Ok(Some(left))
}
