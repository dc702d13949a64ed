//! Makes the image, and pushes it.

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    config_file::{BaseImage, CloudOpsConfig},
    ctx::Ctx,
    events::Outcome,
    images,
    jenkins::plugins::PluginSource,
    oci::{Base, Image, Platform, Registry},
    state::build_server::ServerImage,
};
use jiff::Timestamp;
use url::Url;

use crate::{
    build_server::{self, Recipe},
    error::CoreError,
};

/// Step of the image in events.
const STEP: &str = "build-server/image";

/// Where plugins come from, unless the settings name another place.
const SITE: &str = "https://updates.jenkins.io";

/// What is needed to make an image.
#[derive(Clone, Copy)]
pub(in crate::ops) struct Assembling<'a> {
    pub(in crate::ops) ctx: &'a Ctx,
    pub(in crate::ops) config: &'a CloudOpsConfig,
    pub(in crate::ops) folder: &'a Utf8Path,
    pub(in crate::ops) recipe: &'a Recipe,
}

/// An image that is not pushed yet.
pub(in crate::ops) struct Assembled {
    image: Image,
    jenkins: Option<String>,
}

impl Assembling<'_> {
    /// Fetches base and plugins, and makes the image of them.
    pub(in crate::ops) async fn assemble(self) -> Result<Assembled, CoreError> {
        let events = &self.ctx.events;
        events.step(STEP, "image of the build server");
        let made = self.made().await;
        match &made {
            Ok(Assembled { image, jenkins }) => {
                let jenkins = jenkins.as_deref().unwrap_or("of an unknown version");
                let (count, size) = (self.recipe.plugins.iter().len(), image.size() / 1_000_000);
                let said = format!("Jenkins {jenkins}, {count} plugins, {size} MB");
                events.step_done(STEP, Outcome::Done, said);
            }
            Err(error) => events.step_done(STEP, Outcome::Failed, error.to_string()),
        }
        made
    }

    async fn made(self) -> Result<Assembled, CoreError> {
        let (ctx, source) = (self.ctx, self.source());
        let plugins =
            async { Ok(source.fetch(&self.recipe.plugins, &ctx.events, &ctx.cancel).await?) };
        let (base, plugins) = futures::try_join!(self.base(), plugins)?;
        let jenkins = base.variable("JENKINS_VERSION");
        let image = build_server::assemble(&base, self.recipe, &plugins)?;
        Ok(Assembled { image, jenkins })
    }

    async fn base(self) -> Result<Base, CoreError> {
        let named = BaseImage::Reference(self.recipe.base.clone());
        let image = self.config.build_server.base.as_ref().unwrap_or(&named);
        // The server runs on one machine of a fixed kind.
        let keyring = images::keyring(&self.ctx.aws);
        Ok(Base::open(image, self.folder, None, &keyring, &[Platform::Amd64]).await?)
    }

    fn source(self) -> PluginSource {
        let named = self.config.build_server.plugin_source.as_deref().unwrap_or(SITE);
        let site = named.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let folder = || PluginSource::Folder(Utf8PathBuf::from(self.folder).join(named));
        site.map_or_else(folder, PluginSource::Site)
    }

    /// Pushes an image into the repository of the instance, by its address.
    pub(in crate::ops) async fn push(
        self,
        assembled: &Assembled,
        repository: &str,
    ) -> Result<ServerImage, CoreError> {
        let ctx = self.ctx;
        let Assembled { image, jenkins } = assembled;
        let (host, name) = repository.split_once('/').unwrap_or((repository, ""));
        let logins = images::logins(&ctx.aws, ctx.aws.region());
        let registry = Registry::with_logins(host, logins);
        let tag = format!("image-{}", image.digest().short());
        registry.push(image, name, &tag, &ctx.events).await?;
        Ok(ServerImage {
            digest: image.digest().clone(),
            recipe: self.recipe.digest(),
            base: self.recipe.base.clone(),
            jenkins: jenkins.clone(),
            plugins: self.recipe.plugins.versions(),
            made_at: Timestamp::now(),
            made_by: ctx.aws.caller().to_owned(),
        })
    }
}
