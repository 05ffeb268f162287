//! Macro strings: text with `%{…}` in it, and what it stands for (RFC 7208 section 7).
//!
//! Knows the grammar and the transformations; what a letter stands for is told by whoever expands, who may also
//! not know it: `evaluate` has a sender, `survey` has not.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The longest domain name that can be asked for (RFC 7208 section 7.3).
const LONGEST_NAME: usize = 253;

/// Where expansion gives up, in bytes: far above any explanation, and a bound for a record full of macros.
const LONGEST_TEXT: usize = 8192;

/// What a capital letter escapes: all but the unreserved characters (RFC 3986 section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Text in which macros are expanded: `macro-string`, or with blanks `explain-string`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MacroString(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Expand(Macro),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Macro {
    letter: Letter,
    /// Whether the letter is a capital: the value is escaped for use in a URL.
    escape: bool,
    /// How many parts to keep, counted from the right.
    keep: Option<usize>,
    reverse: bool,
    /// Where the value is split; at dots if this is empty.
    delimiters: String,
}

/// What a macro stands for (RFC 7208 section 7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letter {
    /// `s`: the sender's whole address.
    Sender,
    /// `l`: the part of the sender's address before the `@`.
    LocalPart,
    /// `o`: the domain of the sender's address.
    SenderDomain,
    /// `d`: the domain whose record is evaluated.
    Domain,
    /// `i`: the address of the client, in parts separated by dots.
    Ip,
    /// `p`: the validated name of the client.
    ValidatedName,
    /// `v`: `in-addr` or `ip6`.
    ReverseZone,
    /// `h`: the name in HELO or EHLO.
    Helo,
    /// `c`: the address of the client, as people read it; in explanations only.
    ReadableIp,
    /// `r`: the name of the host that does the check; in explanations only.
    Receiver,
    /// `t`: the time in seconds since 1970; in explanations only.
    Timestamp,
}

impl MacroString {
    /// Reads the value of an unknown modifier, where every letter may stand.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        pieces(text).map(|(pieces, _)| Self(pieces))
    }

    /// Reads an explanation: printable ASCII and blanks (RFC 7208 section 6.2).
    pub(super) fn parse_explanation(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        text.bytes().all(|byte| matches!(byte, b' '..=b'~')).then(|| Self::parse(text).ok())?
    }

    /// The text with each macro in its place; `None` if `value` does not know one of them, or if it grows too long.
    pub(super) fn expand(&self, mut value: impl FnMut(Letter) -> Option<String>) -> Option<String> {
        let mut text = String::new();
        for piece in &self.0 {
            if text.len() > LONGEST_TEXT {
                return None;
            }
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Expand(expand) => text.push_str(&expand.transform(&value(expand.letter)?)),
            }
        }
        Some(text)
    }
}

impl Macro {
    /// Reads what stands between `%{` and `}`.
    fn parse(body: &str) -> Result<Self, String> {
        let mut rest = body.chars();
        let (letter, escape) = match rest.next() {
            Some(letter) => (Letter::parse(letter)?, letter.is_ascii_uppercase()),
            None => return Err("expected a letter in the macro `%{}`".to_owned()),
        };
        let rest = rest.as_str();
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let keep = match rest.strip_suffix(after) {
            None | Some("") => None,
            // A number too large to hold keeps all parts, as any number above their count does.
            Some(digits) => Some(digits.parse::<usize>().unwrap_or(usize::MAX)),
        };
        if keep == Some(0) {
            return Err(format!("expected a number above zero in the macro `%{{{body}}}`"));
        }
        let delimiters = after.strip_prefix(['r', 'R']);
        let reverse = delimiters.is_some();
        let delimiters = delimiters.unwrap_or(after).to_owned();
        if let Some(other) = delimiters.chars().find(|c| !".-+,/_=".contains(*c)) {
            return Err(format!(
                "expected one of the delimiters `.-+,/_=` in the macro `%{{{body}}}`, found `{other}`"
            ));
        }
        Ok(Self { letter, escape, keep, reverse, delimiters })
    }

    /// Splits, reverses, cuts and escapes (RFC 7208 section 7.3).
    fn transform(&self, value: &str) -> String {
        let is_delimiter = |c| if self.delimiters.is_empty() { c == '.' } else { self.delimiters.contains(c) };
        let mut parts: Vec<&str> = value.split(is_delimiter).collect();
        if self.reverse {
            parts.reverse();
        }
        let skip = self.keep.map_or(0, |keep| parts.len().saturating_sub(keep));
        let text = parts.into_iter().skip(skip).collect::<Vec<_>>().join(".");
        if self.escape { utf8_percent_encode(&text, RESERVED).to_string() } else { text }
    }
}

impl Letter {
    fn parse(letter: char) -> Result<Self, String> {
        Ok(match letter.to_ascii_lowercase() {
            's' => Self::Sender,
            'l' => Self::LocalPart,
            'o' => Self::SenderDomain,
            'd' => Self::Domain,
            'i' => Self::Ip,
            'p' => Self::ValidatedName,
            'v' => Self::ReverseZone,
            'h' => Self::Helo,
            'c' => Self::ReadableIp,
            'r' => Self::Receiver,
            't' => Self::Timestamp,
            _ => return Err(format!("expected one of the macro letters `slodiphcrtv`, found `{letter}`")),
        })
    }

    const fn is_for_explanations(self) -> bool {
        matches!(self, Self::ReadableIp | Self::Receiver | Self::Timestamp)
    }
}

/// Where a term points: a macro string that ends in a top-level domain or in a macro (`domain-spec`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DomainSpec(MacroString);

impl DomainSpec {
    /// Reads `domain-spec`; the letters that are for explanations only are refused (RFC 7208 section 7.2).
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("expected a domain, found nothing".to_owned());
        }
        let (pieces, end) = pieces(text)?;
        if pieces.iter().any(|piece| matches!(piece, Piece::Expand(it) if it.letter.is_for_explanations())) {
            return Err("the macro letters `c`, `r` and `t` may stand in explanations only".to_owned());
        }
        if !end.is_empty() {
            let Some((_, label)) = end.strip_suffix('.').unwrap_or(end).rsplit_once('.') else {
                return Err(format!("expected a whole domain such as `example.com`, found `{text}`"));
            };
            if !is_toplabel(label) {
                return Err(format!("expected a domain that ends like `.com`, found `{text}`"));
            }
        }
        Ok(Self(MacroString(pieces)))
    }

    /// The domain to ask for, without a trailing dot and cut from the left to 253 characters (RFC 7208 section 7.3);
    /// `None` if `value` does not know a macro. It may still be no name that can be asked for.
    pub(super) fn expand(&self, value: impl FnMut(Letter) -> Option<String>) -> Option<String> {
        let text = self.0.expand(value)?;
        let mut domain = text.strip_suffix('.').unwrap_or(&text);
        while let Some((_, shorter)) = domain.split_once('.').filter(|_| domain.len() > LONGEST_NAME) {
            domain = shorter;
        }
        Some(domain.to_owned())
    }
}

/// The pieces of a macro string, and the literal text after the last `%`-expression.
fn pieces(text: &str) -> Result<(Vec<Piece>, &str), String> {
    let (mut pieces, mut literal, mut rest) = (Vec::new(), String::new(), text);
    while let Some((before, after)) = rest.split_once('%') {
        literal.push_str(before);
        let mut after = after.chars();
        match after.next() {
            Some('%') => literal.push('%'),
            Some('_') => literal.push(' '),
            Some('-') => literal.push_str("%20"),
            Some('{') => {
                let Some((body, tail)) = after.as_str().split_once('}') else {
                    return Err("expected `}` at the end of the macro".to_owned());
                };
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                pieces.push(Piece::Expand(Macro::parse(body)?));
                after = tail.chars();
            }
            Some(other) => return Err(format!("expected `{{`, `%`, `_` or `-` after `%`, found `{other}`")),
            None => return Err("expected `{`, `%`, `_` or `-` after `%`, found nothing".to_owned()),
        }
        rest = after.as_str();
    }
    literal.push_str(rest);
    pieces.push(Piece::Literal(literal));
    Ok((pieces, rest))
}

/// `toplabel`: letters, digits and inner hyphens, not digits alone.
fn is_toplabel(label: &str) -> bool {
    label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().any(|b| !b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the examples in RFC 7208 section 7.4.
    fn example(letter: Letter) -> Option<String> {
        let value = match letter {
            Letter::Sender => "strong-bad@email.example.com",
            Letter::LocalPart => "strong-bad",
            Letter::SenderDomain | Letter::Domain => "email.example.com",
            Letter::Ip | Letter::ReadableIp => "192.0.2.3",
            Letter::ValidatedName => "mx.example.org",
            Letter::ReverseZone => "in-addr",
            Letter::Helo => "mx's.example.org",
            Letter::Receiver | Letter::Timestamp => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn the_examples_of_the_rfc_expand_as_printed() {
        for (text, expected) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{o}", "email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d3}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{d1}", "com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l}", "strong-bad"),
            ("%{l-}", "strong.bad"),
            ("%{lr}", "strong-bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
            ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
            ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
            ("%{H}", "mx%27s.example.org"),
            ("a%%b%_c%-d", "a%b c%20d"),
            ("%{d99999999999999999999999}", "email.example.com"),
        ] {
            let expanded = MacroString::parse(text).map(|macros| macros.expand(example));
            assert_eq!(expanded, Ok(Some(expected.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_the_grammar_does_not_allow_is_refused() {
        for text in ["%", "%x", "%{", "%{}", "%{a}", "%{d0}", "%{dx}", "%{drr}", "%{d-2}", "%(d)"] {
            assert!(MacroString::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_domain_ends_in_a_top_level_domain_or_in_a_macro() {
        for text in ["example.com", "example.com.", "%{d}", "a.%{d}.com", "a.xn--zckzah", "a%%", "a...com", "%{d}.c-m"]
        {
            assert!(DomainSpec::parse(text).is_ok(), "{text}");
        }
        for text in ["", "com", "com.", "a.123", "a.-com", "a.com-", "%{d}com", "a.", "a..", "%{r}.com", "%{c}", "%{t}"]
        {
            assert!(DomainSpec::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_long_domain_loses_labels_from_the_left() {
        let spec = DomainSpec::parse(&format!("{}example.com.", "abcdefghi.".repeat(30)));
        let domain = spec.ok().and_then(|spec| spec.expand(example));
        assert_eq!(domain, Some(format!("{}example.com", "abcdefghi.".repeat(24))));
    }

    #[test]
    fn an_unknown_value_leaves_the_whole_unknown() {
        assert_eq!(MacroString::parse("at %{t}").map(|macros| macros.expand(example)), Ok(None));
    }

    #[test]
    fn an_explanation_is_printable_ascii() {
        assert!(MacroString::parse_explanation(b"See http://%{d}/why for %{c}.").is_some());
        for text in [&b"\xef\xbb\xbfSee"[..], b"tab\there", b"The %{x}-files"] {
            assert!(MacroString::parse_explanation(text).is_none(), "{text:?}");
        }
    }
}
