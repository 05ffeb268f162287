//! What one call to a mail service tells: how far TLS came, and whether the certificate holds (RFC 9525, RFC 8996).
//!
//! One session alone, whatever its port; how bad that is for which service is the check's business.

use std::time::{Duration, UNIX_EPOCH};

use crate::facts::{Distrust, Leaf, Secured, Session, Tls};

/// How soon a certificate is over that should have been renewed by now, in days: automatic renewal comes a month ahead.
const SOON: i64 = 14;

const DAY: i64 = 24 * 60 * 60;

/// The last second that a date of four digits for the year can tell.
const LAST: u64 = 253_402_300_799;

/// How many names of a certificate are told.
const MOST_NAMES: usize = 5;

/// What is wrong with a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server asks to come back later: its reply.
    Later(String),
    /// The server turns the caller away: its reply.
    TurnedAway(String),
    /// STARTTLS is not offered.
    NotOffered,
    /// STARTTLS is offered and refused: the reply.
    Refused(String),
    /// Text behind the reply to STARTTLS.
    Injected,
    /// Nothing above TLS 1.1.
    TooOld,
    /// The handshake fails: why.
    Handshake(String),
    /// The certificate is over since this date.
    Expired(String),
    /// The certificate is over at this date, in so many days.
    ExpiresSoon(String, i64),
    /// The chain does not lead to a root that the public trusts: why.
    Untrusted(String),
    /// The certificate is for these names.
    OtherNames(String),
}

/// All that is wrong with a session at a time, in seconds since 1970.
pub(super) fn troubles(session: &Session, now: i64) -> Vec<Trouble> {
    match &session.tls {
        Tls::TurnedAway(reply) if reply.starts_with('4') => vec![Trouble::Later(reply.clone())],
        Tls::TurnedAway(reply) => vec![Trouble::TurnedAway(reply.clone())],
        Tls::NotOffered => vec![Trouble::NotOffered],
        Tls::Refused(reply) => vec![Trouble::Refused(reply.clone())],
        Tls::Injected => vec![Trouble::Injected],
        Tls::TooOld => vec![Trouble::TooOld],
        Tls::Failed(why) => vec![Trouble::Handshake(why.clone())],
        Tls::Up(secured) => certificate(secured, now),
    }
}

/// What is wrong with the certificate: its date, its issuer, its names.
fn certificate(secured: &Secured, now: i64) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let leaf = secured.leaf.as_ref();
    match leaf {
        Some(leaf) if leaf.not_after < now => troubles.push(Trouble::Expired(date(leaf.not_after))),
        Some(leaf) if leaf.not_after - now < SOON * DAY => {
            troubles.push(Trouble::ExpiresSoon(date(leaf.not_after), (leaf.not_after - now) / DAY));
        }
        _ => {}
    }
    let over = matches!(troubles.first(), Some(Trouble::Expired(_)));
    if let Err(why) = &secured.trusted
        && !(over && *why == Distrust::Expired)
    {
        troubles.push(Trouble::Untrusted(why.to_string()));
    }
    if !secured.names_host {
        troubles.push(Trouble::OtherNames(leaf.map_or_else(|| "no name".to_owned(), names)));
    }
    troubles
}

/// What a secured connection showed, in a line: the protocol, the issuer, until when, for which names.
pub(in crate::mail) fn shown(secured: &Secured) -> String {
    match &secured.leaf {
        Some(leaf) => format!(
            "{}, certificate for {}, by {}, until {}",
            secured.version,
            names(leaf),
            leaf.issuer,
            date(leaf.not_after)
        ),
        None => format!("{}, a certificate that cannot be read", secured.version),
    }
}

/// Why a certificate does not prove to a strict sender that this is the host; `None` where it does.
pub(in crate::mail) fn distrust(secured: &Secured) -> Option<String> {
    match (&secured.trusted, secured.names_host, &secured.leaf) {
        (Err(why), ..) => Some(why.to_string()),
        (Ok(()), false, Some(leaf)) => Some(format!("the certificate is for {}", names(leaf))),
        (Ok(()), false, None) => Some("the certificate is for other names".to_owned()),
        (Ok(()), true, _) => None,
    }
}

/// Why there is no TLS at all in a session of a server that was reached; `None` where there is, or where the server
/// turned the caller away before.
pub(in crate::mail) fn no_tls(session: &Session) -> Option<String> {
    match &session.tls {
        Tls::NotOffered => Some("the server does not offer STARTTLS".to_owned()),
        Tls::Refused(_) => Some("the server refuses STARTTLS".to_owned()),
        Tls::Injected => Some("the server says more than its reply to STARTTLS before TLS".to_owned()),
        Tls::TooOld => Some("the server knows no TLS above 1.1".to_owned()),
        Tls::Failed(why) => Some(why.clone()),
        Tls::TurnedAway(_) | Tls::Up(_) => None,
    }
}

/// The names of a certificate, a few of them.
fn names(leaf: &Leaf) -> String {
    let mut told = leaf.names.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>();
    match leaf.names.len() {
        0 => told.push("no name"),
        all if all > MOST_NAMES => told.push("…"),
        _ => {}
    }
    told.join(", ")
}

/// The day of a time in seconds since 1970, in UTC.
pub(in crate::mail) fn date(time: i64) -> String {
    let since = Duration::from_secs(u64::try_from(time).unwrap_or(0).min(LAST));
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::lab::secured;

    #[test]
    fn a_certificate_is_held_against_the_day() {
        let mut shown = secured();
        let leaf = shown.leaf.as_mut().unwrap();
        leaf.not_after = 1_000 * DAY;
        let at = |now| certificate(&shown, now);
        assert_eq!(at(900 * DAY), []);
        assert_eq!(at(986 * DAY), []);
        assert_eq!(at(986 * DAY + 1), [Trouble::ExpiresSoon("1972-09-27".to_owned(), 13)]);
        assert_eq!(at(1_000 * DAY), [Trouble::ExpiresSoon("1972-09-27".to_owned(), 0)]);
        assert_eq!(at(1_000 * DAY + 1), [Trouble::Expired("1972-09-27".to_owned())]);
    }

    #[test]
    fn an_expired_certificate_is_told_once() {
        let mut shown = Secured { trusted: Err(Distrust::Expired), ..secured() };
        let not_after = shown.leaf.as_ref().unwrap().not_after;
        assert_eq!(certificate(&shown, not_after + 1), [Trouble::Expired(date(not_after))]);
        // One of the issuers' certificates is over.
        assert_eq!(certificate(&shown, 0), [Trouble::Untrusted("the certificate has expired".to_owned())]);
        shown.trusted = Err(Distrust::UnknownIssuer);
        shown.names_host = false;
        assert_eq!(certificate(&shown, not_after + 1).len(), 3);
    }

    #[test]
    fn any_time_has_a_day() {
        for (time, day) in [
            (0, "1970-01-01"),
            (-1, "1970-01-01"),
            (i64::MIN, "1970-01-01"),
            (i64::MAX, "9999-12-31"),
            (DAY, "1970-01-02"),
        ] {
            assert_eq!(date(time), day);
        }
    }
}
