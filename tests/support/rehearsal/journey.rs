//! What the steps are: the whole journey, from an empty account to one as empty as before.

use std::path::Path;

use super::RehearsalError;
use super::run::{Component, Runner};
use super::tour::Tour;

/// Name of the environment.
pub(super) const ENVIRONMENT: &str = "shop";

/// The greeting that the first distribution's storefront says, and the second one's.
const GREETINGS: [&str; 2] =
    ["Welcome to the sample store", "Welcome to the sample store, second edition"];

/// Plays the journey, up to the steps of `until`. What is to be kept is not taken away at its end.
pub(super) async fn play(tour: &mut Tour, until: Option<Component>) -> Result<(), RehearsalError> {
    let before = tour.stage.work.join("before.json");
    tour.before = tour.inventory.remember(&before).await?;
    foundation(tour).await?;
    if until == Some(Component::Cloudcore) {
        return Ok(());
    }
    pipeline(tour).await?;
    if until == Some(Component::Cloudteam) {
        return Ok(());
    }
    environment(tour).await?;
    if until == Some(Component::Clouddeploy) {
        return Ok(());
    }
    next_release(tour).await?;
    if tour.keep {
        return Ok(());
    }
    away(tour, &before).await
}

async fn foundation(tour: &mut Tour) -> Result<(), RehearsalError> {
    tour.chapter("1. The foundation: cloudcore");
    tour.refuses("clouddeploy init", 5, "cloudcore init").await?;
    tour.run("cloudcore plan").await?;
    tour.run("cloudcore init").await?;
    let again = tour.run("cloudcore init").await?;
    tour.says(&again, "nothing to change")?;
    tour.run("cloudcore status").await?;
    tour.confirm(&["--part", "core"]).await?;
    let name = tour.instance.name().to_owned();
    if let Some(server) = &tour.stage.build_server {
        server.inject_password(&tour.inventory, &name).await?;
        let lock = tour.instance.folder.join("jenkins/plugins.lock");
        server.install(&fs_err::read_to_string(lock)?)?;
        tour.printer
            .note("the build server has got its plugins and the password that its stack generated");
        tour.run("cloudcore build-server status").await?;
    }
    Ok(())
}

async fn pipeline(tour: &mut Tour) -> Result<(), RehearsalError> {
    tour.chapter("2. The source code and its pipeline: cloudteam");
    tour.run("cloudteam init --source commerce").await?;
    let jobs = tour.run("cloudteam jobs plan").await?;
    tour.says(&jobs, "nothing to change")?;
    build_package(tour).await?;
    tour.run("cloudteam package show").await?;
    tour.confirm(&["--part", "team"]).await
}

async fn build_package(tour: &mut Tour) -> Result<(), RehearsalError> {
    let line = match tour.runner {
        Runner::BuildServer => "cloudteam package build",
        Runner::Local => "cloudteam package build --runner local --cache",
    };
    tour.run(line).await.map(|_| ())
}

async fn environment(tour: &mut Tour) -> Result<(), RehearsalError> {
    tour.chapter("3. Images, an environment, a release: clouddeploy");
    tour.run("clouddeploy init").await?;
    tour.run("clouddeploy images build").await?;
    inspect_image(tour).await?;
    tour.run(&format!("clouddeploy env create {ENVIRONMENT} --kind author-live")).await?;
    deploy(tour).await?;
    tour.run(&format!("clouddeploy status --env {ENVIRONMENT}")).await?;
    let logs = format!("clouddeploy logs --env {ENVIRONMENT} --service cortex --since 10m");
    tour.run(&logs).await?;
    tour.storefront(ENVIRONMENT, GREETINGS[0]).await?;
    tour.confirm(&["--part", "core", "--part", "team", "--env", ENVIRONMENT]).await?;
    tour.height = Some(tour.inventory.all().await?);
    Ok(())
}

async fn next_release(tour: &mut Tour) -> Result<(), RehearsalError> {
    tour.chapter("4. The next release, and back");
    tour.run("cloudteam import --source commerce-second").await?;
    match tour.runner {
        // The build server does the same by itself, every night.
        Runner::BuildServer => {
            tour.run("cloudteam jobs run scheduled-pipeline").await?;
        }
        Runner::Local => {
            build_package(tour).await?;
            tour.run("clouddeploy images build").await?;
            deploy(tour).await?;
        }
    }
    tour.storefront(ENVIRONMENT, GREETINGS[1]).await?;
    tour.run(&format!("clouddeploy rollback --env {ENVIRONMENT} --yes")).await?;
    tour.storefront(ENVIRONMENT, GREETINGS[0]).await
}

async fn deploy(tour: &mut Tour) -> Result<(), RehearsalError> {
    tour.run(&format!("clouddeploy deploy --env {ENVIRONMENT} --yes")).await.map(|_| ())
}

async fn away(tour: &mut Tour, before: &Path) -> Result<(), RehearsalError> {
    tour.chapter("5. As empty as before");
    let name = tour.instance.name().to_owned();
    let destroy = format!("clouddeploy env destroy {ENVIRONMENT} --name {ENVIRONMENT} --yes");
    tour.refuses(&destroy, 8, "clouddeploy env unprotect").await?;
    tour.run(&format!("clouddeploy env unprotect {ENVIRONMENT} --name {ENVIRONMENT} --yes"))
        .await?;
    match tour.runner {
        Runner::BuildServer => {
            let job = "cloudteam jobs run delete-environment";
            tour.run(&format!("{job} -p ENVIRONMENT={ENVIRONMENT} -p NAME={ENVIRONMENT}")).await?;
        }
        Runner::Local => {
            tour.run(&destroy).await?;
        }
    }
    tour.run(&format!("cloudcore destroy --name {name} --delete-data --yes")).await?;
    let kept = tour.inventory.check_gone(before).await?;
    tour.printer.line("");
    tour.printer.note("an independent client (boto3) finds nothing but what retention keeps:");
    for line in &kept {
        tour.printer.note(&format!("  {line}"));
    }
    tour.kept = Some(kept);
    Ok(())
}

/// Another reader of images reads one of those just built, where the machine has it.
async fn inspect_image(tour: &mut Tour) -> Result<(), RehearsalError> {
    let login = tour.stage.work.join("registry-login.json");
    let registry = tour.inventory.registry_login(&login).await?;
    let image = format!("{registry}/{}/cortex", tour.instance.name());
    let Some(text) = super::skopeo::inspect(&image, &login).await? else {
        tour.printer.note("skopeo is not on this machine, so no second program reads the image");
        return Ok(());
    };
    tour.printer.command(&format!("skopeo inspect docker://{image}"));
    text.lines().for_each(|line| tour.printer.program(line));
    Ok(())
}
