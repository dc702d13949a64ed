//! What AWS refuses and the emulator does not: names that are taken, things that are not empty.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Refusal, text};
use crate::proxy::cloudformation::names::name_property;
use crate::proxy::cloudformation::state::Resource;
use crate::proxy::upstream::Upstream;

/// Refuses to make what is there already.
pub(super) async fn before_create(
    upstream: &Upstream,
    resource_type: &str,
    properties: &Value,
) -> Result<(), Refusal> {
    let property = match resource_type {
        "AWS::KMS::Alias" => "AliasName",
        other => match name_property(other) {
            Some(property) => property,
            None => return Ok(()),
        },
    };
    let name = text(properties, property);
    if name.is_empty() || !is_taken(upstream, resource_type, &name).await {
        return Ok(());
    }
    let identifier =
        json!({format!("/properties/{property}"): name}).to_string().replace('"', "\\\"");
    Err(Refusal::new(
        "AlreadyExists",
        format!(
            "Resource of type '{resource_type}' with identifier '{identifier}' already exists."
        ),
    ))
}

/// Whether a resource of this type and name is there.
pub(in crate::proxy::cloudformation) async fn is_taken(
    upstream: &Upstream,
    resource_type: &str,
    name: &str,
) -> bool {
    let json = |service: &'static str, target: &'static str, body: Value| async move {
        upstream.json(service, target, &body).await.ok()
    };
    match resource_type {
        "AWS::S3::Bucket" => {
            let answer = upstream.rest("s3", Method::HEAD, &format!("/{name}"), Vec::new()).await;
            answer.is_ok_and(|(status, _)| status == 200)
        }
        "AWS::Logs::LogGroup" => {
            let body = json!({"logGroupNamePrefix": name});
            let answer =
                json("logs", "Logs_20140328.DescribeLogGroups", body).await.unwrap_or_default();
            let mut groups = answer["logGroups"].as_array().into_iter().flatten();
            groups.any(|group| group["logGroupName"] == name)
        }
        "AWS::ECR::Repository" => {
            let target = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories";
            json("ecr", target, json!({"repositoryNames": [name]})).await.is_some()
        }
        "AWS::SSM::Parameter" => {
            json("ssm", "AmazonSSM.GetParameter", json!({"Name": name})).await.is_some()
        }
        "AWS::SecretsManager::Secret" => {
            json("secretsmanager", "secretsmanager.DescribeSecret", json!({"SecretId": name}))
                .await
                .is_some()
        }
        "AWS::KMS::Alias" => {
            let answer =
                json("kms", "TrentService.ListAliases", json!({})).await.unwrap_or_default();
            let mut aliases = answer["Aliases"].as_array().into_iter().flatten();
            aliases.any(|alias| alias["AliasName"] == name)
        }
        "AWS::IAM::Role" => {
            query(upstream, "iam", "GetRole", "2010-05-08", ("RoleName", name)).await
        }
        "AWS::RDS::DBCluster" => {
            query(
                upstream,
                "rds",
                "DescribeDBClusters",
                "2014-10-31",
                ("DBClusterIdentifier", name),
            )
            .await
        }
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
            query(
                upstream,
                "elasticloadbalancing",
                "DescribeLoadBalancers",
                "2015-12-01",
                ("Names.member.1", name),
            )
            .await
        }
        "AWS::ElasticLoadBalancingV2::TargetGroup" => {
            query(
                upstream,
                "elasticloadbalancing",
                "DescribeTargetGroups",
                "2015-12-01",
                ("Names.member.1", name),
            )
            .await
        }
        _ => false,
    }
}

async fn query(
    upstream: &Upstream,
    service: &str,
    action: &str,
    version: &str,
    field: (&str, &str),
) -> bool {
    let form = [(field.0.to_owned(), field.1.to_owned())];
    let answer = upstream.query(service, action, version, &form).await;
    answer.is_ok_and(|xml| xml.contains(&format!(">{}<", field.1)))
}

/// Refuses to delete what AWS would not.
pub(super) async fn before_delete(
    upstream: &Upstream,
    account: &str,
    resource: &Resource,
    properties: &Value,
) -> Result<(), Refusal> {
    let (kind, handle) = (resource.resource_type.as_str(), resource.handle.as_str());
    let Some(sentence) = obstacle(upstream, account, (kind, handle), properties).await else {
        return Ok(());
    };
    let code =
        if kind == "AWS::ECR::Repository" { "GeneralServiceException" } else { "InvalidRequest" };
    Err(Refusal::new(code, sentence))
}

/// Why a resource cannot be deleted, in its service's words.
async fn obstacle(
    upstream: &Upstream,
    account: &str,
    (kind, handle): (&str, &str),
    properties: &Value,
) -> Option<String> {
    Some(match kind {
        "AWS::S3::Bucket" if !bucket_is_empty(upstream, handle).await => {
            "The bucket you tried to delete is not empty (Service: S3, Status Code: 409)".to_owned()
        }
        "AWS::ECR::Repository"
            if properties["EmptyOnDelete"] != json!(true) && has_images(upstream, handle).await =>
        {
            format!("The repository with name '{handle}' in registry with id '{account}' cannot be deleted because it still contains images (Service: Ecr, Status Code: 400)")
        }
        "AWS::RDS::DBCluster" if is_protected(upstream, "DescribeDBClusters", "DBClusterIdentifier", handle).await => {
            "Cannot delete protected Cluster, please disable deletion protection and try again. (Service: Rds, Status Code: 400)".to_owned()
        }
        "AWS::RDS::DBInstance" if is_protected(upstream, "DescribeDBInstances", "DBInstanceIdentifier", handle).await => {
            "Cannot delete protected DB Instance, please disable deletion protection and try again. (Service: Rds, Status Code: 400)".to_owned()
        }
        "AWS::ElasticLoadBalancingV2::LoadBalancer" if balancer_is_protected(upstream, handle).await => {
            format!("Load balancer '{handle}' cannot be deleted because deletion protection is enabled (Service: ElasticLoadBalancingV2, Status Code: 400)")
        }
        "AWS::EC2::Subnet" if has_interfaces(upstream, "subnet-id", handle).await => {
            format!("The subnet '{handle}' has dependencies and cannot be deleted. (Service: Ec2, Status Code: 400)")
        }
        "AWS::EC2::SecurityGroup" if has_interfaces(upstream, "group-id", handle).await => {
            format!("resource {handle} has a dependent object (Service: Ec2, Status Code: 400)")
        }
        "AWS::Route53::HostedZone" if has_records(upstream, handle).await => {
            "The specified hosted zone contains non-required resource record sets and so cannot be deleted. (Service: Route53, Status Code: 400)".to_owned()
        }
        _ => return None,
    })
}

/// The service is asked, not the template: protection is taken off by hand before a deletion.
async fn is_protected(upstream: &Upstream, action: &str, by: &str, id: &str) -> bool {
    let form = [(by.to_owned(), id.to_owned())];
    let answer = upstream.query("rds", action, "2014-10-31", &form).await;
    answer.is_ok_and(|xml| xml.contains("<DeletionProtection>true</DeletionProtection>"))
}

/// Whether a network interface is in a subnet, or has a security group. Those of tasks do not
/// count: AWS takes them away while it drains a service, and the emulator long after.
async fn has_interfaces(upstream: &Upstream, filter: &str, id: &str) -> bool {
    let form = [
        ("Filter.1.Name".to_owned(), filter.to_owned()),
        ("Filter.1.Value.1".to_owned(), id.to_owned()),
    ];
    let answer = upstream.query("ec2", "DescribeNetworkInterfaces", "2016-11-15", &form).await;
    let of_a_task = "<description>arn:aws:ecs:";
    answer.is_ok_and(|xml| {
        let ids = xml.matches("<networkInterfaceId>").count();
        ids > xml.matches(of_a_task).count()
    })
}

async fn balancer_is_protected(upstream: &Upstream, arn: &str) -> bool {
    let form = [("LoadBalancerArn".to_owned(), arn.to_owned())];
    let action = "DescribeLoadBalancerAttributes";
    let answer = upstream.query("elasticloadbalancing", action, "2015-12-01", &form).await;
    answer.is_ok_and(|xml| attribute_is(&xml, "deletion_protection.enabled", "true"))
}

/// Whether a list of keys and values says this, whichever of the two comes first.
fn attribute_is(xml: &str, key: &str, value: &str) -> bool {
    let (key, value) = (format!("<Key>{key}</Key>"), format!("<Value>{value}</Value>"));
    xml.split("<member>").any(|member| member.contains(&key) && member.contains(&value))
}

async fn bucket_is_empty(upstream: &Upstream, bucket: &str) -> bool {
    let path = format!("/{bucket}?versions&max-keys=1");
    match upstream.rest("s3", Method::GET, &path, Vec::new()).await {
        Ok((200, xml)) => !xml.contains("<Version>") && !xml.contains("<DeleteMarker>"),
        _ => true,
    }
}

async fn has_images(upstream: &Upstream, repository: &str) -> bool {
    let target = "AmazonEC2ContainerRegistry_V20150921.ListImages";
    let answer = upstream.json("ecr", target, &json!({"repositoryName": repository})).await;
    answer
        .is_ok_and(|answer| answer["imageIds"].as_array().is_some_and(|images| !images.is_empty()))
}

async fn has_records(upstream: &Upstream, zone: &str) -> bool {
    let path = format!("/2013-04-01/hostedzone/{zone}/rrset");
    match upstream.rest("route53", Method::GET, &path, Vec::new()).await {
        Ok((200, xml)) => xml
            .split("<ResourceRecordSet>")
            .skip(1)
            .any(|set| !set.contains("<Type>NS</Type>") && !set.contains("<Type>SOA</Type>")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode};

    use super::*;

    const CLUSTER: &str = "AWS::RDS::DBCluster";
    const BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
    /// The questions that the emulator answered with what [`cluster`] and [`balancer`] give.
    const ASK_CLUSTER: &str = "Action=DescribeDBClusters&Version=2014-10-31&DBClusterIdentifier=c";
    const ASK_BALANCER: &str =
        "Action=DescribeLoadBalancerAttributes&Version=2015-12-01&LoadBalancerArn=arn%3Ab";

    /// The emulator's answer about a cluster, shortened to some of its fields.
    fn cluster(protected: bool) -> String {
        format!(
            "<DescribeDBClustersResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\">
  <DescribeDBClustersResult>
    <DBClusters>
      <DBCluster>
          <DBClusterIdentifier>c</DBClusterIdentifier>
          <StorageEncrypted>false</StorageEncrypted>
          <DeletionProtection>{protected}</DeletionProtection>
      </DBCluster>
    </DBClusters>
  </DescribeDBClustersResult>
</DescribeDBClustersResponse>"
        )
    }

    /// The emulator's answer about a balancer, shortened to some of its attributes.
    fn balancer(protected: bool) -> String {
        let attributes = [
            ("access_logs.s3.bucket", String::new()),
            ("access_logs.s3.enabled", "false".to_owned()),
            ("deletion_protection.enabled", protected.to_string()),
            ("load_balancing.cross_zone.enabled", "true".to_owned()),
            ("routing.http2.enabled", "true".to_owned()),
        ];
        let members = attributes
            .map(|(key, value)| format!("<member><Key>{key}</Key><Value>{value}</Value></member>"));
        let name = "DescribeLoadBalancerAttributes";
        let members = members.concat();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><{name}Response><{name}Result><Attributes>\
             {members}</Attributes></{name}Result></{name}Response>"
        )
    }

    /// The obstacle when the service answers this one question, and no other.
    async fn told(question: &'static str, xml: String, kind: &str, id: &str) -> Option<String> {
        let app = Router::new().fallback(move |asked: String| async move {
            if asked == question { (StatusCode::OK, xml) } else { (StatusCode::BAD_REQUEST, asked) }
        });
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let upstream = Upstream::new(&format!("http://127.0.0.1:{port}"), "us-west-2");
        obstacle(&upstream, "123456789012", (kind, id), &json!({})).await
    }

    #[tokio::test]
    async fn protected_resources_are_not_deleted_in_the_words_of_their_services() {
        let said = told(ASK_CLUSTER, cluster(true), CLUSTER, "c").await.expect("refused");
        assert!(said.starts_with(
            "Cannot delete protected Cluster, please disable deletion protection and try again."
        ));
        let said = told(ASK_BALANCER, balancer(true), BALANCER, "arn:b").await.expect("refused");
        assert!(said.starts_with(
            "Load balancer 'arn:b' cannot be deleted because deletion protection is enabled"
        ));
    }

    #[tokio::test]
    async fn what_is_not_protected_is_deleted() {
        assert_eq!(told(ASK_CLUSTER, cluster(false), CLUSTER, "c").await, None);
        assert_eq!(told(ASK_BALANCER, balancer(false), BALANCER, "arn:b").await, None);
    }
}
