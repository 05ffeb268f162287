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
pub(super) fn host_name(domain: &str) -> Option<Name> {
    let name: Name = domain.parse().ok()?;
    (name.labels().count() > 1 && !domain.starts_with('[')).then_some(name)
}

fn exchange(record: &facts::Record) -> Option<&Name> {
    if let facts::Record::Mx { exchange, .. } = record { Some(exchange) } else { None }
}

fn client_name(record: &facts::Record) -> Option<&Name> {
    if let facts::Record::Ptr(name) = record { Some(name) } else { None }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::lab::Lab;
    use super::*;

    const ZONE: Lab<'_> = Lab("example.com TXT v=spf1 include:a.example include:b.example mx -all exp=why.example.com
         example.com MX mx1.example.com
         example.com MX mx2.example.com
         mx1.example.com A 192.0.2.1
         mx2.example.com A 192.0.2.2
         why.example.com TXT %{i} may not send for %{d}
         a.example TXT v=spf1 include:a1.example ip4:198.51.100.1 ~all
         a1.example TXT v=spf1 a ?all
         a1.example A 198.51.100.2
         b.example TXT v=spf1 redirect=b1.example
         b1.example TXT v=spf1 exists:%{i}.allowed.example -all
         203.0.113.1.allowed.example A 127.0.0.2
         odd.example TXT v=spf1 ip4:192.0.2.1 a:192.0.2.2 -all
         asks-odd.example TXT v=spf1 include:odd.example -all
         broken.example TXT ?
         asks-broken.example TXT v=spf1 include:broken.example -all");

    #[test]
    fn the_term_that_decides_is_named() {
        for (ip, result, matched, lookups) in [
            ("198.51.100.1", SpfResult::Pass, "include:a.example", 3),
            ("198.51.100.2", SpfResult::Pass, "include:a.example", 3),
            ("203.0.113.1", SpfResult::Pass, "include:b.example", 6),
            ("192.0.2.2", SpfResult::Pass, "mx", 7),
            ("192.0.2.9", SpfResult::Fail, "-all", 7),
        ] {
            let verdict = ZONE.check_host(ip, "anna@example.com").value;
            assert_eq!((verdict.result, verdict.lookups), (result, lookups), "{ip}");
            assert_eq!(verdict.matched.as_deref(), Some(matched), "{ip}");
        }
    }

    #[test]
    fn the_tree_shows_who_includes_what_at_which_cost() {
        let verdict = ZONE.check_host("192.0.2.9", "anna@example.com").value;
        assert_eq!(verdict.explanation.as_deref(), Some("192.0.2.9 may not send for example.com"));
        let root = verdict.tree.first().expect("a tree");
        let costs: Vec<_> = root.terms.iter().map(|step| (step.term.as_str(), step.lookups, step.matched)).collect();
        assert_eq!(
            costs,
            [("include:a.example", 3, false), ("include:b.example", 3, false), ("mx", 1, false), ("-all", 0, true)]
        );
        let branch = root.terms.first().and_then(|step| step.branch.as_ref()).expect("a branch");
        assert_eq!((branch.domain.as_str(), branch.result), ("a.example", SpfResult::SoftFail));
    }

    #[test]
    fn what_stands_side_by_side_is_asked_in_one_round() {
        // The record; both includes and the MX; what these lead to; and one level more.
        assert_eq!(ZONE.check_host("192.0.2.9", "anna@example.com").rounds, 4);
    }

    #[test]
    fn only_the_family_of_the_sender_is_asked_for() {
        for (ip, other) in [("192.0.2.9", Kind::Aaaa), ("2001:db8::9", Kind::A)] {
            let settled = ZONE.check_host(ip, "anna@a1.example");
            assert!(settled.facts.iter().all(|(question, _)| question.kind != other), "{ip}");
        }
    }

    #[test]
    fn errors_tell_the_record_the_term_and_the_reason() {
        for (domain, result, problem) in [
            (
                "asks-odd.example",
                SpfResult::PermError,
                "in the record of `odd.example`: `a:192.0.2.2` at column 22: \
                 expected a domain that ends like `.com`, found `192.0.2.2`",
            ),
            ("asks-broken.example", SpfResult::TempError, "`broken.example TXT`: the name servers answered SERVFAIL"),
        ] {
            let verdict = ZONE.check_host("192.0.2.1", &format!("anna@{domain}")).value;
            assert_eq!((verdict.result, verdict.problem.as_deref()), (result, Some(problem)), "{domain}");
        }
    }

    #[test]
    fn the_eleventh_lookup_is_an_error() {
        for (terms, result) in [(10, SpfResult::Fail), (11, SpfResult::PermError)] {
            let zone = format!("example.com TXT v=spf1{} -all\nexample.com A 192.0.2.1", " a".repeat(terms));
            let verdict = Lab(&zone).check_host("192.0.2.2", "anna@example.com").value;
            assert_eq!((verdict.result, verdict.lookups), (result, terms));
        }
    }

    #[test]
    fn a_match_among_the_mail_servers_counts_more_than_an_error() {
        let zone = Lab("example.com TXT v=spf1 mx -all
             example.com MX mx1.example.com
             example.com MX mx2.example.com
             mx1.example.com A ?
             mx2.example.com A 192.0.2.2");
        assert_eq!(zone.check_host("192.0.2.2", "anna@example.com").value.result, SpfResult::Pass);
        assert_eq!(zone.check_host("192.0.2.3", "anna@example.com").value.result, SpfResult::TempError);
    }

    #[test]
    fn mail_servers_without_ipv6_are_no_void_lookups() {
        let zone = Lab("example.com TXT v=spf1 mx -all
             example.com MX mx1.example.com
             example.com MX mx2.example.com
             example.com MX mx3.example.com
             mx1.example.com A 192.0.2.1
             mx2.example.com A 192.0.2.2
             mx3.example.com A 192.0.2.3");
        let verdict = zone.check_host("2001:db8::1", "anna@example.com").value;
        assert_eq!((verdict.result, verdict.voids), (SpfResult::Fail, 0));
    }

    #[test]
    fn the_json_has_the_promised_keys() {
        let verdict = ZONE.check_host("192.0.2.2", "anna@example.com").value;
        let json = serde_json::to_value(&verdict).expect("JSON");
        assert_eq!(json["result"], "pass");
        assert_eq!(json["tree"][0]["terms"][1]["branch"]["terms"][0]["term"], "redirect=b1.example");
        for key in ["explanation", "matched", "lookups", "voids", "problem"] {
            assert!(json.get(key).is_some(), "{key}");
        }
    }

    proptest::proptest! {
        #[test]
        fn evaluation_ends_whatever_the_records_say(
            records in proptest::collection::vec(
                "( [-~?]?(a|mx|ptr|include:[abcd]\\.x|exists:%\\{i\\}\\.%\\{p\\}|a:[abcd]\\.x|redirect=[abcd]\\.x|exp=[abcd]\\.x|all)){0,9}",
                4
            )
        ) {
            let mut zone = String::from("1.2.0.192.in-addr.arpa PTR a.x\n");
            for (name, terms) in ["a.x", "b.x", "c.x", "d.x"].iter().zip(&records) {
                let _ = writeln!(zone, "{name} TXT v=spf1{terms}\n{name} MX {name}\n{name} A 192.0.2.1");
            }
            let settled = Lab(&zone).check_host("192.0.2.1", "anna@a.x");
            proptest::prop_assert!(settled.facts.len() < 40, "{} questions", settled.facts.len());
            let settled = Lab(&zone).survey("a.x");
            proptest::prop_assert!(settled.facts.len() < 40, "{} questions", settled.facts.len());
        }
    }
}
