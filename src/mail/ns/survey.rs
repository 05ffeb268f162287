//! What a zone's name servers say of the zone: whether each answers with authority, and which version it has.
//!
//! The name servers are those that the zone above refers to, since the world follows that; where it would not say, those
//! that the resolvers list. In most zones the two are the same, so nobody waits for the one before asking the other.

use std::net::IpAddr;

use super::zone::{Host, Looked, Parent, hosts, parent_of, zone_of};
use crate::domain::Name;
use crate::facts::{Cause, Kind, Outcome, Pending, Query, Record, Response, Server, View};
use crate::mail::Case;

/// A zone and its name servers.
#[derive(Debug)]
pub(in crate::mail) struct Survey {
    /// The name at its top.
    pub zone: Name,
    /// The name servers that the resolvers list.
    pub listed: Vec<Name>,
    /// What the zone above says.
    pub parent: Parent,
    /// Those that were looked at, each with what it says.
    pub servers: Vec<Authority>,
}

/// A name server and what it says of the zone.
#[derive(Debug)]
pub(in crate::mail) struct Authority {
    pub host: Host,
    /// How it answered at its address; `None` where it has none, or nobody may be asked.
    pub said: Option<(IpAddr, Said)>,
}

/// How a name server answered for the start of its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mail) enum Said {
    /// With authority: the zone's version.
    Serial(u32),
    /// With the zone's version, as anybody could who has looked it up, and without authority.
    Hearsay,
    /// In a way that a name server of the zone does not.
    Lame(&'static str),
    /// Not at all, or in no way that can be read.
    Nothing(Cause),
}

/// A name server that answers with authority.
#[derive(Debug, Clone, Copy)]
pub(in crate::mail) struct Voice<'s> {
    pub name: &'s Name,
    pub address: IpAddr,
    /// The version of the zone that it has.
    pub serial: u32,
}

impl Survey {
    /// The name servers that the world is sent to.
    pub(in crate::mail) fn in_charge(&self) -> &[Name] {
        if let Parent::Refers(names) = &self.parent { names } else { &self.listed }
    }

    /// The name servers that answer with authority.
    pub(in crate::mail) fn voices(&self) -> impl Iterator<Item = Voice<'_>> {
        self.servers.iter().filter_map(|server| match server.said {
            Some((address, Said::Serial(serial))) => Some(Voice { name: &server.host.name, address, serial }),
            _ => None,
        })
    }
}

/// Looks at the name servers of the zone that the case's domain is in; `None` where it is in no zone of its own.
pub(in crate::mail) fn survey(case: &Case<'_>, view: &mut View<'_>) -> Looked<Option<Survey>> {
    let domain = case.domain.name();
    if case.connect
        && let Some(above) = domain.parent()
    {
        // Most domains are zones of their own: then the name servers above are wanted next.
        let _noted = view.get(Query::new(&above, Kind::Ns));
    }
    let (zone, listed) = match zone_of(domain, view)? {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Ok(None)),
        Err(unanswered) => return Ok(Err(unanswered)),
    };
    if !case.connect {
        let unheard = hosts(&listed, view)?.into_iter().map(|host| Authority { host, said: None });
        return Ok(Ok(Some(Survey { zone, listed, parent: Parent::Unasked, servers: unheard.collect() })));
    }
    let heard = hear(&zone, &listed, view);
    let parent = parent_of(&zone, view)?;
    let servers = match &parent {
        Parent::Refers(names) if *names != listed => hear(&zone, names, view)?,
        _ => heard?,
    };
    Ok(Ok(Some(Survey { zone, listed, parent, servers })))
}

/// Asks each name server for the start of the zone.
fn hear(zone: &Name, names: &[Name], view: &mut View<'_>) -> Result<Vec<Authority>, Pending> {
    let servers: Vec<_> = hosts(names, view)?
        .into_iter()
        .map(|host| {
            let Some(address) = host.address() else { return Ok(Authority { host, said: None }) };
            let reply = view.get(question(zone, address))?;
            Ok(Authority { host, said: Some((address, said(reply))) })
        })
        .collect();
    servers.into_iter().collect()
}

/// How a name server is asked for the start of its zone.
pub(in crate::mail) fn question(zone: &Name, address: IpAddr) -> Query {
    Query::new(zone, Kind::Soa).to(Server::Authority(address))
}

fn said(reply: &Response) -> Said {
    let serial = |record: &Record| if let Record::Soa { serial, .. } = record { Some(*serial) } else { None };
    match (&reply.outcome, reply.authoritative) {
        (Outcome::Records(records), true) => {
            records.iter().find_map(serial).map_or(Said::Nothing(Cause::Malformed), Said::Serial)
        }
        (Outcome::Records(_), false) => Said::Hearsay,
        (Outcome::NoData, false) => Said::Lame("it does not hold the zone"),
        (Outcome::NoData | Outcome::NoSuchName, _) => Said::Lame("it says that there is no such zone"),
        (Outcome::Unknown(Cause::ServFail), _) => Said::Lame("it answers SERVFAIL"),
        (Outcome::Unknown(Cause::Refused), _) => Said::Lame("it refuses to answer"),
        (Outcome::Unknown(cause), _) => Said::Nothing(*cause),
    }
}
