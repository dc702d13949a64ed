//! `init`: the repositories of the images, and the rights of the agents that deploy.

use std::collections::BTreeMap;

use cloudops_aws::{
    cfn::apply::{self, Options},
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    state::{
        init::{self, Component},
        journal::Journal,
        lock::Owner,
        runs,
    },
};
use jiff::Timestamp;

use super::{VERSION, foundation, lock_request, store};
use crate::{error::DeployError, layout, topology::Topology};

const NO_AGENTS: &str = "the build server has no agents for deployments, so no rights are given to \
                         any; `cloudcore init` makes them";

/// Creates the repositories and the policies of the agents that deploy. Gives back how many there are, and whether anything was changed.
///
/// # Errors
/// [`DeployError`]; the same call goes on where this one stopped.
pub async fn init(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    owner: &Owner,
) -> Result<(usize, bool), DeployError> {
    let state = foundation(&ctx.aws, config).await?;
    let graph = layout::init_graph(config, &state, &Topology::commerce()?)?;
    if !layout::has_deploy_agents(&state) {
        ctx.events.note(NO_AGENTS);
    }
    let store = store(&ctx.aws, config);
    let asked = lock_request("deploy".to_owned(), owner, "init");
    runs::recorded(ctx, &store, asked, async |locked| {
        let journal = Journal::begin(ctx, &store, &locked, "clouddeploy init");
        let options = Options { on_done: runs::keep_outputs(ctx), ..Options::default() };
        let results = apply::apply(ctx, &locked, Some(&journal), &graph, &options).await?;
        let uris: BTreeMap<String, String> = results
            .values()
            .filter_map(|result| {
                let name = result.outputs.get("RepositoryName")?;
                Some((format!("Repository:{name}"), result.outputs.get("RepositoryUri")?.clone()))
            })
            .collect();
        let count = uris.len();
        let mut changed = results.values().any(|result| result.outcome == Outcome::Done);
        if let Some(found) = init::read(&store).await? {
            let mut state = found.value;
            if state.record(Component::Deploy, VERSION, uris, Timestamp::now()) {
                init::write(&store, &state, Some(&found.etag)).await?;
                changed = true;
            }
        }
        Ok((count, changed))
    })
    .await
}
