//! What the check finds, over records, pages and mail servers in a table.

use super::*;
use crate::facts::{Distrust, Secured, Service};
use crate::finding::Topic;
use crate::mail::lab::{Lab, finds, secured, session};

const RECORD: &str = "_mta-sts.example.com TXT v=STSv1; id=20260101";

const HOSTS: &str = "
    example.com MX 10 mx1.example.com
    example.com MX 20 mx2.example.com
    mx1.example.com A 192.0.2.1
    mx2.example.com A 192.0.2.2
    mta-sts.example.com A 192.0.2.3";

const POLICY: &str = "version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 604800\n";

fn lab(table: &str) -> Lab {
    Lab::new("example.com", &format!("{HOSTS}\n{table}"))
}

fn page(body: &str) -> Page {
    Page { status: 200, content_type: Some("text/plain".to_owned()), location: None, body: body.to_owned() }
}

/// A network with a sound record, where fetching the policy gives this, and both mail servers are sound.
fn fetched(fetched: Fetched) -> Lab {
    let sound = || Ok(session(Tls::Up(secured())));
    lab(RECORD).connected().page("mta-sts.example.com", fetched).call("mx1.example.com", Service::Smtp, sound()).call(
        "mx2.example.com",
        Service::Smtp,
        sound(),
    )
}

fn policy(old: &str, new: &str) -> Lab {
    assert!(POLICY.contains(old), "{old}");
    fetched(Ok(page(&POLICY.replace(old, new))))
}

/// A network where the first mail server's TLS is this.
fn tls(tls: Tls) -> Lab {
    lab(RECORD).connected().page("mta-sts.example.com", Ok(page(POLICY))).call(
        "mx1.example.com",
        Service::Smtp,
        Ok(session(tls)),
    )
}

#[test]
fn every_code_has_its_case() {
    let found = Code::MtaStsFound;
    let refused = Err(NoPage::Unreached(Unreached::Refused));
    let redirect = Page { status: 301, location: Some("https://example.com/".to_owned()), ..page("") };
    finds(
        Topic::MtaSts,
        &[
            (lab(""), &[Code::MtaStsNone]),
            (lab("_mta-sts.example.com TXT hello"), &[Code::MtaStsNone]),
            (lab(RECORD), &[found]),
            (lab(&format!("{RECORD}\n_mta-sts.example.com TXT hello")), &[found]),
            (lab(&format!("{RECORD}\n_mta-sts.example.com TXT v=STSv1; id=2")), &[Code::MtaStsTwoRecords]),
            (lab("_mta-sts.example.com TXT v=STSv1; id=2026-01-01"), &[Code::MtaStsSyntax]),
            (lab("_mta-sts.example.com TXT \"v=STSv1; id=1\""), &[Code::MtaStsSyntax]),
            (lab("_mta-sts.example.com TXT servfail"), &[Code::MtaStsUnknown]),
            (Lab::new("example.com", RECORD), &[Code::MtaStsHostMissing]),
            (lab(&format!("{RECORD}\nmta-sts.example.com AAAA silent")), &[found]),
            (Lab::new("example.com", &format!("{RECORD}\nmta-sts.example.com A silent")), &[Code::MtaStsUnknown]),
            (lab(RECORD).connected(), &[Code::MtaStsUnknown]),
            (fetched(refused), &[Code::MtaStsHostUnreachable]),
            (
                Lab::new("example.com", &format!("{RECORD}\nmta-sts.example.com A 10.0.0.1")),
                &[Code::MtaStsHostUnreachable],
            ),
            (
                Lab::new("example.com", &format!("{RECORD}\nmta-sts.example.com A 10.0.0.1"))
                    .connected()
                    .page("mta-sts.example.com", Err(NoPage::Unreached(Unreached::Denied))),
                &[Code::MtaStsHostUnreachable],
            ),
            (fetched(Err(NoPage::Unreached(Unreached::Denied))), &[found]),
            (fetched(Err(NoPage::Untrusted("it is for www".to_owned()))), &[Code::MtaStsHostUntrusted]),
            (fetched(Err(NoPage::NoTls("not TLS".to_owned()))), &[Code::MtaStsHostUntrusted]),
            (fetched(Err(NoPage::Malformed("not HTTP".to_owned()))), &[Code::MtaStsPolicyMissing]),
            (fetched(Ok(Page { status: 404, ..page("") })), &[Code::MtaStsPolicyMissing]),
            (fetched(Ok(redirect)), &[Code::MtaStsPolicyRedirected]),
            (
                fetched(Ok(Page { content_type: Some("text/html; charset=utf-8".to_owned()), ..page(POLICY) })),
                &[Code::MtaStsPolicyType],
            ),
            (fetched(Ok(Page { content_type: None, ..page(POLICY) })), &[Code::MtaStsPolicyType]),
            (policy("STSv1", "STSv2"), &[Code::MtaStsPolicySyntax]),
            (fetched(Ok(page(POLICY))), &[found, Code::MtaStsEnforced]),
            (
                fetched(Ok(Page { content_type: Some("Text/Plain; charset=utf-8".to_owned()), ..page(POLICY) })),
                &[found, Code::MtaStsEnforced],
            ),
            (policy("enforce", "testing"), &[found, Code::MtaStsTesting]),
            (policy("enforce", "none"), &[found, Code::MtaStsModeNone]),
            (policy("604800", "3600"), &[found, Code::MtaStsEnforced, Code::MtaStsMaxAgeShort]),
            (policy("*.example.com", "mx1.example.com"), &[Code::MtaStsMxNotCovered]),
            (policy("*.example.com", "*.example.net"), &[Code::MtaStsNoMxCovered]),
            (
                policy("enforce\nmx: *.example.com", "testing\nmx: mx.example.net"),
                &[Code::MtaStsMxNotCovered, Code::MtaStsMxNotCovered, Code::MtaStsTesting],
            ),
            (tls(Tls::Up(secured())), &[found, Code::MtaStsEnforced]),
            (tls(Tls::NotOffered), &[Code::MtaStsMxNotSecure]),
            (tls(Tls::Up(Secured { names_host: false, ..secured() })), &[Code::MtaStsMxNotSecure]),
            (tls(Tls::Up(Secured { trusted: Err(Distrust::UnknownIssuer), ..secured() })), &[Code::MtaStsMxNotSecure]),
            (
                fetched(Ok(page(POLICY))).call("mx3.example.com", Service::Smtp, Err(Unreached::Silent)),
                &[found, Code::MtaStsEnforced],
            ),
        ],
    );
}

#[test]
fn every_fix_is_exact_and_proven() {
    let at = |text: &str| format!("_mta-sts.example.com TXT {text}");
    for (table, code, value) in [
        (at("v=STSv1 id=20260101"), Code::MtaStsSyntax, Some("v=STSv1; id=20260101")),
        (at("\"v=STSv1; id=20260101;\""), Code::MtaStsSyntax, Some("v=STSv1; id=20260101")),
        (at("v=STSv1; id=2026-01-01"), Code::MtaStsSyntax, Some("v=STSv1; id=20260101")),
        (at("v=STSv1;"), Code::MtaStsSyntax, None),
        (format!("{RECORD}\n{}", at("v=STSv1; id=20250101")), Code::MtaStsTwoRecords, Some("v=STSv1; id=20260101")),
        (
            "_mta-sts.example.com CNAME a.example.net\na.example.net TXT v=STSv1; id=a-b".to_owned(),
            Code::MtaStsSyntax,
            None,
        ),
    ] {
        let fix = value.map(|value| format!("_mta-sts.example.com {value}"));
        assert_eq!(lab(&table).run(Topic::MtaSts).fix(code), fix, "{table}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let ran = lab("_mta-sts.example.com TXT v=STSv1; id=2026-01-01").run(Topic::MtaSts);
    assert_eq!(ran.detail(Code::MtaStsSyntax, "column"), "10");
    assert_eq!(ran.finding(Code::MtaStsSyntax).evidence, ["v=STSv1; id=2026-01-01"]);
    let ran = lab("_mta-sts.example.com TXT hello").run(Topic::MtaSts);
    assert_eq!(ran.finding(Code::MtaStsNone).evidence, ["hello"]);
    let ran = policy("enforce", "Enforce").run(Topic::MtaSts);
    assert_eq!(ran.detail(Code::MtaStsPolicySyntax, "line"), "2");
    assert_eq!(
        ran.finding(Code::MtaStsPolicySyntax).evidence,
        ["https://mta-sts.example.com/.well-known/mta-sts.txt at 192.0.2.3, line 2: mode: Enforce"]
    );
    let ran = policy("*.example.com", "mx1.example.com").run(Topic::MtaSts);
    assert_eq!(ran.detail(Code::MtaStsMxNotCovered, "target"), "mx2.example.com");
    assert_eq!(ran.finding(Code::MtaStsMxNotCovered).evidence, ["mx: mx1.example.com"]);
}

#[test]
fn without_a_record_one_question_is_asked_and_without_connections_three() {
    assert_eq!(lab("").connected().run(Topic::MtaSts).asked.len(), 1);
    assert_eq!(lab(RECORD).run(Topic::MtaSts).asked.len(), 3);
    let ran = fetched(Ok(page(POLICY))).run(Topic::MtaSts);
    assert_eq!((ran.rounds, ran.asked.len()), (5, 11));
}

#[test]
fn no_answer_is_no_fault() {
    let ran = fetched(Ok(page(POLICY)));
    assert_eq!(
        ran.no_answer_is_no_fault(Topic::MtaSts),
        [
            "_mta-sts.example.com TXT",
            "mta-sts.example.com A",
            "example.com MX",
            "https://mta-sts.example.com/.well-known/mta-sts.txt at 192.0.2.3"
        ]
    );
}
