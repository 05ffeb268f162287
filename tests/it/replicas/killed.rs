//! Two replicas as an operator runs them, the real binary twice, on one PostgreSQL and behind one load balancer: one is
//! killed while both have their hands full.
//!
//! In a network of its own, since name servers are asked at port 53.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::process::Child;
use tokio::time::{sleep, timeout};

use super::{READY, STANDBY, asks, says};
use crate::cli::mailmedic;
use crate::discord::asked::Asked;
use crate::discord::endpoint::Endpoint;
use crate::discord::faults::Fault as Trouble;
use crate::discord::fixtures::{APPLICATION, CUSTOMER, Invocation, Person, TOKEN, said, slash};
use crate::discord::interactions::What;
use crate::discord::routes::Operation;
use crate::discord::said::Said;
use crate::discord::{Settings, StandIn};
use crate::hosts::namespace;
use crate::nameserver::{Fault, NameServer, Zones};
use crate::postgres::Server;
use crate::store::Place;

const RESOLVER: &str = "127.9.2.1:53";
const REGISTRY: &str = "127.9.2.2:53";
const AUTHORITY: &str = "127.9.2.3:53";
const REPLICAS: [&str; 2] = ["127.0.0.1:8081", "127.0.0.1:8082"];

/// How many watches there are before the load; their change arrives while one replica is killed.
const EARLY: usize = 8;
/// How many interactions are sent before one is killed, and how many afterwards: questions, looks and watches.
const LOAD: usize = 36;
const MORE: usize = 12;
/// How many of each kind that makes; the change of these watches arrives at the end.
const OF_A_KIND: usize = (LOAD + MORE) / 3;
/// How many notifications have arrived when one is killed: one more than a replica has in hand, so that both have some.
const ARRIVED: usize = 5;
/// How long until Discord says that it took them: a replica that is killed before does not know.
const SLOW: Duration = Duration::from_secs(5);
/// How long a customer's name servers think: whoever looks is not done at once.
const THINKS: Duration = Duration::from_secs(1);
/// How long anything is waited for: a look that fails on a busy machine is taken again after a minute.
const PATIENCE: Duration = Duration::from_mins(3);

/// Those who watch: nobody may wait for more than five changes.
const PEOPLE: [Person; 6] = [
    watcher("1180000000000000060"),
    watcher("1180000000000000061"),
    watcher("1180000000000000062"),
    watcher("1180000000000000063"),
    watcher("1180000000000000064"),
    watcher("1180000000000000065"),
];

const fn watcher(id: &'static str) -> Person {
    Person { id, ..CUSTOMER }
}

#[test]
fn one_is_killed_under_load_and_the_other_answers_all_it_took_and_tells_every_change_once() {
    let test =
        "replicas::killed::one_is_killed_under_load_and_the_other_answers_all_it_took_and_tells_every_change_once";
    // Started outside: inside, nobody may be able to become the user as whom it runs.
    let _server = Server::shared();
    namespace::run(test, &[], kill_one_of_two);
}

async fn kill_one_of_two() {
    let discord = StandIn::start_with(Settings {
        acknowledge_within: PATIENCE,
        heartbeat_grace: PATIENCE,
        patience: PATIENCE,
        ..Settings::default()
    })
    .await;
    let (names, place) = (Names::start().await, Place::server().await);
    let mut first = Process::start(&discord, &place, REPLICAS[0]);
    says(first.address, READY).await;
    let mut second = Process::start(&discord, &place, REPLICAS[1]);
    says(second.address, STANDBY).await;
    let support = discord.say(said("Good morning")).await;
    let doors = REPLICAS.map(|address| discord.endpoint(&format!("http://{address}/interactions")));

    let mut sent = join_all((0..EARLY).map(|number| send(&doors, number % 2, watch("early", number)))).await;
    join_all(sent.iter().map(Sent::is_answered)).await;
    until_none(&place, "watch WHERE known IS NULL").await;
    names.publish(New::Early);
    discord.trouble(Operation::CreateMessage, Trouble::Slow(SLOW), ARRIVED);
    make_due(&place).await;
    let load = join_all((0..LOAD).map(|number| send(&doors, number % 2, of_the_load(number))));
    let kill = async {
        support.replies(ARRIVED).await;
        let owed = send(&doors, 0, check(OF_A_KIND)).await;
        first.child.kill().await.unwrap();
        owed
    };
    let (under_way, owed) = tokio::join!(load, kill);
    assert!(owed.acknowledged && !owed.asked.order().contains(&What::Edited), "it was killed with its hands empty");
    sent.extend(under_way);
    sent.push(owed);
    make_due(&place).await;
    sent.extend(join_all((LOAD..LOAD + MORE).map(|number| send(&doors, number % 2, of_the_load(number)))).await);
    for sent in sent.iter().filter(|sent| sent.replica == 1) {
        assert!(sent.acknowledged);
        sent.is_answered().await;
        assert_eq!(sent.is_confirmed(), sent.domain.is_some());
    }

    until_none(&place, "watch WHERE known IS NULL").await;
    names.publish(New::EarlyAndLate);
    make_due(&place).await;
    // The other replica learns from this one that there is something to do.
    send(&doors, 1, watch("unknown", 0)).await.is_answered().await;
    until_none(&place, "watch WHERE state <> 'notified' AND domain <> 'unknown-0.example'").await;
    until_none(&place, "outbox WHERE state <> 'sent'").await;

    let told = told(&support);
    let watched = place.shown("SELECT domain FROM watch WHERE state = 'notified'").await;
    let watched: BTreeSet<&str> = watched.lines().collect();
    let confirmed = sent.iter().filter(|sent| sent.is_confirmed()).filter_map(|sent| sent.domain.as_deref());
    assert_eq!(confirmed.filter(|domain| !watched.contains(domain)).collect::<Vec<_>>(), [""; 0], "they are lost");
    for domain in &watched {
        let times = told.iter().filter(|told| told.contains(&format!("`{domain}`"))).count();
        assert_eq!(times, 1, "{domain} was told {times} times");
    }
    assert_eq!(told.len(), watched.len());

    says(second.address, READY).await;
    asks(&discord).await;
    assert_eq!(discord.gateway().most_at_once(), 1);
    sent.iter().filter(|sent| sent.replica == 0).for_each(|sent| sent.asked.excuse());
    second.stop().await;
    for process in [&first, &second] {
        discord.judge_output(&process.log());
    }
    // An answer may overtake the response that acknowledges; the bot tries it again, and is judged for that elsewhere.
    let mut violations = discord.finish_with_violations().await;
    violations.retain(|violation| !violation.contains("was not acknowledged yet"));
    assert_eq!(violations, Vec::<String>::new());
}

/// What somebody sent to one of the replicas.
struct Sent {
    replica: usize,
    /// The domain that they want to be told of.
    domain: Option<String>,
    acknowledged: bool,
    asked: Asked,
}

impl Sent {
    /// Waits for the whole answer.
    async fn is_answered(&self) {
        let mut count = 1;
        while self.asked.edits(count).await[count - 1].to_string().contains("Still looking") {
            count += 1;
        }
    }

    /// Whether the person has read that they wait, with the button that ends it.
    fn is_confirmed(&self) -> bool {
        let Some(domain) = &self.domain else { return false };
        self.asked.component(&format!("End: {domain}")).is_some()
    }
}

/// Sends it to one of the replicas, as a load balancer does.
async fn send(doors: &[Endpoint; 2], replica: usize, (what, domain): (Invocation, Option<String>)) -> Sent {
    let (reply, asked, _) = doors[replica].attempt(&what).await;
    Sent { replica, domain, acknowledged: reply.is_some(), asked }
}

/// Questions, looks and watches in turn, each in turn to both.
fn of_the_load(number: usize) -> (Invocation, Option<String>) {
    let nth = number / 6 * 2 + number % 2;
    match number / 2 % 3 {
        0 => watch("late", nth),
        1 => check(nth),
        _ => (slash("ask", &[("question", "nothing arrives in my inbox since friday")]), None),
    }
}

fn check(number: usize) -> (Invocation, Option<String>) {
    (slash("check", &[("domain", &domain("customer", number))]), None)
}

fn watch(group: &str, number: usize) -> (Invocation, Option<String>) {
    let domain = domain(group, number);
    let watch = slash("watch", &[("domain", &domain), ("until", "mx")]);
    (watch.by(PEOPLE[number % PEOPLE.len()]), Some(domain))
}

fn domain(group: &str, number: usize) -> String {
    format!("{group}-{number}.example")
}

/// What the bot wrote of its own accord.
fn told(support: &Said) -> Vec<String> {
    let written = support.deeds().into_iter().filter(|deed| deed.what == Operation::CreateMessage);
    written.map(|deed| deed.body.to_string()).collect()
}

/// Makes everything due that a replica waits with, or that a dead one has in hand.
async fn make_due(place: &Place) {
    place.run("UPDATE watch SET next_look = 0 WHERE next_look IS NOT NULL").await;
    place.run("UPDATE outbox SET due_at = 0 WHERE state = 'waiting'").await;
}

/// Waits until there is no such row.
async fn until_none(place: &Place, rows: &str) {
    let count = format!("SELECT COUNT(*)::text FROM {rows}");
    let gone = async {
        while place.shown(&count).await != "0" {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain for no {rows}"));
}

/// Whose mail goes to the new server.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum New {
    Nobody,
    Early,
    EarlyAndLate,
}

/// The resolver, the registry of `example`, and the name server of all domains below.
struct Names {
    resolver: NameServer,
    authority: NameServer,
    _registry: NameServer,
}

impl Names {
    async fn start() -> Self {
        let mut registry = Zones::default();
        registry.authority_of(&["example"]);
        for domain in domains(New::Nobody).map(|(domain, _)| domain) {
            registry.add(&domain, "NS", "ns.host.example");
        }
        let start = |address: &str, zones| NameServer::start_at(address.parse().unwrap(), zones);
        Self {
            resolver: start(RESOLVER, seen_by_the_resolver(New::Nobody)).await,
            authority: start(AUTHORITY, held(New::Nobody)).await,
            _registry: start(REGISTRY, registry).await,
        }
    }

    /// A change has arrived everywhere.
    fn publish(&self, new: New) {
        self.authority.publish(held(new));
        self.resolver.publish(seen_by_the_resolver(new));
    }
}

/// Every domain, and where its mail goes.
fn domains(new: New) -> impl Iterator<Item = (String, &'static str)> {
    let groups = [
        ("early", EARLY, New::Early),
        ("late", OF_A_KIND, New::EarlyAndLate),
        ("customer", OF_A_KIND + 1, New::Nobody),
    ];
    groups.into_iter().flat_map(move |(group, count, from)| {
        let mx = if new >= from { "10 new.host.example" } else { "10 old.host.example" };
        (0..count).map(move |number| (domain(group, number), mx))
    })
}

fn zones(new: New) -> Zones {
    let mut zones = Zones::default();
    for (name, address) in [("ns.host.example", AUTHORITY), ("a.registry.example", REGISTRY)] {
        zones.add(name, "A", &address.parse::<SocketAddr>().unwrap().ip().to_string());
    }
    zones.add("example", "NS", "a.registry.example");
    for (domain, mx) in domains(new) {
        zones
            .add(&domain, "SOA", "ns.host.example. root.host.example. 7 7200 3600 1209600 300")
            .add(&domain, "NS", "ns.host.example")
            .add(&domain, "MX", mx);
    }
    zones
}

fn held(new: New) -> Zones {
    let mut zones = zones(new);
    domains(new).for_each(|(domain, _)| _ = zones.authority_of(&[&domain]));
    zones
}

fn seen_by_the_resolver(new: New) -> Zones {
    let mut zones = zones(new);
    for number in 0..=OF_A_KIND {
        zones.fault(&domain("customer", number), Fault::Delay(THINKS)).only("TXT");
    }
    zones
}

/// A process that serves.
struct Process {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Process {
    fn start(discord: &StandIn, place: &Place, listen: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mailmedic.toml");
        let config = format!(
            "[discord]\napplication_id = \"{APPLICATION}\"\npublic_key = \"{}\"\ntransport = \"both\"\nproxy_url = \"{}\"\n\
             [http]\nlisten = \"{listen}\"\n[store]\nurl = \"{}\"\n[resolver]\nservers = [\"{RESOLVER}\"]\n\
             [probe]\nallow = [\"127.0.0.0/8\"]\n[limits]\nperson = 1000\nguild = 1000\nchannel = 1000\n",
            StandIn::public_key(),
            discord.proxy_url(),
            place.at.place,
        );
        fs::write(&path, config).unwrap();
        let mut command = tokio::process::Command::from(mailmedic(&["--config", path.to_str().unwrap(), "serve"]));
        command.env("DISCORD_TOKEN", TOKEN).stderr(File::create(folder.path().join("log")).unwrap());
        let child = command.stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        Self { child, address: listen.parse().unwrap(), folder }
    }

    /// Stops it as an operator does.
    async fn stop(&mut self) {
        let asked = Command::new("kill").arg(self.child.id().unwrap().to_string()).status().unwrap();
        assert!(asked.success());
        let ended = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        assert_eq!(ended.code(), Some(0), "{}", self.log());
    }

    /// What it said so far.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}
