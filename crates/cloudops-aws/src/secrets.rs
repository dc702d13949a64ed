//! Secrets (Secrets Manager). A value leaves this module only inside a [`Secret`].

use aws_sdk_secretsmanager::Client;

use crate::{
    connect::{Aws, broken},
    error::AwsError,
    redact::Secret,
};

/// Text of a secret (`GetSecretValue`).
///
/// # Errors
/// [`AwsError`]; of kind not found when there is no such secret.
pub async fn text(aws: &Aws, arn: &str) -> Result<Secret, AwsError> {
    let request = Client::new(aws.config()).get_secret_value().secret_id(arn);
    let answer = request
        .send()
        .await
        .map_err(|error| AwsError::new("Secrets Manager", "GetSecretValue", error))?;
    Ok(Secret::new(answer.secret_string.unwrap_or_default()))
}

/// One field of a secret that is a JSON document, as generated secrets are (`GetSecretValue`).
///
/// # Errors
/// [`AwsError`]; of kind broken when the secret has no such field.
pub async fn field(aws: &Aws, arn: &str, field: &str) -> Result<Secret, AwsError> {
    let text = text(aws, arn).await?;
    let document: serde_json::Value = serde_json::from_str(text.expose()).unwrap_or_default();
    let value = document.get(field).and_then(serde_json::Value::as_str);
    value.map(Secret::new).ok_or_else(|| {
        broken("Secrets Manager", "GetSecretValue", &format!("{arn} has no field `{field}`"))
    })
}

/// Names of the secrets that begin with a prefix, are deleted, and keep their name until the time
/// in which they can be restored is over (`ListSecrets`, all pages).
///
/// # Errors
/// [`AwsError`].
pub async fn scheduled_for_deletion(aws: &Aws, prefix: &str) -> Result<Vec<String>, AwsError> {
    let request = Client::new(aws.config()).list_secrets().include_planned_deletion(true);
    let mut pages = request.into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AwsError::new("Secrets Manager", "ListSecrets", error))?;
        let gone = page.secret_list.unwrap_or_default().into_iter();
        let gone = gone.filter(|secret| secret.deleted_date.is_some());
        names.extend(gone.filter_map(|secret| secret.name).filter(|name| name.starts_with(prefix)));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeAws;

    #[tokio::test]
    async fn only_deleted_secrets_of_the_prefix_are_listed() {
        let answer = r#"{"SecretList": [{"Name": "acme-a", "DeletedDate": 1.0}, {"Name": "acme-b"}, {"Name": "other", "DeletedDate": 1.0}]}"#;
        let fake = FakeAws::start(&[("ListSecrets", 200, answer)]).await;
        assert_eq!(scheduled_for_deletion(&fake.aws, "acme").await.unwrap(), ["acme-a"]);
    }
}
