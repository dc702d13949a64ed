//! Objects that a key encrypts are read while others are written: the emulator alone would stop for
//! ever, with all its services.

use cloudops_e2e::rehearsal::stage::Stage;
use reqwest::{Body, Method, StatusCode};

use crate::stand::with_stage;

/// Large enough that its decryption takes a while.
const LARGE: usize = 1 << 18;
const TIMES: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_objects_are_read_while_others_are_written() {
    with_stage("encrypted-objects", |stage| async move {
        let rule = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
                    <SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
                    </Rule></ServerSideEncryptionConfiguration>";
        let place = "<CreateBucketConfiguration><LocationConstraint>us-west-2\
                     </LocationConstraint></CreateBucketConfiguration>";
        ask(&stage, Method::PUT, "bucket", place).await;
        ask(&stage, Method::PUT, "bucket?encryption", rule).await;
        ask(&stage, Method::PUT, "bucket/large", vec![b'x'; LARGE]).await;
        let read = async {
            for _ in 0..TIMES {
                assert_eq!(ask(&stage, Method::GET, "bucket/large", "").await, LARGE);
            }
        };
        let write = |name: &'static str| {
            let stage = &stage;
            async move {
                for _ in 0..TIMES * 5 {
                    ask(stage, Method::PUT, name, "small").await;
                }
            }
        };
        tokio::join!(read, write("bucket/one"), write("bucket/two"), write("bucket/three"));
    })
    .await;
}

/// Size of the answer.
async fn ask(stage: &Stage, method: Method, path: &str, body: impl Into<Body>) -> usize {
    let environment: std::collections::BTreeMap<String, String> =
        stage.emulator.env().into_iter().collect();
    let (endpoint, region) = (&environment["AWS_ENDPOINT_URL"], &environment["AWS_REGION"]);
    let address = format!("{}/{path}", endpoint.trim_end_matches('/'));
    let scope = format!("test/20260101/{region}/s3/aws4_request");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.request(method, &address).body(body);
    let credential = format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=0");
    let answer = request.header("Authorization", credential).send().await.unwrap();
    let status = answer.status();
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{address}: {}", String::from_utf8_lossy(&bytes));
    bytes.len()
}
