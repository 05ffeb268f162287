//! The guard as it is in production, in a network of its own: with public and private addresses at hand and the real
//! ports, the public ones are reached and nothing ever arrives at the others.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mailmedic::config::Probe;
use mailmedic::facts::{Call, Fetch, NoPage, Tls, Unreached};
use mailmedic::probe::https::Https;
use mailmedic::probe::smtp::Smtp;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::*;

const PUBLIC: [&str; 2] = ["9.9.9.53", "2620:fe::53"];

/// Canaries: each of a different block; those that only stand for IPv4 addresses have no socket of their own.
const PRIVATE: [&str; 7] = ["127.0.0.1", "10.6.6.6", "169.254.169.254", "192.168.6.6", "100.64.6.6", "::1", "fd00::6"];
const EMBEDDED: [&str; 4] = ["::ffff:10.6.6.6", "::10.6.6.6", "64:ff9b::10.6.6.6", "2002:a06:606::1"];

#[test]
fn only_public_addresses_are_reached_with_the_real_ports_in_a_network_of_its_own() {
    let name = "hosts::guard::only_public_addresses_are_reached_with_the_real_ports_in_a_network_of_its_own";
    namespace::run(name, &[&PUBLIC[..], &PRIVATE].concat(), inside);
}

/// All that listens at one address.
struct Canary {
    address: IpAddr,
    mail: Stand,
    web: Stand,
    names: UdpSocket,
}

impl Canary {
    async fn start(address: &str) -> Self {
        let address: IpAddr = address.parse().unwrap();
        let response = Response::page("200 OK", &[], "hello");
        Self {
            address,
            mail: Stand::start((address, 25).into(), Mail::sound(Identity::Sound("host.example"))).await,
            web: Stand::start((address, 443).into(), Web { identity: Identity::Sound("host.example"), response }).await,
            names: UdpSocket::bind((address, 53)).await.unwrap(),
        }
    }

    /// How many connections came to the mail server and to the web server, and whether a datagram came.
    fn reached(&self) -> (usize, usize, bool) {
        let datagram = match self.names.try_recv(&mut [0; 100]) {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => panic!("{error}"),
        };
        (self.mail.reached().connections, self.web.reached().connections, datagram)
    }
}

/// Everything that the product can do to an address: whether TLS came up for mail, the page's status, whether a datagram
/// was sent.
type Seen = (Result<bool, Unreached>, Result<u16, NoPage>, Result<(), Unreached>);

async fn try_all(egress: &Arc<Egress>, address: IpAddr) -> Seen {
    let host = || "host.example".parse().unwrap();
    let smtp = Smtp::new(Arc::clone(egress), trusting(), "checks.example".parse().unwrap());
    let session = smtp.look(&Call { host: host(), address, service: Service::Smtp }).await;
    let page = Https::new(Arc::clone(egress), trusting()).fetch(&Fetch { host: host(), address, path: "/x" }).await;
    let sent = match egress.ask_name_server(address).await {
        Ok(socket) => socket.send(b"question").await.map(drop).map_err(|_| Unreached::NoWay),
        Err(unreached) => Err(unreached),
    };
    (session.map(|session| matches!(session.tls, Tls::Up(_))), page.map(|page| page.status), sent)
}

/// What is seen of an address that nobody may connect to.
const fn nothing(why: Unreached) -> Seen {
    (Err(why), Err(NoPage::Unreached(why)), Err(why))
}

async fn inside() {
    let production = Arc::new(Egress::new(&Probe::default()));
    for address in PUBLIC {
        let canary = Canary::start(address).await;
        let seen = try_all(&production, canary.address).await;
        assert_eq!(seen, (Ok(true), Ok(200), Ok(())), "{address}");
        timeout(Duration::from_secs(5), canary.names.readable()).await.unwrap().unwrap();
        assert_eq!(canary.reached(), (1, 1, true), "{address}");
    }
    let mut canaries = Vec::new();
    for address in PRIVATE {
        canaries.push(Canary::start(address).await);
    }
    for address in PRIVATE.iter().chain(&EMBEDDED) {
        let seen = try_all(&production, address.parse().unwrap()).await;
        assert_eq!(seen, nothing(Unreached::Denied), "{address}");
    }
    let off = Arc::new(Egress::new(&Probe { connect: false, ..Probe::default() }));
    assert_eq!(try_all(&off, PUBLIC[0].parse().unwrap()).await, nothing(Unreached::NotAsked));
    for canary in &canaries {
        assert_eq!(canary.reached(), (0, 0, false), "{}", canary.address);
    }
    // The canaries do hear what comes: an operator who allows one range reaches that, and nothing else.
    let allow = vec!["10.6.6.0/24".parse().unwrap()];
    let allowing = Arc::new(Egress::new(&Probe { allow, ..Probe::default() }));
    for canary in &canaries {
        let (session, ..) = try_all(&allowing, canary.address).await;
        let is_allowed = canary.address.to_string() == "10.6.6.6";
        assert_eq!(session.is_ok(), is_allowed, "{}: {session:?}", canary.address);
        if is_allowed {
            timeout(Duration::from_secs(5), canary.names.readable()).await.unwrap().unwrap();
        }
        assert_eq!(canary.reached(), if is_allowed { (1, 1, true) } else { (0, 0, false) }, "{}", canary.address);
    }
}
