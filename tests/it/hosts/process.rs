//! The program as people run it, in a network of its own: whom it contacts when a domain's records point to public and to
//! private addresses, to hostile hosts, and when it may contact nobody.
//!
//! It trusts the public's roots alone, so that no certificate of a stand-in is good here; `check` has those that are.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Output;

use serde_json::Value;
use tokio::net::UdpSocket;

use super::*;
use crate::cli::mailmedic;
use crate::nameserver::{Fault, NameServer, Zones};

const RESOLVER: &str = "127.0.0.1:53";

/// Public: the domain's name server, and its mail server.
const NS: &str = "9.9.9.53";
const MX: &str = "9.9.9.25";

/// Where the domain's records point, too, and must not lead anybody: the operator's network, and a cloud's secrets.
const PRIVATE: [&str; 2] = ["10.6.6.6", "169.254.169.254"];

const PORTS: [u16; 6] = [25, 53, 443, 465, 587, 993];

/// A domain with every kind of record that leads to a host: each to a public one and to a private one.
const ZONE: &str = "
    [records.'shop.example']
    SOA = 'ns1.shop.example. root.shop.example. 7 7200 3600 1209600 300'
    NS = ['ns1.shop.example.', 'ns2.shop.example.']
    MX = ['10 mx.shop.example.', '20 inside.shop.example.', '30 metadata.shop.example.']
    TXT = ['v=spf1 mx -all']
    [records]
    'ns1.shop.example' = { A = '9.9.9.53' }
    'ns2.shop.example' = { A = '10.6.6.6' }
    'mx.shop.example' = { A = '9.9.9.25' }
    'inside.shop.example' = { A = '10.6.6.6' }
    'metadata.shop.example' = { A = '169.254.169.254' }
    'mail.shop.example' = { A = '10.6.6.6' }
    '_mta-sts.shop.example' = { TXT = ['v=STSv1; id=1'] }
    'mta-sts.shop.example' = { A = '169.254.169.254' }
    '_imaps._tcp.shop.example' = { SRV = '0 1 993 inside.shop.example.' }
    '_submissions._tcp.shop.example' = { SRV = '0 1 465 metadata.shop.example.' }";

/// All that listens at a private address.
struct Canary {
    services: Vec<Stand>,
    names: UdpSocket,
}

impl Canary {
    async fn start(address: &str) -> Self {
        let mut services = Vec::new();
        for port in PORTS {
            services.push(Stand::start(at(address, port), Mail::that(Manner::Sound)).await);
        }
        Self { services, names: UdpSocket::bind(at(address, 53)).await.unwrap() }
    }

    /// At which ports anything arrived.
    fn reached(&self) -> Vec<u16> {
        let called = self.services.iter().filter(|service| service.reached().connections > 0).map(Stand::port);
        called.chain(self.names.try_recv(&mut [0; 100]).ok().map(|_| 53)).collect()
    }
}

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

/// Runs the program without a configuration.
async fn check(arguments: &[&str]) -> Output {
    let mut command = mailmedic(&[&["check", "shop.example", "--json", "--resolver", RESOLVER], arguments].concat());
    command.env_remove("MAILMEDIC_CONFIG");
    tokio::process::Command::from(command).output().await.unwrap()
}

/// The document, and the codes of its findings with their subjects.
fn read(output: &Output) -> (Value, BTreeSet<(String, String)>) {
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = document["findings"].as_array().unwrap();
    let found = findings.iter().map(|finding| (text(&finding["code"]), text(&finding["subject"]))).collect();
    (document, found)
}

fn has(found: &BTreeSet<(String, String)>, code: &str, subject: &str) -> bool {
    found.contains(&(code.to_owned(), subject.to_owned()))
}

fn authority() -> Zones {
    let mut zones = Zones::written(ZONE);
    zones.authority_of(&["shop.example"]);
    zones
}

#[test]
fn the_program_calls_public_hosts_alone_and_with_dns_only_nobody_but_the_resolver() {
    let name = "hosts::process::the_program_calls_public_hosts_alone_and_with_dns_only_nobody_but_the_resolver";
    namespace::run(name, &[&[NS, MX], &PRIVATE[..]].concat(), async || {
        let resolver = NameServer::start_at(RESOLVER.parse().unwrap(), Zones::written(ZONE)).await;
        let names = NameServer::start_at(at(NS, 53), authority()).await;
        let mx = Stand::start(at(MX, 25), Mail::sound(Identity::Sound("mx.shop.example"))).await;
        let mut canaries = Vec::new();
        for address in PRIVATE {
            canaries.push(Canary::start(address).await);
        }

        let (_, found) = read(&check(&["--dns-only"]).await);
        for host in ["inside.shop.example", "metadata.shop.example"] {
            assert!(has(&found, "mx-target-private", host), "{found:?}");
        }
        assert!(!resolver.questions().is_empty());
        assert_eq!((mx.reached().connections, names.questions().len()), (0, 0), "with --dns-only");
        assert!(canaries.iter().all(|canary| canary.reached().is_empty()), "with --dns-only");

        let output = check(&[]).await;
        let (_, found) = read(&output);
        for host in ["inside.shop.example", "metadata.shop.example"] {
            assert!(has(&found, "mx-target-private", host), "{found:?}");
        }
        assert!(has(&found, "ns-target-private", "ns2.shop.example"), "{found:?}");
        assert!(has(&found, "starttls-untrusted", "mx.shop.example"), "{found:?}");
        assert_eq!(output.status.code(), Some(1), "{found:?}");
        let said = mx.reached().said;
        assert!(said.first().is_some_and(|line| line.starts_with("EHLO ")), "{said:?}");
        assert_eq!(said[1..], ["STARTTLS", "QUIT"]);
        assert!(names.count("shop.example", "SOA") > 0, "{:?}", names.questions());
        for (address, canary) in PRIVATE.iter().zip(&canaries) {
            assert_eq!(canary.reached(), Vec::<u16>::new(), "{address}");
        }
        // The canaries do hear what comes.
        let _connected = TcpStream::connect(at(PRIVATE[0], 465)).await.unwrap();
        let own = UdpSocket::bind(at("127.0.0.1", 0)).await.unwrap();
        own.send_to(b"x", at(PRIVATE[0], 53)).await.unwrap();
        while canaries[0].reached().len() < 2 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn hostile_hosts_do_not_keep_the_program_beyond_its_time() {
    let name = "hosts::process::hostile_hosts_do_not_keep_the_program_beyond_its_time";
    namespace::run(name, &[NS, MX], async || {
        let mut zones = Zones::default();
        zones
            .add("shop.example", "MX", "10 mx.shop.example.")
            .add("shop.example", "NS", "ns1.shop.example.")
            .add("ns1.shop.example", "A", NS)
            .add("mx.shop.example", "A", MX)
            .add("mta-sts.shop.example", "A", MX)
            .add("_mta-sts.shop.example", "TXT", "v=STSv1; id=1");
        let _resolver = NameServer::start_at(RESOLVER.parse().unwrap(), zones).await;
        let mut silent = Zones::default();
        silent.fault("*", Fault::Silent);
        let names = NameServer::start_at(at(NS, 53), silent).await;
        let mut stands = Vec::new();
        for (port, manner) in [
            (25, Manner::Drip),
            (443, Manner::Silent),
            (465, Manner::Silent),
            (587, Manner::EndlessGreeting),
            (993, Manner::GiantLine),
        ] {
            stands.push(Stand::start(at(MX, port), Mail::that(manner)).await);
        }
        let output = check(&["--timeout", "1s"]).await;
        let (document, found) = read(&output);
        let elapsed = document["cost"]["elapsed_ms"].as_u64().unwrap();
        // Far below the six seconds that a look has unless it is told otherwise, also on a busy machine.
        assert!(elapsed < 5000, "{elapsed} ms");
        assert!(has(&found, "starttls-port-25-unknown", "shop.example"), "{found:?}");
        assert!(names.count("shop.example", "SOA") > 0);
        assert!(stands.iter().all(|stand| stand.reached().connections > 0));
    });
}
