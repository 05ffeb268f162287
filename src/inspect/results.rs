//! Authentication-Results (RFC 8601): what servers say they found. Only the host's own are to be trusted, since whoever
//! sends can write one too; all others are claims.

use serde::Serialize;

use super::date::without_comments;
use super::hops::is_own;
use super::original::Original;
use crate::config::Host;
use crate::mail::tags::excerpt;

/// How many fields are read, from the top.
const MOST: usize = 20;

/// How many results of one field are read.
const MOST_RESULTS: usize = 40;

/// How many bytes of one field are read.
const LONGEST: usize = 16 * 1024;

/// What one server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Results {
    /// The server (authserv-id).
    pub by: String,
    /// Whether it is one of the host's own.
    pub trusted: bool,
    /// What it found.
    pub results: Vec<Found>,
}

/// What one method found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The method: `spf`, `dkim`, `dmarc`, `arc`, …
    pub method: String,
    /// The result.
    pub result: String,
    /// The domain that it is about, where one is told; of addresses, the domain alone.
    pub domain: Option<String>,
}

/// What stands in a message's Authentication-Results, from the top.
pub fn results(message: &Original, host: &Host) -> Vec<Results> {
    let fields = message.named("Authentication-Results").take(MOST);
    fields.filter_map(|field| read(field.value.get(..LONGEST.min(field.value.len()))?, host)).collect()
}

fn read(value: &[u8], host: &Host) -> Option<Results> {
    let text = without_comments(&String::from_utf8_lossy(value));
    let mut parts = pieces(&text).into_iter();
    // A version may stand behind the name.
    let by = parts.next()?.split_whitespace().next()?.trim_matches('"').to_owned();
    if by.contains('=') {
        return None;
    }
    let results = parts.filter_map(found).take(MOST_RESULTS).collect();
    let trusted = is_own(&by, host) || host.authserv_ids.iter().any(|id| id.eq_ignore_ascii_case(&by));
    Some(Results { trusted, by: excerpt(&by), results })
}

/// The parts between semicolons that stand outside quotes.
fn pieces(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    })
    .collect()
}

/// Reads one part, such as `dkim=pass header.d=example.com`.
fn found(part: &str) -> Option<Found> {
    let mut words = part.split_whitespace();
    let first = words.next()?;
    let (method, result) = match first.split_once('=') {
        Some((method, "")) => (method, words.next()?),
        Some(both) => both,
        None => match words.next()?.strip_prefix('=')? {
            "" => (first, words.next()?),
            result => (first, result),
        },
    };
    let method = method.split('/').next().unwrap_or(method).to_ascii_lowercase();
    let wanted: &[&str] = match method.as_str() {
        "dkim" => &["header.d", "header.i"],
        "spf" => &["smtp.mailfrom", "smtp.mfrom", "smtp.helo"],
        _ => &["header.from", "header.d"],
    };
    let properties: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
    let domain =
        wanted.iter().find_map(|name| properties.iter().find(|(property, _)| property.eq_ignore_ascii_case(name)));
    let domain =
        domain.map(|(_, value)| value.trim_matches('"')).map(|value| value.rsplit('@').next().unwrap_or(value));
    Some(Found {
        method: excerpt(&method),
        result: excerpt(&result.to_ascii_lowercase()),
        domain: domain.filter(|domain| !domain.is_empty()).map(excerpt),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(text: &str) -> Option<(String, String)> {
        let authserv_ids = vec!["Auth.Host.Example".to_owned()];
        let host = Host { mx: vec!["mx1.host.example".parse().unwrap()], authserv_ids, ..Host::default() };
        let read = read(text.as_bytes(), &host)?;
        let results = read.results.iter().map(|found| {
            format!(
                "{}={}{}",
                found.method,
                found.result,
                found.domain.as_ref().map(|d| format!("@{d}")).unwrap_or_default()
            )
        });
        Some((format!("{}{}", read.by, if read.trusted { "!" } else { "" }), results.collect::<Vec<_>>().join(" ")))
    }

    #[test]
    fn results_are_read_and_only_the_own_are_trusted() {
        for (text, by, results) in [
            (
                " mx1.host.example; spf=pass (all; is well) smtp.mailfrom=anna@example.com;\r\n dkim=fail reason=\"a; b\" header.d=example.com",
                "mx1.host.example!",
                "spf=pass@example.com dkim=fail@example.com",
            ),
            (" MX1.HOST.EXAMPLE 1; none", "MX1.HOST.EXAMPLE!", ""),
            (
                " mx.evil.example; dmarc=PASS (p=REJECT) header.from=example.com; arc=none",
                "mx.evil.example",
                "dmarc=pass@example.com arc=none",
            ),
            (" host.example; dkim/1 = pass header.i=@example.com", "host.example", "dkim=pass@example.com"),
            (" host.example; dkim/1= pass header.i=@example.com", "host.example", "dkim=pass@example.com"),
            (" auth.host.example; spf=pass", "auth.host.example!", "spf=pass"),
            (" x.auth.host.example; spf=pass", "x.auth.host.example", "spf=pass"),
            (" mx1.host.example.; auth=pass", "mx1.host.example.!", "auth=pass"),
        ] {
            assert_eq!(read_as(text), Some((by.to_owned(), results.to_owned())), "{text}");
        }
        for text in ["", " ;", " spf=pass smtp.mailfrom=x"] {
            assert_eq!(read_as(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}|[a=;\"() ./]{0,60}") {
            let _ = read(text.as_bytes(), &Host::default());
        }
    }
}
