//! Walks from the root of DNS to a domain and writes down what every server on the way says.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use futures::future::join_all;
use hickory_proto::{op::ResponseCode, rr::RecordType};

use super::{
    hops::{Caa, Facts, Parent, Proof, Said, Server, plain},
    lookup::{NoReply, Reply, ask},
};

/// IPv4 addresses of the root servers, a to m.
const ROOTS: [[u8; 4]; 13] = [
    [198, 41, 0, 4],
    [170, 247, 170, 2],
    [192, 33, 4, 12],
    [199, 7, 91, 13],
    [192, 203, 230, 10],
    [192, 5, 5, 241],
    [192, 112, 36, 4],
    [198, 97, 190, 53],
    [192, 36, 148, 17],
    [192, 58, 128, 30],
    [193, 0, 14, 129],
    [199, 7, 83, 42],
    [202, 12, 27, 33],
];
/// Public resolvers that are asked where none are named.
const RESOLVERS: [[u8; 4]; 2] = [[1, 1, 1, 1], [8, 8, 8, 8]];
const PORT: u16 = 53;
/// A name has no more labels than this that are zones.
const DEEPEST: usize = 12;
/// So many servers of a zone are tried before it counts as silent, and so many of the parent are
/// asked.
const SERVERS: usize = 6;

/// Which servers are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where the walk begins. The servers it leads to are asked at the same port.
    pub roots: Vec<SocketAddr>,
    /// Public resolvers.
    pub resolvers: Vec<SocketAddr>,
    /// How long a server may take to answer once; it is asked twice.
    pub limit: Duration,
}

impl Place {
    /// The servers that are named, or those of the internet.
    #[must_use]
    pub fn new(roots: &[SocketAddr], resolvers: &[SocketAddr]) -> Self {
        let or = |named: &[SocketAddr], known: &[[u8; 4]]| match named {
            [] => known.iter().map(|ip| (Ipv4Addr::from(*ip), PORT).into()).collect(),
            named => named.to_vec(),
        };
        Self {
            roots: or(roots, &ROOTS),
            resolvers: or(resolvers, &RESOLVERS),
            limit: Duration::from_secs(2),
        }
    }

    fn port(&self) -> u16 {
        self.roots.first().map_or(PORT, SocketAddr::port)
    }
}

/// A name server and where it is.
#[derive(Debug, Clone)]
struct Known {
    name: String,
    address: SocketAddr,
}

/// What the walk is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The domain.
    pub domain: &'a str,
    /// Name servers of its zone.
    pub wanted: &'a [String],
    /// The record that proves the domain: name and value.
    pub proof: Option<&'a (String, String)>,
}

/// Asks everybody on the way. Never fails: who does not answer is a fact, too.
pub async fn walk(place: &Place, subject: Subject<'_>) -> Facts {
    let domain = plain(subject.domain);
    let wanted = super::hops::names(subject.wanted.iter().cloned());
    let (way, own, resolvers, caa, proof) = tokio::join!(
        descend(place, &domain),
        own(place, &domain, &wanted),
        seen(place, &domain, RecordType::NS),
        caa(place, &domain),
        proof(place, subject.proof),
    );
    let (own, signed) = own;
    Facts {
        domain,
        wanted,
        above: way.above,
        stopped: way.stopped,
        parent: way.parent,
        own,
        signed,
        resolvers,
        caa,
        proof,
    }
}

#[derive(Default)]
struct Way {
    above: Vec<String>,
    stopped: Option<(String, String)>,
    parent: Option<Parent>,
}

/// From the root down to the zone that delegates the domain.
async fn descend(place: &Place, domain: &str) -> Way {
    let mut way = Way::default();
    let mut zone = String::new();
    let mut servers: Vec<Known> = place.roots.iter().map(|root| at(*root)).collect();
    for _ in 0..DEEPEST {
        let reply = match first_answer(place, &servers, domain).await {
            Ok(reply) => reply,
            Err(why) => {
                way.stopped = Some((zone, why));
                return way;
            }
        };
        match reply.referral() {
            Some((next, names, _))
                if below(&next, &zone) && next != domain && covers(&next, domain) =>
            {
                way.above.push(std::mem::replace(&mut zone, next));
                servers = known(place, &names, &reply).await;
            }
            _ => {
                way.parent = Some(parent(place, zone, servers, domain).await);
                return way;
            }
        }
    }
    way.stopped = Some((zone, "it passes on without end".to_owned()));
    way
}

fn at(address: SocketAddr) -> Known {
    Known { name: address_text(address), address }
}

/// An address, with its port where that is not the usual one.
fn address_text(address: SocketAddr) -> String {
    if address.port() == PORT { address.ip().to_string() } else { address.to_string() }
}

fn below(name: &str, zone: &str) -> bool {
    name != zone && covers(zone, name)
}

fn covers(zone: &str, name: &str) -> bool {
    zone.is_empty()
        || name == zone
        || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

async fn first_answer(place: &Place, servers: &[Known], domain: &str) -> Result<Reply, String> {
    let mut why = "none of its servers has an address".to_owned();
    for server in servers.iter().take(SERVERS) {
        match ask(server.address, domain, RecordType::NS, false, place.limit).await {
            Ok(reply) if matches!(reply.code, ResponseCode::NoError | ResponseCode::NXDomain) => {
                return Ok(reply);
            }
            Ok(reply) => why = format!("{} answers {}", server.name, code(reply.code)),
            Err(error) => why = format!("{} {error}", server.name),
        }
    }
    Err(why)
}

/// Addresses of name servers: those that came along, the others asked of the resolvers.
async fn known(place: &Place, names: &[String], reply: &Reply) -> Vec<Known> {
    let looks = names.iter().map(async |name| {
        let mut addresses = reply.addresses(name);
        if addresses.is_empty() {
            addresses = address(place, name).await;
        }
        addresses
            .first()
            .map(|ip| Known { name: name.clone(), address: (*ip, place.port()).into() })
    });
    join_all(looks).await.into_iter().flatten().collect()
}

async fn address(place: &Place, name: &str) -> Vec<Ipv4Addr> {
    for resolver in &place.resolvers {
        if let Ok(reply) = ask(*resolver, name, RecordType::A, true, place.limit).await {
            let found = reply.all_addresses();
            if !found.is_empty() {
                return found;
            }
        }
    }
    Vec::new()
}

async fn parent(place: &Place, zone: String, servers: Vec<Known>, domain: &str) -> Parent {
    let asked = servers.iter().take(SERVERS);
    let said = join_all(asked.map(|server| delegation(place, server, domain))).await;
    let mut says_signed = None;
    for server in servers.iter().take(SERVERS) {
        if let Ok(reply) = ask(server.address, domain, RecordType::DS, false, place.limit).await {
            says_signed = Some(reply.count(RecordType::DS) > 0);
            break;
        }
    }
    Parent { zone, servers: said, says_signed }
}

/// Which servers a server of the parent zone names.
async fn delegation(place: &Place, server: &Known, domain: &str) -> Server {
    let said = match ask(server.address, domain, RecordType::NS, false, place.limit).await {
        Err(error) => silent(&error),
        Ok(reply) => match reply.referral() {
            Some((at, names, ttl)) if at == domain => Said::Names { names, ttl },
            // A server of the parent may serve the domain as well, and answers for it.
            _ => answer(&reply, RecordType::NS),
        },
    };
    Server { name: server.name.clone(), said }
}

/// What a reply says by its records of a kind.
fn answer(reply: &Reply, kind: RecordType) -> Said {
    let (names, ttl) = reply.names(kind);
    match reply.code {
        ResponseCode::NoError if !names.is_empty() => Said::Names { names, ttl },
        ResponseCode::NoError | ResponseCode::NXDomain => {
            Said::Nothing { ttl: reply.nothing_for() }
        }
        other => Said::Failed { code: code(other) },
    }
}

fn code(code: ResponseCode) -> String {
    match code {
        ResponseCode::Refused => "that it refuses (REFUSED)".to_owned(),
        ResponseCode::ServFail => "that it failed (SERVFAIL)".to_owned(),
        other => format!("`{other}`"),
    }
}

fn silent(error: &NoReply) -> Said {
    Said::Silent { why: error.to_string() }
}

/// What our own name servers say as the authority, and whether the zone has keys.
async fn own(place: &Place, domain: &str, wanted: &[String]) -> (Vec<Server>, Option<bool>) {
    let looks = join_all(wanted.iter().map(async |name| {
        let Some(ip) = address(place, name).await.into_iter().next() else {
            let why = "has no address that a resolver knows".to_owned();
            return (Server { name: name.clone(), said: Said::Silent { why } }, None);
        };
        let server: SocketAddr = (ip, place.port()).into();
        let said = match ask(server, domain, RecordType::NS, false, place.limit).await {
            Err(error) => silent(&error),
            Ok(reply) if reply.code == ResponseCode::NoError && !reply.authoritative => {
                Said::Failed { code: "that it does not have the zone".to_owned() }
            }
            Ok(reply) => answer(&reply, RecordType::NS),
        };
        let keys = match said {
            Said::Names { .. } => {
                let reply = ask(server, domain, RecordType::DNSKEY, false, place.limit).await;
                reply.ok().map(|reply| reply.count(RecordType::DNSKEY) > 0)
            }
            _ => None,
        };
        (Server { name: name.clone(), said }, keys)
    }))
    .await;
    let signed = looks.iter().find_map(|(_, keys)| *keys);
    (looks.into_iter().map(|(server, _)| server).collect(), signed)
}

/// What the public resolvers see.
async fn seen(place: &Place, name: &str, kind: RecordType) -> Vec<Server> {
    let looks = place.resolvers.iter().map(async |resolver| {
        let said = match ask(*resolver, name, kind, true, place.limit).await {
            Ok(reply) => answer(&reply, kind),
            Err(error) => silent(&error),
        };
        Server { name: address_text(*resolver), said }
    });
    join_all(looks).await
}

/// The nearest CAA records at the domain or above it, as a certificate authority looks for them.
async fn caa(place: &Place, domain: &str) -> Option<Caa> {
    let mut at = domain;
    loop {
        for resolver in &place.resolvers {
            let Ok(reply) = ask(*resolver, at, RecordType::CAA, true, place.limit).await else {
                continue;
            };
            let records = reply.authorities_allowed();
            if !records.is_empty() {
                return Some(Caa { at: at.to_owned(), records });
            }
            break;
        }
        at = at.split_once('.')?.1;
    }
}

async fn proof(place: &Place, record: Option<&(String, String)>) -> Option<Proof> {
    let (name, value) = record?;
    let (name, value) = (plain(name), plain(value));
    let seen = seen(place, &name, RecordType::CNAME).await;
    Some(Proof { name, value, seen })
}

#[cfg(test)]
mod tests;
