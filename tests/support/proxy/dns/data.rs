//! The public hosted zones of the emulator, read anew for every question: a walk asks a few dozen.

use reqwest::Method;

use super::super::upstream::Upstream;
use super::world::{Set, Zone};

/// All public zones with their records. An emulator that does not answer has none.
pub(super) async fn zones(upstream: &Upstream) -> Vec<Zone> {
    let all = read(upstream, "/2013-04-01/hostedzone").await;
    let mut zones = Vec::new();
    for zone in texts(&all, "HostedZone") {
        if first(zone, "PrivateZone") == "true" {
            continue;
        }
        let id = first(zone, "Id").trim_start_matches("/hostedzone/");
        let records = read(upstream, &format!("/2013-04-01/hostedzone/{id}/rrset")).await;
        let sets = texts(&records, "ResourceRecordSet").map(set).collect();
        zones.push(Zone { name: plain(first(zone, "Name")), sets });
    }
    zones
}

async fn read(upstream: &Upstream, path: &str) -> String {
    match upstream.rest("route53", Method::GET, path, Vec::new()).await {
        Ok((200, xml)) => xml,
        _ => String::new(),
    }
}

fn set(xml: &str) -> Set {
    Set {
        name: plain(first(xml, "Name")),
        kind: first(xml, "Type").to_owned(),
        ttl: first(xml, "TTL").parse().unwrap_or(60),
        values: texts(xml, "Value").map(str::to_owned).collect(),
    }
}

/// The texts of all elements of a name. Elements with attributes or children of the same name do
/// not occur in what is read here.
fn texts<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let begin = rest.find(&open)? + open.len();
        let end = begin + rest.get(begin..)?.find(&close)?;
        let text = rest.get(begin..end)?;
        rest = rest.get(end..)?;
        Some(text)
    })
}

fn first<'a>(xml: &'a str, name: &str) -> &'a str {
    texts(xml, name).next().unwrap_or_default()
}

/// A name in small letters without its final dot.
pub(super) fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_set_is_read() {
        let xml = "<Name>Shop.example.com.</Name><Type>NS</Type><TTL>300</TTL><ResourceRecords>\
                   <ResourceRecord><Value>ns-1.example</Value></ResourceRecord>\
                   <ResourceRecord><Value>ns-2.example.</Value></ResourceRecord></ResourceRecords>";
        let set = set(xml);
        assert_eq!(
            (set.name.as_str(), set.kind.as_str(), set.ttl),
            ("shop.example.com", "NS", 300)
        );
        assert_eq!(set.values, ["ns-1.example", "ns-2.example."]);
    }
}
