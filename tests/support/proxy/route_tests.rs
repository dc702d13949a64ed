use super::*;

fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn signed(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20261123/us-west-2/{service}/aws4_request, \
         SignedHeaders=host, Signature=00"
    )
}

fn check(call: &Call, service: &str, operation: &str, resource: Option<&str>, mutating: bool) {
    let found = (&*call.service, &*call.operation, call.resource.as_deref(), call.mutating);
    assert_eq!(found, (service, operation, resource, mutating));
}

#[test]
fn json_calls_are_named_by_target() {
    let parts = parts(
        "POST",
        "/",
        &[
            ("authorization", &signed("ecs")),
            ("x-amz-target", "AmazonEC2ContainerServiceV20141113.UpdateService"),
            ("user-agent", "aws-sdk-rust/1.3 os/linux app/clouddeploy lang/rust"),
        ],
    );
    assert!(wants_body(&parts));
    let call = name(&parts, Some(br#"{"cluster":"author","service":"cm"}"#));
    check(&call, "ecs", "UpdateService", Some("author/cm"), true);
    assert_eq!(call.who, "clouddeploy");
}

#[test]
fn query_calls_are_named_by_action() {
    let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let parts = parts("POST", "/", &[("authorization", &signed("cloudformation")), form]);
    let call = name(&parts, Some(b"Action=DescribeStacks&StackName=demo-core-state"));
    check(&call, "cloudformation", "DescribeStacks", Some("demo-core-state"), false);
    assert_eq!(call.protocol, Protocol::Query);
}

#[test]
fn unsigned_query_calls_are_for_the_token_service() {
    let parts = parts("GET", "/?Action=AssumeRoleWithWebIdentity&RoleArn=r", &[]);
    check(&name(&parts, None), "sts", "AssumeRoleWithWebIdentity", Some("r"), false);
}

#[test]
fn s3_calls_are_named_by_method_path_and_query() {
    let auth = signed("s3");
    for (method, uri, operation, resource, mutating) in [
        ("GET", "/", "ListBuckets", None, false),
        ("PUT", "/b", "CreateBucket", Some("b"), true),
        ("GET", "/b?list-type=2&prefix=x", "ListObjectsV2", Some("b"), false),
        ("PUT", "/b?versioning", "PutBucketVersioning", Some("b"), true),
        ("PUT", "/b/a/k.zip", "PutObject", Some("b/a/k.zip"), true),
        ("HEAD", "/b/a/k.zip", "HeadObject", Some("b/a/k.zip"), false),
        ("POST", "/b/k?uploads", "CreateMultipartUpload", Some("b/k"), true),
        ("PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart", Some("b/k"), true),
        ("POST", "/b/k?uploadId=u", "CompleteMultipartUpload", Some("b/k"), true),
        ("POST", "/b?delete", "DeleteObjects", Some("b"), true),
    ] {
        let parts = parts(method, uri, &[("authorization", &auth)]);
        assert!(!wants_body(&parts), "{uri} must stream");
        check(&name(&parts, None), "s3", operation, resource, mutating);
    }
}

#[test]
fn presigned_queries_carry_the_service() {
    let uri = "/b/k?X-Amz-Credential=test%2F20261123%2Fus-west-2%2Fs3%2Faws4_request";
    check(&name(&parts("GET", uri, &[]), None), "s3", "GetObject", Some("b/k"), false);
}

#[test]
fn rest_services_are_named_by_their_tables() {
    for (service, method, uri, operation, resource) in [
        ("route53", "POST", "/2013-04-01/hostedzone/Z1/rrset", "ChangeResourceRecordSets", "Z1"),
        ("route53", "GET", "/2013-04-01/hostedzonesbyname", "ListHostedZonesByName", ""),
        ("lambda", "POST", "/2015-03-31/functions/f/invocations", "Invoke", "f"),
        ("elasticfilesystem", "GET", "/2015-02-01/file-systems", "DescribeFileSystems", ""),
        ("mq", "DELETE", "/v1/brokers/b-1", "DeleteBroker", "b-1"),
        ("backup", "PUT", "/backup-vaults/v", "PUT /backup-vaults/v", "/backup-vaults/v"),
    ] {
        let call = name(&parts(method, uri, &[("authorization", &signed(service))]), None);
        assert_eq!((&*call.service, &*call.operation), (service, operation));
        assert_eq!(call.resource.unwrap_or_default(), resource);
    }
}

#[test]
fn the_registry_is_not_a_bucket() {
    let call = name(&parts("PUT", "/v2/team/app/manifests/1.4", &[]), None);
    check(&call, "ecr-registry", "PUT manifests", Some("team/app/manifests/1.4"), true);
    let bucket = parts("GET", "/v2/key", &[("authorization", &signed("s3"))]);
    assert_eq!(name(&bucket, None).operation, "GetObject");
}
