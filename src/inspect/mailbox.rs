//! The addresses of a header field such as From (RFC 5322 sections 3.4 and 4.4): what counts of them is their domain.
//!
//! Display names, comments and local parts are private and are not kept.

use super::signature::read::domain_name;
use crate::domain::Name;

/// How many addresses of a field are read.
const MOST: usize = 100;

/// One address: its domain, where that is a name.
pub(super) type Address = Option<Name>;

/// The addresses of a field's value.
pub(super) fn addresses(text: &str) -> Vec<Address> {
    let (mut found, mut scan) = (Vec::new(), Scan::default());
    for c in text.chars() {
        if found.len() >= MOST {
            return found;
        }
        if std::mem::take(&mut scan.escaped) {
            continue;
        }
        match c {
            '\\' if scan.quoted || scan.depth > 0 => scan.escaped = true,
            '"' if scan.depth == 0 => scan.quoted = !scan.quoted,
            _ if scan.quoted => {}
            '(' => scan.depth += 1,
            ')' => scan.depth = scan.depth.saturating_sub(1),
            _ if scan.depth > 0 => {}
            '<' => {
                scan.angle = true;
                scan.text.clear();
            }
            '>' => {
                scan.angle = false;
                scan.done = Some(std::mem::take(&mut scan.text));
            }
            ',' | ';' if !scan.angle => found.extend(scan.next()),
            // The name of a group.
            ':' if !scan.angle && scan.done.is_none() && !scan.text.contains('[') => scan.text.clear(),
            _ if scan.done.is_none() => scan.text.push(c),
            _ => {}
        }
    }
    found.extend(scan.next());
    found
}

/// The domain of one address, as in Return-Path; none where there is no address or its domain is no name.
pub(super) fn domain_of(text: &str) -> Address {
    addresses(text).into_iter().next().flatten()
}

/// How far a field was read.
#[derive(Default)]
struct Scan {
    text: String,
    /// What stood in angle brackets.
    done: Option<String>,
    angle: bool,
    quoted: bool,
    depth: usize,
    escaped: bool,
}

impl Scan {
    /// The address that ends here, if there is any.
    fn next(&mut self) -> Option<Address> {
        let text = std::mem::take(&mut self.text);
        let address = self.done.take().unwrap_or(text);
        let address = address.trim();
        (!address.is_empty()).then(|| {
            let domain: String = address.rsplit_once('@')?.1.split_whitespace().collect();
            domain_name(domain.trim_end_matches('.'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_found_whatever_stands_around_it() {
        for (text, domains) in [
            ("anna@example.com", "example.com"),
            ("Anna <anna@Example.COM>", "example.com"),
            ("\"a@b.example, <x@y.example>\" <anna@example.com>", "example.com"),
            ("anna@example.com (not <x@evil.example>)", "example.com"),
            ("(a (b) \\) c) anna@example.com", "example.com"),
            ("\"odd \\\" local\"@example.com", "example.com"),
            ("a@example.com, B <b@example.org>", "example.com example.org"),
            ("Team: a@example.com, b@example.com;", "example.com example.com"),
            ("Nobody:;", ""),
            ("", ""),
            ("<>", ""),
            ("<@relay.example:anna@example.com>", "example.com"),
            ("anna @ example . com", "example.com"),
            ("anna@b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("anna@[192.0.2.1]", "-"),
            ("anna", "-"),
            ("anna@exa_mple.com.", "exa_mple.com"),
            ("Anna <anna@example.com", "example.com"),
        ] {
            let found =
                addresses(text).iter().map(|a| a.as_ref().map_or("-", Name::as_str).to_owned()).collect::<Vec<_>>();
            assert_eq!(found.join(" "), domains, "{text}");
        }
        assert_eq!(addresses(&"a@example.com,".repeat(500)).len(), MOST);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}|[a@.<>()\\\\\",:;\\[\\] ]{0,60}") {
            let _ = addresses(&text);
        }
    }
}
