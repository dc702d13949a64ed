//! Who may ask the emulator about buckets at the same time.
//!
//! The emulator (0.51.0) holds the state of S3 for reading while it decrypts an object, and asks
//! for it a second time meanwhile (`get_object` -> `bucket_region`). A write that comes to wait in
//! between stops it for ever, with all its services. So what decrypts has S3 for itself.

use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// Operations of S3 that decrypt.
const DECRYPT: [&str; 3] = ["GetObject", "CopyObject", "UploadPartCopy"];
/// Services that write to the state of S3.
const WRITERS: [&str; 2] = ["s3", "cloudcontrolapi"];

/// The order in which the emulator is asked.
#[derive(Debug, Clone, Default)]
pub struct Turns(Arc<RwLock<()>>);

/// The right to ask, until it is dropped.
#[derive(Debug)]
pub enum Turn {
    /// Nobody else asks meanwhile.
    Alone(OwnedRwLockWriteGuard<()>),
    /// Others may ask, but nothing is decrypted.
    Shared(OwnedRwLockReadGuard<()>),
    /// It has nothing to do with buckets.
    Free,
}

impl Turns {
    /// Waits for the turn of an operation. It is held until the answer begins to come.
    pub async fn of(&self, service: &str, operation: &str) -> Turn {
        if service == "s3" && DECRYPT.contains(&operation) {
            return Turn::Alone(self.0.clone().write_owned().await);
        }
        if WRITERS.contains(&service) {
            return self.shared().await;
        }
        Turn::Free
    }

    /// Waits for the turn of something that may write to buckets.
    pub async fn shared(&self) -> Turn {
        Turn::Shared(self.0.clone().read_owned().await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it would have to wait.
    async fn waits(turns: &Turns, service: &str, operation: &str) -> bool {
        tokio::select! {
            biased;
            _ = turns.of(service, operation) => false,
            () = std::future::ready(()) => true,
        }
    }

    #[tokio::test]
    async fn an_object_is_read_when_nobody_writes() {
        let turns = Turns::default();
        let write = turns.of("s3", "PutObject").await;
        assert!(!waits(&turns, "s3", "UploadPart").await);
        assert!(waits(&turns, "s3", "GetObject").await);
        drop(write);
        let read = turns.of("s3", "GetObject").await;
        assert!(waits(&turns, "s3", "PutObject").await);
        assert!(waits(&turns, "s3", "GetObject").await);
        assert!(waits(&turns, "cloudcontrolapi", "CreateResource").await);
        assert!(!waits(&turns, "ec2", "DescribeVpcs").await);
        drop(read);
        assert!(!waits(&turns, "s3", "HeadObject").await);
    }
}
