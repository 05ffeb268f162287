//! The way of a message: what each server wrote into Received when it took the message (RFC 5321 section 4.4, and the many
//! forms that servers have of it), and how long it stayed where.
//!
//! All of it is a claim but for what the host's own servers wrote: whoever sends can put any Received below theirs. For
//! whom it was (`for`) is private and is not kept.

use std::net::IpAddr;

use serde::Serialize;

use super::date::{self, Stamp};
use super::original::Original;
use crate::config::Host;
use crate::domain::Name;
use crate::mail::tags::excerpt;

/// How many hops are read, from the top: mail that passes forwarders, lists and filters has about twenty.
pub const MOST: usize = 50;

/// How many bytes of one field are read.
const LONGEST: usize = 4096;

/// The way of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The hops, from the sender to the mailbox.
    pub hops: Vec<Hop>,
    /// How many more there are, before the first of these.
    pub more: usize,
}

/// One server that took the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// The name that the sending host gave itself.
    pub from: Option<String>,
    /// Its address, as the server saw it.
    pub address: Option<IpAddr>,
    /// The server.
    pub by: Option<String>,
    /// The protocol.
    pub with: Option<String>,
    /// When, in seconds since 1970, by the server's clock.
    pub time: Option<i64>,
    /// How many seconds after the hop before; below zero where one of the clocks is wrong.
    pub delay: Option<i64>,
    /// Whether the host's own server says so.
    pub trusted: bool,
}

/// Reads the way of a message.
pub fn way(message: &Original, host: &Host) -> Way {
    let received = message.named("Received");
    let more = received.len().saturating_sub(MOST);
    let mut hops: Vec<Hop> = received.take(MOST).map(|field| read(&start(field.value))).collect();
    // Ours are on top, without a stranger's between.
    for hop in &mut hops {
        hop.trusted = hop.by.as_deref().is_some_and(|by| is_own(by, host));
        if !hop.trusted {
            break;
        }
    }
    hops.reverse();
    let mut before: Option<i64> = None;
    for hop in &mut hops {
        hop.delay = hop.time.zip(before).map(|(time, before)| time - before);
        before = hop.time.or(before);
    }
    Way { hops, more }
}

/// Whether a name is that of one of the host's own servers.
pub(super) fn is_own(name: &str, host: &Host) -> bool {
    name.trim_end_matches('.').parse::<Name>().is_ok_and(|name| host.mx.contains(&name))
}

/// The beginning of a field in one line.
fn start(value: &[u8]) -> String {
    let start = value.get(..LONGEST.min(value.len())).unwrap_or_default();
    String::from_utf8_lossy(start).replace(['\r', '\n'], " ")
}

/// Reads one field.
fn read(text: &str) -> Hop {
    let (clauses, date) = split_date(text);
    let mut hop = Hop { from: None, address: None, by: None, with: None, time: None, delay: None, trusted: false };
    let words = words(clauses);
    let mut clause = "";
    for (at, word) in words.iter().enumerate() {
        match word {
            Word::Plain(word) => match word.to_ascii_lowercase().as_str() {
                // A comment may begin the field, and `from` is also a word in others.
                "from" if at == 0 || clause.is_empty() => clause = "from",
                "by" => clause = "by",
                "with" => clause = "with",
                "via" => clause = "via",
                "id" => clause = "id",
                "for" => clause = "for",
                _ => match clause {
                    "from" if hop.from.is_none() => {
                        hop.from = Some(excerpt_of(word));
                        hop.address = hop.address.or_else(|| address(word));
                    }
                    "by" if hop.by.is_none() => hop.by = Some(excerpt_of(word)),
                    "with" => {
                        let protocol = hop.with.get_or_insert_default();
                        if protocol.len() < 40 {
                            *protocol = excerpt_of(format!("{protocol} {word}").trim());
                        }
                    }
                    _ => {}
                },
            },
            Word::Comment(comment) if clause == "from" => {
                if let Some(found) = address(comment) {
                    hop.address = Some(found);
                }
                // qmail and Exim tell the name of the greeting in the comment.
                let helo = comment.split_once("HELO ").or_else(|| comment.split_once("helo="));
                if let Some((_, helo)) = helo {
                    hop.from = helo.split([' ', ')', ']']).next().filter(|helo| !helo.is_empty()).map(excerpt_of);
                }
            }
            Word::Comment(_) => {}
        }
    }
    hop.time = date::parse(date).map(|Stamp { seconds, .. }| seconds);
    hop
}

fn excerpt_of(word: &str) -> String {
    excerpt(word.trim_end_matches([';', ',']))
}

/// The clauses, and the date behind the last semicolon outside comments.
fn split_date(text: &str) -> (&str, &str) {
    let (mut depth, mut last) = (0_usize, None);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => last = Some(at),
            _ => {}
        }
    }
    // A comment that never ends hides no date.
    let last = last.or_else(|| text.rfind(';'));
    let halves = last.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
    halves.unwrap_or((text, ""))
}

enum Word<'t> {
    Plain(&'t str),
    Comment(&'t str),
}

/// The words and the outermost comments of a field.
fn words(text: &str) -> Vec<Word<'_>> {
    let (mut found, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let end = if first == '(' {
            let mut depth = 0_usize;
            let close = rest.char_indices().find(|(_, c)| {
                match c {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            close.map_or(rest.len(), |(at, _)| at + 1)
        } else {
            rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len())
        };
        let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        found.push(if first == '(' { Word::Comment(word) } else { Word::Plain(word) });
        rest = behind.trim_start();
    }
    found
}

/// The address in a text: in brackets, or alone.
fn address(text: &str) -> Option<IpAddr> {
    let parse = |word: &str| {
        let word = word.trim_matches(['[', ']', '(', ')', ',', ';']);
        let word = word.strip_prefix("IPv6:").or_else(|| word.strip_prefix("ipv6:")).unwrap_or(word);
        word.parse().ok()
    };
    let bracketed = text.split('[').skip(1).find_map(|rest| parse(rest.split(']').next()?));
    bracketed.or_else(|| text.split([' ', '(', ')', '=']).find_map(parse))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn received_is_read_in_whatever_form() {
        for (text, from, address, by, with) in [
            (
                "from mail.example.org (mail.example.org [192.0.2.1]) (using TLSv1.3 with cipher X (256/256 bits)) \
                 (No client certificate requested) by mx1.host.example (Postfix) with ESMTPS id 4ABC for <a@b.example>; \
                 Thu, 14 Jan 2015 15:01:30 -0800 (PST)",
                "mail.example.org",
                "192.0.2.1",
                "mx1.host.example",
                "ESMTPS",
            ),
            (
                "from [192.0.2.7] (helo=client) by mx.example.net with esmtpsa (TLS1.3) (Exim 4.96) \
                 (envelope-from <a@b.example>) id 1abc; Thu, 14 Jan 2015 23:01:30 +0000",
                "client",
                "192.0.2.7",
                "mx.example.net",
                "esmtpsa",
            ),
            (
                "from unknown (HELO sender.example) (192.0.2.8) by mx.example.net with SMTP; 14 Jan 2015 23:01:30 -0000",
                "sender.example",
                "192.0.2.8",
                "mx.example.net",
                "SMTP",
            ),
            (
                "from A.example.com (2001:db8::1) by B.example.com (2001:db8::2) with Microsoft SMTP Server \
                 (version=TLS1_2, cipher=X) id 15.20.1; Wed, 14 Jan 2015 23:01:30 +0000",
                "A.example.com",
                "2001:db8::1",
                "B.example.com",
                "Microsoft SMTP Server",
            ),
            (
                "from x.example (x.example [IPv6:2001:db8::5] (may be forged)) by mx (8.17/8.17) with ESMTP id X; \
                 Wed, 14 Jan 2015 23:01:30 GMT",
                "x.example",
                "2001:db8::5",
                "mx",
                "ESMTP",
            ),
            (
                "by 2002:a05:6000::1 with SMTP id x; Wed, 14 Jan 2015 15:01:30 -0800 (PST)",
                "",
                "",
                "2002:a05:6000::1",
                "SMTP",
            ),
            ("(qmail 123 invoked by uid 89); 14 Jan 2015 23:01:30 -0000", "", "", "", ""),
        ] {
            let hop = read(text);
            let seen = |text: &Option<String>| text.clone().unwrap_or_default();
            assert_eq!(
                (seen(&hop.from).as_str(), seen(&hop.by).as_str(), seen(&hop.with).as_str()),
                (from, by, with),
                "{text}"
            );
            assert_eq!(hop.address, address.parse().ok(), "{text}");
            assert_eq!(hop.time, Some(1_421_276_490), "{text}");
        }
        for text in ["", ";", "from", "from (", "by by by", "from a by b ((((;", "by \u{fc}; \u{fc}"] {
            assert_eq!(read(text).time, None, "{text}");
        }
    }

    const CHAIN: &str = "Received: from relay.example.org (relay.example.org [198.51.100.1]) by mx1.host.example; Thu, 1 Jan 2015 10:20:00 +0100\n\
        Received: from client by relay.example.org with ESMTPSA; Thu, 1 Jan 2015 09:00:00 +0000\n\
        Received: from evil by mx1.host.example; 1 Jan 2015 10:00:30 +0100\n\n";

    #[test]
    fn delays_are_told_from_the_sender_on_whatever_the_zones() {
        let host = Host { mx: vec!["mx1.host.example".parse().unwrap()], ..Host::default() };
        let way = way(&Original::read(CHAIN.as_bytes()).unwrap(), &host);
        let seen: Vec<_> = way.hops.iter().map(|hop| (hop.from.as_deref(), hop.delay, hop.trusted)).collect();
        assert_eq!(
            seen,
            [
                (Some("evil"), None, false),
                (Some("client"), Some(-30), false),
                (Some("relay.example.org"), Some(1200), true)
            ]
        );
    }

    #[test]
    fn only_so_many_hops_are_read() {
        let many = "Received: by a; 1 Jan 2015 10:00:00 +0000\n".repeat(MOST + 7);
        let way = way(&Original::read(many.as_bytes()).unwrap(), &Host::default());
        assert_eq!((way.hops.len(), way.more), (MOST, 7));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}|(from|by|with|id|[\\[\\]().;]|[a-z]{1,3}| ){0,30}") {
            let _ = read(&text);
        }
    }
}
