//! What outlives the stacks of an instance: found before they are deleted, kept or deleted with
//! them, and looked for again at the end.
//!
//! | file | holds |
//! |---|---|
//! | `find.rs` | what a stack leaves, and what no stack ever owned |
//! | `delete.rs` | deleting each kind for good |
//! | `proof.rs` | what AWS still lists with the tag of the instance |
//! | `arn.rs` | what an ARN is, and whether it costs money |
//! | `cloud_control.rs` | looking for and deleting a resource of any type |

mod arn;
mod cloud_control;
mod delete;
mod find;
mod proof;

use serde::{Deserialize, Serialize};

pub use delete::{DeleteError, Deleted, RemainError, delete};
pub use find::{OfStack, of_stack, outside};
pub use proof::{Left, look};

use crate::{
    cost::Monthly,
    ctx::Ctx,
    state::{
        lock::Locked,
        store::{Document, StateError, Store},
    },
};

/// Type of a snapshot of a database cluster, for which CloudFormation has no type.
pub const SNAPSHOT: &str = "AWS::RDS::DBClusterSnapshot";

/// Where what stacks leave is noted, before they are deleted.
const KEY: &str = "v1/remains.json";

/// Something that is there when the stacks are not any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Remain {
    /// Its type, such as `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Its physical id: a name, an id or an ARN, as CloudFormation has it.
    pub id: String,
    /// The stack that it belongs to, if one does.
    pub stack: Option<String>,
}

impl Remain {
    /// It in words: `bucket acme-logs`.
    #[must_use]
    pub fn words(&self) -> String {
        let what = match self.resource_type.as_str() {
            SNAPSHOT => "database snapshot".to_owned(),
            known => crate::words::resource(known),
        };
        format!("{what} {}", self.id)
    }
}

/// A remain, and what keeping it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// What it is.
    pub remain: Remain,
    /// What it costs a month.
    pub monthly: Monthly,
}

/// What stacks leave, noted in the state so that it is known when they are gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    remains: Vec<Remain>,
}

impl Document for Noted {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "what stacks leave";
}

/// Whether a remain is still there, as far as AWS says; what nobody can look for counts as there
/// (`HeadBucket`, or `GetResource`).
///
/// # Errors
/// [`StateError`].
pub async fn exists(ctx: &Ctx, remain: &Remain) -> Result<bool, StateError> {
    if remain.resource_type == "AWS::S3::Bucket" {
        return Store::new(&ctx.aws, &remain.id).exists().await;
    }
    let seen = cloud_control::exists(&ctx.aws, &remain.resource_type, &remain.id).await;
    Ok(seen.unwrap_or(true))
}

/// What is noted (`GetObject`).
///
/// # Errors
/// [`StateError`].
pub async fn noted(store: &Store) -> Result<Vec<Remain>, StateError> {
    Ok(store.get::<Noted>(KEY).await?.map(|found| found.value.remains).unwrap_or_default())
}

/// Adds to what is noted, and gives back all of it (`GetObject`, `PutObject`).
///
/// # Errors
/// [`StateError`].
pub async fn note(
    store: &Store,
    _locked: &Locked,
    remains: &[Remain],
) -> Result<Vec<Remain>, StateError> {
    let found = store.get::<Noted>(KEY).await?;
    let (mut noted, etag) = match found {
        Some(found) => (found.value, Some(found.etag)),
        None => (Noted::default(), None),
    };
    let before = noted.remains.len();
    noted.remains.extend(remains.iter().cloned());
    noted.remains.sort();
    noted.remains.dedup();
    if noted.remains.len() > before {
        store.put(KEY, &noted, etag.as_ref()).await?;
    }
    Ok(noted.remains)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::fixtures;

    #[test]
    fn notes_of_every_schema_can_be_read() {
        fixtures::check::<Noted>(&[include_str!("../state/fixtures/remains-1.json")]);
    }
}
