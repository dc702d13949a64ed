use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path, query_param},
};

use super::*;

async fn consul(server: &MockServer) -> Consul {
    let url = server.uri().parse().unwrap();
    let token = Secret::new("the-token");
    Consul::new(&url, token, &"acme".parse().unwrap(), "arn:me", CancellationToken::new()).unwrap()
}

fn key() -> ConfigKey {
    ConfigKey::from_below_instance("shop/currency").unwrap()
}

const VALUE: &str = "/v1/kv/cloudops/acme/values/shop/currency";
const HISTORY: &str = "/v1/kv/cloudops/acme/history/shop/currency/";

fn pair(key: &str, value: &str, flags: u64) -> serde_json::Value {
    use base64::Engine as _;
    let value = base64::engine::general_purpose::STANDARD.encode(value);
    serde_json::json!({"LockIndex": 0, "Key": key, "Flags": flags, "Value": value,
        "CreateIndex": 3, "ModifyIndex": 42})
}

async fn answers(server: &MockServer, at: &str, status: u16, body: serde_json::Value) {
    Mock::given(method("GET"))
        .and(path(at))
        .and(header("X-Consul-Token", "the-token"))
        .respond_with(ResponseTemplate::new(status).set_body_json(body))
        .mount(server)
        .await;
}

#[tokio::test]
async fn a_value_and_its_record_are_one_transaction() {
    let server = MockServer::start().await;
    answers(&server, VALUE, 200, serde_json::json!([pair("k", "EUR", 1)])).await;
    let record = r#"{"schema":1,"version":1,"stored":"EUR","at":"2026-01-01T00:00:00Z","by":"x"}"#;
    let at = "cloudops/acme/history/shop/currency/0000000001";
    let deeper = "cloudops/acme/history/shop/currency/a/0000000001";
    let found = serde_json::json!([pair(at, record, 0), pair(deeper, record, 0)]);
    answers(&server, HISTORY, 200, found).await;
    Mock::given(method("PUT"))
        .and(path("/v1/txn"))
        .respond_with(ResponseTemplate::new(200).set_body_json(serde_json::json!({})))
        .mount(&server)
        .await;
    let consul = consul(&server).await;
    let locked = Locked::before_there_is_a_bucket();
    let value = Value::text("USD").unwrap();
    assert_eq!(consul.put(&locked, &key(), &value, Some(1)).await.unwrap(), 2);
    let requests = server.received_requests().await.unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap();
    let (first, second) = (&sent[0]["KV"], &sent[1]["KV"]);
    assert_eq!(
        (&first["Verb"], &first["Index"], &first["Flags"]),
        (&"cas".into(), &42.into(), &2.into())
    );
    assert_eq!(first["Key"], "cloudops/acme/values/shop/currency");
    assert_eq!((&second["Verb"], &second["Index"]), (&"cas".into(), &0.into()));
    assert_eq!(second["Key"], "cloudops/acme/history/shop/currency/0000000002");
    assert_eq!(sent.as_array().unwrap().len(), 2);
    // Another version than the one that was seen, and one that another client wrote (no flags).
    for seen in [None, Some(7)] {
        let refused = consul.put(&locked, &key(), &value, seen).await;
        assert!(matches!(refused, Err(ConfigError::Conflict { .. })), "{seen:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_good_is_named() {
    let server = MockServer::start().await;
    Mock::given(query_param("consistent", ""))
        .respond_with(ResponseTemplate::new(403).set_body_string("ACL not found"))
        .mount(&server)
        .await;
    let error = consul(&server).await.get(&key()).await.unwrap_err();
    assert_eq!(error.to_string(), "Consul refuses the token: ACL not found");
}

#[tokio::test]
async fn an_election_is_waited_for() {
    let server = MockServer::start().await;
    Mock::given(path(VALUE))
        .respond_with(ResponseTemplate::new(500).set_body_string("No cluster leader"))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    answers(&server, VALUE, 200, serde_json::json!([pair("k", "EUR", 3)])).await;
    let found = consul(&server).await.get(&key()).await.unwrap().unwrap();
    assert_eq!((found.version, found.value), (3, Value::Text("EUR".to_owned())));
}

#[tokio::test]
async fn what_others_wrote_is_recorded_before_it_is_overwritten() {
    let server = MockServer::start().await;
    answers(&server, VALUE, 200, serde_json::json!([pair("k", "by hand", 0)])).await;
    answers(&server, HISTORY, 404, serde_json::Value::Null).await;
    Mock::given(method("PUT"))
        .and(path("/v1/txn"))
        .respond_with(ResponseTemplate::new(409).set_body_json(
            serde_json::json!({"Errors": [{"OpIndex": 0, "What": "index is stale"}]}),
        ))
        .mount(&server)
        .await;
    let consul = consul(&server).await;
    let locked = Locked::before_there_is_a_bucket();
    let refused = consul.remove(&locked, &key(), 0).await.unwrap_err();
    assert!(refused.to_string().contains("at the same time"), "{refused}");
    let requests = server.received_requests().await.unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap();
    let verbs: Vec<_> =
        sent.as_array().unwrap().iter().map(|one| one["KV"]["Verb"].as_str().unwrap()).collect();
    assert_eq!(verbs, ["cas", "delete-cas", "cas"]);
}
