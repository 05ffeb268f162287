//! The addresses that lists are asked about: those of the domain's mail servers, and those that the host sends from.
//! `senderscore` asks about the same.

use std::net::IpAddr;

use super::list::Entry;
use crate::address::is_private;
use crate::domain::Name;
use crate::facts::{Cause, Kind, Outcome, Pending, Query, Response, View};
use crate::mail::Case;
use crate::mail::evidence::silence;
use crate::mail::mx::target::{Addresses, by_preference, questions, targets};

/// How many addresses of the mail servers are asked about, those of the preferred first: each costs a question a list,
/// and where one of many is listed the others mostly are, too.
const MOST: usize = 3;

/// How many addresses that the host sends from are asked about.
const MOST_OF_THE_HOST: usize = 5;

/// Whether it makes sense to ask about a domain, going by the reply for its MX records: not if there is no such domain,
/// nor if it takes no mail (RFC 7505).
pub(in crate::mail) fn has_mail(mx: &Response) -> bool {
    let records = by_preference(mx);
    mx.outcome != Outcome::NoSuchName && (records.is_empty() || records.iter().any(|(_, name)| !name.is_root()))
}

/// The addresses to ask about.
#[derive(Debug, Default)]
pub(in crate::mail) struct Servers {
    /// The addresses, each once, public all.
    pub(super) entries: Vec<Entry<'static>>,
    /// The names that might lead to more, why they could not be looked up, and how that reads.
    pub(in crate::mail) unknown: Vec<(Name, Cause, String)>,
}

impl Servers {
    /// The addresses without their roles.
    pub(in crate::mail) fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::MailServer(address) | Entry::Host(address) => Some(*address),
            Entry::Domain(_) => None,
        })
    }
}

/// Finds them, from the reply for the domain's MX records on. A host that has addresses of both families is asked about
/// by its IPv4 addresses alone: few lists know any others.
pub(in crate::mail) fn servers(case: &Case<'_>, mx: &Response, view: &mut View<'_>) -> Result<Servers, Pending> {
    let mut servers = Servers::default();
    if let Err(cause) = mx.records() {
        let question = Query::new(case.domain.name(), Kind::Mx);
        servers.unknown.push((question.name.clone(), cause, silence(&question, cause)));
        return Ok(servers);
    }
    let records = by_preference(mx);
    let mut targets = targets(&records);
    targets.truncate(MOST);
    let replies = view.get_all(targets.iter().flat_map(|target| questions(target)))?;
    let mut found: Vec<IpAddr> = Vec::new();
    for (target, replies) in targets.iter().zip(replies.chunks(2)) {
        let known = Addresses::of(target, replies);
        let of_this = of_one_family(&known.found);
        // That a server has IPv6 addresses, too, would make no difference.
        if !of_this.iter().any(IpAddr::is_ipv4)
            && let Some((cause, seen)) = known.unknown.first()
        {
            servers.unknown.push(((*target).clone(), *cause, seen.clone()));
        }
        for address in of_this {
            if !found.contains(&address) {
                found.push(address);
            }
        }
    }
    let of_the_host: Vec<IpAddr> = if found.is_empty() && servers.unknown.is_empty() {
        Vec::new()
    } else {
        of_one_family(&case.host.server_ips).into_iter().take(MOST_OF_THE_HOST).collect()
    };
    let of_the_domain = found.into_iter().filter(|address| !of_the_host.contains(address)).take(MOST);
    servers.entries =
        of_the_domain.map(Entry::MailServer).chain(of_the_host.iter().copied().map(Entry::Host)).collect();
    Ok(servers)
}

/// The public IPv4 addresses; where there are none, the public IPv6 addresses.
fn of_one_family(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let public = |family: fn(&IpAddr) -> bool| -> Vec<IpAddr> {
        addresses.iter().copied().filter(|address| family(address) && !is_private(*address)).collect()
    };
    let v4 = public(IpAddr::is_ipv4);
    if v4.is_empty() { public(IpAddr::is_ipv6) } else { v4 }
}
