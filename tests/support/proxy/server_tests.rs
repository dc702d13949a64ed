use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::emulator::ProxyClient;
use crate::proxy::Pace;
use crate::proxy::rule::{Effect, Rule};

/// An emulator that answers with what it was asked, and counts.
async fn echo(State(seen): State<Arc<AtomicUsize>>, request: Request) -> Response {
    seen.fetch_add(1, Ordering::SeqCst);
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let host = parts.headers["host"].to_str().unwrap().to_owned();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    if path.ends_with("missing") {
        let xml = "<Error><Code>NoSuchKey</Code><Message>m</Message></Error>";
        return answer::full(404, "application/xml", xml);
    }
    let mut response = answer::full(200, "text/plain", bytes);
    response.headers_mut().insert("x-path", path.parse().unwrap());
    response.headers_mut().insert("x-host", host.parse().unwrap());
    response
}

struct Bench {
    server: Server,
    seen: Arc<AtomicUsize>,
    client: reqwest::Client,
    control: ProxyClient,
}

async fn bench() -> Bench {
    let seen = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(echo).with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let options = Options {
        upstream,
        region: "us-west-2".to_owned(),
        account: "123456789012".to_owned(),
        record: None,
        containers: None,
        listen: "127.0.0.1:0".parse().unwrap(),
    };
    let server = Server::start(options).await.unwrap();
    let control = ProxyClient::new(&server.endpoint());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Bench { server, seen, client, control }
}

impl Bench {
    fn put(&self, path: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        let credential = "Credential=test/20261123/us-west-2/s3/aws4_request";
        self.client
            .put(format!("{}{path}", self.server.endpoint()))
            .header("authorization", format!("AWS4-HMAC-SHA256 {credential}, Signature=0"))
            .header("user-agent", "x/1 app/tester")
            .body(body)
    }
}

#[tokio::test]
async fn a_large_object_passes_unchanged() {
    let bench = bench().await;
    let body: Vec<u8> = (0..8 * 1024 * 1024_u32).map(|n| (n % 251) as u8).collect();
    let path = "/bucket/a%2Fb%20c?x-id=PutObject&empty=&q=%3D";
    let response = bench.put(path, body.clone()).send().await.unwrap();
    assert_eq!(response.headers()["x-path"], path);
    assert!(bench.server.endpoint().ends_with(response.headers()["x-host"].to_str().unwrap()));
    assert!(response.bytes().await.unwrap() == body);
    let calls = bench.control.calls(0).await.unwrap();
    assert_eq!(calls[0].operation, "PutObject");
    assert_eq!((calls[0].status, calls[0].who.as_str()), (200, "tester"));
    assert_eq!(calls[0].request, Value::Null);
}

#[tokio::test]
async fn errors_are_recorded_with_their_code() {
    let bench = bench().await;
    let response = bench.put("/bucket/missing", vec![]).send().await.unwrap();
    assert_eq!(response.status(), 404);
    let calls = bench.control.calls(0).await.unwrap();
    assert_eq!(calls[0].code.as_deref(), Some("NoSuchKey"));
    assert_eq!(bench.control.counts().await.unwrap()["s3:PutObject"].errors, 1);
}

#[tokio::test]
async fn a_fault_answers_in_the_services_own_form() {
    let bench = bench().await;
    let effect = Effect::Answer {
        status: 503,
        code: "SlowDown".to_owned(),
        message: "Please reduce your request rate.".to_owned(),
    };
    bench.control.fault(&Rule::new("s3", "PutObject", effect).only(1, 1)).await.unwrap();
    let response = bench.put("/bucket/k", vec![1]).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.text().await.unwrap().contains("<Code>SlowDown</Code>"));
    assert_eq!(bench.seen.load(Ordering::SeqCst), 0);
    assert_eq!(bench.put("/bucket/k", vec![1]).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_dropped_call_takes_effect_or_not_as_asked() {
    let bench = bench().await;
    for (rule, reached) in [
        (Rule::new("s3", "PutObject", Effect::Drop), 0),
        (Rule::new("s3", "PutObject", Effect::Drop).after(), 1),
    ] {
        bench.control.clear_faults().await.unwrap();
        bench.control.fault(&rule).await.unwrap();
        let result = match bench.put("/bucket/k", vec![1]).send().await {
            Ok(response) => response.bytes().await.map(|_| ()),
            Err(error) => Err(error),
        };
        assert!(result.is_err(), "the connection must be closed without an answer");
        assert_eq!(bench.seen.load(Ordering::SeqCst), reached);
    }
}

#[tokio::test]
async fn a_held_call_of_a_dead_client_never_reaches_aws() {
    let bench = bench().await;
    bench.control.hold(&Rule::new("s3", "PutObject", Effect::Hold)).await.unwrap();
    let call = tokio::spawn(bench.put("/bucket/k", vec![1]).send());
    let held = bench.control.held(Duration::from_secs(20)).await.unwrap();
    assert_eq!(held[0].resource.as_deref(), Some("bucket/k"));
    call.abort();
    let _ = call.await;
    drop(bench.client);
    while !bench.control.held(Duration::ZERO).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(bench.seen.load(Ordering::SeqCst), 0);
    bench.server.stop().await;
}

#[tokio::test]
async fn a_call_that_took_effect_is_recorded_though_its_client_died() {
    let bench = bench().await;
    bench.control.hold(&Rule::new("s3", "PutObject", Effect::Hold).after()).await.unwrap();
    let call = tokio::spawn(bench.put("/bucket/k", vec![1]).send());
    assert_eq!(bench.control.held(Duration::from_secs(20)).await.unwrap().len(), 1);
    call.abort();
    let _ = call.await;
    drop(bench.client);
    while bench.control.calls(0).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(bench.control.calls(0).await.unwrap()[0].status, 200);
    assert_eq!(bench.seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn durations_are_taken_over_the_control_api_and_nonsense_is_refused() {
    let bench = bench().await;
    let pace = Pace { types: [].into(), stacks: [("a".to_owned(), 7.0)].into(), scale: 1.0 };
    bench.control.durations(&pace).await.unwrap();
    let address = format!("{}/_proxy/durations", bench.server.endpoint());
    let refused = bench.client.put(address).body("{\"stack\": 7}").send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 400);
    bench.server.stop().await;
}
