//! The file as it is written, with the place of every value; and its JSON Schema.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{CloudOpsConfig, SCHEMA, check, read};
use crate::config_file::ConfigError;

/// A text and where it stands.
pub(super) type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawConfig {
    pub(super) schema: Spanned<u32>,
    pub(super) instance: Text,
    pub(super) account: Text,
    pub(super) region: Text,
    pub(super) domain: Text,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, Text>,
    #[serde(default)]
    pub(super) admin_cidrs: Vec<Text>,
    #[serde(default)]
    pub(super) network: RawNetwork,
    #[serde(default)]
    pub(super) bastion: RawBastion,
    #[serde(default)]
    pub(super) build_server: RawBuildServer,
    #[serde(default)]
    pub(super) source: RawSource,
    #[serde(default)]
    pub(super) images: RawImages,
    #[serde(default)]
    pub(super) environments: RawEnvironments,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawNetwork {
    pub(super) cidr: Option<Text>,
    pub(super) zones: Option<Spanned<u8>>,
    pub(super) nat_gateways: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawBastion {
    pub(super) instance_type: Option<Text>,
    pub(super) key_pair: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawBuildServer {
    pub(super) image: Option<Text>,
    pub(super) endpoint: Option<Text>,
    pub(super) user: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawSource {
    pub(super) repository: Option<Text>,
    pub(super) branch: Option<Text>,
    #[serde(default)]
    pub(super) build: RawBuild,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawBuild {
    pub(super) command: Option<Text>,
    pub(super) output: Option<Text>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawImages {
    pub(super) base: Option<RawBase>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawBase {
    pub(super) layout: Option<Text>,
    pub(super) reference: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawEnvironments {
    pub(super) launch_type: Option<Text>,
    pub(super) size: Option<Text>,
}

impl CloudOpsConfig {
    /// Reads the settings from the text of a file.
    ///
    /// # Errors
    /// The first [`ConfigError`], with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let options = serde_saphyr::options! { strict_booleans: true };
        let raw: RawConfig = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| read::error(file, text, &error))?;
        check::config(file, &raw)
    }
}

/// The JSON Schema of the file, for editors.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    let text = serde_json::json!({"type": "string"});
    let object = |fields: serde_json::Value| serde_json::json!({"type": "object", "additionalProperties": false, "properties": fields});
    let mut schema = object(serde_json::json!({
        "schema": {"const": SCHEMA, "description": "Schema number of this file"},
        "instance": {"type": "string", "pattern": "^[a-z][a-z0-9-]{1,15}$", "description": "Name of the instance; every name in AWS begins with it"},
        "account": {"type": "string", "pattern": "^[0-9]{12}$", "description": "AWS account id"},
        "region": {"type": "string", "description": "AWS region code"},
        "domain": {"type": "string", "description": "Domain of the public and private zone"},
        "tags": {"type": "object", "additionalProperties": text, "description": "Tags of every stack"},
        "admin-cidrs": {"type": "array", "maxItems": 4, "items": text, "description": "IPv4 ranges that may reach bastion, build server and back office"},
        "network": object(serde_json::json!({
            "cidr": {"type": "string", "default": "10.0.0.0/16"},
            "zones": {"enum": [2, 3], "default": 2},
            "nat-gateways": {"enum": ["none", "single", "per-zone"], "default": "single"},
        })),
        "bastion": object(serde_json::json!({
            "instance-type": {"type": "string", "default": "t4g.nano"},
            "key-pair": text,
        })),
        "build-server": object(serde_json::json!({
            "image": {"type": "string", "default": "jenkins/jenkins:lts-jdk21"},
            "endpoint": {"type": "string", "format": "uri"},
            "user": {"type": "string", "default": "admin"},
        })),
        "source": object(serde_json::json!({
            "repository": text,
            "branch": {"type": "string", "default": "main"},
            "build": object(serde_json::json!({
                "command": text,
                "output": text,
                "environment": {"type": "object", "additionalProperties": text},
            })),
        })),
        "images": object(serde_json::json!({
            "base": object(serde_json::json!({"layout": text, "reference": text})),
        })),
        "environments": object(serde_json::json!({
            "launch-type": {"enum": ["ec2", "fargate"], "default": "ec2"},
            "size": {"enum": ["dev", "prod"], "default": "dev"},
        })),
    }));
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "cloudops.yaml".into();
    schema["required"] = serde_json::json!(["schema", "instance", "account", "region", "domain"]);
    schema
}
