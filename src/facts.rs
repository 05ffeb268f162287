//! What has been asked and what the network said: questions, replies, and the view that checks read through.
//!
//! Asks nothing. A check reads [`View::get`]; what is not known yet is noted there, and the driver
//! in `probe` goes and asks. That the network would not say is data, not an error: see [`Outcome::Unknown`].

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::domain::Name;
use crate::finding::Fix;

/// One thing to ask the DNS.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Question {
    /// The owner name.
    pub name: Name,
    /// The record type.
    pub kind: Kind,
}

impl Question {
    /// Asks for the records of type `kind` at `name`.
    pub fn new(name: &Name, kind: Kind) -> Self {
        Self { name: name.clone(), kind }
    }

    /// Asks for the addresses of `name` in the family of `address`.
    pub fn address_like(name: &Name, address: IpAddr) -> Self {
        Self::new(name, if address.is_ipv4() { Kind::A } else { Kind::Aaaa })
    }

    /// Asks for the name of `address` (RFC 1035 section 3.5, RFC 3596 section 2.5).
    pub fn reverse(address: IpAddr) -> Self {
        Self { name: Name::reverse(address), kind: Kind::Ptr }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.kind.as_str())
    }
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
    /// The start of a zone.
    Soa,
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
            Self::Soa => "SOA",
            Self::Txt => "TXT",
        }
    }
}

/// What the network said to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The names that the question's name is an alias (CNAME) for, in the order in which they were followed.
    pub aliases: Vec<Name>,
    /// What stands at the end of the aliases.
    pub outcome: Outcome,
}

impl Reply {
    /// A reply without aliases.
    pub const fn new(outcome: Outcome) -> Self {
        Self { aliases: Vec::new(), outcome }
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
    /// The budget was used up before this question's turn.
    NotAsked,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServFail => "the answer was SERVFAIL",
            Self::Refused => "the question was refused",
            Self::Silent => "no reply came in time",
            Self::Malformed => "the reply could not be read",
            Self::NotAsked => "the budget of this check was used up",
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
    /// Text.
    Txt(Text),
}

impl Record {
    /// The address that it holds, if it holds one.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::A(address) => Some((*address).into()),
            Self::Aaaa(address) => Some((*address).into()),
            _ => None,
        }
    }

    fn text(&self) -> Option<&Text> {
        if let Self::Txt(text) = self { Some(text) } else { None }
    }

    /// How many bytes it keeps in memory, about.
    pub fn size(&self) -> usize {
        match self {
            Self::Txt(text) => text.0.iter().map(Vec::len).sum(),
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

/// All the questions answered so far.
#[derive(Debug, Clone, Default)]
pub struct Facts(HashMap<Question, Reply>);

impl Facts {
    /// Keeps the reply to a question; a question has one reply.
    pub fn insert(&mut self, question: Question, reply: Reply) {
        self.0.insert(question, reply);
    }

    /// The reply to a question, if it is known.
    pub fn get(&self, question: &Question) -> Option<&Reply> {
        self.0.get(question)
    }

    /// How many questions are answered.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is known yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The questions and their replies, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Question, &Reply)> {
        self.0.iter()
    }

    /// What would be known with `fix` published: its text in place of those at its name that begin alike; and how many
    /// those are.
    ///
    /// "Alike" is the first word, up to a blank or a semicolon, which names the purpose of a TXT record
    /// (`v=spf1`, `v=DMARC1`, `v=DKIM1`): a fix does not touch the neighbours. Quotation marks and backslashes that
    /// were published as part of a text do not hide its purpose.
    pub fn with_fix(&self, name: &Name, fix: &Fix) -> (Self, usize) {
        let purpose = |text: &str| {
            let bare = text.replace(['"', '\\'], "");
            bare.trim_start().split([' ', ';']).next().unwrap_or_default().to_ascii_lowercase()
        };
        let question = Question::new(name, Kind::Txt);
        let known = match self.get(&question).map(|reply| &reply.outcome) {
            Some(Outcome::Records(records)) => records.as_slice(),
            _ => &[],
        };
        let alike = |record: &&Record| record.text().is_some_and(|t| purpose(&t.to_string()) == purpose(&fix.value));
        let (replaced, mut records): (Vec<Record>, Vec<Record>) =
            known.iter().cloned().partition(|record| alike(&record));
        records.push(Record::Txt(Text::split(&fix.value)));
        let mut facts = self.clone();
        facts.insert(question, Reply::new(Outcome::Records(records)));
        (facts, replaced.len())
    }
}

/// The check cannot go on before the questions noted in its [`View`] are answered.
///
/// Only a view makes one, so whoever is pending wants something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending(());

/// What a check sees: the facts, and a note of what it looked for.
#[derive(Debug)]
pub struct View<'f> {
    facts: &'f Facts,
    read: Vec<Question>,
    wanted: Vec<Question>,
}

impl<'f> View<'f> {
    /// A look at `facts`, with nothing noted.
    pub const fn new(facts: &'f Facts) -> Self {
        Self { facts, read: Vec::new(), wanted: Vec::new() }
    }

    /// The reply to a question; if it is not known yet, notes the question as wanted.
    ///
    /// A check that can use several replies gets them all before its first `?`, so that they are asked at once.
    pub fn get(&mut self, question: Question) -> Result<&'f Reply, Pending> {
        if let Some(reply) = self.facts.get(&question) {
            self.read.push(question);
            return Ok(reply);
        }
        if !self.wanted.contains(&question) {
            self.wanted.push(question);
        }
        Err(Pending(()))
    }

    /// The replies to several questions, in their order; pending until all are known.
    pub fn get_all(&mut self, questions: impl IntoIterator<Item = Question>) -> Result<Vec<&'f Reply>, Pending> {
        let replies: Vec<_> = questions.into_iter().map(|question| self.get(question)).collect();
        replies.into_iter().collect()
    }

    /// The questions that were looked for in vain.
    pub fn wanted(&self) -> &[Question] {
        &self.wanted
    }

    /// The questions whose replies were read.
    pub fn read(&self) -> &[Question] {
        &self.read
    }
}
