//! The zone that a name is in, its name servers, and whom the zone above refers to (RFC 1034 sections 4.2 and 4.3.2).
//!
//! Asks the resolvers for what they list, and one name server of the zone above for its referral, which is what the world
//! follows. Judges nothing; `ns` and `propagation` both go on from here.

use std::net::IpAddr;

use crate::domain::Name;
use crate::facts::{Cause, Kind, Outcome, Pending, Query, Record, Response, Server, View};
use crate::mail::mx::target::Addresses;

/// How many name servers are looked at, in the order of their names, at one address each.
pub(in crate::mail) const MOST: usize = 4;

/// How many labels a zone of somebody's own has at least; zones with fewer are registries.
const OWN: usize = 2;

/// A question that got no answer, and why.
pub(in crate::mail) type Unanswered = (Query, Cause);

/// What came of looking something up, once the questions for it are answered.
pub(in crate::mail) type Looked<T> = Result<Result<T, Unanswered>, Pending>;

/// The name at the top of a zone, and its name servers in order.
pub(in crate::mail) type Zone = (Name, Vec<Name>);

/// A name server as it is named.
#[derive(Debug)]
pub(in crate::mail) struct Host {
    pub name: Name,
    /// What its name is an alias for.
    pub alias: Option<Name>,
    pub addresses: Addresses,
}

impl Host {
    /// The address at which it is asked.
    pub(in crate::mail) fn address(&self) -> Option<IpAddr> {
        self.addresses.found.first().copied()
    }
}

/// What the zone above says of a zone's name servers.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::mail) enum Parent {
    /// It refers to these.
    Refers(Vec<Name>),
    /// It says with authority that there is no such name: this server of the zone above, at this question.
    Denies(Query),
    /// It would not say.
    Silent(Unanswered),
    /// Nobody was asked.
    Unasked,
}

/// The nearest name at or above `from` that has name servers, with them, in order; of names with `least` labels or more.
pub(in crate::mail) fn nearest(from: &Name, least: usize, view: &mut View<'_>) -> Looked<Option<Zone>> {
    let mut name = Some(from.clone());
    while let Some(current) = name.filter(|name| name.labels().count() >= least) {
        let question = Query::new(&current, Kind::Ns);
        let reply = view.get(question.clone())?;
        match reply.records() {
            Err(why) => return Ok(Err((question, why))),
            // At the end of an alias stand the name servers of something else.
            Ok(_) if !reply.aliases.is_empty() => {}
            Ok(records) => {
                let servers = names(records);
                if !servers.is_empty() {
                    return Ok(Ok(Some((current, servers))));
                }
            }
        }
        name = current.parent();
    }
    Ok(Ok(None))
}

/// The zone that a domain is in, and the name servers that the resolvers list for it.
pub(in crate::mail) fn zone_of(domain: &Name, view: &mut View<'_>) -> Looked<Option<Zone>> {
    nearest(domain, OWN, view)
}

/// What is known of the name servers with these names, of the first [`MOST`] of them.
pub(in crate::mail) fn hosts(names: &[Name], view: &mut View<'_>) -> Result<Vec<Host>, Pending> {
    let names = names.iter().take(MOST);
    let v4 = view.get_all(names.clone().map(|name| Query::new(name, Kind::A)));
    let all = names.clone().zip(v4?).map(|(name, first)| {
        let mut replies = vec![first];
        // Its second family only where the first has nothing: one address is enough to ask.
        if first.addresses().is_ok_and(|found| found.is_empty()) {
            replies.push(view.get(Query::new(name, Kind::Aaaa))?);
        }
        let alias = replies.iter().find_map(|reply| reply.aliases.last().cloned());
        Ok(Host { name: name.clone(), alias, addresses: Addresses::of(name, &replies) })
    });
    let all: Vec<Result<Host, Pending>> = all.collect();
    all.into_iter().collect()
}

/// What one name server of the zone above says of `zone`.
pub(in crate::mail) fn parent_of(zone: &Name, view: &mut View<'_>) -> Result<Parent, Pending> {
    let Some(above) = zone.parent() else { return Ok(Parent::Unasked) };
    let servers = match nearest(&above, 1, view)? {
        Ok(Some((_, servers))) => servers,
        Ok(None) => return Ok(Parent::Unasked),
        Err(unanswered) => return Ok(Parent::Silent(unanswered)),
    };
    let hosts = hosts(servers.get(..1).unwrap_or_default(), view)?;
    let Some(host) = hosts.first() else { return Ok(Parent::Unasked) };
    let Some(address) = host.address() else {
        let unknown = host.addresses.unknown.first();
        let silent = |(cause, _): &(Cause, String)| Parent::Silent((Query::new(&host.name, Kind::A), *cause));
        return Ok(unknown.map_or(Parent::Unasked, silent));
    };
    let question = Query::new(zone, Kind::Ns).to(Server::Authority(address));
    let reply = view.get(question.clone())?;
    Ok(match &reply.outcome {
        Outcome::Unknown(cause) => Parent::Silent((question, *cause)),
        _ if !reply.referral.is_empty() => Parent::Refers(sorted(reply.referral.clone())),
        // It serves both zones, and so answers for the lower one.
        Outcome::Records(records) if reply.authoritative => Parent::Refers(names(records)),
        Outcome::NoSuchName if reply.authoritative => Parent::Denies(question),
        _ => Parent::Unasked,
    })
}

/// The name servers that a zone's own server lists.
pub(in crate::mail) fn listed_at(
    zone: &Name,
    address: IpAddr,
    view: &mut View<'_>,
) -> Result<Option<Vec<Name>>, Pending> {
    let reply: &Response = view.get(Query::new(zone, Kind::Ns).to(Server::Authority(address)))?;
    Ok(reply.records().ok().filter(|_| reply.authoritative).map(names))
}

/// The name servers among records, in order, each once.
pub(in crate::mail) fn names(records: &[Record]) -> Vec<Name> {
    let name = |record: &Record| if let Record::Ns(name) = record { Some(name.clone()) } else { None };
    sorted(records.iter().filter_map(name).collect())
}

fn sorted(mut names: Vec<Name>) -> Vec<Name> {
    names.sort();
    names.dedup();
    names
}
