//! The environments of an instance, and what was deployed to each.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::store::{Document, ETag, Migration, StateError, Store, Versioned};
use crate::ids::EnvName;

/// What an environment is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvKind {
    /// One set of services with one database, for developers.
    Single,
    /// An Author side that publishes to a Live side, each with its own database.
    AuthorLive,
}

/// A set of services with a database of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The only side of a single environment.
    Single,
    /// For business users: manage, preview, publish.
    Author,
    /// For shoppers.
    Live,
}

impl Side {
    /// The name, as it stands in names of stacks and services.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Author => "author",
            Self::Live => "live",
        }
    }
}

impl EnvKind {
    /// The sides, in the order in which a release moves through them.
    #[must_use]
    pub const fn sides(self) -> &'static [Side] {
        match self {
            Self::Single => &[Side::Single],
            Self::AuthorLive => &[Side::Author, Side::Live],
        }
    }
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deployed {
    /// It began, and nobody saw its end.
    Began,
    /// The release serves.
    Serving,
    /// It does not, or not everywhere.
    Failed,
}

/// One deployment to an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Release id.
    pub release: String,
    /// Run id.
    pub run: String,
    /// When it began.
    pub began_at: Timestamp,
    /// Who: the ARN of the caller.
    pub by: String,
    /// How it ended.
    pub outcome: Deployed,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Name.
    pub name: EnvName,
    /// Kind.
    pub kind: EnvKind,
    /// Size of its services: `dev` or `prod`.
    pub size: String,
    /// Where its containers run: `ec2` or `fargate`.
    pub launch_type: String,
    /// Whether AWS refuses to delete its stacks, databases and load balancer.
    pub protected: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// Deployments, the oldest first.
    pub deployments: Vec<Deployment>,
}

impl Environment {
    /// Releases whose images it needs: the one that it was given last, the one that serves, and
    /// the one that served before it, to go back to.
    #[must_use]
    pub fn needed_releases(&self) -> BTreeSet<String> {
        let mut serving = Vec::new();
        for deployment in self.deployments.iter().rev() {
            let release = &deployment.release;
            if deployment.outcome == Deployed::Serving && !serving.contains(&release) {
                serving.push(release);
            }
        }
        let last = self.deployments.last().map(|deployment| &deployment.release);
        serving.into_iter().take(2).chain(last).cloned().collect()
    }
}

impl Document for Environment {
    const SCHEMA: u32 = 2;
    const WHAT: &'static str = "an environment";
    const MIGRATIONS: &'static [Migration] = &[|fields| {
        let is = |field: &str, value: &str| {
            fields.get(field).and_then(|found| found.as_str()) == Some(value)
        };
        let protected = is("kind", "author-live") || is("size", PRODUCTION);
        fields.insert("protected".to_owned(), protected.into());
    }];
}

/// The size of production.
const PRODUCTION: &str = "prod";

impl Environment {
    /// Whether an environment is protected when nobody says: when shoppers may be in it, that is,
    /// when it has a Live side or is of the size of production.
    #[must_use]
    pub fn is_protected_by_default(kind: EnvKind, size: &str) -> bool {
        kind.sides().contains(&Side::Live) || size == PRODUCTION
    }

    /// The release that serves now: that of the last deployment that ended well.
    #[must_use]
    pub fn release(&self) -> Option<&str> {
        let serving = |deployment: &&Deployment| deployment.outcome == Deployed::Serving;
        self.deployments.iter().rfind(serving).map(|deployment| deployment.release.as_str())
    }

    /// The release before the one that serves now: where a rollback goes.
    #[must_use]
    pub fn previous_release(&self) -> Option<&str> {
        let current = self.release()?;
        let before = |deployment: &&Deployment| {
            deployment.outcome == Deployed::Serving && deployment.release != current
        };
        self.deployments.iter().rfind(before).map(|deployment| deployment.release.as_str())
    }
}

const PREFIX: &str = "v1/envs/";

fn key(name: &str) -> String {
    format!("{PREFIX}{name}.json")
}

/// An environment, if there is one.
///
/// # Errors
/// [`StateError`].
pub async fn find(
    store: &Store,
    name: &EnvName,
) -> Result<Option<Versioned<Environment>>, StateError> {
    store.get(&key(name.as_str())).await
}

/// Names of all environments, sorted.
///
/// # Errors
/// [`StateError`].
pub async fn names(store: &Store) -> Result<Vec<String>, StateError> {
    let name = |key: String| Some(key.strip_prefix(PREFIX)?.strip_suffix(".json")?.to_owned());
    Ok(store.keys(PREFIX).await?.into_iter().filter_map(name).collect())
}

/// Writes an environment.
///
/// # Errors
/// [`StateError::Conflict`] when another run wrote it since it was read.
pub async fn write(
    store: &Store,
    environment: &Environment,
    seen: Option<&ETag>,
) -> Result<ETag, StateError> {
    store.put(&key(environment.name.as_str()), environment, seen).await
}

/// Forgets an environment.
///
/// # Errors
/// [`StateError`].
pub async fn forget(store: &Store, name: &EnvName) -> Result<(), StateError> {
    store.delete(&key(name.as_str())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_that_shoppers_may_be_in_are_protected_also_those_of_before() {
        let migrated = |kind: &str, size: &str| {
            let mut fields = serde_json::Map::new();
            fields.insert("kind".to_owned(), kind.into());
            fields.insert("size".to_owned(), size.into());
            Environment::MIGRATIONS[0](&mut fields);
            fields["protected"].as_bool().unwrap()
        };
        for (kind, name) in [(EnvKind::Single, "single"), (EnvKind::AuthorLive, "author-live")] {
            for size in ["dev", "prod"] {
                let wanted = kind == EnvKind::AuthorLive || size == "prod";
                assert_eq!(Environment::is_protected_by_default(kind, size), wanted);
                assert_eq!(migrated(name, size), wanted, "{name} {size}");
            }
        }
    }

    #[test]
    fn a_rollback_goes_to_the_last_other_release_that_served() {
        let deployment = |release: &str, outcome| Deployment {
            release: release.to_owned(),
            run: "run".to_owned(),
            began_at: Timestamp::UNIX_EPOCH,
            by: "arn".to_owned(),
            outcome,
        };
        let mut environment = Environment {
            name: "qa".parse().unwrap(),
            kind: EnvKind::Single,
            size: "dev".to_owned(),
            launch_type: "ec2".to_owned(),
            protected: false,
            created_at: Timestamp::UNIX_EPOCH,
            deployments: vec![deployment("r1", Deployed::Serving)],
        };
        assert_eq!((environment.release(), environment.previous_release()), (Some("r1"), None));
        environment.deployments.push(deployment("r2", Deployed::Serving));
        environment.deployments.push(deployment("r3", Deployed::Failed));
        assert_eq!(environment.release(), Some("r2"));
        assert_eq!(environment.previous_release(), Some("r1"));
    }
}
