//! Postmark's spam check: asked about whole messages where the operator names it, and about nothing otherwise.

use std::net::Ipv4Addr;
use std::sync::Arc;

use mailmedic::config::{Config, Postmark, Spam};
use mailmedic::finding::Code;
use mailmedic::inspect::spam::Filter;
use mailmedic::probe::{Hosts, Resolver};
use mailmedic::request::{InspectRequest, Looks, Request};

use super::*;
use crate::lab::{PATIENCE, engine_on};
use crate::nameserver::{NameServer, Zones};

const HOST: &str = "spamcheck.example";
const MAIL: &str = "From: anna@shop.example\nSubject: Lunch\nDate: Tue, 14 Nov 2023 21:00:00 +0000\nMessage-ID: <1@shop.example>\n\nAt noon?\n";
const ANSWER: &str = r#"{"success":true,"score":"7.9","rules":[{"score":"7.9","description":"Too good to be true"}]}"#;

/// What came of a mail, and what reached the service.
async fn inspect(named: bool, text: &str, response: Response) -> (Vec<Code>, Option<Filter>, Reached) {
    let stand =
        Stand::start((Ipv4Addr::new(127, 0, 4, 45), 0).into(), Web { identity: Identity::Sound(HOST), response });
    let stand = stand.await;
    let mut zones = Zones::default();
    zones.add("spamcheck.example.", "A", &stand.ip().to_string());
    let resolver = NameServer::start(zones).await;
    let probe = Probe { allow: vec!["127.0.0.0/8".parse().unwrap()], ..Probe::default() };
    let egress = guard(Port::Https, stand.port());
    let network = Hosts::new(Arc::new(Resolver::new(&[resolver.address()], PATIENCE)), &egress, &trusting(), &probe);
    let postmark = named.then(|| Postmark { host: HOST.parse().unwrap(), path: "/filter".to_owned() });
    let config = Config { probe, spam: Spam { postmark, ..Spam::default() }, ..Config::default() };
    let request = InspectRequest { text: text.into(), looks: Looks::AtDomain };
    let mut work = engine_on(Arc::new(network), config).begin(Request::Inspect(request));
    work.finish().await;
    let whole = work.message().unwrap();
    let codes = whole.findings.iter().map(|finding| finding.code).collect();
    (codes, whole.spam.as_ref().map(|verdict| verdict.filter), stand.reached())
}

#[tokio::test]
async fn a_whole_message_is_scored_and_the_score_says_what_it_leaves_out() {
    let (codes, filter, reached) = inspect(true, MAIL, Response::json(&[("/filter", ANSWER)])).await;
    assert_eq!(filter, Some(Filter::Postmark));
    assert!(codes.contains(&Code::MessageSpam) && codes.contains(&Code::MessageSpamOffline), "{codes:?}");
    assert_eq!(reached.said.first().map(String::as_str), Some("POST /filter HTTP/1.1"));
    let sent: serde_json::Value = serde_json::from_str(reached.said.last().unwrap()).unwrap();
    assert_eq!((&sent["email"], &sent["options"]), (&MAIL.into(), &"long".into()));
}

#[tokio::test]
async fn nothing_is_sent_unless_the_operator_names_it_and_there_is_a_whole_message() {
    let answer = || Response::json(&[("/filter", ANSWER)]);
    for (named, text) in [(false, MAIL), (true, "From: anna@shop.example\nSubject: Lunch\n")] {
        assert_eq!(inspect(named, text, answer()).await.2, Reached::default(), "{text}");
    }
}

#[tokio::test]
async fn without_an_answer_there_is_no_score() {
    for response in [
        Response::page("500 Internal Server Error", &[], ANSWER),
        Response::page("200 OK", &[], r#"{"success":false}"#),
        Response::Endless,
    ] {
        let (codes, filter, _) = inspect(true, MAIL, response.clone()).await;
        assert!(filter.is_none() && !codes.contains(&Code::MessageNotSpam), "{response:?}: {codes:?}");
    }
}
