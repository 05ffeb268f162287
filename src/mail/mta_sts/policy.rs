//! The MTA-STS policy (RFC 8461 section 3.2): a page of `key: value` lines -> what senders shall do.
//!
//! Reads what was fetched; where it must come from is the check's business.

use std::fmt;

use crate::domain::Name;
use crate::mail::tags::excerpt;

/// The longest that a policy may be kept, in seconds: about a year.
const LONGEST_AGE: u32 = 31_557_600;

/// What senders shall do where TLS fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Not deliver.
    Enforce,
    /// Deliver, and report.
    Testing,
    /// As if there was no policy.
    None,
}

/// A policy that senders can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    /// `mode`.
    pub mode: Mode,
    /// `max_age`: for how many seconds senders keep it.
    pub max_age: u32,
    /// `mx`: the mail servers that may take the domain's mail.
    pub mx: Vec<Pattern>,
}

/// The mail servers that one `mx` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    /// This one.
    Host(Name),
    /// Those one label below (`*.`).
    Below(Name),
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(name) => name.fmt(f),
            Self::Below(name) => write!(f, "*.{name}"),
        }
    }
}

/// Why senders cannot use a policy, and where that shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line, from 1; the last where something is missing.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// No `key: value`.
    #[error("`{0}` is not of the form `key: value`")]
    NotAField(String),
    /// An invisible mark in front of the first line, as some editors put there.
    #[error("an invisible character (a byte order mark) stands before the first line")]
    Mark,
    /// A value that the key does not have.
    #[error("`{key}: {value}` is not {values}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        values: &'static str,
    },
    /// A key that every policy has.
    #[error("`{0}` is missing")]
    Missing(&'static str),
}

impl Policy {
    /// Whether mail may go to this mail server under the policy (RFC 8461 section 4.1).
    pub(super) fn covers(&self, host: &Name) -> bool {
        self.mx.iter().any(|pattern| match pattern {
            Pattern::Host(name) => name == host,
            Pattern::Below(name) => host.parent().as_ref() == Some(name),
        })
    }
}

/// Reads a policy. Of a key that stands twice the first counts, but for `mx`; keys that are not known do not matter.
pub(super) fn parse(page: &str) -> Result<Policy, Fault> {
    let (mut version, mut mode, mut max_age, mut mx) = (None, None, None, Vec::new());
    let mut last = 1;
    for (line, text) in (1..).zip(page.lines()) {
        let text = text.trim_end();
        if text.is_empty() {
            continue;
        }
        last = line;
        let fault = |problem| Fault { line, problem };
        let field = text.split_once(':').filter(|(key, _)| is_key(key));
        let Some((key, value)) = field else {
            let mark = text.starts_with('\u{feff}');
            return Err(fault(if mark { Problem::Mark } else { Problem::NotAField(excerpt(text)) }));
        };
        let value = value.trim_start();
        let wrong = |key, values| fault(Problem::Value { key, value: excerpt(value), values });
        match key {
            "version" if version.is_none() => {
                let known = (value == "STSv1").then_some(());
                version = Some(known.ok_or_else(|| wrong("version", "`STSv1`"))?);
            }
            "mode" if mode.is_none() => {
                let read = match value {
                    "enforce" => Some(Mode::Enforce),
                    "testing" => Some(Mode::Testing),
                    "none" => Some(Mode::None),
                    _ => None,
                };
                mode = Some(read.ok_or_else(|| wrong("mode", "one of `enforce`, `testing`, `none`"))?);
            }
            "max_age" if max_age.is_none() => {
                let number = value.bytes().all(|b| b.is_ascii_digit()).then(|| value.parse().ok()).flatten();
                let age = number.filter(|age| *age <= LONGEST_AGE);
                max_age = Some(age.ok_or_else(|| wrong("max_age", "a number of seconds from 0 to 31557600"))?);
            }
            "mx" => {
                let pattern = Pattern::read(value);
                mx.push(pattern.ok_or_else(|| wrong("mx", "a host name, or `*.` and a domain"))?);
            }
            _ => {}
        }
    }
    let missing = |key| Fault { line: last, problem: Problem::Missing(key) };
    version.ok_or_else(|| missing("version"))?;
    let mode = mode.ok_or_else(|| missing("mode"))?;
    let max_age = max_age.ok_or_else(|| missing("max_age"))?;
    if mx.is_empty() && mode != Mode::None {
        return Err(missing("mx"));
    }
    Ok(Policy { mode, max_age, mx })
}

impl Pattern {
    fn read(text: &str) -> Option<Self> {
        let (below, host) = text.strip_prefix("*.").map_or((false, text), |rest| (true, rest));
        let label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let name: Name = host.parse().ok().filter(|_| host.split('.').all(label))?;
        Some(if below { Self::Below(name) } else { Self::Host(name) })
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::lab::name;

    const WHOLE: &str =
        "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmx: *.Example.NET\r\nmax_age: 604800\r\n";

    #[test]
    fn policies_are_read_as_the_rfc_has_it() {
        let expected = Policy {
            mode: Mode::Enforce,
            max_age: 604_800,
            mx: vec![Pattern::Host(name("mx1.example.com")), Pattern::Below(name("example.net"))],
        };
        assert_eq!(parse(WHOLE), Ok(expected.clone()));
        assert_eq!(parse(&WHOLE.replace("\r\n", "\n")), Ok(expected.clone()));
        assert_eq!(parse(WHOLE.trim_end()), Ok(expected.clone()));
        assert_eq!(parse(&format!("{WHOLE}mode: none\r\nx-more: a b\r\n\r\n")), Ok(expected.clone()));
        assert_eq!(parse(&WHOLE.replace(": ", ":\t").replace("\r\n", " \r\n")), Ok(expected));
        let none = parse("version: STSv1\nmode: none\nmax_age: 0").unwrap();
        assert_eq!((none.mode, none.max_age, none.mx.len()), (Mode::None, 0, 0));
    }

    #[test]
    fn what_senders_cannot_use_is_told_with_its_line() {
        for (old, new, line, problem) in [
            ("version: STSv1\r\n", "", 4, "`version` is missing"),
            ("STSv1", "STSv2", 1, "`version: STSv2` is not `STSv1`"),
            (
                "version",
                "\u{feff}version",
                1,
                "an invisible character (a byte order mark) stands before the first line",
            ),
            ("mode: enforce\r\n", "", 4, "`mode` is missing"),
            ("enforce", "Enforce", 2, "`mode: Enforce` is not one of `enforce`, `testing`, `none`"),
            ("mode:", "mode", 2, "`mode enforce` is not of the form `key: value`"),
            ("max_age: 604800\r\n", "", 4, "`max_age` is missing"),
            ("604800", "31557601", 5, "`max_age: 31557601` is not a number of seconds from 0 to 31557600"),
            ("604800", "-1", 5, "`max_age: -1` is not a number of seconds from 0 to 31557600"),
            ("604800", "", 5, "`max_age: ` is not a number of seconds from 0 to 31557600"),
            ("*.Example", "mx.*.Example", 4, "`mx: mx.*.Example.NET` is not a host name, or `*.` and a domain"),
            ("*.Example.NET", "*", 4, "`mx: *` is not a host name, or `*.` and a domain"),
            ("NET", "NET.", 4, "`mx: *.Example.NET.` is not a host name, or `*.` and a domain"),
            ("*.Example.NET", "192.0.2.1, b", 4, "`mx: 192.0.2.1, b` is not a host name, or `*.` and a domain"),
        ] {
            let fault = parse(&WHOLE.replace(old, new)).expect_err(new);
            assert_eq!((fault.line, fault.problem.to_string().as_str()), (line, problem), "{new}");
        }
        let html = parse("<!DOCTYPE html>\n<title>Welcome</title>").unwrap_err();
        assert_eq!(html.problem.to_string(), "`<!DOCTYPE html>` is not of the form `key: value`");
        let no_mx = parse("version: STSv1\nmode: testing\nmax_age: 1").unwrap_err();
        assert_eq!((no_mx.line, no_mx.problem), (3, Problem::Missing("mx")));
        assert_eq!(parse("").unwrap_err(), Fault { line: 1, problem: Problem::Missing("version") });
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let policy = parse(WHOLE).unwrap();
        for (host, expected) in [
            ("mx1.example.com", true),
            ("mx2.example.com", false),
            ("a.mx1.example.com", false),
            ("a.example.net", true),
            ("a.b.example.net", false),
            ("example.net", false),
        ] {
            assert_eq!(policy.covers(&name(host)), expected, "{host}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_page_makes_it_panic(page in "\\PC{0,100}|((version|mode|mx|max_age): ?[A-Za-z0-9*.é]{0,12}\r?\n){0,6}") {
            let _ = parse(&page);
        }
    }
}
