//! Stack policies: what an update may do to which resource.

use serde_json::Value;

/// Why the policy denies `action` (such as `Update:Replace`) on a resource; none when it allows.
pub(super) fn denial(
    policy: Option<&str>,
    action: &str,
    logical_id: &str,
    resource_type: &str,
) -> Option<String> {
    let policy: Value = serde_json::from_str(policy?).ok()?;
    let statements = list(&policy["Statement"]);
    let applies = |statement: &Value| {
        let actions = &statement["Action"];
        let resources = &statement["Resource"];
        let target = format!("LogicalResourceId/{logical_id}");
        let action_fits = match statement.get("NotAction") {
            Some(except) => !list(except).iter().any(|one| fits(one, action)),
            None => list(actions).iter().any(|one| fits(one, action)),
        };
        let resource_fits = match statement.get("NotResource") {
            Some(except) => !list(except).iter().any(|one| fits(one, &target)),
            None => list(resources).iter().any(|one| fits(one, &target)),
        };
        action_fits && resource_fits && condition_fits(&statement["Condition"], resource_type)
    };
    let denied = statements.iter().position(|one| one["Effect"] == "Deny" && applies(one));
    let allowed = statements.iter().any(|one| one["Effect"] == "Allow" && applies(one));
    let words = |number: usize| {
        format!(
            "Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource [LogicalResourceId/{logical_id}]"
        )
    };
    match denied {
        Some(index) => Some(words(index + 1)),
        // A policy protects everything that it does not allow.
        None if !allowed => Some(words(statements.len())),
        None => None,
    }
}

fn condition_fits(condition: &Value, resource_type: &str) -> bool {
    let types = &condition["StringEquals"]["ResourceType"];
    let like = &condition["StringLike"]["ResourceType"];
    if types.is_null() && like.is_null() {
        return true;
    }
    list(types).iter().chain(&list(like)).any(|one| fits(one, resource_type))
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}

fn fits(pattern: &Value, text: &str) -> bool {
    let pattern = pattern.as_str().unwrap_or_default();
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        if index + 1 == parts.len() {
            return part.is_empty() || rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::denial;

    const POLICY: &str = r#"{"Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*",
         "Resource": "*", "Condition": {"StringEquals": {"ResourceType": ["AWS::RDS::DBCluster"]}}}]}"#;

    #[test]
    fn the_database_is_protected_and_the_rest_is_not() {
        let check = |action, kind| denial(Some(POLICY), action, "Db", kind);
        assert_eq!(check("Update:Modify", "AWS::RDS::DBCluster"), None);
        assert_eq!(check("Update:Replace", "AWS::EC2::VPC"), None);
        assert_eq!(
            check("Update:Replace", "AWS::RDS::DBCluster").as_deref(),
            Some(
                "Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource [LogicalResourceId/Db]"
            )
        );
        assert_eq!(denial(None, "Update:Replace", "Db", "AWS::RDS::DBCluster"), None);
    }
}
