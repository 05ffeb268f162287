//! Tag lists, the `name=value; name=value` syntax of RFC 6376 section 3.2, which DKIM keys and the records of DMARC,
//! TLS-RPT and BIMI share.
//!
//! Knows the form, what commonly spoils it, and where; what a tag means is its room's business (`dkim/key`,
//! `dmarc/record`, `tls_rpt/record`, `bimi/record`).

use std::collections::HashSet;

/// One `name=value` of a tag list, blanks around both removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag<'t> {
    /// What it is about.
    pub name: &'t str,
    /// What it says; may be empty.
    pub value: &'t str,
    /// The position of the name's first character in the text, from 1.
    pub column: usize,
    /// The position of the value's first character in the text, from 1.
    pub value_column: usize,
}

/// What is wrong in a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault<P> {
    /// The position of the first character that is wrong, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: P,
}

impl<P> Fault<P> {
    /// The same fault, told as another room tells its own.
    pub(super) fn into_fault<Q: From<P>>(self) -> Fault<Q> {
        Fault { column: self.column, problem: self.problem.into() }
    }
}

/// What is wrong with the form of a tag list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Form {
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
    /// A character that nobody sees, which copying from a web page or a word processor brings in.
    #[error("an invisible character ({0}) stands in the text")]
    Invisible(String),
    /// A tag that runs into the one before.
    #[error("a semicolon is missing before `{0}`")]
    NoSemicolon(String),
}

/// The tags of a text, in order, each read by itself; one semicolon may end the last.
pub(crate) fn tags(text: &str) -> impl Iterator<Item = Result<Tag<'_>, Fault<Form>>> {
    let start = text.trim_start_matches(is_blank);
    let mut next = 1 + count(text) - count(start);
    let text = start.trim_end_matches(is_blank);
    text.strip_suffix(';').unwrap_or(text).split(';').map(move |piece| {
        let inner = piece.trim_start_matches(is_blank);
        let column = next + count(piece) - count(inner);
        next += count(piece) + 1;
        let inner = inner.trim_end_matches(is_blank);
        match inner.split_once('=') {
            Some((name, rest)) if is_name(name.trim_end_matches(is_blank)) => {
                let value = rest.trim_start_matches(is_blank);
                let value_column = column + count(inner) - count(value);
                Ok(Tag { name: name.trim_end_matches(is_blank), value, column, value_column })
            }
            _ if inner.is_empty() => Err(Fault { column, problem: Form::Empty }),
            _ => Err(Fault { column, problem: Form::NotATag(excerpt(inner)) }),
        }
    })
}

/// The tags of a text as RFC 6376 section 3.2 wants them: all well formed, each name once.
pub(crate) fn strict_tags(text: &str) -> Result<Vec<Tag<'_>>, Fault<Form>> {
    let mut names = HashSet::new();
    tags(text)
        .map(|tag| match tag? {
            Tag { name, column, .. } if !names.insert(name) => {
                Err(Fault { column, problem: Form::Twice(excerpt(name)) })
            }
            tag => Ok(tag),
        })
        .collect()
}

/// What commonly spoils the form of a text that should consist of the tags `names`, if that is what happened to it.
pub(super) fn spoiled(text: &str, names: &[&str]) -> Option<Fault<Form>> {
    let at = |(before, problem)| Fault { column: before + 1, problem };
    let mut chars = text.chars().enumerate();
    let odd = chars.find_map(|(before, c)| match c {
        c if is_quoting(c) => Some((before, Form::Quoted)),
        c if is_invisible(c) => Some((before, Form::Invisible(format!("U+{:04X}", u32::from(c))))),
        _ => None,
    });
    let joined = || {
        let (mut fresh, mut before) = (true, 0);
        text.split_inclusive(|c: char| c == ';' || is_blank(c)).find_map(|part| {
            let word = part.trim_end_matches(|c: char| c == ';' || is_blank(c));
            let found = (!fresh && starts_tag(word, names)).then(|| (before, Form::NoSemicolon(excerpt(word))));
            fresh = part.ends_with(';') || (fresh && word.is_empty());
            before += count(part);
            found
        })
    };
    odd.or_else(joined).map(at)
}

/// The text with the same tags and without what spoils it: quoting, invisible characters, empty tags, and missing
/// semicolons before the tags `names`. Only a guess: whoever offers it parses it first.
pub(super) fn mended(text: &str, names: &[&str]) -> String {
    let bare: String = unescaped(text).chars().filter(|&c| !is_quoting(c) && !is_nothing(c)).collect();
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

/// The text [`mended`], with its version first and as it should be written, and each tag once; values go through
/// `valued`. `None` where its version is another, or where something stands in it that is no tag.
pub(super) fn rewritten(
    text: &str,
    names: &[&str],
    version: &str,
    valued: impl Fn(&str, &str) -> String,
) -> Option<String> {
    let text = mended(text, names);
    let mut pieces = vec![format!("v={version}")];
    let (mut seen, mut versioned) = (HashSet::new(), false);
    for tag in tags(&text) {
        let Tag { name, value, .. } = tag.ok()?;
        if name.eq_ignore_ascii_case("v") {
            if std::mem::replace(&mut versioned, true) || !value.eq_ignore_ascii_case(version) {
                return None;
            }
            continue;
        }
        let known = names.iter().find(|known| known.eq_ignore_ascii_case(name)).unwrap_or(&name);
        let piece = format!("{known}={}", valued(known, value));
        if seen.insert(piece.clone()) {
            pieces.push(piece);
        }
    }
    Some(pieces.join("; "))
}

/// The addresses of a list with commas, each mail address with `mailto:` in front, whatever was written for it.
pub(super) fn with_schemes(addresses: &str) -> String {
    let with_scheme = |address: &str| {
        let address = address.trim();
        let mailbox = address.rsplit_once(':').map_or(address, |(_, rest)| rest).trim_start_matches('/').trim();
        let is_mail = mailbox.contains('@') && !mailbox.contains('/');
        if is_mail && !is_mailto(address) { format!("mailto:{mailbox}") } else { address.to_owned() }
    };
    addresses.split(',').map(with_scheme).collect::<Vec<_>>().join(",")
}

/// The addresses of a list with commas, with the position of each in the text; each that `is_good` refuses is a fault.
pub(super) fn addresses<'t>(tag: &Tag<'t>, is_good: impl Fn(&str) -> bool) -> Vec<Result<&'t str, Fault<String>>> {
    let mut column = tag.value_column;
    let judged = tag.value.split(',').map(|item| {
        let address = item.trim_matches(is_blank);
        let start = column + count(item) - count(item.trim_start_matches(is_blank));
        column += count(item) + 1;
        if is_good(address) { Ok(address) } else { Err(Fault { column: start, problem: excerpt(address) }) }
    });
    judged.collect()
}

/// Whether mail can be sent to a URI with `mailto:` (RFC 6068).
pub(super) fn is_mailto(uri: &str) -> bool {
    let address = uri.split_once(':').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("mailto"));
    let address = address.and_then(|(_, address)| address.split_once('@')).filter(|(user, _)| !user.starts_with('/'));
    is_plain(uri) && address.is_some_and(|(user, domain)| !user.is_empty() && domain.contains('.'))
}

/// Whether a URI begins with `https://` and a host.
pub(super) fn is_https(uri: &str) -> bool {
    let rest = uri.get(..8).filter(|start| start.eq_ignore_ascii_case("https://")).and_then(|_| uri.get(8..));
    is_plain(uri) && rest.is_some_and(|rest| rest.split(['/', '?', '#']).next().is_some_and(|host| host.contains('.')))
}

/// Whether a text has no characters but those of a URI (RFC 3986 section 2).
pub(super) fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '`'))
}

/// The text with the escapes of zone files (RFC 1035 section 5.1) and of programs resolved; a line end is a blank.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        let mut ahead = rest.clone();
        let number = ahead.by_ref().take(3).try_fold(0, |n, digit| Some(n * 10 + digit.to_digit(10)?));
        match (number.and_then(char::from_u32), rest.clone().next()) {
            (Some(meant), _) if meant.is_ascii() && rest.as_str().len() >= 3 => {
                plain.push(meant);
                rest = ahead;
            }
            (_, Some('n' | 'r' | 't')) => {
                plain.push(' ');
                rest.next();
            }
            _ => {}
        }
    }
    plain
}

/// The beginning of a text that may be long, to be shown in a problem.
pub(crate) fn excerpt(text: &str) -> String {
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

/// The blanks that may stand around tags and values (FWS, RFC 6376 section 2.8).
const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

const fn is_quoting(c: char) -> bool {
    matches!(c, '"' | '\\' | '“' | '”' | '„')
}

/// Characters that look like a blank or like nothing, and are neither to a program.
fn is_invisible(c: char) -> bool {
    is_nothing(c) || (c.is_whitespace() && !is_blank(c))
}

const fn is_nothing(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

fn count(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["v", "k", "p"];

    #[test]
    fn a_tag_list_is_read_as_the_rfc_has_it() {
        let pairs = |text| strict_tags(text).map(|all| all.iter().map(|t| (t.name, t.value)).collect::<Vec<_>>());
        let fault = |column, problem| Err(Fault { column, problem });
        assert_eq!(pairs("v=DKIM1; k = rsa ;p=a=="), Ok(vec![("v", "DKIM1"), ("k", "rsa"), ("p", "a==")]));
        assert_eq!(pairs("p=;"), Ok(vec![("p", "")]));
        assert_eq!(pairs("v=1; v=2"), fault(6, Form::Twice("v".to_owned())));
        assert_eq!(pairs("v=1;; p=2"), fault(5, Form::Empty));
        assert_eq!(pairs(""), fault(1, Form::Empty));
        assert_eq!(pairs(" v=ü; oops"), fault(7, Form::NotATag("oops".to_owned())));
        assert_eq!(pairs("\"v=1"), fault(1, Form::NotATag("\"v=1".to_owned())));
        assert_eq!(pairs("=1"), fault(1, Form::NotATag("=1".to_owned())));
        assert_eq!(pairs("v=1;\u{a0}p=2"), fault(5, Form::NotATag("\u{a0}p=2".to_owned())));
    }

    #[test]
    fn a_tag_knows_where_it_and_its_value_stand() {
        let places = |text| tags(text).flatten().map(|t| (t.column, t.value_column)).collect::<Vec<_>>();
        assert_eq!(places("v=1; p = 2 ;  x="), [(1, 3), (6, 10), (15, 17)]);
        assert_eq!(places("  v=ü;p=2"), [(3, 5), (7, 9)]);
    }

    #[test]
    fn what_panels_do_to_a_text_is_told_and_undone() {
        let no_semicolon = |word: &str| Form::NoSemicolon(word.to_owned());
        for (text, fault, whole) in [
            ("\"v=1; p=2\"", Some((1, Form::Quoted)), "v=1; p=2"),
            ("v=1\\; p=2\\;", Some((4, Form::Quoted)), "v=1; p=2"),
            ("v=1\\059\\032p=2", Some((4, Form::Quoted)), "v=1; p=2"),
            ("v=1; p=a\\nb\\r\\nc\\", Some((9, Form::Quoted)), "v=1; p=a b c"),
            ("“v=1; p=2”", Some((1, Form::Quoted)), "v=1; p=2"),
            ("v=1 p=2", Some((5, no_semicolon("p=2"))), "v=1; p=2"),
            ("v=1, k=a, p=2 3", Some((6, no_semicolon("k=a,"))), "v=1; k=a; p=2 3"),
            ("v=1;  p=2\n k=3", Some((12, no_semicolon("k=3"))), "v=1; p=2; k=3"),
            ("v=1;; p=2", None, "v=1; p=2"),
            ("\u{feff}v=1; p=2", Some((1, Form::Invisible("U+FEFF".to_owned()))), "v=1; p=2"),
            ("v=1;\u{a0}p=2", Some((5, Form::Invisible("U+00A0".to_owned()))), "v=1; p=2"),
            ("'v=1; p=2'", None, "v=1; p=2"),
        ] {
            let fault = fault.map(|(column, problem)| Fault { column, problem });
            assert_eq!(spoiled(text, NAMES), fault, "{text}");
            assert_eq!(mended(text, NAMES), whole, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}|[vkp=; \"\\\\a0n]{0,40}") {
            let _ = strict_tags(&text);
            let _ = spoiled(&text, NAMES);
            let mended = mended(&text, NAMES);
            proptest::prop_assert!(spoiled(&mended, NAMES).is_none(), "{:?}", mended);
        }
    }
}
