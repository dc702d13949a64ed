//! Another image for the build server: a newer one, or one that it had before.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    cfn::{
        apply::{self, Options},
        graph::{StackGraph, StackSpec},
    },
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    ids::Digest,
    jenkins::plugins::PluginChange,
    state::{
        build_server::{self, ServerImage, ServerImages},
        init::{self, Component, InitState},
        journal::Journal,
        lock::{Locked, Owner},
        runs,
        store::Store,
    },
};

use super::{Assembling, Known, known};
use crate::{
    build_server::Recipe,
    error::CoreError,
    layout,
    ops::{PROGRAM, check_place, lock_request, store},
};

/// What an upgrade would change.
#[derive(Debug, Clone)]
pub struct UpgradePlan {
    /// What the server has now.
    pub from: Option<ServerImage>,
    /// An image that was made before; without one, it is made of `recipe`.
    pub to: Option<ServerImage>,
    /// What the image is made of.
    pub recipe: Option<Recipe>,
    /// Base before and after, where they differ.
    pub base: Option<(String, String)>,
    /// Plugins that differ.
    pub plugins: Vec<PluginChange>,
    /// Whether it stays with this image, whatever the settings say.
    pub pinned: bool,
    folder: Utf8PathBuf,
}

/// What an upgrade did.
#[derive(Debug, Clone)]
pub struct UpgradeReport {
    /// The image that the server has now.
    pub image: ServerImage,
    /// The one that it had.
    pub before: Option<Digest>,
}

/// Compares the image of the build server with what the settings ask for, or with one that it had
/// before, by its digest. `None` when it has that already.
///
/// # Errors
/// [`CoreError::UnknownImage`], [`CoreError::OwnImage`], and those of reading.
pub async fn plan(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    folder: &Utf8Path,
    to: Option<&str>,
) -> Result<Option<UpgradePlan>, CoreError> {
    check_place(&ctx.aws, config)?;
    let Known { recipe, images } = known(ctx, config, folder).await?;
    let recipe = recipe.ok_or(CoreError::OwnImage)?;
    let target = match to {
        Some(text) => Some(images.find(text).cloned().ok_or_else(|| unknown(text, &images))?),
        None => images.made_from(&recipe.digest()).cloned(),
    };
    let (from, pinned) = (images.current().cloned(), to.is_some());
    let same =
        from.as_ref().map(|image| &image.digest) == target.as_ref().map(|image| &image.digest);
    if from.is_some() && same && pinned == images.pinned {
        return Ok(None);
    }
    let base = target.as_ref().map_or(&recipe.base, |image| &image.base).clone();
    let had = from.as_ref().map(|image| image.base.clone());
    let before = from.as_ref().map(|image| image.plugins.clone()).unwrap_or_default();
    let plugins = match &target {
        Some(image) => PluginChange::between(&before, &image.plugins),
        None => recipe.plugins.changes(&before),
    };
    Ok(Some(UpgradePlan {
        base: had.filter(|had| *had != base).map(|had| (had, base)),
        recipe: target.is_none().then_some(recipe),
        from,
        to: target,
        plugins,
        pinned,
        folder: folder.to_owned(),
    }))
}

fn unknown(text: &str, images: &ServerImages) -> CoreError {
    let known = images.images.iter().map(|image| image.digest.short().to_owned()).collect();
    CoreError::UnknownImage { named: text.to_owned(), known }
}

/// Gives the build server the planned image. When it does not start with it, ECS goes back to the
/// one before, and so does the record of it.
///
/// # Errors
/// [`CoreError`].
pub async fn upgrade(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    owner: &Owner,
    plan: UpgradePlan,
) -> Result<UpgradeReport, CoreError> {
    let store = store(&ctx.aws, config);
    let state = init::require_foundation(&ctx.aws, &store, config).await?;
    let asked = lock_request(owner, "build-server upgrade");
    runs::recorded(ctx, &store, asked, async |locked| {
        let before = build_server::read(&store).await?.0;
        let image = match (plan.to, &plan.recipe) {
            (Some(image), _) => image,
            (None, Some(recipe)) => {
                let assembling = Assembling { ctx, config, folder: &plan.folder, recipe };
                let assembled = assembling.assemble().await?;
                let repository = state.output(Component::Core, "BuildRepositoryUri")?;
                assembling.push(&assembled, repository).await?
            }
            (None, None) => return Err(CoreError::NoImage),
        };
        let chosen = image.clone();
        build_server::update(&store, &locked, |images| images.choose(chosen, plan.pinned)).await?;
        let started = start(ctx, &locked, &store, config, &state, &image.digest).await;
        if let Err(error) = started {
            build_server::update(&store, &locked, |images| {
                images.current.clone_from(&before.current);
                images.pinned = before.pinned;
            })
            .await?;
            return Err(error);
        }
        Ok(UpgradeReport { image, before: before.current })
    })
    .await
}

/// Applies the stack of the service with this image, and no other stack.
async fn start(
    ctx: &Ctx,
    locked: &Locked,
    store: &Store,
    config: &CloudOpsConfig,
    state: &InitState,
    digest: &Digest,
) -> Result<Outcome, CoreError> {
    let name = layout::stack_name(config, "build-service")?;
    let whole = layout::graph_of(config, Some(digest))?;
    let spec = whole.get(&name).ok_or(CoreError::NoImage)?;
    let mut graph = StackGraph::new(BTreeMap::new());
    graph.add(alone(spec, &state.outputs()))?;
    let journal = Journal::begin(ctx, store, locked, &format!("{PROGRAM} build-server upgrade"));
    let options = Options { on_done: runs::keep_outputs(ctx), ..Options::default() };
    let results = apply::apply(ctx, locked, Some(&journal), &graph, &options).await?;
    Ok(results.get(&name).map_or(Outcome::Unchanged, |result| result.outcome))
}

/// The stack with the outputs of others as values, as they were recorded.
fn alone(spec: &StackSpec, outputs: &BTreeMap<String, String>) -> StackSpec {
    let mut spec = spec.clone();
    spec.depends_on.clear();
    for parameter in spec.template.parameters() {
        if let Some(value) = outputs.get(&parameter.name) {
            spec.parameters.entry(parameter.name).or_insert_with(|| value.clone());
        }
    }
    spec
}
