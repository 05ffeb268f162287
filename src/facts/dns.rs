//! The DNS as facts: queries, and the responses to them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::domain::Name;

/// One thing to ask the DNS.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Query {
    /// The owner name.
    pub name: Name,
    /// The record type.
    pub kind: Kind,
    /// Who is asked.
    pub to: Server,
}

impl Query {
    /// Asks the resolvers for the records of type `kind` at `name`.
    pub fn new(name: &Name, kind: Kind) -> Self {
        Self { name: name.clone(), kind, to: Server::Resolver }
    }

    /// The same, asked of somebody else.
    #[must_use]
    pub fn to(mut self, server: Server) -> Self {
        self.to = server;
        self
    }

    /// Asks for the addresses of `name` in the family of `address`.
    pub fn address_like(name: &Name, address: IpAddr) -> Self {
        Self::new(name, if address.is_ipv4() { Kind::A } else { Kind::Aaaa })
    }

    /// Asks for the name of `address` (RFC 1035 section 3.5, RFC 3596 section 2.5).
    pub fn reverse(address: IpAddr) -> Self {
        Self::new(&Name::reverse(address), Kind::Ptr)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.kind.as_str())?;
        match self.to {
            Server::Resolver => Ok(()),
            Server::Unchecked => f.write_str(" (unchecked)"),
            Server::Named(server) => write!(f, " at {server}"),
            Server::Authority(address) => write!(f, " at {address}"),
        }
    }
}

/// Who answers a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Server {
    /// The operator's resolvers, which look further themselves (RD).
    Resolver,
    /// The operator's resolvers, asked not to check signatures (CD, RFC 4035 section 3.2.2).
    Unchecked,
    /// One of the resolvers that the operator names to watch a change propagate.
    Named(SocketAddr),
    /// The name server at this address, asked for what it holds itself (no RD).
    Authority(IpAddr),
}

/// The record types that checks ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// A mail server.
    Mx,
    /// The name of an address.
    Ptr,
    /// A name server.
    Ns,
    /// The start of a zone.
    Soa,
    /// Where a service is (RFC 2782).
    Srv,
    /// A certificate that a TLS server presents (RFC 6698).
    Tlsa,
    /// Text.
    Txt,
}

impl Kind {
    /// The type's mnemonic.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Mx => "MX",
            Self::Ptr => "PTR",
            Self::Ns => "NS",
            Self::Soa => "SOA",
            Self::Srv => "SRV",
            Self::Tlsa => "TLSA",
            Self::Txt => "TXT",
        }
    }
}

/// What the network said to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The names that the question's name is an alias (CNAME) for, in the order in which they were followed.
    pub aliases: Vec<Name>,
    /// What stands at the end of the aliases.
    pub outcome: Outcome,
    /// For how many seconds others may keep it: the least TTL of the records; where there are none, what RFC 2308
    /// section 5 says.
    pub ttl: Option<u32>,
    /// Whether the resolver vouches that signatures prove it (AD, RFC 4035 section 3.2.3).
    pub authentic: bool,
    /// Whether the server says so of its own zone (AA); resolvers do not.
    pub authoritative: bool,
    /// The name servers that a parent's server refers to for the name (RFC 1034 section 4.3.2, step 3b).
    pub referral: Vec<Name>,
}

impl Response {
    /// A response without aliases, of which nothing else is known.
    pub const fn new(outcome: Outcome) -> Self {
        Self::aliased(Vec::new(), outcome)
    }

    /// A response at the end of aliases, of which nothing else is known.
    pub const fn aliased(aliases: Vec<Name>, outcome: Outcome) -> Self {
        Self { aliases, outcome, ttl: None, authentic: false, authoritative: false, referral: Vec::new() }
    }

    /// The records, none where the name or the type does not exist; the cause where the network would not say.
    pub fn records(&self) -> Result<&[Record], Cause> {
        match &self.outcome {
            Outcome::Records(records) => Ok(records),
            Outcome::NoData | Outcome::NoSuchName => Ok(&[]),
            Outcome::Unknown(cause) => Err(*cause),
        }
    }

    /// The addresses among the records.
    pub fn addresses(&self) -> Result<Vec<IpAddr>, Cause> {
        Ok(self.records()?.iter().filter_map(Record::address).collect())
    }

    /// The texts among the records.
    pub fn texts(&self) -> Result<Vec<&Text>, Cause> {
        Ok(self.records()?.iter().filter_map(Record::text).collect())
    }
}

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Records of the type asked for: one at least.
    Records(Vec<Record>),
    /// The name exists, but has no record of the type.
    NoData,
    /// The name does not exist (NXDOMAIN).
    NoSuchName,
    /// The network would not say. Never a fault of the domain by itself.
    Unknown(Cause),
}

/// Why the network would not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// SERVFAIL: the resolver could not get an answer from the domain's name servers.
    ServFail,
    /// REFUSED: the server will not answer this question.
    Refused,
    /// Nothing came back in time.
    Silent,
    /// What came back cannot be read.
    Malformed,
    /// The budget was used up before this question's turn, or nobody but the resolvers may be asked.
    NotAsked,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServFail => "the answer was SERVFAIL",
            Self::Refused => "the question was refused",
            Self::Silent => "no reply came in time",
            Self::Malformed => "the reply could not be read",
            Self::NotAsked => "this check did not get to ask it",
        })
    }
}

/// The content of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A mail server; the lowest preference is tried first.
    Mx {
        /// The order in which to try, lowest first.
        preference: u16,
        /// The mail server's name; the root for a null MX.
        exchange: Name,
    },
    /// The name of an address.
    Ptr(Name),
    /// The start of a zone.
    Soa {
        /// The primary name server.
        primary: Name,
        /// The zone's version.
        serial: u32,
    },
    /// A name server.
    Ns(Name),
    /// Where a service is; the lowest priority is tried first.
    Srv {
        /// The order in which to try, lowest first.
        priority: u16,
        /// The share among equals.
        weight: u16,
        /// The port.
        port: u16,
        /// The server's name; the root where the service is not offered.
        target: Name,
    },
    /// A certificate that a TLS server presents.
    Tlsa {
        /// Whom it binds: 0 to 3 (RFC 7218: PKIX-TA, PKIX-EE, DANE-TA, DANE-EE).
        usage: u8,
        /// What is compared: 0 the whole certificate, 1 its public key.
        selector: u8,
        /// How: 0 as it is, 1 by SHA-256, 2 by SHA-512.
        matching: u8,
        /// The data to match.
        data: Vec<u8>,
    },
    /// Text.
    Txt(Text),
}

impl Record {
    /// The MX record that a text such as `10 mx.host.example` writes; none where it writes no such record.
    pub fn mail_server(text: &str) -> Option<Self> {
        let (preference, exchange) = text.split_once(' ')?;
        let exchange = if exchange == "." { Name::root() } else { exchange.parse().ok()? };
        Some(Self::Mx { preference: preference.parse().ok()?, exchange })
    }

    /// The address that it holds, if it holds one.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::A(address) => Some((*address).into()),
            Self::Aaaa(address) => Some((*address).into()),
            _ => None,
        }
    }

    /// The text that it holds, if it holds one.
    pub fn text(&self) -> Option<&Text> {
        if let Self::Txt(text) = self { Some(text) } else { None }
    }

    /// How many bytes it keeps in memory, about.
    pub fn size(&self) -> usize {
        match self {
            Self::Txt(text) => text.0.iter().map(Vec::len).sum(),
            Self::Tlsa { data, .. } => data.len(),
            _ => 32,
        }
    }
}

/// The character-strings of one TXT record, each up to 255 bytes; any byte may occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub Vec<Vec<u8>>);

impl Text {
    /// A text in as many strings as its length needs.
    pub fn split(text: &str) -> Self {
        Self(text.as_bytes().chunks(255).map(<[u8]>::to_vec).collect())
    }

    /// The strings joined without a blank, as SPF, DKIM and DMARC read them (RFC 7208 section 3.3).
    pub fn joined(&self) -> Vec<u8> {
        self.0.concat()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.joined()))
    }
}
