//! What has been asked and what the network said: questions, replies, and the view that checks read through.
//!
//! Asks nothing. A check reads [`View::get`]; what is not known yet is noted there, and the driver
//! in `probe` goes and asks. That the network would not say is data, not an error: see [`Outcome::Unknown`] and
//! [`Unreached`].

mod dns;
mod hosts;

use std::collections::HashMap;
use std::fmt;

pub use dns::{Cause, Kind, Outcome, Query, Record, Response, Server, Text};
pub use hosts::{
    Call, Called, Certificate, Distrust, Fetch, Fetched, Leaf, NoPage, Page, Secured, Service, Session, Tls, Unreached,
};

use crate::domain::Name;
use crate::finding::{Fix, RecordType};

/// One thing to ask the network.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Question {
    /// A query to a name server.
    Dns(Query),
    /// A call to a mail service.
    Call(Call),
    /// A page to fetch.
    Fetch(Fetch),
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(query) => query.fmt(f),
            Self::Call(call) => call.fmt(f),
            Self::Fetch(fetch) => fetch.fmt(f),
        }
    }
}

/// A question with its reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// What a name server said.
    Dns(Query, Response),
    /// What a mail service said.
    Call(Call, Called),
    /// What a web server said.
    Fetch(Fetch, Fetched),
}

impl Fact {
    /// How many bytes of it are kept in memory, about.
    pub fn size(&self) -> usize {
        match self {
            Self::Dns(_, Response { outcome: Outcome::Records(records), .. }) => records.iter().map(Record::size).sum(),
            Self::Call(_, Ok(session)) => session.size(),
            Self::Fetch(_, Ok(page)) => page.body.len(),
            _ => 0,
        }
    }
}

impl Question {
    /// The question with the reply of somebody who did not answer.
    pub fn unanswered(self, cause: Cause) -> Fact {
        let unreached = if cause == Cause::NotAsked { Unreached::NotAsked } else { Unreached::Silent };
        match self {
            Self::Dns(query) => Fact::Dns(query, Response::new(Outcome::Unknown(cause))),
            Self::Call(call) => Fact::Call(call, Err(unreached)),
            Self::Fetch(fetch) => Fact::Fetch(fetch, Err(NoPage::Unreached(unreached))),
        }
    }
}

/// A kind of question, and what replies to it.
pub trait Ask: Clone + Into<Question> {
    /// What replies to it.
    type Reply;

    /// The reply to it, if it is known.
    fn find<'f>(&self, facts: &'f Facts) -> Option<&'f Self::Reply>;
}

macro_rules! asks {
    ($($ask:ident $reply:ident $field:ident $variant:ident;)+) => {$(
        impl From<$ask> for Question {
            fn from(ask: $ask) -> Self {
                Self::$variant(ask)
            }
        }

        impl Ask for $ask {
            type Reply = $reply;

            fn find<'f>(&self, facts: &'f Facts) -> Option<&'f $reply> {
                facts.$field.get(self)
            }
        }
    )+};
}

asks! {
    Query Response dns Dns;
    Call Called calls Call;
    Fetch Fetched pages Fetch;
}

/// All the questions answered so far.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    dns: HashMap<Query, Response>,
    calls: HashMap<Call, Called>,
    pages: HashMap<Fetch, Fetched>,
}

impl Facts {
    /// Keeps a reply; a question has one.
    pub fn insert(&mut self, fact: Fact) {
        match fact {
            Fact::Dns(query, response) => {
                self.dns.insert(query, response);
            }
            Fact::Call(call, called) => {
                self.calls.insert(call, called);
            }
            Fact::Fetch(fetch, fetched) => {
                self.pages.insert(fetch, fetched);
            }
        }
    }

    /// The reply to a question, if it is known.
    pub fn get<A: Ask>(&self, ask: &A) -> Option<&A::Reply> {
        ask.find(self)
    }

    /// Whether the reply to a question is known.
    pub fn knows(&self, question: &Question) -> bool {
        match question {
            Question::Dns(query) => self.dns.contains_key(query),
            Question::Call(call) => self.calls.contains_key(call),
            Question::Fetch(fetch) => self.pages.contains_key(fetch),
        }
    }

    /// The queries and the responses to them, in no order.
    pub fn dns(&self) -> impl Iterator<Item = (&Query, &Response)> {
        self.dns.iter()
    }

    /// All that is known, in no order.
    pub fn iter(&self) -> impl Iterator<Item = Fact> + '_ {
        let dns = self.dns.iter().map(|(query, response)| Fact::Dns(query.clone(), response.clone()));
        let calls = self.calls.iter().map(|(call, called)| Fact::Call(call.clone(), called.clone()));
        let pages = self.pages.iter().map(|(fetch, fetched)| Fact::Fetch(fetch.clone(), fetched.clone()));
        dns.chain(calls).chain(pages)
    }

    /// What `fix` would change if it were published: its records in place of those at its name of the same purpose; and
    /// how many those are.
    ///
    /// All MX records of a name serve one purpose. That of a TXT record is its first word, up to a blank or a semicolon
    /// (`v=spf1`, `v=DMARC1`, `v=DKIM1`): a fix does not touch the neighbours. Quotation marks and backslashes that were
    /// published as part of a text do not hide its purpose. Below `_domainkey` every text serves the same one, since only
    /// one may stand there (RFC 6376 section 3.6.2.2). The names above exist then, too (RFC 8020).
    pub fn changed_by(&self, name: &Name, fix: &Fix) -> (Self, usize) {
        let query = Query::new(name, fix.kind.into());
        let known = match self.get(&query).map(|response| &response.outcome) {
            Some(Outcome::Records(records)) => records.as_slice(),
            _ => &[],
        };
        let (mut records, new): (Vec<Record>, Vec<Record>) = match fix.kind {
            RecordType::Mx => (Vec::new(), fix.values().filter_map(Record::mail_server).collect()),
            RecordType::Txt => {
                let alone = name.labels().any(|label| label == "_domainkey");
                let alike = |text: &Text| alone || purpose(&text.to_string()) == purpose(&fix.value);
                let others = known.iter().filter(|record| !record.text().is_some_and(alike)).cloned();
                (others.collect(), vec![Record::Txt(Text::split(&fix.value))])
            }
        };
        let replaced = known.len() - records.len();
        records.extend(new);
        let mut changed = Self::default();
        for (query, response) in &self.dns {
            let is_above = response.outcome == Outcome::NoSuchName && name.is_within(&query.name);
            if is_above && response.aliases.is_empty() {
                let exists = Response { outcome: Outcome::NoData, ..response.clone() };
                changed.insert(Fact::Dns(query.clone(), exists));
            }
        }
        changed.insert(Fact::Dns(query, Response::new(Outcome::Records(records))));
        (changed, replaced)
    }
}

/// The word that names what a TXT record is for.
fn purpose(text: &str) -> String {
    let bare = text.replace(['"', '\\'], "");
    bare.trim_start().split([' ', ';']).next().unwrap_or_default().to_ascii_lowercase()
}

impl From<RecordType> for Kind {
    fn from(kind: RecordType) -> Self {
        match kind {
            RecordType::Mx => Self::Mx,
            RecordType::Txt => Self::Txt,
        }
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
    /// Facts that count in place of what is known.
    instead: Option<&'f Facts>,
    read: Vec<Question>,
    wanted: Vec<Question>,
}

impl<'f> View<'f> {
    /// A look at `facts`, with nothing noted.
    pub const fn new(facts: &'f Facts) -> Self {
        Self { facts, instead: None, read: Vec::new(), wanted: Vec::new() }
    }

    /// A look at `facts` as they would be with some of them changed.
    pub const fn with(facts: &'f Facts, changed: &'f Facts) -> Self {
        Self { facts, instead: Some(changed), read: Vec::new(), wanted: Vec::new() }
    }

    /// The reply to a question; if it is not known yet, notes the question as wanted.
    ///
    /// A check that can use several replies gets them all before its first `?`, so that they are asked at once.
    pub fn get<A: Ask>(&mut self, ask: A) -> Result<&'f A::Reply, Pending> {
        let found = self.instead.and_then(|changed| ask.find(changed)).or_else(|| ask.find(self.facts));
        let question = ask.into();
        if let Some(reply) = found {
            self.read.push(question);
            return Ok(reply);
        }
        if !self.wanted.contains(&question) {
            self.wanted.push(question);
        }
        Err(Pending(()))
    }

    /// The replies to several questions, in their order; pending until all are known.
    pub fn get_all<A: Ask>(&mut self, asks: impl IntoIterator<Item = A>) -> Result<Vec<&'f A::Reply>, Pending> {
        let replies: Vec<_> = asks.into_iter().map(|ask| self.get(ask)).collect();
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
