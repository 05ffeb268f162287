//! A network of name servers and hosts: questions to the DNS go to one who answers those, calls and pages to the hosts.
//!
//! Refuses to know how either is done: that is `smtp`'s and `https`'s, over connections that [`Egress`] opens.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Network;
use super::dns::Resolver;
use super::egress::Egress;
use super::https::{Https, Post};
use super::smtp::Smtp;
use super::tls::{BadRoot, Client};
use crate::config::Probe;
use crate::facts::{Call, Called, Fetch, Fetched, Query, Response};

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
        let resolver = resolver.with_authorities(Arc::clone(&egress));
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
        Box::pin(self.smtp.look(call))
    }

    fn post<'a>(&'a self, post: &'a Post) -> BoxFuture<'a, Fetched> {
        Box::pin(self.https.post(post))
    }

    fn fetch<'a>(&'a self, fetch: &'a Fetch) -> BoxFuture<'a, Fetched> {
        Box::pin(self.https.fetch(fetch))
    }
}
