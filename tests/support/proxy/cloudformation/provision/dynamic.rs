//! Dynamic references: `{{resolve:ssm:...}}`, `{{resolve:secretsmanager:...}}`.

use serde_json::{Map, Value, json};

use crate::proxy::cloudformation::parameters;
use crate::proxy::upstream::Upstream;

const START: &str = "{{resolve:";

/// The value with all dynamic references looked up.
pub(in crate::proxy::cloudformation) async fn references(
    upstream: &Upstream,
    value: Value,
) -> Result<Value, String> {
    match value {
        Value::String(text) if text.contains(START) => {
            look_up(upstream, &text).await.map(Value::String)
        }
        Value::Array(items) => {
            let mut resolved = Vec::with_capacity(items.len());
            for item in items {
                resolved.push(Box::pin(references(upstream, item)).await?);
            }
            Ok(Value::Array(resolved))
        }
        Value::Object(map) => {
            let mut resolved = Map::with_capacity(map.len());
            for (key, inner) in map {
                resolved.insert(key, Box::pin(references(upstream, inner)).await?);
            }
            Ok(Value::Object(resolved))
        }
        other => Ok(other),
    }
}

async fn look_up(upstream: &Upstream, text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(START) {
        out.push_str(&rest[..start]);
        let after = &rest[start + START.len()..];
        let Some(end) = after.find("}}") else {
            return Err(format!(
                "Incorrect format is used in the following dynamic reference: {text}"
            ));
        };
        out.push_str(&one(upstream, &after[..end]).await?);
        rest = &after[end + 2..];
    }
    out.push_str(rest);
    Ok(out)
}

async fn one(upstream: &Upstream, reference: &str) -> Result<String, String> {
    let (service, key) = reference.split_once(':').unwrap_or((reference, ""));
    match service {
        "ssm" | "ssm-secure" => {
            let name = key.rsplit_once(':').filter(|(_, version)| version.parse::<u32>().is_ok());
            let name = name.map_or(key, |(name, _)| name);
            let value = parameters::stored(upstream, name).await;
            value.ok_or_else(|| format!("Parameters: [{key}] cannot be found."))
        }
        "secretsmanager" => secret(upstream, key).await,
        _ => {
            Err(format!("Incorrect format is used in the following dynamic reference: {reference}"))
        }
    }
}

async fn secret(upstream: &Upstream, key: &str) -> Result<String, String> {
    let (id, rest) = split_secret(key);
    let mut body = json!({"SecretId": id});
    let [_, field, stage, version] = rest.map(str::to_owned);
    if !stage.is_empty() {
        body["VersionStage"] = json!(stage);
    }
    if !version.is_empty() {
        body["VersionId"] = json!(version);
    }
    let answer = upstream.json("secretsmanager", "secretsmanager.GetSecretValue", &body).await;
    let answer = answer
        .map_err(|error| format!("Could not retrieve a value for the secret {id}: {error}"))?;
    let value = answer["SecretString"].as_str().unwrap_or_default();
    if field.is_empty() {
        return Ok(value.to_owned());
    }
    let parsed: Value = serde_json::from_str(value).unwrap_or_default();
    parsed[&field].as_str().map(str::to_owned).ok_or_else(|| {
        format!("Could not find a value associated with JSONKey in SecretString: {field}")
    })
}

/// The secret's name or ARN, and what follows it: `SecretString`, key, stage, version.
fn split_secret(key: &str) -> (String, [&str; 4]) {
    let parts: Vec<&str> = key.split(':').collect();
    let length = if key.starts_with("arn:") { 7 } else { 1 };
    let id = parts.iter().take(length).copied().collect::<Vec<_>>().join(":");
    let at = |index: usize| parts.get(length + index).copied().unwrap_or_default();
    (id, [at(0), at(1), at(2), at(3)])
}

#[cfg(test)]
mod tests {
    use super::split_secret;

    #[test]
    fn a_secret_is_named_by_name_or_arn() {
        let arn = "arn:aws:secretsmanager:us-west-2:1:secret:db-x";
        let reference = format!("{arn}:SecretString:password");
        let (id, rest) = split_secret(&reference);
        assert_eq!((id.as_str(), rest), (arn, ["SecretString", "password", "", ""]));
        let (id, rest) = split_secret("db:SecretString:user:AWSCURRENT:");
        assert_eq!((id.as_str(), rest), ("db", ["SecretString", "user", "AWSCURRENT", ""]));
    }
}
