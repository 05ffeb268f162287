//! Tag lists, the `name=value; name=value` syntax of RFC 6376 section 3.2, which DKIM keys and DMARC records share.
//!
//! Knows the form and what commonly spoils it; what a tag means is its room's business (`dkim/key`, `dmarc/record`).

use std::collections::HashSet;

/// One `name=value` of a tag list, blanks around both removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'t> {
    /// What it is about.
    pub name: &'t str,
    /// What it says; may be empty.
    pub value: &'t str,
}

/// What is wrong with the form of a tag list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// Something between two semicolons that is no `name=value`.
    #[error("`{0}` is not of the form `name=value`")]
    NotATag(String),
    /// Nothing between two semicolons.
    #[error("two semicolons stand side by side")]
    Empty,
    /// One name for two values.
    #[error("the tag `{0}` stands twice")]
    Twice(String),
    /// The quoting of a zone file, which some panels publish as part of the text.
    #[error("quotation marks or backslashes stand in the text")]
    Quoted,
    /// A tag that runs into the one before.
    #[error("a semicolon is missing before `{0}`")]
    NoSemicolon(String),
}

/// The tags of a text, in order, each read by itself; one semicolon may end the last.
pub(super) fn tags(text: &str) -> impl Iterator<Item = Result<Tag<'_>, Fault>> {
    let text = text.trim();
    text.strip_suffix(';').unwrap_or(text).split(';').map(|piece| {
        let piece = piece.trim();
        match piece.split_once('=') {
            Some((name, value)) if is_name(name.trim_end()) => {
                Ok(Tag { name: name.trim_end(), value: value.trim_start() })
            }
            _ if piece.is_empty() => Err(Fault::Empty),
            _ => Err(Fault::NotATag(excerpt(piece))),
        }
    })
}

/// The tags of a text as RFC 6376 section 3.2 wants them: all well formed, each name once.
pub(super) fn strict_tags(text: &str) -> Result<Vec<Tag<'_>>, Fault> {
    let mut names = HashSet::new();
    tags(text)
        .map(|tag| match tag? {
            Tag { name, .. } if !names.insert(name) => Err(Fault::Twice(excerpt(name))),
            tag => Ok(tag),
        })
        .collect()
}

/// What commonly spoils the form of a text that should consist of the tags `names`, if that is what happened to it.
pub(super) fn spoiled(text: &str, names: &[&str]) -> Option<Fault> {
    if text.chars().any(is_quoting) {
        return Some(Fault::Quoted);
    }
    let joined = text.split(';').flat_map(|piece| piece.split_whitespace().skip(1));
    joined.into_iter().find(|word| starts_tag(word, names)).map(|word| Fault::NoSemicolon(excerpt(word)))
}

/// The text with the same tags and without what spoils it: quoting, invisible characters, empty tags, and missing
/// semicolons before the tags `names`. Only a guess: whoever offers it parses it first.
pub(super) fn mended(text: &str, names: &[&str]) -> String {
    let bare: String = text.chars().filter(|&c| !is_quoting(c) && !is_invisible(c)).collect();
    let mut pieces: Vec<String> = Vec::new();
    for piece in bare.trim_matches(|c: char| c == '\'' || c.is_whitespace()).split(';') {
        let mut fresh = true;
        for word in piece.split_whitespace() {
            match pieces.last_mut() {
                Some(last) if !fresh && !starts_tag(word, names) => {
                    last.push(' ');
                    last.push_str(word);
                }
                Some(last) if !fresh => {
                    last.truncate(last.trim_end_matches(',').len());
                    pieces.push(word.to_owned());
                }
                _ => pieces.push(word.to_owned()),
            }
            fresh = false;
        }
    }
    pieces.join("; ")
}

/// The beginning of a text that may be long, to be shown in a problem.
pub(super) fn excerpt(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some(_) => text.chars().take(SHOWN).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn starts_tag(word: &str, names: &[&str]) -> bool {
    word.split_once('=').is_some_and(|(name, _)| names.iter().any(|known| name.eq_ignore_ascii_case(known)))
}

const fn is_quoting(c: char) -> bool {
    matches!(c, '"' | '\\' | '“' | '”' | '„')
}

const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["v", "k", "p"];

    #[test]
    fn a_tag_list_is_read_as_the_rfc_has_it() {
        let pairs = |text| strict_tags(text).map(|all| all.iter().map(|t| (t.name, t.value)).collect::<Vec<_>>());
        assert_eq!(pairs("v=DKIM1; k = rsa ;p=a=="), Ok(vec![("v", "DKIM1"), ("k", "rsa"), ("p", "a==")]));
        assert_eq!(pairs("p=;"), Ok(vec![("p", "")]));
        assert_eq!(pairs("v=1; v=2"), Err(Fault::Twice("v".to_owned())));
        assert_eq!(pairs("v=1;; p=2"), Err(Fault::Empty));
        assert_eq!(pairs(""), Err(Fault::Empty));
        assert_eq!(pairs("v=1; oops"), Err(Fault::NotATag("oops".to_owned())));
        assert_eq!(pairs("\"v=1"), Err(Fault::NotATag("\"v=1".to_owned())));
        assert_eq!(pairs("=1"), Err(Fault::NotATag("=1".to_owned())));
    }

    #[test]
    fn what_panels_do_to_a_text_is_told_and_undone() {
        for (text, fault, whole) in [
            ("\"v=1; p=2\"", Some(Fault::Quoted), "v=1; p=2"),
            ("v=1\\; p=2\\;", Some(Fault::Quoted), "v=1; p=2"),
            ("“v=1; p=2”", Some(Fault::Quoted), "v=1; p=2"),
            ("v=1 p=2", Some(Fault::NoSemicolon("p=2".to_owned())), "v=1; p=2"),
            ("v=1, k=a, p=2 3", Some(Fault::NoSemicolon("k=a,".to_owned())), "v=1; k=a; p=2 3"),
            ("v=1;; p=2", None, "v=1; p=2"),
            ("\u{feff}v=1; p=2", None, "v=1; p=2"),
            ("'v=1; p=2'", None, "v=1; p=2"),
        ] {
            assert_eq!(spoiled(text, NAMES), fault, "{text}");
            assert_eq!(mended(text, NAMES), whole, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}|[vkp=; \"\\\\a]{0,40}") {
            let _ = strict_tags(&text);
            let _ = spoiled(&text, NAMES);
            let mended = mended(&text, NAMES);
            proptest::prop_assert!(spoiled(&mended, NAMES).is_none(), "{:?}", mended);
        }
    }
}
