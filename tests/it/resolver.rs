//! The resolver over real packets: what it makes of each kind of reply, and how much a hostile server can make it ask.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mailmedic::config::Probe;
use mailmedic::facts::{Cause, Kind, Outcome, Query, Response, Server};
use mailmedic::probe::egress::{Egress, Port, Ports};
use mailmedic::probe::{Network, Resolver};

use crate::hosts::guard;
use crate::lab::PATIENCE;
use crate::nameserver::Transport::{self, Tcp, Udp};
use crate::nameserver::{Fault, NameServer, Zones};

fn text(name: &str) -> Query {
    Query::new(&if name == "." { mailmedic::domain::Name::root() } else { name.parse().unwrap() }, Kind::Txt)
}

/// A server that has a text at `x.example`, with a fault.
fn faulty(fault: Fault) -> Zones {
    let mut zones = Zones::default();
    zones.add("x.example", "TXT", "hello").fault("x.example", fault);
    zones
}

/// Aliases in a row, the last of which has a text.
fn chain(aliases: usize) -> Zones {
    let mut zones = Zones::default();
    for number in 1..aliases {
        zones.add(&format!("a{number}.example"), "CNAME", &format!("a{}.example", number + 1));
    }
    zones.add("x.example", "CNAME", "a1.example").add(&format!("a{aliases}.example"), "TXT", "hello");
    zones
}

fn with(owner: &str, kind: &str, data: &str) -> Zones {
    let mut zones = Zones::default();
    zones.add(owner, kind, data);
    zones
}

#[tokio::test]
async fn whatever_a_server_does_the_wait_is_bounded_and_so_is_what_reaches_it() {
    let (known, silent, malformed) = (Ok(()), Err(Cause::Silent), Err(Cause::Malformed));
    let large = "x".repeat(60_000);
    let mut flaky = with("x.example", "TXT", "hello");
    flaky.fault("x.example", Fault::Silent).times(1);
    let mut loops = with("x.example", "CNAME", "y.example");
    loops.add("y.example", "CNAME", "x.example");
    for (what, zones, expected, asked) in [
        ("an answer", with("x.example", "TXT", "hello"), known, &[Udp][..]),
        ("the first datagram lost", flaky, known, &[Udp, Udp]),
        ("silence", faulty(Fault::Silent), silent, &[Udp, Udp]),
        ("another id", faulty(Fault::WrongId), silent, &[Udp, Udp]),
        ("garbage", faulty(Fault::Garbage), malformed, &[Udp, Udp]),
        ("too long for a datagram", faulty(Fault::Truncated), known, &[Udp, Tcp]),
        ("never whole", faulty(Fault::NeverWhole), malformed, &[Udp, Tcp]),
        ("spelt otherwise", faulty(Fault::OtherCapitals), known, &[Udp, Tcp]),
        ("64 KiB of text", with("x.example", "TXT", &large), known, &[Udp, Tcp]),
        ("SERVFAIL", faulty(Fault::SERVFAIL), Err(Cause::ServFail), &[Udp]),
        ("a refusal", faulty(Fault::REFUSED), Err(Cause::Refused), &[Udp]),
        ("does not know EDNS", faulty(Fault::FORMERR), malformed, &[Udp]),
        ("an alias for itself", with("x.example", "CNAME", "x.example"), malformed, &[Udp]),
        ("aliases in a circle", loops, malformed, &[Udp]),
        ("eight aliases", chain(8), known, &[Udp]),
        ("nine aliases", chain(9), malformed, &[Udp]),
        ("a hundred aliases", chain(100), malformed, &[Udp, Tcp]),
    ] {
        let server = NameServer::start(zones).await;
        let resolver = Resolver::new(&[server.address()], PATIENCE);
        let began = Instant::now();
        let reply = resolver.query(&text("x.example")).await;
        assert!(began.elapsed() < PATIENCE * 2, "{what}: {:?}", began.elapsed());
        assert_eq!(reply.records().map(|_| ()), expected, "{what}: {reply:?}");
        assert_eq!(matches!(reply.outcome, Outcome::Records(_)), expected.is_ok(), "{what}: {reply:?}");
        let transports: Vec<Transport> = server.questions().iter().map(|asked| asked.transport).collect();
        assert_eq!(transports, asked, "{what}");
    }
}

#[tokio::test]
async fn where_nobody_listens_the_next_is_asked_at_once() {
    let closed = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let server = NameServer::start(with("x.example", "TXT", "hello")).await;
    let began = Instant::now();
    let reply = Resolver::new(&[closed, server.address()], Duration::from_mins(1)).query(&text("x.example")).await;
    assert_eq!(reply.texts().unwrap().len(), 1);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let alone = Resolver::new(&[closed], Duration::from_mins(1)).query(&text("x.example")).await;
    assert_eq!(alone.records(), Err(Cause::Silent));
}

#[tokio::test]
async fn a_reply_tells_for_how_long_it_holds() {
    let mut zones = Zones::written(
        "[records]
        'zone.example' = { SOA = 'ns.zone.example. root.zone.example. 7 1 2 3 40', TXT = ['hello'] }
        'alias.zone.example' = { CNAME = 'zone.example.' }
        'brief.example' = { SOA = 'ns.zone.example. root.zone.example. 7 1 2 3 4000' }",
    );
    zones.set_ttl(100);
    let server = NameServer::start(zones).await;
    let resolver = Resolver::new(&[server.address()], PATIENCE);
    for (name, expected) in [
        ("zone.example", Some(100)),
        ("alias.zone.example", Some(100)),
        ("gone.zone.example", Some(40)),
        ("brief.example", Some(100)),
    ] {
        assert_eq!(resolver.query(&text(name)).await.ttl, expected, "{name}");
    }
}

#[tokio::test]
async fn a_resolver_vouches_for_what_is_signed_and_can_be_told_not_to_check() {
    let zones = "signed = ['signed.example']\nbogus = ['bogus.example']\n[records]
        'signed.example' = { TXT = ['hello'] }\n'bogus.example' = { TXT = ['hello'] }\n'plain.example' = { TXT = ['hello'] }";
    let server = NameServer::start(Zones::written(zones)).await;
    let resolver = Resolver::new(&[server.address()], PATIENCE);
    for (name, to, known, authentic) in [
        ("signed.example", Server::Resolver, true, true),
        ("signed.example", Server::Named(server.address()), true, true),
        ("signed.example", Server::Unchecked, true, false),
        ("plain.example", Server::Resolver, true, false),
        ("bogus.example", Server::Resolver, false, false),
        ("bogus.example", Server::Unchecked, true, false),
    ] {
        let reply = resolver.query(&text(name).to(to)).await;
        assert_eq!((reply.records().is_ok(), reply.authentic), (known, authentic), "{name} {to:?}");
    }
    assert!(resolver.query(&Query::new(&mailmedic::domain::Name::root(), Kind::Soa)).await.authentic);
}

#[tokio::test]
async fn a_name_server_is_asked_only_if_it_may_be_and_its_referral_is_told() {
    let mut zones = with("x.example", "TXT", "hello");
    zones.authority_of(&["example"]).add("child.example", "NS", "ns.child.example");
    let server = NameServer::start(zones).await;
    let port = server.address().port();
    let to = |name: &str| text(name).to(Server::Authority(server.address().ip()));

    let nobody = Resolver::new(&[server.address()], PATIENCE);
    assert_eq!(nobody.query(&to("x.example")).await.records(), Err(Cause::NotAsked));
    let public = Arc::new(Egress::new(&Probe::default()).with_ports(Ports::default().with(Port::Dns, port)));
    let other = Resolver::new(&[], PATIENCE).with_authorities(public);
    assert_eq!(other.query(&to("x.example")).await.records(), Err(Cause::NotAsked));
    assert_eq!(server.questions(), []);

    let resolver = Resolver::new(&[], PATIENCE).with_authorities(guard(Port::Dns, port));
    let told = resolver.query(&to("x.example")).await;
    assert!(told.authoritative && told.texts().unwrap().len() == 1);
    let referred = resolver.query(&to("www.child.example")).await;
    assert_eq!((referred.authoritative, referred.outcome), (false, Outcome::NoData));
    assert_eq!(referred.referral, ["ns.child.example".parse().unwrap()]);
    assert_eq!(resolver.query(&to("elsewhere.test")).await.records(), Err(Cause::Refused));
}

#[tokio::test]
async fn many_questions_at_once_take_their_turns_at_a_name_server_also_over_tcp() {
    let mut zones = faulty(Fault::Truncated);
    zones.authority_of(&["example"]);
    let server = NameServer::start(zones).await;
    let resolver = Resolver::new(&[], PATIENCE).with_authorities(guard(Port::Dns, server.address().port()));
    let query = text("x.example").to(Server::Authority(server.address().ip()));
    // More than may be under way: each gives up its place for a datagram before it asks for one over TCP.
    let replies = futures_util::future::join_all((0..12).map(|_| resolver.query(&query))).await;
    assert!(replies.iter().all(|reply| reply.records().is_ok()), "{replies:?}");
}

#[tokio::test]
async fn whoever_points_elsewhere_is_no_resolver() {
    let mut zones = Zones::default();
    zones.authority_of(&["example"]).add("child.example", "NS", "ns.child.example");
    let parent = NameServer::start(zones).await;
    let good = NameServer::start(with("www.child.example", "TXT", "hello")).await;
    let ask = async |servers: &[SocketAddr]| Resolver::new(servers, PATIENCE).query(&text("www.child.example")).await;
    assert_eq!(ask(&[parent.address()]).await.records(), Err(Cause::Refused), "and not: no such record");
    assert_eq!(ask(&[parent.address(), good.address()]).await.texts().unwrap().len(), 1);
}

/// Prints how many questions a second get their replies, the server's own work on the same cores included.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures: run it alone, in a release build"]
async fn questions_a_second() {
    use futures_util::StreamExt as _;
    const QUESTIONS: u32 = 100_000;
    let server = NameServer::start(Zones::load(&["healthy"])).await;
    let resolver = Resolver::new(&[server.address()], Duration::from_secs(2));
    let query = text("healthy.example");
    let began = Instant::now();
    let replies = futures_util::stream::iter(0..QUESTIONS).map(|_| resolver.query(&query)).buffer_unordered(256);
    let known = replies.filter(|reply: &Response| std::future::ready(reply.records().is_ok())).count().await;
    let rate = f64::from(QUESTIONS) / began.elapsed().as_secs_f64();
    assert_eq!(known, usize::try_from(QUESTIONS).unwrap());
    eprintln!("{rate:.0} questions a second; {} reached the server", server.questions().len());
}
