//! The assertion record (section 4.2 of the draft): text -> logo and certificate, or why mailboxes cannot use it.

use crate::mail::tags::{Fault, Form, Tag, excerpt, is_https, mended, rewritten, spoiled, strict_tags, tags};

/// The tags of a record; others are ignored.
const TAGS: &[&str] = &["v", "l", "a", "avp", "s", "lps"];

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    /// The domain declines to show a logo: `l=` and `a=` are empty.
    Declined,
    /// Where the logo is, and whether there is a certificate for it.
    Logo {
        /// The address of the picture.
        logo: String,
        /// Whether `a=` names a certificate.
        certified: bool,
    },
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// The form is spoiled.
    #[error(transparent)]
    Form(#[from] Form),
    /// A version that is not ours.
    #[error("`v={0}` stands where `v=BIMI1` belongs")]
    Version(String),
    /// The version stands behind something else.
    #[error("`v=BIMI1` does not come first")]
    VersionNotFirst,
    /// No logo, though nothing says that none is wanted.
    #[error("the tag `l=` with the address of the logo is missing")]
    NoLogo,
    /// Something that is no web address.
    #[error("`{0}` is not an address that begins with `https://`")]
    NotHttps(String),
    /// Another kind of picture.
    #[error("`{0}` is not an SVG picture, the only kind that may be shown")]
    NotSvg(String),
}

/// Whether mailboxes take a text for a record: its first tag is the version.
pub(super) fn is_record(text: &str) -> bool {
    matches!(tags(text).next(), Some(Ok(Tag { name: "v", value: "BIMI1", column: 1, .. })))
}

/// Whether a text is meant for a record, be it one or not.
pub(super) fn is_meant(text: &str) -> bool {
    let text = mended(text, TAGS);
    let version = tags(&text).flatten().find(|tag| tag.name.eq_ignore_ascii_case("v"));
    version.is_some_and(|tag| tag.value.to_ascii_uppercase().starts_with("BIMI"))
}

/// Reads a record.
pub(super) fn parse(text: &str) -> Result<Record, Fault<Problem>> {
    read(text).map_err(|fault| spoiled(text, TAGS).map_or(fault, Fault::into_fault))
}

/// The record with the same addresses and its form set right.
pub(super) fn repaired(text: &str) -> Option<String> {
    let text = rewritten(text, TAGS, "BIMI1", |_, value| value.to_owned())?;
    read(&text).is_ok().then_some(text)
}

fn read(text: &str) -> Result<Record, Fault<Problem>> {
    let all: Vec<Tag<'_>> = strict_tags(text).map_err(Fault::into_fault)?;
    let tag = |name| all.iter().find(|tag| tag.name == name);
    if !is_record(text) {
        return Err(match tag("v") {
            Some(version) if version.value != "BIMI1" => {
                Fault { column: version.column, problem: Problem::Version(excerpt(version.value)) }
            }
            version => Fault { column: version.map_or(1, |tag| tag.column), problem: Problem::VersionNotFirst },
        });
    }
    let filled = |name| tag(name).filter(|tag| !tag.value.is_empty());
    if let Some(address) = ["l", "a"].into_iter().filter_map(filled).find(|tag| !is_https(tag.value)) {
        return Err(Fault { column: address.value_column, problem: Problem::NotHttps(excerpt(address.value)) });
    }
    match (filled("l"), filled("a")) {
        (None, None) if tag("l").is_some() => Ok(Record::Declined),
        (None, _) => Err(Fault { column: tag("l").map_or(1, |tag| tag.column), problem: Problem::NoLogo }),
        (Some(logo), _) if !is_svg(logo.value) => {
            Err(Fault { column: logo.value_column, problem: Problem::NotSvg(excerpt(logo.value)) })
        }
        (Some(logo), certificate) => Ok(Record::Logo { logo: logo.value.to_owned(), certified: certificate.is_some() }),
    }
}

/// Whether an address may lead to an SVG picture: its file says nothing else.
fn is_svg(address: &str) -> bool {
    const OTHERS: [&str; 7] = ["png", "jpg", "jpeg", "gif", "webp", "ico", "pdf"];
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let file = path.splitn(4, '/').nth(3).unwrap_or_default();
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    !OTHERS.iter().any(|other| ending.eq_ignore_ascii_case(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_the_draft_has_it() {
        let logo = |logo: &str, certified| Record::Logo { logo: logo.to_owned(), certified };
        for (text, record) in [
            ("v=BIMI1; l=https://example.com/l.svg", logo("https://example.com/l.svg", false)),
            (
                "v=BIMI1;l=https://example.com/l.svg;a=https://example.com/l.pem;avp=brand;",
                logo("https://example.com/l.svg", true),
            ),
            ("v=BIMI1; l=https://example.com/logo?id=1; a=", logo("https://example.com/logo?id=1", false)),
            ("v=BIMI1; l=;", Record::Declined),
            ("v=BIMI1; l=; a=;", Record::Declined),
        ] {
            assert!(is_record(text) && is_meant(text), "{text}");
            assert_eq!(parse(text), Ok(record), "{text}");
        }
    }

    #[test]
    fn what_mailboxes_cannot_use_is_told_and_repaired_where_the_intent_is_plain() {
        let whole = Some("v=BIMI1; l=https://example.com/l.svg");
        for (text, column, problem, repair) in [
            ("\"v=BIMI1; l=https://example.com/l.svg\"", 1, "quotation marks or backslashes stand in the text", whole),
            (
                "v=BIMI1 l=https://example.com/l.svg",
                9,
                "a semicolon is missing before `l=https://example.com/l.svg`",
                whole,
            ),
            ("v=bimi1; l=https://example.com/l.svg", 1, "`v=bimi1` stands where `v=BIMI1` belongs", whole),
            ("l=https://example.com/l.svg; v=BIMI1", 30, "`v=BIMI1` does not come first", whole),
            ("v=BIMI1", 1, "the tag `l=` with the address of the logo is missing", None),
            (
                "v=BIMI1; l=; a=https://example.com/l.pem",
                10,
                "the tag `l=` with the address of the logo is missing",
                None,
            ),
            (
                "v=BIMI1; l=http://example.com/l.svg",
                12,
                "`http://example.com/l.svg` is not an address that begins with `https://`",
                None,
            ),
            (
                "v=BIMI1; l=https://example.com/l.svg; a=self",
                41,
                "`self` is not an address that begins with `https://`",
                None,
            ),
            (
                "v=BIMI1; l=https://example.com/l.PNG",
                12,
                "`https://example.com/l.PNG` is not an SVG picture, the only kind that may be shown",
                None,
            ),
        ] {
            assert!(is_meant(text), "{text}");
            let told = parse(text).map_err(|fault| (fault.column, fault.problem.to_string()));
            assert_eq!(told, Err((column, problem.to_owned())), "{text}");
            assert_eq!(repaired(text).as_deref(), repair, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,100}|((v|l|a)=[A-Za-z0-9:/., \"\\\\]{0,20};? ?){0,6}") {
            let _ = (is_meant(&text), parse(&text));
            if let Some(repaired) = repaired(&text) {
                proptest::prop_assert!(is_record(&repaired) && parse(&repaired).is_ok());
            }
        }
    }
}
