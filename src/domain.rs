//! Names: what the DNS calls things, and the domains that people type.
//!
//! Knows nobody. Whatever holds a [`Domain`] need not check it again: it was parsed at the door.

use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::str::FromStr;

/// A DNS name in lower case and presentation format (RFC 1035 section 5.1), without the trailing dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// The name made of these labels; `None` if one is empty or above 63 bytes, or the whole above 253 (RFC 1035 section 3.1).
    pub fn from_labels<'l>(labels: impl IntoIterator<Item = &'l [u8]>) -> Option<Self> {
        let (mut text, mut length) = (String::new(), 0);
        for label in labels {
            if label.is_empty() || label.len() > 63 {
                return None;
            }
            if length > 0 {
                text.push('.');
            }
            length += label.len() + 1;
            for byte in label {
                match byte.to_ascii_lowercase() {
                    b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                        text.push('\\');
                        text.push(char::from(*byte));
                    }
                    printable @ 0x21..=0x7e => text.push(char::from(printable)),
                    other => {
                        let _ = write!(text, "\\{other:03}");
                    }
                }
            }
        }
        (length <= 254).then_some(Self(text))
    }

    /// The root, which as a mail server means "none" (RFC 7505).
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The name that holds the PTR record of an address.
    pub fn reverse(address: IpAddr) -> Self {
        let mut text = String::new();
        match address {
            IpAddr::V4(v4) => {
                for octet in v4.octets().iter().rev() {
                    let _ = write!(text, "{octet}.");
                }
                text.push_str("in-addr.arpa");
            }
            IpAddr::V6(v6) => {
                for octet in v6.octets().iter().rev() {
                    let _ = write!(text, "{:x}.{:x}.", octet & 15, octet >> 4);
                }
                text.push_str("ip6.arpa");
            }
        }
        Self(text)
    }

    /// The name with `labels` in front, for example `_dmarc`; `None` if that is too long or malformed.
    pub fn below(&self, labels: &str) -> Option<Self> {
        let Self(front) = labels.parse().ok()?;
        let whole = if self.is_root() { front } else { format!("{front}.{}", self.0) };
        (whole.len() <= 253).then_some(Self(whole))
    }

    /// The name without its first label; `None` for a top-level name.
    pub fn parent(&self) -> Option<Self> {
        self.0.split_once('.').map(|(_, rest)| Self(rest.to_owned()))
    }

    /// The labels, first first.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.').filter(|label| !label.is_empty())
    }

    /// The labels as the wire has them, escapes resolved.
    pub fn wire_labels(&self) -> Vec<Vec<u8>> {
        let (mut labels, mut label) = (Vec::new(), Vec::new());
        let mut bytes = self.0.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'.' => labels.push(std::mem::take(&mut label)),
                b'\\' => match bytes.next() {
                    // Three digits, as `from_labels` writes what cannot be printed.
                    Some(first) if first.is_ascii_digit() => {
                        let digits = [first, bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                        label.push(digits.iter().fold(0_u8, |n, digit| n.wrapping_mul(10).wrapping_add(digit - b'0')));
                    }
                    escaped => label.extend(escaped),
                },
                byte => label.push(byte),
            }
        }
        if !label.is_empty() {
            labels.push(label);
        }
        labels
    }

    /// Whether this is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.wire_labels().ends_with(&other.wire_labels())
    }

    /// The presentation format, without the trailing dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = BadDomain;

    /// Splits at dots, takes the labels as they are; one trailing dot is allowed.
    fn from_str(text: &str) -> Result<Self, BadDomain> {
        let text = text.strip_suffix('.').unwrap_or(text);
        Self::from_labels(text.split('.').map(str::as_bytes)).ok_or_else(|| BadDomain::Malformed(text.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

/// A domain that a person wants looked at: a host name of two labels or more, in the DNS's own spelling (A-labels).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(Name);

impl Domain {
    /// The name to ask the DNS for.
    pub const fn name(&self) -> &Name {
        &self.0
    }

    /// The name as people write it (U-labels).
    pub fn unicode(&self) -> String {
        idna::domain_to_unicode(self.0.as_str()).0
    }

    /// The domain that somebody registered, of which this is a part, or this itself.
    #[must_use]
    pub fn registrable(&self) -> Self {
        psl::domain_str(self.0.as_str()).and_then(|name| name.parse().ok()).map_or_else(|| self.clone(), Self)
    }

    /// The domains that a text names, each once, in the order of the text: bare, in addresses and in links.
    ///
    /// A bare word with a dot counts when it ends in a public suffix or in a name reserved for examples
    /// (RFC 2606), and was not made by a missing blank after a full stop ("mail.It").
    pub fn all_in(text: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for word in text.split(|c: char| c.is_whitespace() || (is_around(c) && !matches!(c, ':' | '?' | '*'))) {
            let marked = word.contains('@') || word.contains("://");
            if !word.contains('.') || (!marked && ends_a_sentence_inside(word)) {
                continue;
            }
            if let Ok(domain) = word.parse::<Self>()
                && has_public_suffix(domain.name())
                && !found.contains(&domain)
            {
                found.push(domain);
            }
        }
        found
    }
}

impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl serde::Serialize for Domain {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Domain {
    type Err = BadDomain;

    /// Takes what people paste: `Example.COM.`, `https://example.com/x`, `user@example.com`, `bücher.example`.
    fn from_str(text: &str) -> Result<Self, BadDomain> {
        let given = text.trim().trim_matches(is_around);
        if given.is_empty() {
            return Err(BadDomain::Empty);
        }
        let shown = || given.chars().take(80).collect::<String>();
        // Before the colons around it are taken for punctuation.
        if text.trim().parse::<IpAddr>().is_ok() {
            return Err(BadDomain::Address(shown()));
        }
        let mut host = given.split_once("//").filter(|(before, _)| is_scheme(before)).map_or(given, |(_, rest)| rest);
        host = host.strip_prefix("mailto:").unwrap_or(host);
        host = host.split(['/', '?', '#']).next().unwrap_or_default();
        host = host.rsplit_once('@').map_or(host, |(_, rest)| rest);
        if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Err(BadDomain::Address(shown()));
        }
        host = match host.rsplit_once(':') {
            Some((rest, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => rest,
            _ => host,
        };
        host = host.strip_suffix('.').unwrap_or(host);
        if host.parse::<IpAddr>().is_ok() {
            return Err(BadDomain::Address(shown()));
        }
        let ascii = idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::URL)
            .map_err(|_| BadDomain::Malformed(shown()))?;
        if !ascii.contains('.') {
            return Err(BadDomain::NoDot(shown()));
        }
        if ascii.len() > 253 || ascii.split('.').any(|label| label.len() > 63) {
            return Err(BadDomain::TooLong(shown()));
        }
        if !ascii.split('.').all(is_host_label) || ascii.rsplit('.').next().is_some_and(is_number) {
            return Err(BadDomain::Malformed(shown()));
        }
        // People paste their website's address; mail has nothing to do with its `www`.
        let is_website = |rest: &&str| rest.contains('.') && !is_public_suffix(rest);
        let bare = ascii.strip_prefix("www.").filter(is_website).unwrap_or(&ascii);
        if is_registry(bare) {
            return Err(BadDomain::Registry(shown()));
        }
        bare.parse().map(Self).map_err(|_| BadDomain::Malformed(shown()))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is no domain; each text says what would be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDomain {
    /// Nothing was given.
    #[error("no domain was given; write one such as `example.com`")]
    Empty,
    /// An address stands where a domain belongs.
    #[error("`{0}` is an IP address; write the domain, such as `example.com`")]
    Address(String),
    /// One label alone.
    #[error("`{0}` has no dot; write the whole domain, such as `example.com`")]
    NoDot(String),
    /// A name below which people register theirs.
    #[error(
        "`{0}` is where people register their domains, not one of them; write the whole domain, such as `example.com`"
    )]
    Registry(String),
    /// Above what the DNS can hold.
    #[error("`{0}` is too long for a domain: 253 characters at most, 63 between two dots")]
    TooLong(String),
    /// Characters or dots that no domain has.
    #[error("`{0}` is not a domain; write one such as `example.com`")]
    Malformed(String),
}

/// Punctuation that people and their keyboards put around a domain.
const fn is_around(c: char) -> bool {
    matches!(
        c,
        '<' | '>' | '"' | '\'' | '`' | '(' | ')' | '[' | ']' | ',' | ';' | '!' | '?' | ':' | '*' | '…' | '«' | '»'
    ) || matches!(c, '\u{2018}'..='\u{201f}')
}

/// Letters, digits, hyphens and underscores, no hyphen at either end (RFC 1123 section 2.1; underscores as DNS allows).
fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_number(label: &str) -> bool {
    label.bytes().all(|b| b.is_ascii_digit())
}

/// What may stand before the `//` of a link.
fn is_scheme(text: &str) -> bool {
    text.is_empty() || text.strip_suffix(':').is_some_and(|scheme| scheme.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn is_public_suffix(name: &str) -> bool {
    psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() == name.len())
}

/// Whether it is a registry's. Suffixes of companies that give names to their customers are domains like others.
fn is_registry(name: &str) -> bool {
    is_public_suffix(name) && psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.typ() == Some(psl::Type::Icann))
}

fn has_public_suffix(name: &Name) -> bool {
    let reserved = name.labels().next_back().is_some_and(|last| matches!(last, "example" | "test"));
    reserved
        || psl::suffix(name.as_str().as_bytes())
            .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() < name.as_str().len())
}

/// "…stopped working.Please…" is two sentences without a blank, not a domain.
fn ends_a_sentence_inside(word: &str) -> bool {
    word.trim_end_matches(|c: char| !c.is_alphanumeric())
        .rsplit_once('.')
        .is_some_and(|(before, after)| after.starts_with(char::is_uppercase) && before.ends_with(char::is_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_paste_becomes_one_domain() {
        for (given, expected) in [
            ("Example.COM.", "example.com"),
            ("https://example.com/x?y#z", "example.com"),
            ("http://user:pw@example.com:8080/", "example.com"),
            ("user@example.com", "example.com"),
            ("mailto:user@example.com", "example.com"),
            ("<user@example.com>,", "example.com"),
            ("`example.com`", "example.com"),
            ("“example.com”", "example.com"),
            ("„example.com“;", "example.com"),
            ("[example.com]", "example.com"),
            ("https://www.example.com/shop", "example.com"),
            ("www.example", "www.example"),
            ("www.co.uk", "www.co.uk"),
            ("www.blogspot.com", "www.blogspot.com"),
            ("blogspot.com", "blogspot.com"),
            ("//example.com/x", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("mail.example.co.uk", "mail.example.co.uk"),
            ("example。com", "example.com"),
            ("_dmarc.example.com", "_dmarc.example.com"),
        ] {
            assert_eq!(given.parse::<Domain>().map(|d| d.to_string()), Ok(expected.to_owned()), "{given}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_would_do() {
        for given in [
            "",
            "   ",
            "localhost",
            "192.0.2.1",
            "[2001:db8::1]",
            "2001:db8::1",
            "a..b",
            "-a.example",
            "a b.example",
            "@",
            "1.2.3",
            "::1",
            "co.uk",
            "com.",
        ] {
            let error = given.parse::<Domain>().expect_err(given);
            assert!(error.to_string().contains("example.com"), "{given}: {error}");
        }
        assert!(matches!("::1".parse::<Domain>(), Err(BadDomain::Address(_))));
        assert!(matches!("co.uk".parse::<Domain>(), Err(BadDomain::Registry(_))));
        let long = format!("{}.example", "a".repeat(64));
        assert!(matches!(long.parse::<Domain>(), Err(BadDomain::TooLong(_) | BadDomain::Malformed(_))));
    }

    #[test]
    fn domains_are_found_in_sentences() {
        let names = |text: &str| Domain::all_in(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names("mail to anna@shop.example bounces, see https://www.shop.example/x."), ["shop.example"]);
        assert_eq!(names("my domain is example.org."), ["example.org"]);
        assert_eq!(names("it stopped.It is broken e.g. node.js version 1.2.3"), Vec::<String>::new());
        assert_eq!(names("co.uk"), Vec::<String>::new());
    }

    #[test]
    fn reverse_names_follow_the_rfcs() {
        assert_eq!(Name::reverse([192, 0, 2, 1].into()).as_str(), "1.2.0.192.in-addr.arpa");
        let v6: IpAddr = "2001:db8::567:89ab".parse().unwrap_or([0, 0, 0, 0].into());
        assert_eq!(
            Name::reverse(v6).as_str(),
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        );
    }

    #[test]
    fn a_name_lies_within_itself_and_its_parents_only() {
        let name: Name = "a.example.com".parse().unwrap_or(Name::root());
        for (other, expected) in [("example.com", true), ("a.example.com", true), ("ple.com", false), ("com", true)] {
            assert_eq!(name.is_within(&other.parse().unwrap_or(Name::root())), expected, "{other}");
        }
    }

    #[test]
    fn a_label_may_hold_any_byte_and_comes_back_as_it_was() {
        let labels: [&[u8]; 4] = [b"a.b\\", b"caf\xc3\xa9:/ ", b"\x000", b"example"];
        let name = Name::from_labels(labels).unwrap();
        assert_eq!(name.wire_labels(), labels);
        let parent = Name::from_labels([b"b".as_slice(), b"example"]).unwrap();
        assert!(!Name::from_labels([b"a.b".as_slice(), b"example"]).unwrap().is_within(&parent));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_parsing_panic(text in "\\PC{0,300}") {
            let _ = text.parse::<Domain>();
            let _ = Domain::all_in(&text);
        }
    }
}
