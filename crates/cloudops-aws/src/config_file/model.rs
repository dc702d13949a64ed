//! The settings, parsed and trusted.

use std::{collections::BTreeMap, net::SocketAddr};

use url::Url;

use super::{BaseImage, ImagesConfig, source::SourceConfig};
use crate::ids::{AccountId, InstanceName, Region};

/// The settings of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudOpsConfig {
    /// Name of the instance; every name in AWS begins with it.
    pub instance: InstanceName,
    /// Account it lives in.
    pub account: AccountId,
    /// Region it lives in.
    pub region: Region,
    /// Domain of its public and private zone.
    pub domain: String,
    /// Tags of every stack, beside our own.
    pub tags: BTreeMap<String, String>,
    /// Who pays, as the value of the tag `cloudops:cost-centre` of every resource.
    pub cost_centre: Option<String>,
    /// IPv4 ranges that may reach bastion, build server and back office; at most four.
    pub admin_cidrs: Vec<String>,
    /// Network.
    pub network: NetworkConfig,
    /// Hosted zones and how the parent zone comes to name them.
    pub dns: DnsConfig,
    /// ARN of a certificate that exists already and is used instead of one of our own.
    pub certificate: Option<String>,
    /// Configuration management.
    pub configuration: ConfigurationConfig,
    /// Bastion.
    pub bastion: BastionConfig,
    /// Build server.
    pub build_server: BuildServerConfig,
    /// Source code of the commerce suite.
    pub source: SourceConfig,
    /// Container images.
    pub images: ImagesConfig,
    /// Defaults of new environments.
    pub environments: EnvironmentsConfig,
}

impl CloudOpsConfig {
    /// Whether CloudOps itself runs the Consul cluster that keeps the configuration.
    #[must_use]
    pub fn runs_consul(&self) -> bool {
        self.configuration.consul == Some(ConsulConfig::Ours)
    }

    /// Tags of every stack of a component (`core`, `team` or `deploy`), which CloudFormation passes
    /// on to its resources: ours, and those of the file. `version` is that of the program.
    #[must_use]
    pub fn stack_tags(&self, component: &str, version: &str) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        let ours = [
            ("cloudops:instance", Some(self.instance.as_str())),
            ("cloudops:component", Some(component)),
            ("cloudops:version", Some(version)),
            ("cloudops:cost-centre", self.cost_centre.as_deref()),
        ];
        let set = ours.into_iter().filter_map(|(key, value)| Some((key, value?)));
        tags.extend(set.map(|(key, value)| (key.to_owned(), value.to_owned())));
        tags
    }
}

/// Network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkConfig {
    /// IPv4 range of the VPC, of 16 to 20 bits unless it is adopted. Default `10.0.0.0/16`.
    pub cidr: String,
    /// Zones that subnets are made in: 2 or 3. Default 2.
    pub zones: u8,
    /// `none`, `single` or `per-zone`. Default `single`.
    pub nat_gateways: String,
    /// Whether the network has IPv6 addresses too. Default no.
    pub ipv6: bool,
    /// A network that exists already and is used instead of one of our own; nothing in it is
    /// changed.
    pub adopt: Option<AdoptedNetwork>,
}

/// A network that exists already. Subnets are one per zone, all lists in the order of zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptedNetwork {
    /// Id of the VPC.
    pub vpc: String,
    /// Its IPv4 range.
    pub cidr: String,
    /// Subnets with a route to an internet gateway, for load balancers and the bastion.
    pub public_subnets: Vec<String>,
    /// Subnets for servers and tasks.
    pub private_subnets: Vec<String>,
    /// Subnets for databases and brokers.
    pub data_subnets: Vec<String>,
}

/// Hosted zones and how the parent zone comes to name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsConfig {
    /// Whether the record in the parent zone is written by ourselves where Route 53 has that zone.
    /// Default yes.
    pub delegate: bool,
    /// Id of the parent zone, where its name alone does not tell which one it is.
    pub parent_zone: Option<String>,
    /// Role to take on in the account that has the parent zone.
    pub parent_role: Option<String>,
    /// What the trust of that role asks for beside the caller.
    pub parent_external_id: Option<String>,
    /// Root servers that DNS is followed from; none are those of the internet.
    pub roots: Vec<SocketAddr>,
    /// Public resolvers that are asked; none are the usual ones.
    pub resolvers: Vec<SocketAddr>,
}

/// Configuration management.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationConfig {
    /// File with the JSON Schema that the values must have, relative to `cloudops.yaml`.
    pub schema: Option<String>,
    /// The Consul cluster that keeps the values; without one, Parameter Store does.
    pub consul: Option<ConsulConfig>,
}

/// A Consul cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsulConfig {
    /// One that CloudOps runs: a stack of the foundation, whose outputs say where it is.
    Ours,
    /// One that exists already.
    Existing {
        /// Address of its HTTP interface: https, or http on this machine (a tunnel).
        endpoint: Url,
        /// Name or ARN of the secret in Secrets Manager that holds a token for it.
        token_secret: String,
    },
}

/// Bastion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BastionConfig {
    /// Instance type of the Graviton family. Default `t4g.nano`.
    pub instance_type: String,
    /// Key pair for SSH; Session Manager works without one.
    pub key_pair: Option<String>,
}

/// Build server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildServerConfig {
    /// Image of the Jenkins controller that is used as it is. Without one, the image is assembled
    /// from what the following say.
    pub image: Option<String>,
    /// Image to build on, in place of the one that CloudOps has locked.
    pub base: Option<BaseImage>,
    /// Lock file with the plugins, in place of the one that CloudOps has.
    pub plugins: Option<String>,
    /// Update site (`http` or `https`) or folder that plugins are fetched from. Default
    /// `https://updates.jenkins.io`.
    pub plugin_source: Option<String>,
    /// File with more configuration as code.
    pub configuration: Option<String>,
    /// Image of the build agents, with its digest, in place of the one that CloudOps has locked.
    pub agent_image: Option<String>,
    /// How to reach it from here when its own name cannot be reached, such as through a tunnel.
    pub endpoint: Option<Url>,
    /// User that jobs are managed as. Default `admin`.
    pub user: String,
}

/// Defaults of new environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentsConfig {
    /// `ec2` or `fargate`. Default `ec2`.
    pub launch_type: String,
    /// `dev` or `prod`. Default `dev`.
    pub size: String,
}
