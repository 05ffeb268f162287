//! The suite's scenarios: its YAML as written -> zones that answer questions, and tests.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use mailmedic::domain::Name;
use mailmedic::facts::{Cause, Kind, Outcome, Query, Record, Response, Text};
use serde::Deserialize;

use crate::nameserver::{Fault, Zones};

/// Some zone data, and the senders to evaluate against it.
pub(crate) struct Scenario {
    pub(crate) zone: Zone,
    pub(crate) tests: Vec<Test>,
}

/// One sender, and what is right to say of it.
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) host: IpAddr,
    pub(crate) helo: String,
    pub(crate) mail_from: String,
    /// Any of these is right.
    pub(crate) results: Vec<String>,
    /// `DEFAULT` stands for the checker's own text.
    pub(crate) explanation: Option<String>,
}

/// What the name servers of a scenario say.
pub(crate) struct Zone(BTreeMap<Name, Node>);

#[derive(Default)]
struct Node {
    records: Vec<(Kind, Record)>,
    alias: Option<Name>,
    /// Whether no reply comes to what is not listed.
    silent: bool,
}

impl Zone {
    /// The reply to a question: aliases followed, `SERVFAIL` where they go round in circles.
    pub(crate) fn reply(&self, question: &Query) -> Response {
        let (mut name, mut aliases) = (&question.name, Vec::new());
        while let Some(target) = self.0.get(name).and_then(|node| node.alias.as_ref()) {
            if aliases.contains(target) {
                return Response::new(Outcome::Unknown(Cause::ServFail));
            }
            aliases.push(target.clone());
            name = target;
        }
        Response::aliased(aliases, self.outcome(name, question.kind))
    }

    fn outcome(&self, name: &Name, kind: Kind) -> Outcome {
        let Some(node) = self.0.get(name) else {
            let is_inner = self.0.keys().any(|other| other.is_within(name));
            return if is_inner { Outcome::NoData } else { Outcome::NoSuchName };
        };
        let records: Vec<_> =
            node.records.iter().filter(|(k, _)| *k == kind).map(|(_, record)| record.clone()).collect();
        match (records.is_empty(), node.silent) {
            (false, _) => Outcome::Records(records),
            (true, true) => Outcome::Unknown(Cause::Silent),
            (true, false) => Outcome::NoData,
        }
    }
}

impl Zone {
    /// The same zone for a name server.
    pub(crate) fn served(&self) -> Zones {
        let mut zones = Zones::default();
        for (name, node) in &self.0 {
            let labels: Vec<String> =
                name.wire_labels().iter().map(|label| String::from_utf8_lossy(label).into_owned()).collect();
            let owner = labels.join(".");
            let owner = owner.as_str();
            if let Some(target) = &node.alias {
                zones.add(owner, "CNAME", target.as_str());
            }
            for (_, record) in &node.records {
                match record {
                    Record::A(address) => zones.add(owner, "A", &address.to_string()),
                    Record::Aaaa(address) => zones.add(owner, "AAAA", &address.to_string()),
                    Record::Mx { preference, exchange } => zones.add(owner, "MX", &format!("{preference} {exchange}")),
                    Record::Ptr(target) => zones.add(owner, "PTR", target.as_str()),
                    Record::Txt(Text(strings)) => {
                        zones.add_text(owner, &strings.iter().map(Vec::as_slice).collect::<Vec<_>>())
                    }
                    other => unreachable!("the suite has no such records: {other:?}"),
                };
            }
            if node.silent {
                let _rule = zones.fault(owner, Fault::Silent).unlisted();
            }
        }
        zones
    }
}

/// The scenarios in their order; `None` where the suite is not at hand.
pub(crate) fn load() -> Option<Vec<Scenario>> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("MAILMEDIC_SHARED").map_or_else(beside, PathBuf::from);
    let text = std::fs::read_to_string(shared.join("suites/spf-rfc7208/rfc7208-tests.yml")).ok()?;
    let written: Vec<Written> = serde_saphyr::from_multiple(&text).expect("the suite is valid YAML");
    Some(written.into_iter().map(Scenario::from).collect())
}

/// A scenario as it is written.
#[derive(Deserialize)]
struct Written {
    tests: BTreeMap<String, WrittenTest>,
    zonedata: BTreeMap<String, Vec<Entry>>,
}

#[derive(Deserialize)]
struct WrittenTest {
    helo: String,
    host: String,
    mailfrom: String,
    result: OneOrMore,
    explanation: Option<String>,
}

/// `TIMEOUT`, or one record.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Word(String),
    Record(BTreeMap<String, Value>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Mx(u16, String),
    Text(OneOrMore),
}

impl From<OneOrMore> for Vec<String> {
    fn from(written: OneOrMore) -> Self {
        match written {
            OneOrMore::One(text) => vec![text],
            OneOrMore::More(texts) => texts,
        }
    }
}

impl From<Written> for Scenario {
    fn from(written: Written) -> Self {
        let tests = written.tests.into_iter().map(|(name, test)| Test {
            name,
            host: test.host.parse().expect("an address"),
            helo: test.helo,
            mail_from: test.mailfrom,
            results: test.result.into(),
            explanation: test.explanation,
        });
        let zone = written.zonedata.into_iter().map(|(name, entries)| (self::name(&name), Node::from(entries)));
        Self { tests: tests.collect(), zone: Zone(zone.collect()) }
    }
}

impl From<Vec<Entry>> for Node {
    fn from(entries: Vec<Entry>) -> Self {
        let mut node = Self::default();
        let has_txt = entries.iter().any(|entry| matches!(entry, Entry::Record(record) if record.contains_key("TXT")));
        for entry in entries {
            match entry {
                Entry::Word(word) => {
                    assert_eq!(word, "TIMEOUT");
                    node.silent = true;
                }
                Entry::Record(record) => {
                    for (kind, value) in record {
                        node.add(&kind, value, has_txt);
                    }
                }
            }
        }
        node
    }
}

impl Node {
    fn add(&mut self, kind: &str, value: Value, has_txt: bool) {
        let texts: Vec<String> = match value {
            Value::Mx(preference, exchange) => {
                let exchange = if exchange.is_empty() { Name::root() } else { name(&exchange) };
                return self.records.push((Kind::Mx, Record::Mx { preference, exchange }));
            }
            Value::Text(texts) => texts.into(),
        };
        let text = texts.concat();
        let record = match kind {
            "A" => (Kind::A, Record::A(text.parse().expect("an IPv4 address"))),
            "AAAA" => (Kind::Aaaa, Record::Aaaa(text.parse().expect("an IPv6 address"))),
            "PTR" => (Kind::Ptr, Record::Ptr(name(&text))),
            "CNAME" => return self.alias = Some(name(&text)),
            // The record type SPF is never asked for; it stands for TXT where no TXT is given.
            "SPF" if has_txt => return,
            "TXT" if text == "NONE" => return,
            "SPF" | "TXT" => (Kind::Txt, Record::Txt(Text(texts.iter().map(|text| bytes(text)).collect()))),
            other => panic!("unknown record type {other}"),
        };
        self.records.push(record);
    }
}

/// The suite writes bytes as the characters U+0000 to U+00FF.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).expect("a byte")).collect()
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}
