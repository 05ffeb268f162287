//! What a check costs, counted: questions, rounds, and the time where every reply takes 40 ms.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use mailmedic::config::Config;
use mailmedic::facts::{
    Call, Called, Cause, Fact, Facts, Fetch, Fetched, Kind, NoPage, Outcome, Query, Record, Response, Session, Text,
    Tls, Unreached,
};
use mailmedic::finding::Topic;
use mailmedic::probe::{Network, Resolver};

use crate::cli::mailmedic;
use crate::hosts::TURNS_OF_A_LOOK;
use crate::lab::{PATIENCE, engine, engine_on, faults, report};
use crate::nameserver::{Fault, NameServer, Zones};

/// Answers from a table of facts, each reply after 40 ms; what is not in the table is not answered at all.
struct Slow(Facts);

impl Network for Slow {
    fn name(&self) -> String {
        "a table".to_owned()
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Response> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(40)).await;
            self.0.get(query).cloned().unwrap_or(Response::new(Outcome::Unknown(Cause::Silent)))
        })
    }
}

/// The same with hosts that answer, each turn of a conversation after 40 ms.
struct SlowHosts(Slow);

impl Network for SlowHosts {
    fn name(&self) -> String {
        self.0.name()
    }

    fn connects(&self) -> bool {
        true
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Response> {
        self.0.query(query)
    }

    fn call<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Called> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(40) * TURNS_OF_A_LOOK).await;
            Ok(Session { greeting: "220 mx".to_owned(), capabilities: Vec::new(), tls: Tls::NotOffered })
        })
    }

    fn fetch<'a>(&'a self, _: &'a Fetch) -> BoxFuture<'a, Fetched> {
        Box::pin(async {
            // As a call, without the greeting and EHLO.
            tokio::time::sleep(Duration::from_millis(40) * TURNS_OF_A_LOOK).await;
            Err(NoPage::Unreached(Unreached::Silent))
        })
    }
}

/// Passes questions on to a real resolver, and keeps the replies.
struct Recorder(Resolver, std::sync::Mutex<Facts>);

impl Network for Recorder {
    fn name(&self) -> String {
        self.0.name()
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Response> {
        Box::pin(async move {
            let reply = self.0.query(query).await;
            self.1.lock().unwrap().insert(Fact::Dns(query.clone(), reply.clone()));
            reply
        })
    }
}

#[tokio::test]
async fn a_healthy_domain_costs_at_most_seventy_questions_none_asked_twice() {
    let server = NameServer::start(Zones::load(&["healthy"])).await;
    let report = report(&engine(&server, Config::default()), "healthy.example").await;
    assert_eq!(faults(&report), Vec::<&str>::new());
    assert_eq!(server.repeated(), []);
    assert_eq!(server.questions().len(), report.cost.questions);
    assert!(report.cost.questions <= 70, "{:?}", report.cost);
    assert!(report.cost.rounds <= 5, "{:?}", report.cost);
}

/// Records the healthy domain's replies from real DNS, then answers from them in paused time, where 40 ms are exact.
#[test]
fn with_forty_milliseconds_a_reply_a_healthy_domain_is_done_within_two_hundred() {
    let facts = healthy();
    let paused = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    paused.block_on(async {
        let engine = engine_on(Arc::new(Slow(facts)), Config::default());
        let start = tokio::time::Instant::now();
        let report = report(&engine, "healthy.example").await;
        assert_eq!(faults(&report), Vec::<&str>::new());
        assert!(start.elapsed() <= Duration::from_millis(200), "{:?}", start.elapsed());
        assert_eq!(report.cost.elapsed_ms, 40 * u64::from(report.cost.rounds), "{:?}", report.cost);
    });
}

/// How many turns a look at a mail server takes is counted on the wire, in `hosts::smtp`.
#[test]
fn with_starttls_included_it_is_done_within_nine_replies() {
    let facts = healthy();
    let paused = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    paused.block_on(async {
        let engine = engine_on(Arc::new(SlowHosts(Slow(facts))), Config::default());
        let start = tokio::time::Instant::now();
        let report = report(&engine, "healthy.example").await;
        let elapsed = start.elapsed();
        assert!(report.topics().any(|(topic, _)| topic == Topic::Starttls), "not looked at");
        assert!(elapsed > Duration::from_millis(40) * TURNS_OF_A_LOOK, "no mail server was called: {elapsed:?}");
        assert!(elapsed <= Duration::from_millis(9 * 40), "{elapsed:?}");
    });
}

#[tokio::test(start_paused = true)]
async fn a_silent_network_ends_with_the_budget() {
    struct Silence;
    impl Network for Silence {
        fn name(&self) -> String {
            "silence".to_owned()
        }
        fn query<'a>(&'a self, _: &'a Query) -> BoxFuture<'a, Response> {
            Box::pin(std::future::pending())
        }
    }
    let config = Config::default();
    let budget = config.probe.budget.time;
    let start = tokio::time::Instant::now();
    let report = report(&engine_on(Arc::new(Silence), config), "example.com").await;
    assert_eq!(start.elapsed(), budget);
    assert!(report.unreachable && report.open.is_empty());
}

#[tokio::test]
async fn a_budget_of_questions_is_kept_and_what_is_beyond_is_unknown() {
    let server = NameServer::start(Zones::load(&["healthy"])).await;
    let mut config = Config::default();
    config.probe.budget.questions = 5;
    let report = report(&engine(&server, config), "healthy.example").await;
    assert_eq!((report.cost.questions, server.questions().len()), (5, 5));
    assert!(report.findings().all(|finding| finding.severity() <= mailmedic::finding::Severity::Unknown));
}

/// So many words, each with a number in it.
fn numbered(count: usize, before: &str, after: &str) -> String {
    (0..count).map(|number| [before, &number.to_string(), after].concat()).collect()
}

/// Records that are as long as TXT records get, each of a shape that makes much of little.
#[tokio::test]
async fn a_hostile_record_makes_few_findings_and_little_text() {
    let shapes = [
        format!("v=spf1 {}-all", "x ".repeat(30_000)),
        format!("v=spf1 {}-all", numbered(400, "a=b", " ")),
        format!("v=spf1 {}-all", numbered(400, "zz", " ")),
        format!("v=spf1 -all {}", numbered(900, "a", " ")),
        format!("v=spf1 {}-all", "ip4:192.0.2.1 ".repeat(4_000)),
        format!("v=DMARC1; {}p=none", numbered(300, "rua=x", "; ")),
        format!("v=DMARC1; p=none; {}", "x;".repeat(30_000)),
        format!("v=DKIM1; p={}", "A".repeat(60_000)),
        format!("v=DKIM1; {}", "k=rsa; ".repeat(8_000)),
    ];
    for shape in shapes {
        let mut zones = Zones::default();
        for name in ["hostile.example", "_dmarc.hostile.example", "default._domainkey.hostile.example"] {
            zones.add(name, "TXT", &shape);
        }
        let server = NameServer::start(zones).await;
        let report = report(&engine(&server, Config::default()), "hostile.example").await;
        let texts = |finding: &mailmedic::finding::Finding| {
            finding.evidence.iter().chain(finding.details.values()).map(String::len).sum::<usize>()
        };
        let (count, bytes) = (report.findings().count(), report.findings().map(texts).sum::<usize>());
        assert!(count <= 40 && bytes <= 128 * 1024, "{shape:.20}: {count} findings, {bytes} bytes");
    }
}

/// A network in which every name server of the world answers after 40 ms, but for those of one domain, which are silent.
struct SilentServers(&'static str);

impl Network for SilentServers {
    fn name(&self) -> String {
        "a resolver".to_owned()
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Response> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(40)).await;
            if query.name.is_within(&self.0.parse().unwrap()) {
                std::future::pending::<()>().await;
            }
            Response::new(Outcome::NoSuchName)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_domain_whose_servers_are_silent_is_reported_in_time_with_what_is_unknown() {
    let config = Config::default();
    let budget = config.probe.budget.time;
    let engine = engine_on(Arc::new(SilentServers("silent.example")), config);
    let start = tokio::time::Instant::now();
    let report = report(&engine, "silent.example").await;
    assert!(start.elapsed() <= budget, "{:?}", start.elapsed());
    assert!(report.open.is_empty());
    let unknown: Vec<&str> = report
        .topics()
        .filter(|(_, worst)| *worst == mailmedic::finding::Severity::Unknown)
        .map(|(topic, _)| topic.as_str())
        .collect();
    for topic in ["dns", "mx", "spf", "dkim", "dmarc"] {
        assert!(unknown.contains(&topic), "{topic} is not among {unknown:?}");
    }
    assert!(report.findings().all(|finding| finding.severity() <= mailmedic::finding::Severity::Unknown));
}

/// The replies that a healthy domain gets, from real DNS.
fn healthy() -> Facts {
    let recording = tokio::runtime::Runtime::new().unwrap();
    recording.block_on(async {
        let server = NameServer::start(Zones::load(&["healthy"])).await;
        let resolver = Resolver::new(&[server.address()], PATIENCE);
        let recorder = Arc::new(Recorder(resolver, std::sync::Mutex::default()));
        report(&engine_on(Arc::clone(&recorder) as Arc<dyn Network>, Config::default()), "healthy.example").await;
        recorder.1.lock().unwrap().clone()
    })
}

#[test]
fn after_a_hundred_milliseconds_there_is_a_first_result() {
    let facts = healthy();
    let paused = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    paused.block_on(async {
        let engine = engine_on(Arc::new(Slow(facts)), Config::default());
        let mut work = engine.begin(crate::lab::check("healthy.example"));
        assert!(tokio::time::timeout(Duration::from_millis(100), work.finish()).await.is_err());
        let first = work.report().unwrap();
        assert!(first.topics().count() >= 2, "{:?} are open", first.open);
        assert!(work.answer().note.unwrap().to_string().starts_with("Still looking: "));
        work.finish().await;
        assert_eq!(work.report().unwrap().open, []);
    });
}

/// A domain with so many mail servers and so many records included by its SPF record; what no line answers, is not there.
fn publishing(mail_servers: usize, includes: usize) -> Facts {
    let mut facts = Facts::default();
    let mut say = |name: &str, kind: Kind, records: Vec<Record>| {
        let query = Query::new(&name.parse().unwrap(), kind);
        facts.insert(Fact::Dns(query, Response::new(Outcome::Records(records))));
    };
    let text = |text: String| vec![Record::Txt(Text::split(&text))];
    let host = |number: usize| format!("mx{number}.example.com");
    if mail_servers > 0 {
        let mx = |number: usize| Record::Mx { preference: 10, exchange: host(number).parse().unwrap() };
        say("example.com", Kind::Mx, (0..mail_servers).map(mx).collect());
    }
    for number in 0..mail_servers {
        let address = [192, 0, 2, u8::try_from(number).unwrap()];
        say(&host(number), Kind::A, vec![Record::A(address.into())]);
        say(&format!("{number}.2.0.192.in-addr.arpa"), Kind::Ptr, vec![Record::Ptr(host(number).parse().unwrap())]);
    }
    let spf: String =
        (0..includes).map(|number| [" include:spf", &number.to_string(), ".example.net"].concat()).collect();
    say("example.com", Kind::Txt, text(format!("v=spf1{spf} -all")));
    for number in 0..includes {
        say(&format!("spf{number}.example.net"), Kind::Txt, text("v=spf1 ip4:192.0.2.1 -all".to_owned()));
    }
    facts
}

/// Answers at once from a table; what is not in it does not exist.
struct Table(Facts);

impl Network for Table {
    fn name(&self) -> String {
        "a table".to_owned()
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Response> {
        Box::pin(std::future::ready(self.0.get(query).cloned().unwrap_or(Response::new(Outcome::NoData))))
    }
}

/// What a domain costs: its questions, and how often checks are run.
async fn work_of(mail_servers: usize, includes: usize) -> (usize, usize) {
    let mut config = Config::default();
    config.probe.budget.questions = 1000;
    let engine = engine_on(Arc::new(Table(publishing(mail_servers, includes))), config);
    let report = report(&engine, "example.com").await;
    (report.cost.questions, report.runs)
}

#[tokio::test]
async fn work_grows_with_what_a_domain_publishes_and_not_with_the_checks_there_are() {
    let checks = mailmedic::mail::CHECKS.len();
    let bare = work_of(0, 0).await;
    // Each check is run once to see what it wants, and at most twice more to see that there is nothing.
    assert!(bare.1 <= 3 * checks, "{bare:?}");
    let (one, two) = (work_of(1, 0).await, work_of(2, 0).await);
    for servers in 3..=5 {
        let now = work_of(servers, 0).await;
        // What is asked of a mail server is asked once, however many checks want it; blocklists are not asked about all.
        let linear = one.0 + (servers - 1) * (two.0 - one.0);
        assert!((two.0..=linear).contains(&now.0), "{servers} mail servers: {now:?}, {linear}");
        // Replies that come together are looked at together: no check is run again for each of them.
        assert_eq!(now.1, one.1, "{servers} mail servers");
    }
    for includes in 1..=8 {
        let now = work_of(0, includes).await;
        assert_eq!(now.0, bare.0 + includes, "{includes} includes");
        assert!(now.1 <= bare.1 + 1, "{includes} includes: {now:?}");
    }
}

/// Another program of this kind, checkdmarc, on the same zone with the same delay: how many questions each asks, and how
/// long each takes, start included. In a network namespace, so that nothing that it fetches leaves the machine.
#[test]
#[ignore = "needs checkdmarc and port 53: see benches/README.md"]
fn beside_checkdmarc_it_takes_a_fraction_of_the_time() {
    let checkdmarc = std::env::var("CHECKDMARC").expect("CHECKDMARC names the program");
    let mut zones = Zones::load(&["healthy"]);
    zones.fault("*", Fault::Delay(Duration::from_millis(40)));
    let serving = tokio::runtime::Runtime::new().unwrap();
    let server = serving.block_on(NameServer::start_at("127.0.0.53:53".parse().unwrap(), zones));
    let timed = |program: &mut std::process::Command| {
        let before = server.questions().len();
        let begun = std::time::Instant::now();
        let output = program.output().unwrap();
        let (took, asked) = (begun.elapsed(), server.questions().len() - before);
        assert!(!output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        eprintln!("{}: {asked} questions, {took:.2?}", program.get_program().display());
        (asked, took)
    };
    let other = timed(std::process::Command::new(checkdmarc).args(["-n", "127.0.0.53", "--", "healthy.example"]));
    let own = timed(&mut mailmedic(&["check", "healthy.example", "--dns-only", "--resolver", "127.0.0.53:53"]));
    assert!(own.1 * 5 < other.1, "{own:?} {other:?}");
}
