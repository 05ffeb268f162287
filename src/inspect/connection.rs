//! How a message came, as our own mail server saw it (`surface/mailbox`): who brought it, under which name, over what.
//!
//! Unlike all that stands in a message, the address and TLS are no claims. What follows from them: whether the address has
//! a name (iprev, RFC 8601 section 2.7.3), whether lists name it, whether the greeting's name is that of the address.

use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use super::date;
use super::signature::read::domain_name;
use crate::address::is_private;
use crate::config::Lists;
use crate::domain::Name;
use crate::facts::{Pending, Query, View};
use crate::finding::{Code, Finding};
use crate::mail::tags::excerpt;
use crate::mail::{dnsbl, ptr, spf};

/// How many bytes [`Received::traced`] adds at most.
pub const LONGEST_TRACE: usize = 4 * 1024;

/// How many characters of an address or a name are written into a trace; no longer ones can be mailed.
const LONGEST_NAME: usize = 320;

/// A message that our own mail server took.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// How it came.
    pub connection: Connection,
    /// The message, as it was sent.
    pub message: Vec<u8>,
}

impl fmt::Debug for Received {
    /// What is private in it is told to nobody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({} bytes)", self.message.len())
    }
}

/// How a message came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// The address of whoever brought it.
    pub address: IpAddr,
    /// The name in the greeting (HELO or EHLO).
    pub helo: String,
    /// The envelope sender; empty for a bounce.
    pub mail_from: String,
    /// Whether TLS covered it.
    pub tls: Tls,
    /// Our server's name.
    pub by: Name,
}

/// Whether TLS covered a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// Our server has none.
    NotOffered,
    /// It could have.
    NotUsed,
    /// It did.
    Used {
        /// The version, such as `TLSv1.3`.
        version: String,
        /// The cipher suite, by the name that IANA gives it.
        cipher: String,
    },
}

impl Connection {
    /// The sender for SPF, at a time in seconds since 1970.
    pub fn sender(&self, now: u64) -> spf::Sender {
        spf::Sender {
            ip: self.address,
            helo: self.helo.clone(),
            mail_from: self.mail_from.clone(),
            now,
            receiver: self.by.to_string(),
        }
    }
}

impl Received {
    /// The message with the lines on top that a server writes on delivery (RFC 5321 section 4.4), at a time in seconds since
    /// 1970: spam filters and the way of the message are read from them.
    pub fn traced(&self, now: i64) -> Vec<u8> {
        let Connection { address, helo, mail_from, tls, by } = &self.connection;
        let plain = |text: &str| -> String {
            text.chars().filter(|c| !c.is_control() && !"<>()[];".contains(*c)).take(LONGEST_NAME).collect()
        };
        let literal = match address {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("IPv6:{v6}"),
        };
        let with = if matches!(tls, Tls::Used { .. }) { "ESMTPS" } else { "ESMTP" };
        let trace = format!(
            "Return-Path: <{}>\r\nReceived: from {} ([{literal}])\r\n\tby {by} with {with};\r\n\t{}\r\n",
            plain(mail_from),
            plain(helo).replace(' ', "_"),
            date::written(now),
        );
        [trace.as_bytes(), &self.message].concat()
    }
}

/// What is to be said of a connection; pending until all that it takes is known.
pub(super) fn judge(connection: &Connection, lists: &Lists, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let address = connection.address;
    let mut findings = of_tls(connection);
    if is_private(address) {
        // Nobody on the internet knows anything of it.
        findings.push(Finding::new(Code::MessageClientPrivate, address).detail("address", address));
        return Ok(findings);
    }
    let (named, listed) = (ptr::of_client(address, view), dnsbl::of_client(address, lists, view));
    findings.push(of_helo(connection, view)?);
    findings.push(named?);
    findings.extend(listed?);
    Ok(findings)
}

fn of_tls(connection: &Connection) -> Vec<Finding> {
    let about = |code| Finding::new(code, connection.address);
    match &connection.tls {
        Tls::NotOffered => Vec::new(),
        Tls::NotUsed => vec![about(Code::MessageNoTls)],
        Tls::Used { version, cipher } => {
            vec![about(Code::MessageTls).detail("version", version).detail("cipher", cipher)]
        }
    }
}

/// Whether the name of the greeting is one, and that of the address.
fn of_helo(Connection { address, helo, .. }: &Connection, view: &mut View<'_>) -> Result<Finding, Pending> {
    let alone = helo.trim_end_matches('.');
    let name = domain_name(alone).filter(|name| name.labels().count() > 1);
    let Some(name) = name.filter(|_| alone.parse::<IpAddr>().is_err()) else {
        return Ok(Finding::new(Code::MessageHeloMalformed, address).detail("helo", excerpt(helo)));
    };
    let about = |code| Finding::new(code, address).detail("host", &name);
    let question = Query::address_like(&name, *address);
    let reply = view.get(question.clone())?;
    Ok(match reply.addresses() {
        Err(cause) => about(Code::MessageHeloUnknown).detail("cause", cause).evidence(format!("{question}: {cause}")),
        Ok(none) if none.is_empty() => about(Code::MessageHeloMissing),
        Ok(found) => {
            let code = if found.contains(address) { Code::MessageHeloConfirmed } else { Code::MessageHeloElsewhere };
            let finding = about(code);
            let finding = if code == Code::MessageHeloElsewhere { finding.detail("address", address) } else { finding };
            found.iter().fold(finding, |finding, found| finding.evidence(format!("{question} {found}")))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::hops::way;
    use crate::inspect::original::Original;
    use crate::mail::lab::Lab;

    const CLIENT: &str = "
        2.2.0.192.in-addr.arpa PTR out.example.com
        out.example.com A 192.0.2.2
        other.example.com A 192.0.2.9
        quiet.example.com A servfail
        2.0.0.127.bl.example A 127.0.0.2";

    fn connection(address: &str, helo: &str) -> Connection {
        Connection {
            address: address.parse().unwrap(),
            helo: helo.to_owned(),
            mail_from: "anna@example.com".to_owned(),
            tls: Tls::NotOffered,
            by: "test.host.example".parse().unwrap(),
        }
    }

    fn found(connection: &Connection, more: &str) -> Vec<Code> {
        let lists = Lists { addresses: vec!["bl.example".parse().unwrap()], domains: Vec::new(), senderscore: None };
        let lab = Lab::new("example.com", &format!("{CLIENT}\n{more}"));
        let (findings, ..) = lab.settle(|view| judge(connection, &lists, view));
        findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn the_name_the_greeting_and_the_lists_of_whoever_sends_are_judged() {
        use Code::*;
        let sound = [MessageHeloConfirmed, MessagePtrConfirmed, MessageClientClear];
        assert_eq!(found(&connection("192.0.2.2", "out.example.com"), ""), sound);
        for (helo, code) in [
            ("other.example.com", MessageHeloElsewhere),
            ("nowhere.example.com", MessageHeloMissing),
            ("localhost", MessageHeloMalformed),
            ("192.0.2.2", MessageHeloMalformed),
            ("[192.0.2.2]", MessageHeloMalformed),
            ("", MessageHeloMalformed),
            ("quiet.example.com", MessageHeloUnknown),
        ] {
            assert_eq!(found(&connection("192.0.2.2", helo), "")[0], code, "{helo}");
        }
        let at = |address, more: &str| found(&connection(address, "out.example.com"), more)[1..].to_vec();
        assert_eq!(at("192.0.2.3", ""), [MessagePtrMissing, MessageClientClear]);
        let elsewhere = "3.2.0.192.in-addr.arpa PTR out.example.com";
        assert_eq!(at("192.0.2.3", elsewhere), [MessagePtrNotConfirmed, MessageClientClear]);
        let generic = "3.2.0.192.in-addr.arpa PTR h-192-0-2-3.isp.example\nh-192-0-2-3.isp.example A 192.0.2.3";
        assert_eq!(at("192.0.2.3", generic), [MessagePtrGeneric, MessageClientClear]);
        let silent = "3.2.0.192.in-addr.arpa PTR silent";
        assert_eq!(at("192.0.2.3", silent), [MessagePtrUnknown, MessageClientClear]);
        let listed = "3.2.0.192.bl.example A 127.0.0.4\n3.2.0.192.bl.example TXT spam was seen";
        assert_eq!(at("192.0.2.3", listed), [MessagePtrMissing, MessageClientListed]);
        assert_eq!(at("192.0.2.3", "3.2.0.192.bl.example A silent"), [MessagePtrMissing, DnsblUnknown]);
    }

    #[test]
    fn a_list_of_home_lines_is_told_from_one_of_senders_of_spam() {
        let lists = Lists { addresses: vec!["zen.spamhaus.org".parse().unwrap()], ..Lists::default() };
        let table = "2.0.0.127.zen.spamhaus.org A 127.0.0.2\n2.2.0.192.zen.spamhaus.org A 127.0.0.10";
        let lab = Lab::new("example.com", table);
        let (findings, ..) = lab.settle(|view| judge(&connection("192.0.2.2", "x"), &lists, view));
        assert_eq!(findings.last().map(|finding| finding.code), Some(Code::MessageClientPolicy));
    }

    #[test]
    fn of_an_address_that_is_not_of_the_internet_nobody_is_asked() {
        let lab = Lab::new("example.com", "");
        let (findings, rounds, _) =
            lab.settle(|view| judge(&connection("10.0.0.1", "out.example.com"), &Lists::default(), view));
        assert_eq!((findings.len(), findings[0].code, rounds), (1, Code::MessageClientPrivate, 0));
    }

    #[test]
    fn tls_that_was_not_offered_is_nobodys_fault() {
        let used = Tls::Used { version: "TLSv1.3".to_owned(), cipher: "TLS_AES_256_GCM_SHA384".to_owned() };
        for (tls, code) in
            [(Tls::NotOffered, None), (Tls::NotUsed, Some(Code::MessageNoTls)), (used, Some(Code::MessageTls))]
        {
            let connection = Connection { tls, ..connection("10.0.0.1", "x") };
            assert_eq!(of_tls(&connection).first().map(|finding| finding.code), code);
        }
    }

    #[test]
    fn the_trace_tells_the_way_and_nothing_in_it_can_begin_a_field() {
        let mut connection = connection("2001:db8::2", "out.example.com");
        connection.mail_from = "a\r\nX-Evil: 1\r\n\r\n<b>@example.com".to_owned();
        let received = Received { connection, message: b"From: a@example.com\r\n\r\nHi\r\n".to_vec() };
        let read = Original::read(&received.traced(1_700_000_000)).unwrap();
        let names: Vec<_> = read.fields().map(|field| String::from_utf8_lossy(field.name).into_owned()).collect();
        assert_eq!(names, ["Return-Path", "Received", "From"]);
        assert_eq!(read.body(), b"Hi\r\n");
        let hop = &way(&read, &crate::config::Host::default()).hops[0];
        assert_eq!((hop.from.as_deref(), hop.by.as_deref()), (Some("out.example.com"), Some("test.host.example")));
        assert_eq!((hop.address, hop.time), ("2001:db8::2".parse().ok(), Some(1_700_000_000)));
        let long = Connection { helo: "h".repeat(900), mail_from: "\u{fc}".repeat(900), ..received.connection };
        let received = Received { connection: long, message: Vec::new() };
        assert!(received.traced(i64::MAX / 1_000_000).len() <= LONGEST_TRACE);
    }
}
