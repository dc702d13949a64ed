//! What CloudCore wants to exist: its stacks, what each depends on, and their parameters. Pure.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::{
        graph::{GraphError, StackGraph, StackSpec},
        template::Template,
    },
    config_file::{CloudOpsConfig, NetworkConfig},
    ids::{Digest, InvalidId, StackName},
    state,
};
use cloudops_templates::{self as templates, core};

use crate::{build_server::locked_image, error::CoreError, ops::VERSION};

/// The stacks of the foundation, apart from the one with the state bucket: title, template, and
/// the titles of the stacks that must be done before.
const STACKS: [(&str, &templates::Template, &[&str]); 9] = [
    ("network", &core::NETWORK, &[]),
    ("storage", &core::STORAGE, &[]),
    ("dns", &core::DNS, &["network"]),
    ("certificate", &core::CERTIFICATE, &["dns"]),
    ("bastion", &core::BASTION, &["network"]),
    ("config", &core::CONFIG, &["network", "dns", "storage"]),
    ("consul", &core::CONSUL, &["network", "dns", "storage", "certificate"]),
    ("build", &core::BUILD, &["network", "dns", "storage"]),
    ("build-service", &core::BUILD_SERVICE, &["network", "build", "certificate"]),
];

/// Stands for an image that is still to be made: the digest of none.
const NO_IMAGE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

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

/// The graph of all other stacks of the foundation, before the build server has an image.
///
/// # Errors
/// [`CoreError`].
pub fn graph(config: &CloudOpsConfig) -> Result<StackGraph, CoreError> {
    graph_of(config, None)
}

/// The graph of all other stacks of the foundation, with the image of the build server.
///
/// # Errors
/// [`CoreError`].
pub fn graph_of(config: &CloudOpsConfig, image: Option<&Digest>) -> Result<StackGraph, CoreError> {
    let mut graph = StackGraph::new(BTreeMap::new());
    for (title, template, needs) in STACKS {
        if !is_left_out(config, title) {
            let needs: Vec<&str> =
                needs.iter().copied().filter(|need| !is_left_out(config, need)).collect();
            let mut spec = spec(config, title, instead(config, title, template), &needs)?;
            if title == "build-service" {
                let digest = image.map_or(NO_IMAGE, Digest::as_str).to_owned();
                spec.parameters.insert("BuildServerImageDigest".to_owned(), digest);
            }
            graph.add(spec)?;
        }
    }
    graph.check()?;
    Ok(graph)
}

/// The template that takes the place of another one: a network that exists is handed on.
fn instead(
    config: &CloudOpsConfig,
    title: &str,
    template: &'static templates::Template,
) -> &'static templates::Template {
    match title {
        "network" if config.network.adopt.is_some() => &core::ADOPTED_NETWORK,
        _ => template,
    }
}

/// Whether a stack is not needed: no certificate is requested where one exists already, and no
/// Consul cluster is run unless the values are kept in one of our own.
fn is_left_out(config: &CloudOpsConfig, title: &str) -> bool {
    match title {
        "certificate" => config.certificate.is_some(),
        "consul" => !config.runs_consul(),
        _ => false,
    }
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
        tags: config.stack_tags("core", VERSION),
        depends_on: needs.iter().map(|need| stack_name(config, need)).collect::<Result<_, _>>()?,
        termination_protection: title == "state",
    })
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
        network_settings(&config.network, &mut set);
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
    let server = &config.build_server;
    set("BuildServerImage", server.image.clone().unwrap_or_default());
    let agent = server.agent_image.as_deref().unwrap_or_else(|| locked_image("agent"));
    set("AgentImage", agent.to_owned());
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

fn network_settings(network: &NetworkConfig, set: &mut impl FnMut(&str, String)) {
    set("VpcCidr", network.cidr.clone());
    set("Ipv6", network.ipv6.to_string());
    if let Some(adopt) = &network.adopt {
        set("VpcId", adopt.vpc.clone());
        set("PublicSubnetIds", adopt.public_subnets.join(","));
        set("PrivateSubnetIds", adopt.private_subnets.join(","));
        set("DataSubnetIds", adopt.data_subnets.join(","));
    }
}

/// Name of a bucket of the instance: at most 63 characters, S3's limit.
#[must_use]
pub fn bucket_name(config: &CloudOpsConfig, role: &str) -> String {
    format!("cloudops-{}-{role}-{}-{}", config.instance, config.account, config.region)
}

#[cfg(test)]
mod tests {
    use cloudops_aws::cfn::names::{self, Name};

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
            let build = graph.get(&"acme-core-build-service".parse().unwrap()).unwrap().clone();
            (certificate, build)
        };
        let (has_stack, without) = build(SETTINGS);
        assert!(has_stack && !without.parameters.contains_key("CertificateArn"));
        let (has_stack, with) = build(&format!("{SETTINGS}certificate: {{arn: \"{arn}\"}}\n"));
        assert!(!has_stack && with.depends_on.len() + 1 == without.depends_on.len());
        assert_eq!(with.parameters.get("CertificateArn").map(String::as_str), Some(arn));
    }

    /// All names that an instance takes.
    fn names(instance: &str, account: &str, region: &str) -> Vec<Name> {
        let text = format!(
            "schema: 1\ninstance: {instance}\naccount: \"{account}\"\nregion: {region}\n\
             domain: {instance}-{account}-{region}.example.com\n"
        );
        let config = CloudOpsConfig::parse("cloudops.yaml", &text).unwrap();
        let graphs = [state_graph(&config).unwrap(), graph(&config).unwrap()];
        let taken = graphs.iter().map(|graph| names::taken(graph, &config.account, &config.region));
        taken.flatten().collect()
    }

    #[test]
    fn instances_live_side_by_side() {
        let (account, region) = ("123456789012", "us-west-2");
        let first = names("acme", account, region);
        for resource_type in [
            "AWS::CloudFormation::Stack",
            "AWS::S3::Bucket",
            "AWS::SSM::Parameter",
            "AWS::KMS::Alias",
        ] {
            assert!(first.iter().any(|name| name.resource_type == resource_type), "{first:#?}");
        }
        let none = BTreeSet::new();
        assert_eq!(names::clashes([&first[..]]), none, "within one instance");
        for (what, other) in [
            ("another instance", names("acme-core", account, region)),
            ("another instance", names("acme-eu", account, region)),
            ("another instance", names("acme-state", account, region)),
            ("another region", names("acme", account, "eu-west-1")),
            ("another account", names("acme", "210987654321", region)),
        ] {
            assert_eq!(names::clashes([&first[..], &other]), none, "{what}");
            assert_eq!(first.len(), other.len(), "{what}");
        }
    }

    #[test]
    fn a_consul_cluster_is_run_where_no_other_one_is_named() {
        let build = |more: &str| {
            let text = format!("{SETTINGS}admin-cidrs: [198.51.100.0/24]\n{more}");
            let config = CloudOpsConfig::parse("cloudops.yaml", &text).unwrap();
            let graph = graph(&config).unwrap();
            graph.get(&"acme-core-consul".parse().unwrap()).cloned()
        };
        assert!(build("").is_none());
        let other = "configuration: {backend: consul, endpoint: \"https://c.example.com\", token-secret: t}\n";
        assert!(build(other).is_none());
        let ours = build("configuration: {backend: consul}\n").unwrap();
        let needs: Vec<&str> = ours.depends_on.iter().map(StackName::as_str).collect();
        let expected =
            ["acme-core-certificate", "acme-core-dns", "acme-core-network", "acme-core-storage"];
        assert_eq!(needs, expected);
        // All else comes from the stacks before, or has a default.
        let given: Vec<&str> = ours.parameters.keys().map(String::as_str).collect();
        assert_eq!(given, ["AdminCidr", "DomainName", "InstanceName"]);
    }

    #[test]
    fn a_network_that_is_adopted_takes_the_place_of_one_of_our_own() {
        let adopted = "network: {adopt: {vpc: vpc-1, cidr: 10.1.0.0/16, public-subnets: [subnet-1, subnet-2], \
                       private-subnets: [subnet-3, subnet-4], data-subnets: [subnet-5, subnet-6]}}\n";
        let config =
            CloudOpsConfig::parse("cloudops.yaml", &format!("{SETTINGS}{adopted}")).unwrap();
        let graph = graph(&config).unwrap();
        let network = graph.get(&"acme-core-network".parse().unwrap()).unwrap();
        assert_eq!(network.template.name(), "templates/core/adopted-network.yaml");
        let given = |name: &str| network.parameters.get(name).map(String::as_str);
        assert_eq!(given("PrivateSubnetIds"), Some("subnet-3,subnet-4"));
        assert_eq!((given("VpcCidr"), given("ZoneCount")), (Some("10.1.0.0/16"), Some("2")));
        assert_eq!(given("Ipv6"), None);
    }
}
