//! An AWS that answers by a table, for tests of single calls of the real clients.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

use crate::connect::Aws;

pub(crate) const CALLER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ann</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

/// The server and a connection to it.
pub(crate) struct FakeAws {
    pub(crate) aws: Aws,
    server: MockServer,
    asked: Arc<Mutex<Vec<String>>>,
}

/// How an answer is found: an operation such as `DescribeVpcs`, or a method and the begin of a path
/// such as `HEAD /bucket`; then status and body.
pub(crate) type Row = (&'static str, u16, &'static str);

/// Fields of a form by name.
pub(crate) type Form = BTreeMap<String, String>;

impl FakeAws {
    pub(crate) async fn start(rows: &[Row]) -> Self {
        let rows = rows.to_vec();
        Self::answering(move |said, _| {
            let fits = rows
                .iter()
                .find(|(key, ..)| said == *key || (key.contains(' ') && said.starts_with(key)));
            fits.map(|(_, status, body)| (*status, (*body).to_owned()))
        })
        .await
    }

    /// Answers with status and body, from the operation and the form that was sent.
    #[expect(clippy::unwrap_used, reason = "a test cannot go on without its connection")]
    pub(crate) async fn answering(
        answer: impl Fn(&str, &Form) -> Option<(u16, String)> + Send + Sync + 'static,
    ) -> Self {
        let server = MockServer::start().await;
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let keep = Arc::clone(&asked);
        let answer = move |request: &Request| {
            let said = name(request);
            keep.lock().unwrap_or_else(PoisonError::into_inner).push(said.clone());
            let form = url::form_urlencoded::parse(&request.body).into_owned().collect();
            match answer(&said, &form) {
                Some((status, body)) => ResponseTemplate::new(status).set_body_string(body),
                None if said == "GetCallerIdentity" => {
                    ResponseTemplate::new(200).set_body_string(CALLER)
                }
                None => ResponseTemplate::new(400).set_body_string(format!("{said} is in no row")),
            }
        };
        Mock::given(matchers::any()).respond_with(answer).with_priority(9).mount(&server).await;
        let aws = Aws::from_config(config(&server.uri())).await.unwrap();
        Self { aws, server, asked }
    }

    /// Answers from now on have this date.
    pub(crate) async fn with_date(self, date: Option<String>) -> Self {
        let mut template = ResponseTemplate::new(200).set_body_string(CALLER);
        if let Some(date) = date {
            template = template.insert_header("date", date.as_str());
        }
        Mock::given(matchers::any()).respond_with(template).mount(&self.server).await;
        self
    }

    /// Operations that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Settings of clients that ask this endpoint, once.
pub(crate) fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("a", "b", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-2"))
        .endpoint_url(endpoint)
        .retry_config(aws_config::retry::RetryConfig::disabled())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// Operation of a request: from its target, from its form, or method and path. S3 names a part of
/// an upload in the query.
fn name(request: &Request) -> String {
    let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    if let Some(target) = target {
        return target.rsplit('.').next().unwrap_or_default().to_owned();
    }
    let body = String::from_utf8_lossy(&request.body);
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    match action {
        Some(action) => action.to_owned(),
        None => {
            let upload = request.url.query().filter(|query| query.contains("upload"));
            let query = upload.map(|query| format!("?{query}")).unwrap_or_default();
            format!("{} {}{query}", request.method, request.url.path())
        }
    }
}
