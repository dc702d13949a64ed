//! Configuration management: hierarchical keys of an instance, in Parameter Store.

use aws_sdk_ssm::{Client, types::ParameterType};
use serde::Serialize;

use crate::{connect::Aws, error::AwsError, ids::InstanceName};

/// A key and its current value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Key below the instance, such as `core/vpc-id`.
    pub key: String,
    /// Value.
    pub value: String,
    /// Version: 1 for the first value, one more with each change.
    pub version: i64,
}

/// Path of an instance in Parameter Store.
#[must_use]
pub fn path(instance: &InstanceName) -> String {
    format!("/cloudops/{instance}")
}

/// The entry of a key, if there is one (`GetParameter`).
///
/// # Errors
/// [`AwsError`].
pub async fn get(aws: &Aws, instance: &InstanceName, key: &str) -> Result<Option<Entry>, AwsError> {
    let name = format!("{}/{key}", path(instance));
    match Client::new(aws.config()).get_parameter().name(name).send().await {
        Ok(answer) => Ok(answer.parameter.map(|parameter| read(instance, parameter))),
        Err(error) => match AwsError::new("SSM", "GetParameter", error) {
            error if error.is_not_found() => Ok(None),
            error => Err(error),
        },
    }
}

/// Sets a key and gives back the new version (`PutParameter`).
///
/// # Errors
/// [`AwsError`].
pub async fn set(
    aws: &Aws,
    instance: &InstanceName,
    key: &str,
    value: &str,
) -> Result<i64, AwsError> {
    let answer = Client::new(aws.config())
        .put_parameter()
        .name(format!("{}/{key}", path(instance)))
        .value(value)
        .r#type(ParameterType::String)
        .overwrite(true)
        .send()
        .await
        .map_err(|error| AwsError::new("SSM", "PutParameter", error))?;
    Ok(answer.version)
}

/// Deletes a key; one that is not there is fine (`DeleteParameter`).
///
/// # Errors
/// [`AwsError`].
pub async fn unset(aws: &Aws, instance: &InstanceName, key: &str) -> Result<(), AwsError> {
    let name = format!("{}/{key}", path(instance));
    match Client::new(aws.config()).delete_parameter().name(name).send().await {
        Ok(_) => Ok(()),
        Err(error) => match AwsError::new("SSM", "DeleteParameter", error) {
            error if error.is_not_found() => Ok(()),
            error => Err(error),
        },
    }
}

/// All entries below a prefix, by key (`GetParametersByPath`, all pages).
///
/// # Errors
/// [`AwsError`].
pub async fn list(
    aws: &Aws,
    instance: &InstanceName,
    prefix: &str,
) -> Result<Vec<Entry>, AwsError> {
    let below = format!("{}/{prefix}", path(instance));
    let mut pages = Client::new(aws.config())
        .get_parameters_by_path()
        .path(below.trim_end_matches('/'))
        .recursive(true)
        .into_paginator()
        .send();
    let mut entries = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AwsError::new("SSM", "GetParametersByPath", error))?;
        let found = page.parameters.unwrap_or_default();
        entries.extend(found.into_iter().map(|parameter| read(instance, parameter)));
    }
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(entries)
}

fn read(instance: &InstanceName, parameter: aws_sdk_ssm::types::Parameter) -> Entry {
    let name = parameter.name.unwrap_or_default();
    let prefix = format!("{}/", path(instance));
    Entry {
        key: name.strip_prefix(&prefix).unwrap_or(&name).to_owned(),
        value: parameter.value.unwrap_or_default(),
        version: parameter.version,
    }
}
