//! The topology: which services a suite has, and how each of them runs. It is data; the built-in
//! one is the commerce suite's.

use std::collections::BTreeMap;

use cloudops_aws::{
    diagnose::{Class, Diagnose},
    state::environments::Side,
};
use serde::Deserialize;

const COMMERCE: &str = include_str!("commerce.yaml");

/// A suite.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Topology {
    /// Schema number of the file.
    pub schema: u32,
    /// Name of the suite.
    pub name: String,
    /// Services, by name.
    pub services: BTreeMap<String, Service>,
    /// Tools that run as one-off tasks, by image name.
    pub tools: BTreeMap<String, Tool>,
}

/// A service: one web application that runs for as long as the environment does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Service {
    /// Web applications in its image: context path by artifact id.
    pub webapps: BTreeMap<String, String>,
    /// Sides of an environment that it runs on.
    pub sides: Vec<Side>,
    /// Path that answers 200 when it can take traffic.
    pub health: String,
    /// Who may reach it from outside.
    #[serde(default)]
    pub exposure: Exposure,
    /// Paths that the balancer sends to it.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Whether at most one task may ever run: it is stopped before the next one starts.
    #[serde(default)]
    pub singleton: bool,
    /// What it needs to reach.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// Services of its side that must serve before it starts.
    #[serde(default)]
    pub after: Vec<String>,
    /// Seconds from its start to its first healthy answer.
    pub start_seconds: u32,
    /// Sizes: `dev` and `prod`.
    pub sizes: BTreeMap<String, Size>,
}

/// Who may reach a service from outside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// Nobody.
    #[default]
    None,
    /// Everybody, at the storefront's name.
    Storefront,
    /// The ranges in `admin-cidrs`, at the back office's name.
    Backoffice,
}

/// Something that a service reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// The database of its side.
    Database,
    /// The broker of its side.
    Broker,
    /// The queues of its side.
    Queues,
    /// The search service of its side.
    Search,
    /// Database and broker of the Live side, for publishing.
    Publishing,
}

/// How large a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Size {
    /// CPU units; 1024 are one core.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// Heap of the JVM in MiB.
    pub heap: u32,
    /// Fewest tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
}

/// A tool that runs as a one-off task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tool {
    /// Artifact id of its zip in `tools/`.
    pub artifact: String,
    /// Script in that zip that starts it.
    pub script: String,
}

/// A topology that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("topology {name}: {reason}")]
pub struct TopologyError {
    /// Name or file of the topology.
    pub name: String,
    /// What is wrong.
    pub reason: String,
}

impl Diagnose for TopologyError {
    fn class(&self) -> Class {
        Class::Configuration
    }
}

impl Topology {
    /// The commerce suite.
    ///
    /// # Errors
    /// [`TopologyError`], were the built-in file wrong.
    pub fn commerce() -> Result<Self, TopologyError> {
        Self::parse("commerce", COMMERCE)
    }

    /// Reads a topology from its file's text and checks that it holds together.
    ///
    /// # Errors
    /// [`TopologyError`].
    pub fn parse(name: &str, text: &str) -> Result<Self, TopologyError> {
        let wrong = |reason: String| TopologyError { name: name.to_owned(), reason };
        let options = serde_saphyr::options! { strict_booleans: true };
        let topology: Self = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| wrong(error.without_snippet().to_string()))?;
        topology.check().map_err(wrong)?;
        Ok(topology)
    }

    fn check(&self) -> Result<(), String> {
        if self.schema != 1 {
            return Err(format!("schema {} is not 1", self.schema));
        }
        for (name, service) in &self.services {
            if let Some(after) =
                service.after.iter().find(|after| !self.services.contains_key(*after))
            {
                return Err(format!("{name} starts after `{after}`, which is not a service"));
            }
            for size in ["dev", "prod"] {
                let found =
                    service.sizes.get(size).ok_or(format!("{name} has no size `{size}`"))?;
                check_size(name, service, *found)?;
            }
        }
        Ok(())
    }

    /// Names of all images: one for each service and tool.
    #[must_use]
    pub fn images(&self) -> Vec<&str> {
        self.services.keys().chain(self.tools.keys()).map(String::as_str).collect()
    }

    /// Services of a side, by name.
    pub fn on(&self, side: Side) -> impl Iterator<Item = (&String, &Service)> {
        self.services.iter().filter(move |(_, service)| service.sides.contains(&side))
    }
}

fn check_size(name: &str, service: &Service, size: Size) -> Result<(), String> {
    if size.heap >= size.memory {
        return Err(format!(
            "{name}: a heap of {} MiB does not fit into {} MiB",
            size.heap, size.memory
        ));
    }
    if size.min > size.max || (service.singleton && size.max > 1) {
        return Err(format!("{name}: {} to {} tasks are not possible", size.min, size.max));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commerce_suite_holds_together() {
        let topology = Topology::commerce().unwrap();
        assert_eq!(topology.on(Side::Author).count(), 6);
        assert_eq!(topology.on(Side::Live).count(), 5);
        assert!(topology.services["search"].singleton, "two search masters conflict");
        assert!(topology.images().contains(&"data-pop-tool"));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let wrong = COMMERCE.replace("after: [search]", "after: [serach]");
        let error = Topology::parse("mine", &wrong).unwrap_err().to_string();
        assert!(error.contains("starts after `serach`"), "{error}");
        let wrong = COMMERCE.replace("singleton: true", "singelton: true");
        assert!(Topology::parse("mine", &wrong).is_err());
    }
}
