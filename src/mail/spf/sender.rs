//! Who sends: the arguments of `check_host()`, and what macros stand for (RFC 7208 sections 4.1 and 7.2).

use std::fmt::Write as _;
use std::net::IpAddr;

use super::macros::Letter;

/// Whose mail is judged, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The address of the client that connects.
    pub ip: IpAddr,
    /// The name in its HELO or EHLO.
    pub helo: String,
    /// The address in its MAIL FROM; empty for a bounce, which is judged as `postmaster@` the HELO name (section 2.4).
    pub mail_from: String,
    /// The time in seconds since 1970, for `%{t}`.
    pub now: u64,
    /// The name of the host that does the check, for `%{r}`; empty if there is none.
    pub receiver: String,
}

impl Sender {
    /// The domain whose record is looked up first, as it was written (section 2.4).
    pub fn domain(&self) -> &str {
        let address = self.mail_from.trim_matches(['<', '>']);
        match address.rsplit_once('@') {
            Some((_, domain)) => domain,
            None if address.is_empty() => &self.helo,
            None => address,
        }
    }
}

/// The sender as macros see it.
#[derive(Debug)]
pub(super) struct Identity<'s> {
    sender: &'s Sender,
    /// The client's address; one mapped into IPv6 counts as IPv4 (section 5).
    pub(super) ip: IpAddr,
    local_part: &'s str,
    /// The domain whose record is looked up first.
    pub(super) domain: String,
}

impl<'s> Identity<'s> {
    pub(super) fn of(sender: &'s Sender) -> Self {
        let address = sender.mail_from.trim_matches(['<', '>']);
        let local_part = address.rsplit_once('@').map_or("", |(local_part, _)| local_part);
        let local_part = if local_part.is_empty() { "postmaster" } else { local_part };
        // A domain in other letters is looked up by its A-labels (section 4.3).
        let domain = match sender.domain() {
            ascii if ascii.is_ascii() => ascii.to_owned(),
            other => idna::domain_to_ascii(other).unwrap_or_else(|_| other.to_owned()),
        };
        Self { sender, ip: sender.ip.to_canonical(), local_part, domain }
    }

    /// What a letter stands for while the record of `domain` is evaluated; the validated name takes questions.
    pub(super) fn value(&self, letter: Letter, domain: &str) -> Option<String> {
        Some(match letter {
            Letter::Sender => format!("{}@{}", self.local_part, self.domain),
            Letter::LocalPart => self.local_part.to_owned(),
            Letter::SenderDomain => self.domain.clone(),
            Letter::Domain => domain.to_owned(),
            Letter::Ip => dotted(self.ip),
            Letter::ValidatedName => return None,
            Letter::ReverseZone => if self.ip.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
            Letter::Helo => self.sender.helo.clone(),
            Letter::ReadableIp => self.ip.to_string(),
            Letter::Receiver if self.sender.receiver.is_empty() => "unknown".to_owned(),
            Letter::Receiver => self.sender.receiver.clone(),
            Letter::Timestamp => self.sender.now.to_string(),
        })
    }
}

/// Decimal octets or hexadecimal nibbles with dots between them.
fn dotted(ip: IpAddr) -> String {
    let v6 = match ip {
        IpAddr::V4(v4) => return v4.to_string(),
        IpAddr::V6(v6) => v6,
    };
    let mut text = String::new();
    for octet in v6.octets() {
        let dot = if text.is_empty() { "" } else { "." };
        let _ = write!(text, "{dot}{:X}.{:X}", octet >> 4, octet & 15);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_local_part_is_that_of_the_postmaster() {
        for (mail_from, sender, domain) in [
            ("anna@example.com", "anna@example.com", "example.com"),
            ("<anna@example.com>", "anna@example.com", "example.com"),
            ("a@b@example.com", "a@b@example.com", "example.com"),
            ("@example.com", "postmaster@example.com", "example.com"),
            ("example.com", "postmaster@example.com", "example.com"),
            ("", "postmaster@mx.example", "mx.example"),
            ("<>", "postmaster@mx.example", "mx.example"),
            ("anna@bücher.example", "anna@xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            let helo = "mx.example".to_owned();
            let given = Sender {
                ip: [192, 0, 2, 1].into(),
                helo,
                mail_from: mail_from.into(),
                now: 0,
                receiver: String::new(),
            };
            let identity = Identity::of(&given);
            assert_eq!(identity.value(Letter::Sender, "").as_deref(), Some(sender), "{mail_from}");
            assert_eq!(identity.domain, domain, "{mail_from}");
        }
    }

    #[test]
    fn an_ipv6_address_is_told_in_nibbles() {
        assert_eq!(
            dotted("2001:db8::cb01".parse().expect("an address")),
            "2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.C.B.0.1"
        );
    }
}
