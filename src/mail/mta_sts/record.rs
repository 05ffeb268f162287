//! The MTA-STS record (RFC 8461 section 3.1): text -> the policy's id, or where and why senders cannot use it.
//!
//! As strict as the grammar: senders drop a record that breaks it. Several records are the check's business.

use crate::mail::tags::{excerpt, mended};

/// What a record begins with, or senders take it for something else.
const BEGINNING: &str = "v=STSv1;";

/// The fields that are known; others are extensions.
const FIELDS: &[&str] = &["v", "id"];

/// The longest id, and the longest name of an extension, in characters.
const LONGEST: usize = 32;

/// A record that senders can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// What changes whenever the policy does.
    pub id: String,
}

/// Why senders cannot use a record, and where that shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The place in the text, in characters from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// It begins with something else.
    #[error("it does not begin with `v=STSv1;`")]
    Beginning,
    /// No `id`.
    #[error("`id=` is missing")]
    NoId,
    /// An id with other characters than letters and digits, or none, or too many.
    #[error("the id `{0}` is not made of 1 to 32 letters and digits")]
    Id(String),
    /// One field for two values.
    #[error("`{0}=` stands twice")]
    Twice(String),
    /// Nothing between two semicolons.
    #[error("two semicolons stand side by side")]
    Empty,
    /// Something between two semicolons that is no `name=value`.
    #[error("`{0}` is not of the form `name=value`")]
    NotAField(String),
}

/// Whether senders take a text for an MTA-STS record; they drop all others.
pub(super) fn is_record(text: &str) -> bool {
    text.starts_with(BEGINNING)
}

/// Whether a text is meant for an MTA-STS record, be it one or not.
pub(super) fn is_meant(text: &str) -> bool {
    let bare = mended(text, FIELDS).to_ascii_lowercase();
    bare.starts_with("v=sts") || bare.starts_with("v = sts")
}

/// Reads a record.
pub(super) fn parse(text: &str) -> Result<Record, Fault> {
    if !is_record(text) {
        return Err(Fault { column: 1, problem: Problem::Beginning });
    }
    let mut id = None;
    let mut column = 1;
    let mut pieces = text.split(';').enumerate().peekable();
    while let Some((place, piece)) = pieces.next() {
        let field = piece.trim_matches([' ', '\t']);
        let blanks = piece.chars().take_while(|c| matches!(c, ' ' | '\t')).count();
        let fault = |problem| Err(Fault { column: column + blanks, problem });
        match field.split_once('=') {
            _ if place == 0 => {}
            // One semicolon may end the record.
            None if field.is_empty() && pieces.peek().is_none() => {}
            None if field.is_empty() => return fault(Problem::Empty),
            Some(("id", _)) if id.is_some() => return fault(Problem::Twice("id".to_owned())),
            Some(("id", value)) if is_id(value) => id = Some(value.to_owned()),
            Some(("id", value)) => return fault(Problem::Id(excerpt(value))),
            Some((name, value)) if is_extension(name, value) => {}
            _ => return fault(Problem::NotAField(excerpt(field))),
        }
        column += piece.chars().count() + 1;
    }
    id.map(|id| Record { id }).ok_or_else(|| Fault { column: text.chars().count() + 1, problem: Problem::NoId })
}

/// The record with its form set right, where its id tells what was meant.
pub(super) fn repaired(text: &str) -> Option<String> {
    let text = mended(text, FIELDS);
    let mut ids = text.split(';').filter_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        name.trim().eq_ignore_ascii_case("id").then_some(value.trim())
    });
    let id: String = ids.next()?.chars().filter(char::is_ascii_alphanumeric).take(LONGEST).collect();
    if ids.any(|other| other != id) || id.is_empty() {
        return None;
    }
    Some(format!("{BEGINNING} id={id}"))
}

fn is_id(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_extension(name: &str, value: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        && name.len() <= LONGEST
        && !value.is_empty()
        && value.bytes().all(|b| b.is_ascii_graphic() && b != b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_the_rfc_has_it() {
        for text in [
            "v=STSv1; id=20260101T000000;",
            "v=STSv1;id=20260101T000000",
            "v=STSv1 ;id=20260101T000000",
            "v=STSv1; x-a.b=c:d; id=20260101T000000 ; ",
        ] {
            let expected = Record { id: "20260101T000000".to_owned() };
            let read = parse(text);
            if text.starts_with("v=STSv1;") {
                assert_eq!(read, Ok(expected), "{text}");
            } else {
                // The grammar allows the blank; but senders drop what does not begin with `v=STSv1;`.
                assert_eq!(read.map_err(|fault| fault.problem), Err(Problem::Beginning), "{text}");
            }
        }
    }

    #[test]
    fn what_senders_cannot_use_is_told_with_its_place_and_repaired_where_the_intent_is_plain() {
        let whole = Some("v=STSv1; id=20260101");
        for (text, column, problem, repair) in [
            ("v=stsv1; id=20260101", 1, "it does not begin with `v=STSv1;`", whole),
            ("v=STSv1 id=20260101", 1, "it does not begin with `v=STSv1;`", whole),
            ("\"v=STSv1; id=20260101\"", 1, "it does not begin with `v=STSv1;`", whole),
            (" v=STSv1; id=20260101", 1, "it does not begin with `v=STSv1;`", whole),
            ("v=STSv1;", 9, "`id=` is missing", None),
            ("v=STSv1; ID=20260101", 21, "`id=` is missing", whole),
            ("v=STSv1; id=2026-01-01", 10, "the id `2026-01-01` is not made of 1 to 32 letters and digits", whole),
            ("v=STSv1; id=;", 10, "the id `` is not made of 1 to 32 letters and digits", None),
            ("v=STSv1; id=20260101; id=20260101", 23, "`id=` stands twice", whole),
            ("v=STSv1; id=20260101; id=2", 23, "`id=` stands twice", None),
            ("v=STSv1;; id=20260101", 9, "two semicolons stand side by side", whole),
            ("v=STSv1; id=20260101; mode:enforce", 23, "`mode:enforce` is not of the form `name=value`", whole),
        ] {
            assert!(is_meant(text), "{text}");
            let fault = parse(text).expect_err(text);
            assert_eq!((fault.column, fault.problem.to_string().as_str()), (column, problem), "{text}");
            assert_eq!(repaired(text).as_deref(), repair, "{text}");
        }
        let long = format!("v=STSv1; id={}", "a".repeat(33));
        assert!(matches!(parse(&long), Err(Fault { column: 10, problem: Problem::Id(_) })));
    }

    #[test]
    fn other_texts_are_not_meant_for_mta_sts() {
        for text in ["v=spf1 -all", "v=TLSRPTv1; rua=mailto:a@example.com", "id=1", ""] {
            assert!(!is_meant(text) && !is_record(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}|v=STSv1;((id|x)?=?[a-z0-9é; \"]{0,40}){0,3}") {
            let _ = is_meant(&text);
            if let Err(fault) = parse(&text) {
                proptest::prop_assert!(fault.column <= text.chars().count() + 1);
            }
            if let Some(repaired) = repaired(&text) {
                proptest::prop_assert!(parse(&repaired).is_ok());
            }
        }
    }
}
