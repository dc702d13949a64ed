//! What of a request may be recorded: names and numbers, never a secret.

use serde_json::{Map, Value, json};

/// Longest text kept of one value.
const LONGEST: usize = 200;
/// What stands for a value that is not recorded.
pub const MASK: &str = "[redacted]";

/// Names of values that are secret wherever they stand.
const SECRET_NAMES: [&str; 10] = [
    "password",
    "secretstring",
    "secretbinary",
    "secretkey",
    "secretaccesskey",
    "sessiontoken",
    "authtoken",
    "authorizationtoken",
    "plaintext",
    "privatekey",
];

/// A JSON request with its secrets masked and long text cut.
#[must_use]
pub fn json(service: &str, operation: &str, value: &Value) -> Value {
    let mut shown = masked(value);
    // A parameter's type decides, and an update of one may leave the type out.
    if service == "ssm"
        && operation == "PutParameter"
        && value["Type"] != "String"
        && value["Type"] != "StringList"
    {
        shown["Value"] = Value::from(MASK);
    }
    shown
}

/// A query request with its secrets masked and long text cut.
#[must_use]
pub fn form(parameters: &[(String, String)]) -> Value {
    let mut shown = Map::new();
    for (name, value) in parameters {
        if name == "Version" || name.starts_with("X-Amz-") {
            continue;
        }
        let secret = is_secret(last_part(name)) || names_a_secret(parameters, name);
        let text = if secret { MASK.to_owned() } else { cut(value) };
        shown.insert(name.clone(), Value::from(text));
    }
    Value::Object(shown)
}

/// Whether `...member.1.ParameterValue` belongs to a `...member.1.ParameterKey` of a secret name.
fn names_a_secret(parameters: &[(String, String)], name: &str) -> bool {
    let Some(stem) = name.strip_suffix("Value") else {
        return false;
    };
    let key = format!("{stem}Key");
    parameters.iter().any(|(name, value)| *name == key && is_secret(value))
}

fn masked(value: &Value) -> Value {
    match value {
        Value::Object(fields) => masked_fields(fields),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::String(text) => Value::from(cut(text)),
        other => other.clone(),
    }
}

fn masked_fields(fields: &Map<String, Value>) -> Value {
    // `{"name": "DB_PASSWORD", "value": "..."}`: the neighbour says what the value is.
    let named_secret = ["name", "Name", "key", "Key", "ParameterKey"]
        .iter()
        .any(|name| fields.get(*name).and_then(Value::as_str).is_some_and(is_secret));
    let mut shown = Map::new();
    for (name, value) in fields {
        let is_value = matches!(name.as_str(), "value" | "Value" | "ParameterValue");
        let secret = is_secret(name) || (named_secret && is_value);
        let kept = if secret && !value.is_null() { json!(MASK) } else { masked(value) };
        shown.insert(name.clone(), kept);
    }
    Value::Object(shown)
}

fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| plain.ends_with(secret))
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn cut(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let kept: String = text.chars().take(LONGEST).collect();
    format!("{kept}... ({} bytes)", text.len())
}

/// What a JSON call is about.
#[must_use]
pub fn resource_of_json(value: &Value) -> Option<String> {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    if let Some(cluster) = text("cluster") {
        let inner = text("service").or_else(|| text("serviceName")).or_else(|| text("task"));
        let listed = value["services"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","));
        let cluster = last_segment(&cluster);
        return Some(match inner.or(listed) {
            Some(inner) => format!("{cluster}/{}", last_segment(&inner)),
            None => cluster,
        });
    }
    const NAMES: [&str; 19] = [
        "repositoryName",
        "SecretId",
        "Name",
        "name",
        "logGroupName",
        "serviceName",
        "clusterName",
        "family",
        "taskDefinition",
        "CertificateArn",
        "DomainName",
        "KeyId",
        "TypeName",
        "resourceArn",
        "ResourceArn",
        "TableName",
        "Path",
        "serviceDeploymentArn",
        "ResourceId",
    ];
    NAMES.iter().find_map(|name| text(name)).map(|name| cut(&name))
}

/// What a query call is about.
#[must_use]
pub fn resource_of_form(parameters: &[(String, String)]) -> Option<String> {
    const NAMES: [&str; 16] = [
        "StackName",
        "DBClusterIdentifier",
        "DBInstanceIdentifier",
        "RoleName",
        "UserName",
        "PolicyArn",
        "LoadBalancerArn",
        "TargetGroupArn",
        "ListenerArn",
        "VpcId",
        "GroupId",
        "GroupName",
        "RoleArn",
        "AutoScalingGroupName",
        "Name",
        "KeyName",
    ];
    NAMES.iter().find_map(|wanted| {
        parameters.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
    })
}

fn last_segment(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let shown = json(
            "secretsmanager",
            "CreateSecret",
            &json!({"Name": "db", "SecretString": "hunter2", "ClientRequestToken": "run-1"}),
        );
        assert_eq!(
            shown,
            json!({"Name": "db", "SecretString": MASK, "ClientRequestToken": "run-1"})
        );
        let task = json!({"environment": [{"name": "DB_PASSWORD", "value": "x"}, {"name": "A", "value": "1"}]});
        assert_eq!(
            json("ecs", "RegisterTaskDefinition", &task),
            json!({"environment": [{"name": "DB_PASSWORD", "value": MASK}, {"name": "A", "value": "1"}]})
        );
    }

    #[test]
    fn a_parameter_is_shown_only_when_it_says_that_it_is_no_secret() {
        let secure = json!({"Name": "/a", "Value": "x", "Type": "SecureString"});
        assert_eq!(json("ssm", "PutParameter", &secure)["Value"], MASK);
        let update = json!({"Name": "/a", "Value": "x", "Overwrite": true});
        assert_eq!(json("ssm", "PutParameter", &update)["Value"], MASK);
        let plain = json!({"Name": "/a", "Value": "x", "Type": "String"});
        assert_eq!(json("ssm", "PutParameter", &plain)["Value"], "x");
    }

    #[test]
    fn form_parameters_are_masked_by_their_key() {
        let owned = |(a, b): (&str, &str)| (a.to_owned(), b.to_owned());
        let parameters: Vec<_> = [
            ("StackName", "s"),
            ("Parameters.member.1.ParameterKey", "DbPassword"),
            ("Parameters.member.1.ParameterValue", "hunter2"),
            ("MasterUserPassword", "hunter2"),
        ]
        .map(owned)
        .into();
        let shown = form(&parameters).to_string();
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(resource_of_form(&parameters).as_deref(), Some("s"));
    }

    #[test]
    fn long_text_is_cut() {
        let shown = json("x", "Y", &json!({"body": "a".repeat(1000)}));
        assert!(shown["body"].as_str().unwrap().ends_with("... (1000 bytes)"));
    }
}
