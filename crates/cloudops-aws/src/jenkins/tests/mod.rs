//! The client against scripted answers.

mod applying;
mod definition;
mod protocol;
mod runs;
mod trouble;

use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use super::{Connect, Jenkins};
use crate::redact::Secret;

/// A client of a scripted server.
fn client(server: &MockServer) -> Jenkins {
    let connect = Connect {
        url: server.uri().parse().unwrap(),
        user: "admin".to_owned(),
        secret: Secret::new("hunter2"),
        user_agent: "test/1".to_owned(),
    };
    Jenkins::new(connect).unwrap()
}

async fn on(server: &MockServer, method: &str, path: &str, answer: ResponseTemplate) {
    Mock::given(matchers::method(method))
        .and(matchers::path(path))
        .respond_with(answer)
        .mount(server)
        .await;
}

/// Answers once; a later script for the same request takes over.
async fn once(server: &MockServer, method: &str, path: &str, answer: ResponseTemplate) {
    Mock::given(matchers::method(method))
        .and(matchers::path(path))
        .respond_with(answer)
        .up_to_n_times(1)
        .mount(server)
        .await;
}

fn json(value: serde_json::Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(value)
}

async fn count(server: &MockServer, method: &str) -> usize {
    let requests = server.received_requests().await.unwrap();
    requests.iter().filter(|request| request.method.as_str() == method).count()
}
