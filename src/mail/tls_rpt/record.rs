//! The record (RFC 8460 section 3): text -> where reports go, or why senders cannot use it.

use crate::mail::tags::{
    Fault, Form, Tag, addresses, excerpt, is_https, is_mailto, mended, rewritten, spoiled, strict_tags, tags,
    with_schemes,
};

/// The tags of a record; others are ignored.
const TAGS: &[&str] = &["v", "rua"];

/// A record that senders can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The addresses in `rua` to which nothing can be sent.
    pub ignored: Vec<Fault<Problem>>,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// The form is spoiled.
    #[error(transparent)]
    Form(#[from] Form),
    /// A version that is not ours.
    #[error("`v={0}` stands where `v=TLSRPTv1` belongs")]
    Version(String),
    /// The version stands behind something else, or nowhere.
    #[error("`v=TLSRPTv1;` does not come first")]
    VersionNotFirst,
    /// No `rua`.
    #[error("the tag `rua=` with the address for reports is missing")]
    NoAddress,
    /// Something in `rua` to which no report can be sent.
    #[error("`{0}` is neither of the form `mailto:reports@example.com` nor `https://example.com/reports`")]
    Address(String),
}

/// Whether senders take a text for a record: it begins with the version and a semicolon.
pub(super) fn is_record(text: &str) -> bool {
    let rest = text.strip_prefix("v=TLSRPTv1");
    rest.is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with(';'))
}

/// Whether a text is meant for a record, be it one or not.
pub(super) fn is_meant(text: &str) -> bool {
    let text = mended(text, TAGS);
    let version = tags(&text).flatten().find(|tag| tag.name.eq_ignore_ascii_case("v"));
    version.is_some_and(|tag| tag.value.to_ascii_uppercase().starts_with("TLSRPT"))
}

/// Reads a record.
pub(super) fn parse(text: &str) -> Result<Record, Fault<Problem>> {
    let spoiled = || spoiled(text, TAGS).map(Fault::into_fault);
    let mut record = read(text).map_err(|fault| spoiled().unwrap_or(fault))?;
    if let Some(fault) = spoiled() {
        record.ignored.iter_mut().for_each(|problem| *problem = fault.clone());
    }
    Ok(record)
}

/// The record with the same addresses and its form set right, where that leaves nothing to ignore.
pub(super) fn repaired(text: &str) -> Option<String> {
    let text = rewritten(text, TAGS, "TLSRPTv1", |name, value| match name {
        "rua" => with_schemes(value),
        _ => value.to_owned(),
    })?;
    read(&text).is_ok_and(|record| record.ignored.is_empty()).then_some(text)
}

fn read(text: &str) -> Result<Record, Fault<Problem>> {
    let all: Vec<Tag<'_>> = strict_tags(text).map_err(Fault::into_fault)?;
    let version = all.iter().find(|tag| tag.name == "v");
    match version {
        Some(Tag { value, column, .. }) if *value != "TLSRPTv1" => {
            return Err(Fault { column: *column, problem: Problem::Version(excerpt(value)) });
        }
        _ => {}
    }
    let Some(rua) = all.iter().find(|tag| tag.name == "rua") else {
        return Err(Fault { column: 1, problem: Problem::NoAddress });
    };
    if !is_record(text) {
        let column = version.map_or(1, |tag| tag.column);
        return Err(Fault { column, problem: Problem::VersionNotFirst });
    }
    let judged = addresses(rua, |uri| is_mailto(uri) || is_https(uri));
    let good = judged.iter().any(Result::is_ok);
    let bad = judged.into_iter().filter_map(Result::err);
    let mut ignored = bad.map(|Fault { column, problem }| Fault { column, problem: Problem::Address(problem) });
    if good {
        Ok(Record { ignored: ignored.collect() })
    } else {
        ignored.next().map_or(Ok(Record { ignored: Vec::new() }), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_the_rfc_has_it() {
        for text in [
            "v=TLSRPTv1;rua=mailto:a@example.com",
            "v=TLSRPTv1; rua=https://reports.example.com/tls;",
            "v=TLSRPTv1 ; rua=mailto:a@example.com , https://example.com/x; ext=1",
        ] {
            assert!(is_record(text) && is_meant(text), "{text}");
            assert_eq!(parse(text), Ok(Record { ignored: Vec::new() }), "{text}");
        }
    }

    #[test]
    fn what_senders_cannot_use_is_told_and_repaired_where_the_intent_is_plain() {
        let whole = Some("v=TLSRPTv1; rua=mailto:a@example.com");
        let quoting = "quotation marks or backslashes stand in the text";
        for (text, column, problem, repair) in [
            (
                "v=TLSRPTv1 rua=mailto:a@example.com",
                12,
                "a semicolon is missing before `rua=mailto:a@example.com`",
                whole,
            ),
            ("\"v=TLSRPTv1; rua=mailto:a@example.com\"", 1, quoting, whole),
            ("v=TLSRPTv1\\; rua=mailto:a@example.com", 11, quoting, whole),
            ("v=tlsrptv1; rua=mailto:a@example.com", 1, "`v=tlsrptv1` stands where `v=TLSRPTv1` belongs", whole),
            ("v=TLSRPT1; rua=mailto:a@example.com", 1, "`v=TLSRPT1` stands where `v=TLSRPTv1` belongs", None),
            ("rua=mailto:a@example.com; v=TLSRPTv1", 27, "`v=TLSRPTv1;` does not come first", whole),
            ("v=TLSRPTv1;", 1, "the tag `rua=` with the address for reports is missing", None),
            (
                "v=TLSRPTv1; rua=a@example.com",
                17,
                "`a@example.com` is neither of the form `mailto:reports@example.com` nor `https://example.com/reports`",
                whole,
            ),
            (
                "v=TLSRPTv1; rua=http://example.com/",
                17,
                "`http://example.com/` is neither of the form `mailto:reports@example.com` nor \
                 `https://example.com/reports`",
                None,
            ),
        ] {
            assert!(is_meant(text), "{text}");
            let told = parse(text).map_err(|fault| (fault.column, fault.problem.to_string()));
            assert_eq!(told, Err((column, problem.to_owned())), "{text}");
            assert_eq!(repaired(text).as_deref(), repair, "{text}");
        }
    }

    #[test]
    fn one_address_of_no_use_does_not_spoil_the_others() {
        let text = "v=TLSRPTv1; rua=mailto:a@example.com, b@example.com";
        let ignored = parse(text).unwrap().ignored;
        assert_eq!(ignored, [Fault { column: 39, problem: Problem::Address("b@example.com".to_owned()) }]);
        assert_eq!(repaired(text).as_deref(), Some("v=TLSRPTv1; rua=mailto:a@example.com,mailto:b@example.com"));
    }

    #[test]
    fn other_texts_are_not_meant_for_it() {
        for text in ["v=STSv1; id=1", "v=spf1 -all", "", "rua=mailto:a@example.com"] {
            assert!(!is_meant(text) && !is_record(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,100}|((v|rua)=[A-Za-z0-9:@., \"\\\\]{0,20};? ?){0,6}") {
            let _ = (is_meant(&text), parse(&text));
            if let Some(repaired) = repaired(&text) {
                proptest::prop_assert!(is_record(&repaired) && parse(&repaired).is_ok());
            }
        }
    }
}
