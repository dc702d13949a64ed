//! Hosted zones (Route 53), and the way from the root of DNS to them.
//!
//! [`walk`] asks name servers what they say about a domain, [`judge`](judge::judge) says which hop of the way is
//! wrong, and [`delegation`] makes the parent zone name our servers where Route 53 has it.

pub mod delegation;
pub mod hops;
pub mod judge;
mod lookup;
pub mod record;
pub mod records;
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

/// A hosted zone of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedZone {
    /// Id, without the part `/hostedzone/`.
    pub id: String,
    /// Whether only networks see it.
    pub private: bool,
    /// What it is for, as whoever made it says.
    pub comment: String,
}

/// The zones of exactly this name that the account has (`ListHostedZonesByName`). There may be
/// several of one name.
///
/// # Errors
/// [`AwsError`].
pub async fn zones_named(aws: &Aws, name: &str) -> Result<Vec<HostedZone>, AwsError> {
    zones_of(&Client::new(aws.config()), name).await
}

/// The same with a client of another account.
async fn zones_of(client: &Client, name: &str) -> Result<Vec<HostedZone>, AwsError> {
    let request = client.list_hosted_zones_by_name().dns_name(name);
    let answer = request
        .send()
        .await
        .map_err(|error| AwsError::new("Route 53", "ListHostedZonesByName", error))?;
    // The list begins at the name and goes on with all that come after it.
    let named = answer.hosted_zones.into_iter().filter(|zone| hops::plain(&zone.name) == name);
    Ok(named.map(read_zone).collect())
}

fn read_zone(zone: aws_sdk_route53::types::HostedZone) -> HostedZone {
    let config = zone.config;
    HostedZone {
        id: zone.id.trim_start_matches("/hostedzone/").to_owned(),
        private: config.as_ref().is_some_and(|config| config.private_zone),
        comment: config.and_then(|config| config.comment).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeAws;

    #[tokio::test]
    async fn only_zones_of_the_name_itself_are_meant() {
        let zone = |id: &str, name: &str, private: bool| {
            format!(
                "<HostedZone><Id>/hostedzone/{id}</Id><Name>{name}.</Name><CallerReference>c</CallerReference>\
                     <Config><Comment>mine</Comment><PrivateZone>{private}</PrivateZone></Config></HostedZone>"
            )
        };
        let zones = [
            zone("Z1", "shop.example.com", false),
            zone("Z2", "shop.example.com", true),
            zone("Z3", "shop.example.com.au", false),
        ];
        let answer = format!(
            "<ListHostedZonesByNameResponse><HostedZones>{}</HostedZones>\
                              <IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesByNameResponse>",
            zones.concat()
        );
        let row = ("GET /2013-04-01/hostedzonesbyname", 200, &*answer.leak());
        let fake = FakeAws::start(&[row]).await;
        let found = zones_named(&fake.aws, "shop.example.com").await.unwrap();
        let short: Vec<_> = found.iter().map(|zone| (zone.id.as_str(), zone.private)).collect();
        assert_eq!(short, [("Z1", false), ("Z2", true)]);
    }
}
