//! What CloudCore wants to exist: its stacks, what each depends on, and their parameters. Pure.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::{
        graph::{GraphError, StackGraph, StackSpec},
        template::Template,
    },
    config_file::CloudOpsConfig,
    ids::{InvalidId, StackName},
    state,
};
use cloudops_templates::{self as templates, core};

use crate::error::CoreError;

/// The stacks of the foundation, apart from the one with the state bucket: title, template, and
/// the titles of the stacks that must be done before.
const STACKS: [(&str, &templates::Template, &[&str]); 7] = [
    ("network", &core::NETWORK, &[]),
    ("storage", &core::STORAGE, &[]),
    ("dns", &core::DNS, &["network"]),
    ("certificate", &core::CERTIFICATE, &["dns"]),
    ("bastion", &core::BASTION, &["network"]),
    ("config", &core::CONFIG, &["network", "dns", "storage"]),
    ("build", &core::BUILD, &["network", "dns", "certificate", "storage"]),
];

/// Name of a stack of the foundation, such as `acme-core-network`.
///
/// # Errors
/// [`InvalidId`] when the composed name is too long.
pub fn stack_name(config: &CloudOpsConfig, title: &str) -> Result<StackName, InvalidId> {
    format!("{}-core-{title}", config.instance).parse()
}

/// The graph with only the stack that holds the state bucket: it comes first, because the lock
/// and the journal of everything else lie in it.
///
/// # Errors
/// [`CoreError`].
pub fn state_graph(config: &CloudOpsConfig) -> Result<StackGraph, CoreError> {
    let mut graph = StackGraph::new(BTreeMap::new());
    graph.add(spec(config, "state", &core::STATE, &[])?)?;
    Ok(graph)
}

/// The graph of all other stacks of the foundation.
///
/// # Errors
/// [`CoreError`].
pub fn graph(config: &CloudOpsConfig) -> Result<StackGraph, CoreError> {
    let mut graph = StackGraph::new(BTreeMap::new());
    for (title, template, needs) in STACKS {
        if !is_left_out(config, title) {
            let needs: Vec<&str> =
                needs.iter().copied().filter(|need| !is_left_out(config, need)).collect();
            graph.add(spec(config, title, template, &needs)?)?;
        }
    }
    graph.check()?;
    Ok(graph)
}

/// Whether a stack is not needed: no certificate is requested where one exists already.
fn is_left_out(config: &CloudOpsConfig, title: &str) -> bool {
    title == "certificate" && config.certificate.is_some()
}

/// The stacks and what each depends on, for deletion.
///
/// # Errors
/// [`InvalidId`] when a composed name is too long.
pub fn edges(
    config: &CloudOpsConfig,
) -> Result<BTreeMap<StackName, BTreeSet<StackName>>, InvalidId> {
    let mut edges = BTreeMap::new();
    for (title, _, needs) in STACKS {
        let needs = needs.iter().map(|need| stack_name(config, need)).collect::<Result<_, _>>()?;
        edges.insert(stack_name(config, title)?, needs);
    }
    Ok(edges)
}

fn spec(
    config: &CloudOpsConfig,
    title: &str,
    template: &templates::Template,
    needs: &[&str],
) -> Result<StackSpec, CoreError> {
    let template = Template::parse(template.file, template.body).map_err(GraphError::from)?;
    let known: BTreeSet<String> =
        template.parameters().into_iter().map(|parameter| parameter.name).collect();
    let mut parameters = settings(config, title);
    parameters.retain(|name, _| known.contains(name));
    Ok(StackSpec {
        name: stack_name(config, title)?,
        title: title.to_owned(),
        template,
        parameters,
        tags: tags(config),
        depends_on: needs.iter().map(|need| stack_name(config, need)).collect::<Result<_, _>>()?,
        termination_protection: title == "state",
    })
}

/// Tags of every stack of the foundation.
fn tags(config: &CloudOpsConfig) -> BTreeMap<String, String> {
    let mut tags = config.tags.clone();
    tags.insert("cloudops:instance".to_owned(), config.instance.to_string());
    tags.insert("cloudops:component".to_owned(), "core".to_owned());
    tags
}

/// Everything that `cloudops.yaml` says about the templates' parameters, by parameter name.
fn settings(config: &CloudOpsConfig, title: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut set = |name: &str, value: String| {
        values.insert(name.to_owned(), value);
    };
    set("InstanceName", config.instance.to_string());
    set("DomainName", config.domain.clone());
    set("StateBucketName", state::bucket_name(&config.instance, &config.account, &config.region));
    for (name, role) in [
        ("PackageBucketName", "packages"),
        ("ArtifactBucketName", "artifacts"),
        ("LogBucketName", "logs"),
    ] {
        set(name, bucket_name(config, role));
    }
    if title == "network" {
        set("VpcCidr", config.network.cidr.to_string());
    }
    set("ZoneCount", config.network.zones.to_string());
    set("NatGateways", config.network.nat_gateways.to_string());
    for (index, cidr) in config.admin_cidrs.iter().enumerate() {
        let suffix = if index == 0 { String::new() } else { (index + 1).to_string() };
        set(&format!("AdminCidr{suffix}"), cidr.to_string());
    }
    if title == "bastion" {
        set("InstanceType", config.bastion.instance_type.clone());
        set("KeyPairName", config.bastion.key_pair.clone().unwrap_or_default());
    }
    set("BuildServerImage", config.build_server.image.clone());
    if let Some(arn) = &config.certificate {
        set("CertificateArn", arn.clone());
    }
    // The outputs of the stacks before give these; a setting would hide them.
    match title {
        "network" => {}
        "storage" => values.retain(|name, _| name != "StateBucketName" && name != "ZoneCount"),
        _ => values.retain(|name, _| name != "ZoneCount" && !name.ends_with("BucketName")),
    }
    if title == "state" {
        let bucket = state::bucket_name(&config.instance, &config.account, &config.region);
        values.insert("StateBucketName".to_owned(), bucket);
    }
    values
}

/// Name of a bucket of the instance: at most 63 characters, S3's limit.
#[must_use]
pub fn bucket_name(config: &CloudOpsConfig, role: &str) -> String {
    format!("cloudops-{}-{role}-{}-{}", config.instance, config.account, config.region)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = "schema: 1\ninstance: acme\naccount: \"123456789012\"\n\
                            region: us-west-2\ndomain: acme.example.com\n";

    #[test]
    fn a_certificate_that_exists_takes_the_place_of_its_stack() {
        let arn = "arn:aws:acm:us-west-2:123456789012:certificate/a";
        let build = |text: &str| {
            let config = CloudOpsConfig::parse("cloudops.yaml", text).unwrap();
            let graph = graph(&config).unwrap();
            let certificate = graph.get(&"acme-core-certificate".parse().unwrap()).is_some();
            let build = graph.get(&"acme-core-build".parse().unwrap()).unwrap().clone();
            (certificate, build)
        };
        let (has_stack, without) = build(SETTINGS);
        assert!(has_stack && !without.parameters.contains_key("CertificateArn"));
        let (has_stack, with) = build(&format!("{SETTINGS}certificate: {{arn: \"{arn}\"}}\n"));
        assert!(!has_stack && with.depends_on.len() + 1 == without.depends_on.len());
        assert_eq!(with.parameters.get("CertificateArn").map(String::as_str), Some(arn));
    }
}
