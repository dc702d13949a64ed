//! Operation names of S3, by method, path and query.

use http::Method;

/// Query keys that make an S3 call one about a part of a bucket or object.
const SUBRESOURCES: &[(&str, &str, &str)] = &[
    ("versioning", "BucketVersioning", "BucketVersioning"),
    ("encryption", "BucketEncryption", "BucketEncryption"),
    ("policy", "BucketPolicy", "BucketPolicy"),
    ("policyStatus", "BucketPolicyStatus", "BucketPolicyStatus"),
    ("publicAccessBlock", "PublicAccessBlock", "PublicAccessBlock"),
    ("tagging", "BucketTagging", "ObjectTagging"),
    ("lifecycle", "BucketLifecycleConfiguration", "BucketLifecycleConfiguration"),
    ("location", "BucketLocation", "BucketLocation"),
    ("cors", "BucketCors", "BucketCors"),
    ("acl", "BucketAcl", "ObjectAcl"),
    ("logging", "BucketLogging", "BucketLogging"),
    ("notification", "BucketNotificationConfiguration", "BucketNotificationConfiguration"),
    ("ownershipControls", "BucketOwnershipControls", "BucketOwnershipControls"),
    ("object-lock", "ObjectLockConfiguration", "ObjectLockConfiguration"),
    ("retention", "ObjectRetention", "ObjectRetention"),
    ("legal-hold", "ObjectLegalHold", "ObjectLegalHold"),
    ("attributes", "ObjectAttributes", "ObjectAttributes"),
    ("website", "BucketWebsite", "BucketWebsite"),
    ("replication", "BucketReplication", "BucketReplication"),
];

/// Names a call to S3 in path style, and gives `bucket` or `bucket/key`.
#[must_use]
pub fn name(method: &Method, path: &str, query: &str, copy: bool) -> (String, Option<String>) {
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() {
        return ("ListBuckets".to_owned(), None);
    }
    let keys: Vec<String> =
        url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned()).collect();
    let has = |name: &str| keys.iter().any(|key| key == name);
    let object = !key.is_empty();
    let resource = if object { format!("{bucket}/{key}") } else { bucket.to_owned() };
    let part = SUBRESOURCES.iter().find(|(name, ..)| has(name));
    let operation = match part {
        Some((_, of_bucket, of_object)) => {
            format!("{}{}", verb(method), if object { of_object } else { of_bucket })
        }
        None if object => object_operation(method, has, copy).to_owned(),
        None => bucket_operation(method, has).to_owned(),
    };
    (operation, Some(resource))
}

fn verb(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "Get",
        "DELETE" => "Delete",
        _ => "Put",
    }
}

fn bucket_operation(method: &Method, has: impl Fn(&str) -> bool) -> &'static str {
    match method.as_str() {
        "GET" if has("versions") => "ListObjectVersions",
        "GET" if has("uploads") => "ListMultipartUploads",
        "GET" if has("list-type") => "ListObjectsV2",
        "GET" => "ListObjects",
        "HEAD" => "HeadBucket",
        "POST" if has("delete") => "DeleteObjects",
        "POST" => "PostObject",
        "DELETE" => "DeleteBucket",
        _ => "CreateBucket",
    }
}

fn object_operation(method: &Method, has: impl Fn(&str) -> bool, copy: bool) -> &'static str {
    match method.as_str() {
        "GET" if has("uploadId") => "ListParts",
        "GET" => "GetObject",
        "HEAD" => "HeadObject",
        "POST" if has("uploads") => "CreateMultipartUpload",
        "POST" if has("uploadId") => "CompleteMultipartUpload",
        "POST" if has("restore") => "RestoreObject",
        "POST" => "SelectObjectContent",
        "DELETE" if has("uploadId") => "AbortMultipartUpload",
        "DELETE" => "DeleteObject",
        _ if has("partNumber") && copy => "UploadPartCopy",
        _ if has("partNumber") => "UploadPart",
        _ if copy => "CopyObject",
        _ => "PutObject",
    }
}
