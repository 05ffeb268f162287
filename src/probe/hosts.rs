//! A network of name servers and hosts: questions to the DNS go to one who answers those, calls and pages to the hosts.
//!
//! Turns what a look saw ([`service`]) into facts, and no more: what cannot be told from here, be it our own limits or
//! silence amid a conversation, becomes an [`Unreached`], so that no check takes it for a fault.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Network;
use super::dns::Resolver;
use super::egress::Egress;
use super::https::Https;
use super::smtp::Smtp;
use super::tls::{BadRoot, Client};
use crate::config::Probe;
use crate::facts::{
    Call, Called, Certificate, Distrust, Fetch, Fetched, Leaf, NoPage, Page, Query, Response, Secured, Service,
    Session, Tls, Unreached,
};
use crate::service::{self, Denied, End, NameMatch, NoTls, StartTls};

/// Asks name servers, calls mail services, fetches pages.
pub struct Hosts {
    names: Arc<dyn Network>,
    smtp: Smtp,
    https: Https,
}

impl Hosts {
    /// With `names` for the DNS, over connections that `egress` opens; greets mail servers as the operator says.
    pub fn new(names: Arc<dyn Network>, egress: &Arc<Egress>, tls: &Client, probe: &Probe) -> Self {
        let smtp = Smtp::new(Arc::clone(egress), tls.clone(), probe.helo.clone());
        Self { names, smtp, https: Https::new(Arc::clone(egress), tls.clone()) }
    }

    /// The public's: at the ports of IANA, with the roots that everybody trusts; `resolver` may ask the name servers of
    /// domains, too, as far as the operator lets connect.
    pub fn public(resolver: Resolver, probe: &Probe) -> Result<Self, BadRoot> {
        let egress = Arc::new(Egress::new(probe));
        let guard = Arc::clone(&egress);
        let resolver =
            resolver.with_authorities(service::Service::Dns.port(), move |address| guard.judge(address).is_ok());
        Ok(Self::new(Arc::new(resolver), &egress, &Client::new(&[])?, probe))
    }
}

impl Network for Hosts {
    fn name(&self) -> String {
        self.names.name()
    }

    fn connects(&self) -> bool {
        true
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Response> {
        self.names.query(query)
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Called> {
        Box::pin(async move {
            let service = match call.service {
                Service::Smtp => service::Service::Smtp,
                Service::Submission => service::Service::Submission,
                Service::Submissions => service::Service::Submissions,
                Service::Imaps => service::Service::Imaps,
            };
            called(self.smtp.look(&call.host, call.address, service).await)
        })
    }

    fn fetch<'a>(&'a self, fetch: &'a Fetch) -> BoxFuture<'a, Fetched> {
        Box::pin(async move { fetched(self.https.fetch(&fetch.host, fetch.address, fetch.path).await) })
    }
}

fn called(seen: service::Session) -> Called {
    let service::Session { greeting, capabilities, starttls, tls, end, .. } = seen;
    let tls = match (tls, end) {
        // Whatever came after, TLS was seen.
        (Some(tls), _) => Tls::Up(secured(tls)),
        (None, End::Rejected(reply)) => Tls::TurnedAway(reply.join("\n")),
        (None, End::Malformed(line)) => Tls::TurnedAway(line),
        (None, End::Injected) => Tls::Injected,
        (None, End::Handshake(NoTls::OldVersion)) => Tls::TooOld,
        (None, End::Handshake(why)) => Tls::Failed(why.to_string()),
        (None, End::Complete) => match starttls {
            StartTls::Refused(reply) => Tls::Refused(reply.join("\n")),
            StartTls::NotAsked | StartTls::NotOffered | StartTls::Accepted => Tls::NotOffered,
        },
        (None, End::Unreached(why)) => return Err(unreached(&why)),
        (None, End::BadName) => return Err(Unreached::NotAsked),
        (None, End::TimedOut) => return Err(Unreached::Silent),
        (None, End::Closed | End::Reset | End::Flooded(_)) => return Err(Unreached::Broken),
    };
    Ok(Session { greeting: greeting.join("\n"), capabilities, tls })
}

fn secured(tls: service::Tls) -> Secured {
    let seconds = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
    let leaf = tls.leaf.map(|leaf| Leaf {
        names: leaf.names,
        issuer: leaf.issuer,
        not_before: seconds(leaf.not_before),
        not_after: seconds(leaf.not_after),
    });
    let chain = tls.chain.into_iter().map(|shown| Certificate { der: shown.der, public_key: shown.spki });
    let trusted = tls.trust.map_err(|why| match why {
        service::Distrust::Expired => Distrust::Expired,
        service::Distrust::NotYetValid => Distrust::NotYetValid,
        service::Distrust::SelfSigned => Distrust::SelfSigned,
        service::Distrust::UnknownIssuer => Distrust::UnknownIssuer,
        service::Distrust::Other(why) => Distrust::Other(why),
    });
    Secured {
        version: tls.version.to_owned(),
        chain: chain.collect(),
        leaf,
        trusted,
        names_host: tls.name == NameMatch::Yes,
    }
}

fn fetched(seen: Result<service::Page, service::NoPage>) -> Fetched {
    use service::NoPage as Seen;
    match seen {
        Ok(service::Page { status, content_type, location, body }) => Ok(Page { status, content_type, location, body }),
        Err(Seen::Unreached(why)) => Err(NoPage::Unreached(unreached(&why))),
        Err(Seen::BadName) => Err(NoPage::Unreached(Unreached::NotAsked)),
        Err(Seen::TimedOut) => Err(NoPage::Unreached(Unreached::Silent)),
        Err(Seen::Closed) => Err(NoPage::Unreached(Unreached::Broken)),
        Err(Seen::Handshake(why)) => Err(NoPage::NoTls(why.to_string())),
        Err(Seen::Untrusted(why)) => Err(NoPage::Untrusted(why.to_string())),
        Err(Seen::WrongName(names)) => {
            let names = names.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
            Err(NoPage::Untrusted(format!("the certificate is for {names}")))
        }
        Err(why @ (Seen::TooLarge | Seen::Malformed(_))) => Err(NoPage::Malformed(why.to_string())),
    }
}

fn unreached(why: &service::Unreached) -> Unreached {
    match why {
        service::Unreached::Denied(Denied::NotPublic(_)) => Unreached::Denied,
        service::Unreached::Denied(Denied::SwitchedOff) | service::Unreached::Busy => Unreached::NotAsked,
        service::Unreached::Refused => Unreached::Refused,
        service::Unreached::TimedOut => Unreached::Silent,
        service::Unreached::NoRoute | service::Unreached::Other(_) => Unreached::NoWay,
    }
}
