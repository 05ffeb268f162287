//! What people write, without whom it is about: mail addresses, IP addresses and mentions are made unrecognizable before
//! anything is stored.
//!
//! Domains alone stay: they are what questions are about, and are public.

use std::net::Ipv6Addr;

/// The longest text that is kept, in characters: a question, not a mail.
const LONGEST: usize = 1000;
/// What stands for an IP address.
const IP: &str = "(IP address)";

/// Masks a text: `jane@example.com` becomes `j***@e***.com`, `192.0.2.1` becomes `(IP address)`.
pub fn mask(text: &str) -> String {
    let chars: Vec<char> = text.chars().take(LONGEST).collect();
    let mut masked = String::with_capacity(chars.len());
    let mut rest = chars.as_slice();
    let mut before = ' ';
    while let Some(&next) = rest.first() {
        let begins = |is_of: fn(char) -> bool| !is_of(before);
        let found = Some(rest)
            .filter(|_| begins(is_of_local))
            .and_then(address)
            .or_else(|| Some(rest).filter(|_| begins(is_of_v4)).and_then(v4))
            .or_else(|| Some(rest).filter(|_| begins(is_of_v6)).and_then(v6));
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
fn address(text: &[char]) -> Option<Masked> {
    let local = run(text, is_of_local);
    let behind = text.get(local..)?.strip_prefix(&['@'])?;
    if local == 0 {
        let name = run(behind, |c| is_of_local(c) || c == '&');
        return Some((1 + name, "@…".to_owned()));
    }
    let domain = trimmed(behind, run(behind, is_of_domain));
    let first = |text: &[char]| text.first().map(char::to_string).unwrap_or_default();
    let name: String = behind.iter().take(domain).collect();
    let end = name.rsplit_once('.').map(|(_, end)| format!(".{end}")).unwrap_or_default();
    let known = if domain == 0 { String::new() } else { first(behind) };
    Some((local + 1 + domain, format!("{}***@{known}***{end}", first(text))))
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

const fn is_of_v4(c: char) -> bool {
    c.is_ascii_digit() || c == '.'
}

const fn is_of_v6(c: char) -> bool {
    c.is_ascii_hexdigit() || matches!(c, ':' | '.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_and_machines_are_masked_and_domains_stay() {
        for (given, expected) in [
            ("mail to jane.doe@example.com bounces", "mail to j***@e***.com bounces"),
            ("<jane@example.co.uk>: failed", "<j***@e***.uk>: failed"),
            ("from 192.0.2.1 refused.", "from (IP address) refused."),
            ("[192.0.2.1]: no", "[(IP address)]: no"),
            ("192.0.2.1:25, 2001:db8::1;", "(IP address):25, (IP address);"),
            ("http://192.0.2.1/x", "http://(IP address)/x"),
            ("192.0.2.0/24", "(IP address)/24"),
            ("rfc822;jane@example.com", "rfc822;j***@e***.com"),
            ("mailto:jane@example.com", "mailto:j***@e***.com"),
            ("bounce+jane=example.com@lists.example", "b***@l***.example"),
            ("jane@[192.0.2.1]", "j***@***[(IP address)]"),
            ("fe80::1%eth0 and ::", "(IP address)%eth0 and (IP address)"),
            ("<@123456789012345678> help", "<@…> help"),
            ("<@!123456789012345678>", "<@…>"),
            ("ask @jane.", "ask @…"),
            ("why is example.com not found? it is at 10:30.", "why is example.com not found? it is at 10:30."),
            ("version 1.2.3", "version 1.2.3"),
            ("Jürgen@bücher.example", "J***@b***.example"),
            ("a@b=jane@example.com", "a***@b***=***@e***.com"),
        ] {
            assert_eq!(mask(given), expected, "{given}");
        }
    }

    proptest! {
        #[test]
        fn no_address_is_left(
            before in "[ -~]{0,12}[ ,<(\\[\"=]", local in "[a-z]{4,8}", name in "[a-z]{4,8}",
            after in "[ ,>)\\]\";.?!][ -~]{0,12}",
        ) {
            let masked = mask(&format!("{before}{local}@{name}.com{after}"));
            let address = format!("{local}@{name}.com");
            prop_assert!(!masked.contains(&address), "{}", masked);
        }

        #[test]
        fn no_ip_is_left(
            before in "[a-z ]{0,12}[ ,<(\\[\"=]", ip in any::<[u8; 4]>(), after in "[ ,>)\\]\";.:/][a-z ]{0,12}",
        ) {
            let ip = std::net::Ipv4Addr::from(ip).to_string();
            let masked = mask(&format!("{before}{ip}{after}"));
            prop_assert!(!masked.contains(&ip), "{}", masked);
        }

        #[test]
        fn anything_is_masked_without_a_panic(text in "\\PC{0,200}") {
            mask(&text);
        }
    }
}
