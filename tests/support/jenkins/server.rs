//! The listening server.

use std::{io, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, Uri},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    controller::Controller,
    options::Options,
    poll,
    request::{Answer, Request},
    routes,
};

/// Longest body.
const BODY: usize = 16 * 1024 * 1024;

/// A server that runs until it is stopped.
pub struct Server {
    controller: Arc<Controller>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The home folder cannot be used.
    #[error("cannot use {}: {source}", .home.display())]
    Home {
        /// The folder.
        home: std::path::PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Server {
    /// Starts to listen.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn start(options: Options) -> Result<Self, ServerError> {
        let address = options.listen;
        let listen = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let url = format!("http://{}/", listener.local_addr().map_err(listen)?);
        let home = options.home.clone();
        let controller =
            Controller::new(options, url).map_err(|source| ServerError::Home { home, source })?;
        let controller = Arc::new(controller);
        let stop = CancellationToken::new();
        if let Some(pause) = controller.options.poll_interval {
            let (polling, stopped) = (poll::forever(controller.clone(), pause), stop.clone());
            tokio::spawn(stopped.run_until_cancelled_owned(polling));
        }
        let app = Router::new()
            .fallback(handle)
            .layer(DefaultBodyLimit::max(BODY))
            .with_state(controller.clone());
        let stopped = stop.clone().cancelled_owned();
        let serving = tokio::spawn(async move {
            // It ends with the process or when it is stopped; there is nothing to report.
            let _ = axum::serve(listener, app).with_graceful_shutdown(stopped).await;
        });
        Ok(Self { controller, stop, serving })
    }

    /// The address, with a slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.controller.url
    }

    /// Waits until nobody looks for new commits because of a message any more: what was found is in
    /// the queue then.
    #[cfg(test)]
    pub(crate) async fn polled(&self) {
        drop(self.controller.polling.write().await);
    }

    /// Stops all builds (they end as `ABORTED`), then the server.
    pub async fn stop(self) {
        self.controller.stop().await;
        self.stop.cancel();
        // A client may keep its connection open; it gets no more answers.
        self.serving.abort();
        let _ = self.serving.await;
    }
}

async fn handle(
    State(controller): State<Arc<Controller>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    routes::answer(&controller, &Request::new(method, &uri, headers, body))
}
