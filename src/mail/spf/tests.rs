//! The check as a whole: what it finds in made-up networks, and the records that it offers; how these are made of several
//! mends is in `mended`.

mod mended;

use std::fmt::Write as _;

use crate::config::Host;
use crate::finding::{Code, Severity, Topic};
use crate::mail::lab::{Lab, Ran, name};

fn run(zone: &str, include: Option<&str>) -> Ran {
    let host = Host { spf_include: include.map(name), ..Host::default() };
    Lab::new("example.com", zone).host(host).run(Topic::Spf)
}

/// The codes found for `example.com`, each with its fix; the proof of the fixes is that they are offered.
fn codes(zone: &str, host: Option<&str>) -> Vec<(&'static str, Option<String>)> {
    run(zone, host).findings.into_iter().map(|found| (found.code.as_str(), found.fix.map(|fix| fix.value))).collect()
}

/// A code to find, and its proven fix.
type Told = (&'static str, Option<&'static str>);

/// Networks, and what to find there.
const FAULTS: &[(&str, &[Told])] = &[
    ("example.com TXT v=spf1 -all", &[("spf-found", None)]),
    ("example.com A 192.0.2.1", &[("spf-missing", None)]),
    ("other.example TXT v=spf1 -all", &[("spf-missing", None)]),
    (
        "example.com TXT \"v=spf1 ip4:192.0.2.1 -all\"",
        &[("spf-missing", Some("v=spf1 ip4:192.0.2.1 -all")), ("spf-lookalike", None)],
    ),
    ("example.com TXT servfail", &[("spf-unknown", None)]),
    (
        "example.com TXT v=spf1 ip4:192.0.2.1 -all
         example.com TXT v=spf1 ip4:192.0.2.2 ~all",
        &[("spf-two-records", Some("v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ~all"))],
    ),
    ("example.com TXT v=spf1 a:192.0.2.1 -all mx:", &[("spf-syntax", None), ("spf-syntax", None)]),
    (
        "example.com TXT v=spf1 a:192.0.2.1 192.0.2.2 -all",
        &[("spf-syntax", Some("v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all")), ("spf-syntax", None)],
    ),
    (
        "example.com TXT v=spf1 include:a.example -all
         a.example TXT v=spf1 include:b.example -all
         b.example TXT v=spf1 ip4:1 -all",
        &[("spf-syntax", None)],
    ),
    (
        "example.com TXT v=spf1 mx include:none.example -all\nexample.com MX 10 mx.example",
        &[("spf-include-missing", Some("v=spf1 mx ~all"))],
    ),
    (
        "example.com TXT v=spf1 redirect=two.example
         two.example TXT v=spf1 -all
         two.example TXT v=spf1 ~all",
        &[("spf-include-missing", None)],
    ),
    (
        "example.com TXT v=spf1 include:a.example -all
         a.example TXT servfail",
        &[("spf-unknown", None)],
    ),
    (
        "example.com TXT v=spf1 mx -all
         example.com MX servfail",
        &[("spf-unknown", None)],
    ),
    (
        "example.com TXT v=spf1 include:a.example -all
         a.example TXT v=spf1 include:example.com -all",
        &[("spf-loop", None)],
    ),
    ("example.com TXT v=spf1 ip4:192.0.2.1 +all", &[("spf-all-pass", Some("v=spf1 ip4:192.0.2.1 ~all"))]),
    (
        "example.com TXT v=spf1 include:a.example -all
         a.example TXT v=spf1 +all",
        &[("spf-all-pass", None)],
    ),
    (
        "example.com TXT v=spf1 ?include:a.example -all
         a.example TXT v=spf1 +all",
        &[("spf-found", None)],
    ),
    ("example.com TXT v=spf1 ?all", &[("spf-found", None), ("spf-all-neutral", Some("v=spf1 ~all"))]),
    ("example.com TXT v=spf1", &[("spf-found", None), ("spf-no-all", Some("v=spf1 ~all"))]),
    (
        "example.com TXT v=spf1 -all ip4:192.0.2.1 exp=why.example.com",
        &[("spf-found", None), ("spf-after-all", Some("v=spf1 ip4:192.0.2.1 -all exp=why.example.com"))],
    ),
    ("example.com TXT v=spf1 redirect=a.example -all", &[("spf-found", None), ("spf-after-all", None)]),
    (
        "example.com TXT v=spf1 include=a.example -all
         a.example TXT v=spf1 ip4:192.0.2.1 -all",
        &[("spf-found", None), ("spf-ignored", Some("v=spf1 include:a.example -all"))],
    ),
    ("example.com TXT v=spf1 ptr -all", &[("spf-found", None), ("spf-ptr", None)]),
    (
        "example.com TXT v=spf1 a mx -all
         example.com A 192.0.2.1",
        &[("spf-found", None), ("spf-void", None)],
    ),
    (
        "example.com TXT v=spf1 a mx exists:none.example ip4:192.0.2.1 -all",
        &[("spf-too-many-voids", Some("v=spf1 ip4:192.0.2.1 ~all"))],
    ),
    // Meant as a record.
    (
        "example.com TXT spf1 a:192.0.2.1 -all
         example.com TXT v=spf 1 ip4:192.0.2.2 -all",
        &[
            ("spf-missing", Some("v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all")),
            ("spf-lookalike", None),
            ("spf-lookalike", None),
        ],
    ),
    (
        "example.com TXT v=spf1 ip4:192.0.2.1 -all
         example.com TXT \"v=spf1 ip4:192.0.2.2 -all\"",
        &[("spf-found", None), ("spf-lookalike", None)],
    ),
    (
        "example.com A 192.0.2.1
         example.com.example.com TXT v=spf1 ip4:192.0.2.1 -all",
        &[("spf-missing", Some("v=spf1 ip4:192.0.2.1 -all")), ("spf-misplaced", None)],
    ),
    (
        "example.com A 192.0.2.1
         _spf.example.com TXT v=spf1 ip4:192.0.2.1 -all",
        &[("spf-missing", Some("v=spf1 ip4:192.0.2.1 -all")), ("spf-misplaced", None)],
    ),
    (
        "example.com TXT v=sfp1 ip4:192.0.2.1 -all",
        &[("spf-missing", Some("v=spf1 ip4:192.0.2.1 -all")), ("spf-lookalike", None)],
    ),
    ("example.com TXT spf2.0/pra ip4:192.0.2.1 -all", &[("spf-missing", None), ("spf-lookalike", None)]),
    (
        "example.com TXT spf2.0/pra ip4:192.0.2.1 -all
         example.com TXT v=spf1 ip4:192.0.2.1 -all",
        &[("spf-found", None)],
    ),
    // A wildcard is nothing that stands there, but what stands beside it does.
    (
        "example.com A 192.0.2.1
         *.example.com TXT v=spf1 ip4:192.0.2.1 -all
         _spf.example.com TXT v=spf1 ip4:192.0.2.1 -all
         example.com.example.com TXT v=spf1 ip4:192.0.2.1 -all",
        &[("spf-missing", None)],
    ),
    (
        "example.com A 192.0.2.1
         *.example.com TXT v=spf1 ip4:192.0.2.1 -all
         _spf.example.com TXT v=spf1 ip4:192.0.2.2 -all
         example.com.example.com TXT v=spf1 ip4:192.0.2.1 -all",
        &[("spf-missing", Some("v=spf1 ip4:192.0.2.2 -all")), ("spf-misplaced", None)],
    ),
    // Several records.
    (
        "example.com TXT v=spf1 a:192.0.2.1 -all
         example.com TXT v=spf1 ip4:192.0.2.1 ?all",
        &[("spf-two-records", Some("v=spf1 ip4:192.0.2.1 ~all"))],
    ),
    (
        "example.com TXT v=spf1 foo -all
         example.com TXT v=spf1 ip4:192.0.2.1 -all",
        &[("spf-two-records", None)],
    ),
    // Slips.
    (
        "example.com TXT v=spf1 include:a.example,include:b.example-all
         a.example TXT v=spf1 ip4:192.0.2.1 -all
         b.example TXT v=spf1 -all",
        &[("spf-include-missing", Some("v=spf1 include:a.example include:b.example -all")), ("spf-no-all", None)],
    ),
    (
        "example.com TXT v=spf1 v=spf1 ip4:192.0.2.1 -all",
        &[("spf-found", None), ("spf-ignored", Some("v=spf1 ip4:192.0.2.1 -all"))],
    ),
    (
        "example.com TXT v=spf1 ip4:192.0.2.1 IP4:192.0.2.1 -all",
        &[("spf-found", None), ("spf-duplicate", Some("v=spf1 ip4:192.0.2.1 -all"))],
    ),
    (
        "example.com TXT v=spf1 include:example.com ip4:192.0.2.1 -all",
        &[("spf-loop", Some("v=spf1 ip4:192.0.2.1 -all"))],
    ),
    (
        "example.com TXT v=spf1 ptr ip4:192.0.2.1 -all",
        &[("spf-found", None), ("spf-ptr", Some("v=spf1 ip4:192.0.2.1 ~all"))],
    ),
    // How many are let in; more in `ranges`.
    ("example.com TXT v=spf1 ip4:0.0.0.0/0 -all", &[("spf-everybody", None)]),
    ("example.com TXT v=spf1 ip4:8.0.0.0/8 -all", &[("spf-found", None), ("spf-wide-range", None)]),
    ("example.com TXT v=spf1 ip4:10.0.0.1 -all", &[("spf-found", None), ("spf-private-range", None)]),
    // A domain without mail.
    ("example.com MX 0 .\nexample.com TXT v=spf1 -all", &[("spf-found", None)]),
    ("example.com MX 0 .", &[("spf-missing", Some("v=spf1 -all"))]),
    ("example.com MX 0 .\nexample.com TXT v=spf1 ~all", &[("spf-found", None), ("spf-parked", Some("v=spf1 -all"))]),
    (
        "example.com MX 0 .\nexample.com TXT v=spf1 ?all",
        &[("spf-found", None), ("spf-parked", Some("v=spf1 -all")), ("spf-all-neutral", Some("v=spf1 -all"))],
    ),
    ("example.com MX 0 .\nexample.com TXT v=spf1 ip4:192.0.2.1 ~all", &[("spf-found", None)]),
    // A domain with mail that lets nobody send.
    ("example.com MX 10 mx.example\nexample.com TXT v=spf1 -all", &[("spf-found", None), ("spf-nobody", None)]),
    ("example.com MX 10 mx.example\nexample.com TXT v=spf1 ~mx -all", &[("spf-found", None), ("spf-nobody", None)]),
    (
        "example.com MX 10 mx.example\nexample.com TXT v=spf1 ?include:a.example -include:a.example -all
         a.example TXT v=spf1 ip4:192.0.2.1 -all",
        &[("spf-found", None), ("spf-nobody", None)],
    ),
    (
        "example.com MX 10 mx.example\nexample.com TXT v=spf1 a include:a.example ~all
         a.example TXT v=spf1 -all",
        &[("spf-found", None), ("spf-void", None), ("spf-nobody", None)],
    ),
    ("example.com MX 10 mx.example\nexample.com TXT v=spf1 redirect=%{i}.example", &[("spf-found", None)]),
    ("example.com MX 10 mx.example\nexample.com TXT v=spf1 mx -all", &[("spf-found", None)]),
];

#[test]
fn each_fault_has_its_code_and_its_fix() {
    for (zone, expected) in FAULTS {
        let expected: Vec<_> = expected.iter().map(|(code, fix)| (*code, fix.map(str::to_owned))).collect();
        assert_eq!(codes(zone, None), expected, "{zone}");
    }
}

#[test]
fn every_code_has_its_case() {
    let elsewhere = [Code::SpfHostMissing, Code::SpfTooManyLookups, Code::SpfTooManyMx];
    for code in Code::ALL.iter().filter(|code| code.topic() == Topic::Spf && !elsewhere.contains(code)) {
        let told = FAULTS.iter().flat_map(|(_, codes)| *codes).any(|(name, _)| *name == code.as_str());
        assert!(told, "no case shows {code}");
    }
}

#[test]
fn the_host_must_be_let_in() {
    let host = "spf.host.example TXT v=spf1 ip4:192.0.2.1 -all\n";
    for (zone, expected) in [
        ("example.com A 192.0.2.1", &[("spf-missing", Some("v=spf1 include:spf.host.example ~all"))][..]),
        ("example.com TXT v=spf1 -all", &[("spf-host-missing", Some("v=spf1 include:spf.host.example -all"))]),
        ("example.com TXT v=spf1 include:spf.host.example -all", &[("spf-found", None)]),
        ("example.com MX 0 .\nexample.com TXT v=spf1 -all", &[("spf-found", None)]),
        ("example.com MX 0 .", &[("spf-missing", Some("v=spf1 -all"))]),
        ("example.com MX silent\nexample.com TXT v=spf1 -all", &[("spf-unknown", None)]),
        ("example.com MX silent", &[("spf-missing", None)]),
        (
            "example.com TXT v=spf1 include:none.example include:old.example -all",
            &[
                ("spf-include-missing", Some("v=spf1 include:spf.host.example ~all")),
                ("spf-include-missing", Some("v=spf1 include:spf.host.example ~all")),
                ("spf-host-missing", Some("v=spf1 include:spf.host.example ~all")),
            ],
        ),
        (
            "example.com TXT v=spf1 redirect=a.example
             a.example TXT v=spf1 include:SPF.host.example -all",
            &[("spf-found", None)],
        ),
        (
            "example.com TXT v=spf1 include:a.example -all
             a.example TXT servfail",
            &[("spf-unknown", None)],
        ),
        ("example.com TXT v=spf1 include:%{ir}.spf.example.com -all", &[("spf-found", None)]),
        (
            "example.com TXT v=spf1 ip4:192.0.2.2 -all
             example.com TXT v=spf1 ip4:192.0.2.3 -all",
            &[("spf-two-records", Some("v=spf1 ip4:192.0.2.2 ip4:192.0.2.3 include:spf.host.example -all"))],
        ),
        (
            "example.com TXT v=spf1 192.0.2.2 -all",
            &[("spf-syntax", Some("v=spf1 ip4:192.0.2.2 include:spf.host.example -all"))],
        ),
    ] {
        let expected: Vec<_> = expected.iter().map(|(code, fix)| (*code, fix.map(str::to_owned))).collect();
        assert_eq!(codes(&format!("{host}{zone}"), Some("spf.host.example")), expected, "{zone}");
    }
}

#[test]
fn a_limit_is_told_with_the_costs_and_the_term_that_breaks_it() {
    let zone = "example.com TXT v=spf1 a include:a.example mx -all
                example.com A 192.0.2.1
                example.com MX 10 example.com
                a.example TXT v=spf1 a a a a a a a a a a -all
                a.example A 192.0.2.1";
    let ran = run(zone, None);
    assert_eq!(ran.codes(), ["spf-too-many-lookups"]);
    let finding = ran.finding(Code::SpfTooManyLookups);
    let details: Vec<_> = finding.details.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(details, [("costs", "include:a.example (11), a (1), mx (1)"), ("lookups", "13"), ("term", "a")]);
    assert_eq!(
        finding.evidence,
        [
            "v=spf1 a include:a.example mx -all",
            "a 1",
            "include:a.example costs 11 (a 1, a 1, a 1, a 1, a 1, a 1, a 1, a 1, a 1 <-- look-up 11, a 1)",
            "mx 1",
            "a.example: v=spf1 a a a a a a a a a a -all",
        ]
    );
}

#[test]
fn what_is_included_twice_is_told_once_and_need_not_be_asked_twice() {
    let zone = "example.com TXT v=spf1 include:a.example include:A.example -all
                a.example TXT v=spf1 a a a a a include:none.example -all
                a.example A 192.0.2.1";
    assert_eq!(
        codes(zone, None),
        [
            ("spf-include-missing", None),
            ("spf-too-many-lookups", Some("v=spf1 include:a.example -all".to_owned())),
            ("spf-duplicate", Some("v=spf1 include:a.example -all".to_owned())),
        ]
    );
}

#[test]
fn too_many_mail_servers_are_an_error() {
    let zone = (0..11).fold("example.com TXT v=spf1 mx -all".to_owned(), |zone, number| {
        format!("{zone}\nexample.com MX 10 mx{number}.example.com")
    });
    assert_eq!(codes(&zone, None), [("spf-too-many-mx", None)]);
}

#[test]
fn a_fix_that_would_break_a_limit_is_not_offered() {
    let zone = "example.com TXT v=spf1 a a:example.com mx mx:example.com a/24 a/25 a/26 a/27 a/28 a/29 -all
                example.com A 192.0.2.1
                example.com MX 10 example.com
                spf.host.example TXT v=spf1 -all";
    assert_eq!(codes(zone, Some("spf.host.example")), [("spf-host-missing", None)]);
}

#[test]
fn every_declared_detail_is_given() {
    let zones = [
        "example.com TXT v=spf1 a mx exists:x.example include:y.example foo +all ptr",
        "example.com TXT v=spf1 a mx exists:x.example include:y.example all=x include:example.com +all ptr",
        "example.com TXT v=spf1 a ptr include:z.example\nz.example TXT servfail",
        "example.com TXT v=spf1 -all\nexample.com TXT v=spf1 -all",
        "example.com TXT 'v=spf1 -all\n_spf.example.com TXT v=spf1 -all",
        "example.com TXT v=spf1 ip4:0.0.0.0/0 ip4:10.0.0.1 ip4:10.0.0.1 -all",
        "example.com TXT v=spf1 ip4:1.0.0.0/8 -all",
    ];
    for finding in zones.iter().flat_map(|zone| run(zone, Some("spf.host.example")).findings) {
        let mut declared = finding.code.details().to_vec();
        declared.sort_unstable();
        let given: Vec<_> = finding.details.keys().copied().collect();
        assert_eq!(given, declared, "{}", finding.code);
    }
}

#[test]
fn every_finding_shows_what_was_seen() {
    for (zone, code, evidence) in [
        ("", Code::SpfMissing, &["NXDOMAIN for example.com"][..]),
        ("example.com A 192.0.2.1", Code::SpfMissing, &["no TXT record at example.com"]),
        (
            "example.com TXT some=verification\nexample.com MX 0 .",
            Code::SpfMissing,
            &["TXT records at example.com: 1, none of them SPF", "example.com MX 0 ."],
        ),
        ("example.com TXT v=spf1; -all", Code::SpfLookalike, &["v=spf1; -all"]),
        (
            "example.com TXT -\n_spf.example.com TXT v=spf1 -all",
            Code::SpfMisplaced,
            &["_spf.example.com TXT v=spf1 -all"],
        ),
        ("example.com TXT silent", Code::SpfUnknown, &["example.com TXT: no reply came in time"]),
        (
            "example.com TXT v=spf1 a:a.example -all\na.example AAAA servfail",
            Code::SpfUnknown,
            &["a.example AAAA: the answer was SERVFAIL"],
        ),
        (
            "example.com TXT v=spf1 include:a.example -all",
            Code::SpfIncludeMissing,
            &["v=spf1 include:a.example -all", "NXDOMAIN for a.example"],
        ),
        (
            "example.com TXT v=spf1 mx ip4:1.2.3 -all",
            Code::SpfSyntax,
            &["v=spf1 mx ip4:1.2.3 -all", "at character 11: ip4:1.2.3"],
        ),
        (
            "example.com TXT v=spf1 mx\u{a0}-all",
            Code::SpfSyntax,
            &["v=spf1 mx\u{a0}-all", "at character 10: mx\u{a0}-all"],
        ),
        (
            "example.com TXT v=spf1 a a:x.example a:y.example a:z.example -all\nexample.com A 192.0.2.1",
            Code::SpfTooManyVoids,
            &[
                "v=spf1 a a:x.example a:y.example a:z.example -all",
                "a:x.example finds nothing",
                "a:y.example finds nothing",
                "a:z.example finds nothing",
            ],
        ),
        (
            "example.com TXT v=spf1 a include:a.example -all\nexample.com A 192.0.2.1\na.example TXT v=spf1 -all",
            Code::SpfFound,
            &["v=spf1 a include:a.example -all", "look-ups: a 1 + include:a.example 1 = 2"],
        ),
    ] {
        assert_eq!(run(zone, None).finding(code).evidence, evidence, "{zone}");
    }
}

#[test]
fn a_host_whose_addresses_are_all_named_needs_no_include() {
    let host = |ips: &[&str]| Host {
        spf_include: Some(name("spf.host.example")),
        server_ips: ips.iter().map(|ip| ip.parse().unwrap()).collect(),
        ..Host::default()
    };
    let zone = "example.com TXT v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/64 -all
        spf.host.example TXT v=spf1 ip4:192.0.2.1 -all";
    for (ips, codes) in [
        (&["192.0.2.1", "2001:db8::1"][..], &["spf-found"][..]),
        (&["192.0.2.1", "192.0.2.16"], &["spf-host-missing"]),
        (&[], &["spf-host-missing"]),
    ] {
        assert_eq!(Lab::new("example.com", zone).host(host(ips)).run(Topic::Spf).codes(), codes, "{ips:?}");
    }
}

#[test]
fn no_answer_is_no_fault() {
    let host = || Host { spf_include: Some(name("spf.host.example")), ..Host::default() };
    for (zone, asked) in [
        (
            "example.com TXT v=spf1 mx a include:spf.host.example -all
             example.com MX 10 mx.example.com
             example.com A 192.0.2.1
             spf.host.example TXT v=spf1 ip4:192.0.2.1 -all",
            4,
        ),
        ("example.com MX 0 .\nexample.com TXT v=spf1 -all", 2),
        ("example.com MX 0 .\nexample.com TXT v=spf1 ~all", 2),
        ("example.com MX 0 .", 1),
        ("example.com MX 10 mx.example.com\n_spf.example.com TXT v=spf1 include:spf.host.example -all", 1),
    ] {
        let missed = Lab::new("example.com", zone).host(host()).no_answer_is_no_fault(Topic::Spf);
        assert_eq!(missed.len(), asked, "{zone}: {missed:?}");
    }
}

#[test]
fn a_bomb_ends_in_a_fault_after_a_bounded_number_of_questions() {
    let mut wide = String::from("example.com TXT v=spf1");
    for number in 0..90 {
        let _ = write!(wide, " include:{number}.example a:{number}.example exists:{number}.x.y");
    }
    let mut deep = String::from("example.com TXT v=spf1 include:0.example -all");
    for number in 0..60 {
        let _ = write!(deep, "\n{number}.example TXT v=spf1 redirect={}.example", number + 1);
    }
    let mut mails = String::from("example.com TXT v=spf1 mx -all");
    for number in 0..60 {
        let _ = write!(mails, "\nexample.com MX {number} mx{number}.example.com");
    }
    let ring = "example.com TXT v=spf1 include:a.example include:b.example -all
        a.example TXT v=spf1 include:b.example include:example.com -all
        b.example TXT v=spf1 include:a.example include:example.com -all";
    for zone in [&wide, &deep, &mails, ring] {
        let ran = run(zone, Some("spf.host.example"));
        assert!(ran.findings.iter().any(|finding| finding.severity() == Severity::Fail), "{zone}");
        assert!(ran.asked.len() < 100, "{} questions: {zone}", ran.asked.len());
        assert!(ran.findings.len() <= 25, "{} findings: {zone}", ran.findings.len());
    }
}
