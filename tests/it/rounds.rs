//! Going round for those who watch a domain: real name servers, a real store; the clock is the test's.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use mailmedic::config::{Config, Limits};
use mailmedic::moment::Moment;
use mailmedic::probe::egress::Port;
use mailmedic::probe::{Hosts, Resolver};
use mailmedic::rounds::{Courier, Rounds};
use mailmedic::store::{Address, Channel, Delivery, Fate, NewWatch, News, Notification, Person, Store, Watched};
use mailmedic::watch::{Seen, State, Until};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

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
        .add("s1._domainkey.zone.example", "TXT", "v=DKIM1; p=")
        .add("_dmarc.zone.example", "TXT", "v=DMARC1; p=reject")
        .add("ns1.zone.example", "A", &FIRST.to_string())
        .add("example", "NS", "a.registry.example")
        .add("a.registry.example", "A", &REGISTRY.to_string());
    zones
}

/// Somebody waits for a change there.
fn wish(until: Until) -> NewWatch {
    NewWatch {
        guild: None,
        channel: Channel(1),
        person: Person(2),
        domain: "zone.example".parse().unwrap(),
        until,
        selector: None,
    }
}

/// A network in which the resolver says one thing, and the domain's name server another or the same.
struct World {
    rounds: Rounds,
    stop: CancellationToken,
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
        let stop = CancellationToken::new();
        let rounds = Rounds::new(engine_on(Arc::new(hosts), config), store.clone(), stop.clone());
        Self { rounds, stop, servers }
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
    for until in [Until::Mx, Until::Spf] {
        assert!(matches!(store.watch(&wish(until), NOW).await.unwrap(), Watched::Begun(_)));
    }
    let world = World::new("10 old.example.net", "10 mx.zone.example", &store).await;
    let domain = wish(Until::Mx).domain;
    assert_eq!(world.rounds.look(&domain, Until::Mx, None).await, Seen::Underway);
    assert_eq!(world.rounds.look(&domain, Until::Spf, None).await, Seen::Everywhere("SPF v=spf1 mx -all".to_owned()));
    let key = world.rounds.look(&domain, Until::Dkim, Some(&"s1".parse().unwrap())).await;
    assert_eq!(key, Seen::Everywhere("DKIM v=DKIM1; p=".to_owned()));
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
    assert_eq!(store.tried(&told, &Delivery::Done, next, 0).await.unwrap(), Fate::Sent);
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
    let rounds = Rounds::new(engine_on(Arc::new(hosts), Config::default()), store, CancellationToken::new());
    assert_eq!(rounds.look(&"zone.example".parse().unwrap(), Until::All, None).await, Seen::Unknown);
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

/// Hands over what it is given, and is turned away as often as told.
struct Messenger {
    given: mpsc::UnboundedSender<News>,
    fails: AtomicU32,
}

impl Courier for Messenger {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Delivery> {
        let fails = self.fails.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
        let how = if fails {
            Delivery::Delayed("503 Service Unavailable".to_owned())
        } else {
            self.given.send(notification.news.clone()).unwrap();
            Delivery::Done
        };
        Box::pin(std::future::ready(how))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_posted_is_delivered_at_once_and_what_fails_is_tried_again() {
    let place = Place::file();
    let store = place.open().await;
    let world = World::new("10 mx.zone.example", "10 mx.zone.example", &store).await;
    let (given, mut arrived) = mpsc::unbounded_channel();
    let messenger = Arc::new(Messenger { given, fails: 1.into() });
    let to = Address { guild: None, channel: Channel(1), person: None };
    let news = |summary: &str| News::Handover { summary: summary.to_owned() };
    store.post(&to, &news("first"), NOW).await.unwrap();
    let due = world.rounds.deliver(&*messenger, || NOW, || 0).await.unwrap();
    assert_eq!(due, NOW + Duration::from_millis(2500), "half of the first pause, at the least");
    assert!(arrived.try_recv().is_err());
    let _ = world.rounds.deliver(&*messenger, || due, || 0).await.unwrap();
    assert_eq!(arrived.try_recv().unwrap(), news("first"));

    let going = tokio::spawn({
        let (rounds, messenger) = (world.rounds.clone(), Arc::clone(&messenger));
        async move { rounds.run(&*messenger, || 0).await }
    });
    // It began in 1970: whoever waits for a change that long has waited in vain.
    assert!(matches!(store.watch(&wish(Until::Mx), Moment(0)).await.unwrap(), Watched::Begun(_)));
    store.post(&to, &news("second"), Moment(0)).await.unwrap();
    let mut told = Vec::new();
    while told.len() < 2 {
        // Again and again, until it has come so far as to listen.
        world.rounds.wake();
        if let Ok(news) = tokio::time::timeout(Duration::from_millis(50), arrived.recv()).await {
            told.push(news.unwrap());
        }
    }
    let [domain, until] = ["zone.example", "mx"].map(str::to_owned);
    assert!(told.contains(&news("second")) && told.contains(&News::GaveUp { domain, until }), "{told:?}");
    assert_eq!(store.watches_of(Person(2)).await.unwrap()[0].watch.state, State::Expired);
    world.stop.cancel();
    going.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_look_finds_is_told_without_waiting_for_the_next_round() {
    let place = Place::file();
    let store = place.open().await;
    let world = World::new("10 mx.zone.example", "10 mx.zone.example", &store).await;
    let (given, mut arrived) = mpsc::unbounded_channel();
    let messenger = Messenger { given, fails: 0.into() };
    assert!(matches!(store.watch(&wish(Until::Mx), Moment(0)).await.unwrap(), Watched::Begun(_)));
    // Due when the rounds sleep, and nobody wakes them.
    let soon = Moment::from(SystemTime::now()) + Duration::from_millis(500);
    place.run(&format!("UPDATE watch SET next_look = {}", soon.0)).await;
    let rounds = world.rounds.clone();
    let going = tokio::spawn(async move { rounds.run(&messenger, || 0).await });
    let told = tokio::time::timeout(Duration::from_secs(30), arrived.recv()).await.expect("half a round is enough");
    let [domain, until] = ["zone.example", "mx"].map(str::to_owned);
    assert_eq!(told.unwrap(), News::GaveUp { domain, until });
    world.stop.cancel();
    going.await.unwrap();
}
