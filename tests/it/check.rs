//! `check` over real DNS: every domain of the zones gives what is wrong with it and nothing else.

use mailmedic::config::{Config, Host};
use mailmedic::finding::{Severity, Topic};
use mailmedic::request::{CheckRequest, Request};

use crate::lab::{engine, faults, report};
use crate::nameserver::{Fault, NameServer, Zones};

/// Checks each domain and compares the faults that are found.
async fn expect(zones: &[&str], expected: &[(&str, &[&str])]) {
    let server = NameServer::start(Zones::load(zones)).await;
    let engine = engine(&server, Config::default());
    let mut wrong = Vec::new();
    for (domain, codes) in expected {
        let found = report(&engine, domain).await;
        if faults(&found) != *codes {
            wrong.push(format!("{domain}: expected {codes:?}, found {:?}", faults(&found)));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn domains_as_large_providers_set_them_up_are_sound() {
    expect(
        &["healthy", "sound", "google", "microsoft", "zoho", "fastmail"],
        &[
            ("healthy.example", &[]),
            ("sound.example", &[]),
            ("google-customer.example", &[]),
            ("google-legacy.example", &["dmarc-policy-none"]),
            ("microsoft-customer.example", &[]),
            ("microsoft-new.example", &[]),
            ("zoho-customer.example", &[]),
            ("zoho-legacy.example", &["dmarc-policy-none"]),
            // This provider advises `?all`, which says nothing about other senders: worth a warning all the same.
            ("fastmail-customer.example", &["spf-all-neutral", "dmarc-policy-none", "dmarc-no-reports"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn each_mx_fault_is_found_alone() {
    expect(
        &["mx"],
        &[
            ("no-mx.example", &["mx-implicit"]),
            ("no-mx-no-address.example", &["mx-missing"]),
            ("null-mx.example", &["mx-null", "dkim-parked"]),
            ("null-mx-and-more.example", &["mx-null-with-others"]),
            ("mx-cname.example", &["mx-target-alias"]),
            ("mx-missing-target.example", &["mx-target-missing"]),
            ("mx-no-address.example", &["mx-target-missing"]),
            ("mx-private.example", &["mx-target-private"]),
            ("mx-loopback.example", &["mx-target-private"]),
            ("mx-literal.example", &["mx-target-literal"]),
            ("mx-self.example", &["mx-target-is-domain"]),
            ("mx-same-address.example", &["mx-same-address"]),
            ("mx-doubled.example", &["mx-target-doubled"]),
            ("mx-quoted.example", &["mx-target-misspelt"]),
            ("mx-star.example", &["mx-implicit", "mx-misplaced"]),
            ("shop.mx-below.example", &["mx-below"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn each_spf_fault_is_found_alone() {
    expect(
        &["spf"],
        &[
            ("no-spf.example", &["spf-missing"]),
            ("two-spf.example", &["spf-two-records"]),
            ("spf-syntax.example", &["spf-syntax"]),
            ("spf-eleven-lookups.example", &["spf-too-many-lookups"]),
            ("spf-voids.example", &["spf-too-many-voids"]),
            ("spf-dead-include.example", &["spf-include-missing"]),
            ("spf-include-loop.example", &["spf-loop"]),
            ("spf-plus-all.example", &["spf-all-pass"]),
            ("spf-neutral-all.example", &["spf-all-neutral"]),
            ("spf-no-all.example", &["spf-no-all"]),
            ("spf-after-all.example", &["spf-after-all"]),
            ("spf-ptr.example", &["spf-ptr"]),
            ("spf-redirect.example", &[]),
            ("spf-split.example", &[]),
            ("spf-quoted.example", &["spf-missing", "spf-lookalike"]),
            ("spf-typo.example", &["spf-missing", "spf-lookalike"]),
            ("spf-below.example", &["spf-missing", "spf-misplaced"]),
            ("spf-doubled.example", &["spf-missing", "spf-misplaced"]),
            ("spf-commas.example", &["spf-syntax"]),
            ("spf-second-version.example", &["spf-ignored"]),
            ("spf-duplicate.example", &["spf-duplicate"]),
            ("spf-everybody.example", &["spf-everybody"]),
            ("spf-wide.example", &["spf-wide-range"]),
            ("spf-private.example", &["spf-private-range"]),
            ("spf-parked.example", &["mx-null", "spf-parked"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn each_dkim_fault_is_found_alone() {
    expect(
        &["dkim"],
        &[
            ("no-dkim.example", &["dkim-none"]),
            ("dkim-other-selector.example", &["dkim-not-found"]),
            ("dkim-1024.example", &["dkim-key-short"]),
            ("dkim-512.example", &["dkim-key-too-short"]),
            ("dkim-ed25519.example", &[]),
            ("dkim-revoked.example", &["dkim-revoked"]),
            ("dkim-truncated-key.example", &["dkim-cut-off"]),
            ("dkim-not-base64.example", &["dkim-broken"]),
            ("dkim-testing.example", &["dkim-testing"]),
            ("dkim-two-records.example", &["dkim-two-records"]),
            ("dkim-dangling-cname.example", &["dkim-not-found", "dkim-dangling-alias"]),
            ("dkim-doubled-name.example", &["dkim-none", "dkim-doubled"]),
            ("dkim-no-version.example", &[]),
            ("dkim-in-pieces.example", &["dkim-in-pieces"]),
            ("dkim-misplaced.example", &["dkim-not-found", "dkim-misplaced"]),
            ("dkim-wildcard.example", &["dkim-not-found", "dkim-wildcard"]),
            ("dkim-ses.example", &["dkim-unguessable"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn each_dmarc_fault_is_found_alone() {
    expect(
        &["dmarc"],
        &[
            ("no-dmarc.example", &["dmarc-missing"]),
            ("dmarc-two.example", &["dmarc-two-records"]),
            ("dmarc-broken.example", &["dmarc-syntax"]),
            ("dmarc-bad-policy.example", &["dmarc-policy-ignored"]),
            ("dmarc-unreadable-policy.example", &["dmarc-syntax"]),
            ("dmarc-none.example", &["dmarc-policy-none"]),
            ("dmarc-no-reports.example", &["dmarc-no-reports"]),
            ("shop.dmarc-inherited.example", &["dmarc-inherited"]),
            ("dmarc-quoted.example", &["dmarc-syntax"]),
            ("dmarc-misplaced.example", &["dmarc-misplaced"]),
            ("dmarc-doubled-name.example", &["dmarc-doubled"]),
            ("dmarc-reports-elsewhere.example", &[]),
            ("dmarc-reports-unwanted.example", &["dmarc-reports-unwanted"]),
            ("dmarc-wildcard.example", &["dmarc-missing", "dmarc-wildcard"]),
            ("dmarc-parked.example", &["mx-null", "dkim-parked", "dmarc-parked"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn each_tls_rpt_fault_is_found_alone() {
    expect(
        &["tls-rpt"],
        &[
            ("tls-rpt.example", &[]),
            ("tls-rpt-two.example", &["tls-rpt-two-records"]),
            ("tls-rpt-broken.example", &["tls-rpt-syntax"]),
            ("tls-rpt-misplaced.example", &["tls-rpt-misplaced"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn each_bimi_fault_is_found_alone() {
    expect(
        &["bimi"],
        &[
            ("bimi.example", &[]),
            ("bimi-none.example", &["dmarc-policy-none", "bimi-policy"]),
            ("bimi-broken.example", &["bimi-syntax"]),
            ("bimi-declined.example", &["bimi-declined"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn each_ptr_fault_is_found_alone() {
    expect(
        &["ptr"],
        &[
            ("no-ptr.example", &["ptr-missing"]),
            ("ptr-mismatch.example", &["ptr-not-confirmed"]),
            ("ptr-dangling.example", &["ptr-not-confirmed"]),
            ("ptr-generic.example", &["ptr-generic"]),
            ("ptr-silent.example", &["ptr-unknown"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn each_listing_is_found_alone() {
    expect(
        &["dnsbl"],
        &[
            ("dnsbl-address.example", &["dnsbl-address-listed"]),
            ("dnsbl-policy.example", &["dnsbl-policy-listed"]),
            ("dnsbl-domain.example", &["dnsbl-domain-listed"]),
            ("dnsbl-abused.example", &["dnsbl-domain-abused"]),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_a_list_answers_to_a_resolver_that_it_refuses_is_no_listing() {
    for code in ["127.255.255.252", "127.255.255.254", "127.255.255.255", "127.0.0.1", "198.51.100.1"] {
        let mut zones = Zones::load(&["healthy"]);
        // Refusing lists answer so to whatever they are asked; as do resolvers that make up answers.
        zones.add("*.spamcop.net", "A", code).add("*.bl.spamcop.net", "A", code);
        for entry in ["2.0.0.127", "1.0.0.127", "10.2.0.192", "11.2.0.192"] {
            zones.add(&format!("{entry}.zen.spamhaus.org"), "A", code);
        }
        for entry in ["test", "invalid", "healthy.example"] {
            zones.add(&format!("{entry}.dbl.spamhaus.org"), "A", code);
        }
        let server = NameServer::start(zones).await;
        let report = report(&engine(&server, Config::default()), "healthy.example").await;
        assert_eq!(faults(&report), ["dnsbl-refused"], "{code}");
        // It is no matter of the domain's, which is as sound as it was.
        assert_eq!(report.verdict(), Severity::Info, "{code}");
    }
}

#[tokio::test]
async fn the_sender_score_is_told_where_a_zone_for_it_is_named() {
    let mut zones = Zones::load(&["healthy"]);
    zones.add("10.2.0.192.score.example", "A", "127.0.4.97").add("11.2.0.192.score.example", "A", "127.0.4.12");
    let server = NameServer::start(zones).await;
    let lists = mailmedic::config::Lists { senderscore: Some("score.example".parse().unwrap()), ..Default::default() };
    let scored = report(&engine(&server, Config { dnsbl: lists, ..Config::default() }), "healthy.example").await;
    assert_eq!(faults(&scored), ["senderscore-low"]);
    let unasked = report(&engine(&server, Config::default()), "healthy.example").await;
    assert!(unasked.topics().all(|(topic, _)| topic != Topic::Senderscore));
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_apart_from_silence() {
    let server = NameServer::start(Zones::load(&["dns"])).await;
    let engine = engine(&server, Config::default());
    let gone = report(&engine, "no-such-name.example").await;
    assert!(faults(&gone).contains(&"dns-no-such-name") && gone.verdict() == Severity::Fail);
    for domain in ["servfail.example", "refused.example", "silent.example"] {
        let report = report(&engine, domain).await;
        assert_eq!(report.verdict(), Severity::Unknown, "{domain}: {:?}", faults(&report));
        assert!(report.findings().all(|finding| finding.severity() == Severity::Unknown), "{domain}");
    }
}

#[tokio::test]
async fn no_failure_of_the_network_makes_anything_missing() {
    let failures =
        [Fault::SERVFAIL, Fault::REFUSED, Fault::FORMERR, Fault::NOTIMP, Fault::Silent, Fault::Garbage, Fault::WrongId];
    for failure in failures {
        for kind in ["A", "MX", "TXT", "PTR", "SOA"] {
            let mut zones = Zones::load(&["healthy"]);
            let _rule = zones.fault("*", failure).only(kind);
            let server = NameServer::start(zones).await;
            let report = report(&engine(&server, Config::default()), "healthy.example").await;
            let blamed: Vec<_> = report.findings().filter(|finding| finding.severity() >= Severity::Warn).collect();
            assert_eq!(blamed, Vec::<&mailmedic::finding::Finding>::new(), "{failure:?} for {kind}");
            assert!(report.findings().any(|finding| finding.severity() == Severity::Unknown), "{failure:?} for {kind}");
        }
    }
}

#[tokio::test]
async fn half_a_silence_leaves_the_other_half_known() {
    let server = NameServer::start(Zones::load(&["dns"])).await;
    let report = report(&engine(&server, Config::default()), "half-silent.example").await;
    let of = |topic| report.topics().find(|(found, _)| *found == topic).map(|(_, severity)| severity);
    assert_eq!(of(Topic::Mx), Some(Severity::Ok));
    assert_eq!(of(Topic::Spf), Some(Severity::Unknown));
    assert!(!report.unreachable);
}

#[tokio::test]
async fn a_resolver_that_never_answers_is_named() {
    let mut zones = Zones::default();
    let _rule = zones.fault("*", Fault::Silent);
    let server = NameServer::start(zones).await;
    let engine = engine(&server, Config::default());
    let mut work = engine.begin(Request::Check(CheckRequest::of("healthy.example".parse().unwrap())));
    work.finish().await;
    assert!(work.report().unwrap().unreachable);
    assert!(work.answer().lead.to_string().contains(&server.address().to_string()));
}

#[tokio::test]
async fn a_large_answer_is_read_over_tcp() {
    let server = NameServer::start(Zones::load(&["dns"])).await;
    let report = report(&engine(&server, Config::default()), "truncated.example").await;
    let spf = report.topics().find(|(topic, _)| *topic == Topic::Spf);
    assert!(spf.is_some_and(|(_, severity)| severity != Severity::Unknown), "{:?}", faults(&report));
}

#[tokio::test]
async fn unicode_domains_are_asked_for_in_the_spelling_of_the_dns() {
    let server = NameServer::start(Zones::load(&["dns"])).await;
    let report = report(&engine(&server, Config::default()), "BÜCHER.example").await;
    assert_eq!(report.domain.to_string(), "xn--bcher-kva.example");
    assert!(server.count("xn--bcher-kva.example", "MX") == 1);
    assert_eq!(report.domain.unicode(), "bücher.example");
}

#[tokio::test]
async fn an_operators_own_hosts_are_what_is_expected() {
    let host = Host {
        mx: vec!["mx1.host.example".parse().unwrap()],
        spf_include: Some("spf.host.example".parse().unwrap()),
        dkim_selectors: vec!["default".parse().unwrap()],
        server_ips: Vec::new(),
        ..Host::default()
    };
    let server = NameServer::start(Zones::load(&["sound", "google", "spf"])).await;
    let engine = engine(&server, Config { host, ..Config::default() });
    assert_eq!(faults(&report(&engine, "sound.example").await), Vec::<&str>::new());
    assert!(faults(&report(&engine, "google-customer.example").await).contains(&"mx-not-host"));
    let fix_of = |report: &mailmedic::probe::Report| report.findings().find_map(|finding| finding.fix.clone());
    let elsewhere = fix_of(&report(&engine, "google-customer.example").await).unwrap();
    assert_eq!((elsewhere.kind.to_string().as_str(), elsewhere.value.as_str()), ("MX", "10 mx1.host.example"));
    let missing = report(&engine, "spf-without-host.example").await;
    assert_eq!(faults(&missing), ["spf-host-missing"]);
    let fix = missing.findings().find_map(|finding| finding.fix.clone()).unwrap();
    assert!(fix.verified && fix.value.contains("include:spf.host.example"), "{fix:?}");
}

/// Publishes each fix beside what stands there already, the records that it takes the place of left out.
#[tokio::test]
async fn every_fix_that_is_offered_mends_its_domain_when_it_is_published() {
    let mut mended = 0;
    for (domain, old) in [
        ("two-spf.example", "v=spf1"),
        ("spf-plus-all.example", "v=spf1"),
        ("spf-no-all.example", "v=spf1"),
        ("spf-after-all.example", "v=spf1"),
        ("no-dmarc.example", "v=DMARC1"),
        ("dmarc-broken.example", "v=DMARC1"),
        ("dmarc-doubled-name.example", "v=DMARC1"),
        ("dmarc-parked.example", "v=DMARC1"),
        ("dkim-not-base64.example", "v=DKIM1"),
        ("dkim-doubled-name.example", "v=DKIM1"),
        // Two records go, the second of which has no purpose to be told by.
        ("dkim-in-pieces.example", ""),
        ("tls-rpt-broken.example", "v=TLSRPTv1"),
    ] {
        let server = NameServer::start(Zones::all()).await;
        let before = report(&engine(&server, Config::default()), domain).await;
        let found = before.findings().find(|finding| finding.fix.is_some());
        let Some((code, fix)) = found.map(|finding| (finding.code, finding.fix.clone().unwrap())) else {
            panic!("{domain}: no fix is offered");
        };
        let mut zones = Zones::all();
        zones.replace_text(&fix.name, old, &fix.value);
        let server = NameServer::start(zones).await;
        let after = report(&engine(&server, Config::default()), domain).await;
        let codes = faults(&after);
        assert!(!codes.contains(&code.as_str()), "{domain}: {fix:?} leaves {codes:?}");
        assert!(after.findings().all(|finding| finding.severity() != Severity::Fail), "{domain}: {codes:?}");
        mended += 1;
    }
    assert_eq!(mended, 12);
}

#[tokio::test]
async fn mx_records_that_are_offered_mend_their_domain_when_they_are_published() {
    for (domain, records) in [
        ("mx-doubled.example", "10 mx1.host.example\n20 mail.mx-doubled.example"),
        ("mx-quoted.example", "10 mx1.host.example\n20 mx2.host.example"),
        ("mx-cname.example", "10 mx1.host.example"),
        ("mx-star.example", "10 mx1.host.example"),
    ] {
        let server = NameServer::start(Zones::load(&["mx"])).await;
        let before = report(&engine(&server, Config::default()), domain).await;
        let fix = before.findings().find_map(|finding| finding.fix.clone()).unwrap();
        assert_eq!((fix.name.as_str(), fix.value.as_str()), (domain, records));
        let mut zones = Zones::load(&["mx"]);
        zones.replace(&fix.name, "MX", fix.values());
        let server = NameServer::start(zones).await;
        assert_eq!(faults(&report(&engine(&server, Config::default()), domain).await), Vec::<&str>::new(), "{domain}");
    }
}

#[test]
fn the_codes_are_stable() {
    let row = |code: &mailmedic::finding::Code| format!("{} {}", code, code.severity());
    insta::assert_snapshot!(mailmedic::finding::Code::ALL.iter().map(row).collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn a_report_reads_well_on_discord() {
    let server = NameServer::start(Zones::load(&["spf"])).await;
    let engine = engine(&server, Config::default());
    let mut work = engine.begin(Request::Check(CheckRequest::of("two-spf.example".parse().unwrap())));
    work.finish().await;
    let mut answer = work.answer();
    answer.note = None;
    let message = serde_json::to_value(mailmedic::render::discord::message(&answer, &[])).unwrap();
    insta::assert_snapshot!(message["embeds"][0]["description"].as_str().unwrap());
    insta::assert_json_snapshot!("buttons_of_a_report", message["components"]);
}

#[tokio::test]
async fn the_next_resolver_is_asked_when_one_does_not_know() {
    let good = NameServer::start(Zones::load(&["healthy"])).await;
    for fault in [Fault::Silent, Fault::REFUSED, Fault::SERVFAIL, Fault::NOTIMP] {
        let mut zones = Zones::default();
        let _rule = zones.fault("*", fault);
        let bad = NameServer::start(zones).await;
        let resolver = mailmedic::probe::Resolver::new(&[bad.address(), good.address()], crate::lab::PATIENCE);
        let engine = crate::lab::engine_on(std::sync::Arc::new(resolver), Config::default());
        assert_eq!(faults(&report(&engine, "healthy.example").await), Vec::<&str>::new(), "{fault:?}");
    }
}
