//! Where the domain's people connect with their mail programs: the hosts that its SRV records name (RFC 6186); where it
//! has none, the host that people are told to use, as far as the DNS shows which that is.
//!
//! That is `mail.` below the domain, if it is one of the domain's mail servers or of the operator's under another name
//! (there the certificate is often for the server's own name); else the mail server that is preferred, if it bears a
//! name of the domain or is the operator's. Nobody else is called: the port 993 of a large provider's MX says nothing
//! about where its customers read their mail, and a leftover `mail.` nothing about today's.

use super::callee::Callee;
use crate::domain::Name;
use crate::facts::{Call, Called, Cause, Pending, Query, Response, Service, Unreached, View};
use crate::mail::Case;
use crate::mail::autoconfig::srv::{self, SERVICES, targets};
use crate::mail::evidence::silence;

/// The services that mail programs use.
const CLIENT: [Service; 3] = [Service::Submissions, Service::Submission, Service::Imaps];

/// What came of calling the services for mail programs.
#[derive(Debug, Default)]
pub(super) struct Clients<'f> {
    /// The calls. Those that reached nobody are among them only where somebody should be there.
    pub calls: Vec<(Call, &'f Called)>,
    /// What could not be looked up, why, and how that reads.
    pub unknown: Vec<(Cause, String)>,
}

/// What the domain's SRV records say of one service.
#[derive(Debug)]
pub(super) struct Published<'f> {
    service: Service,
    question: Query,
    reply: &'f Response,
}

/// What the domain's SRV records say of the services that are called.
pub(super) fn published<'f>(domain: &Name, view: &mut View<'f>) -> Result<Vec<Published<'f>>, Pending> {
    let asked =
        srv::questions(domain).zip(SERVICES).filter_map(|(question, service)| Some((question, service.called?)));
    let replies: Vec<_> = asked
        .map(|(question, service)| {
            let reply = view.get(question.clone())?;
            Ok(Published { service, question, reply })
        })
        .collect();
    replies.into_iter().collect()
}

/// Calls the services for mail programs.
pub(super) fn clients<'f>(
    case: &Case<'_>,
    published: &[Published<'f>],
    mail_servers: Result<&[Callee<'_>], &Pending>,
    view: &mut View<'f>,
) -> Result<Clients<'f>, Pending> {
    let mut clients = Clients::default();
    let silences = published.iter().filter_map(|Published { question, reply, .. }| {
        let why = reply.records().err()?;
        Some((why, silence(question, why)))
    });
    clients.unknown.extend(silences);
    if published.iter().any(|published| !targets(published.reply).is_empty()) {
        let named: Vec<_> = published.iter().map(|published| named(published, view)).collect();
        for named in named {
            match named? {
                Ok(called) => clients.calls.extend(called),
                Err(unknown) => clients.unknown.push(unknown),
            }
        }
    } else if clients.unknown.is_empty() {
        let mut called = by_habit(case, mail_servers.map_err(|pending| *pending)?, view)?;
        // Where a port answers or refuses, a silent one is not in use; where none does, the host itself is silent.
        let answers = |called: &Called| matches!(called, Ok(_) | Err(Unreached::Refused | Unreached::Denied));
        if called.iter().any(|(_, called)| answers(called)) {
            called.retain(|(_, called)| called.is_ok());
        }
        clients.calls = called;
    }
    Ok(clients)
}

/// A call made, if there is one to make, or why the host's address is not known.
type Named<'f> = Result<Option<(Call, &'f Called)>, (Cause, String)>;

/// Calls the host that the SRV records of a service name first, if the service is at its own port there.
fn named<'f>(published: &Published<'f>, view: &mut View<'f>) -> Result<Named<'f>, Pending> {
    let service = published.service;
    let targets = targets(published.reply);
    let offered = targets.first().filter(|target| !target.host.is_root() && target.port == service.port());
    let Some(target) = offered else { return Ok(Ok(None)) };
    let server = Callee::look_up(target.host, view)?;
    match (server.call(service), server.addresses.unknown.into_iter().next()) {
        (None, Some(unknown)) => Ok(Err(unknown)),
        (None, None) => Ok(Ok(None)),
        (Some(call), _) => {
            let called = view.get(call.clone())?;
            Ok(Ok(Some((call, called))))
        }
    }
}

/// Calls the host that people are told to use where no record names one.
fn by_habit<'f>(
    case: &Case<'_>,
    mail_servers: &[Callee<'_>],
    view: &mut View<'f>,
) -> Result<Vec<(Call, &'f Called)>, Pending> {
    let domain = case.domain.name();
    let Some(usual) = domain.below("mail").filter(|_| !mail_servers.is_empty()) else { return Ok(Vec::new()) };
    let mut found = mail_servers.iter().find(|known| *known.host == usual);
    let looked_up;
    if found.is_none() {
        looked_up = Callee::look_up(&usual, view)?;
        let servers = mail_servers.iter().flat_map(|server| &server.addresses.found);
        let mut servers = servers.chain(&case.host.server_ips);
        found = servers.any(|address| looked_up.addresses.found.contains(address)).then_some(&looked_up);
    }
    let own = |server: &&Callee<'_>| server.host.is_within(domain) || case.host.mx.contains(server.host);
    let Some(server) = found.or_else(|| mail_servers.iter().find(own)) else { return Ok(Vec::new()) };
    let calls: Vec<Call> = CLIENT.iter().filter_map(|service| server.call(*service)).collect();
    let called = view.get_all(calls.iter().cloned())?;
    Ok(calls.into_iter().zip(called).collect())
}
