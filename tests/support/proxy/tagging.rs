//! Which resources have a tag. The emulator knows only what was tagged through this very service, so
//! that nothing would ever seem to be left; what EC2 and Secrets Manager have is told by us.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::upstream::{Upstream, UpstreamError};

/// Version of EC2's API.
const EC2: &str = "2016-11-15";

/// ARNs and their tags.
type Tagged = BTreeMap<String, BTreeMap<String, String>>;

/// Sentences for those who look at what is not AWS.
pub(super) fn simulated() -> Vec<String> {
    vec!["The tagging service lists what EC2 and Secrets Manager have, in one page.".to_owned()]
}

/// The answer to `GetResources`; none for any other call.
pub(super) async fn answer(
    upstream: &Upstream,
    account: &str,
    (service, operation): (&str, &str),
    asked: &Value,
) -> Option<Result<Value, UpstreamError>> {
    if (service, operation) != ("tagging", "GetResources") {
        return None;
    }
    Some(all(upstream, account).await.map(|found| list(&found, asked)))
}

async fn all(upstream: &Upstream, account: &str) -> Result<Tagged, UpstreamError> {
    let tags = upstream.query("ec2", "DescribeTags", EC2, &[]).await?;
    let mut found = of_ec2(&tags, &format!("arn:aws:ec2:{}:{account}", upstream.region()));
    let secrets = upstream.json("secretsmanager", "secretsmanager.ListSecrets", &json!({})).await?;
    found.extend(secrets["SecretList"].as_array().into_iter().flatten().filter_map(of_secret));
    Ok(found)
}

fn of_ec2(xml: &str, arn: &str) -> Tagged {
    let mut found = Tagged::new();
    for item in xml.split("<item>").skip(1) {
        let part = |name: &str| {
            let text = item.split_once(&format!("<{name}>"))?.1;
            Some(text.split_once(&format!("</{name}>"))?.0.to_owned())
        };
        let parts = (part("resourceType"), part("resourceId"), part("key"), part("value"));
        if let (Some(kind), Some(id), Some(key), Some(value)) = parts {
            found.entry(format!("{arn}:{kind}/{id}")).or_default().insert(key, value);
        }
    }
    found
}

fn of_secret(secret: &Value) -> Option<(String, BTreeMap<String, String>)> {
    let tag =
        |tag: &Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()));
    let tags = secret["Tags"].as_array()?.iter().filter_map(tag).collect();
    Some((secret["ARN"].as_str()?.to_owned(), tags))
}

/// Each filter has to fit: its key, and one of its values where it names any.
fn list(found: &Tagged, asked: &Value) -> Value {
    let filters: Vec<&Value> = asked["TagFilters"].as_array().into_iter().flatten().collect();
    let fits = |tags: &BTreeMap<String, String>| {
        filters.iter().all(|filter| {
            let value = filter["Key"].as_str().and_then(|key| tags.get(key));
            let values = filter["Values"].as_array().filter(|values| !values.is_empty());
            value.is_some_and(|value| {
                values.is_none_or(|values| values.iter().any(|one| one == value))
            })
        })
    };
    let shown =
        found.iter().filter(|(_, tags)| !tags.is_empty() && fits(tags)).map(|(arn, tags)| {
            let tags: Vec<Value> =
                tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            json!({"ResourceARN": arn, "Tags": tags})
        });
    json!({"PaginationToken": "", "ResourceTagMappingList": shown.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_listed_by_key_and_value() {
        let item = |id: &str, key: &str, value: &str| {
            format!(
                "<item><resourceId>{id}</resourceId><resourceType>elastic-ip</resourceType>\
                 <key>{key}</key><value>{value}</value></item>"
            )
        };
        let xml = [item("eipalloc-1", "a", "x"), item("eipalloc-2", "a", "y")].concat();
        let found = of_ec2(&format!("<tagSet>{xml}</tagSet>"), "arn:aws:ec2:r:1");
        let arns = |asked: Value| -> Vec<String> {
            let listed = list(&found, &asked);
            let all = listed["ResourceTagMappingList"].as_array().unwrap().iter();
            all.map(|one| one["ResourceARN"].as_str().unwrap().to_owned()).collect()
        };
        let [one, two] =
            [1, 2].map(|number| format!("arn:aws:ec2:r:1:elastic-ip/eipalloc-{number}"));
        assert_eq!(arns(json!({})), [one, two.clone()]);
        assert_eq!(arns(json!({"TagFilters": [{"Key": "a", "Values": ["y"]}]})), [two]);
        assert!(arns(json!({"TagFilters": [{"Key": "b"}]})).is_empty());
    }
}
