//! The one guard that opens every socket to a host that a user's domain led to: exactly the address that was judged,
//! public or allowed by the operator, at one of a fixed list of ports.
//!
//! Refuses names: whoever calls has resolved them, and nothing is resolved twice, so that no second answer slips past
//! the judgement. Whether an address is public is [`address`](crate::address)'s to say; the resolvers that the operator
//! names are asked by `probe::dns`, which needs no guard for those.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::address::{Reach, reach};
use crate::config;
use crate::facts::{Service, Unreached};

/// How many connections may be open at once, over all looks: sixteen looks, as a run over many domains does at once, of
/// sixteen hosts each, name servers among them.
const CONNECTIONS: usize = 256;

/// How many of them to one address, so that nobody can have us lean on it.
const CONNECTIONS_TO_ONE: usize = 4;

/// How long to wait for one of these places; looks are short, so that one is free soon or there are far too many.
const PLACE_TIME: Duration = Duration::from_secs(1);

/// How long TCP's handshake may take: the first packet, and two more if it is lost (RFC 6298: after 1 s, then 2 s).
const CONNECT_TIME: Duration = Duration::from_secs(3);

/// How many bytes one connection may bring: a certificate chain, 64 KiB of text, and what they are wrapped in.
const MOST_BYTES: usize = 256 * 1024;

/// The guard; one for the whole process, so that its limits hold.
#[derive(Debug)]
pub struct Egress {
    connect: bool,
    allow: Vec<IpNet>,
    ports: Ports,
    all: Arc<Semaphore>,
    to_one: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

/// The ports that are ever connected to; there is no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Port {
    /// That of name servers.
    Dns,
    /// That of web servers, which have the policies (RFC 8461).
    Https,
    /// One of a mail host's.
    Mail(Service),
}

impl Port {
    /// The number that IANA assigned.
    const fn number(self) -> u16 {
        match self {
            Self::Dns => 53,
            Self::Https => 443,
            Self::Mail(service) => service.port(),
        }
    }
}

/// Which numbers the ports have; those of IANA, unless a lab that may not bind them says otherwise. No configuration
/// reaches this.
#[derive(Debug, Clone, Default)]
pub struct Ports(HashMap<Port, u16>);

impl Ports {
    /// The same, with this port elsewhere.
    #[must_use]
    pub fn with(mut self, port: Port, number: u16) -> Self {
        self.0.insert(port, number);
        self
    }

    fn number(&self, port: Port) -> u16 {
        self.0.get(&port).copied().unwrap_or(port.number())
    }
}

impl Egress {
    /// A guard that lets through what the operator says.
    pub fn new(probe: &config::Probe) -> Self {
        Self {
            connect: probe.connect,
            allow: probe.allow.clone(),
            ports: Ports::default(),
            all: Arc::new(Semaphore::new(CONNECTIONS)),
            to_one: Mutex::default(),
        }
    }

    /// The same, with other numbers for the ports.
    #[must_use]
    pub fn with_ports(mut self, ports: Ports) -> Self {
        self.ports = ports;
        self
    }

    /// Whether this address may be reached: [`Unreached::NotAsked`] where the operator wants nobody connected to
    /// (`connect = false`, `--dns-only`), [`Unreached::Denied`] where it is not public.
    pub fn judge(&self, address: IpAddr) -> Result<(), Unreached> {
        if !self.connect {
            return Err(Unreached::NotAsked);
        }
        match reach(address) {
            Reach::Public => Ok(()),
            _ if self.allow.iter().any(|net| net.contains(&address)) => Ok(()),
            Reach::Documentation(_) | Reach::Special(_) => Err(Unreached::Denied),
        }
    }

    /// Connects over TCP to a port at exactly this address, within four seconds.
    pub async fn connect(&self, address: IpAddr, port: Port) -> Result<Connection, Unreached> {
        let (target, places) = self.enter(address, port).await?;
        match timeout(CONNECT_TIME, TcpStream::connect(target)).await {
            Ok(Ok(stream)) => Ok(Connection { stream, left: MOST_BYTES, _places: places }),
            Ok(Err(error)) => Err(unreached(&error)),
            Err(_late) => Err(Unreached::Silent),
        }
    }

    /// Opens a UDP socket to the name server at exactly this address; it hears nobody else.
    pub async fn ask_name_server(&self, address: IpAddr) -> Result<Datagrams, Unreached> {
        let (target, places) = self.enter(address, Port::Dns).await?;
        let any: IpAddr = if target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).await.map_err(|error| unreached(&error))?;
        socket.connect(target).await.map_err(|error| unreached(&error))?;
        Ok(Datagrams { socket, _places: places })
    }

    /// Judges, then waits for a place; [`Unreached::NotAsked`] where there is none in time.
    async fn enter(&self, address: IpAddr, port: Port) -> Result<(SocketAddr, Places), Unreached> {
        self.judge(address)?;
        let one = {
            let mut to_one = self.to_one.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever holds a place, or waits for one, holds the semaphore too.
            to_one.retain(|_, places| Arc::strong_count(places) > 1);
            Arc::clone(to_one.entry(address).or_insert_with(|| Arc::new(Semaphore::new(CONNECTIONS_TO_ONE))))
        };
        let places = async {
            // First the scarce place, so that who waits for one host keeps no place from the others.
            let one = one.acquire_owned().await?;
            Ok::<_, tokio::sync::AcquireError>(Places { _one: one, _all: Arc::clone(&self.all).acquire_owned().await? })
        };
        match timeout(PLACE_TIME, places).await {
            Ok(Ok(places)) => Ok((SocketAddr::new(address, self.ports.number(port)), places)),
            _ => Err(Unreached::NotAsked),
        }
    }
}

fn unreached(error: &io::Error) -> Unreached {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Unreached::Refused,
        io::ErrorKind::TimedOut => Unreached::Silent,
        // A host may be "unreachable" for a firewall's reasons, and the rest is ours, such as too many open files; of
        // itself it has said nothing.
        _ => Unreached::NoWay,
    }
}

/// The places that a connection takes until it is dropped.
#[derive(Debug)]
struct Places {
    _one: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

/// A connection that the guard opened; reading fails with [`io::ErrorKind::QuotaExceeded`] past 256 KiB.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    left: usize,
    _places: Places,
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.left = self.left.saturating_sub(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A UDP socket that the guard opened, to one name server.
#[derive(Debug)]
pub struct Datagrams {
    socket: UdpSocket,
    _places: Places,
}

impl Datagrams {
    /// Sends one datagram.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.send(bytes).await
    }

    /// Receives one datagram into what is free of the buffer's capacity; what does not fit is cut off.
    pub async fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        self.socket.recv_buf(buffer).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMTP: Port = Port::Mail(Service::Smtp);

    fn guard(connect: bool, allow: &[&str]) -> Egress {
        let allow = allow.iter().map(|net| net.parse().unwrap()).collect();
        Egress::new(&config::Probe { connect, allow, ..config::Probe::default() })
    }

    #[test]
    fn public_and_allowed_addresses_alone_may_be_reached() {
        for (allow, address, expected) in [
            (&[][..], "9.9.9.9", true),
            (&[], "2620:fe::9", true),
            (&[], "10.0.0.5", false),
            (&[], "::ffff:10.0.0.5", false),
            (&[], "192.0.2.1", false),
            (&["10.0.0.0/8"], "10.0.0.5", true),
            (&["10.0.0.0/8"], "::ffff:10.0.0.5", false),
            (&["10.0.0.0/8"], "127.0.0.1", false),
            (&["fd00::/8"], "fd00::1", true),
        ] {
            assert_eq!(guard(true, allow).judge(address.parse().unwrap()).is_ok(), expected, "{address} {allow:?}");
        }
    }

    #[test]
    fn with_connections_off_nothing_is_reached() {
        for address in ["9.9.9.9", "127.0.0.1"] {
            assert_eq!(guard(false, &["127.0.0.0/8"]).judge(address.parse().unwrap()), Err(Unreached::NotAsked));
        }
    }

    #[tokio::test]
    async fn what_is_denied_is_a_value() {
        let told = guard(true, &[]).connect([169, 254, 169, 254].into(), Port::Https).await.unwrap_err();
        assert_eq!(told, Unreached::Denied);
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_gets_four_connections_at_once_and_others_still_theirs() {
        let guard = guard(true, &["127.0.0.0/8"]);
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS_TO_ONE {
            held.push(guard.enter([127, 0, 0, 1].into(), SMTP).await.unwrap());
        }
        assert_eq!(guard.enter([127, 0, 0, 1].into(), SMTP).await.unwrap_err(), Unreached::NotAsked);
        guard.enter([127, 0, 0, 2].into(), SMTP).await.unwrap();
        held.pop();
        guard.enter([127, 0, 0, 1].into(), SMTP).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn all_together_get_so_many_and_nothing_is_kept_of_those_that_are_done() {
        let guard = guard(true, &["127.0.0.0/8"]);
        let mut held = Vec::new();
        for number in 0..CONNECTIONS {
            let [.., third, last] = u32::try_from(number).unwrap().to_be_bytes();
            held.push(guard.enter([127, 1, third, last].into(), SMTP).await.unwrap());
        }
        assert_eq!(guard.enter([127, 0, 1, 1].into(), SMTP).await.unwrap_err(), Unreached::NotAsked);
        held.clear();
        let _last = guard.enter([127, 0, 1, 1].into(), SMTP).await.unwrap();
        assert_eq!(guard.to_one.lock().unwrap().len(), 1);
    }
}
