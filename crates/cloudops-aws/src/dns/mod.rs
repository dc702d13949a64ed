//! Hosted zones (Route 53), and the way from the root of DNS to them.
//!
//! [`walk`] asks name servers what they say about a domain, [`judge`](judge::judge) says which hop of the way is
//! wrong, and [`delegation`] makes the parent zone name our servers where Route 53 has it.

pub mod delegation;
pub mod hops;
pub mod judge;
mod lookup;
pub mod record;
pub mod walk;

use aws_sdk_route53::Client;

use crate::{connect::Aws, error::AwsError};

/// Name servers that the parent of a public zone must name, sorted (`GetHostedZone`).
///
/// # Errors
/// [`AwsError`]; of kind not found when the zone is gone.
pub async fn name_servers(aws: &Aws, zone_id: &str) -> Result<Vec<String>, AwsError> {
    let request = Client::new(aws.config()).get_hosted_zone().id(zone_id);
    let answer =
        request.send().await.map_err(|error| AwsError::new("Route 53", "GetHostedZone", error))?;
    let set = answer.delegation_set.map(|set| set.name_servers).unwrap_or_default();
    Ok(hops::names(set))
}
