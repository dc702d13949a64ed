//! One question to one name server: over UDP, and over TCP when the answer is too long for it.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hickory_proto::{
    op::{Edns, Message, Query, ResponseCode},
    rr::{Name, RData, RecordType},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// Answers of this many bytes pass everywhere without being cut into pieces.
const PAYLOAD: u16 = 1232;
/// A datagram may be lost.
const TRIES: usize = 2;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoReply {
    /// Nothing came in time.
    #[error("does not answer")]
    Silent,
    /// The network says no.
    #[error("cannot be reached: {0}")]
    Unreachable(#[from] io::Error),
    /// What came is no answer to the question.
    #[error("answers with something that is not DNS: {0}")]
    Broken(String),
    /// The question cannot be written.
    #[error("`{0}` is not a name")]
    BadName(String),
}

/// What a name server answered.
#[derive(Debug)]
pub(super) struct Reply {
    /// Its code.
    pub(super) code: ResponseCode,
    /// Whether it answers for its own zone.
    pub(super) authoritative: bool,
    message: Message,
}

impl Reply {
    /// Names in the answer's records of a kind, for the name that was asked, and the shortest
    /// time they may be kept, in seconds.
    pub(super) fn names(&self, kind: RecordType) -> (Vec<String>, u32) {
        let records = self.message.answers.iter().filter(|record| record.record_type() == kind);
        let ttl = records.clone().map(|record| record.ttl).min().unwrap_or_default();
        (super::hops::names(records.filter_map(|record| target(&record.data))), ttl)
    }

    /// How many records of a kind the answer has.
    pub(super) fn count(&self, kind: RecordType) -> usize {
        self.message.answers.iter().filter(|record| record.record_type() == kind).count()
    }

    /// Certificate authorities in the answer: tag and value.
    pub(super) fn authorities_allowed(&self) -> Vec<(String, String)> {
        let tag = |data: &RData| match data {
            RData::CAA(caa) => {
                Some((caa.tag.clone(), String::from_utf8_lossy(&caa.value).into_owned()))
            }
            _ => None,
        };
        self.message.answers.iter().filter_map(|record| tag(&record.data)).collect()
    }

    /// IPv4 addresses of a name, in the answer or beside it.
    pub(super) fn addresses(&self, name: &str) -> Vec<Ipv4Addr> {
        let records = self.message.answers.iter().chain(&self.message.additionals);
        let of = |record: &&hickory_proto::rr::Record| text(&record.name) == name;
        let address = |data: &RData| match data {
            RData::A(address) => Some(address.0),
            _ => None,
        };
        records.filter(of).filter_map(|record| address(&record.data)).collect()
    }

    /// All IPv4 addresses of the answer, also behind an alias.
    pub(super) fn all_addresses(&self) -> Vec<Ipv4Addr> {
        let address = |data: &RData| match data {
            RData::A(address) => Some(address.0),
            _ => None,
        };
        self.message.answers.iter().filter_map(|record| address(&record.data)).collect()
    }

    /// The zone that the server passes the question on to, its name servers, and for how many
    /// seconds that may be kept.
    pub(super) fn referral(&self) -> Option<(String, Vec<String>, u32)> {
        let records = self.message.authorities.iter();
        let servers: Vec<_> =
            records.filter(|record| record.record_type() == RecordType::NS).collect();
        let first = servers.first().filter(|_| !self.authoritative)?;
        let names = servers.iter().filter_map(|record| target(&record.data));
        Some((text(&first.name), super::hops::names(names), first.ttl))
    }

    /// For how many seconds it may be kept that there is nothing.
    pub(super) fn nothing_for(&self) -> Option<u32> {
        self.message.authorities.iter().find_map(|record| match &record.data {
            RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
            _ => None,
        })
    }
}

fn target(data: &RData) -> Option<String> {
    match data {
        RData::NS(name) => Some(text(&name.0)),
        RData::CNAME(name) => Some(text(&name.0)),
        _ => None,
    }
}

fn text(name: &Name) -> String {
    super::hops::plain(&name.to_ascii())
}

/// Asks a name server. `recurse` asks it to ask others.
pub(super) async fn ask(
    server: SocketAddr,
    name: &str,
    kind: RecordType,
    recurse: bool,
    limit: Duration,
) -> Result<Reply, NoReply> {
    let question = question(name, kind, recurse)?;
    let bytes = question.to_vec().map_err(|error| NoReply::Broken(error.to_string()))?;
    let mut last = NoReply::Silent;
    for _ in 0..TRIES {
        match timeout(limit, over_udp(server, &bytes, &question)).await {
            Ok(Ok(message)) if message.metadata.truncation => {
                let long = timeout(limit, over_tcp(server, &bytes, &question)).await;
                return Ok(reply(long.map_err(|_| NoReply::Silent)??));
            }
            Ok(Ok(message)) => return Ok(reply(message)),
            Ok(Err(error)) => last = error,
            Err(_) => last = NoReply::Silent,
        }
    }
    Err(last)
}

fn question(name: &str, kind: RecordType, recurse: bool) -> Result<Message, NoReply> {
    let mut full = Name::from_ascii(name).map_err(|_| NoReply::BadName(name.to_owned()))?;
    full.set_fqdn(true);
    let mut message = Message::query();
    message.metadata.recursion_desired = recurse;
    message.add_query(Query::query(full, kind));
    let mut edns = Edns::new();
    edns.set_max_payload(PAYLOAD);
    message.set_edns(edns);
    Ok(message)
}

fn reply(message: Message) -> Reply {
    let (code, authoritative) = (message.metadata.response_code, message.metadata.authoritative);
    Reply { code, authoritative, message }
}

/// Answers to other questions, late or forged, are left aside.
async fn over_udp(
    server: SocketAddr,
    bytes: &[u8],
    question: &Message,
) -> Result<Message, NoReply> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(bytes).await?;
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let message = Message::from_vec(buffer.get(..length).unwrap_or_default());
        match message {
            Ok(message) if belongs(&message, question) => return Ok(message),
            _ => {}
        }
    }
}

async fn over_tcp(
    server: SocketAddr,
    bytes: &[u8],
    question: &Message,
) -> Result<Message, NoReply> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(bytes.len()).map_err(|error| NoReply::Broken(error.to_string()))?;
    stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await?;
    let length = stream.read_u16().await?;
    let mut buffer = vec![0; usize::from(length)];
    stream.read_exact(&mut buffer).await?;
    let message = Message::from_vec(&buffer).map_err(|error| NoReply::Broken(error.to_string()))?;
    if belongs(&message, question) {
        return Ok(message);
    }
    Err(NoReply::Broken("the answer is to another question".to_owned()))
}

fn belongs(answer: &Message, question: &Message) -> bool {
    answer.metadata.id == question.metadata.id && answer.queries == question.queries
}
