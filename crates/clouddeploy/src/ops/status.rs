//! `status`: what runs in an environment, asked of AWS.

use std::collections::BTreeMap;

use cloudops_aws::{
    cfn::observe,
    config_file::CloudOpsConfig,
    containers::{self, ServiceState, Verdict},
    ctx::Ctx,
    database,
    ids::EnvName,
    state::environments::Environment,
};
use futures::future;

use super::{
    environment, initialized, operate, store,
    verdict::{self, Expected},
};
use crate::{
    error::{DeployError, verdict_text},
    layout,
    topology::Topology,
};

/// A service that runs.
#[derive(Debug, Clone)]
pub struct ServiceStatus {
    /// Side and name, such as `live/cortex`.
    pub title: String,
    /// What ECS says, if the service exists.
    pub service: Option<ServiceState>,
    /// Whether what its stack deployed is what serves.
    pub verdict: Verdict,
    /// Image that its task definition runs.
    pub image: Option<String>,
}

/// What runs in an environment.
#[derive(Debug, Clone)]
pub struct Status {
    /// The environment.
    pub environment: Environment,
    /// Its services.
    pub services: Vec<ServiceStatus>,
    /// RDS's status of each database, by side.
    pub databases: BTreeMap<String, String>,
    /// Address of the storefront.
    pub storefront: Option<String>,
}

impl Status {
    /// That every service serves what its stack deployed, and that there is one.
    ///
    /// # Errors
    /// [`DeployError::Unhealthy`] names those that do not.
    pub fn healthy(&self) -> Result<(), DeployError> {
        let serves = |service: &&ServiceStatus| !matches!(service.verdict, Verdict::Serving { .. });
        let others = self.services.iter().filter(serves);
        let mut services: Vec<_> = others
            .map(|service| format!("{} {}", service.title, verdict_text(&service.verdict)))
            .collect();
        if self.services.is_empty() {
            services.push("nothing is deployed".to_owned());
        }
        if services.is_empty() {
            return Ok(());
        }
        Err(DeployError::Unhealthy { environment: self.environment.name.to_string(), services })
    }
}

/// Asks AWS what runs.
///
/// # Errors
/// [`DeployError`].
pub async fn status(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    name: &EnvName,
) -> Result<Status, DeployError> {
    initialized(&ctx.aws, config).await?;
    let found = environment(&store(&ctx.aws, config), name).await?.value;
    let stacks = observe::in_scope(ctx, &operate::environment(config, name)).await?;
    let outputs: BTreeMap<_, _> =
        stacks.into_iter().map(|stack| (stack.name, stack.outputs)).collect();
    let cluster = layout::fact(&outputs, "ClusterName")?;
    let topology = Topology::commerce()?;
    let mut expected = Vec::new();
    let mut databases = BTreeMap::new();
    for side in found.kind.sides() {
        for service in layout::order(&topology, *side) {
            let stack = layout::service_stack(config, name, *side, service)?;
            let Some(known) = outputs.get(&stack) else {
                continue;
            };
            let output = |key: &str| known.get(key).cloned();
            expected.push(Expected {
                title: format!("{}/{service}", side.name()),
                cluster: cluster.clone(),
                service: output("ServiceName").unwrap_or_default(),
                task_definition: output("TaskDefinitionArn").unwrap_or_default(),
                target_group: output("TargetGroupArn"),
            });
        }
        let data = layout::env_stack(config, name, &format!("data-{}", side.name()))?;
        if let Some(id) = outputs.get(&data).and_then(|data| data.get("DatabaseClusterIdentifier"))
        {
            let status = database::cluster_status(&ctx.aws, id).await?;
            databases.insert(side.name().to_owned(), status.unwrap_or_else(|| "gone".to_owned()));
        }
    }
    let services = future::try_join_all(expected.iter().map(|expected| one(ctx, expected))).await?;
    let storefront = layout::fact(&outputs, "StorefrontUrl").ok();
    Ok(Status { environment: found, services, databases, storefront })
}

async fn one(ctx: &Ctx, expected: &Expected) -> Result<ServiceStatus, DeployError> {
    let (verdict, service, images) = future::try_join3(
        verdict::look(ctx, expected),
        async {
            let service = containers::service(&ctx.aws, &expected.cluster, &expected.service);
            Ok::<_, DeployError>(service.await?)
        },
        async {
            Ok::<_, DeployError>(containers::images(&ctx.aws, &expected.task_definition).await?)
        },
    )
    .await?;
    Ok(ServiceStatus {
        title: expected.title.clone(),
        service,
        verdict,
        image: images.into_iter().next(),
    })
}
