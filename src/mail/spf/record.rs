//! A record and its terms, read strictly by the grammar of RFC 7208 section 12.
//!
//! Bytes in, terms or every syntax error out. Refuses to guess: that is `mend`'s. What the terms do is `evaluate`'s.

use std::fmt;

use super::macros::{DomainSpec, MacroString};
use super::mechanism::Mechanism;
use crate::facts::{Cause, Response, Text};

/// The version section that begins a record.
pub(super) const VERSION: &str = "v=spf1";

/// A record that the grammar allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// Its terms in the order in which they stand.
    pub(super) terms: Vec<Term>,
}

/// A directive or a modifier, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// As it is written in the record.
    pub(super) text: String,
    /// The position of its first character in the record, from 1.
    pub(super) column: usize,
    /// What it says.
    pub(super) body: Body,
}

/// What a term says (section 4.6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// A test, and the result if it matches.
    Directive(Qualifier, Mechanism),
    /// More about the record as a whole.
    Modifier(Modifier),
}

/// The result of a directive that matches (section 4.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Qualifier {
    /// `+`, or none.
    #[default]
    Pass,
    /// `-`
    Fail,
    /// `~`
    SoftFail,
    /// `?`
    Neutral,
}

/// More about the record as a whole (section 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Modifier {
    /// The domain whose record decides when no mechanism matches (section 6.1).
    Redirect(DomainSpec),
    /// The domain whose TXT record explains a fail (section 6.2).
    Explanation(DomainSpec),
    /// One that this standard does not know, and that is ignored.
    Unknown(String, MacroString),
}

/// A term that the grammar does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{term}` at column {column}: {problem}")]
pub(super) struct SyntaxError {
    /// The term, as it is written in the record.
    pub(super) term: String,
    /// The position in the record, from 1: of a character that no term may have, or else of its first.
    pub(super) column: usize,
    /// What was expected and what was found.
    pub(super) problem: String,
}

/// How long a record may be that is read at all: the RFC advises 450 characters (section 3.4), and a longer one than this
/// only makes work.
pub(super) const LONGEST_RECORD: usize = 4096;
/// How much is shown of a record that is too long.
const SHOWN: usize = 20;
/// How many errors of one record are told: who has mended those looks again.
const TOLD: usize = 5;

impl Record {
    /// Reads a record; the errors are in the order in which they stand, one at least.
    pub(super) fn parse(record: &[u8]) -> Result<Self, Vec<SyntaxError>> {
        let text = String::from_utf8_lossy(record);
        if record.len() > LONGEST_RECORD {
            let term = text.chars().take(SHOWN).chain("…".chars()).collect();
            let problem = format!("expected at most {LONGEST_RECORD} characters in the record, found {}", record.len());
            return Err(vec![SyntaxError { term, column: 1, problem }]);
        }
        let (mut terms, mut errors) = (Vec::<Term>::new(), Vec::new());
        let mut written = split(&text);
        if !written.next().is_some_and(|(column, version)| column == 1 && version.eq_ignore_ascii_case(VERSION)) {
            let term = text.split(' ').next().unwrap_or_default().to_owned();
            errors.push(SyntaxError { term, column: 1, problem: format!("expected `{VERSION}` at the beginning") });
        }
        for (column, term) in written {
            let text = term.to_owned();
            let body = Body::parse(term).and_then(|body| match body.named_once() {
                Some(name) if terms.iter().any(|other| other.body.named_once() == Some(name)) => {
                    Err(format!("expected `{name}=` once, found it again"))
                }
                _ => Ok(body),
            });
            match body {
                Ok(body) => terms.push(Term { text, column, body }),
                Err(problem) => {
                    // A character that nobody sees has to be found within the term.
                    let inside = term.chars().position(|c| !c.is_ascii_graphic()).unwrap_or(0);
                    errors.push(SyntaxError { term: text, column: column + inside, problem });
                }
            }
        }
        errors.truncate(TOLD);
        if errors.is_empty() { Ok(Self { terms }) } else { Err(errors) }
    }

    /// The directives, in order.
    pub(super) fn directives(&self) -> impl Iterator<Item = (&Term, Qualifier, &Mechanism)> {
        self.terms.iter().filter_map(|term| match &term.body {
            Body::Directive(qualifier, mechanism) => Some((term, *qualifier, mechanism)),
            Body::Modifier(_) => None,
        })
    }

    /// The qualifier of the first `all`, which decides for whom nothing else matches.
    pub(super) fn all(&self) -> Option<Qualifier> {
        self.directives().find_map(|(_, qualifier, mechanism)| (*mechanism == Mechanism::All).then_some(qualifier))
    }

    /// The terms that an evaluation comes to when nothing matches: the directives up to `all`; if there is none, all
    /// of them and then `redirect` (sections 5.1 and 6.1).
    pub(super) fn reached(&self) -> impl Iterator<Item = &Term> {
        let mut ended = false;
        let directives = self.directives().map_while(move |(term, _, mechanism)| {
            let reached = !ended;
            ended |= *mechanism == Mechanism::All;
            reached.then_some(term)
        });
        let redirect = self.redirect().filter(|_| self.all().is_none());
        directives.chain(redirect.map(|(term, _)| term))
    }

    /// The terms that are without effect: directives after `all`, and `redirect` beside it.
    pub(super) fn idle(&self) -> Vec<&Term> {
        let reached: Vec<_> = self.reached().collect();
        let is_idle = |term: &&Term| match &term.body {
            Body::Directive(..) | Body::Modifier(Modifier::Redirect(_)) => !reached.contains(term),
            Body::Modifier(_) => false,
        };
        self.terms.iter().filter(is_idle).collect()
    }

    /// The `redirect` modifier.
    pub(super) fn redirect(&self) -> Option<(&Term, &DomainSpec)> {
        self.terms.iter().find_map(|term| match &term.body {
            Body::Modifier(Modifier::Redirect(target)) => Some((term, target)),
            _ => None,
        })
    }

    /// The target of the `exp` modifier.
    pub(super) fn explanation(&self) -> Option<&DomainSpec> {
        self.terms.iter().find_map(|term| match &term.body {
            Body::Modifier(Modifier::Explanation(target)) => Some(target),
            _ => None,
        })
    }
}

impl Body {
    /// Reads one term.
    pub(super) fn parse(term: &str) -> Result<Self, String> {
        if let Some(other) = term.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(format!("expected printable ASCII, found the character U+{:04X}", u32::from(other)));
        }
        if let Some((name, value)) = term.split_once('=').filter(|(name, _)| is_name(name)) {
            return Modifier::parse(name, value).map(Self::Modifier);
        }
        let (qualifier, mechanism) = match term.split_at_checked(1) {
            Some(("+", rest)) => (Qualifier::Pass, rest),
            Some(("-", rest)) => (Qualifier::Fail, rest),
            Some(("~", rest)) => (Qualifier::SoftFail, rest),
            Some(("?", rest)) => (Qualifier::Neutral, rest),
            _ => (Qualifier::default(), term),
        };
        Mechanism::parse(mechanism).map(|mechanism| Self::Directive(qualifier, mechanism))
    }

    /// Whether it counts towards the limit of ten look-ups (section 4.6.4).
    pub(super) const fn causes_lookup(&self) -> bool {
        match self {
            Self::Directive(_, mechanism) => mechanism.causes_lookup(),
            Self::Modifier(modifier) => matches!(modifier, Modifier::Redirect(_)),
        }
    }

    /// Whether it takes the record of another domain into account.
    pub(super) const fn leads_to_record(&self) -> bool {
        matches!(self, Self::Directive(_, Mechanism::Include(_)) | Self::Modifier(Modifier::Redirect(_)))
    }

    /// The name of a modifier that may stand in a record once only (section 6).
    const fn named_once(&self) -> Option<&'static str> {
        match self {
            Self::Modifier(Modifier::Redirect(_)) => Some("redirect"),
            Self::Modifier(Modifier::Explanation(_)) => Some("exp"),
            _ => None,
        }
    }
}

impl Modifier {
    fn parse(name: &str, value: &str) -> Result<Self, String> {
        match name.to_ascii_lowercase().as_str() {
            "redirect" => DomainSpec::parse(value).map(Self::Redirect),
            "exp" => DomainSpec::parse(value).map(Self::Explanation),
            _ => MacroString::parse(value).map(|value| Self::Unknown(name.to_owned(), value)),
        }
    }
}

/// `name`: a letter, then letters, digits, hyphens, underscores and dots.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The words of a record, which blanks alone separate, each with the column of its first character.
pub(super) fn split(record: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 1;
    record
        .split(' ')
        .map(move |word| {
            let column = next;
            next += word.chars().count() + 1;
            (column, word)
        })
        .filter(|(_, word)| !word.is_empty())
}

/// The SPF records among the texts of a domain: those whose first word is the version (section 4.5).
pub(super) fn published(reply: &Response) -> Result<Vec<Vec<u8>>, Cause> {
    let is_spf = |text: &Vec<u8>| {
        text.split_at_checked(VERSION.len()).is_some_and(|(version, rest)| {
            version.eq_ignore_ascii_case(VERSION.as_bytes()) && matches!(rest.first(), None | Some(b' '))
        })
    };
    Ok(reply.texts()?.into_iter().map(Text::joined).filter(is_spf).collect())
}

impl fmt::Display for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "+",
            Self::Fail => "-",
            Self::SoftFail => "~",
            Self::Neutral => "?",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{self, Outcome};

    #[test]
    fn terms_keep_their_text_and_their_place() {
        let record = Record::parse(b"V=SPF1  mx ~include:a.example -ALL exp=why.example x=%{t} ").expect("a record");
        let places: Vec<_> = record.terms.iter().map(|term| (term.column, term.text.as_str())).collect();
        assert_eq!(
            places,
            [(9, "mx"), (12, "~include:a.example"), (31, "-ALL"), (36, "exp=why.example"), (52, "x=%{t}")]
        );
        assert_eq!(record.all(), Some(Qualifier::Fail));
        assert!(record.redirect().is_none() && record.explanation().is_some());
    }

    #[test]
    fn every_error_is_told_with_its_place() {
        let errors = Record::parse("v=spf1 ip4:1.2.3 mü a redirect=a.example REDIRECT=b.example =x".as_bytes());
        let texts: Vec<_> = errors.expect_err("errors").iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "`ip4:1.2.3` at column 8: expected an address such as `ip4:192.0.2.1`, found `1.2.3`",
                "`mü` at column 19: expected printable ASCII, found the character U+00FC",
                "`REDIRECT=b.example` at column 42: expected `redirect=` once, found it again",
                "`=x` at column 61: expected one of `all include a mx ip4 ip6 exists ptr`, found `=x`",
            ]
        );
    }

    #[test]
    fn only_blanks_separate_terms() {
        for record in [&b"v=spf1 a\tmx"[..], b"v=spf1 a\rmx", b"v=spf1 \x96all", b"v=spf1 a\n"] {
            assert!(Record::parse(record).is_err(), "{record:?}");
        }
    }

    #[test]
    fn a_record_is_known_by_its_first_word_alone() {
        for (text, expected) in [
            ("v=spf1", 1),
            ("V=sPf1 -all", 1),
            ("v=spf10 -all", 0),
            ("v=spf1\t-all", 0),
            (" v=spf1 -all", 0),
            ("spf2.0/pra -all", 0),
            ("v=spf", 0),
            ("", 0),
        ] {
            let reply = Response::new(Outcome::Records(vec![facts::Record::Txt(Text::split(text))]));
            assert_eq!(published(&reply).map(|records| records.len()), Ok(expected), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_parsing_panic(record in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = Record::parse(&record);
        }

        #[test]
        fn nothing_like_a_record_makes_parsing_panic(
            terms in "( [-+~?]?(a|mx|ip4|ip6|ptr|exists|include|all|exp|redirect|x)[:=/]{0,2}[%{}a-z0-9./:_-]{0,20}){0,8}"
        ) {
            if let Ok(record) = Record::parse(format!("v=spf1{terms}").as_bytes()) {
                proptest::prop_assert_eq!(record.terms.len(), split(&terms).count());
            }
        }
    }
}
