//! The state of an instance, in S3: what is initialized, who works on it, what has been done.
//!
//! Every document has a `schema` number, and every write is conditional: nothing is overwritten
//! that has not been read.

pub mod bucket;
pub mod build_server;
#[cfg(feature = "stacks")]
pub mod durations;
pub mod environments;
#[cfg(test)]
#[cfg(feature = "stacks")]
pub(crate) mod fixtures;
pub mod init;
pub mod journal;
pub mod lock;
pub mod packages;
pub mod programs;
pub mod releases;
pub mod runs;
pub mod store;

use crate::ids::{AccountId, InstanceName, Region};

/// Name of the state bucket of an instance. It is computed, so that every tool finds it from
/// `cloudops.yaml` alone: at most 59 of the 63 characters that S3 allows.
#[must_use]
pub fn bucket_name(instance: &InstanceName, account: &AccountId, region: &Region) -> String {
    format!("cloudops-{instance}-state-{account}-{region}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bucket_name_fits() {
        let name = bucket_name(
            &"a-longest-name-x".parse().unwrap(),
            &"123456789012".parse().unwrap(),
            &"ap-southeast-2".parse().unwrap(),
        );
        assert!(name.len() <= 63, "{name}");
    }
}
