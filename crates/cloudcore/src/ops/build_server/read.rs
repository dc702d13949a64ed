//! What the settings ask for, and what image there is.

use camino::Utf8Path;
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    ids::Digest,
    jenkins::plugins::PluginLock,
    oci::Base,
    state::{
        build_server::{self, ServerImages},
        init,
    },
};
use cloudops_templates::build_server::PLUGINS;

use crate::{
    build_server::{Recipe, locked_image},
    error::CoreError,
    ops::store,
};

/// What is known about the image of the build server before anything is done.
#[derive(Debug, Clone)]
pub struct Known {
    /// What the settings ask for; nothing where they name an image that is used as it is.
    pub recipe: Option<Recipe>,
    /// The images that were made so far.
    pub images: ServerImages,
}

impl Known {
    /// Digest of the image that the server has; none where one is still to be made.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.images.current.as_ref()
    }

    /// The recipe that an image must be made of before there can be a server.
    #[must_use]
    pub(crate) fn to_make(&self) -> Option<&Recipe> {
        self.recipe.as_ref().filter(|_| self.images.current.is_none())
    }

    /// One sentence about what will be done, or what waits to be asked for.
    #[must_use]
    pub fn describe(&self) -> Option<String> {
        let recipe = self.recipe.as_ref()?;
        let count = recipe.plugins.iter().len();
        match self.images.current() {
            None => Some(format!(
                "the image of the build server is made of {} and {count} plugins",
                recipe.base
            )),
            Some(current) if current.recipe != recipe.digest() && !self.images.pinned => Some(
                "the build server has another image than is asked for: `cloudcore build-server \
                 upgrade` shows the difference"
                    .to_owned(),
            ),
            Some(_) => None,
        }
    }
}

/// Reads the recipe from the settings and the files that they name, and the images from the state.
/// Relative paths start from `folder`.
///
/// # Errors
/// [`CoreError`]; a file that cannot be read or is wrong is named.
pub async fn known(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    folder: &Utf8Path,
) -> Result<Known, CoreError> {
    let recipe = match config.build_server.image {
        Some(_) => None,
        None => Some(recipe(config, folder)?),
    };
    let store = store(&ctx.aws, config);
    let images = match store.exists().await? {
        true => {
            // What newer tools wrote is refused before anything is changed.
            init::read(&store).await?;
            build_server::read(&store).await?.0
        }
        false => ServerImages::default(),
    };
    Ok(Known { recipe, images })
}

fn recipe(config: &CloudOpsConfig, folder: &Utf8Path) -> Result<Recipe, CoreError> {
    let server = &config.build_server;
    let (base, base_digest) = match &server.base {
        None => (locked_image("controller").to_owned(), None),
        Some(image) => (image.to_string(), Base::local_digest(image, folder)?),
    };
    let plugins = match &server.plugins {
        None => PluginLock::parse(PLUGINS.path, PLUGINS.text)?,
        Some(path) => PluginLock::parse(path, &text(&folder.join(path))?)?,
    };
    let configuration = match &server.configuration {
        None => None,
        Some(path) => Some(text(&folder.join(path))?),
    };
    Ok(Recipe { base, base_digest, plugins, configuration })
}

fn text(path: &Utf8Path) -> Result<String, CoreError> {
    fs_err::read_to_string(path).map_err(CoreError::File)
}
