//! What name servers say about a domain, as data: the facts of a walk and the verdict on each hop.

use std::fmt;

use serde::Serialize;

/// What a server says about the name servers of a domain (or about another name, where that is
/// said).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "said")]
pub enum Said {
    /// Names, in order, and for how many seconds they may be kept.
    Names {
        /// Names without a final dot.
        names: Vec<String>,
        /// Seconds.
        ttl: u32,
    },
    /// There is nothing, and for how many seconds that may be kept.
    Nothing {
        /// Seconds, where the answer says it.
        ttl: Option<u32>,
    },
    /// It answers that it cannot or will not answer, such as `Refused`.
    Failed {
        /// The code in words.
        code: String,
    },
    /// No answer came.
    Silent {
        /// Why.
        why: String,
    },
}

/// A server and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Server {
    /// Its name, or its address where it has none.
    pub name: String,
    /// What it says.
    #[serde(flatten)]
    pub said: Said,
}

/// The zone that delegates the domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parent {
    /// Its name; empty is the root.
    pub zone: String,
    /// Its servers, and which name servers each names for the domain.
    pub servers: Vec<Server>,
    /// Whether it says that the domain is signed (it has a DS record); unknown without an answer.
    pub says_signed: Option<bool>,
}

/// The nearest CAA records at or above the domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Caa {
    /// Where they are.
    pub at: String,
    /// Their tags and values.
    pub records: Vec<(String, String)>,
}

/// The record that proves the domain to the certificate authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Its name.
    pub name: String,
    /// What it must point to.
    pub value: String,
    /// What public resolvers see there.
    pub seen: Vec<Server>,
}

/// Everything that a walk found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// The domain.
    pub domain: String,
    /// Name servers of its zone, in order.
    pub wanted: Vec<String>,
    /// Zones above the parent, from the top; empty is the root.
    pub above: Vec<String>,
    /// The zone where the walk ended because none of its servers answered, and why.
    pub stopped: Option<(String, String)>,
    /// The zone that delegates, when the walk came to it.
    pub parent: Option<Parent>,
    /// Our name servers, and what each says as the authority.
    pub own: Vec<Server>,
    /// Whether our zone is signed (it has keys); unknown without an answer.
    pub signed: Option<bool>,
    /// Public resolvers.
    pub resolvers: Vec<Server>,
    /// The nearest CAA records.
    pub caa: Option<Caa>,
    /// The proof, once a certificate is asked for.
    pub proof: Option<Proof>,
}

/// A part of the way from the root to a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HopKind {
    /// From the root to the parent zone.
    Above,
    /// The parent zone names our servers.
    Parent,
    /// Our servers answer for the domain.
    Own,
    /// What the parent says about signatures is true.
    Signature,
    /// Public resolvers see it.
    Resolvers,
    /// The certificate authority is allowed.
    Authority,
    /// The proof is visible.
    Proof,
}

/// How it is with a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Good,
    /// Not as it should be, but a certificate can be had.
    Doubtful,
    /// Nothing works until this is corrected.
    Wrong,
    /// It cannot be known from here.
    Unknown,
    /// It follows from a hop before.
    Waiting,
}

/// A hop and the verdict on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// Which.
    pub hop: HopKind,
    /// How it is.
    pub state: State,
    /// What it says now.
    pub now: String,
    /// What it should say, where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub should: Option<String>,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub todo: Option<String>,
}

/// The verdict on the whole way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The domain.
    pub domain: String,
    /// Name servers that the parent must name.
    pub name_servers: Vec<String>,
    /// The hops, from the root.
    pub hops: Vec<Hop>,
}

impl Verdict {
    /// The first hop because of which no certificate can be had.
    #[must_use]
    pub fn wrong(&self) -> Option<&Hop> {
        self.hops.iter().find(|hop| hop.state == State::Wrong)
    }

    /// The first hop that is not good.
    #[must_use]
    pub fn first_not_good(&self) -> Option<&Hop> {
        self.hops.iter().find(|hop| hop.state != State::Good)
    }

    /// Whether all is as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.first_not_good().is_none()
    }

    /// Whether nothing could be learned about the delegation: DNS does not answer here.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        let known = |hop: &Hop| hop.hop == HopKind::Parent && hop.state != State::Unknown;
        self.wrong().is_none() && !self.hops.iter().any(known)
    }
}

impl fmt::Display for HopKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Above => "way to the parent",
            Self::Parent => "parent zone",
            Self::Own => "our name servers",
            Self::Signature => "signature",
            Self::Resolvers => "public resolvers",
            Self::Authority => "allowed authority",
            Self::Proof => "proof",
        })
    }
}

/// A name in lowercase without a final dot.
#[must_use]
pub fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Names in lowercase without a final dot, sorted, each once.
#[must_use]
pub fn names(raw: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = raw.into_iter().map(|name| plain(&name)).collect();
    names.sort();
    names.dedup();
    names
}
