//! What whole messages come to.

use super::*;
use crate::config::{Host, Lists};
use crate::facts::Facts;
use crate::inspect::hops::way;
use crate::inspect::lab::{NOW, signed, signed_as, zone};
use crate::mail::lab::Lab;

const MESSAGE: &str = "From: Anna <anna@example.com>\nTo: Bob <bob@example.net>\nSubject: Hello\n\nHi Bob\n";

const RECEIVED: &str = "Received: from mail.example.com (mail.example.com [192.0.2.1]) by mx1.host.example with ESMTPS; Tue, 14 Nov 2023 22:00:00 +0000\n";

fn host() -> Host {
    Host {
        mx: vec!["mx1.host.example".parse().unwrap(), "in.host.example".parse().unwrap()],
        server_ips: vec![[203, 0, 113, 9].into()],
        ..Host::default()
    }
}

fn judged(message: &str, records: &str) -> (Authentication, usize, Facts) {
    let message = Original::read(message.as_bytes()).unwrap();
    let way = way(&message, &host());
    let zone = format!("{}\n{records}", zone());
    Lab::new("example.com", &zone).settle(|view| {
        let (host, lists) = (host(), Lists::default());
        judge(&message, &way, &Circumstances { connection: None, host: &host, lists: &lists, now: NOW }, view)
    })
}

/// SPF's result, DMARC's, what is aligned, and DMARC's problem.
fn told(message: &str, records: &str) -> (&'static str, String, Vec<Identifier>, String) {
    let Authentication { spf, dmarc, .. } = judged(message, records).0;
    let spf = spf.map_or("unknown", |spf| spf.result.as_str());
    let result = serde_json::to_value(dmarc.result).unwrap().as_str().unwrap().to_owned();
    (spf, result, dmarc.aligned, dmarc.problem.map(|problem| problem.to_string()).unwrap_or_default())
}

fn delivered(path: &str, message: &str) -> String {
    format!("Return-Path: <{path}>\n{RECEIVED}{message}")
}

const RECORDS: &str = "_dmarc.example.com TXT v=DMARC1; p=reject
    example.com TXT v=spf1 ip4:192.0.2.1 -all
    mail.example.com TXT v=spf1 ip4:192.0.2.1 -all
    example.org TXT v=spf1 ip4:192.0.2.1 -all";

#[test]
fn either_that_passes_for_the_author_is_enough() {
    use Identifier::{Dkim, Spf};
    let (signed_here, signed_elsewhere) = (signed("", MESSAGE), MESSAGE.to_owned());
    for (path, message, spf, result, aligned, problem) in [
        ("anna@example.com", &signed_here, "pass", "pass", vec![Spf, Dkim], ""),
        ("bounce@mail.example.com", &signed_elsewhere, "pass", "pass", vec![Spf], ""),
        ("list@example.org", &signed_here, "pass", "pass", vec![Dkim], ""),
        (
            "list@example.org",
            &signed_elsewhere,
            "pass",
            "fail",
            vec![],
            "what passes is for another domain: example.org",
        ),
        ("x@nowhere.example", &signed_elsewhere, "none", "fail", vec![], "neither SPF nor DKIM passes"),
        ("", &signed_elsewhere, "pass", "pass", vec![Spf], ""),
    ] {
        let expected = (spf, result.to_owned(), aligned, problem.to_owned());
        assert_eq!(told(&delivered(path, message), RECORDS), expected, "{path}");
    }
}

#[test]
fn strict_records_want_the_very_domain() {
    let records = RECORDS.replace("p=reject", "p=reject; aspf=s; adkim=s");
    let message = delivered("bounce@mail.example.com", MESSAGE);
    assert_eq!(told(&message, &records).1, "fail");
    assert_eq!(told(&delivered("anna@example.com", MESSAGE), &records).1, "pass");
    let below = MESSAGE.replace("anna@example.com", "anna@mail.example.com");
    assert_eq!(told(&signed("", &below), RECORDS).2, [Identifier::Dkim]);
    let records = format!("{records}\n_dmarc.mail.example.com TXT v=DMARC1; p=none; adkim=s");
    assert_eq!(told(&signed("", &below), &records).2, []);
}

#[test]
fn without_the_hosts_own_word_spf_is_not_known() {
    let unknown =
        "no signature speaks for the author's domain, and which host sent the message is not known, so SPF cannot tell";
    let (path, foreign) =
        ("Return-Path: <anna@example.com>\n", RECEIVED.replace("mx1.host.example", "mx.evil.example"));
    for head in [
        path.to_owned(),
        RECEIVED.to_owned(),
        format!("{path}{foreign}"),
        // A stranger's hop on top: what is below may be made up.
        format!("{path}{foreign}{RECEIVED}"),
        format!("{path}Authentication-Results: mx.evil.example; spf=pass smtp.mailfrom=anna@example.com\n"),
    ] {
        let told = told(&format!("{head}{MESSAGE}"), RECORDS);
        assert_eq!((told.0, told.1.as_str(), told.3.as_str()), ("unknown", "temperror", unknown), "{head}");
    }
    let own = "Authentication-Results: mx1.host.example; spf=pass smtp.mailfrom=anna@example.com\n";
    assert_eq!(told(&format!("{own}{MESSAGE}"), RECORDS).2, [Identifier::Spf]);
}

#[test]
fn hops_within_the_host_are_passed_over() {
    let within = "Received: from mx1.host.example (mx1.host.example [203.0.113.9]) by in.host.example; Tue, 14 Nov 2023 22:00:01 +0000\n\
        Received: from localhost (localhost [127.0.0.1]) by mx1.host.example; Tue, 14 Nov 2023 22:00:01 +0000\n";
    let message = format!("Return-Path: <anna@example.com>\n{within}{RECEIVED}{MESSAGE}");
    let spf = judged(&message, RECORDS).0.spf.unwrap();
    assert_eq!((spf.result, spf.address), (SpfResult::Pass, Some([192, 0, 2, 1].into())));
}

#[test]
fn the_author_must_be_one_domain() {
    for (from, problem) in [
        ("", "the message has no From field"),
        ("From: a@example.com\nFrom: b@example.com\n", "the message has 2 From fields; one is allowed"),
        ("From: nobody\n", "the From field holds no address with a domain"),
        ("From: a@example.com, b@example.org\n", "the From field holds addresses of several domains"),
        ("From: a@example.com, b@example.com\n", ""),
    ] {
        let told = told(&format!("{from}Subject: x\n\n"), "example.com A 192.0.2.1");
        assert_eq!(told.1, if problem.is_empty() { "none" } else { "permerror" }, "{from}");
        assert_eq!(told.3, problem, "{from}");
    }
}

#[test]
fn silence_is_no_failure() {
    let message = delivered("anna@example.com", &signed("", MESSAGE));
    for records in [
        "_dmarc.example.com TXT servfail\nexample.com TXT v=spf1 -all",
        "_dmarc.example.com TXT v=DMARC1; p=reject\nexample.com TXT silent",
    ] {
        let message = message.replace("s=rsa", "s=gone");
        assert_eq!(told(&message, records).1, "temperror", "{records}");
    }
    let elsewhere = signed_as("DKIM-Signature", "v=1", &MESSAGE.replace("anna@example.com", "anna@example.net"));
    let records = "_dmarc.example.net TXT v=DMARC1; p=reject\n_dmarc.example.com TXT silent";
    assert_eq!(told(&elsewhere, records).1, "temperror");
}

#[test]
fn all_that_needs_no_reply_is_asked_in_the_first_round() {
    let (_, rounds, facts) = judged(&delivered("anna@example.com", &signed("", MESSAGE)), RECORDS);
    assert_eq!((rounds, facts.dns().count()), (1, 4));
}

#[test]
fn the_json_has_the_promised_keys() {
    let message = delivered("anna@example.com", &signed("", MESSAGE));
    let json = serde_json::to_value(judged(&message, RECORDS).0).unwrap();
    assert_eq!(json["spf"]["result"], "pass");
    assert_eq!(json["spf"]["matched"], "ip4:192.0.2.1");
    assert_eq!(
        json["dkim"][0],
        serde_json::json!({"domain": "example.com", "selector": "rsa", "result": "pass", "problem": null})
    );
    assert_eq!(json["dmarc"]["result"], "pass");
    assert_eq!(json["dmarc"]["policy"], "reject");
    assert_eq!(json["dmarc"]["aligned"], serde_json::json!(["spf", "dkim"]));
    assert_eq!(json["arc"]["result"], "none");
}
