//! The SRV records that mail programs look for (RFC 6186 section 3, RFC 8314 section 5.1); `starttls` calls where they
//! lead.

use std::fmt;

use crate::domain::Name;
use crate::facts::{self, Kind, Query, Record, Response};

/// One service that mail programs look for.
#[derive(Debug, Clone, Copy)]
pub(in crate::mail) struct Service {
    /// The labels below the domain.
    pub label: &'static str,
    /// The port that it has by default.
    pub port: u16,
    /// The service to call; `None` where nobody is called.
    pub called: Option<facts::Service>,
}

/// The services that are looked up.
pub(in crate::mail) const SERVICES: [Service; 4] = [
    Service::mail("_imaps._tcp", facts::Service::Imaps),
    Service::mail("_submissions._tcp", facts::Service::Submissions),
    Service::mail("_submission._tcp", facts::Service::Submission),
    // Outlook's way to the server of its settings.
    Service { label: "_autodiscover._tcp", port: 443, called: None },
];

impl Service {
    const fn mail(label: &'static str, service: facts::Service) -> Self {
        Self { label, port: service.port(), called: Some(service) }
    }
}

/// Where one SRV record leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::mail) struct Target<'r> {
    priority: u16,
    weight: u16,
    /// The port.
    pub port: u16,
    /// The host; the root where the service is not offered.
    pub host: &'r Name,
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.priority, self.weight, self.port, self.host)
    }
}

/// The questions for the [`SERVICES`] of a domain, in their order; none for a name that is too long to have any.
pub(in crate::mail) fn questions(domain: &Name) -> impl Iterator<Item = Query> + '_ {
    SERVICES.iter().map_while(|service| Some(Query::new(&domain.below(service.label)?, Kind::Srv)))
}

/// Where the records of a reply lead, in the order in which clients try them: the lowest priority first, then the most
/// weight (RFC 2782).
pub(in crate::mail) fn targets(reply: &Response) -> Vec<Target<'_>> {
    let mut all: Vec<Target<'_>> = reply
        .records()
        .unwrap_or_default()
        .iter()
        .filter_map(|record| match record {
            Record::Srv { priority, weight, port, target } => {
                Some(Target { priority: *priority, weight: *weight, port: *port, host: target })
            }
            _ => None,
        })
        .collect();
    all.sort_by_key(|target| (target.priority, std::cmp::Reverse(target.weight), target.host));
    all
}
