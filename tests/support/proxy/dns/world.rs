//! What each name server answers, from what the zones say. Pure.

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, CNAME, NS, SOA},
    },
};

use super::data::plain;

/// Seconds that an answer without a time of its own may be kept.
const TTL: u32 = 60;

/// Which server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Root,
    Top,
    Registered,
    Delegated,
    Resolver,
}

/// Records of one name and type.
#[derive(Debug, Clone)]
pub(super) struct Set {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) ttl: u32,
    pub(super) values: Vec<String>,
}

/// A public zone.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) sets: Vec<Set>,
}

impl Zone {
    /// The record set that passes a name on to other servers.
    fn delegation(&self, name: &str) -> Option<&Set> {
        let passes = |set: &&Set| set.kind == "NS" && set.name != self.name;
        self.sets.iter().filter(passes).find(|set| covers(&set.name, name))
    }

    fn servers(&self) -> Option<&Set> {
        self.sets.iter().find(|set| set.kind == "NS" && set.name == self.name)
    }
}

/// All public zones.
#[derive(Debug)]
pub(super) struct World {
    zones: Vec<Zone>,
}

impl World {
    pub(super) fn new(mut zones: Vec<Zone>) -> Self {
        zones.sort_by_key(|zone| zone.name.len());
        Self { zones }
    }

    /// The answer to a question.
    pub(super) fn answer(&self, role: Role, question: &Message) -> Message {
        let metadata = &question.metadata;
        let mut answer = Message::response(metadata.id, metadata.op_code);
        let Some(query) = question.queries.first() else {
            answer.metadata.response_code = ResponseCode::FormErr;
            return answer;
        };
        answer.add_query(query.clone());
        let (name, kind) = (plain(&query.name().to_ascii()), query.query_type());
        match role {
            Role::Root => refer(&mut answer, top(&name), &["a.top.example".to_owned()], Role::Top),
            Role::Top => self.top(&mut answer, &name),
            Role::Registered => authority(&mut answer, self.registered(&name), &name, kind),
            Role::Delegated => authority(&mut answer, self.nearest(&name), &name, kind),
            Role::Resolver => self.resolve(&mut answer, &name, kind),
        }
        answer
    }

    /// The zone that a registrar would have for a name.
    fn registered(&self, name: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| covers(&zone.name, name))
    }

    fn nearest(&self, name: &str) -> Option<&Zone> {
        self.zones.iter().rev().find(|zone| covers(&zone.name, name))
    }

    fn top(&self, answer: &mut Message, name: &str) {
        match self.registered(name).and_then(|zone| Some((zone, zone.servers()?))) {
            Some((zone, set)) => refer(answer, &zone.name, &set.values, Role::Registered),
            None => nothing(answer, top(name), ResponseCode::NXDomain),
        }
    }

    fn resolve(&self, answer: &mut Message, name: &str, kind: RecordType) {
        answer.metadata.recursion_available = true;
        let is_server = |set: &Set| set.kind == "NS" && set.values.iter().any(|v| plain(v) == name);
        let known = self.zones.iter().flat_map(|zone| &zone.sets).any(is_server);
        if kind == RecordType::A && known {
            answer.add_answer(record(name, TTL, RData::A(A(Role::Delegated.address()))));
            return;
        }
        let Some(mut zone) = self.registered(name) else {
            return nothing(answer, top(name), ResponseCode::NXDomain);
        };
        while let Some(set) = zone.delegation(name) {
            let next = self.zones.iter().find(|zone| zone.name == set.name);
            match next {
                Some(next) if next.servers().is_some_and(|own| same(own, set)) => zone = next,
                // Others have it, whom nobody can ask here.
                _ => {
                    answer.metadata.response_code = ResponseCode::ServFail;
                    return;
                }
            }
        }
        own(answer, zone, name, kind);
    }
}

/// What a server with a zone answers: a referral for what it has passed on, else its records.
fn authority(answer: &mut Message, zone: Option<&Zone>, name: &str, kind: RecordType) {
    let Some(zone) = zone else {
        answer.metadata.response_code = ResponseCode::Refused;
        return;
    };
    match zone.delegation(name) {
        // A DS record of a name that is passed on belongs to the zone above.
        Some(_) if kind == RecordType::DS => {
            answer.metadata.authoritative = true;
            nothing(answer, &zone.name, ResponseCode::NoError);
        }
        Some(set) => refer(answer, &set.name, &set.values, Role::Delegated),
        None => {
            answer.metadata.authoritative = true;
            own(answer, zone, name, kind);
        }
    }
}

fn own(answer: &mut Message, zone: &Zone, name: &str, kind: RecordType) {
    let here = || zone.sets.iter().filter(|set| set.name == name);
    let sets = here().filter(|set| set.kind == kind.to_string() || set.kind == "CNAME");
    let records = sets.flat_map(|set| {
        let data = set.values.iter().filter_map(|value| data(&set.kind, value));
        data.map(|data| record(name, set.ttl, data))
    });
    answer.add_answers(records);
    if answer.answers.is_empty() {
        let exists = here().next().is_some();
        let code = if exists { ResponseCode::NoError } else { ResponseCode::NXDomain };
        nothing(answer, &zone.name, code);
    }
}

fn data(kind: &str, value: &str) -> Option<RData> {
    match kind {
        "NS" => Some(RData::NS(NS(full(value)))),
        "CNAME" => Some(RData::CNAME(CNAME(full(value)))),
        "A" => value.parse().ok().map(|address| RData::A(A(address))),
        _ => None,
    }
}

fn refer(answer: &mut Message, zone: &str, servers: &[String], to: Role) {
    for server in servers {
        answer.add_authority(record(zone, TTL, RData::NS(NS(full(server)))));
        answer.add_additional(record(server, TTL, RData::A(A(to.address()))));
    }
}

fn nothing(answer: &mut Message, zone: &str, code: ResponseCode) {
    answer.metadata.response_code = code;
    let soa = SOA::new(full("ns.example"), full("admin.example"), 1, 2, 3, 4, TTL);
    answer.add_authority(record(zone, TTL, RData::SOA(soa)));
}

fn record(name: &str, ttl: u32, data: RData) -> Record {
    Record::from_rdata(full(name), ttl, data)
}

/// A name as DNS has it; one that cannot be is the root.
fn full(text: &str) -> Name {
    let mut name = Name::from_ascii(plain(text)).unwrap_or_default();
    name.set_fqdn(true);
    name
}

fn same(a: &Set, b: &Set) -> bool {
    let sorted = |set: &Set| {
        let mut names: Vec<String> = set.values.iter().map(|value| plain(value)).collect();
        names.sort();
        names
    };
    sorted(a) == sorted(b)
}

fn covers(zone: &str, name: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

fn top(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests;
