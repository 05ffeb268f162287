//! The product's own parts put together for a test: a real resolver on the scripted name server, the shipped knowledge.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use mailmedic::config::Config;
use mailmedic::engine::Engine;
use mailmedic::facts::{Query, Response};
use mailmedic::knowledge::{Knowledge, Source};
use mailmedic::probe::{Network, Report, Resolver};
use mailmedic::request::{CheckRequest, Request};

use crate::nameserver::NameServer;

/// How long a question may stay without a reply: the servers are in this process, and silence is tested too.
pub(crate) const PATIENCE: Duration = Duration::from_millis(250);

/// An engine that asks this server.
pub(crate) fn engine(server: &NameServer, config: Config) -> Arc<Engine> {
    engine_on(Arc::new(Resolver::new(&[server.address()], PATIENCE)), config)
}

/// An engine that asks this network.
pub(crate) fn engine_on(network: Arc<dyn Network>, config: Config) -> Arc<Engine> {
    let source = config.knowledge.path.clone().map_or(Source::Shipped, Source::Folder);
    let knowledge = Knowledge::load(&source, &config.brand).unwrap();
    Arc::new(Engine::new(config, knowledge, network))
}

/// A network in which nobody may be asked.
pub(crate) struct Nobody;

impl Network for Nobody {
    fn name(&self) -> String {
        "nobody".to_owned()
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Response> {
        panic!("{query} was asked")
    }
}

/// The request for a look at a domain.
pub(crate) fn check(domain: &str) -> Request {
    Request::Check(CheckRequest::of(domain.parse().unwrap()))
}

/// The whole report on a domain.
pub(crate) async fn report(engine: &Arc<Engine>, domain: &str) -> Report {
    let mut work = engine.begin(check(domain));
    work.finish().await;
    work.report().unwrap()
}

/// What is no fault of a domain of these tests: that it does without what nobody needs.
const WITHOUT: [&str; 3] = ["dnssec-unsigned", "mta-sts-none", "autoconfig-none"];

/// The codes of a report's findings that are not `ok`, each once, in the order of the report; but for [`WITHOUT`].
pub(crate) fn faults(report: &Report) -> Vec<&'static str> {
    let mut codes: Vec<&str> = report
        .findings()
        .filter(|finding| finding.severity() != mailmedic::finding::Severity::Ok)
        .map(|finding| finding.code.as_str())
        .filter(|code| !WITHOUT.contains(code))
        .collect();
    codes.dedup();
    codes
}
