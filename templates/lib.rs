//! The embedded CloudFormation templates.
//!
//! Each file is a stack of its own, flat and below the size that goes inline. A parameter that has
//! the name of an output of a stack before it gets that output's value; see `templates/README.md`.

/// The largest template, in bytes, that CloudFormation takes inline.
pub const MAX_INLINE_BYTES: usize = 51_200;

/// One template: the YAML as it is in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Group and name, for example `core/network`.
    pub name: &'static str,
    /// Where the file is in the repository, for example `templates/core/network.yaml`.
    pub file: &'static str,
    /// The YAML.
    pub body: &'static str,
}

/// A file that is no template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Where it is in the repository, for example `templates/build-server/plugins.lock`.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Embeds one file that is no template.
macro_rules! file {
    ($name:literal) => {
        $crate::File { path: concat!("templates/", $name), text: include_str!($name) }
    };
}

/// Embeds one template, so that its name, its path and its content cannot disagree.
macro_rules! template {
    ($name:literal) => {
        $crate::Template {
            name: $name,
            file: concat!("templates/", $name, ".yaml"),
            body: include_str!(concat!($name, ".yaml")),
        }
    };
}

/// The stacks of an instance, made once by `cloudcore`.
pub mod core {
    use crate::Template;

    /// The bucket that holds the state.
    pub const STATE: Template = template!("core/state");
    /// Network, subnets and routes.
    pub const NETWORK: Template = template!("core/network");
    /// A network that exists already, in place of [`NETWORK`].
    pub const ADOPTED_NETWORK: Template = template!("core/adopted-network");
    /// The public and the private hosted zone.
    pub const DNS: Template = template!("core/dns");
    /// Key, buckets and log delivery.
    pub const STORAGE: Template = template!("core/storage");
    /// The certificate, which waits for the delegation of the domain.
    pub const CERTIFICATE: Template = template!("core/certificate");
    /// The bastion host.
    pub const BASTION: Template = template!("core/bastion");
    /// Configuration management.
    pub const CONFIG: Template = template!("core/config");
    /// The Consul cluster that keeps the configuration, where Parameter Store does not.
    pub const CONSUL: Template = template!("core/consul");
    /// What the Jenkins build server stands on.
    pub const BUILD: Template = template!("core/build");
    /// The Jenkins build server, which needs the certificate.
    pub const BUILD_SERVICE: Template = template!("core/build-service");
}

/// The stacks of the build pipeline, made by `cloudteam`.
pub mod team {
    use crate::Template;

    /// What build agents may use.
    pub const PIPELINE: Template = template!("team/pipeline");
}

/// The stacks of images and environments, made by `clouddeploy`.
pub mod deploy {
    use crate::Template;

    /// What the agents that deploy may use.
    pub const PIPELINE: Template = template!("deploy/pipeline");
    /// The repository of one image.
    pub const REPOSITORY: Template = template!("deploy/repository");
    /// The container cluster of an environment.
    pub const CLUSTER: Template = template!("deploy/cluster");
    /// The database of one side of an environment.
    pub const DATA: Template = template!("deploy/data");
    /// The broker and the queues of one side of an environment.
    pub const MESSAGING: Template = template!("deploy/messaging");
    /// The public entrance of an environment.
    pub const EDGE: Template = template!("deploy/edge");
    /// The black box recorder and the notifications of an environment.
    pub const EVENTS: Template = template!("deploy/events");
    /// One service of one side of an environment.
    pub const SERVICE: Template = template!("deploy/service");
    /// The data population job of one side of an environment.
    pub const JOB: Template = template!("deploy/job");
}

/// What the image of the build server is made of.
pub mod build_server {
    use crate::File;

    /// Plugins with their digests, one on each line.
    pub const PLUGINS: File = file!("build-server/plugins.lock");
    /// Images that it builds on, by name: `controller` and `agent`.
    pub const IMAGES: File = file!("build-server/images.lock");
    /// Configuration as code.
    pub const CONFIGURATION: File = file!("build-server/jenkins.yaml");
    /// What runs first in the container.
    pub const START: File = file!("build-server/start.sh");
}

/// All templates.
pub const ALL: &[Template] = &[
    core::STATE,
    core::NETWORK,
    core::ADOPTED_NETWORK,
    core::DNS,
    core::STORAGE,
    core::CERTIFICATE,
    core::BASTION,
    core::CONFIG,
    core::CONSUL,
    core::BUILD,
    core::BUILD_SERVICE,
    team::PIPELINE,
    deploy::PIPELINE,
    deploy::REPOSITORY,
    deploy::CLUSTER,
    deploy::DATA,
    deploy::MESSAGING,
    deploy::EDGE,
    deploy::EVENTS,
    deploy::SERVICE,
    deploy::JOB,
];

/// The template with this name, for example `core/network`.
pub fn find(name: &str) -> Option<&'static Template> {
    ALL.iter().find(|template| template.name == name)
}

#[cfg(test)]
mod tests {
    use super::{ALL, MAX_INLINE_BYTES, find};
    use std::collections::BTreeSet;
    use std::path::Path;

    fn names_on_disk() -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut names = BTreeSet::new();
        for group in ["core", "team", "deploy"] {
            for entry in std::fs::read_dir(root.join(group)).unwrap() {
                let path = entry.unwrap().path();
                assert_eq!(path.extension().unwrap(), "yaml", "{}", path.display());
                let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
                names.insert(format!("{group}/{stem}"));
            }
        }
        names
    }

    #[test]
    fn every_file_is_embedded_once() {
        let embedded: BTreeSet<String> = ALL.iter().map(|each| each.name.to_owned()).collect();
        assert_eq!(embedded, names_on_disk());
        assert_eq!(embedded.len(), ALL.len(), "names are unique");
    }

    #[test]
    fn every_template_goes_inline() {
        for template in ALL {
            assert!(template.body.len() < MAX_INLINE_BYTES, "{}", template.name);
        }
    }

    #[test]
    fn stacks_share_nothing_behind_the_engine() {
        for template in ALL {
            for word in ["ImportValue", "AWS::CloudFormation::Stack\n", "Export:"] {
                assert!(!template.body.contains(word), "{}: {word}", template.name);
            }
        }
    }

    #[test]
    fn the_readme_describes_every_template() {
        let readme = include_str!("README.md");
        for template in ALL {
            let heading = format!("### `{}`", template.name);
            assert!(readme.contains(&heading), "no heading {heading}");
        }
    }

    #[test]
    fn every_resource_type_has_a_price_or_says_why_not() {
        use cloudops_aws::{cfn::template, cost};
        for each in ALL {
            let template = template::Template::parse(each.file, each.body).unwrap();
            for resource in template.resources() {
                let kind = cost::kind(&resource.resource_type);
                assert_ne!(
                    kind,
                    cost::Kind::Unknown,
                    "{}: {} is in none of the lists of cost/kinds.rs",
                    each.file,
                    resource.resource_type
                );
            }
        }
    }

    #[test]
    fn with_defaults_nothing_lacks_a_price() {
        use cloudops_aws::{cfn::template, cost};
        let region = "us-east-1".parse().unwrap();
        for each in ALL {
            let template = template::Template::parse(each.file, each.body).unwrap();
            let estimate = cost::estimate(&template, &Default::default(), &region, None);
            let lacks = |line: &&cost::Line| match &line.monthly {
                cost::Monthly::Unknown(why) => why.starts_with("no price"),
                _ => false,
            };
            let lacking: Vec<_> = estimate.lines.iter().filter(lacks).collect();
            assert!(lacking.is_empty(), "{}: {lacking:?}", each.name);
        }
    }

    #[test]
    fn finds_by_name() {
        assert_eq!(find("core/network"), Some(&super::core::NETWORK));
        assert_eq!(find("core/unknown"), None);
    }
}
