//! Whether the addresses of the mail servers have names, and the names lead back to them: "iprev" of RFC 8601 section
//! 2.7.3, which receivers hold against senders.
//!
//! Looks at the addresses that the MX records lead to and at those that the host sends from. Who has no MX gets no
//! findings: where a domain without mail servers sends from, the DNS does not tell.

use std::fmt::Display;
use std::net::IpAddr;

use crate::address::is_private;
use crate::domain::Name;
use crate::facts::{Cause, Kind, Pending, Query, Record, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::evidence::{absence, silence};
use crate::mail::mx::target::{Addresses, by_preference, questions, targets};

/// How many addresses of the mail servers are looked at, those of the preferred first, and as many of those that the
/// host sends from: an address costs two questions, and more of the same tell nothing new.
const MOST_ADDRESSES: usize = 5;

/// How many names of one address are followed. One is usual; receivers stop early too (RFC 8601 section 3).
const MOST_NAMES: usize = 3;

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let question = Query::new(case.domain.name(), Kind::Mx);
    let reply = view.get(question.clone())?;
    if let Err(cause) = reply.records() {
        return Ok(vec![unknown(case.domain, cause).evidence(silence(&question, cause))]);
    }
    let records = by_preference(reply);
    let mut targets = targets(&records);
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    targets.truncate(MOST_ADDRESSES);
    let replies = view.get_all(targets.iter().flat_map(|target| questions(target)))?;

    let mut findings = Vec::new();
    let mut addresses: Vec<IpAddr> = Vec::new();
    for (target, replies) in targets.iter().zip(replies.chunks(2)) {
        let known = Addresses::of(target, replies);
        if let Some((cause, seen)) = known.unknown.first() {
            findings.push(unknown(target, *cause).evidence(seen));
        }
        add(&mut addresses, known.found.iter());
    }
    addresses.truncate(MOST_ADDRESSES);
    add(&mut addresses, case.host.server_ips.iter().take(MOST_ADDRESSES));

    let judged: Vec<_> = addresses.iter().map(|address| judge(*address, view)).collect();
    for finding in judged {
        findings.push(finding?);
    }
    Ok(findings)
}

/// The same for one address that sends: with the codes of its own, for there nobody asks whether it only receives.
pub fn of_client(address: IpAddr, view: &mut View<'_>) -> Result<Finding, Pending> {
    let judged = judge(address, view)?;
    let code = match judged.code {
        Code::PtrConfirmed => Code::MessagePtrConfirmed,
        Code::PtrGeneric => Code::MessagePtrGeneric,
        Code::PtrMissing => Code::MessagePtrMissing,
        Code::PtrNotConfirmed => Code::MessagePtrNotConfirmed,
        _ => Code::MessagePtrUnknown,
    };
    Ok(Finding { code, ..judged })
}

/// Adds the addresses that may have a name, each once.
fn add<'a>(addresses: &mut Vec<IpAddr>, more: impl Iterator<Item = &'a IpAddr>) {
    for address in more {
        if !is_private(*address) && !addresses.contains(address) {
            addresses.push(*address);
        }
    }
}

/// Follows an address to its names, and these back.
fn judge(address: IpAddr, view: &mut View<'_>) -> Result<Finding, Pending> {
    let question = Query::reverse(address);
    let reply = view.get(question.clone())?;
    let names: Vec<&Name> = match reply.records() {
        Err(cause) => return Ok(unknown(address, cause).evidence(silence(&question, cause))),
        Ok(records) => records.iter().filter_map(name).collect(),
    };
    let about = |code| Finding::new(code, address).detail("address", address);
    if names.is_empty() {
        return Ok(about(Code::PtrMissing).evidence(absence(&question, reply)));
    }
    let back: Vec<Query> = names.iter().take(MOST_NAMES).map(|name| Query::address_like(name, address)).collect();
    let replies = view.get_all(back.iter().cloned())?;
    let shown = |finding: Finding, name: &Name| finding.evidence(format!("{} PTR {name}", question.name));

    let mut silent = (names.len() > MOST_NAMES).then_some(Cause::NotAsked);
    let mut evidence = Vec::new();
    for (back, reply) in back.iter().zip(replies) {
        match reply.addresses() {
            Ok(addresses) if addresses.contains(&address) => {
                let code = if is_generic(&back.name, address) { Code::PtrGeneric } else { Code::PtrConfirmed };
                let confirmed = shown(about(code).detail("host", &back.name), &back.name);
                return Ok(confirmed.evidence(format!("{back} {address}")));
            }
            Ok(none) if none.is_empty() => evidence.push(absence(back, reply)),
            Ok(others) => evidence.extend(others.iter().map(|other| format!("{back} {other}"))),
            Err(cause) => {
                silent = Some(cause);
                evidence.push(silence(back, cause));
            }
        }
    }
    let verdict = match silent {
        Some(cause) => unknown(address, cause),
        None => about(Code::PtrNotConfirmed).detail("host", list(&names)),
    };
    let verdict = names.iter().fold(verdict, |finding, name| shown(finding, name));
    Ok(evidence.iter().fold(verdict, Finding::evidence))
}

/// That the name of `subject`, an address or the name that should lead to one, could not be looked up.
fn unknown(subject: impl Display + Copy, cause: Cause) -> Finding {
    Finding::new(Code::PtrUnknown, subject).detail("address", subject).detail("cause", cause)
}

/// Whether a name is made of the IPv4 address that it belongs to, in decimal or hexadecimal, forwards or backwards:
/// receivers take such names for those of dial-up lines. Names made of IPv6 addresses are too rare to be worth it.
fn is_generic(name: &Name, address: IpAddr) -> bool {
    let IpAddr::V4(address) = address else { return false };
    let [a, b, c, d] = address.octets();
    let numbers: Vec<u8> =
        name.as_str().split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect();
    let holds = |octets: [u8; 4]| {
        let [a, b, c, d] = octets;
        numbers.windows(4).any(|window| window == octets)
            || [format!("{a:03}{b:03}{c:03}{d:03}"), format!("{a:02x}{b:02x}{c:02x}{d:02x}")]
                .iter()
                .any(|digits| name.as_str().contains(digits))
    };
    holds([a, b, c, d]) || holds([d, c, b, a])
}

fn name(record: &Record) -> Option<&Name> {
    if let Record::Ptr(name) = record { Some(name) } else { None }
}

fn list(names: &[&Name]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Host;
    use crate::finding::Topic;
    use crate::mail::lab::{Lab, finds, lines};

    const HEALTHY: &str = "
        example.com MX 10 mx.example.com
        mx.example.com A 192.0.2.1
        mx.example.com AAAA 2001:db8::1
        1.2.0.192.in-addr.arpa PTR mx.example.com
        1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mx.example.com";

    fn lab(table: &str) -> Lab {
        Lab::new("example.com", table)
    }

    fn one(rest: &str) -> Lab {
        lab(&format!("example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1\n{rest}"))
    }

    #[test]
    fn every_code_has_its_case() {
        let pointer = "1.2.0.192.in-addr.arpa PTR";
        finds(
            Topic::Ptr,
            &[
                (lab(HEALTHY), &[Code::PtrConfirmed, Code::PtrConfirmed]),
                (
                    one(&format!("{pointer} host-192-0-2-1.isp.example\nhost-192-0-2-1.isp.example A 192.0.2.1")),
                    &[Code::PtrGeneric],
                ),
                (one(""), &[Code::PtrMissing]),
                (one(&format!("{pointer} other.example.com")), &[Code::PtrNotConfirmed]),
                (
                    one(&format!("{pointer} a.example.com\n{pointer} b.example.com\nb.example.com A 192.0.2.1")),
                    &[Code::PtrConfirmed],
                ),
                (one(&format!("{pointer} silent")), &[Code::PtrUnknown]),
                (one(&format!("{pointer} a.example.com\na.example.com A servfail")), &[Code::PtrUnknown]),
                (lab("example.com MX servfail"), &[Code::PtrUnknown]),
                (lab("example.com MX 10 mx.example.com\nmx.example.com A silent"), &[Code::PtrUnknown]),
                (lab("example.com MX 0 .\nexample.com A 192.0.2.1"), &[]),
                (lab("example.com A 192.0.2.1"), &[]),
                (lab("example.com MX 10 mx.example.com\nmx.example.com A 10.0.0.1"), &[]),
            ],
        );
    }

    #[test]
    fn names_made_of_the_address_are_told_from_others() {
        for (name, expected) in [
            ("host-192-0-2-14.isp.example", true),
            ("14.2.0.192.static.isp.example", true),
            ("ip192000002014.isp.example", true),
            ("dyn-c000020e.isp.example", true),
            ("ec2-192-000-002-014.compute.example", true),
            ("mx14.example.com", false),
            ("mail-2-14.example.com", false),
            ("host-192-0-2-15.isp.example", false),
            ("9192-0-2-14.isp.example", false),
        ] {
            assert_eq!(is_generic(&name.parse().unwrap(), [192, 0, 2, 14].into()), expected, "{name}");
        }
        assert!(!is_generic(&"x-2001-db8-1.example".parse().unwrap(), "2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn the_way_there_and_back_is_shown() {
        let ran = lab(HEALTHY).run(Topic::Ptr);
        assert_eq!(
            ran.finding(Code::PtrConfirmed).evidence,
            ["1.2.0.192.in-addr.arpa PTR mx.example.com", "mx.example.com A 192.0.2.1"]
        );
        let table = "1.2.0.192.in-addr.arpa PTR a.example.net\na.example.net A 192.0.2.9";
        let finding = one(table).run(Topic::Ptr);
        let finding = finding.finding(Code::PtrNotConfirmed);
        assert_eq!(finding.evidence, ["1.2.0.192.in-addr.arpa PTR a.example.net", "a.example.net A 192.0.2.9"]);
        assert_eq!(finding.subject, "192.0.2.1");
    }

    #[test]
    fn too_many_names_are_not_all_followed_and_no_fault_for_that() {
        let names = lines(0..9, |n| format!("1.2.0.192.in-addr.arpa PTR n{n}.example.net"));
        let ran = one(&names).run(Topic::Ptr);
        assert_eq!(ran.codes(), ["ptr-unknown"]);
        assert_eq!(ran.asked.len(), 3 + 1 + MOST_NAMES);
    }

    #[test]
    fn the_servers_that_the_host_sends_from_are_looked_at_too() {
        let host = Host { server_ips: vec![[192, 0, 2, 7].into(), [192, 0, 2, 1].into()], ..Host::default() };
        let ran = lab(HEALTHY).host(host).run(Topic::Ptr);
        assert_eq!(ran.codes(), ["ptr-confirmed", "ptr-confirmed", "ptr-missing"]);
        assert_eq!(ran.detail(Code::PtrMissing, "address"), "192.0.2.7");
    }

    #[test]
    fn a_mail_server_with_many_addresses_costs_a_few_questions() {
        let many = lines(1..60, |n| format!("mx.example.com A 192.0.2.{n}"));
        let ran = lab(&format!("example.com MX 10 mx.example.com\n{many}")).run(Topic::Ptr);
        assert_eq!(ran.findings.len(), MOST_ADDRESSES);
        assert_eq!((ran.rounds, ran.asked.len()), (3, 3 + MOST_ADDRESSES));
    }

    #[test]
    fn the_names_are_mostly_known_by_then() {
        let ran = lab(HEALTHY).run(Topic::Ptr);
        assert_eq!((ran.rounds, ran.asked.len()), (3, 5));
    }

    #[test]
    fn no_answer_is_no_fault() {
        let missed = lab(HEALTHY).no_answer_is_no_fault(Topic::Ptr);
        assert_eq!(missed.len(), 5);
    }
}
