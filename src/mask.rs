//! Texts without whom they are about: mail addresses, IP addresses and mentions are made unrecognizable before anything is
//! stored, and before an answer is shown where others read along.
//!
//! Domains alone stay: they are what questions are about, and are public.

#[cfg(test)]
mod tests;

use std::net::Ipv6Addr;

/// The longest text that is kept, in characters: a question, not a mail.
const LONGEST: usize = 1000;
/// What stands for an IP address.
const IP: &str = "(IP address)";

/// How long a word of letters and digits is at least that can be a secret: a token, a key, the rest of a link.
const TOKEN: usize = 24;
/// The longest local part in quotation marks.
const QUOTED: usize = 66;

/// Masks a text that is kept: `jane@example.com` becomes `j***@e***.com`, `192.0.2.1` becomes `(IP address)`.
pub fn mask(text: &str) -> String {
    let chars: Vec<char> = text.chars().take(LONGEST).collect();
    scan(&chars, |text| address(text, false), |_| None)
}

/// Masks a text that others read along: `jane@example.com` becomes `j***@example.com`; IP addresses, what may be a secret,
/// and the words in `people`, given in small letters, go as well.
pub fn in_public(text: &str, people: &[String]) -> String {
    let chars: Vec<char> = text.chars().collect();
    scan(&chars, |text| address(text, true), |text| person(text, people).or_else(|| token(text)))
}

/// Puts what stands for it in the place of each address, and of each word that `word` knows.
fn scan(
    chars: &[char],
    address: impl Fn(&[char]) -> Option<Masked>,
    word: impl Fn(&[char]) -> Option<Masked>,
) -> String {
    let mut masked = String::with_capacity(chars.len());
    let mut rest = chars;
    let mut before = ' ';
    while let Some(&next) = rest.first() {
        let begins = |is_of: fn(char) -> bool| !is_of(before);
        let found = Some(rest)
            .filter(|_| begins(is_of_local))
            .and_then(&address)
            .or_else(|| Some(rest).filter(|_| begins(is_of_v4)).and_then(v4))
            .or_else(|| Some(rest).filter(|_| begins(is_of_v6)).and_then(v6))
            .or_else(|| Some(rest).filter(|_| begins(is_of_word)).and_then(&word));
        // Behind what was masked another address may begin at once.
        before = if found.is_some() { ' ' } else { next };
        let (length, instead) = found.unwrap_or((1, next.to_string()));
        masked.push_str(&instead);
        rest = rest.get(length..).unwrap_or_default();
    }
    masked
}

/// What is masked: how many characters of the text, and what stands in their place.
type Masked = (usize, String);

/// A mail address, or a mention (`@` alone before a name).
fn address(text: &[char], shows_domain: bool) -> Option<Masked> {
    let local = quoted(text).unwrap_or_else(|| run(text, is_of_local));
    let behind = text.get(local..)?.strip_prefix(&['@'])?;
    if local == 0 {
        let name = run(behind, |c| is_of_local(c) || c == '&');
        return Some((1 + name, "@…".to_owned()));
    }
    let domain = trimmed(behind, run(behind, is_of_domain));
    let first = |text: &[char]| text.first().map(char::to_string).unwrap_or_default();
    let name: String = behind.iter().take(domain).collect();
    let end = name.rsplit_once('.').map(|(_, end)| format!(".{end}")).unwrap_or_default();
    let initial = if text.first() == Some(&'"') { String::new() } else { first(text) };
    if shows_domain {
        return Some((local + 1 + domain, format!("{initial}***@{name}")));
    }
    let known = if domain == 0 { String::new() } else { first(behind) };
    Some((local + 1 + domain, format!("{initial}***@{known}***{end}")))
}

/// A local part in quotation marks (RFC 5322 section 3.4.1), as far as the `@`.
fn quoted(text: &[char]) -> Option<usize> {
    let inner = text.strip_prefix(&['"'])?;
    let end = inner.iter().take(QUOTED).position(|c| *c == '"')?;
    (inner.get(end + 1) == Some(&'@')).then_some(end + 2)
}

/// A word that names a person.
fn person(text: &[char], people: &[String]) -> Option<Masked> {
    let length = trimmed(text, run(text, is_of_word));
    let word: String = text.iter().take(length).flat_map(|c| c.to_lowercase()).collect();
    let known = people
        .iter()
        .any(|person| *person == word || word.len() > 2 && person.split(|c| !is_of_word(c)).any(|part| part == word));
    (known && !word.is_empty()).then(|| (length, format!("{}***", text.iter().take(1).collect::<String>())))
}

/// A word that may be a secret.
fn token(text: &[char]) -> Option<Masked> {
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '=');
    let length = text.iter().take_while(|c| is_of_token(**c)).count();
    let word = text.get(..length)?;
    let mixed = word.iter().any(char::is_ascii_digit) && word.iter().any(char::is_ascii_alphabetic);
    (length >= TOKEN && mixed).then(|| (length, "…".to_owned()))
}

/// Four numbers with dots between them, among others or alone.
fn v4(text: &[char]) -> Option<Masked> {
    let length = trimmed(text, run(text, is_of_v4));
    let numbers: String = text.iter().take(length).collect();
    let parts: Vec<bool> = numbers.split('.').map(|part| part.parse::<u8>().is_ok()).collect();
    parts.windows(4).any(|four| four.iter().all(|is_byte| *is_byte)).then(|| (length, IP.to_owned()))
}

fn v6(text: &[char]) -> Option<Masked> {
    let length = run(text, is_of_v6);
    let length =
        if text.get(..length).is_some_and(|text| text.ends_with(&[':', ':'])) { length } else { trimmed(text, length) };
    let groups: String = text.iter().take(length).collect();
    groups.parse::<Ipv6Addr>().is_ok().then(|| (length, IP.to_owned()))
}

fn run(text: &[char], is_of: fn(char) -> bool) -> usize {
    text.iter().take_while(|c| is_of(**c)).count()
}

/// The length without punctuation at the end, which belongs to the sentence.
fn trimmed(text: &[char], length: usize) -> usize {
    text.iter().take(length).rposition(|c| !matches!(c, '.' | ':')).map_or(0, |last| last + 1)
}

/// What stands before the `@` without quotation marks (RFC 5322 section 3.2.3, but for what separates words elsewhere).
fn is_of_local(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '!' | '#' | '$' | '%' | '*' | '+' | '-' | '.' | '=' | '^' | '_' | '{' | '}' | '~')
}

fn is_of_domain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '.' | '_')
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
}

const fn is_of_v4(c: char) -> bool {
    c.is_ascii_digit() || c == '.'
}

const fn is_of_v6(c: char) -> bool {
    c.is_ascii_hexdigit() || matches!(c, ':' | '.')
}
