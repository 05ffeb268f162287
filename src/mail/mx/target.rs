//! The mail servers that a domain's MX records name, and what is known of their addresses; `ptr` goes on from here.

use std::net::IpAddr;

use super::slip::is_host_name;
use crate::address::is_private;
use crate::domain::Name;
use crate::facts::{Cause, Kind, Query, Record, Response};
use crate::finding::{Code, Finding};
use crate::mail::evidence::{absence, silence};

/// How many mail servers are looked up, the preferred first: more than a sender tries, at two questions each.
pub(in crate::mail) const MOST: usize = 10;

/// The MX records of a reply, as preference and name, the preferred first.
pub(in crate::mail) fn by_preference(reply: &Response) -> Vec<(u16, &Name)> {
    let mut all: Vec<(u16, &Name)> = reply
        .records()
        .unwrap_or_default()
        .iter()
        .filter_map(|record| match record {
            Record::Mx { preference, exchange } => Some((*preference, exchange)),
            _ => None,
        })
        .collect();
    all.sort();
    all
}

/// The mail servers to look up: host names, each once, the preferred first, [`MOST`] at most.
pub(in crate::mail) fn targets<'r>(records: &[(u16, &'r Name)]) -> Vec<&'r Name> {
    let mut targets: Vec<&Name> = Vec::new();
    for &(_, name) in records {
        if !name.is_root()
            && !is_literal(name)
            && is_host_name(name)
            && !targets.contains(&name)
            && targets.len() < MOST
        {
            targets.push(name);
        }
    }
    targets
}

/// Whether the name is an IP address, which no mail server's name can be (RFC 5321 section 5.1).
pub(in crate::mail) fn is_literal(name: &Name) -> bool {
    name.as_str().trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

/// The questions for a mail server's addresses of both families.
pub(in crate::mail) fn questions(target: &Name) -> [Query; 2] {
    [Query::new(target, Kind::A), Query::new(target, Kind::Aaaa)]
}

/// What is known of a mail server's addresses.
#[derive(Debug, Default)]
pub(in crate::mail) struct Addresses {
    /// Those found.
    pub found: Vec<IpAddr>,
    /// How it reads that there are none of a family.
    pub absent: Vec<String>,
    /// Why a family could not be looked up, and how that reads.
    pub unknown: Vec<(Cause, String)>,
}

impl Addresses {
    /// What the replies to the [`questions`] for `target` say.
    pub(in crate::mail) fn of(target: &Name, replies: &[&Response]) -> Self {
        let mut known = Self::default();
        for (question, reply) in questions(target).iter().zip(replies) {
            match reply.addresses() {
                Err(cause) => known.unknown.push((cause, silence(question, cause))),
                Ok(none) if none.is_empty() => known.absent.push(absence(question, reply)),
                Ok(some) => known.found.extend(some),
            }
        }
        known
    }

    /// Whether senders can reach one of them.
    pub(in crate::mail) fn has_public(&self) -> bool {
        self.found.iter().any(|address| !is_private(*address))
    }
}

/// A mail server, and what was said of it.
#[derive(Debug)]
pub(super) struct Known<'r> {
    pub name: &'r Name,
    pub addresses: Addresses,
    /// The aliases on the way to its addresses, the last of which has them.
    pub aliases: &'r [Name],
}

impl<'r> Known<'r> {
    /// What the replies to the [`questions`] for each mail server say.
    pub(super) fn of(names: &[&'r Name], replies: &[&'r Response]) -> Vec<Self> {
        let aliases = |replies: &[&'r Response]| {
            let mut some = replies.iter().map(|reply| reply.aliases.as_slice()).filter(|aliases| !aliases.is_empty());
            some.next().unwrap_or_default()
        };
        let each = names.iter().zip(replies.chunks(2));
        each.map(|(name, replies)| Self { name, addresses: Addresses::of(name, replies), aliases: aliases(replies) })
            .collect()
    }

    /// That its addresses could not be looked up, all of them or those of one family.
    pub(super) fn unknown(&self) -> Option<Finding> {
        let (cause, _) = self.addresses.unknown.first()?;
        let unknown = Finding::new(Code::MxTargetUnknown, self.name).detail("target", self.name).detail("cause", cause);
        Some(self.addresses.unknown.iter().fold(unknown, |finding, (_, seen)| finding.evidence(seen)))
    }
}
