//! The first image, made while the stacks are built that do not need it.

use std::sync::Mutex;

use cloudops_aws::{
    cfn::{
        graph::Outputs,
        hold::{Held, Hold, Values},
    },
    ids::StackName,
    state::{build_server, lock::Locked, store::Store},
};
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::assemble::{Assembled, Assembling};
use crate::{error::CoreError, layout};

type Made = Result<Assembled, CoreError>;

/// Holds the service of the build server until its image is in the repository.
pub(in crate::ops) struct ImageHold<'a> {
    assembling: Assembling<'a>,
    locked: &'a Locked,
    store: &'a Store,
    /// The stack with the repository.
    build: StackName,
    service: StackName,
    /// Taken by whoever makes the image, and by whoever waits for it.
    sender: Mutex<Option<oneshot::Sender<Made>>>,
    receiver: Mutex<Option<oneshot::Receiver<Made>>>,
}

impl<'a> ImageHold<'a> {
    pub(in crate::ops) fn new(
        assembling: Assembling<'a>,
        locked: &'a Locked,
        store: &'a Store,
    ) -> Result<Self, CoreError> {
        let (sender, receiver) = oneshot::channel();
        Ok(Self {
            assembling,
            locked,
            store,
            build: layout::stack_name(assembling.config, "build")?,
            service: layout::stack_name(assembling.config, "build-service")?,
            sender: Mutex::new(Some(sender)),
            receiver: Mutex::new(Some(receiver)),
        })
    }

    /// Makes the image, from the beginning of the run on. Never ends: the run does.
    pub(in crate::ops) async fn make<T>(&self) -> T {
        let made = self.assembling.assemble().await;
        if let Some(sender) = take(&self.sender) {
            // Nobody waits for it when the run ends early.
            let _ = sender.send(made);
        }
        std::future::pending().await
    }

    async fn image(&self, outputs: &Outputs) -> Result<Values, CoreError> {
        let receiver = take(&self.receiver).ok_or(CoreError::NoImage)?;
        let assembled = receiver.await.map_err(|_| CoreError::NoImage)??;
        let build = outputs.get(&self.build);
        let repository = build.and_then(|outputs| outputs.get("BuildRepositoryUri"));
        let image = self.assembling.push(&assembled, repository.ok_or(CoreError::NoImage)?).await?;
        let digest = image.digest.to_string();
        // Before the stack that names it: whoever goes on after a crash makes it no second time.
        build_server::update(self.store, self.locked, |images| images.choose(image, false)).await?;
        Ok(Values::from([("BuildServerImageDigest".to_owned(), digest)]))
    }
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().ok().and_then(|mut slot| slot.take())
}

impl Hold for ImageHold<'_> {
    fn concerns(&self, stack: &StackName, _is_new: bool) -> bool {
        *stack == self.service
    }

    fn wait<'a>(
        &'a self,
        _: &'a StackName,
        outputs: &'a Outputs,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Values, Held>> {
        self.image(outputs).map(|image| image.map_err(Held::new)).boxed()
    }
}
