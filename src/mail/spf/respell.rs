//! From text that is meant as an SPF record to the record that is certainly meant.
//!
//! Knows the slips that people and web forms make; where a text could be meant in two ways, or the result would not be
//! a record, it guesses nothing. Whether the result does what it should is proven by `examine`.

use std::net::{IpAddr, Ipv4Addr};

use super::mend::written;
use super::record::{Body, Modifier, Qualifier, Record, VERSION, split};

/// How long a word is that may be two terms without a blank between: longer ones are no slip, and make work.
const LONGEST_GLUED: usize = 512;

/// How the terms begin at which a word may have to be cut.
const BEGINNINGS: &[&str] = &["include:", "redirect=", "exists:", "exp=", "ptr:", "ip4:", "ip6:", "mx:", "a:"];

/// Whether a text that is no SPF record looks as if it were meant as one.
pub(super) fn is_lookalike(text: &str) -> bool {
    let text: String = text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_ascii_lowercase();
    let is_transposed = || ["vsfp1", "vpsf1", "vfsp1"].iter().any(|version| text.starts_with(version));
    text.starts_with("vspf") || text.starts_with("spf1") || text.contains("vspf1") || is_transposed()
}

/// Whether a text is a record of Sender ID (RFC 4406), an experiment that is over: it says nothing of SPF.
pub(super) fn is_sender_id(text: &str) -> bool {
    after(text.trim_start(), "spf2.").is_some()
}

/// Where a text departs from the beginning of a record, in characters from 1.
pub(super) fn departs(text: &str) -> usize {
    1 + text.chars().zip(VERSION.chars()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}

/// The record with its misspelled terms as they are certainly meant; `None` if one of them is not certain.
///
/// Knows addresses without `ip4:`, or with another name in front; netmasks; blanks too many or too few; commas between
/// the terms; `=` for `:` and the other way round; marks after a term; `all-`; a version that stands twice or is
/// misspelled; and characters that word processors and web forms bring in.
pub(super) fn respelled(record: &str) -> Option<String> {
    let plain = plain(record);
    let mut words = split(after_version(&plain)?).map(|(_, word)| word).peekable();
    let mut mended = Vec::new();
    while let Some(word) = words.next() {
        if word.trim_end_matches([';', ',']).eq_ignore_ascii_case(VERSION) {
            continue;
        }
        let is_half =
            |next: &&str| word.ends_with([':', '=']) || next.starts_with(':') || matches!(word, "+" | "-" | "~" | "?");
        let joined = words.peek().filter(|next| is_half(next)).and_then(|next| meant(&format!("{word}{next}")));
        match joined {
            Some(terms) => {
                words.next();
                mended.extend(terms);
            }
            None => mended.extend(meant(word)?),
        }
    }
    let text = written(mended.iter().map(String::as_str));
    Record::parse(text.as_bytes()).is_ok().then_some(text)
}

/// Whether a text that is meant as a record names anybody who may send, be it everybody, or in vain.
pub(super) fn names_somebody(text: &str) -> bool {
    let text = respelled(text).unwrap_or_else(|| plain(text));
    let mut words = split(after_version(&text).unwrap_or(&text)).map(|(_, word)| word.trim_matches([',', ';']));
    words.any(|word| match Body::parse(word) {
        Ok(Body::Directive(qualifier, _)) => qualifier == Qualifier::Pass,
        Ok(Body::Modifier(modifier)) => matches!(modifier, Modifier::Redirect(_)) || is_mistaken(&modifier),
        Err(_) => !word.is_empty() && !word.starts_with(['-', '~', '?']),
    })
}

/// Whether a modifier that nobody knows is a mechanism written with `=`, or the version.
pub(super) fn is_mistaken(modifier: &Modifier) -> bool {
    matches!(modifier, Modifier::Unknown(name, _) if name.eq_ignore_ascii_case("v") || is_mechanism(&name.to_ascii_lowercase()))
}

/// The text without what word processors and web forms bring in.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '\t' | '\r' | '\n' | '\u{a0}' => plain.push(' '),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => plain.push('-'),
            '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
            other if is_quote(other) => {}
            other => plain.push(other),
        }
    }
    plain
}

fn is_quote(c: char) -> bool {
    matches!(c, '\\' | '"' | '\'' | '`' | '\u{2018}'..='\u{201f}')
}

/// What follows the version, in whatever spelling: `v=spf1`, `v = spf 1;`, `spf1`.
fn after_version(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let text = match after(text, "v") {
        Some(rest) => rest.trim_start().strip_prefix(['=', ':'])?.trim_start(),
        None => text,
    };
    let name = ["spf", "sfp", "psf", "fsp"].iter().find_map(|name| after(text, name))?;
    let rest = after(name.trim_start(), "1")?;
    // What another digit follows is another version.
    (!rest.starts_with(|c: char| c.is_ascii_digit() || c == '.')).then_some(rest)
}

fn after<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (beginning, rest) = text.split_at_checked(word.len())?;
    beginning.eq_ignore_ascii_case(word).then_some(rest)
}

/// The terms that a word is certainly meant to be: itself, if the grammar allows it and a person would write it so.
fn meant(word: &str) -> Option<Vec<String>> {
    let word = word.trim_matches([',', ';']);
    if word.is_empty() {
        return Some(Vec::new());
    }
    let one = || one(word).map(|term| vec![term]);
    if is_term(word) && !is_doubtful(word) { one() } else { listed(word).or_else(|| glued(word)).or_else(one) }
}

/// Whether a term that the grammar allows looks like several: no domain has such characters, or ends in `-all`.
fn is_doubtful(term: &str) -> bool {
    let (name, argument) = term.split_once([':', '=']).unwrap_or((term, ""));
    let is_v6 = name.to_ascii_lowercase().ends_with("ip6");
    !is_v6 && (argument.contains([':', ',', ';']) || argument.to_ascii_lowercase().ends_with("-all"))
}

/// Terms with commas or semicolons between them.
fn listed(word: &str) -> Option<Vec<String>> {
    let parts: Vec<&str> = word.split([',', ';']).filter(|part| !part.is_empty()).collect();
    if parts.len() < 2 {
        return None;
    }
    let terms: Option<Vec<_>> = parts.into_iter().map(|part| glued(part).or_else(|| Some(vec![one(part)?]))).collect();
    Some(terms?.into_iter().flatten().collect())
}

/// Terms with nothing between them, where there is one way to cut them.
fn glued(word: &str) -> Option<Vec<String>> {
    if word.len() > LONGEST_GLUED {
        return None;
    }
    let (mut rest, mut terms) = (word, Vec::new());
    loop {
        let cuts: Vec<_> = cuts(rest).filter(|(left, _)| is_term(left) && !is_doubtful(left)).collect();
        match cuts.as_slice() {
            [] => break,
            [(left, right)] => {
                terms.push((*left).to_owned());
                rest = right;
            }
            _ => return None,
        }
    }
    if terms.is_empty() {
        return None;
    }
    terms.push(one(rest)?);
    Some(terms)
}

/// The places within a word at which a term begins.
fn cuts(word: &str) -> impl Iterator<Item = (&str, &str)> {
    let places = word.char_indices().skip(1).filter_map(|(at, _)| word.split_at_checked(at));
    places.filter(|(left, right)| {
        let right = right.to_ascii_lowercase();
        let bare = right.strip_prefix(['+', '-', '~', '?']);
        let begins = |text: &str| BEGINNINGS.iter().any(|beginning| text.starts_with(beginning));
        match bare {
            Some(bare) => bare == "all" || begins(bare),
            None => begins(&right) && !left.ends_with(['+', '-', '~', '?']),
        }
    })
}

/// The one term that a word is certainly meant to be.
fn one(word: &str) -> Option<String> {
    let bare = word.trim_start_matches(['+', '-', '~', '?']);
    let qualifier = word.strip_suffix(bare)?;
    let qualifier = match qualifier.chars().next() {
        Some(first) if qualifier.chars().all(|other| other == first) => qualifier.get(..1)?,
        Some(_) => return None,
        None => "",
    };
    let (name, argument) = bare.split_once([':', '=']).unwrap_or(("ip", bare));
    let name = name.to_ascii_lowercase();
    let (address, length) = argument.split_once('/').map_or((argument, None), |(address, rest)| (address, Some(rest)));
    let family = address.parse().map(|address: IpAddr| if address.is_ipv4() { 4 } else { 6 });
    let netmask = length.and_then(|length| length.parse::<Ipv4Addr>().ok());
    let prefix = netmask.and_then(|mask| ipnet::ipv4_mask_to_prefix(mask).ok());
    let argument = prefix.map_or_else(|| argument.to_owned(), |prefix| format!("{address}/{prefix}"));
    let candidates = [
        host_of(&argument).filter(|_| matches!(name.as_str(), "include" | "redirect")).map(|host| {
            match name.as_str() {
                "redirect" => format!("{qualifier}redirect={host}"),
                _ => format!("{qualifier}include:{host}"),
            }
        }),
        Some(word.to_owned()),
        word.strip_suffix('.').map(ToOwned::to_owned),
        Some(format!("{qualifier}{bare}")),
        match bare.to_ascii_lowercase().as_str() {
            "all-" | "all~" => bare.chars().last().filter(|_| qualifier.is_empty()).map(|last| format!("{last}all")),
            _ => None,
        },
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

/// The host in the address of a web page or of a mailbox.
fn host_of(address: &str) -> Option<&str> {
    let rest = address.split_once("://").map(|(_, rest)| rest);
    let rest = rest.or_else(|| after(address, "mailto:")).unwrap_or(address);
    let host = rest.split_once(['/', '?', '#']).map_or(rest, |(host, _)| host);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    (host != address && host.contains('.') && !address.contains('%')).then_some(host)
}

fn is_term(word: &str) -> bool {
    Body::parse(word).is_ok_and(|body| match &body {
        Body::Modifier(modifier) => !is_mistaken(modifier),
        Body::Directive(..) => true,
    })
}

fn is_mechanism(name: &str) -> bool {
    matches!(name, "all" | "include" | "a" | "mx" | "ptr" | "exists" | "ip" | "ip4" | "ip6" | "ipv4" | "ipv6")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_mended_where_the_meaning_is_certain() {
        for (text, expected) in [
            // Addresses.
            ("v=spf1 a:192.0.2.1 -all", Some("v=spf1 ip4:192.0.2.1 -all")),
            ("v=spf1 192.0.2.0/24 ipv6:2001:db8::1 ~all", Some("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::1 ~all")),
            ("v=spf1 ip4:2001:db8::1 +mx:192.0.2.1 -all", Some("v=spf1 ip6:2001:db8::1 +ip4:192.0.2.1 -all")),
            (
                "v=spf1 ipv4:192.0.2.1 ip:192.0.2.2 IP4=192.0.2.3",
                Some("v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ip4:192.0.2.3"),
            ),
            ("v=spf1 ip4:192.0.2.0/255.255.255.0 -all", Some("v=spf1 ip4:192.0.2.0/24 -all")),
            ("v=spf1 ip4:mail.example.com -all", Some("v=spf1 a:mail.example.com -all")),
            ("v=spf1 ip4:192.0.2 -all", None),
            ("v=spf1 ip4:192.0.2.1/33 -all", None),
            ("v=spf1 ip4:192.0.2.0/255.0.255.0 -all", None),
            // Blanks too many.
            (
                "v=spf1 include: spf.example.com ip4 :192.0.2.1 - all",
                Some("v=spf1 include:spf.example.com ip4:192.0.2.1 -all"),
            ),
            ("v=spf1\ta\u{a0}mx\u{200b} -all\n", Some("v=spf1 a mx -all")),
            // Blanks too few.
            ("v=spf1 ip4:192.0.2.1include:a.example~all", Some("v=spf1 ip4:192.0.2.1 include:a.example ~all")),
            ("v=spf1 include:a.exampleinclude:b.example -all", Some("v=spf1 include:a.example include:b.example -all")),
            ("v=spf1 mx include:a.example-all", Some("v=spf1 mx include:a.example -all")),
            ("v=spf1 ip6:2001:db8::1-ip4:192.0.2.1 -all", Some("v=spf1 ip6:2001:db8::1 -ip4:192.0.2.1 -all")),
            ("v=spf1 exists:%{l1r+-,}.%{d} -all", Some("v=spf1 exists:%{l1r+-,}.%{d} -all")),
            ("v=spf1 mx-all", Some("v=spf1 mx -all")),
            // Marks.
            ("v=spf1,include:a.example,192.0.2.1,-all", Some("v=spf1 include:a.example ip4:192.0.2.1 -all")),
            ("v=spf1 a , mx; -all;", Some("v=spf1 a mx -all")),
            ("\"v=spf1; a, mx; \u{2013}all.\"", Some("v=spf1 a mx -all")),
            ("v=spf1 'include:a.example' \\\"mx\\\" -all", Some("v=spf1 include:a.example mx -all")),
            ("v=spf1 include:a.example,b.example -all", Some("v=spf1 include:a.example,b.example -all")),
            // Names.
            ("v=spf1 include=spf.example.com ~all", Some("v=spf1 include:spf.example.com ~all")),
            ("v=spf1 redirect:spf.example.com", Some("v=spf1 redirect=spf.example.com")),
            (
                "v=spf1 include:https://a.example/x +include:mailto:me@b.example include=me@c.example -all",
                Some("v=spf1 include:a.example +include:b.example include:c.example -all"),
            ),
            ("v=spf1 redirect=https://a.example", Some("v=spf1 redirect=a.example")),
            ("v=spf1 include:%{l}@a.example -all", Some("v=spf1 include:%{l}@a.example -all")),
            ("v=spf1 mx all-", Some("v=spf1 mx -all")),
            ("v=spf1 mx --all", Some("v=spf1 mx -all")),
            ("v=spf1 mx -~all", None),
            ("V=SPF1 MX INCLUDE:A.EXAMPLE -ALL", Some("v=spf1 MX INCLUDE:A.EXAMPLE -ALL")),
            ("v=spf1 foo:bar -all", None),
            ("v=spf1 a:museum -all", None),
            // The version.
            ("v=spf1 v=spf1 mx -all", Some("v=spf1 mx -all")),
            ("  v=spf1 mx -all", Some("v=spf1 mx -all")),
            ("v=spf 1 mx -all", Some("v=spf1 mx -all")),
            ("v = spf1 mx -all", Some("v=spf1 mx -all")),
            ("v:spf1 mx -all", Some("v=spf1 mx -all")),
            ("spf1 mx -all", Some("v=spf1 mx -all")),
            ("v=spf1include:a.example -all", Some("v=spf1 include:a.example -all")),
            ("v=spf1", Some("v=spf1")),
            ("v=sfp1 mx -all", Some("v=spf1 mx -all")),
            ("v=spf10 mx -all", None),
            ("v=spf2 a -all", None),
            ("spf2.0/pra mx -all", None),
            ("", None),
        ] {
            assert_eq!(respelled(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn whether_a_text_names_somebody_is_seen_through_its_slips() {
        for (text, expected) in [
            ("v=spf1 mx -all", true),
            ("v=spf1 +all", true),
            ("v=spf1 redirect=a.example", true),
            ("v=spf1 include=a.example -all", true),
            ("v=spf1 foo -all", true),
            ("\"v=spf1 a -all\"", true),
            ("spf1 192.0.2.1", true),
            ("v=spf1 -all", false),
            ("v=spf1 - all", false),
            ("v=spf1 all-", false),
            ("v=spf1 -mx ?include:a.example ~all exp=a.example x=y", false),
            ("\"v=spf1; \u{2013}all;\"", false),
            ("v=spf1", false),
            ("", false),
        ] {
            assert_eq!(names_somebody(text), expected, "{text}");
        }
    }

    #[test]
    fn what_looks_like_a_record_is_known_with_the_place_where_it_departs() {
        for (text, column) in [
            ("\"v=spf1 -all\"", Some(1)),
            (" v=spf1 -all", Some(1)),
            ("v=spf 1 -all", Some(6)),
            ("v=spf1; -all", Some(7)),
            ("V=SPF1\t-all", Some(7)),
            ("v = spf1 -all", Some(2)),
            ("spf1 -all", Some(1)),
            ("v=spf2 -all", Some(6)),
            ("v=sfp1 mx -all", Some(4)),
            ("v=DMARC1; p=none", None),
            ("spf2.0/pra -all", None),
            ("some-service-verification=4b1c0a7e", None),
            ("", None),
        ] {
            assert_eq!(is_lookalike(text).then(|| departs(text)), column, "{text}");
        }
    }

    #[test]
    fn a_word_as_long_as_a_record_gets_costs_little() {
        for word in ["ip4:192.0.2.1", "a:b.ca", "mx:", "include:a.example,", "-all", "ip6:::1"] {
            let _ = respelled(&format!("v=spf1 {}", word.repeat(4000 / word.len())));
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_mended_can_be_read(text in "v=spf1( [-+~?]?(a|mx|ip4|include|all|exp|redirect|foo)?[:=]?[a-z0-9.:/,]{0,12}[.,;]?){0,6}") {
            if let Some(mended) = respelled(&text) {
                proptest::prop_assert!(Record::parse(mended.as_bytes()).is_ok(), "{}", mended);
                proptest::prop_assert_eq!(respelled(&mended), Some(mended.clone()), "{}", text);
            }
        }

        #[test]
        fn no_text_makes_respelling_panic(text in "\\PC{0,60}") {
            let _ = (respelled(&text), respelled(&format!("v=spf1 {text}")), is_lookalike(&text), departs(&text));
        }
    }
}
