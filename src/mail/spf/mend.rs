//! Records mended: text that `check` offers as a fix where one mend is certain, and `examine` proves.
//!
//! Keeps each term as it is written and in its order, and changes no more than the fault asks for.

use std::net::IpAddr;

use super::mechanism::Mechanism;
use super::record::{Body, Modifier, Qualifier, Record, Term, VERSION, split};
use crate::domain::Name;

/// One record for several: every mechanism once, in the order in which they stand.
///
/// `None` where no single record can say the same: a redirect that not all of them share, or two explanations.
pub(super) fn merged(records: &[Record]) -> Option<String> {
    let (mut mechanisms, mut modifiers) = (Vec::new(), Vec::new());
    for term in records.iter().flat_map(live) {
        match term.body {
            Body::Directive(_, Mechanism::All) => {}
            Body::Directive(..) => push_new(&mut mechanisms, &term.text),
            Body::Modifier(_) => push_new(&mut modifiers, &term.text),
        }
    }
    let redirected = records.iter().filter(|record| record.all().is_none() && record.redirect().is_some()).count();
    let all = match redirected {
        0 => Some(merged_all(records)),
        all if all == records.len() => None,
        _ => return None,
    };
    let text = written(mechanisms.into_iter().chain(all).chain(modifiers));
    Record::parse(text.as_bytes()).is_ok().then_some(text)
}

/// The most lenient `all`, so that no mail is refused that one of the records lets through; but not `+all`, beside
/// which the rest of the record means nothing. Where that leaves none, `~all`.
fn merged_all(records: &[Record]) -> &'static str {
    let given = |qualifier| records.iter().any(|record| record.all() == Some(qualifier));
    match () {
        () if given(Qualifier::Neutral) => "?all",
        () if given(Qualifier::SoftFail) || !given(Qualifier::Fail) => "~all",
        () => "-all",
    }
}

/// The record with the senders of another domain let in: by the last mechanism before `all`.
pub(super) fn with_include(record: &Record, target: &Name) -> String {
    let terms = live(record);
    let is_mechanism = |term: &&Term| matches!(&term.body, Body::Directive(_, it) if *it != Mechanism::All);
    let position = terms.iter().rposition(is_mechanism).map_or(0, |last| last + 1);
    let include = format!("include:{target}");
    let mut words: Vec<&str> = terms.into_iter().map(|term| term.text.as_str()).collect();
    words.insert(position, &include);
    written(words)
}

/// The record with `~all` in place of its `all`, or at its end.
pub(super) fn with_soft_fail(record: &Record) -> String {
    let is_all = |term: &Term| matches!(term.body, Body::Directive(_, Mechanism::All));
    let words = live(record).into_iter().map(|term| if is_all(term) { "~all" } else { &term.text });
    written(words.chain(record.all().is_none().then_some("~all")))
}

/// The record with each of its terms once.
pub(super) fn without_repeats(record: &Record) -> String {
    let mut terms = Vec::new();
    for term in live(record) {
        push_new(&mut terms, &term.text);
    }
    written(terms)
}

/// The record without these terms.
pub(super) fn without(record: &Record, idle: &[&Term]) -> String {
    written(record.terms.iter().filter(|term| !idle.contains(term)).map(|term| term.text.as_str()))
}

/// The record with its misspelled terms as they are certainly meant; `None` if one of them is not certain.
///
/// Knows addresses without `ip4:`, or with another name in front; a blank after the colon; `=` for `:` and the other
/// way round; marks after a term; and characters that word processors and web forms bring in.
pub(super) fn respelled(record: &str) -> Option<String> {
    let mut plain = String::new();
    for c in record.trim_matches(|c: char| c.is_whitespace() || is_quote(c)).chars() {
        match c {
            '\t' | '\r' | '\n' | '\u{a0}' => plain.push(' '),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => plain.push('-'),
            '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
            other if is_quote(other) => {}
            other => plain.push(other),
        }
    }
    let mut words = split(&plain).map(|(_, word)| word).peekable();
    let version = words.next()?;
    if !version.trim_end_matches([';', ',']).eq_ignore_ascii_case(VERSION) {
        return None;
    }
    let mut mended = Vec::new();
    while let Some(word) = words.next() {
        let joined =
            words.peek().filter(|_| word.ends_with([':', '='])).and_then(|next| meant(&format!("{word}{next}")));
        match joined {
            Some(term) => {
                words.next();
                mended.push(term);
            }
            None => mended.push(meant(word)?),
        }
    }
    let text = written(mended.iter().map(String::as_str));
    Record::parse(text.as_bytes()).is_ok().then_some(text)
}

/// The term that a word is certainly meant to be: itself, if the grammar allows it.
fn meant(word: &str) -> Option<String> {
    let is_term = |word: &str| {
        Body::parse(word).is_ok_and(|body| match &body {
            Body::Modifier(modifier) => !is_mistaken(modifier),
            Body::Directive(..) => true,
        })
    };
    let word = word.trim_end_matches([',', ';']);
    let bare = word.trim_start_matches(['+', '-', '~', '?']);
    let qualifier = word.strip_suffix(bare)?;
    let (name, argument) = bare.split_once([':', '=']).unwrap_or(("ip", bare));
    let name = name.to_ascii_lowercase();
    let family = argument.split('/').next()?.parse().map(|address: IpAddr| if address.is_ipv4() { 4 } else { 6 });
    let candidates = [
        Some(word.to_owned()),
        word.strip_suffix('.').map(ToOwned::to_owned),
        match (name.as_str(), family) {
            ("a" | "mx" | "include" | "ip" | "ip4" | "ip6" | "ipv4" | "ipv6", Ok(family)) => {
                Some(format!("{qualifier}ip{family}:{argument}"))
            }
            ("ip4" | "ip6" | "ipv4" | "ipv6", Err(_)) => Some(format!("{qualifier}a:{argument}")),
            ("redirect" | "exp", _) => Some(format!("{qualifier}{name}={argument}")),
            (name, _) if is_mechanism(name) => Some(format!("{qualifier}{name}:{argument}")),
            _ => None,
        },
    ];
    candidates.into_iter().flatten().find(|candidate| is_term(candidate))
}

/// Whether a modifier that nobody knows is a mechanism written with `=`.
pub(super) fn is_mistaken(modifier: &Modifier) -> bool {
    matches!(modifier, Modifier::Unknown(name, _) if is_mechanism(&name.to_ascii_lowercase()))
}

fn is_mechanism(name: &str) -> bool {
    matches!(name, "all" | "include" | "a" | "mx" | "ptr" | "exists" | "ip" | "ip4" | "ip6" | "ipv4" | "ipv6")
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\u{2018}'..='\u{201f}')
}

/// The terms that have an effect.
fn live(record: &Record) -> Vec<&Term> {
    let idle = record.idle();
    record.terms.iter().filter(|term| !idle.contains(term)).collect()
}

/// Adds a term unless it is there already, in whatever spelling.
fn push_new<'r>(terms: &mut Vec<&'r str>, text: &'r str) {
    let normal = |text: &str| text.strip_prefix('+').unwrap_or(text).to_ascii_lowercase();
    if !terms.iter().any(|other| normal(other) == normal(text)) {
        terms.push(text);
    }
}

fn written<'t>(terms: impl IntoIterator<Item = &'t str>) -> String {
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
            (&["v=spf1 a ?all", "v=spf1 mx -all"], Some("v=spf1 a mx ?all")),
            (&["v=spf1 a -all", "v=spf1 mx -all exp=why.example.com"], Some("v=spf1 a mx -all exp=why.example.com")),
            (&["v=spf1 a +all", "v=spf1 mx -all"], Some("v=spf1 a mx -all")),
            (&["v=spf1 a all", "v=spf1 mx"], Some("v=spf1 a mx ~all")),
            (&["v=spf1 a -all ptr", "v=spf1 mx -all"], Some("v=spf1 a mx -all")),
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
    fn a_soft_fail_takes_the_place_of_all() {
        for (text, expected) in [
            ("v=spf1 a +all", "v=spf1 a ~all"),
            ("v=spf1 all exp=a.example mx", "v=spf1 ~all exp=a.example"),
            ("v=spf1 a mx", "v=spf1 a mx ~all"),
        ] {
            assert_eq!(with_soft_fail(&record(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_mended_where_the_meaning_is_certain() {
        for (text, expected) in [
            ("v=spf1 a:192.0.2.1 -all", Some("v=spf1 ip4:192.0.2.1 -all")),
            ("v=spf1 192.0.2.0/24 ipv6:2001:db8::1 ~all", Some("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::1 ~all")),
            ("v=spf1 ip4:2001:db8::1 +mx:192.0.2.1 -all", Some("v=spf1 ip6:2001:db8::1 +ip4:192.0.2.1 -all")),
            ("v=spf1 ip4:mail.example.com -all", Some("v=spf1 a:mail.example.com -all")),
            (
                "v=spf1 include: spf.example.com ip4: 192.0.2.1 -all",
                Some("v=spf1 include:spf.example.com ip4:192.0.2.1 -all"),
            ),
            ("v=spf1 include=spf.example.com ~all", Some("v=spf1 include:spf.example.com ~all")),
            ("v=spf1 redirect:spf.example.com", Some("v=spf1 redirect=spf.example.com")),
            ("\"v=spf1; a, mx; \u{2013}all.\"", Some("v=spf1 a mx -all")),
            ("v=spf1\ta\u{a0}mx\u{200b} -all\n", Some("v=spf1 a mx -all")),
            ("v=spf1 foo:bar -all", None),
            ("v=spf1 ip4:192.0.2 -all", None),
            ("v=spf1 ip4:192.0.2.1/33 -all", None),
            ("v=spf1 a:museum -all", None),
            ("v=spf2 a -all", None),
        ] {
            assert_eq!(respelled(text).as_deref(), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_mended_can_be_read(text in "v=spf1( [-+~?]?(a|mx|ip4|include|all|exp|redirect|foo)?[:=]?[a-z0-9.:/]{0,12}[.,;]?){0,6}") {
            if let Some(mended) = respelled(&text) {
                proptest::prop_assert!(Record::parse(mended.as_bytes()).is_ok(), "{}", mended);
            }
        }
    }
}
