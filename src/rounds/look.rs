//! What a look at a domain means for who waits for a change there: the findings about propagation, and what everybody says.

use std::iter::once;

use super::{Rounds, unless_broken};
use crate::domain::{Domain, Name};
use crate::facts::{Cause, Fact, Kind, Query, Record, Server};
use crate::finding::{Code, Topic};
use crate::probe::Report;
use crate::request::{CheckRequest, Request};
use crate::transcript::Transcript;
use crate::watch::{Said, Seen, Until};

/// The longest account of what everybody says, in characters.
const LONGEST_ACCOUNT: usize = 1000;

/// The port of name servers, which need not be told.
const DNS: u16 = 53;

/// Why a change cannot be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blind {
    /// The name servers of domains may not be asked, and resolvers alone do not know what is new.
    ResolversAlone,
    /// DKIM keys stand at selectors, and none is known.
    NoSelector,
}

impl Rounds {
    /// Whether a change of these records can be seen at all.
    pub fn sees(&self, until: Until, selector: Option<&Name>) -> Result<(), Blind> {
        if !self.engine.connects() {
            return Err(Blind::ResolversAlone);
        }
        let no_key = selector.is_none() && self.engine.config().host.dkim_selectors.is_empty();
        if until == Until::Dkim && no_key { Err(Blind::NoSelector) } else { Ok(()) }
    }

    /// Looks whether a change at a domain is everywhere; DKIM keys are those of the host, and of a selector that is named.
    pub async fn look(&self, domain: &Domain, until: Until, selector: Option<&Name>) -> Seen {
        if self.sees(until, selector).is_err() {
            return Seen::Unknown;
        }
        let own = &self.engine.config().host.dkim_selectors;
        let selectors = selector.into_iter().chain(own).cloned().collect();
        let check = CheckRequest { selectors, topics: vec![Topic::Propagation], ..CheckRequest::of(domain.clone()) };
        let looked = async {
            let mut work = self.engine.begin(Request::Check(check));
            work.finish().await;
            match (work.report(), work.transcript()) {
                (Some(report), Some(transcript)) => seen(&report, &transcript, until),
                _ => Seen::Unknown,
            }
        };
        unless_broken(looked).await.unwrap_or(Seen::Broken)
    }
}

/// What a look at a domain means for who waits for these records.
fn seen(report: &Report, transcript: &Transcript, until: Until) -> Seen {
    let mut servers = None;
    for finding in report.findings() {
        let what = finding.details.get("what");
        let is_meant = |what: &String| what.split(", ").any(|what| is_waited_for(what, until));
        match finding.code {
            // A move to other name servers changes all records.
            Code::PropagationPending | Code::PropagationServersDiffer
                if what.is_some_and(|what| what == "NS" || is_meant(what)) =>
            {
                return Seen::Underway;
            }
            Code::PropagationUnknown if what.is_none_or(is_meant) => return Seen::Unknown,
            _ => servers = servers.or(finding.details.get("servers")),
        }
    }
    servers.map_or(Seen::Unknown, |servers| Seen::Everywhere(said(transcript, until, servers)))
}

/// Whether the records that people call so are among those that are waited for.
fn is_waited_for(what: &str, until: Until) -> bool {
    until == Until::All || Until::ALL.iter().any(|(word, other)| *other == until && what.eq_ignore_ascii_case(word))
}

/// What everybody says, for people: a line for each record, in an order of its own; and who that is.
fn said(transcript: &Transcript, until: Until, servers: &str) -> Said {
    let named = transcript.propagation.iter().map(|address| Server::Named(*address));
    let resolvers: Vec<Server> = once(Server::Resolver).chain(named).collect();
    let asked = asked(transcript, until);
    let mut lines: Vec<String> = asked
        .iter()
        .filter_map(|record| resolvers.iter().find_map(|resolver| record.lines(transcript, *resolver).ok()))
        .flatten()
        .collect();
    lines.sort();
    let what = if lines.is_empty() { "no record".to_owned() } else { lines.join("\n") };
    let who = resolvers.iter().filter_map(|resolver| {
        let silent = asked.iter().find_map(|record| record.lines(transcript, *resolver).err());
        match silent {
            None => Some(name(*resolver)),
            Some(Cause::NotAsked) => None,
            Some(_) => Some(format!("{} (no answer)", name(*resolver))),
        }
    });
    let who: Vec<String> = once(servers.to_owned()).chain(who).collect();
    Said { what: what.chars().take(LONGEST_ACCOUNT).collect(), who: who.join(", ") }
}

/// A record that is waited for.
struct Asked {
    what: &'static str,
    name: Name,
    kind: Kind,
}

fn asked(transcript: &Transcript, until: Until) -> Vec<Asked> {
    let domain = transcript.domain.name();
    let keys = transcript.selectors.iter().filter_map(|selector| domain.below(&format!("{selector}._domainkey")));
    let policy = domain.below("_dmarc").map(|name| ("dmarc", name, Kind::Txt));
    [("mx", domain.clone(), Kind::Mx), ("spf", domain.clone(), Kind::Txt)]
        .into_iter()
        .chain(policy)
        .chain(keys.map(|name| ("dkim", name, Kind::Txt)))
        .filter(|(what, _, _)| is_waited_for(what, until))
        .map(|(what, name, kind)| Asked { what, name, kind })
        .collect()
}

impl Asked {
    /// What a resolver says of it, a line for each record; else why it does not.
    fn lines(&self, transcript: &Transcript, to: Server) -> Result<Vec<String>, Cause> {
        let question = Query::new(&self.name, self.kind).to(to);
        let Fact::Dns(_, response) = transcript.reply(question.into()) else { return Err(Cause::NotAsked) };
        Ok(response.records()?.iter().filter_map(|record| self.line(record)).collect())
    }

    fn line(&self, record: &Record) -> Option<String> {
        match record {
            Record::Mx { preference, exchange } => Some(format!("MX {preference} {exchange}")),
            Record::Txt(text) => {
                let text = text.to_string();
                let counts =
                    self.what != "spf" || text.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("v=spf1"));
                counts.then(|| format!("{} {text}", self.what.to_uppercase()))
            }
            _ => None,
        }
    }
}

/// A resolver, for people.
fn name(resolver: Server) -> String {
    match resolver {
        Server::Named(address) if address.port() == DNS => address.ip().to_string(),
        Server::Named(address) => address.to_string(),
        _ => "our resolver".to_owned(),
    }
}
