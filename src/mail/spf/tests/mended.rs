//! One record for all faults of another, and none that shuts out those who send.

use super::run;
use crate::finding::{Code, Severity};

/// Networks of a domain with mail servers, and what its record is mended to, with all its faults together; `None` where
/// that would shut out those who send, or would leave it broken.
const MENDED: &[(&str, Option<&str>)] = &[
    // Misspelt, and nobody else is named.
    ("v=spf1 include:_spf.hots.example -all", None),
    ("v=spf1 include:example.net -all", None),
    ("v=spf1 include:alias.example -all", None),
    ("v=spf1 include:example.com -all", None),
    ("v=spf1 redirect=example.com", None),
    ("v=spf1 a:x.example a:y.example a:z.example -all", None),
    ("v=spf1 a include:none.example -all", None),
    // Somebody else is named: nobody is refused for the slip.
    ("v=spf1 mx include:_spf.hots.example -all", Some("v=spf1 mx ~all")),
    ("v=spf1 mx redirect=_spf.hots.example", Some("v=spf1 mx ~all")),
    ("v=spf1 mx redirect=example.com", Some("v=spf1 mx ~all")),
    ("v=spf1 a:x.example a:y.example a:z.example mx -all", Some("v=spf1 mx ~all")),
    // What was meant is found.
    ("v=spf1 include:https://_spf.host.example/ -all", Some("v=spf1 include:_spf.host.example -all")),
    ("v=spf1 include:https://_spf.host.example -all", Some("v=spf1 include:_spf.host.example -all")),
    ("v=spf1 include:mailto:me@_spf.host.example -all", Some("v=spf1 include:_spf.host.example -all")),
    ("v=spf1 include:me@_spf.host.example -all", Some("v=spf1 include:_spf.host.example -all")),
    ("v=spf1 redirect=http://_spf.host.example", Some("v=spf1 redirect=_spf.host.example")),
    ("v=spf1 include:https://_spf.hots.example mx -all", Some("v=spf1 mx ~all")),
    ("v=spf1 include:_spf.host.example.example.com -all", Some("v=spf1 include:_spf.host.example -all")),
    ("v=spf1 mx ~include:_spf.host.example.EXAMPLE.com. -all", Some("v=spf1 mx ~include:_spf.host.example -all")),
    ("v=spf1 mx include:_spf.hots.example.example.com -all", Some("v=spf1 mx ~all")),
    (
        "v=spf1 include:none.example include:_spf.host.example.example.com -all",
        Some("v=spf1 include:_spf.host.example ~all"),
    ),
    // Everybody is named.
    ("v=spf1 ip4:0.0.0.0/0 -all", None),
    ("v=spf1 mx/0 -all", None),
    ("v=spf1 exists:mx.example ip4:192.0.2.1 -all", Some("v=spf1 ip4:192.0.2.1 ~all")),
    ("v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 ~all", None),
    ("v=spf1 +all", None),
    ("v=spf1 +all mx", Some("v=spf1 mx ~all")),
    // Somebody is named behind the end.
    ("v=spf1 ~all mx include:_spf.host.example", Some("v=spf1 mx include:_spf.host.example ~all")),
    ("v=spf1 -all redirect=_spf.host.example", None),
    ("v=spf1 mx -all ~all mx", Some("v=spf1 mx -all")),
    ("v=spf1 -all ip4:0.0.0.0/0", None),
    // Nobody is named, though the domain has mail.
    ("v=spf1 ?all", None),
    ("v=spf1", None),
    ("v=spf1 -mx ?all", None),
    // Several faults, and one record.
    ("v=spf1 ptr mx mx include:_spf.host.example ?all a", Some("v=spf1 mx include:_spf.host.example a ~all")),
    ("v=spf1 mx -all v=spf1 include:_spf.host.example ~all", Some("v=spf1 mx include:_spf.host.example -all")),
    ("v=spf1 mx ipv4:192.0.2.1 include:_spf.hots.example ?all", Some("v=spf1 mx ip4:192.0.2.1 ?all")),
    ("v=spf1 mx ipv4:192.0.2.1 +all", Some("v=spf1 mx ip4:192.0.2.1 ~all")),
    ("v=spf1 mx mx foo include:_spf.hots.example +all", None),
    ("v=spf1 mx mx include:two.example ~all", None),
    ("v=spf1 mx mx include:outside.example ~all", Some("v=spf1 mx include:outside.example ~all")),
];

#[test]
fn all_faults_of_a_record_are_mended_together_or_not_at_all() {
    const NETWORK: &str = "
        example.com MX 10 mx.example
        mx.example A 192.0.2.7
        _spf.host.example TXT v=spf1 ip4:192.0.2.16/28 -all
        alias.example CNAME gone.example
        two.example TXT v=spf1 mx -all
        two.example TXT v=spf1 a -all
        outside.example TXT v=spf1 ip4:192.0.2.9 include:none.example -all";
    for (record, expected) in MENDED {
        let ran = run(&format!("example.com TXT {record}\n{NETWORK}"), None);
        let worst = ran.findings.iter().filter(|finding| finding.severity() > Severity::Unknown);
        let worst = worst.min_by_key(|finding| std::cmp::Reverse(finding.severity())).expect("a fault");
        let offered: Vec<_> =
            ran.findings.iter().filter_map(|finding| Some(finding.fix.as_ref()?.value.as_str())).collect();
        assert_eq!(offered.first().copied(), *expected, "{record}: {ran:#?}");
        assert!(expected.is_none() || worst.fix.is_some() || worst.subject != "example.com", "{record}: {worst:#?}");
    }
}

#[test]
fn the_host_is_let_in_by_a_record_that_works_or_by_none() {
    let host = "spf.host.example TXT v=spf1 ip4:192.0.2.1 -all\nexample.com A 192.0.2.2";
    let eleven = (0..11).fold("v=spf1".to_owned(), |record, length| format!("{record} a/{}", length + 20));
    for (record, expected) in [
        (&*format!("{eleven} -all"), None),
        ("v=spf1 +all", Some("v=spf1 include:spf.host.example ~all")),
        ("v=spf1 redirect=none.example", Some("v=spf1 include:spf.host.example ~all")),
        ("v=spf1 a a ?all", Some("v=spf1 a include:spf.host.example ~all")),
        ("v=spf1 -all include:spf.host.example", Some("v=spf1 include:spf.host.example -all")),
        ("v=spf1 include:none.example -all", Some("v=spf1 include:spf.host.example ~all")),
    ] {
        let ran = run(&format!("example.com TXT {record}\n{host}"), Some("spf.host.example"));
        let fix = ran.finding(Code::SpfHostMissing).fix.as_ref().map(|fix| fix.value.as_str());
        assert_eq!(fix, expected, "{record}: {ran:#?}");
    }
}
