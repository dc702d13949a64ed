use std::{collections::BTreeMap, sync::Arc};

use hickory_proto::{
    op::Message,
    rr::{
        Name, RData, Record,
        rdata::{A, NS, SOA},
    },
};
use tokio::{net::UdpSocket, task::JoinHandle};

use super::*;
use crate::dns::{
    hops::{HopKind, State},
    judge::judge,
};

const DOMAIN: &str = "shop.example.com";
const OURS: [&str; 2] = ["ns-1.a.example", "ns-2.b.example"];
/// Last bytes of the servers' addresses.
const ROOT: u8 = 1;
const TOP: u8 = 2;
const PARENT: u8 = 3;
const OWN: u8 = 4;
const RESOLVER: u8 = 5;

fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name
}

fn ns(at: &str, server: &str) -> Record {
    Record::from_rdata(name(at), 300, RData::NS(NS(name(server))))
}

fn address_of(server: &str, last: u8) -> Record {
    Record::from_rdata(name(server), 300, RData::A(A::new(127, 0, 0, last)))
}

fn soa(zone: &str) -> Record {
    let soa = SOA::new(name("ns.example"), name("admin.example"), 1, 2, 3, 4, 840);
    Record::from_rdata(name(zone), 900, RData::SOA(soa))
}

/// What the servers of a test know.
#[derive(Clone, Default)]
struct World {
    /// What the parent names for the domain.
    delegated: Vec<&'static str>,
    /// Whether our servers have the zone.
    lame: bool,
    /// Whether the top level answers.
    silent_top: bool,
}

impl World {
    /// The answer of a server, or none.
    fn answer(&self, server: u8, question: &Message) -> Option<Message> {
        let query = question.queries.first()?;
        let (asked, kind) = (plain(&query.name().to_ascii()), query.query_type());
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        answer.add_query(query.clone());
        match server {
            ROOT => refer(&mut answer, "com", "a.top.example", TOP),
            TOP if self.silent_top => return None,
            TOP => refer(&mut answer, "example.com", "ns.parent.example", PARENT),
            PARENT if kind == RecordType::NS && !self.delegated.is_empty() => {
                answer.add_authorities(self.delegated.iter().map(|server| ns(DOMAIN, server)));
            }
            PARENT => nothing(&mut answer, "example.com"),
            OWN if self.lame => answer.metadata.response_code = ResponseCode::Refused,
            OWN if kind == RecordType::NS => {
                answer.metadata.authoritative = true;
                answer.add_answers(OURS.map(|server| ns(DOMAIN, server)));
            }
            OWN => nothing(&mut answer, DOMAIN),
            _ => match kind {
                RecordType::A => {
                    answer.add_answer(address_of(&asked, OWN));
                }
                RecordType::NS if !self.delegated.is_empty() => {
                    answer.add_answers(self.delegated.iter().map(|server| ns(DOMAIN, server)));
                }
                _ => nothing(&mut answer, "example.com"),
            },
        }
        Some(answer)
    }
}

fn refer(answer: &mut Message, zone: &str, server: &str, last: u8) {
    answer.add_authority(ns(zone, server));
    answer.add_additional(address_of(server, last));
}

fn nothing(answer: &mut Message, zone: &str) {
    answer.metadata.authoritative = true;
    answer.add_authority(soa(zone));
}

/// Servers at loopback addresses, all at one port that the system gave. They end with the value.
struct Servers {
    place: Place,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, last)
}

/// One port that is free at all addresses.
async fn sockets() -> (u16, BTreeMap<u8, UdpSocket>) {
    loop {
        let first = UdpSocket::bind((ip(ROOT), 0)).await.unwrap();
        let port = first.local_addr().unwrap().port();
        let mut all = BTreeMap::from([(ROOT, first)]);
        for last in [TOP, PARENT, OWN, RESOLVER] {
            if let Ok(socket) = UdpSocket::bind((ip(last), port)).await {
                all.insert(last, socket);
            }
        }
        if all.len() == 5 {
            return (port, all);
        }
    }
}

async fn servers(world: World) -> Servers {
    let world = Arc::new(world);
    let (port, sockets) = sockets().await;
    let serve = |(last, socket): (u8, UdpSocket)| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            let mut buffer = [0; 2048];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let question = Message::from_vec(&buffer[..length]).unwrap();
                if let Some(answer) = world.answer(last, &question) {
                    socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
                }
            }
        })
    };
    let tasks = sockets.into_iter().map(serve).collect();
    let at = |last| vec![SocketAddr::from((ip(last), port))];
    let limit = Duration::from_millis(300);
    Servers { place: Place { roots: at(ROOT), resolvers: at(RESOLVER), limit }, tasks }
}

async fn walked(world: World) -> Facts {
    let servers = servers(world).await;
    let wanted = OURS.map(str::to_owned);
    walk(&servers.place, Subject { domain: DOMAIN, wanted: &wanted, proof: None }).await
}

#[tokio::test]
async fn a_delegated_domain_is_followed_from_the_root_to_our_servers() {
    let facts = walked(World { delegated: OURS.to_vec(), ..World::default() }).await;
    assert_eq!(facts.above, ["", "com"]);
    assert_eq!(facts.parent.as_ref().unwrap().zone, "example.com");
    assert_eq!(facts.parent.as_ref().unwrap().servers[0].name, "ns.parent.example");
    assert_eq!(facts.own.len(), 2);
    assert_eq!(facts.signed, Some(false));
    let verdict = judge(&facts);
    assert!(verdict.is_good(), "{verdict:#?}");
}

#[tokio::test]
async fn a_domain_that_is_not_delegated_ends_at_its_parent() {
    let facts = walked(World::default()).await;
    let servers = &facts.parent.as_ref().unwrap().servers;
    assert_eq!(servers[0].said, Said::Nothing { ttl: Some(840) });
    let wrong = judge(&facts).wrong().cloned().unwrap();
    assert_eq!(wrong.hop, HopKind::Parent);
    assert_eq!(wrong.now, "the servers of example.com name no servers for shop.example.com");
}

#[tokio::test]
async fn old_and_lame_servers_are_named() {
    let old = walked(World { delegated: vec!["ns1.old.example"], ..World::default() }).await;
    let wrong = judge(&old).wrong().cloned().unwrap();
    assert_eq!(wrong.now, "the servers of example.com still name ns1.old.example");

    let lame = walked(World { delegated: OURS.to_vec(), lame: true, ..World::default() }).await;
    let wrong = judge(&lame).wrong().cloned().unwrap();
    assert_eq!((wrong.hop, wrong.state), (HopKind::Own, State::Wrong));
    assert!(wrong.now.contains("REFUSED"), "{wrong:?}");
}

#[tokio::test]
async fn a_silent_server_on_the_way_is_named_and_nothing_is_claimed() {
    let facts = walked(World { silent_top: true, ..World::default() }).await;
    assert_eq!(facts.stopped, Some(("com".to_owned(), "a.top.example does not answer".to_owned())));
    let verdict = judge(&facts);
    assert!(verdict.wrong().is_none() && verdict.is_unknown(), "{verdict:#?}");
}
