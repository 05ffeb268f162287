//! Workers that are killed at any moment: nothing is lost, nothing is stuck, and every notification arrives at least once.
//!
//! The workers are this test program, started again. What they deliver goes to a file, where it stays when they die. A
//! clock that runs a hundred times as fast makes an hour of watches pass in half a minute.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use mailmedic::config::{self, Limits};
use mailmedic::moment::Moment;
use mailmedic::store::{Channel, Delivery, NewWatch, Person, Store, Watched};
use mailmedic::watch::{Said, Seen, State, Until};

use super::place::{Place, SEED};

/// How many workers there are at a time.
const WORKERS: usize = 3;
/// How many times one is killed.
const KILLS: u32 = 40;
/// How fast the clock runs.
const PACE: u32 = 100;
/// How long a worker has something in hand: nearly a second of a real clock.
const HOLD: Duration = Duration::from_secs(90);
/// How long what everybody says stays the same: less than the shortest pause between two looks.
const CHANGE: Duration = Duration::from_secs(50);
/// What names the store and the file to a worker.
const WORK: &str = "MAILMEDIC_TEST_WORK";

#[test]
fn nothing_is_lost_when_workers_on_sqlite_are_killed() {
    runtime().block_on(async { kill_workers(Place::file()).await });
}

#[test]
fn nothing_is_lost_when_workers_on_postgresql_are_killed() {
    runtime().block_on(async { kill_workers(Place::server().await).await });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn kill_workers(place: Place) {
    let started = SystemTime::now();
    let ledger = place.folder.path().join("ledger");
    File::create(&ledger).unwrap();
    let address = place.at.place.to_string();
    let start = || Worker::start(&format!("{address}\n{}\n{}", ledger.display(), millis(started)));
    let mut chance = Chance(u64::from(std::process::id()) | 1 << 32);
    // Several processes and this one come at once to a store that is not there yet.
    let mut workers: Vec<Worker> = (0..WORKERS).map(|_| start()).collect();
    let store = place.open().await;
    workers.iter_mut().for_each(Worker::wait);
    let mut people = 0;
    for _ in 0..KILLS {
        for _ in 0..5 {
            let wish = NewWatch {
                guild: None,
                channel: Channel(1),
                person: Person(people),
                domain: "example.com".parse().unwrap(),
                until: Until::Mx,
                selector: None,
                seen: Seen::Unknown,
            };
            assert!(matches!(store.watch(&wish, now(started)).await.unwrap(), Watched::Begun(_)));
            people += 1;
        }
        tokio::time::sleep(Duration::from_millis(chance.next() % 300)).await;
        let doomed = usize::try_from(chance.next()).unwrap_or_default() % WORKERS;
        // Dropped, the one before is killed.
        workers[doomed] = start();
        workers[doomed].wait();
    }
    let given_up = Instant::now() + Duration::from_mins(1);
    let done = async || {
        let stands = store.waiting().await.unwrap();
        stands.waiting == 0 && store.next_look().await.unwrap().is_none()
    };
    while !done().await && Instant::now() < given_up {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(workers);
    let mut delivered = BTreeMap::<String, u32>::new();
    for nonce in fs::read_to_string(&ledger).unwrap().lines() {
        *delivered.entry(nonce.to_owned()).or_default() += 1;
    }
    let twice = delivered.values().filter(|count| **count > 1).count();
    let lasted = started.elapsed().unwrap().as_secs_f64();
    eprintln!(
        "{}: {KILLS} kills in {lasted:.1} s, {people} watches, {} notifications, {twice} of them delivered more than once",
        place.engine(),
        delivered.len()
    );
    let stands = store.waiting().await.unwrap();
    assert_eq!((stands.waiting, stands.parked), (0, 0), "stuck, or set aside");
    let mut changes = 0;
    for person in 0..people {
        let watch = &store.watches_of(Person(person)).await.unwrap()[0].watch;
        assert_eq!(watch.state, State::Notified, "{watch:?}");
        changes += watch.step;
    }
    assert_eq!(delivered.len(), usize::try_from(changes).unwrap(), "lost, or made up");
}

/// A process that works until it is killed.
struct Worker(Child);

impl Worker {
    fn start(work: &str) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::crash::a_worker", "--ignored", "--nocapture"])
            .env(WORK, work)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Waits until it works.
    fn wait(&mut self) {
        let said = BufReader::new(self.0.stdout.take().unwrap());
        assert!(said.lines().map_while(Result::ok).any(|line| line.contains("at work")), "a worker did not start");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a worker of the tests above, which start it"]
async fn a_worker() {
    let work = std::env::var(WORK).expect("the tests above name the store");
    let [address, ledger, started] = work.lines().collect::<Vec<_>>().try_into().unwrap();
    let place = match address.strip_prefix("sqlite:") {
        Some(path) => config::Place::File(PathBuf::from(path)),
        None => config::Place::Server(address.to_owned()),
    };
    let at = config::Store { place, ..config::Store::default() };
    let store = Store::open(&at, Limits::default(), SEED).await.unwrap();
    let started = SystemTime::UNIX_EPOCH + Duration::from_millis(started.parse().unwrap());
    let _ = writeln!(std::io::stdout(), "at work");
    let looks = (0..2).map(|_| tokio::spawn(look(store.clone(), started)));
    let deliveries = (0..2).map(|_| tokio::spawn(deliver(store.clone(), started, PathBuf::from(ledger))));
    futures_util::future::join_all(looks.chain(deliveries)).await;
}

/// Each look sees another change, so that a watch whose notification is late gets a second one.
async fn look(store: Store, started: SystemTime) {
    loop {
        let Some(look) = store.take_look(HOLD, now(started)).await.unwrap() else {
            rest().await;
            continue;
        };
        let seen = Seen::Everywhere(Said { what: now(started).window(CHANGE).to_string(), who: String::new() });
        let _ = store.looked(&look, &seen, now(started), 0).await.unwrap();
    }
}

async fn deliver(store: Store, started: SystemTime, ledger: PathBuf) {
    loop {
        let Some(taken) = store.take_notification(HOLD, now(started)).await.unwrap() else {
            rest().await;
            continue;
        };
        let line = format!("{}\n", taken.nonce());
        File::options().append(true).open(&ledger).unwrap().write_all(line.as_bytes()).unwrap();
        // The answer takes its time, as it does over a network.
        rest().await;
        let _ = store.tried(&taken, &Delivery::Done, now(started), 0).await.unwrap();
    }
}

async fn rest() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

fn now(started: SystemTime) -> Moment {
    let passed = started.elapsed().unwrap_or_default();
    Moment::from(started) + passed * PACE
}

fn millis(time: SystemTime) -> i64 {
    Moment::from(time).0
}

/// Numbers without a pattern (xorshift).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
