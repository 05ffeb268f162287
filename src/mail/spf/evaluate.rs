//! `check_host()`: whether a client may send for a domain (RFC 7208 sections 4 to 6).
//!
//! Reads like the RFC, term by term. A reply that is not known yet counts as no match, and the walk goes on: so it
//! looks for all that it may need in one go, and what it says counts only once every reply is known.
//! What is wrong with a record whoever sends is `survey`'s.

use std::fmt;
use std::net::IpAddr;

use super::macros::{DomainSpec, Letter, MacroString};
use super::mechanism::Mechanism;
use super::record::{Record, Term, published};
use super::sender::{Identity, Sender};
use super::verdict::{Node, SpfResult, Step, Verdict};
use super::{MAX_LOOKUPS, MAX_NAMES, MAX_VOIDS};
use crate::domain::Name;
use crate::facts::{self, Cause, Kind, Pending, Question, Reply, View};

/// The explanation where the domain offers none (section 6.2).
pub const DEFAULT_EXPLANATION: &str = "the domain does not allow this address to send its mail";

/// Evaluates a sender; pending until all that it may need is known.
pub fn check_host(sender: &Sender, view: &mut View<'_>) -> Result<Verdict, Pending> {
    let who = Identity::of(sender);
    let domain = who.domain.clone();
    let mut evaluation = Evaluation { view, who, lookups: 0, voids: 0, pending: false };
    let (root, problem) = evaluation.host(&domain);
    let explanation = (root.result == SpfResult::Fail).then(|| {
        evaluation.explain(root.deciding()).filter(|text| !text.is_empty()).unwrap_or(DEFAULT_EXPLANATION.to_owned())
    });
    if evaluation.pending {
        return Err(Pending);
    }
    Ok(Verdict {
        result: root.result,
        explanation,
        matched: root.deciding().matched().map(ToOwned::to_owned),
        lookups: evaluation.lookups,
        voids: evaluation.voids,
        tree: if host_name(&domain).is_some() { vec![root] } else { Vec::new() },
        problem,
    })
}

struct Evaluation<'v, 's, 'f> {
    view: &'v mut View<'f>,
    who: Identity<'s>,
    lookups: usize,
    voids: usize,
    /// Whether a reply was not known, so that the result does not count.
    pending: bool,
}

/// An error that ends the evaluation at once (section 2.6).
struct Halt {
    result: SpfResult,
    problem: String,
}

impl Halt {
    fn permanent(problem: impl fmt::Display) -> Self {
        Self { result: SpfResult::PermError, problem: problem.to_string() }
    }

    fn temporary(question: &Question, cause: Cause) -> Self {
        Self { result: SpfResult::TempError, problem: format!("`{question}`: {cause}") }
    }
}

/// A term of a domain's record.
#[derive(Clone, Copy)]
struct Place<'r> {
    domain: &'r str,
    term: &'r Term,
}

impl Place<'_> {
    fn error(self, problem: impl fmt::Display) -> Halt {
        let Self { domain, term: Term { text, column, .. } } = self;
        Halt::permanent(format_args!("in the record of `{domain}`: `{text}` at column {column}: {problem}"))
    }
}

impl<'f> Evaluation<'_, '_, 'f> {
    /// The recursive part of `check_host()`, and the problem of an error.
    fn host(&mut self, domain: &str) -> (Node, Option<String>) {
        let mut node = Node { domain: domain.to_owned(), record: None, result: SpfResult::Neutral, terms: Vec::new() };
        let problem = match self.evaluate(&mut node) {
            Ok(result) => {
                node.result = result;
                None
            }
            Err(Halt { result, problem }) => {
                node.result = result;
                Some(problem)
            }
        };
        (node, problem)
    }

    fn evaluate(&mut self, node: &mut Node) -> Result<SpfResult, Halt> {
        let domain = node.domain.clone();
        let Some(name) = host_name(&domain) else { return Ok(SpfResult::None) };
        let question = Question::new(&name, Kind::Txt);
        let Some(reply) = self.known(&question) else { return Ok(SpfResult::Neutral) };
        let records = published(reply).map_err(|cause| Halt::temporary(&question, cause))?;
        let text = match records.as_slice() {
            [] => return Ok(SpfResult::None),
            [text] => text,
            several => {
                let count = several.len();
                return Err(Halt::permanent(format_args!("`{domain}` has {count} SPF records; one is allowed")));
            }
        };
        node.record = Some(String::from_utf8_lossy(text).into_owned());
        let record = Record::parse(text).map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            Halt::permanent(format_args!("in the record of `{domain}`: {}", errors.join("; ")))
        })?;

        for (term, qualifier, mechanism) in record.directives() {
            let place = Place { domain: &domain, term };
            if self.step(node, term, |walk, branch| walk.matches(place, mechanism, branch))? {
                return Ok(qualifier.into());
            }
        }
        if let Some((term, target)) = record.redirect() {
            let place = Place { domain: &domain, term };
            self.step(node, term, |walk, branch| walk.redirect(place, target, branch).map(|()| false))?;
            let target = node.terms.last().and_then(|step| step.branch.as_ref());
            return Ok(target.map_or(SpfResult::Neutral, |target| target.result));
        }
        Ok(SpfResult::Neutral)
    }

    /// Takes one term and writes down what it cost and came to, also where it ends in an error.
    fn step(
        &mut self,
        node: &mut Node,
        term: &Term,
        take: impl FnOnce(&mut Self, &mut Option<Node>) -> Result<bool, Halt>,
    ) -> Result<bool, Halt> {
        let (before, mut branch) = (self.lookups, None);
        let matched = take(self, &mut branch);
        node.terms.push(Step {
            term: term.text.clone(),
            lookups: self.lookups - before,
            matched: matches!(matched, Ok(true)),
            branch,
        });
        matched
    }

    /// Whether a mechanism matches the client (section 5).
    fn matches(&mut self, place: Place<'_>, mechanism: &Mechanism, branch: &mut Option<Node>) -> Result<bool, Halt> {
        if mechanism.causes_lookup() {
            self.count_lookup(place)?;
        }
        let ip = self.who.ip;
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip4(network) => Ok(matches!(ip, IpAddr::V4(v4) if network.contains(&v4))),
            Mechanism::Ip6(network) => Ok(matches!(ip, IpAddr::V6(v6) if network.contains(&v6))),
            Mechanism::Include(target) => self.include(place, target, branch),
            Mechanism::A(target, cidr) => {
                let Some(name) = self.name(place, target.as_ref()) else { return Ok(false) };
                let records = self.records(place, Question::address_like(&name, ip))?;
                Ok(records.iter().filter_map(facts::Record::address).any(|address| cidr.covers(address, ip)))
            }
            Mechanism::Mx(target, cidr) => {
                let Some(name) = self.name(place, target.as_ref()) else { return Ok(false) };
                let records = self.records(place, Question::new(&name, Kind::Mx))?;
                if records.len() > MAX_NAMES {
                    return Err(place
                        .error(format_args!("`{name}` has {} mail servers; {MAX_NAMES} are allowed", records.len())));
                }
                let exchanges = records.iter().filter_map(exchange).filter(|exchange| !exchange.is_root());
                let questions: Vec<_> = exchanges.map(|exchange| Question::address_like(exchange, ip)).collect();
                let replies: Vec<_> = questions.iter().map(|question| self.known(question)).collect();
                // Mail servers come in no order, so that any match counts more than any error.
                let mut error = None;
                for (question, reply) in questions.iter().zip(replies) {
                    match reply.map_or(Ok(Vec::new()), Reply::addresses) {
                        Ok(found) if found.iter().any(|&address| cidr.covers(address, ip)) => return Ok(true),
                        Ok(_) => {}
                        Err(cause) => error = Some(Halt::temporary(question, cause)),
                    }
                }
                error.map_or(Ok(false), Err)
            }
            Mechanism::Ptr(target) => {
                let Some(suffix) = self.name(place, target.as_ref()) else { return Ok(false) };
                if self.known(&Question::reverse(ip)).is_some_and(|reply| reply.records() == Ok(&[])) {
                    self.count_void(place)?;
                }
                let names = self.validated_names().unwrap_or_default();
                Ok(names.iter().any(|name| name.is_within(&suffix)))
            }
            Mechanism::Exists(target) => {
                let Some(name) = self.name(place, Some(target)) else { return Ok(false) };
                Ok(!self.records(place, Question::new(&name, Kind::A))?.is_empty())
            }
        }
    }

    /// Section 5.2: only a pass of the other record matches.
    fn include(&mut self, place: Place<'_>, target: &DomainSpec, branch: &mut Option<Node>) -> Result<bool, Halt> {
        let Some(target) = self.expand(place.domain, target) else { return Ok(false) };
        let (node, problem) = self.host(&target);
        let result = branch.insert(node).result;
        match result {
            SpfResult::Pass => Ok(true),
            SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral => Ok(false),
            SpfResult::TempError | SpfResult::PermError => Err(Halt { result, problem: problem.unwrap_or_default() }),
            SpfResult::None => Err(place.error(format_args!("`{target}` has no SPF record"))),
        }
    }

    /// Section 6.1: the other record decides.
    fn redirect(&mut self, place: Place<'_>, target: &DomainSpec, branch: &mut Option<Node>) -> Result<(), Halt> {
        self.count_lookup(place)?;
        let Some(target) = self.expand(place.domain, target) else { return Ok(()) };
        let (node, problem) = self.host(&target);
        match (branch.insert(node).result, problem) {
            (SpfResult::None, _) => Err(place.error(format_args!("`{target}` has no SPF record"))),
            (result, Some(problem)) => Err(Halt { result, problem }),
            _ => Ok(()),
        }
    }

    /// Section 6.2: what the domain says to those who fail. No error of it counts, nor does its look-up.
    fn explain(&mut self, node: &Node) -> Option<String> {
        let record = Record::parse(node.record.as_ref()?.as_bytes()).ok()?;
        let name = self.expand(&node.domain, record.explanation()?)?.parse().ok()?;
        let texts = self.known(&Question::new(&name, Kind::Txt))?.texts().ok()?;
        let [text] = texts.as_slice() else { return None };
        MacroString::parse_explanation(&text.joined())?.expand(|letter| self.value(letter, &node.domain))
    }

    /// The reply to a question, if it is known; notes it as wanted if not.
    fn known(&mut self, question: &Question) -> Option<&'f Reply> {
        let reply = self.view.get(question.clone()).ok();
        self.pending |= reply.is_none();
        reply
    }

    /// The records that a term asks for; none of them is a void look-up.
    ///
    /// The addresses of mail servers do not count as such: the limit is on terms (section 4.6.4), and a mail server
    /// without an IPv6 address is no fault.
    fn records(&mut self, place: Place<'_>, question: Question) -> Result<&'f [facts::Record], Halt> {
        let Some(reply) = self.known(&question) else { return Ok(&[]) };
        let records = reply.records().map_err(|cause| Halt::temporary(&question, cause))?;
        if records.is_empty() {
            self.count_void(place)?;
        }
        Ok(records)
    }

    fn count_lookup(&mut self, place: Place<'_>) -> Result<(), Halt> {
        self.lookups += 1;
        if self.lookups > MAX_LOOKUPS {
            return Err(place.error(format_args!("this is look-up {}; {MAX_LOOKUPS} are allowed", self.lookups)));
        }
        Ok(())
    }

    fn count_void(&mut self, place: Place<'_>) -> Result<(), Halt> {
        self.voids += 1;
        if self.voids > MAX_VOIDS {
            let voids = self.voids;
            return Err(
                place.error(format_args!("this is look-up {voids} that finds nothing; {MAX_VOIDS} are allowed"))
            );
        }
        Ok(())
    }

    /// The name that a term asks for: its target, or else the domain; `None` if that is no name (section 4.8).
    fn name(&mut self, place: Place<'_>, target: Option<&DomainSpec>) -> Option<Name> {
        match target {
            Some(target) => self.expand(place.domain, target)?.parse().ok(),
            None => place.domain.parse().ok(),
        }
    }

    fn expand(&mut self, domain: &str, target: &DomainSpec) -> Option<String> {
        target.expand(|letter| self.value(letter, domain))
    }

    fn value(&mut self, letter: Letter, domain: &str) -> Option<String> {
        self.who.value(letter, domain).or_else(|| self.validated_name(domain))
    }

    /// What `%{p}` stands for: the domain itself before its subdomains before any other name (section 7.3).
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
        let records = self.known(&Question::reverse(ip))?.records().unwrap_or_default();
        let names: Vec<_> = records.iter().filter_map(client_name).take(MAX_NAMES).collect();
        let replies: Vec<_> = names.iter().map(|name| self.known(&Question::address_like(name, ip))).collect();
        let replies: Vec<_> = replies.into_iter().collect::<Option<_>>()?;
        let has_address = |reply: &Reply| reply.addresses().is_ok_and(|addresses| addresses.contains(&ip));
        Some(names.into_iter().zip(replies).filter(|(_, reply)| has_address(reply)).map(|(name, _)| name).collect())
    }
}

/// The name to look a record up at; `None` where `check_host()` says `none` at once: malformed, one label alone, or an
/// address in brackets (section 4.3).
fn host_name(domain: &str) -> Option<Name> {
    let name: Name = domain.parse().ok()?;
    (name.labels().count() > 1 && !domain.starts_with('[')).then_some(name)
}

fn exchange(record: &facts::Record) -> Option<&Name> {
    if let facts::Record::Mx { exchange, .. } = record { Some(exchange) } else { None }
}

fn client_name(record: &facts::Record) -> Option<&Name> {
    if let facts::Record::Ptr(name) = record { Some(name) } else { None }
}
