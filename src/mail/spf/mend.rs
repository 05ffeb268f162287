//! Records mended: text that `check` offers as a fix where one mend is certain, and `examine` proves.
//!
//! Keeps each term as it is written and in its order, and changes no more than the fault asks for. What is no record
//! yet is read in `respell`.

use std::collections::HashSet;
use std::net::IpAddr;

use super::mechanism::Mechanism;
use super::record::{Body, Modifier, Qualifier, Record, Term, VERSION, split};
use crate::domain::Name;

/// One record for several: every mechanism once, in the order in which they stand, but those first that let somebody pass.
///
/// `None` where no single record can say the same: a redirect that not all of them share, two explanations, or somebody
/// who is taken out of a range that another record lets pass.
pub(super) fn merged(records: &[Record]) -> Option<String> {
    let (mut passing, mut others, mut modifiers) = (Vec::new(), Vec::new(), Vec::new());
    let are_alike = records.iter().all(|record| records.first().is_some_and(|first| said(first) == said(record)));
    for (record, term) in records.iter().flat_map(|record| record.terms.iter().map(move |term| (record, term))) {
        match &term.body {
            Body::Directive(_, Mechanism::All) => {}
            Body::Directive(Qualifier::Pass, _) if !are_alike && stands_behind(record, term) => {
                return None;
            }
            Body::Directive(qualifier, _) if are_alike || *qualifier == Qualifier::Pass => {
                push_new(&mut passing, &term.text);
            }
            Body::Directive(..) => push_new(&mut others, &term.text),
            // Beside `all` it has no effect.
            Body::Modifier(Modifier::Redirect(_)) if record.all().is_some() => {}
            Body::Modifier(_) => push_new(&mut modifiers, &term.text),
        }
    }
    let passes = |other: &&str| passing.iter().any(|term| Some(normal(term)) == bare(other));
    others.retain(|other| !passes(other));
    let redirected = records.iter().filter(|record| record.all().is_none() && record.redirect().is_some()).count();
    let all = match redirected {
        0 => Some(merged_all(records)),
        all if all == records.len() => None,
        _ => return None,
    };
    let text = written(passing.into_iter().chain(others).chain(all).chain(modifiers));
    Record::parse(text.as_bytes()).is_ok().then_some(text)
}

/// The mechanisms before `all`, in one spelling.
fn said(record: &Record) -> Vec<String> {
    record.terms.iter().filter(|term| is_mechanism(term)).map(|term| normal(&term.text)).collect()
}

/// Whether a mechanism comes after one of its record that does not let pass.
fn stands_behind(record: &Record, term: &Term) -> bool {
    let before = record.terms.iter().take_while(|other| *other != term);
    before.into_iter().any(|other| is_mechanism(other) && !matches!(other.body, Body::Directive(Qualifier::Pass, _)))
}

/// A term without its sign, in one spelling.
fn bare(text: &str) -> Option<String> {
    text.strip_prefix(['-', '~', '?']).map(str::to_ascii_lowercase)
}

/// `-all` where all of them end so; else `~all`, so that no mail is refused that one of the records lets through.
fn merged_all(records: &[Record]) -> &'static str {
    let strict = records.iter().all(|record| record.all() == Some(Qualifier::Fail));
    if strict { "-all" } else { "~all" }
}

/// The record with the senders of another domain let in: by the last mechanism before `all`.
pub(super) fn with_include(record: &Record, target: &Name) -> String {
    with_mechanism(record, &format!("include:{target}"))
}

/// The record with one address let in, likewise.
pub(super) fn with_address(record: &Record, address: IpAddr) -> String {
    let family = if address.is_ipv4() { "ip4" } else { "ip6" };
    with_mechanism(record, &format!("{family}:{address}"))
}

fn with_mechanism(record: &Record, mechanism: &str) -> String {
    let terms = ordered(record);
    let position = terms.iter().rposition(|term| is_mechanism(term)).map_or(0, |last| last + 1);
    let mut words: Vec<&str> = terms.into_iter().map(|term| term.text.as_str()).collect();
    if !words.iter().any(|word| normal(word) == mechanism) {
        words.insert(position, mechanism);
    }
    written(words)
}

/// The record with `~all` in place of its `all`, or at its end where it has no other ending.
pub(super) fn with_soft_fail(record: &Record) -> String {
    with_soft_fail_but(record, &[])
}

/// The same without these terms, which let everybody pass.
pub(super) fn with_soft_fail_but(record: &Record, open: &[&Term]) -> String {
    let terms = ordered(record).into_iter().filter(|term| !open.contains(term));
    let words = terms.map(|term| if is_all(term) { "~all" } else { &term.text });
    written(words.chain((record.all().is_none() && record.redirect().is_none()).then_some("~all")))
}

/// The terms that stand in the record before, in whatever spelling.
pub(super) fn repeated(record: &Record) -> Vec<&Term> {
    let (mut before, mut again) = (HashSet::new(), Vec::new());
    for term in record.reached() {
        if matches!(term.body, Body::Directive(..)) && !before.insert(normal(&term.text)) {
            again.push(term);
        }
    }
    again
}

/// The record with each of its terms once, and none after `all`.
pub(super) fn without_repeats(record: &Record) -> String {
    let mut terms = Vec::new();
    for term in ordered(record) {
        push_new(&mut terms, &term.text);
    }
    written(terms)
}

/// The record without these terms; with `~all` in place of a redirect.
pub(super) fn without(record: &Record, idle: &[&Term]) -> String {
    let words = record.terms.iter().filter(|term| !idle.contains(term)).map(|term| term.text.as_str());
    let is_open = record.all().is_none() && idle.iter().any(|term| matches!(term.body, Body::Modifier(_)));
    written(words.chain(is_open.then_some("~all")))
}

/// The record without these terms, by which somebody may be meant or let in: so that nobody is refused for that, it ends with
/// `~all`.
pub(super) fn without_senders(record: &Record, senders: &[&Term]) -> String {
    let text = without(record, senders);
    let words = split(&text).skip(1).map(|(_, word)| if word.eq_ignore_ascii_case("-all") { "~all" } else { word });
    written(words)
}

/// The terms with `all` behind all mechanisms, so that receivers come to each of them. Of several `all` the first counts.
fn ordered(record: &Record) -> Vec<&Term> {
    let mut terms: Vec<&Term> = record.terms.iter().filter(|term| !is_all(term)).collect();
    if let Some((place, all)) = record.terms.iter().enumerate().find(|(_, term)| is_all(term)) {
        let behind = terms.iter().rposition(|term| is_mechanism(term)).map_or(0, |last| last + 1);
        terms.insert(place.max(behind), all);
    }
    terms
}

const fn is_all(term: &Term) -> bool {
    matches!(term.body, Body::Directive(_, Mechanism::All))
}

const fn is_mechanism(term: &Term) -> bool {
    matches!(term.body, Body::Directive(..)) && !is_all(term)
}

/// A term in one spelling.
fn normal(text: &str) -> String {
    text.strip_prefix('+').unwrap_or(text).to_ascii_lowercase()
}

/// Adds a term unless it is there already, in whatever spelling.
fn push_new<'r>(terms: &mut Vec<&'r str>, text: &'r str) {
    if !terms.iter().any(|other| normal(other) == normal(text)) {
        terms.push(text);
    }
}

/// The record that consists of these terms.
pub(super) fn written<'t>(terms: impl IntoIterator<Item = &'t str>) -> String {
    std::iter::once(VERSION).chain(terms).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> Record {
        Record::parse(text.as_bytes()).expect("a record")
    }

    #[test]
    fn several_records_become_one_where_one_can_say_the_same() {
        for (records, expected) in [
            (&["v=spf1 a mx -all", "v=spf1 MX +a ip4:192.0.2.1 ~all"][..], Some("v=spf1 a mx ip4:192.0.2.1 ~all")),
            (&["v=spf1 a ?all", "v=spf1 mx -all"], Some("v=spf1 a mx ~all")),
            (&["v=spf1 a -all", "v=spf1 a -all"], Some("v=spf1 a -all")),
            (&["v=spf1 a -all", "v=spf1 mx -all exp=why.example.com"], Some("v=spf1 a mx -all exp=why.example.com")),
            (&["v=spf1 a +all", "v=spf1 mx -all"], Some("v=spf1 a mx ~all")),
            (&["v=spf1 a all", "v=spf1 mx"], Some("v=spf1 a mx ~all")),
            (&["v=spf1 a -all ptr", "v=spf1 mx -all"], Some("v=spf1 a ptr mx -all")),
            (&["v=spf1 ~a -all", "v=spf1 a -all"], Some("v=spf1 a -all")),
            (&["v=spf1 a -mx -all", "v=spf1 ip4:192.0.2.1 ?all"], Some("v=spf1 a ip4:192.0.2.1 -mx ~all")),
            (&["v=spf1 -ip4:192.0.2.1 a -all", "v=spf1 ip4:192.0.2.0/24 -all"], None),
            (&["v=spf1 ip4:192.0.2.0/24 -all", "v=spf1 -ip4:192.0.2.1 a -all"], None),
            (&["v=spf1 -ip4:192.0.2.1 a -all", "v=spf1 -IP4:192.0.2.1 +a ~all"], Some("v=spf1 -ip4:192.0.2.1 a ~all")),
            (&["v=spf1 redirect=a.example", "v=spf1 redirect=A.example"], Some("v=spf1 redirect=a.example")),
            (&["v=spf1 redirect=a.example", "v=spf1 redirect=b.example"], None),
            (&["v=spf1 redirect=a.example", "v=spf1 mx -all"], None),
            (&["v=spf1 -all exp=a.example", "v=spf1 -all exp=b.example"], None),
        ] {
            let records: Vec<_> = records.iter().map(|text| record(text)).collect();
            assert_eq!(merged(&records).as_deref(), expected);
        }
    }

    #[test]
    fn an_include_is_the_last_mechanism_before_all() {
        let host = "spf.host.example".parse().expect("a name");
        for (text, expected) in [
            ("v=spf1 a mx -all", "v=spf1 a mx include:spf.host.example -all"),
            ("v=spf1 exp=a.example a ~all x=y", "v=spf1 exp=a.example a include:spf.host.example ~all x=y"),
            ("v=spf1 -all include:spf.host.example", "v=spf1 include:spf.host.example -all"),
            ("v=spf1 a redirect=b.example", "v=spf1 a include:spf.host.example redirect=b.example"),
            ("v=spf1", "v=spf1 include:spf.host.example"),
        ] {
            assert_eq!(with_include(&record(text), &host), expected, "{text}");
        }
    }

    #[test]
    fn a_term_that_stands_twice_is_known_in_any_spelling() {
        for (text, again, once) in [
            ("v=spf1 a mx +A include:a.example include:A.example -all", &["+A", "include:A.example"][..], 3),
            ("v=spf1 a ~a -all", &[], 3),
            ("v=spf1 a -all a", &[], 2),
        ] {
            let record = record(text);
            let terms: Vec<_> = repeated(&record).iter().map(|term| term.text.as_str()).collect();
            assert_eq!(terms, again, "{text}");
            assert_eq!(without_repeats(&record).split(' ').count(), once + 2 - usize::from(again.is_empty()), "{text}");
        }
    }

    #[test]
    fn a_soft_fail_takes_the_place_of_all() {
        for (text, expected) in [
            ("v=spf1 a +all", "v=spf1 a ~all"),
            ("v=spf1 all exp=a.example mx", "v=spf1 exp=a.example mx ~all"),
            ("v=spf1 a mx", "v=spf1 a mx ~all"),
        ] {
            assert_eq!(with_soft_fail(&record(text)), expected, "{text}");
        }
    }
}
