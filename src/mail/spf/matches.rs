//! Whether a mechanism matches the client (RFC 7208 section 5), and the one macro that takes questions, `%{p}`.

use std::net::IpAddr;

use super::MAX_NAMES;
use super::evaluate::{Evaluation, Halt, Place};
use super::macros::{DomainSpec, Letter};
use super::mechanism::{DualCidr, Mechanism};
use super::verdict::{Node, SpfResult};
use crate::domain::Name;
use crate::facts::{Kind, Query, Record, Response};

impl<'f> Evaluation<'_, '_, 'f> {
    pub(super) fn matches(
        &mut self,
        place: Place<'_>,
        mechanism: &Mechanism,
        branch: &mut Option<Node>,
    ) -> Result<bool, Halt> {
        if mechanism.causes_lookup() {
            self.count_lookup(place)?;
        }
        match (mechanism, self.who.ip) {
            (Mechanism::All, _) => Ok(true),
            (Mechanism::Ip4(network), IpAddr::V4(v4)) => Ok(network.contains(&v4)),
            (Mechanism::Ip6(network), IpAddr::V6(v6)) => Ok(network.contains(&v6)),
            (Mechanism::Ip4(_) | Mechanism::Ip6(_), _) => Ok(false),
            (Mechanism::Include(target), _) => self.include(place, target, branch),
            (Mechanism::A(target, cidr), _) => self.a(place, target.as_ref(), *cidr),
            (Mechanism::Mx(target, cidr), _) => self.mx(place, target.as_ref(), *cidr),
            (Mechanism::Ptr(target), _) => self.ptr(place, target.as_ref()),
            (Mechanism::Exists(target), _) => self.exists(place, target),
        }
    }

    /// Section 5.2: only a pass of the other record matches.
    fn include(&mut self, place: Place<'_>, target: &DomainSpec, branch: &mut Option<Node>) -> Result<bool, Halt> {
        let Some(target) = self.expand(place.domain, target) else { return Ok(false) };
        let (node, problem) = self.host(&target);
        match (branch.insert(node).result, problem) {
            (SpfResult::None, _) => Err(place.error(format_args!("`{target}` has no SPF record"))),
            (result, Some(problem)) => Err(Halt { result, problem }),
            (result, None) => Ok(result == SpfResult::Pass),
        }
    }

    /// Section 5.3.
    fn a(&mut self, place: Place<'_>, target: Option<&DomainSpec>, cidr: DualCidr) -> Result<bool, Halt> {
        let Some(name) = self.name(place, target) else { return Ok(false) };
        let ip = self.who.ip;
        let records = self.records(place, &Query::address_like(&name, ip))?;
        Ok(records.iter().filter_map(Record::address).any(|address| cidr.covers(address, ip)))
    }

    /// Section 5.4. Mail servers come in no order, so that any match counts more than any error.
    fn mx(&mut self, place: Place<'_>, target: Option<&DomainSpec>, cidr: DualCidr) -> Result<bool, Halt> {
        let Some(name) = self.name(place, target) else { return Ok(false) };
        let ip = self.who.ip;
        let records = self.records(place, &Query::new(&name, Kind::Mx))?;
        let count = records.len();
        if count > MAX_NAMES {
            return Err(place.error(format_args!("`{name}` has {count} mail servers; {MAX_NAMES} are allowed")));
        }
        let exchanges = records.iter().filter_map(exchange).filter(|exchange| !exchange.is_root());
        let questions: Vec<_> = exchanges.map(|exchange| Query::address_like(exchange, ip)).collect();
        let replies: Vec<_> = questions.iter().map(|question| self.known(question)).collect();
        let mut error = None;
        for (question, reply) in questions.iter().zip(replies) {
            match reply.map_or(Ok(Vec::new()), Response::addresses) {
                Ok(addresses) if addresses.iter().any(|&address| cidr.covers(address, ip)) => return Ok(true),
                Ok(_) => {}
                Err(cause) => error = Some(Halt::temporary(question, cause)),
            }
        }
        error.map_or(Ok(false), Err)
    }

    /// Section 5.5. An error is no match, for it is the client's doing.
    fn ptr(&mut self, place: Place<'_>, target: Option<&DomainSpec>) -> Result<bool, Halt> {
        let Some(suffix) = self.name(place, target) else { return Ok(false) };
        if self.known(&Query::reverse(self.who.ip)).is_some_and(|reply| reply.records() == Ok(&[])) {
            self.count_void(place)?;
        }
        let names = self.validated_names().unwrap_or_default();
        Ok(names.iter().any(|name| name.is_within(&suffix)))
    }

    /// Section 5.7: an IPv4 address is asked for whatever the client has.
    fn exists(&mut self, place: Place<'_>, target: &DomainSpec) -> Result<bool, Halt> {
        let Some(name) = self.name(place, Some(target)) else { return Ok(false) };
        Ok(!self.records(place, &Query::new(&name, Kind::A))?.is_empty())
    }

    /// The records that a term asks for; none of them is a void look-up.
    ///
    /// The addresses of mail servers do not count as such: the limit is on terms (section 4.6.4), and a mail server
    /// without an IPv6 address is no fault.
    fn records(&mut self, place: Place<'_>, question: &Query) -> Result<&'f [Record], Halt> {
        let Some(reply) = self.known(question) else { return Ok(&[]) };
        let records = reply.records().map_err(|cause| Halt::temporary(question, cause))?;
        if records.is_empty() {
            self.count_void(place)?;
        }
        Ok(records)
    }

    /// The name that a term asks for: its target, or else the domain; `None` if that is no name (section 4.8).
    fn name(&mut self, place: Place<'_>, target: Option<&DomainSpec>) -> Option<Name> {
        match target {
            Some(target) => self.expand(place.domain, target)?.parse().ok(),
            None => place.domain.parse().ok(),
        }
    }

    /// A term's target; `None` while it waits for a reply.
    pub(super) fn expand(&mut self, domain: &str, target: &DomainSpec) -> Option<String> {
        target.expand(|letter| self.value(letter, domain))
    }

    /// What a macro stands for; `None` while it waits for a reply.
    pub(super) fn value(&mut self, letter: Letter, domain: &str) -> Option<String> {
        self.who.value(letter, domain).or_else(|| self.validated_name(domain))
    }

    /// `%{p}`: the domain itself before its subdomains before any other name (section 7.3).
    fn validated_name(&mut self, domain: &str) -> Option<String> {
        let names = self.validated_names()?;
        let domain: Option<Name> = domain.parse().ok();
        let same = names.iter().find(|&name| domain.as_ref() == Some(name));
        let below = || names.iter().find(|name| domain.as_ref().is_some_and(|domain| name.is_within(domain)));
        Some(same.or_else(below).or(names.first()).map_or("unknown".to_owned(), ToString::to_string))
    }

    /// The names of the client's address that have that address, among the first ten; those that cannot be looked up
    /// are skipped (section 5.5). `None` until all are known.
    fn validated_names(&mut self) -> Option<Vec<&'f Name>> {
        let ip = self.who.ip;
        let records = self.known(&Query::reverse(ip))?.records().unwrap_or_default();
        let names: Vec<_> = records.iter().filter_map(client_name).take(MAX_NAMES).collect();
        let replies: Vec<_> = names.iter().map(|name| self.known(&Query::address_like(name, ip))).collect();
        let replies: Vec<_> = replies.into_iter().collect::<Option<_>>()?;
        let has_address = |reply: &Response| reply.addresses().is_ok_and(|addresses| addresses.contains(&ip));
        Some(names.into_iter().zip(replies).filter(|(_, reply)| has_address(reply)).map(|(name, _)| name).collect())
    }
}

fn exchange(record: &Record) -> Option<&Name> {
    if let Record::Mx { exchange, .. } = record { Some(exchange) } else { None }
}

fn client_name(record: &Record) -> Option<&Name> {
    if let Record::Ptr(name) = record { Some(name) } else { None }
}
