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
