//! What a check costs, counted: questions, rounds, and the time where every reply takes 40 ms.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use mailmedic::config::Config;
use mailmedic::facts::{Cause, Fact, Facts, Outcome, Query, Response};
use mailmedic::probe::{Network, Resolver};

use crate::lab::{PATIENCE, engine, engine_on, faults, report};
use crate::nameserver::{NameServer, Zones};

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
async fn a_healthy_domain_costs_at_most_sixty_questions_none_asked_twice() {
    let server = NameServer::start(Zones::load(&["healthy"])).await;
    let report = report(&engine(&server, Config::default()), "healthy.example").await;
    assert_eq!(faults(&report), Vec::<&str>::new());
    assert_eq!(server.repeated(), []);
    assert_eq!(server.questions().len(), report.cost.questions);
    assert!(report.cost.questions <= 60, "{:?}", report.cost);
    assert!(report.cost.rounds <= 4, "{:?}", report.cost);
}

/// Records the healthy domain's replies from real DNS, then answers from them in paused time, where 40 ms are exact.
#[test]
fn with_forty_milliseconds_a_reply_a_healthy_domain_is_done_within_two_hundred() {
    let recording = tokio::runtime::Runtime::new().unwrap();
    let facts = recording.block_on(async {
        let server = NameServer::start(Zones::load(&["healthy"])).await;
        let resolver = Resolver::new(&[server.address()], PATIENCE);
        let recorder = Arc::new(Recorder(resolver, std::sync::Mutex::default()));
        report(&engine_on(Arc::clone(&recorder) as Arc<dyn Network>, Config::default()), "healthy.example").await;
        recorder.1.lock().unwrap().clone()
    });
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
