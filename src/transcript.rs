//! A saved look at a domain: what was looked for, and every reply that came.
//!
//! Written as JSON lines, so that people can read and compare it: the first line tells the circumstances, each other
//! line a question, as people read it, with its reply. Every bug report becomes one; `probe` replays it. Asks and
//! judges nothing. How a reply is written down is in `codec`.

mod codec;
mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::config::{Host, Lists};
use crate::domain::{Domain, Name};
use crate::facts::{Cause, Fact, Question};
use crate::finding::Topic;
use codec::Reply;
use names::Written;

/// The version of the format; a change that an older reader would misread raises it.
const SCHEMA: u32 = 1;
/// The longest file that is read, in bytes: what the largest budget can make, and room.
const LONGEST: u64 = 8 * 1024 * 1024;
/// How many replies a file may hold: ten times the largest budget.
const MOST_REPLIES: usize = 10_000;

/// What was looked at and how, and what the network said.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// The domain.
    pub domain: Domain,
    /// The DKIM selectors that the person named.
    pub selectors: Vec<Name>,
    /// The topics that were looked at.
    pub topics: Vec<Topic>,
    /// What the operator's customers should have.
    pub host: Host,
    /// The blocklists that were asked.
    pub lists: Lists,
    /// The resolvers at which changes were watched.
    pub propagation: Vec<SocketAddr>,
    /// Whether the hosts and name servers that the domain names might be asked.
    pub connect: bool,
    /// Who was asked, for people.
    pub resolver: String,
    /// When it was, in seconds since 1970.
    pub now: i64,
    /// What it cost.
    pub cost: Cost,
    /// What the network said.
    pub replies: Replies,
}

/// What the network said, by the questions as people read them.
#[derive(Debug, Clone, Default)]
pub struct Replies(BTreeMap<String, Reply>);

impl FromIterator<Fact> for Replies {
    /// Takes what was asked: that nobody was asked is nothing that the network said.
    fn from_iter<F: IntoIterator<Item = Fact>>(facts: F) -> Self {
        let replies = facts.into_iter().filter_map(|fact| {
            let (question, reply) = Reply::of(fact.clone());
            (fact != question.clone().unanswered(Cause::NotAsked)).then(|| (question.to_string(), reply))
        });
        Self(replies.collect())
    }
}

/// What a look at a domain has cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// The questions that name servers were asked.
    pub questions: usize,
    /// The calls to mail services.
    pub calls: usize,
    /// The pages fetched.
    pub pages: usize,
    /// The longest chain of questions that had to wait for one another: round trips.
    pub rounds: u32,
    /// The time since the start, in milliseconds.
    pub elapsed_ms: u64,
}

/// Why a file is no transcript.
#[derive(Debug, thiserror::Error)]
pub enum BadTranscript {
    /// It cannot be read.
    #[error("the transcript cannot be read")]
    Unreadable(#[from] io::Error),
    /// It is no text, or far longer than one gets.
    #[error("expected a transcript, which is text and below 8 MiB; save one with `mailmedic check DOMAIN --save FILE`")]
    NoText,
    /// The first line does not tell what was looked at.
    #[error("the first line does not tell what was looked at: {0}; save one with `mailmedic check DOMAIN --save FILE`")]
    Head(String),
    /// Another version wrote it.
    #[error("the transcript has the schema {0}; this version reads the schema {SCHEMA}")]
    Schema(u64),
    /// A line that holds no question with its reply.
    #[error("line {line} of the transcript is no question with its reply: {why}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// More replies than any look makes.
    #[error("the transcript holds more than {MOST_REPLIES} replies, more than any look at a domain makes")]
    TooMany,
}

impl Transcript {
    /// What the network said to a question; that it was not asked where it was not.
    pub fn reply(&self, question: Question) -> Fact {
        let reply = self.replies.0.get(&question.to_string()).cloned();
        reply.and_then(|reply| reply.to(question.clone())).unwrap_or_else(|| question.unanswered(Cause::NotAsked))
    }

    /// Writes it, a line a reply in the order of the questions, so that two of them can be compared.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, &Head::of(self))?;
        writeln!(out)?;
        for (question, reply) in &self.replies.0 {
            serde_json::to_writer(&mut *out, &Line { question: question.clone(), reply: reply.clone() })?;
            writeln!(out)?;
        }
        out.flush()
    }

    /// Reads one, from anybody: it may hold anything.
    pub fn read(input: impl Read) -> Result<Self, BadTranscript> {
        let mut bytes = Vec::new();
        input.take(LONGEST + 1).read_to_end(&mut bytes)?;
        let text = String::from_utf8(bytes).map_err(|_| BadTranscript::NoText)?;
        if text.len() as u64 > LONGEST {
            return Err(BadTranscript::NoText);
        }
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let Some((_, head)) = lines.next() else { return Err(BadTranscript::Head("there is none".to_owned())) };
        let mut transcript = Head::read(head)?;
        for (line, text) in lines {
            let why = |why: String| BadTranscript::Line { line, why };
            let Line { question, reply } = serde_json::from_str(text).map_err(|error| why(error.to_string()))?;
            if transcript.replies.0.len() >= MOST_REPLIES {
                return Err(BadTranscript::TooMany);
            }
            if transcript.replies.0.insert(question.clone(), reply).is_some() {
                return Err(why(format!("`{question}` was answered before")));
            }
        }
        Ok(transcript)
    }
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    schema: u32,
    domain: String,
    selectors: Vec<Written>,
    topics: Vec<String>,
    now: i64,
    connect: bool,
    resolver: String,
    propagation: Vec<SocketAddr>,
    host: HostHead,
    lists: ListsHead,
    cost: Cost,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostHead {
    mx: Vec<Written>,
    spf_include: Option<Written>,
    dkim_selectors: Vec<Written>,
    server_ips: Vec<IpAddr>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListsHead {
    addresses: Vec<Written>,
    domains: Vec<Written>,
    senderscore: Option<Written>,
}

/// Each other line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    question: String,
    reply: Reply,
}

impl Head {
    fn of(transcript: &Transcript) -> Self {
        let Transcript { host, lists, .. } = transcript;
        Self {
            schema: SCHEMA,
            domain: transcript.domain.to_string(),
            selectors: written(&transcript.selectors),
            topics: transcript.topics.iter().map(Topic::to_string).collect(),
            now: transcript.now,
            connect: transcript.connect,
            resolver: transcript.resolver.clone(),
            propagation: transcript.propagation.clone(),
            host: HostHead {
                mx: written(&host.mx),
                spf_include: host.spf_include.clone().map(Written),
                dkim_selectors: written(&host.dkim_selectors),
                server_ips: host.server_ips.clone(),
            },
            lists: ListsHead {
                addresses: written(&lists.addresses),
                domains: written(&lists.domains),
                senderscore: lists.senderscore.clone().map(Written),
            },
            cost: transcript.cost,
        }
    }

    fn read(line: &str) -> Result<Transcript, BadTranscript> {
        let other = |error: serde_json::Error| {
            let value = serde_json::from_str::<serde_json::Value>(line).ok();
            match value.and_then(|value| value.get("schema")?.as_u64()) {
                Some(schema) if schema != u64::from(SCHEMA) => BadTranscript::Schema(schema),
                _ => BadTranscript::Head(error.to_string()),
            }
        };
        let head: Self = serde_json::from_str(line).map_err(other)?;
        if head.schema != SCHEMA {
            return Err(BadTranscript::Schema(head.schema.into()));
        }
        let domain = head.domain.parse().map_err(|error| BadTranscript::Head(format!("{error}")))?;
        let topics: Result<Vec<Topic>, _> = head.topics.iter().map(|topic| topic.parse()).collect();
        let topics = topics.map_err(|error| BadTranscript::Head(error.to_string()))?;
        let host = Host {
            mx: names(head.host.mx),
            spf_include: head.host.spf_include.map(|name| name.0),
            dkim_selectors: names(head.host.dkim_selectors),
            server_ips: head.host.server_ips,
            ..Host::default()
        };
        let lists = Lists {
            addresses: names(head.lists.addresses),
            domains: names(head.lists.domains),
            senderscore: head.lists.senderscore.map(|name| name.0),
        };
        let selectors = names(head.selectors);
        let (propagation, connect, resolver) = (head.propagation, head.connect, head.resolver);
        let (now, cost, replies) = (head.now, head.cost, Replies::default());
        Ok(Transcript { domain, selectors, topics, host, lists, propagation, connect, resolver, now, cost, replies })
    }
}

fn written(names: &[Name]) -> Vec<Written> {
    names.iter().cloned().map(Written).collect()
}

fn names(written: Vec<Written>) -> Vec<Name> {
    written.into_iter().map(|name| name.0).collect()
}
