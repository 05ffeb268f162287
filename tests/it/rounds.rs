//! Going round for those who watch a domain: real name servers, a real store; the clock is the test's.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use mailmedic::config::{Config, Limits};
use mailmedic::moment::Moment;
use mailmedic::probe::egress::Port;
use mailmedic::probe::{Hosts, Resolver};
use mailmedic::rounds::Rounds;
use mailmedic::store::{Channel, Delivery, Fate, NewWatch, News, Person, Store, Watched};
use mailmedic::watch::{Seen, Until};

use crate::hosts::{guard, trusting};
use crate::lab::{PATIENCE, engine_on};
use crate::nameserver::{NameServer, Zones};
use crate::store::{NOW, Place};

const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 9, 1, 1);
const REGISTRY: Ipv4Addr = Ipv4Addr::new(127, 9, 1, 2);
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 9, 1, 3);

/// A zone whose mail goes to this server.
fn zone(mx: &str) -> Zones {
    let mut zones = Zones::default();
    zones
        .add("zone.example", "SOA", "ns1.zone.example. root.zone.example. 7 7200 3600 1209600 300")
        .add("zone.example", "NS", "ns1.zone.example")
        .add("zone.example", "MX", mx)
        .add("zone.example", "TXT", "v=spf1 mx -all")
        .add("_dmarc.zone.example", "TXT", "v=DMARC1; p=reject")
        .add("ns1.zone.example", "A", &FIRST.to_string())
        .add("example", "NS", "a.registry.example")
        .add("a.registry.example", "A", &REGISTRY.to_string());
    zones
}

/// A network in which the resolver says one thing, and the domain's name server another or the same.
struct World {
    rounds: Rounds,
    servers: [NameServer; 3],
}

impl World {
    async fn new(resolver: &str, authority: &str, store: &Store) -> Self {
        let mut registry = Zones::default();
        registry.authority_of(&["example"]);
        registry.add("zone.example", "NS", "ns1.zone.example");
        let mut first = zone(authority);
        first.authority_of(&["zone.example"]);
        let places = [(RESOLVER, zone(resolver)), (REGISTRY, registry), (FIRST, first)];
        let servers = NameServer::start_together(places).await;
        let address = servers[0].address();
        let egress = guard(Port::Dns, address.port());
        let names = Resolver::new(&[address], PATIENCE).with_authorities(Arc::clone(&egress));
        let config = Config::default();
        let hosts = Hosts::new(Arc::new(names), &egress, &trusting(), &config.probe);
        let rounds = Rounds::new(engine_on(Arc::new(hosts), config), store.clone());
        Self { rounds, servers }
    }

    fn asked(&self) -> usize {
        self.servers.iter().map(|server| server.questions().len()).sum()
    }

    async fn go(&self, now: Moment) -> Moment {
        self.rounds.make(|| now, || 0).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_mx_records_is_told_when_the_resolver_has_it() {
    let place = Place::file();
    let store = place.open().await;
    let wish = |until| NewWatch {
        guild: None,
        channel: Channel(1),
        person: Person(2),
        domain: "zone.example".parse().unwrap(),
        until,
    };
    for until in [Until::Mx, Until::Spf] {
        assert!(matches!(store.watch(&wish(until), NOW).await.unwrap(), Watched::Begun(_)));
    }
    let world = World::new("10 old.example.net", "10 mx.zone.example", &store).await;
    let domain = wish(Until::Mx).domain;
    assert_eq!(world.rounds.look(&domain, Until::Mx).await, Seen::Underway);
    assert_eq!(world.rounds.look(&domain, Until::Spf).await, Seen::Everywhere("SPF v=spf1 mx -all".to_owned()));
    let next = world.go(NOW).await;
    assert_eq!(next, NOW + Duration::from_mins(1));
    assert_eq!(store.waiting().await.unwrap().waiting, 0);
    let asked = world.asked();
    let _ = world.go(next - Duration::from_secs(1)).await;
    assert_eq!(world.asked(), asked, "nothing was due");
    drop(world);

    let world = World::new("10 mx.zone.example", "10 mx.zone.example", &store).await;
    world.go(next).await;
    let told = store.take_notification(Duration::from_mins(1), next).await.unwrap().unwrap();
    let [domain, until, now] = ["zone.example", "mx", "MX 10 mx.zone.example"].map(str::to_owned);
    assert_eq!(told.news, News::Everywhere { domain, until, now });
    assert_eq!(store.tried(&told, Delivery::Done, next, 0).await.unwrap(), Fate::Sent);
    assert_eq!(store.take_notification(Duration::from_mins(1), next).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_is_silent_tells_nothing() {
    let place = Place::file();
    let store = Store::open(&place.at, Limits::default(), [1; 32]).await.unwrap();
    let hosts = Hosts::new(
        Arc::new(Resolver::new(&["127.9.1.9:9".parse().unwrap()], PATIENCE)),
        &guard(Port::Dns, 9),
        &trusting(),
        &Config::default().probe,
    );
    let rounds = Rounds::new(engine_on(Arc::new(hosts), Config::default()), store);
    assert_eq!(rounds.look(&"zone.example".parse().unwrap(), Until::All).await, Seen::Unknown);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_watches_cost_one_statement_a_minute_while_nothing_is_due() {
    let place = Place::file();
    let store = place.open().await;
    place.fill_with_watches(10_000).await;
    let world = World::new("10 mx.zone.example", "10 mx.zone.example", &store).await;
    let before = store.statements();
    let soon = NOW + Duration::from_hours(1) - Duration::from_mins(15);
    let mut now = soon;
    for _ in 0..14 {
        let next = world.go(now).await;
        assert_eq!(next, now + Duration::from_mins(1));
        now = next;
    }
    assert_eq!((store.statements() - before, world.asked()), (14, 0));
}
