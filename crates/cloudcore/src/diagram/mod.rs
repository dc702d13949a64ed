//! The instance as a picture: what there is, where, and who may reach whom. Pure.
//!
//! Everything comes from the templates ([`resolve`]) and the outputs that the state has recorded:
//! security groups are the boxes, their ingress rules the arrows, and a box stands in the tier of
//! the subnets that its servers are in.

mod draw;
mod mermaid;
mod rules;
mod servers;
mod svg;

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::cfn::{
    graph::StackGraph,
    resolve::{self, Resolved},
    words,
};

pub use mermaid::mermaid;
pub use svg::svg;

/// Where a box stands, from the outside to the inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Outside of the network.
    Outside,
    /// Subnets with a way in from the internet.
    Public,
    /// Subnets without one.
    Private,
    /// Subnets without any way to or from the internet.
    Data,
    /// In the region, and in no network.
    Region,
}

impl Tier {
    /// All of them, from the outside to the inside.
    pub const ALL: [Self; 5] =
        [Self::Outside, Self::Public, Self::Private, Self::Data, Self::Region];

    /// What it is, in words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Public => "public subnets",
            Self::Private => "private subnets",
            Self::Data => "data subnets",
            Self::Region => "in the region",
        }
    }
}

/// A box of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub title: String,
    /// What is in it, in words.
    pub parts: Vec<String>,
    /// Its id on AWS, where the state knows it.
    pub id: Option<String>,
    /// Where it stands.
    pub tier: Tier,
    /// Whether it exists, as far as the state knows.
    pub exists: bool,
}

/// Who may open a connection to whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Key of the node that opens it.
    pub from: String,
    /// Key of the node that answers.
    pub to: String,
    /// Ports, such as `443` or `all ports`.
    pub ports: String,
}

/// The picture: nodes by key, and edges between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagram {
    /// What it shows.
    pub title: String,
    /// The boxes, by key.
    pub nodes: BTreeMap<String, Node>,
    /// The arrows, in the order of their keys.
    pub edges: BTreeSet<Edge>,
}

impl Diagram {
    /// The nodes of a tier, by key.
    pub fn tier(&self, tier: Tier) -> impl Iterator<Item = (&str, &Node)> {
        let nodes = self.nodes.iter().filter(move |(_, node)| node.tier == tier);
        nodes.map(|(key, node)| (key.as_str(), node))
    }
}

/// What AWS has of the instance: outputs of stacks by name, and whether there is anything at all.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Outputs that the state has recorded; nothing is recorded before the first run is complete.
    pub outputs: BTreeMap<String, String>,
}

/// Draws the resources of a graph of stacks.
#[must_use]
pub fn diagram(
    title: String,
    graph: &StackGraph,
    resources: &[Resolved],
    known: &Known,
) -> Diagram {
    let world =
        World { resources, ids: ids(graph, resources, known), recorded: !known.outputs.is_empty() };
    let mut diagram = Diagram { title, ..Diagram::default() };
    servers::add(&world, &mut diagram);
    rules::add(&world, &mut diagram);
    add_regional(&world, &mut diagram);
    diagram
}

/// The resources, and what is known of them.
struct World<'a> {
    resources: &'a [Resolved],
    ids: BTreeMap<String, String>,
    recorded: bool,
}

impl World<'_> {
    fn of_type(&self, resource_type: &str) -> impl Iterator<Item = &Resolved> {
        self.resources.iter().filter(move |one| one.resource_type == resource_type)
    }

    fn get(&self, key: &str) -> Option<&Resolved> {
        self.resources.iter().find(|one| one.key() == key)
    }

    fn node(&self, resource: &Resolved, title: String, tier: Tier) -> Node {
        let id = self.ids.get(&resource.key()).cloned();
        Node { title, parts: Vec::new(), id, tier, exists: self.recorded }
    }
}

/// The ids that outputs give of resources.
fn ids(graph: &StackGraph, resources: &[Resolved], known: &Known) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    for spec in graph.stacks() {
        let outputs = spec.template.body()["Outputs"].as_object();
        for (name, output) in outputs.into_iter().flatten() {
            let target = output["Value"]["Ref"]
                .as_str()
                .or_else(|| output["Value"]["Fn::GetAtt"][0].as_str());
            let resource = resources
                .iter()
                .find(|one| one.stack == spec.name && Some(one.logical_id.as_str()) == target);
            if let Some((resource, id)) = resource.zip(known.outputs.get(name)) {
                ids.entry(resource.key()).or_insert_with(|| id.clone());
            }
        }
    }
    ids
}

/// What is in no network and still worth a box.
const REGIONAL: [&str; 9] = [
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::Route53::HostedZone",
    "AWS::CertificateManager::Certificate",
    "AWS::ECR::Repository",
    "AWS::SecretsManager::Secret",
    "AWS::SSM::Parameter",
    "AWS::ECS::Cluster",
    "AWS::Backup::BackupVault",
];

/// One box for each kind of thing in a stack that is in no network.
fn add_regional(world: &World<'_>, diagram: &mut Diagram) {
    for resource_type in REGIONAL {
        let mut stacks: BTreeMap<&str, Vec<&Resolved>> = BTreeMap::new();
        for resource in world.of_type(resource_type) {
            stacks.entry(resource.stack.as_str()).or_default().push(resource);
        }
        for (stack, resources) in stacks {
            let word = words::of(resource_type);
            let word = if resources.len() == 1 { word.singular } else { word.plural };
            let parts = resources.iter().map(|one| name_of(one)).collect();
            let Some(first) = resources.first() else { continue };
            let node = Node { parts, ..world.node(first, word.into_owned(), Tier::Region) };
            diagram.nodes.insert(format!("{stack}/{resource_type}"), node);
        }
    }
}

/// How a person would call a resource: by the name in its properties, else by its logical id.
fn name_of(resource: &Resolved) -> String {
    let names = ["Name", "BucketName", "RepositoryName", "DomainName", "ClusterName"];
    let named = names.iter().find_map(|name| resource.properties[*name].as_str());
    let name = named.unwrap_or(&resource.logical_id);
    if resource.properties["VPCs"].is_array() {
        format!("{name} (private)")
    } else {
        name.to_owned()
    }
}

/// The resolved resources of a graph.
///
/// # Errors
/// [`cloudops_aws::cfn::graph::GraphError`].
pub fn resources(
    graph: &StackGraph,
    region: &cloudops_aws::ids::Region,
) -> Result<Vec<Resolved>, cloudops_aws::cfn::graph::GraphError> {
    resolve::resources(graph, region)
}

#[cfg(test)]
mod tests;
