//! Going round for those who watch a domain: real name servers, a real store; the clock is the test's.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use mailmedic::config::{Config, Keep};
use mailmedic::facts::{Query, Response};
use mailmedic::moment::Moment;
use mailmedic::probe::egress::Port;
use mailmedic::probe::{Hosts, Network, Resolver};
use mailmedic::rounds::{Blind, Courier, Rounds};
use mailmedic::store::{
    Address, Channel, Delivery, Fate, Guild, NewWatch, News, Notes, Notification, Person, Store, Watched,
};
use mailmedic::watch::{MOST_STRIKES, Said, Seen, State, Until};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::hosts::{guard, trusting};
use crate::lab::{PATIENCE, engine_on};
use crate::nameserver::{Fault, NameServer, Zones};
use crate::store::{NOW, Place};

const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 9, 1, 1);
const REGISTRY: Ipv4Addr = Ipv4Addr::new(127, 9, 1, 2);
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 9, 1, 3);

/// A zone whose mail goes to this server.
pub(crate) fn zone(mx: &str) -> Zones {
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

/// A network in which the resolver says one thing, and the domain's name server another or the same.
struct World {
    rounds: Rounds,
    stop: CancellationToken,
    servers: [NameServer; 3],
}

/// The servers of that network, and the way to them: a resolver, a registry, and the name server of `zone.example`.
pub(crate) async fn network(resolver: Zones, mut authority: Zones) -> ([NameServer; 3], Arc<dyn Network>) {
    let mut registry = Zones::default();
    registry.authority_of(&["example"]);
    registry.add("zone.example", "NS", "ns1.zone.example");
    authority.authority_of(&["zone.example"]);
    let servers = NameServer::start_together([(RESOLVER, resolver), (REGISTRY, registry), (FIRST, authority)]).await;
    let address = servers[0].address();
    let egress = guard(Port::Dns, address.port());
    let names = Resolver::new(&[address], PATIENCE).with_authorities(Arc::clone(&egress));
    let hosts = Hosts::new(Arc::new(names), &egress, &trusting(), &Config::default().probe);
    (servers, Arc::new(hosts))
}

impl World {
    async fn new(resolver: &str, authority: &str, store: &Store) -> Self {
        Self::of(zone(resolver), zone(authority), store, |_| Config::default()).await
    }

    /// One that is configured, knowing where the resolver is.
    async fn of(resolver: Zones, authority: Zones, store: &Store, config: impl Fn(SocketAddr) -> Config) -> Self {
        let (servers, network) = network(resolver, authority).await;
        let stop = CancellationToken::new();
        let engine = engine_on(network, config(servers[0].address()));
        Self { rounds: Rounds::new(engine, store.clone(), stop.clone()), stop, servers }
    }

    async fn look(&self, until: Until) -> Seen {
        self.rounds.look(&wish(until).domain, until, None).await
    }

    fn asked(&self) -> usize {
        self.servers.iter().map(|server| server.questions().len()).sum()
    }

    async fn go(&self, now: Moment) -> Moment {
        self.rounds.make(|| now, || 0).await.unwrap()
    }
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
        seen: Seen::Unknown,
    }
}

/// What is seen where the one name server and the one resolver say the same.
fn everywhere(what: &str) -> Seen {
    Seen::Everywhere(Said { what: what.to_owned(), who: WHO.to_owned() })
}

const WHO: &str = "1 name server of the domain, our resolver";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_mx_records_is_told_when_the_resolver_has_it() {
    let place = Place::file();
    let store = place.open().await;
    for until in [Until::Mx, Until::Spf] {
        assert!(matches!(store.watch(&wish(until), NOW).await.unwrap(), Watched::Begun(_)));
    }
    let world = World::new("10 old.example.net", "10 mx.zone.example", &store).await;
    assert_eq!(world.look(Until::Mx).await, Seen::Underway);
    assert_eq!(world.look(Until::Spf).await, everywhere("SPF v=spf1 mx -all"));
    let key = world.rounds.look(&wish(Until::Dkim).domain, Until::Dkim, Some(&"s1".parse().unwrap())).await;
    assert_eq!(key, everywhere("DKIM v=DKIM1; p="));
    let due = world.go(NOW).await;
    assert_eq!(due, NOW + Duration::from_mins(1));
    let next = world.go(due).await;
    let told = store.take_notification(Duration::from_mins(1), due).await.unwrap().unwrap();
    let [domain, until, now, who] = ["zone.example", "spf", "SPF v=spf1 mx -all", WHO].map(str::to_owned);
    assert_eq!(told.news, News::Already { domain, until, now, who }, "the first look had not seen it");
    assert_eq!(store.tried(&told, &Delivery::Done, due, 0).await.unwrap(), Fate::Sent);
    assert_eq!(store.waiting().await.unwrap().waiting, 0);
    let asked = world.asked();
    let _ = world.go(next - Duration::from_secs(1)).await;
    assert_eq!(world.asked(), asked, "nothing was due");
    drop(world);

    let world = World::new("10 mx.zone.example", "10 mx.zone.example", &store).await;
    let next = next + Duration::from_mins(1);
    world.go(next).await;
    let told = store.take_notification(Duration::from_mins(1), next).await.unwrap().unwrap();
    let [domain, until, now, who] = ["zone.example", "mx", "MX 10 mx.zone.example", WHO].map(str::to_owned);
    assert_eq!(told.news, News::Everywhere { domain, until, now, who });
    assert_eq!(store.tried(&told, &Delivery::Done, next, 0).await.unwrap(), Fate::Sent);
    assert_eq!(store.take_notification(Duration::from_mins(1), next).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_not_waited_for_may_stay_unknown() {
    let place = Place::file();
    let store = place.open().await;
    let mut authority = zone("10 mx.zone.example");
    let _rule = authority.fault("_dmarc.zone.example", Fault::Silent);
    let world = World::of(zone("10 mx.zone.example"), authority, &store, |_| Config::default()).await;
    assert_eq!(world.look(Until::Mx).await, everywhere("MX 10 mx.zone.example"));
    assert_eq!(world.look(Until::Dmarc).await, Seen::Unknown);
    assert_eq!(world.look(Until::All).await, Seen::Unknown);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resolver_that_stays_silent_among_others_hides_nothing_and_is_told() {
    let place = Place::file();
    let store = place.open().await;
    let nobody: SocketAddr = "127.9.1.9:9".parse().unwrap();
    let watched = |resolvers: Vec<SocketAddr>| {
        let mut config = Config::default();
        config.resolver.propagation = resolvers;
        config
    };
    let mx = || zone("10 mx.zone.example");
    let world = World::of(mx(), mx(), &store, |resolver| watched(vec![resolver, nobody])).await;
    let resolver = world.servers[0].address();
    let who = format!("{WHO}, {resolver}, {nobody} (no answer)");
    let what = "MX 10 mx.zone.example".to_owned();
    assert_eq!(world.look(Until::Mx).await, Seen::Everywhere(Said { what, who }));
    drop(world);
    let world = World::of(mx(), mx(), &store, |_| watched(vec![nobody])).await;
    assert_eq!(world.look(Until::Mx).await, Seen::Unknown, "half of the resolvers are too many");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_seen_is_not_looked_for() {
    let place = Place::file();
    let store = place.open().await;
    let mx = || zone("10 mx.zone.example");
    let world = World::new("10 mx.zone.example", "10 mx.zone.example", &store).await;
    assert_eq!(world.rounds.sees(Until::Dkim, None), Err(Blind::NoSelector));
    assert_eq!(world.look(Until::Dkim).await, Seen::Unknown);
    assert_eq!(world.rounds.sees(Until::Dkim, Some(&"s1".parse().unwrap())), Ok(()));
    assert_eq!(world.rounds.sees(Until::All, None), Ok(()));
    drop(world);
    let configured = |change: fn(&mut Config)| {
        move |_| {
            let mut config = Config::default();
            change(&mut config);
            config
        }
    };
    let keys = configured(|config| config.host.dkim_selectors = vec!["s1".parse().unwrap()]);
    let world = World::of(mx(), mx(), &store, keys).await;
    assert_eq!(world.look(Until::Dkim).await, everywhere("DKIM v=DKIM1; p="));
    drop(world);
    let world = World::of(mx(), mx(), &store, configured(|config| config.probe.connect = false)).await;
    assert_eq!(world.rounds.sees(Until::Mx, None), Err(Blind::ResolversAlone));
    assert_eq!((world.look(Until::Mx).await, world.asked()), (Seen::Unknown, 0));
}

/// A network that is a bug.
struct Bug;

impl Network for Bug {
    fn name(&self) -> String {
        "a bug".to_owned()
    }

    fn connects(&self) -> bool {
        true
    }

    fn query<'a>(&'a self, _: &'a Query) -> BoxFuture<'a, Response> {
        panic!("this network is a bug")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_that_is_a_bug_ends_after_some_tries_with_a_word_to_its_person_and_nothing_else_ends() {
    let place = Place::file();
    let store = place.open().await;
    let engine = engine_on(Arc::new(Bug), Config::default());
    let rounds = Rounds::new(engine, store.clone(), CancellationToken::new());
    assert_eq!(rounds.look(&wish(Until::Mx).domain, Until::Mx, None).await, Seen::Broken);
    let Watched::Begun(number) = store.watch(&wish(Until::Mx), NOW).await.unwrap() else { panic!("no watch") };
    for strike in 1..=MOST_STRIKES {
        assert_eq!(store.waiting().await.unwrap().waiting, 0, "{strike}");
        let now = store.next_look().await.unwrap().unwrap();
        let _next = rounds.make(|| now, || 0).await.unwrap();
    }
    assert_eq!(store.next_look().await.unwrap(), None);
    let told = store.take_notification(Duration::from_mins(1), NOW + Duration::from_hours(1)).await.unwrap().unwrap();
    let [domain, until] = ["zone.example", "mx"].map(str::to_owned);
    assert_eq!(told.news, News::Broken { domain, until, number });
    assert_eq!(store.watches_of(Person(2)).await.unwrap()[0].watch.state, State::Broken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_is_a_bug_is_set_aside_after_some_tries_and_keeps_nobody_waiting() {
    /// Breaks on what is poison, before it waits for anything.
    struct Clumsy(mpsc::UnboundedSender<News>);
    impl Courier for Clumsy {
        fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Delivery> {
            assert_ne!(notification.news, handover("poison"), "this courier is a bug");
            self.0.send(notification.news.clone()).unwrap();
            Box::pin(std::future::ready(Delivery::Done))
        }
    }
    let place = Place::file();
    let store = place.open().await;
    let world = World::new("10 mx.zone.example", "10 mx.zone.example", &store).await;
    let (given, mut arrived) = mpsc::unbounded_channel();
    let clumsy = Clumsy(given);
    let to = Address { guild: None, channel: Channel(1), person: None };
    for summary in ["poison", "fine"] {
        store.post(&to, &handover(summary), NOW).await.unwrap();
    }
    let mut now = NOW;
    for _ in 0..8 {
        let _next = world.rounds.deliver(&clumsy, || now, || 0).await.unwrap();
        now = now + Duration::from_mins(15);
    }
    assert_eq!(arrived.try_recv().unwrap(), handover("fine"));
    let stands = store.waiting().await.unwrap();
    assert_eq!((stands.waiting, stands.parked), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_kept_for_as_long_as_the_configuration_says_is_removed_on_the_rounds() {
    let place = Place::file();
    let store = place.open().await;
    let days = |days: u64| Duration::from_hours(24 * days);
    let now = Moment::from(SystemTime::now());
    for (age, question) in [(3, "canary of three days"), (1, "canary of one day")] {
        let gap = Some((Person(2), question.to_owned()));
        store.note(Notes { guild: Some(Guild(1)), gap, ..Notes::default() }, now - days(age)).await.unwrap();
    }
    let mx = || zone("10 mx.zone.example");
    let world = World::of(mx(), mx(), &store, |_| {
        let mut config = Config::default();
        config.store.keep = Keep { gaps: days(2), ..Keep::default() };
        config
    });
    let world = world.await;
    let (given, _arrived) = mpsc::unbounded_channel();
    let messenger = Messenger { given, fails: 0.into() };
    let rounds = world.rounds.clone();
    let going = tokio::spawn(async move { rounds.run(&messenger, || 0).await });
    let removed = async {
        loop {
            let kept = store.gaps(Guild(1), 10).await.unwrap();
            if let [kept] = kept.as_slice() {
                break kept.question.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let kept = tokio::time::timeout(Duration::from_mins(1), removed).await.expect("nobody removes anything");
    assert_eq!(kept, "canary of one day");
    world.stop.cancel();
    going.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_is_silent_tells_nothing() {
    let place = Place::file();
    let store = place.open().await;
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

fn handover(summary: &str) -> News {
    News::Handover { summary: summary.to_owned() }
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
    store.post(&to, &handover("first"), NOW).await.unwrap();
    let due = world.rounds.deliver(&*messenger, || NOW, || 0).await.unwrap();
    assert_eq!(due, NOW + Duration::from_millis(2500), "half of the first pause, at the least");
    assert!(arrived.try_recv().is_err());
    let _ = world.rounds.deliver(&*messenger, || due, || 0).await.unwrap();
    assert_eq!(arrived.try_recv().unwrap(), handover("first"));

    let going = tokio::spawn({
        let (rounds, messenger) = (world.rounds.clone(), Arc::clone(&messenger));
        async move { rounds.run(&*messenger, || 0).await }
    });
    // It began in 1970: whoever waits for a change that long has waited in vain.
    assert!(matches!(store.watch(&wish(Until::Mx), Moment(0)).await.unwrap(), Watched::Begun(_)));
    store.post(&to, &handover("second"), Moment(0)).await.unwrap();
    let mut told = Vec::new();
    while told.len() < 2 {
        // Again and again, until it has come so far as to listen.
        world.rounds.wake();
        if let Ok(news) = tokio::time::timeout(Duration::from_millis(50), arrived.recv()).await {
            told.push(news.unwrap());
        }
    }
    let [domain, until, now] = ["zone.example", "mx", "MX 10 mx.zone.example"].map(str::to_owned);
    let gave_up = News::GaveUp { domain, until, now: Some(now) };
    assert!(told.contains(&handover("second")) && told.contains(&gave_up), "{told:?}");
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
    let [domain, until, now] = ["zone.example", "mx", "MX 10 mx.zone.example"].map(str::to_owned);
    assert_eq!(told.unwrap(), News::GaveUp { domain, until, now: Some(now) });
    world.stop.cancel();
    going.await.unwrap();
}
