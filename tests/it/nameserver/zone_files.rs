//! What the data files promise: each loads, and everything in them resolves but for what is meant not to.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::Zones;
use super::written::files;
use super::zones::name;

/// The targets of MX and CNAME records that are meant to have no address, or no records at all.
const DEAD_TARGETS: &[&str] = &[
    "192.0.2.7.",
    "\\'mx1.host.example\\'.",
    "cname-loop.example.",
    "default.dkim-dangling-cname.example.dkim.gone.example.",
    "gone.mx-missing-target.example.",
    "mail.mx-doubled.example.mx-doubled.example.",
    "mail.mx-no-address.example.",
    "mx1.host.example.mx-doubled.example.",
    "www.cname-loop.example.",
];

/// The names included by SPF records that are meant to have none.
const DEAD_INCLUDES: &[&str] = &["_spf.gone.example", "_spf.servfail.example"];

/// The addresses of mail servers whose reverse name is meant to be missing or another.
const UNCONFIRMED: &[&str] =
    &["10.0.0.5", "127.0.0.1", "192.0.2.120", "192.0.2.121", "192.0.2.122", "192.0.2.125", "2001:db8:3::124", "::1"];

fn addresses(zones: &Zones, host: &Name) -> Vec<IpAddr> {
    let found = [RecordType::A, RecordType::AAAA].map(|kind| zones.look_up(host, kind).answers).concat();
    found.iter().filter_map(|record| record.data.ip_addr()).collect()
}

fn all<T>(zones: &Zones, pick: impl Fn(&Name, &RData) -> Option<T>) -> Vec<T> {
    let records = zones.records.iter().flat_map(|((owner, _), records)| records.iter().map(move |data| (owner, data)));
    records.filter_map(|(owner, data)| pick(owner, data)).collect()
}

fn texts(zones: &Zones) -> Vec<(Name, String)> {
    all(zones, |owner, data| match data {
        RData::TXT(txt) => Some((owner.clone(), String::from_utf8(txt.txt_data.concat()).expect("text"))),
        _ => None,
    })
}

#[test]
fn each_file_loads_alone_and_all_load_together() {
    let files = files();
    assert!(files.len() >= 12);
    for file in &files {
        assert!(!Zones::load(&[file]).records.is_empty(), "{file}");
    }
    assert!(Zones::all().records.len() > Zones::load(&["spf"]).records.len());
}

#[test]
fn every_mail_server_and_alias_leads_somewhere_unless_it_is_meant_not_to() {
    let zones = Zones::all();
    let dead: BTreeSet<String> = all(&zones, |_, data| match data {
        RData::MX(mx) if !mx.exchange.is_root() => {
            addresses(&zones, &mx.exchange).is_empty().then(|| mx.exchange.clone())
        }
        RData::CNAME(target) => {
            let kinds = [RecordType::A, RecordType::TXT];
            let lives = |kind| zones.look_up(target, kind).answers.iter().any(|record| record.record_type() == kind);
            (!kinds.into_iter().any(lives)).then(|| target.0.clone())
        }
        _ => None,
    })
    .iter()
    .map(ToString::to_string)
    .collect();
    assert_eq!(dead.iter().map(String::as_str).collect::<Vec<_>>(), DEAD_TARGETS);
}

#[test]
fn every_include_leads_to_one_spf_record_unless_it_is_meant_not_to() {
    let zones = Zones::all();
    let texts = texts(&zones);
    let mut dead = BTreeSet::new();
    for (_, text) in texts.iter().filter(|(_, text)| text.starts_with("v=spf1")) {
        for target in
            text.split(' ').filter_map(|term| term.strip_prefix("include:").or(term.strip_prefix("redirect=")))
        {
            let target_name = name(target);
            if texts.iter().filter(|(owner, text)| *owner == target_name && text.starts_with("v=spf1")).count() != 1 {
                dead.insert(target);
            }
        }
    }
    assert_eq!(dead.into_iter().collect::<Vec<_>>(), DEAD_INCLUDES);
}

#[test]
fn every_mail_server_has_a_confirmed_reverse_name_unless_it_is_meant_not_to() {
    let zones = Zones::all();
    let exchanges = all(&zones, |_, data| if let RData::MX(mx) = data { Some(mx.exchange.clone()) } else { None });
    let addresses_of_all: BTreeSet<IpAddr> = exchanges.iter().flat_map(|host| addresses(&zones, host)).collect();
    let confirmed = |address: &IpAddr| {
        let names = zones.look_up(&Name::from(*address), RecordType::PTR).answers;
        names.iter().any(|record| matches!(&record.data, RData::PTR(host) if addresses(&zones, host).contains(address)))
    };
    let unconfirmed: BTreeSet<String> =
        addresses_of_all.iter().filter(|address| !confirmed(address)).map(ToString::to_string).collect();
    assert_eq!(unconfirmed.iter().map(String::as_str).collect::<Vec<_>>(), UNCONFIRMED);
}

#[test]
fn every_address_is_for_documentation_unless_it_is_meant_not_to_be() {
    let ranges = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"];
    let ranges = ranges.map(|range| range.parse::<ipnet::IpNet>().expect("a range"));
    // What a blocklist answers with is a code.
    let lists = ["spamhaus.org", "spamcop.net"].map(name);
    let found =
        all(&Zones::all(), |owner, data| data.ip_addr().filter(|_| !lists.iter().any(|list| list.zone_of(owner))));
    let foreign: BTreeSet<String> = found
        .iter()
        .filter(|address| !ranges.iter().any(|range| range.contains(*address)))
        .map(ToString::to_string)
        .collect();
    assert_eq!(foreign.iter().map(String::as_str).collect::<Vec<_>>(), ["10.0.0.5", "127.0.0.1", "::1"]);
}

#[test]
fn no_alias_stands_beside_other_records() {
    let zones = Zones::all();
    for (owner, kind) in zones.records.keys() {
        let alias = zones.records.contains_key(&(owner.clone(), RecordType::CNAME));
        assert!(*kind == RecordType::CNAME || !alias, "{owner} {kind}");
    }
}

#[test]
fn a_domain_is_sound_but_for_what_its_file_says() {
    let zones = Zones::load(&["spf", "dmarc", "dkim"]);
    let found = |owner: &str, kind| zones.look_up(&name(owner), kind);
    let texts =
        |owner: &str| found(owner, RecordType::TXT).answers.iter().map(|r| r.data.to_string()).collect::<Vec<_>>();
    assert_eq!(texts("two-spf.example").len(), 2);
    assert_eq!(texts("_dmarc.two-spf.example"), ["v=DMARC1; p=reject; rua=mailto:dmarc@two-spf.example"]);
    assert_eq!(texts("default._domainkey.two-spf.example"), texts("default._domainkey.sound.example"));
    assert_eq!(found("two-spf.example", RecordType::MX).answers.len(), 2);
    assert_eq!(found("_dmarc.no-dmarc.example", RecordType::TXT).code, ResponseCode::NXDomain);
    assert_eq!(found("_domainkey.no-dkim.example", RecordType::TXT).code, ResponseCode::NXDomain);
    assert_eq!(found("_domainkey.dkim-other-selector.example", RecordType::TXT).code, ResponseCode::NoError);
}
