//! Operation names of the REST services, by method and path.

use http::Method;

/// `service`, method, path pattern (`*` is one segment, and the first one is the resource), name.
const OPERATIONS: &[(&str, &str, &str, &str)] = &[
    ("route53", "GET", "/2013-04-01/hostedzone", "ListHostedZones"),
    ("route53", "POST", "/2013-04-01/hostedzone", "CreateHostedZone"),
    ("route53", "GET", "/2013-04-01/hostedzone/*", "GetHostedZone"),
    ("route53", "POST", "/2013-04-01/hostedzone/*", "UpdateHostedZoneComment"),
    ("route53", "DELETE", "/2013-04-01/hostedzone/*", "DeleteHostedZone"),
    ("route53", "GET", "/2013-04-01/hostedzone/*/rrset", "ListResourceRecordSets"),
    ("route53", "POST", "/2013-04-01/hostedzone/*/rrset", "ChangeResourceRecordSets"),
    ("route53", "GET", "/2013-04-01/hostedzonesbyname", "ListHostedZonesByName"),
    ("route53", "GET", "/2013-04-01/hostedzonesbyvpc", "ListHostedZonesByVPC"),
    ("route53", "GET", "/2013-04-01/change/*", "GetChange"),
    ("route53", "POST", "/2013-04-01/healthcheck", "CreateHealthCheck"),
    ("route53", "GET", "/2013-04-01/testdnsanswer", "TestDNSAnswer"),
    ("lambda", "GET", "/2015-03-31/functions", "ListFunctions"),
    ("lambda", "POST", "/2015-03-31/functions", "CreateFunction"),
    ("lambda", "GET", "/2015-03-31/functions/*", "GetFunction"),
    ("lambda", "DELETE", "/2015-03-31/functions/*", "DeleteFunction"),
    ("lambda", "PUT", "/2015-03-31/functions/*/code", "UpdateFunctionCode"),
    ("lambda", "PUT", "/2015-03-31/functions/*/configuration", "UpdateFunctionConfiguration"),
    ("lambda", "GET", "/2015-03-31/functions/*/configuration", "GetFunctionConfiguration"),
    ("lambda", "POST", "/2015-03-31/functions/*/invocations", "Invoke"),
    ("lambda", "POST", "/2015-03-31/functions/*/policy", "AddPermission"),
    ("elasticfilesystem", "GET", "/2015-02-01/file-systems", "DescribeFileSystems"),
    ("elasticfilesystem", "POST", "/2015-02-01/file-systems", "CreateFileSystem"),
    ("elasticfilesystem", "PUT", "/2015-02-01/file-systems/*", "UpdateFileSystem"),
    ("elasticfilesystem", "DELETE", "/2015-02-01/file-systems/*", "DeleteFileSystem"),
    ("elasticfilesystem", "GET", "/2015-02-01/mount-targets", "DescribeMountTargets"),
    ("elasticfilesystem", "POST", "/2015-02-01/mount-targets", "CreateMountTarget"),
    ("elasticfilesystem", "DELETE", "/2015-02-01/mount-targets/*", "DeleteMountTarget"),
    ("elasticfilesystem", "GET", "/2015-02-01/access-points", "DescribeAccessPoints"),
    ("elasticfilesystem", "POST", "/2015-02-01/access-points", "CreateAccessPoint"),
    ("elasticfilesystem", "DELETE", "/2015-02-01/access-points/*", "DeleteAccessPoint"),
    ("mq", "GET", "/v1/brokers", "ListBrokers"),
    ("mq", "POST", "/v1/brokers", "CreateBroker"),
    ("mq", "GET", "/v1/brokers/*", "DescribeBroker"),
    ("mq", "PUT", "/v1/brokers/*", "UpdateBroker"),
    ("mq", "DELETE", "/v1/brokers/*", "DeleteBroker"),
    ("mq", "POST", "/v1/brokers/*/reboot", "RebootBroker"),
    ("apigateway", "GET", "/restapis", "GetRestApis"),
    ("apigateway", "POST", "/restapis", "CreateRestApi"),
    ("apigateway", "GET", "/restapis/*", "GetRestApi"),
    ("apigateway", "DELETE", "/restapis/*", "DeleteRestApi"),
    ("resource-groups", "POST", "/groups", "CreateGroup"),
];

/// Names a call to a REST service: the operation, or `METHOD /path` when the tables do not have
/// it, and the resource.
#[must_use]
pub fn name(service: &str, method: &Method, path: &str) -> (String, Option<String>) {
    let path = path.trim_end_matches('/');
    for (owner, verb, pattern, operation) in OPERATIONS {
        if *owner == service
            && *verb == method.as_str()
            && let Some(resource) = matches(pattern, path)
        {
            return ((*operation).to_owned(), resource);
        }
    }
    (format!("{method} {path}"), Some(path.to_owned()))
}

/// `None` when the path is not the pattern's, else the first `*`.
fn matches(pattern: &str, path: &str) -> Option<Option<String>> {
    let (pattern, path): (Vec<_>, Vec<_>) =
        (pattern.split('/').collect(), path.split('/').collect());
    if pattern.len() != path.len() {
        return None;
    }
    let mut resource = None;
    for (wanted, found) in pattern.iter().zip(&path) {
        if *wanted == "*" {
            resource = resource.or_else(|| Some((*found).to_owned()));
        } else if wanted != found {
            return None;
        }
    }
    Some(resource)
}
