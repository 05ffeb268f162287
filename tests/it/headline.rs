//! The one cause that a report leads with, whatever else is wrong with the domain.

use std::sync::Arc;

use mailmedic::config::{Config, Host};
use mailmedic::engine::Engine;

use crate::lab::{check, engine};
use crate::nameserver::{NameServer, Zones};

/// What a sound customer of `host.example` has, before something goes wrong.
const SOUND: &[(&str, &str, &str)] = &[
    ("", "SOA", "ns1.host.example. root.host.example. 1 7200 3600 1209600 300"),
    ("", "A", "192.0.2.28"),
    ("", "MX", "10 mx1.host.example."),
    ("", "TXT", "v=spf1 include:spf.host.example -all"),
    ("default._domainkey.", "TXT", "v=DKIM1; k=ed25519; p=E5iW2Jb0PTcWIbjf6LNBQfU9vDRH8EC600qucX9+Uwo="),
    ("_dmarc.", "TXT", "v=DMARC1; p=reject; rua=mailto:dmarc@case.example"),
];

const DANGLING: &str = "default._domainkey CNAME gone.sender.example.";
const REVOKED: &str = "default._domainkey TXT v=DKIM1; p=";
/// The beginning of a private key, which is enough to know it by.
const PRIVATE: &str = "default._domainkey TXT v=DKIM1; k=rsa; p=MIIEpAIBAAKCAQEAqEscPWhjV2xb0uh7XwiVwhlS0eJn";

/// A domain that is sound but for these lines, each of which takes the place of what stands at its name: `NAME TYPE DATA`,
/// the name below `case.example` or `@` for itself, no type where nothing is left.
fn broken(lines: &[&str]) -> Zones {
    let mut zones = Zones::load(&["sound"]);
    let whole = |front: &str| format!("{front}case.example");
    let written: Vec<(String, &str)> = lines
        .iter()
        .map(|line| {
            let (front, rest) = line.split_once(' ').unwrap_or((line, ""));
            (if front == "@" { String::new() } else { format!("{front}.") }, rest)
        })
        .collect();
    let takes_place = |front: &str, kind: &str| {
        written.iter().any(|(other, rest)| {
            let new = rest.split(' ').next().unwrap();
            other == front && (new == kind || ["", "CNAME"].contains(&new))
        })
    };
    for (front, kind, data) in SOUND.iter().filter(|(front, kind, _)| !takes_place(front, kind)) {
        zones.add(&whole(front), kind, data);
    }
    for (front, rest) in written.iter().filter(|(_, rest)| rest.contains(' ')) {
        let (kind, data) = rest.split_once(' ').unwrap();
        zones.add(&whole(front), kind, data);
    }
    zones
}

fn host() -> Config {
    let host = Host {
        mx: vec!["mx1.host.example".parse().unwrap()],
        spf_include: Some("spf.host.example".parse().unwrap()),
        dkim_selectors: vec!["default".parse().unwrap()],
        server_ips: Vec::new(),
        ..Host::default()
    };
    Config { host, ..Config::default() }
}

/// What the report on `case.example` begins with.
async fn headline(engine: &Arc<Engine>) -> String {
    let mut work = engine.begin(check("case.example"));
    work.finish().await;
    work.answer().lead.to_string()
}

#[tokio::test]
async fn a_report_leads_with_what_breaks_most_and_first() {
    let mut wrong = Vec::new();
    for (lines, with_host, cause) in [
        (&[][..], true, "Nothing is wrong"),
        (&["@", "default._domainkey", "_dmarc"], false, "does not exist in the DNS"),
        (&["@ CNAME web.host.example.", "default._domainkey", "_dmarc"], false, "No SPF record"),
        (&["@ MX 10 gone.case.example."], false, "A mail server's name leads nowhere"),
        (&["@ MX 10 gone.case.example.", "_dmarc"], true, "A mail server's name leads nowhere"),
        (&["@ MX 10 mx.case.example.", "mx CNAME mx1.host.example."], true, "A mail server's name is an alias"),
        (&["@ MX 10 mx2.host.example.", "@ TXT v=spf1 +all"], false, "The SPF record lets everybody send"),
        (&["@ TXT hello"], false, "No SPF record"),
        (
            &["@ TXT v=spf1 include:spf.host.example -all", "@ TXT v=spf1 mx -all", "_dmarc"],
            false,
            "More than one SPF record",
        ),
        (&[DANGLING], true, "The DKIM key for your mail host is missing"),
        (&[DANGLING], false, "No DKIM key under the selectors tried"),
        (&[REVOKED], true, "The DKIM key for your mail host is missing"),
        (&[REVOKED], false, "A DKIM key is revoked"),
        (&[PRIVATE, "_dmarc"], true, "A private DKIM key stands in the DNS"),
        (
            &["*._domainkey CNAME gone.sender.example.", "default._domainkey"],
            true,
            "The DKIM key for your mail host is missing",
        ),
        (&["_dmarc TXT v=DMARC1; p=reject", "_dmarc TXT v=DMARC1; p=none"], false, "More than one DMARC record"),
        (&["_dmarc TXT v=DMARC1; p=none; rua=mailto:d@case.example", "_mta-sts TXT v=STSv1; id=1"], false, "policy"),
        (
            &[
                "_smtp._tls TXT v=TLSRPTv1; rua=mailto:t@case.example",
                "_smtp._tls TXT v=TLSRPTv1; rua=mailto:u@case.example",
            ],
            false,
            "More than one record for TLS reports",
        ),
        (&["autodiscover CNAME gone.host.example."], false, "A name that mail programs look for leads nowhere"),
        (&["* A 192.0.2.28"], true, "Nothing is wrong"),
    ] {
        let server = NameServer::start(broken(lines)).await;
        let config = if with_host { host() } else { Config::default() };
        let lead = headline(&engine(&server, config)).await;
        if !lead.contains(cause) {
            wrong.push(format!("{lines:?}, host {with_host}: expected {cause:?}, found {lead:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn a_list_that_refuses_its_resolver_is_no_headline() {
    let mut zones = broken(&[]);
    for entry in ["2.0.0.127", "1.0.0.127", "20.2.0.192"] {
        zones.add(&format!("{entry}.zen.spamhaus.org"), "A", "127.255.255.254");
    }
    let server = NameServer::start(zones).await;
    let lead = headline(&engine(&server, Config::default())).await;
    assert!(lead.contains("Nothing is wrong"), "{lead}");
}
