//! `check_host()`: whether a client may send for a domain (RFC 7208 sections 4 and 6).
//!
//! Reads like the RFC, term by term. A reply that is not known yet counts as no match, and the walk goes on: so it
//! looks for all that it may need in one go, and what it says counts only once every reply is known. Whether a
//! mechanism matches is decided in `matches`; what is wrong with a record whoever sends, in `survey`.

use std::fmt;

use super::macros::{DomainSpec, MacroString};
use super::record::{Record, Term, published};
use super::sender::{Identity, Sender};
use super::verdict::{Node, SpfResult, Step, Verdict};
use super::{MAX_LOOKUPS, MAX_VOIDS, host_name};
use crate::facts::{Cause, Kind, Pending, Query, Response, View};

/// The explanation where the domain offers none (section 6.2).
pub const DEFAULT_EXPLANATION: &str = "the domain does not allow this address to send its mail";

/// Evaluates a sender; pending until all that it may need is known.
pub fn check_host(sender: &Sender, view: &mut View<'_>) -> Result<Verdict, Pending> {
    let who = Identity::of(sender);
    let domain = who.domain.clone();
    let mut evaluation = Evaluation { view, who, lookups: 0, voids: 0, pending: None };
    let (root, problem) = evaluation.host(&domain);
    let explanation = (root.result == SpfResult::Fail).then(|| {
        let own = evaluation.explain(root.deciding()).filter(|text| !text.is_empty());
        own.unwrap_or_else(|| DEFAULT_EXPLANATION.to_owned())
    });
    if let Some(pending) = evaluation.pending {
        return Err(pending);
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

pub(super) struct Evaluation<'v, 's, 'f> {
    view: &'v mut View<'f>,
    pub(super) who: Identity<'s>,
    lookups: usize,
    voids: usize,
    /// Whether a reply was not known, so that the result does not count.
    pending: Option<Pending>,
}

/// An error that ends the evaluation at once (section 2.6).
pub(super) struct Halt {
    pub(super) result: SpfResult,
    pub(super) problem: String,
}

impl Halt {
    fn permanent(problem: impl fmt::Display) -> Self {
        Self { result: SpfResult::PermError, problem: problem.to_string() }
    }

    pub(super) fn temporary(question: &Query, cause: Cause) -> Self {
        Self { result: SpfResult::TempError, problem: format!("`{question}`: {cause}") }
    }
}

/// A term of a domain's record.
#[derive(Clone, Copy)]
pub(super) struct Place<'r> {
    pub(super) domain: &'r str,
    pub(super) term: &'r Term,
}

impl Place<'_> {
    pub(super) fn error(self, problem: impl fmt::Display) -> Halt {
        let Self { domain, term: Term { text, column, .. } } = self;
        Halt::permanent(format_args!("in the record of `{domain}`: `{text}` at column {column}: {problem}"))
    }
}

impl<'f> Evaluation<'_, '_, 'f> {
    /// The recursive part of `check_host()`, and the problem of an error.
    pub(super) fn host(&mut self, domain: &str) -> (Node, Option<String>) {
        let mut node = Node { domain: domain.to_owned(), record: None, result: SpfResult::None, terms: Vec::new() };
        let (result, problem) = match self.evaluate(domain, &mut node) {
            Ok(result) => (result, None),
            Err(Halt { result, problem }) => (result, Some(problem)),
        };
        node.result = result;
        (node, problem)
    }

    /// Looks the record up, selects it and evaluates it (sections 4.4 to 4.7).
    fn evaluate(&mut self, domain: &str, node: &mut Node) -> Result<SpfResult, Halt> {
        let Some(name) = host_name(domain) else { return Ok(SpfResult::None) };
        let question = Query::new(&name, Kind::Txt);
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
            let place = Place { domain, term };
            if self.step(node, term, |walk, branch| walk.matches(place, mechanism, branch))? {
                return Ok(qualifier.into());
            }
        }
        if let Some((term, target)) = record.redirect() {
            let place = Place { domain, term };
            self.step(node, term, |walk, branch| walk.redirect(place, target, branch))?;
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
        let (lookups, voids, mut branch) = (self.lookups, self.voids, None);
        let matched = take(self, &mut branch);
        node.terms.push(Step {
            term: term.text.clone(),
            lookups: self.lookups - lookups,
            voids: self.voids - voids,
            matched: matches!(matched, Ok(true)),
            branch,
        });
        matched
    }

    /// Section 6.1: the other record decides; this one matches nothing.
    fn redirect(&mut self, place: Place<'_>, target: &DomainSpec, branch: &mut Option<Node>) -> Result<bool, Halt> {
        self.count_lookup(place)?;
        let Some(target) = self.expand(place.domain, target) else { return Ok(false) };
        let (node, problem) = self.host(&target);
        match (branch.insert(node).result, problem) {
            (SpfResult::None, _) => Err(place.error(format_args!("`{target}` has no SPF record"))),
            (result, Some(problem)) => Err(Halt { result, problem }),
            _ => Ok(false),
        }
    }

    /// Section 6.2: what the domain says to those who fail. No error of it counts, nor does its look-up.
    fn explain(&mut self, node: &Node) -> Option<String> {
        let record = Record::parse(node.record.as_ref()?.as_bytes()).ok()?;
        let name = self.expand(&node.domain, record.explanation()?)?.parse().ok()?;
        let texts = self.known(&Query::new(&name, Kind::Txt))?.texts().ok()?;
        let [text] = texts.as_slice() else { return None };
        MacroString::parse_explanation(&text.joined())?.expand(|letter| self.value(letter, &node.domain))
    }

    /// The reply to a question, if it is known; notes it as wanted if not.
    pub(super) fn known(&mut self, question: &Query) -> Option<&'f Response> {
        self.view.get(question.clone()).map_err(|pending| self.pending = Some(pending)).ok()
    }

    /// Counts a term that causes look-ups (section 4.6.4).
    pub(super) fn count_lookup(&mut self, place: Place<'_>) -> Result<(), Halt> {
        self.lookups += 1;
        match self.lookups {
            number if number > MAX_LOOKUPS => {
                Err(place.error(format_args!("this is look-up {number}; {MAX_LOOKUPS} are allowed")))
            }
            _ => Ok(()),
        }
    }

    /// Counts a term whose look-up finds nothing (section 4.6.4).
    pub(super) fn count_void(&mut self, place: Place<'_>) -> Result<(), Halt> {
        self.voids += 1;
        match self.voids {
            number if number > MAX_VOIDS => {
                Err(place.error(format_args!("this is look-up {number} that finds nothing; {MAX_VOIDS} are allowed")))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::lab::{evaluated, surveyed};
    use super::*;

    const ZONE: &str = "example.com TXT v=spf1 include:a.example include:b.example mx -all exp=why.example.com
         example.com MX 10 mx1.example.com
         example.com MX 10 mx2.example.com
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
         broken.example TXT servfail
         asks-broken.example TXT v=spf1 include:broken.example -all";

    #[test]
    fn the_term_that_decides_is_named() {
        for (ip, result, matched, lookups) in [
            ("198.51.100.1", SpfResult::Pass, "include:a.example", 3),
            ("198.51.100.2", SpfResult::Pass, "include:a.example", 3),
            ("203.0.113.1", SpfResult::Pass, "include:b.example", 6),
            ("192.0.2.2", SpfResult::Pass, "mx", 7),
            ("192.0.2.9", SpfResult::Fail, "-all", 7),
        ] {
            let verdict = evaluated(ZONE, ip, "anna@example.com").value;
            assert_eq!((verdict.result, verdict.lookups), (result, lookups), "{ip}");
            assert_eq!(verdict.matched.as_deref(), Some(matched), "{ip}");
        }
    }

    #[test]
    fn the_tree_shows_who_includes_what_at_which_cost() {
        let verdict = evaluated(ZONE, "192.0.2.9", "anna@example.com").value;
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
        assert_eq!(evaluated(ZONE, "192.0.2.9", "anna@example.com").rounds, 4);
    }

    #[test]
    fn only_the_family_of_the_sender_is_asked_for() {
        for (ip, other) in [("192.0.2.9", Kind::Aaaa), ("2001:db8::9", Kind::A)] {
            let settled = evaluated(ZONE, ip, "anna@a1.example");
            assert!(settled.facts.dns().all(|(question, _)| question.kind != other), "{ip}");
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
            ("asks-broken.example", SpfResult::TempError, "`broken.example TXT`: the answer was SERVFAIL"),
        ] {
            let verdict = evaluated(ZONE, "192.0.2.1", &format!("anna@{domain}")).value;
            assert_eq!((verdict.result, verdict.problem.as_deref()), (result, Some(problem)), "{domain}");
        }
    }

    #[test]
    fn the_eleventh_lookup_is_an_error() {
        for (terms, result) in [(10, SpfResult::Fail), (11, SpfResult::PermError)] {
            let zone = format!("example.com TXT v=spf1{} -all\nexample.com A 192.0.2.1", " a".repeat(terms));
            let verdict = evaluated(&zone, "192.0.2.2", "anna@example.com").value;
            assert_eq!((verdict.result, verdict.lookups), (result, terms));
        }
    }

    #[test]
    fn a_match_among_the_mail_servers_counts_more_than_an_error() {
        let zone = "example.com TXT v=spf1 mx -all
             example.com MX 10 mx1.example.com
             example.com MX 10 mx2.example.com
             mx1.example.com A servfail
             mx2.example.com A 192.0.2.2";
        assert_eq!(evaluated(zone, "192.0.2.2", "anna@example.com").value.result, SpfResult::Pass);
        assert_eq!(evaluated(zone, "192.0.2.3", "anna@example.com").value.result, SpfResult::TempError);
    }

    #[test]
    fn mail_servers_without_ipv6_are_no_void_lookups() {
        let zone = "example.com TXT v=spf1 mx -all
             example.com MX 10 mx1.example.com
             example.com MX 10 mx2.example.com
             example.com MX 10 mx3.example.com
             mx1.example.com A 192.0.2.1
             mx2.example.com A 192.0.2.2
             mx3.example.com A 192.0.2.3";
        let verdict = evaluated(zone, "2001:db8::1", "anna@example.com").value;
        assert_eq!((verdict.result, verdict.voids), (SpfResult::Fail, 0));
    }

    #[test]
    fn the_json_has_the_promised_keys() {
        let verdict = evaluated(ZONE, "192.0.2.2", "anna@example.com").value;
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
                let _ = writeln!(zone, "{name} TXT v=spf1{terms}\n{name} MX 10 {name}\n{name} A 192.0.2.1");
            }
            let settled = evaluated(&zone, "192.0.2.1", "anna@a.x");
            proptest::prop_assert!(settled.facts.dns().count() < 40, "{} questions", settled.facts.dns().count());
            let settled = surveyed(&zone, "a.x");
            proptest::prop_assert!(settled.facts.dns().count() < 40, "{} questions", settled.facts.dns().count());
        }
    }
}
