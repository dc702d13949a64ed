//! The file as it is written, with the place of every value.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{CloudOpsConfig, check, read, source::RawSource};
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
    pub(super) cost_centre: Option<Text>,
    #[serde(default)]
    pub(super) admin_cidrs: Vec<Text>,
    #[serde(default)]
    pub(super) network: RawNetwork,
    #[serde(default)]
    pub(super) dns: RawDns,
    #[serde(default)]
    pub(super) certificate: RawCertificate,
    #[serde(default)]
    pub(super) configuration: RawConfiguration,
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
    pub(super) ipv6: Option<Spanned<bool>>,
    pub(super) adopt: Option<RawAdopt>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawAdopt {
    pub(super) vpc: Text,
    pub(super) cidr: Text,
    pub(super) public_subnets: Vec<Text>,
    pub(super) private_subnets: Vec<Text>,
    pub(super) data_subnets: Vec<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawDns {
    pub(super) delegate: Option<Spanned<bool>>,
    pub(super) parent_zone: Option<Text>,
    pub(super) parent_role: Option<Text>,
    pub(super) parent_external_id: Option<Text>,
    #[serde(default)]
    pub(super) roots: Vec<Text>,
    #[serde(default)]
    pub(super) resolvers: Vec<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawCertificate {
    pub(super) arn: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawConfiguration {
    pub(super) backend: Option<Text>,
    pub(super) schema: Option<Text>,
    pub(super) endpoint: Option<Text>,
    pub(super) token_secret: Option<Text>,
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
    #[serde(default)]
    pub(super) base: Option<RawBase>,
    pub(super) plugins: Option<Text>,
    pub(super) plugin_source: Option<Text>,
    pub(super) configuration: Option<Text>,
    pub(super) agent_image: Option<Text>,
    pub(super) endpoint: Option<Text>,
    pub(super) user: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawImages {
    pub(super) base: Option<RawBase>,
    #[serde(default)]
    pub(super) platforms: Vec<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawBase {
    pub(super) layout: Option<Text>,
    pub(super) archive: Option<Text>,
    pub(super) digest: Option<Text>,
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
