//! The status page: asked over HTTPS like any page, once for all who ask within a minute; and never taken for well unless
//! it says so.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use mailmedic::answer::{Answer, Block, State};
use mailmedic::config::{Brand, Config};
use mailmedic::engine::Engine;
use mailmedic::finding::Code;
use mailmedic::probe::{Hosts, Resolver};
use mailmedic::request::Request;

use super::*;
use crate::bot;
use crate::discord::fixtures::slash;
use crate::lab::{PATIENCE, engine_on};
use crate::nameserver::{NameServer, Zones};

const HOST: &str = "status.host.example";
const ATLASSIAN: &str = "/api/v2/summary.json";
const OUTAGE: &str = r#"{"page":{"updated_at":"2026-11-24T15:04:05Z"},
    "components":[{"name":"Webmail","status":"major_outage"}],
    "incidents":[{"name":"Webmail is **down** @everyone","status":"investigating","impact":"critical","created_at":"2026-11-24T15:00:00Z"}],
    "status":{"indicator":"critical","description":"Major Outage"}}"#;
const FINE: &str = r#"{"status":{"indicator":"none","description":"All Systems Operational"}}"#;

/// The page on loopback, its name in the DNS, and an engine that knows of it.
struct Lab {
    engine: Arc<Engine>,
    page: Stand,
    _names: NameServer,
}

impl Lab {
    async fn start(response: Response) -> Self {
        Self::allowing(response, &["127.0.0.0/8"]).await
    }

    async fn allowing(response: Response, allow: &[&str]) -> Self {
        let (page, names, network, config) = world(response, allow).await;
        Self { engine: engine_on(Arc::new(network), config), page, _names: names }
    }

    async fn codes(&self) -> Vec<Code> {
        let mut work = self.engine.begin(Request::Status);
        work.finish().await;
        work.findings().iter().map(|finding| finding.code).collect()
    }

    async fn ask(&self, question: &str) -> Answer {
        let mut work = self.engine.begin(Request::ask(question));
        work.finish().await;
        work.answer()
    }

    /// How often the summary was asked for.
    fn asked(&self) -> usize {
        self.page.reached().said.iter().filter(|line| line.starts_with(&format!("GET {ATLASSIAN}"))).count()
    }
}

/// The page, the name server that knows it, and the network and configuration of whoever may reach these ranges.
async fn world(response: Response, allow: &[&str]) -> (Stand, NameServer, Hosts, Config) {
    let at = (Ipv4Addr::new(127, 0, 4, 44), 0).into();
    let page = Stand::start(at, Web { identity: Identity::Sound(HOST), response }).await;
    let mut zones = Zones::default();
    zones.add("status.host.example.", "A", &page.ip().to_string());
    let names = NameServer::start(zones).await;
    let probe = Probe { allow: allow.iter().map(|net| net.parse().unwrap()).collect(), ..Probe::default() };
    let egress = Arc::new(Egress::new(&probe).with_ports(Ports::default().with(Port::Https, page.port())));
    let resolver = Resolver::new(&[names.address()], PATIENCE);
    let network = Hosts::new(Arc::new(resolver), &egress, &trusting(), &probe);
    let brand = Brand { status_url: Some(format!("https://{HOST}/")), ..Brand::default() };
    (page, names, network, Config { brand, probe, ..Config::default() })
}

#[tokio::test]
async fn both_services_are_read() {
    let instatus = r#"{"page":{"status":"HASISSUES"},"activeIncidents":[{"name":"SMTP stalls","status":"IDENTIFIED","impact":"MINOROUTAGE"}]}"#;
    let parts =
        r#"{"components":[{"name":"SMTP","status":"DEGRADEDPERFORMANCE"},{"name":"IMAP","status":"OPERATIONAL"}]}"#;
    for (pages, expected) in [
        (vec![(ATLASSIAN, FINE)], vec![Code::StatusFine]),
        (vec![(ATLASSIAN, OUTAGE)], vec![Code::StatusOutage, Code::StatusComponents]),
        (
            vec![("/summary.json", instatus), ("/v2/components.json", parts)],
            vec![Code::StatusIncident, Code::StatusComponents],
        ),
        (vec![("/summary.json", r#"{"page":{"status":"UP"}}"#)], vec![Code::StatusFine]),
    ] {
        assert_eq!(Lab::start(Response::json(&pages)).await.codes().await, expected, "{pages:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_page_says_is_told_on_discord() {
    let (_page, _names, network, config) = world(Response::json(&[(ATLASSIAN, OUTAGE)]), &["127.0.0.0/8"]).await;
    let lab = bot::Lab::start_with(bot::By::Gateway, Zones::default(), config, |_| Arc::new(network)).await;
    let told = lab.discord.dispatch(slash("status", &[])).await.edited().await;
    let told = bot::description(&told);
    assert!(told.contains("Webmail is") && !told.contains("**down**"), "{told}");
    lab.finish().await;
}

#[tokio::test]
async fn a_rush_of_people_asks_once_a_minute() {
    let lab = Lab::start(Response::json(&[(ATLASSIAN, FINE)])).await;
    let all = futures_util::future::join_all((0..20).map(|_| lab.codes())).await;
    assert!(all.iter().all(|codes| *codes == [Code::StatusFine]), "{all:?}");
    assert_eq!(lab.asked(), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    lab.codes().await;
    assert_eq!(lab.asked(), 2);
}

#[tokio::test]
async fn a_page_that_cannot_be_had_is_not_known_and_never_well() {
    for response in [
        Response::page("503 Service Unavailable", &[], FINE),
        Response::page("301 Moved Permanently", &["Location: https://status.host.example/x"], FINE),
        Response::page("200 OK", &[], "<html>All Systems Operational</html>"),
        Response::Bytes(b"220 mx.example ESMTP\r\n".to_vec()),
        Response::Endless,
    ] {
        let lab = Lab::start(response.clone()).await;
        assert_eq!(lab.codes().await, [Code::StatusUnknown], "{response:?}");
    }
    let private = Lab::allowing(Response::json(&[(ATLASSIAN, FINE)]), &[]).await;
    assert_eq!(private.codes().await, [Code::StatusUnknown]);
    assert_eq!(private.page.reached().connections, 0, "a page at an address that is not public is not contacted");
}

#[tokio::test]
async fn an_entry_about_outages_tells_of_the_incident_and_marks_its_step() {
    let lab = Lab::start(Response::json(&[(ATLASSIAN, OUTAGE)])).await;
    let answer = lab.ask("webmail shows an error 500 after logging in, internal server error").await;
    let steps = answer.blocks.iter().find_map(|block| if let Block::Steps(steps) = block { Some(steps) } else { None });
    let confirmed = steps.unwrap().iter().find(|step| step.state == State::Confirmed).expect("a step is marked");
    assert!(confirmed.text.to_string().contains("status page"), "{confirmed:?}");
    let shown = mailmedic::render::discord::message(&answer, &[]);
    let shown = serde_json::to_string(&shown).unwrap();
    assert!(shown.contains("There is an outage"), "{shown}");
    assert!(!shown.contains("**down**") && !shown.contains("@everyone"), "the page's words are no markup: {shown}");
}

#[tokio::test]
async fn a_page_that_is_silent_does_not_hold_an_answer_up() {
    let lab = Lab::start(Response::Silent).await;
    let answer = lab.ask("webmail shows an error 500 after logging in, internal server error").await;
    assert!(answer.blocks.iter().any(|block| matches!(block, Block::Steps(_))), "{answer:?}");
    assert!(!serde_json::to_string(&answer).unwrap().contains("On the status page"));
}

#[tokio::test]
async fn entries_that_are_not_about_outages_leave_the_page_alone() {
    let lab = Lab::start(Response::json(&[(ATLASSIAN, FINE)])).await;
    lab.ask("nothing arrives in my inbox").await;
    assert_eq!(lab.page.reached().connections, 0);
}
