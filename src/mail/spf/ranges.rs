//! Findings on terms that let in too many: everybody, a large part of the internet, or addresses that nobody has.
//!
//! Judges the terms by which the domain lets somebody pass, in its own record and in those that it takes over.

use ipnet::Ipv4Net;

use super::check::{about, is_own, with_fix};
use super::mechanism::Mechanism;
use super::mend;
use super::tree::{Answer, Branch, Leaf, Survey};
use crate::address::is_private;
use crate::finding::{Code, Finding};
use crate::mail::Case;

/// The shortest IPv4 prefix that is no wide range: the largest providers of mail publish /14.
const WIDE_V4: u8 = 14;
/// The shortest IPv6 prefix that is no wide range: a network as registries give it to a whole provider.
const WIDE_V6: u8 = 29;
/// How many terms of one kind are told: who has mended those looks again.
const TOLD: usize = 5;

/// How many addresses a term lets in.
enum Extent {
    Usual,
    Private,
    Wide(String),
    Everybody(&'static str),
}

/// What the ranges of the domain's records say.
pub(super) fn ranges(case: &Case<'_>, survey: &Survey) -> Vec<Finding> {
    let passing = survey.root.passing().into_iter().map(|(branch, _)| branch);
    let findings = passing.flat_map(|branch| {
        let everybody = everybody(case, branch);
        // Who lets everybody in need not hear how many that are.
        let wide = if everybody.is_some() { Vec::new() } else { wide(branch) };
        everybody.into_iter().chain(wide).chain(private(case, branch))
    });
    findings.collect()
}

/// Terms that let everybody in, each by itself or all together.
fn everybody(case: &Case<'_>, branch: &Branch) -> Option<Finding> {
    let alone = branch.permits().find_map(|(leaf, mechanism)| match extent(leaf, mechanism) {
        Extent::Everybody(addresses) => Some(addresses),
        _ => None,
    });
    let halves = || together(branch).then_some(ALL_V4);
    let addresses = alone.or_else(halves)?;
    let open = branch.permits().filter(|(leaf, mechanism)| match (alone, mechanism) {
        (None, Mechanism::Ip4(net)) => net.prefix_len() < WIDE_V4,
        (None, _) => false,
        (Some(_), _) => matches!(extent(leaf, mechanism), Extent::Everybody(_)),
    });
    let open: Vec<_> = open.map(|(leaf, _)| &leaf.term).collect();
    let named: Vec<_> = open.iter().take(TOLD).map(|term| term.text.as_str()).collect();
    let fix = branch.parsed().map(|record| mend::with_soft_fail_but(record, &open));
    let finding = about(Code::SpfEverybody, &branch.domain, branch).detail("addresses", addresses);
    Some(with_fix(case, finding.detail("term", named.join(" ")), &branch.domain, fix))
}

const ALL_V4: &str = "every IPv4 address";

/// Whether the IPv4 ranges leave no address out, for example as two halves.
fn together(branch: &Branch) -> bool {
    let nets = branch.permits().filter_map(|(_, mechanism)| match mechanism {
        Mechanism::Ip4(net) => Some(net.trunc()),
        _ => None,
    });
    Ipv4Net::aggregate(&nets.collect()).iter().any(|net| net.prefix_len() == 0)
}

fn wide(branch: &Branch) -> Vec<Finding> {
    let wide = branch.permits().filter_map(|(leaf, mechanism)| match extent(leaf, mechanism) {
        Extent::Wide(addresses) => Some((leaf, addresses)),
        _ => None,
    });
    let findings = wide.take(TOLD).map(|(leaf, addresses)| {
        let finding = about(Code::SpfWideRange, &branch.domain, branch);
        finding.detail("term", &leaf.term.text).detail("addresses", addresses)
    });
    findings.collect()
}

/// Only in the domain's own records: others have their reasons, and it does no harm.
fn private(case: &Case<'_>, branch: &Branch) -> Option<Finding> {
    let private = branch.permits().filter(|(leaf, mechanism)| matches!(extent(leaf, mechanism), Extent::Private));
    let terms: Vec<_> = private.take(TOLD).map(|(leaf, _)| leaf.term.text.as_str()).collect();
    let is_told = !terms.is_empty() && is_own(case, &branch.domain);
    is_told.then(|| about(Code::SpfPrivateRange, &branch.domain, branch).detail("term", terms.join(" ")))
}

fn extent(leaf: &Leaf, mechanism: &Mechanism) -> Extent {
    match mechanism {
        Mechanism::Ip4(net) => match net.prefix_len() {
            0 => Extent::Everybody(ALL_V4),
            8.. if is_private(net.network().into()) && is_private(net.broadcast().into()) => Extent::Private,
            prefix => of_v4(prefix),
        },
        Mechanism::Ip6(net) => match net.prefix_len() {
            0 => Extent::Everybody("every IPv6 address"),
            // Below, the ends of a range can both be private and much between them public.
            7.. if is_private(net.network().into()) && is_private(net.broadcast().into()) => Extent::Private,
            prefix => of_v6(prefix),
        },
        Mechanism::A(_, cidr) | Mechanism::Mx(_, cidr) if leaf.answer != Answer::Void => match (cidr.v4, cidr.v6) {
            (0, _) => Extent::Everybody(ALL_V4),
            (_, 0) => Extent::Everybody("every IPv6 address"),
            (v4, _) if v4 < WIDE_V4 => of_v4(v4),
            (_, v6) => of_v6(v6),
        },
        // A name that exists whoever sends.
        Mechanism::Exists(_) if leaf.answer == Answer::Found => Extent::Everybody("every address"),
        _ => Extent::Usual,
    }
}

fn of_v4(prefix: u8) -> Extent {
    if prefix < WIDE_V4 { Extent::Wide(grouped(1 << (32 - prefix))) } else { Extent::Usual }
}

fn of_v6(prefix: u8) -> Extent {
    if prefix < WIDE_V6 { Extent::Wide(format!("2^{}", 128 - prefix)) } else { Extent::Usual }
}

/// A number as people read it: `16,777,216`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Topic;
    use crate::mail::lab::Lab;

    const NETWORK: &str = "example.com A 192.0.2.1
        example.com MX 10 example.com
        a.example TXT v=spf1 ip4:0.0.0.0/0 -all";

    fn found(record: &str) -> Vec<(&'static str, Option<String>)> {
        let ran = Lab::new("example.com", &format!("{NETWORK}\nexample.com TXT {record}")).run(Topic::Spf);
        let codes = ran.findings.into_iter().filter(|finding| finding.code != Code::SpfFound);
        codes.map(|found| (found.code.as_str(), found.fix.map(|fix| fix.value))).collect()
    }

    #[test]
    fn terms_that_let_everybody_in_are_told_from_wide_and_private_ones() {
        let all = |fix: &str| vec![("spf-everybody", Some(fix.to_owned()))];
        let (wide, private) = (vec![("spf-wide-range", None)], vec![("spf-private-range", None)]);
        for (record, expected) in [
            ("v=spf1 mx ip4:0.0.0.0/0 -all", all("v=spf1 mx ~all")),
            ("v=spf1 ip6:::/0 mx ~all", all("v=spf1 mx ~all")),
            ("v=spf1 a/0 mx//0 ip4:192.0.2.1 -all", all("v=spf1 ip4:192.0.2.1 ~all")),
            ("v=spf1 ip4:0.0.0.0/1 mx ip4:128.0.0.0/1 -all", all("v=spf1 mx ~all")),
            ("v=spf1 exists:example.com mx -all", all("v=spf1 mx ~all")),
            ("v=spf1 include:a.example -all", vec![("spf-everybody", None)]),
            ("v=spf1 exists:%{i}.example.com -all", vec![]),
            ("v=spf1 ?include:a.example -all", vec![("spf-nobody", None)]),
            ("v=spf1 -ip4:0.0.0.0/0 ~all", vec![("spf-nobody", None)]),
            ("v=spf1 -all ip4:0.0.0.0/0", vec![("spf-after-all", None)]),
            ("v=spf1 ip4:1.0.0.0/8 -all", wide.clone()),
            ("v=spf1 ip4:40.92.0.0/13 -all", wide.clone()),
            ("v=spf1 ip4:40.92.0.0/14 -all", vec![]),
            ("v=spf1 ip6:2000::/3 -all", wide.clone()),
            ("v=spf1 ip6:2001:db8::/29 -all", vec![]),
            ("v=spf1 a/8 -all", wide.clone()),
            ("v=spf1 mx//16 -all", wide),
            ("v=spf1 ip4:10.0.0.0/8 ip4:192.168.1.1 -all", private.clone()),
            ("v=spf1 ip6:fc00::/7 -all", private),
        ] {
            assert_eq!(found(record), expected, "{record}");
        }
    }

    #[test]
    fn it_is_told_how_many_addresses_a_range_lets_in() {
        for (record, code, term, addresses) in [
            ("v=spf1 ip4:1.0.0.0/8 -all", Code::SpfWideRange, "ip4:1.0.0.0/8", "16,777,216"),
            ("v=spf1 ip6:2000::/4 -all", Code::SpfWideRange, "ip6:2000::/4", "2^124"),
            ("v=spf1 a/1 -all", Code::SpfWideRange, "a/1", "2,147,483,648"),
            ("v=spf1 a/0 mx -all", Code::SpfEverybody, "a/0", "every IPv4 address"),
            (
                "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all",
                Code::SpfEverybody,
                "ip4:0.0.0.0/1 ip4:128.0.0.0/1",
                "every IPv4 address",
            ),
        ] {
            let ran = Lab::new("example.com", &format!("{NETWORK}\nexample.com TXT {record}")).run(Topic::Spf);
            assert_eq!((ran.detail(code, "term"), ran.detail(code, "addresses")), (term, addresses), "{record}");
        }
    }
}
