//! How images run: start scripts, entry points, labels.

use std::collections::BTreeMap;

use cloudops_aws::oci::ImageSpec;

use super::{
    assemble::Provenance,
    error::ImageError,
    model::{Item, LayerPlan},
    target::{Kind, Target},
};

/// User and group of every container.
pub(super) const USER: &str = "10001:10001";
/// Ports of requests and of health probes.
const PORTS: [u16; 2] = [8080, 8180];

const ENVIRONMENT: &str = include_str!("scripts/environment");
const START: &str = include_str!("scripts/start");
const TOOL: &str = include_str!("scripts/tool");

/// An image as planned: its layers by number, and how it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePlan {
    /// What was asked for.
    pub target: Target,
    /// Layers among those of the build plan, the lowest first.
    pub layers: Vec<usize>,
}

/// Adds the scripts that all images have, and the link from the documented place of the
/// configuration to where a container may write even when its file system is read-only.
pub(super) fn add_scripts(layer: &mut LayerPlan) -> Result<(), ImageError> {
    for (name, text) in [
        ("environment", ENVIRONMENT),
        ("start", START),
        ("tool", TOOL),
    ] {
        layer.add(
            format!("ep/bin/{name}"),
            Item::Text {
                text: text.to_owned(),
                executable: true,
            },
        )?;
    }
    layer.add(
        "ep/conf".to_owned(),
        Item::Link("../tmp/ep/conf".to_owned()),
    )
}

/// What the image configuration says.
pub(super) fn spec(target: &Target, provenance: &Provenance, base: &str, name: &str) -> ImageSpec {
    let mut spec = ImageSpec {
        user: Some(USER.to_owned()),
        working_dir: Some("/ep".to_owned()),
        annotations: annotations(target, provenance, base, name),
        labels: provenance.labels(),
        ..ImageSpec::default()
    };
    match &target.kind {
        Kind::Service { health, .. } => {
            spec.entrypoint = vec!["/ep/bin/start".to_owned()];
            spec.ports = PORTS.to_vec();
            spec.labels
                .insert("cloudops.health-path".to_owned(), health.clone());
        }
        Kind::Tool { script, .. } => {
            spec.entrypoint = vec!["/ep/bin/tool".to_owned(), format!("/ep/tool/{script}")];
            spec.env = [("EP_DATABASE_DIR", "/ep/data/database")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        }
    }
    spec
}

fn annotations(
    target: &Target,
    provenance: &Provenance,
    base: &str,
    name: &str,
) -> BTreeMap<String, String> {
    let revision = provenance.revision.as_deref();
    let known = [
        ("title", Some(target.name.as_str())),
        ("version", Some(provenance.version.as_str())),
        ("revision", revision),
        ("created", Some(cloudops_aws::oci::image::CREATED)),
        ("base.digest", Some(base)),
        ("base.name", Some(name)),
    ];
    let key = |name: &str| format!("org.opencontainers.image.{name}");
    known
        .into_iter()
        .filter_map(|(name, value)| Some((key(name), value?.to_owned())))
        .collect()
}
