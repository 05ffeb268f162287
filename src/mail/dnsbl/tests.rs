//! The check on networks in tables.

use super::*;
use crate::config::{Host, Lists};
use crate::finding::{Severity, Topic};
use crate::mail::lab::{CAUSES, Lab, finds, lines, name};

/// Two mail servers, and three lists that are alive.
const HEALTHY: &str = "
    example.com MX 10 mx1.example.com
    example.com MX 20 mx2.example.com
    mx1.example.com A 192.0.2.1
    mx1.example.com AAAA 2001:db8::1
    mx2.example.com A 192.0.2.2
    2.0.0.127.zen.spamhaus.org A 127.0.0.2
    2.0.0.127.bl.spamcop.net A 127.0.0.2
    test.dbl.spamhaus.org A 127.0.1.2";

/// The same mail servers, and the lists as [`lists`] names them, which are asked about nothing else.
const SMALL: &str = "
    example.com MX 10 mx.example.com
    mx.example.com A 192.0.2.1
    2.0.0.127.bl.example A 127.0.0.2";

fn lab(rest: &str) -> Lab {
    Lab::new("example.com", &format!("{HEALTHY}\n{rest}"))
}

fn lists(addresses: &[&str], domains: &[&str]) -> Lists {
    let names = |zones: &[&str]| zones.iter().map(|zone| name(zone)).collect();
    Lists { addresses: names(addresses), domains: names(domains), ..Lists::default() }
}

/// One list, which is alive, and what it says of one address.
fn one(rest: &str) -> Lab {
    Lab::new("example.com", &format!("{SMALL}\n{rest}")).lists(lists(&["bl.example"], &[]))
}

fn host(addresses: &[&str]) -> Host {
    Host { server_ips: addresses.iter().map(|address| address.parse().unwrap()).collect(), ..Host::default() }
}

#[test]
fn every_code_has_its_case() {
    let zen = "1.2.0.192.zen.spamhaus.org A";
    let dbl = "example.com.dbl.spamhaus.org A";
    let dark = |line: &str, dark: &str| Lab::new("example.com", &HEALTHY.replace(line, dark));
    finds(
        Topic::Dnsbl,
        &[
            (lab(""), &[Code::DnsblClear]),
            (lab(&format!("{zen} 127.0.0.2")), &[Code::DnsblAddressListed]),
            (lab(&format!("{zen} 127.0.0.10")), &[Code::DnsblPolicyListed]),
            (lab(&format!("{zen} 127.0.0.10\n{zen} 127.0.0.4")), &[Code::DnsblAddressListed]),
            (lab("2.2.0.192.bl.spamcop.net A 127.0.0.2"), &[Code::DnsblAddressListed]),
            (lab(&format!("{dbl} 127.0.1.2")), &[Code::DnsblDomainListed]),
            (lab(&format!("{dbl} 127.0.1.104")), &[Code::DnsblDomainAbused]),
            (lab(&format!("{zen} 127.0.0.2")).host(host(&["192.0.2.1"])), &[Code::DnsblHostListed]),
            (lab("9.2.0.192.zen.spamhaus.org A 127.0.0.11").host(host(&["192.0.2.9"])), &[Code::DnsblHostListed]),
            (lab(&format!("{dbl} 127.0.1.255")), &[Code::DnsblClear, Code::DnsblRefused]),
            (lab(&format!("{zen} 127.255.255.254")), &[Code::DnsblClear, Code::DnsblRefused]),
            (lab(&format!("{zen} servfail")), &[Code::DnsblClear, Code::DnsblUnknown]),
            (dark("mx2.example.com A 192.0.2.2", "mx2.example.com A silent"), &[Code::DnsblTargetUnknown]),
            (dark("example.com MX 10 mx1.example.com", "example.com MX servfail"), &[Code::DnsblTargetUnknown]),
            (Lab::new("example.com", "example.com MX 0 .\nexample.com A 192.0.2.1"), &[]),
            (Lab::new("example.com", ""), &[]),
            (Lab::new("example.com", "example.com MX 10 mx.example.com").lists(lists(&[], &[])), &[]),
        ],
    );
}

#[test]
fn two_mail_servers_and_three_lists_cost_eight_questions() {
    let ran = lab("").run(Topic::Dnsbl);
    let of_others =
        ["example.com MX", "mx1.example.com A", "mx1.example.com AAAA", "mx2.example.com A", "mx2.example.com AAAA"];
    let of_lists = ran.asked.iter().filter(|asked| !of_others.contains(&asked.to_string().as_str()));
    assert_eq!((ran.rounds, of_lists.count()), (3, 8));
}

#[test]
fn a_listing_is_shown_with_the_words_of_the_list() {
    let reason = "1.2.0.192.zen.spamhaus.org TXT https://check.spamhaus.org/ see there @everyone";
    let codes = "1.2.0.192.zen.spamhaus.org A 127.0.0.2\n1.2.0.192.zen.spamhaus.org A 127.0.0.9";
    let ran = lab(&format!("{codes}\n{reason}")).run(Topic::Dnsbl);
    let found = ran.finding(Code::DnsblAddressListed);
    assert_eq!(
        found.evidence,
        [
            "1.2.0.192.zen.spamhaus.org A 127.0.0.2",
            "1.2.0.192.zen.spamhaus.org A 127.0.0.9",
            "https://check.spamhaus.org/ see there @everyone"
        ]
    );
    assert_eq!(found.subject, "192.0.2.1");
    assert_eq!(ran.detail(Code::DnsblAddressListed, "entry"), "DROP, SBL");
    assert_eq!(ran.detail(Code::DnsblAddressListed, "list"), "zen.spamhaus.org");
    let ran = one("1.2.0.192.bl.example A 127.0.0.7").run(Topic::Dnsbl);
    assert_eq!(ran.detail(Code::DnsblAddressListed, "entry"), "127.0.0.7");
}

#[test]
fn what_is_clear_is_shown_entry_by_entry() {
    assert_eq!(
        lab("").run(Topic::Dnsbl).finding(Code::DnsblClear).evidence,
        [
            "example.com: not on dbl.spamhaus.org",
            "192.0.2.1: not on zen.spamhaus.org, bl.spamcop.net",
            "192.0.2.2: not on zen.spamhaus.org, bl.spamcop.net"
        ]
    );
}

#[test]
fn an_error_is_never_a_listing() {
    let domain = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1";
    for code in ["127.255.255.252", "127.255.255.254", "127.255.255.255", "127.0.0.1", "192.0.2.80", "8.8.8.8"] {
        // Each of the three questions in turn is answered so by a list that refuses, or a resolver that makes up answers.
        for (before, place) in [
            ("", "2.0.0.127"),
            ("2.0.0.127.bl.example A 127.0.0.2", "1.2.0.192"),
            ("2.0.0.127.bl.example A 127.0.0.2\n1.2.0.192.bl.example A 127.0.0.2", "1.0.0.127"),
        ] {
            let lab = Lab::new("example.com", &format!("{domain}\n{before}\n{place}.bl.example A {code}"));
            let ran = lab.lists(lists(&["bl.example"], &[])).run(Topic::Dnsbl);
            assert_eq!(ran.codes(), ["dnsbl-refused"], "{place} {code}");
            assert_eq!(ran.finding(Code::DnsblRefused).evidence, [format!("{place}.bl.example A {code}")]);
            assert_eq!(ran.finding(Code::DnsblRefused).subject, "bl.example");
        }
    }
}

#[test]
fn a_list_that_is_dead_says_nothing() {
    let why = |code: Code, table: &str| {
        let ran = Lab::new("example.com", table).lists(lists(&["bl.example"], &[])).run(Topic::Dnsbl);
        assert_eq!(ran.codes(), [code.to_string()], "{table}");
        ran.detail(code, "cause").to_owned()
    };
    let refused = |table: &str| why(Code::DnsblRefused, table);
    let domain = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1";
    assert_eq!(refused(domain), "it does not pass its own test");
    assert_eq!(refused(&format!("{domain}\n1.2.0.192.bl.example A 127.0.0.2")), "it does not pass its own test");
    let everybody = "1.2.0.192.bl.example A 127.0.0.2\n1.0.0.127.bl.example A 127.0.0.2";
    assert_eq!(refused(&format!("{SMALL}\n{everybody}")), "it names everybody, so its word is worth nothing");
    for (word, cause) in CAUSES {
        let table = format!("{domain}\n2.0.0.127.bl.example A {word}");
        assert_eq!(why(Code::DnsblUnknown, &table), cause.to_string());
    }
}

#[test]
fn the_other_test_and_the_reason_are_asked_for_only_where_something_is_listed() {
    let asked = |rest: &str| -> Vec<String> {
        one(rest).run(Topic::Dnsbl).asked.iter().map(ToString::to_string).skip(3).collect()
    };
    let usual = ["2.0.0.127.bl.example A", "1.2.0.192.bl.example A"];
    assert_eq!(asked(""), usual);
    let more = ["1.0.0.127.bl.example A", "1.2.0.192.bl.example TXT"];
    assert_eq!(asked("1.2.0.192.bl.example A 127.0.0.2"), [usual, more].concat());
}

#[test]
fn lists_are_asked_about_public_addresses_of_one_family_only() {
    let asked = |table: &str| -> Vec<String> {
        let lab = Lab::new("example.com", table).lists(lists(&["bl.example"], &[]));
        let asked = lab.run(Topic::Dnsbl).asked;
        asked.iter().map(ToString::to_string).filter(|asked| asked.contains("bl.example")).collect()
    };
    let mx = "example.com MX 10 mx.example.com";
    assert_eq!(asked(&format!("{mx}\nmx.example.com A 10.0.0.1\nmx.example.com AAAA fd00::1")), Vec::<String>::new());
    assert_eq!(asked(&format!("{mx}\nmx.example.com A 192.0.2.1\nmx.example.com AAAA 2001:db8::1")).len(), 2);
    let v6 = asked(&format!("{mx}\nmx.example.com AAAA 2001:db8::1"));
    assert_eq!(v6.len(), 2);
    assert!(
        v6.iter().all(|asked| asked.starts_with("1.0.0.0.0.0.0") || asked.starts_with("2.0.0.0.0.0.f.7")),
        "{v6:?}"
    );
}

#[test]
fn a_list_that_knows_no_ipv6_addresses_is_no_fault() {
    let mx = "example.com MX 10 mx.example.com\nmx.example.com AAAA 2001:db8::1";
    let ran = Lab::new("example.com", mx).lists(lists(&["bl.example"], &[])).run(Topic::Dnsbl);
    assert_eq!(ran.codes(), Vec::<&str>::new());
}

#[test]
fn many_addresses_cost_few_questions() {
    let many = lines(1..60, |n| format!("mx.example.com A 192.0.2.{n}"));
    let own: Vec<String> = (1..60).map(|n| format!("198.51.100.{n}")).collect();
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let ran = one(&many).host(host(&own)).run(Topic::Dnsbl);
    assert_eq!((ran.rounds, ran.asked.len()), (3, 3 + 1 + 3 + 5));
}

#[test]
fn the_operators_key_shows_nowhere() {
    let zone = "abcdefghijklmnopqrstuvwx12.zen.dq.spamhaus.net";
    let domain = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1";
    for said in [
        format!("2.0.0.127.{zone} A 127.0.0.2\n1.2.0.192.{zone} A 127.0.0.2\n1.2.0.192.{zone} TXT see {zone}"),
        format!("2.0.0.127.{zone} A 127.0.0.2"),
        format!("2.0.0.127.{zone} A silent"),
        format!("2.0.0.127.{zone} A 127.255.255.250"),
        String::new(),
    ] {
        let lab = Lab::new("example.com", &format!("{domain}\n{said}")).lists(lists(&[zone], &[]));
        let shown = format!("{:?}", lab.run(Topic::Dnsbl).findings);
        assert!(shown.contains("zen.dq.spamhaus.net") && !shown.contains("abcdefgh"), "{shown}");
    }
}

#[test]
fn no_answer_is_no_fault() {
    let missed = lab("").no_answer_is_no_fault(Topic::Dnsbl);
    assert_eq!(missed.len(), 1 + 2 + 8, "{missed:?}");
    let listed = one("1.2.0.192.bl.example A 127.0.0.2");
    let missed = listed.no_answer_is_no_fault(Topic::Dnsbl);
    assert!(missed.contains(&"1.0.0.127.bl.example A".to_owned()), "{missed:?}");
    assert!(!missed.contains(&"1.2.0.192.bl.example TXT".to_owned()), "{missed:?}");
    let dark = Lab::new("example.com", "example.com MX silent").run(Topic::Dnsbl);
    assert!(dark.findings.iter().all(|finding| finding.severity() == Severity::Unknown));
}
