//! The checks that ask the name servers of a domain, over real packets: a resolver, a registry, two name servers and
//! somebody else's resolver, each at an address of its own.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailmedic::config::Config;
use mailmedic::domain::Domain;
use mailmedic::facts::{Fact, Facts, Question};
use mailmedic::finding::{Finding, Severity, Topic};
use mailmedic::mail::{CHECKS, Case};
use mailmedic::probe::egress::Port;
use mailmedic::probe::{Network, Resolver};

use crate::hosts::guard;
use crate::lab::PATIENCE;
use crate::nameserver::{Fault, NameServer, Zones};

const TOPICS: [Topic; 4] = [Topic::Dns, Topic::Ns, Topic::Dnssec, Topic::Propagation];

const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 9, 0, 1);
const REGISTRY: Ipv4Addr = Ipv4Addr::new(127, 9, 0, 2);
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 9, 0, 3);
const SECOND: Ipv4Addr = Ipv4Addr::new(127, 9, 0, 4);
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 9, 0, 5);

/// What each server holds.
struct World {
    resolver: Zones,
    registry: Zones,
    first: Zones,
    second: Zones,
    other: Zones,
}

/// What came of a look, and the servers, to count what reached them.
struct Looked {
    findings: Vec<Finding>,
    rounds: usize,
    took: Duration,
    resolver: NameServer,
    registry: NameServer,
    first: NameServer,
    second: NameServer,
}

/// The zone as it should be.
fn zone() -> Zones {
    let mut zones = Zones::written(
        "[records.'zone.example']
        SOA = 'ns1.zone.example. root.zone.example. 7 7200 3600 1209600 300'
        NS = ['ns1.zone.example.', 'ns2.zone.example.']
        MX = ['10 mx.zone.example.']
        TXT = ['v=spf1 mx -all']
        [records]
        '_dmarc.zone.example' = { TXT = ['v=DMARC1; p=reject'] }
        'ns1.zone.example' = { A = '127.9.0.3' }
        'ns2.zone.example' = { A = '127.9.0.4' }",
    );
    zones.add("example", "NS", "a.registry.example").add("a.registry.example", "A", &REGISTRY.to_string());
    zones
}

impl World {
    /// Everything in order.
    fn new() -> Self {
        let mut registry = Zones::default();
        registry.authority_of(&["example"]);
        for name in ["ns1.zone.example", "ns2.zone.example"] {
            registry.add("zone.example", "NS", name);
        }
        let authority = || {
            let mut zones = zone();
            zones.authority_of(&["zone.example"]);
            zones
        };
        Self { resolver: zone(), registry, first: authority(), second: authority(), other: zone() }
    }

    /// Looks at `zone.example`, and has somebody else's resolver watched where `others` says so.
    async fn look(self, connect: bool, others: bool) -> Looked {
        let Self { resolver, registry, first, second, other } = self;
        let places = [(RESOLVER, resolver), (REGISTRY, registry), (FIRST, first), (SECOND, second), (OTHER, other)];
        let [resolver, registry, first, second, other] = NameServer::start_together(places).await;
        let port = resolver.address().port();
        let network = Resolver::new(&[resolver.address()], PATIENCE).with_authorities(guard(Port::Dns, port));
        let domain: Domain = "zone.example".parse().unwrap();
        let mut config = Config::default();
        config.resolver.propagation = others.then(|| other.address()).into_iter().collect();
        let case = Case { connect, ..Case::new(&domain, &[], &config, 1_795_509_000) };
        let began = Instant::now();
        let (findings, rounds) = settle(&case, &network).await;
        Looked { findings, rounds, took: began.elapsed(), resolver, registry, first, second }
    }
}

/// Runs the checks, and asks all that they want at once, until nothing is wanted.
async fn settle(case: &Case<'_>, network: &Resolver) -> (Vec<Finding>, usize) {
    let checks = || CHECKS.iter().filter(|check| TOPICS.contains(&check.topic) && (case.connect || !check.connects));
    let mut facts = Facts::default();
    for rounds in 0..10 {
        let examined: Vec<_> = checks().map(|check| check.examine(case, &facts)).collect();
        let mut wanted: Vec<Question> = examined.iter().flat_map(|examined| examined.wanted.clone()).collect();
        wanted.sort();
        wanted.dedup();
        wanted.retain(|question| !facts.knows(question));
        if wanted.is_empty() {
            return (examined.into_iter().flat_map(|examined| examined.findings.unwrap()).collect(), rounds);
        }
        let asked = wanted.into_iter().map(|question| async {
            let Question::Dns(query) = question else { panic!("these checks ask name servers alone") };
            let response = network.query(&query).await;
            Fact::Dns(query, response)
        });
        futures_util::future::join_all(asked).await.into_iter().for_each(|fact| facts.insert(fact));
    }
    panic!("the checks never end");
}

impl Looked {
    fn codes(&self) -> Vec<&'static str> {
        self.findings.iter().map(|finding| finding.code.as_str()).collect()
    }

    fn detail(&self, code: &str, name: &str) -> &str {
        let found = self.findings.iter().find(|finding| finding.code.as_str() == code).unwrap();
        found.details.get(name).unwrap()
    }

    fn reached(&self) -> [usize; 4] {
        [&self.resolver, &self.registry, &self.first, &self.second].map(|server| server.questions().len())
    }
}

#[tokio::test]
async fn a_sound_domain_costs_sixteen_questions_in_four_rounds() {
    let looked = World::new().look(true, false).await;
    assert_eq!(looked.codes(), ["dns-found", "ns-found", "dnssec-unsigned", "propagation-done"]);
    assert_eq!((looked.reached(), looked.rounds), ([10, 1, 4, 1], 4));
}

#[tokio::test]
async fn with_the_resolvers_alone_nobody_else_is_asked() {
    let looked = World::new().look(false, false).await;
    // That the name servers are on this machine is then all that can be said of them.
    assert_eq!(looked.codes(), ["dns-found", "ns-target-private", "ns-target-private", "dnssec-unsigned"]);
    assert_eq!(looked.reached(), [5, 0, 0, 0]);
}

#[tokio::test]
async fn a_resolver_with_the_old_answer_is_named_with_the_time_left() {
    let mut world = World::new();
    let mut old = Zones::default();
    old.set_ttl(1500).add("zone.example", "MX", "10 old.example.net").add("zone.example", "TXT", "v=spf1 mx -all");
    old.add("_dmarc.zone.example", "TXT", "v=DMARC1; p=reject");
    world.other = old;
    let looked = world.look(true, true).await;
    assert_eq!(looked.codes(), ["dns-found", "ns-found", "dnssec-unsigned", "propagation-pending"]);
    assert_eq!(looked.detail("propagation-pending", "old"), "10 old.example.net");
    assert_eq!(looked.detail("propagation-pending", "new"), "10 mx.zone.example");
    assert_eq!(looked.detail("propagation-pending", "done_at"), "08:55 UTC");
}

#[tokio::test]
async fn a_name_server_that_does_not_know_the_zone_is_told_from_one_that_is_silent() {
    let mut world = World::new();
    world.first = Zones::default();
    world.first.authority_of(&["elsewhere.example"]);
    let _rule = world.second.fault("*", Fault::Silent);
    let looked = world.look(true, false).await;
    assert_eq!(looked.codes(), ["dns-found", "ns-lame", "ns-silent", "dnssec-unsigned", "propagation-unknown"]);
    assert_eq!(looked.detail("ns-lame", "target"), "ns1.zone.example");
    assert_eq!(looked.detail("ns-silent", "target"), "ns2.zone.example");
}

#[tokio::test]
async fn name_servers_with_different_zones_are_compared() {
    let mut world = World::new();
    world.second = Zones::default();
    world.second.authority_of(&["zone.example"]);
    world.second.add("zone.example", "SOA", "ns1.zone.example. root.zone.example. 8 7200 3600 1209600 300");
    world.second.add("zone.example", "MX", "10 new.example.net").add("zone.example", "TXT", "v=spf1 mx -all");
    world.second.add("_dmarc.zone.example", "TXT", "v=DMARC1; p=reject");
    let looked = world.look(true, false).await;
    assert_eq!(
        looked.codes(),
        ["dns-found", "ns-found", "ns-serials-differ", "dnssec-unsigned", "propagation-servers-differ"]
    );
}

#[tokio::test]
async fn broken_signatures_are_told_from_broken_name_servers() {
    let mut world = World::new();
    world.resolver.bogus("zone.example");
    let looked = world.look(false, false).await;
    assert_eq!(looked.codes(), ["dns-bogus", "ns-unknown", "dnssec-bogus"]);

    let mut world = World::new();
    let _rule = world.resolver.fault("zone.example", Fault::SERVFAIL);
    let looked = world.look(false, false).await;
    assert_eq!(looked.codes(), ["dns-servers-fail", "ns-unknown", "dnssec-unknown"]);

    let mut world = World::new();
    world.resolver.signed("zone.example");
    let looked = world.look(true, false).await;
    assert_eq!(looked.codes(), ["dns-found", "ns-found", "dnssec-valid", "propagation-done"]);
}

/// What a test makes of the world.
type Change<'c> = Box<dyn Fn(&mut World) + 'c>;

/// Name servers that do their worst; whatever it is, it ends soon, in findings that blame nobody for what was not said, and
/// after few questions.
#[tokio::test]
async fn hostile_name_servers_get_few_questions_and_end_in_findings() {
    let large = "x".repeat(60_000);
    let fault = |fault: Fault| {
        move |world: &mut World| {
            for zones in [&mut world.first, &mut world.second, &mut world.registry] {
                let _rule = zones.fault("*", fault);
            }
        }
    };
    let each = |change: fn(&mut Zones)| {
        move |world: &mut World| {
            for zones in [&mut world.first, &mut world.second] {
                *zones = Zones::default();
                change(zones);
            }
        }
    };
    let cases: Vec<(&str, Change<'_>)> = vec![
        ("silence", Box::new(fault(Fault::Silent))),
        ("garbage", Box::new(fault(Fault::Garbage))),
        ("another id", Box::new(fault(Fault::WrongId))),
        ("never whole", Box::new(fault(Fault::NeverWhole))),
        ("SERVFAIL", Box::new(fault(Fault::SERVFAIL))),
        (
            "refers to itself",
            Box::new(each(|zones| {
                zones.authority_of(&["example"]).add("zone.example", "NS", "ns1.zone.example");
            })),
        ),
        (
            "aliases in a circle",
            Box::new(each(|zones| {
                zones.add("zone.example", "CNAME", "www.zone.example").add("www.zone.example", "CNAME", "zone.example");
                zones.authority_of(&["zone.example"]);
            })),
        ),
        (
            "endless aliases",
            Box::new(each(|zones| {
                zones.authority_of(&["zone.example"]).add("zone.example", "CNAME", "a0.zone.example");
                for number in 0..100 {
                    zones.add(&format!("a{number}.zone.example"), "CNAME", &format!("a{}.zone.example", number + 1));
                }
            })),
        ),
        (
            "64 KiB of text",
            Box::new(|world: &mut World| {
                for zones in [&mut world.first, &mut world.second] {
                    zones.add("_dmarc.zone.example", "TXT", &large);
                }
            }),
        ),
        (
            "a hundred name servers",
            Box::new(|world: &mut World| {
                for number in 0..100 {
                    let name = format!("ns{number}.wide.example");
                    world.registry.add("zone.example", "NS", &name);
                    world.resolver.add(&name, "A", &FIRST.to_string());
                }
            }),
        ),
    ];
    for (what, change) in cases {
        let mut world = World::new();
        change(&mut world);
        let looked = world.look(true, false).await;
        assert!(looked.took < PATIENCE * 8, "{what}: {:?}", looked.took);
        assert!(looked.rounds <= 6, "{what}: {} rounds", looked.rounds);
        assert!(
            looked.findings.iter().all(|finding| finding.severity() < Severity::Fail),
            "{what}: {:?}",
            looked.codes()
        );
        assert!(
            looked.findings.iter().any(|finding| finding.severity() >= Severity::Unknown),
            "{what}: {:?}",
            looked.codes()
        );
        let [resolver, registry, first, second] = looked.reached();
        assert!(resolver <= 20 && registry <= 2 && first <= 12 && second <= 12, "{what}: {:?}", looked.reached());
    }
}
