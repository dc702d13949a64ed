//! Images on their way into a registry, side by side.

use std::collections::BTreeMap;

use cloudops_aws::{
    events::{EventSink, Outcome},
    oci::{Image, OciError, PushReport, Registry},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::BuiltImage;

/// Images at once; each sends several layers.
const AT_ONCE: usize = 3;

/// Images of one package, and where they go.
pub(super) struct Pushing<'a> {
    pub(super) registry: &'a Registry,
    /// Host of the registry.
    pub(super) host: &'a str,
    /// Images with their repositories, by name.
    pub(super) images: BTreeMap<String, (Image, String)>,
    /// What their tags begin with: the id of the package.
    pub(super) id: &'a str,
}

impl Pushing<'_> {
    /// Pushes all images. What several of them have is sent once.
    ///
    /// # Errors
    /// The first [`OciError`]; what was sent stays, and the same call goes on.
    pub(super) async fn push(
        self,
        events: &EventSink,
    ) -> Result<BTreeMap<String, BuiltImage>, OciError> {
        let look = async |(image, repository): &(Image, String)| {
            self.registry.look_for(image, repository, &self.tag(image)).await
        };
        let looks = stream::iter(self.images.values().map(look)).buffer_unordered(AT_ONCE);
        looks.try_collect::<()>().await?;
        let one = async |(name, (image, repository)): (&String, &(Image, String))| {
            let push = self.one(events, name, image, repository).await?;
            let reference = format!("{}/{repository}@{}", self.host, image.digest());
            let size = image.size();
            Ok((name.clone(), BuiltImage { reference, size, push, kept_from: None }))
        };
        stream::iter(self.images.iter().map(one)).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Tags never move: the same package always gives the same image under its tag.
    fn tag(&self, image: &Image) -> String {
        format!("{}-{}", self.id, image.digest().short())
    }

    async fn one(
        &self,
        events: &EventSink,
        name: &str,
        image: &Image,
        repository: &str,
    ) -> Result<PushReport, OciError> {
        let step = format!("image/{repository}");
        events.step(&step, format!("image {name}"));
        match self.registry.push(image, repository, &self.tag(image), events).await {
            Ok(push) => {
                let sent = push.uploaded_blobs > 0;
                let outcome = if sent { Outcome::Done } else { Outcome::Unchanged };
                events.step_done(&step, outcome, said(image.digest().short(), &push));
                Ok(push)
            }
            Err(error) => {
                events.step_done(&step, Outcome::Failed, error.to_string());
                Err(error)
            }
        }
    }
}

/// What became of an image, in a line.
pub(super) fn said(digest: &str, push: &PushReport) -> String {
    format!(
        "{digest}, {} uploaded ({} bytes), {} reused ({} bytes)",
        push.uploaded_blobs, push.uploaded_bytes, push.reused_blobs, push.reused_bytes
    )
}
