//! From the file as written to settings that can be trusted.

use std::collections::BTreeMap;

use url::Url;

use super::{
    BaseImage, BastionConfig, BuildServerConfig, CloudOpsConfig, ConfigError, ConfigurationConfig,
    ConsulConfig, EnvironmentsConfig, ImagesConfig, SCHEMA,
    at::{At, text, texts},
    check_network::{certificate, cidr, dns, network},
    raw::{RawBase, RawConfig, RawImages, Text},
    source::source,
};

pub(super) fn config(file: &str, raw: &RawConfig) -> Result<CloudOpsConfig, ConfigError> {
    let at = At { file };
    if raw.schema.value != SCHEMA {
        let message =
            format!("schema {} is not {SCHEMA}, the one this version reads", raw.schema.value);
        let mut error = at.error("schema", &raw.schema, message);
        error.hint = Some("Use the version of the tools that the file was written for.".to_owned());
        return Err(error);
    }
    Ok(CloudOpsConfig {
        instance: at.id("instance", &raw.instance)?,
        account: account(&at, &raw.account)?,
        region: at.id("region", &raw.region)?,
        domain: domain(&at, &raw.domain)?,
        tags: tags(&at, &raw.tags)?,
        cost_centre: cost_centre(&at, raw.cost_centre.as_ref())?,
        admin_cidrs: admin_cidrs(&at, &raw.admin_cidrs)?,
        network: network(&at, raw)?,
        dns: dns(&at, &raw.dns)?,
        certificate: certificate(&at, raw)?,
        configuration: configuration(&at, raw)?,
        bastion: BastionConfig {
            instance_type: text(raw.bastion.instance_type.as_ref(), "t4g.nano"),
            key_pair: raw.bastion.key_pair.as_ref().map(|name| name.value.clone()),
        },
        build_server: build_server(&at, raw)?,
        source: source(&at, &raw.source)?,
        images: images(&at, &raw.images)?,
        environments: EnvironmentsConfig {
            launch_type: at.one_of(
                "environments.launch-type",
                raw.environments.launch_type.as_ref(),
                &["ec2", "fargate"],
                "ec2",
            )?,
            size: at.one_of(
                "environments.size",
                raw.environments.size.as_ref(),
                &["dev", "prod"],
                "dev",
            )?,
        },
    })
}

/// A number without quotes loses its leading zeros in most YAML readers, so say what to do.
fn account(at: &At<'_>, value: &Text) -> Result<crate::ids::AccountId, ConfigError> {
    at.id("account", value).map_err(|mut error: ConfigError| {
        error.hint = Some("Write it with 12 digits and in quotes.".to_owned());
        error
    })
}

fn domain(at: &At<'_>, value: &Text) -> Result<String, ConfigError> {
    let name = &value.value;
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if name.len() <= 200 && name.contains('.') && name.split('.').all(label) {
        return Ok(name.clone());
    }
    Err(at.error("domain", value, format!("`{name}` is not a domain name in lowercase letters")))
}

/// AWS allows 128 and 256 characters, and keeps `aws:` for itself.
fn tags(
    at: &At<'_>,
    raw: &BTreeMap<String, Text>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    for (key, value) in raw {
        let path = format!("tags.{key}");
        if key.is_empty() || key.len() > 128 || value.value.len() > 256 {
            return Err(at.error(&path, value, "a tag has at most 128 characters, its value 256"));
        }
        if key.starts_with("aws:") || key.starts_with("cloudops:") {
            return Err(at.error(
                &path,
                value,
                "tags that begin with aws: or cloudops: are reserved",
            ));
        }
    }
    Ok(texts(raw))
}

fn cost_centre(at: &At<'_>, raw: Option<&Text>) -> Result<Option<String>, ConfigError> {
    match raw {
        Some(value) if value.value.is_empty() || value.value.len() > 256 => {
            Err(at.error("cost-centre", value, "has 1 to 256 characters, as the value of a tag"))
        }
        value => Ok(value.map(|value| value.value.clone())),
    }
}

fn configuration(at: &At<'_>, all: &RawConfig) -> Result<ConfigurationConfig, ConfigError> {
    let raw = &all.configuration;
    let key = "configuration.backend";
    let backend =
        at.one_of(key, raw.backend.as_ref(), &["parameter-store", "consul"], "parameter-store")?;
    let (endpoint, token) = ("configuration.endpoint", "configuration.token-secret");
    let consul = match (&raw.backend, &raw.endpoint, &raw.token_secret) {
        (Some(value), None, None) if backend == "consul" => Some(our_consul(at, value, all)?),
        (_, Some(value), Some(token)) if backend == "consul" => Some(consul(at, value, token)?),
        (_, Some(value), None) if backend == "consul" => {
            return Err(at.error(endpoint, value, format!("goes with `{token}`")));
        }
        (_, None, Some(value)) if backend == "consul" => {
            return Err(at.error(token, value, format!("goes with `{endpoint}`")));
        }
        (_, Some(value), _) => {
            return Err(at.error(endpoint, value, "goes with `backend: consul`"));
        }
        (_, _, Some(value)) => return Err(at.error(token, value, "goes with `backend: consul`")),
        _ => None,
    };
    let schema = raw.schema.as_ref().map(|file| file.value.clone());
    Ok(ConfigurationConfig { schema, consul })
}

/// Its servers load Consul, and ask EC2 for each other.
fn our_consul(at: &At<'_>, backend: &Text, all: &RawConfig) -> Result<ConsulConfig, ConfigError> {
    if all.network.nat_gateways.as_ref().is_some_and(|gateways| gateways.value == "none") {
        let message = "the Consul servers need a way to the internet, which \
                       `network.nat-gateways: none` does not leave them";
        return Err(at.error("configuration.backend", backend, message));
    }
    Ok(ConsulConfig::Ours)
}

/// A token goes over the connection, so nobody else may read along.
fn consul(at: &At<'_>, endpoint: &Text, token: &Text) -> Result<ConsulConfig, ConfigError> {
    let key = "configuration.endpoint";
    let url = address(at, key, endpoint)?;
    if url.scheme() != "https" && !is_loopback(&url) {
        return Err(at.error(key, endpoint, "an https address is needed, because of the token"));
    }
    Ok(ConsulConfig::Existing { endpoint: url, token_secret: token.value.clone() })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn admin_cidrs(at: &At<'_>, raw: &[Text]) -> Result<Vec<String>, ConfigError> {
    let key = "admin-cidrs";
    if let Some(fifth) = raw.get(4) {
        return Err(at.error(key, fifth, "at most four ranges are possible"));
    }
    for value in raw {
        let (_, bits) = cidr(at, key, value)?;
        if bits == 0 {
            return Err(at.error(key, value, format!("`{}` would let everybody in", value.value)));
        }
    }
    Ok(raw.iter().map(|value| value.value.clone()).collect())
}

/// An address of something that is reached from here.
fn address(at: &At<'_>, key: &str, value: &Text) -> Result<Url, ConfigError> {
    let url: Url = at.id(key, value)?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() {
        return Err(at.error(key, value, "an http or https address without a user name is needed"));
    }
    Ok(url)
}

fn build_server(at: &At<'_>, raw: &RawConfig) -> Result<BuildServerConfig, ConfigError> {
    let server = &raw.build_server;
    let kept = |text: &Option<Text>| text.as_ref().map(|text| text.value.clone());
    if let Some(image) = &server.image {
        // Which of the two is meant cannot be known.
        for (key, other) in [("plugins", &server.plugins), ("configuration", &server.configuration)]
        {
            if let Some(other) = other {
                let message = format!(
                    "it goes into the image that is assembled, and `image` is {}",
                    image.value
                );
                return Err(at.error(&format!("build-server.{key}"), other, message));
            }
        }
    }
    if let Some(image) = server.agent_image.as_ref().filter(|image| !has_digest(image)) {
        return Err(at.error("build-server.agent-image", image, NEEDS_DIGEST));
    }
    Ok(BuildServerConfig {
        image: kept(&server.image),
        base: base_image(at, "build-server.base", server.base.as_ref())?,
        plugins: kept(&server.plugins),
        plugin_source: kept(&server.plugin_source),
        configuration: kept(&server.configuration),
        agent_image: kept(&server.agent_image),
        endpoint: match &server.endpoint {
            Some(value) => Some(address(at, "build-server.endpoint", value)?),
            None => None,
        },
        user: text(server.user.as_ref(), "admin"),
    })
}

const NEEDS_DIGEST: &str = "a digest (`@sha256:...`) is needed, so that a build can be repeated";

fn has_digest(reference: &Text) -> bool {
    reference.value.contains("@sha256:")
}

fn images(at: &At<'_>, raw: &RawImages) -> Result<ImagesConfig, ConfigError> {
    let known = ["linux/amd64", "linux/arm64"];
    let wrong = raw.platforms.iter().find(|platform| !known.contains(&platform.value.as_str()));
    if let Some(wrong) = wrong {
        let message = format!("`{}` is not one of {}", wrong.value, known.join(", "));
        return Err(at.error("images.platforms", wrong, message));
    }
    Ok(ImagesConfig {
        base: base_image(at, "images.base", raw.base.as_ref())?,
        platforms: raw.platforms.iter().map(|platform| platform.value.clone()).collect(),
    })
}

fn base_image(
    at: &At<'_>,
    key: &str,
    base: Option<&RawBase>,
) -> Result<Option<BaseImage>, ConfigError> {
    let Some(base) = base else {
        return Ok(None);
    };
    let digest = base.digest.as_ref().map(|digest| {
        let wrong = |error| at.error(&format!("{key}.digest"), digest, format!("{error}"));
        digest.value.parse().map_err(wrong)
    });
    let digest = digest.transpose()?;
    match (&base.layout, &base.archive, &base.reference) {
        (Some(folder), None, None) => {
            Ok(Some(BaseImage::Layout { folder: folder.value.clone(), digest }))
        }
        (None, Some(file), None) => {
            Ok(Some(BaseImage::Archive { file: file.value.clone(), digest }))
        }
        (None, None, Some(reference)) if has_digest(reference) => {
            Ok(Some(BaseImage::Reference(reference.value.clone())))
        }
        (None, None, Some(reference)) => {
            Err(at.error(&format!("{key}.reference"), reference, NEEDS_DIGEST))
        }
        (Some(one), _, _) | (None, Some(one), _) => {
            Err(at.error(key, one, "give one of `layout`, `archive` and `reference`"))
        }
        (None, None, None) => Ok(None),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const HEAD: &str = "schema: 1\ninstance: acme\naccount: \"123456789012\"\nregion: us-west-2\ndomain: shop.example.com\n";

    pub(in super::super) fn check(more: &str, expect: &str) {
        let text = format!("{HEAD}{more}");
        let error = CloudOpsConfig::parse("cloudops.yaml", &text).unwrap_err();
        let hint = error.hint.clone().unwrap_or_default();
        assert_eq!(format!("{error} | {hint}"), expect);
    }

    #[test]
    fn the_least_file_has_defaults() {
        let config = CloudOpsConfig::parse("cloudops.yaml", HEAD).unwrap();
        assert_eq!(config.network.nat_gateways, "single");
        assert_eq!(config.environments.launch_type, "ec2");
        assert_eq!(config.images.base, None);
    }

    #[test]
    fn errors_name_the_place_and_the_way_out() {
        check("network: {zones: 5}\n", "cloudops.yaml:6:18: network.zones: 5 is not 2 or 3 | ");
        check(
            "admin-cidrs: [0.0.0.0/0]\n",
            "cloudops.yaml:6:15: admin-cidrs: `0.0.0.0/0` would let everybody in | ",
        );
        check(
            "netwrok: {}\n",
            "cloudops.yaml:6:1: netwrok: there is no such key | Did you mean `network`?",
        );
        check(
            "network: {cidr: 10.0.0.0/24}\n",
            "cloudops.yaml:6:17: network.cidr: /24 is not between /16 and /20 | ",
        );
        check(
            "images: {base: {reference: temurin:21}}\n",
            "cloudops.yaml:6:28: images.base.reference: a digest (`@sha256:...`) is needed, so that a build can be repeated | ",
        );
    }

    #[test]
    fn consul_is_ours_unless_another_one_is_named() {
        let consul = |more: &str| {
            let text = format!("{HEAD}configuration: {{{more}}}\n");
            CloudOpsConfig::parse("cloudops.yaml", &text).unwrap()
        };
        assert!(consul("backend: consul").runs_consul());
        assert!(!consul("backend: parameter-store").runs_consul());
        let other =
            "backend: consul, endpoint: \"https://consul.example.com\", token-secret: consul";
        let other = consul(other);
        assert!(!other.runs_consul() && other.configuration.consul.is_some());
        check(
            "configuration: {backend: consul, token-secret: t}\n",
            "cloudops.yaml:6:48: configuration.token-secret: goes with `configuration.endpoint` | ",
        );
        check(
            "configuration: {backend: consul}\nnetwork: {nat-gateways: none}\n",
            "cloudops.yaml:6:26: configuration.backend: the Consul servers need a way to the internet, which `network.nat-gateways: none` does not leave them | ",
        );
    }

    #[test]
    fn what_is_not_yaml_or_newer_is_refused() {
        let error = CloudOpsConfig::parse("c.yaml", "schema: 1\n  instance: [\n").unwrap_err();
        assert!(error.line > 0, "{error}");
        let newer = HEAD.replace("schema: 1", "schema: 2");
        let error = CloudOpsConfig::parse("c.yaml", &newer).unwrap_err();
        assert_eq!(
            error.to_string(),
            "c.yaml:1:9: schema: schema 2 is not 1, the one this version reads"
        );
        let twice = format!("{HEAD}domain: other.example.com\n");
        assert!(CloudOpsConfig::parse("c.yaml", &twice).unwrap_err().line > 0);
    }
}
