//! The way to a server: straight to a resolver, which the operator names; through the guard to a name server of a domain,
//! whose address is hostile, for whoever owns the domain says where it is.
//!
//! The one place outside [`egress`](crate::probe::egress) that opens sockets, and only those to resolvers. What goes over
//! them is `exchange`'s.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpStream, UdpSocket};
use tokio_util::either::Either;

use crate::facts::Unreached;
use crate::probe::egress::{self, Connection, Egress, Port};

/// The way to one server.
#[derive(Clone, Copy)]
pub(super) enum Way<'a> {
    /// To a resolver.
    Straight(SocketAddr),
    /// To the name server at this address, if the guard lets it be reached.
    Guarded(&'a Egress, IpAddr),
}

/// A UDP socket to one server; it hears nobody else, and is told when nobody listens there.
pub(super) enum Datagrams {
    Straight(UdpSocket),
    Guarded(egress::Datagrams),
}

impl Way<'_> {
    /// Opens a UDP socket; each time a new one, so that the system picks a fresh port (RFC 5452 section 9.2).
    pub(super) async fn datagrams(self) -> Result<Datagrams, Unreached> {
        match self {
            Self::Straight(server) => udp_to(server).await.map(Datagrams::Straight).map_err(|_| Unreached::Broken),
            Self::Guarded(guard, address) => guard.ask_name_server(address).await.map(Datagrams::Guarded),
        }
    }

    /// Connects over TCP.
    pub(super) async fn connect(self) -> Result<Either<TcpStream, Connection>, Unreached> {
        match self {
            Self::Straight(server) => TcpStream::connect(server).await.map(Either::Left).map_err(|_| Unreached::Broken),
            Self::Guarded(guard, address) => guard.connect(address, Port::Dns).await.map(Either::Right),
        }
    }
}

async fn udp_to(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    Ok(socket)
}

impl Datagrams {
    /// Sends one datagram.
    pub(super) async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Straight(socket) => socket.send(bytes).await,
            Self::Guarded(socket) => socket.send(bytes).await,
        }
    }

    /// Receives one datagram into what is free of the buffer's capacity; what does not fit is cut off.
    pub(super) async fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Straight(socket) => socket.recv_buf(buffer).await,
            Self::Guarded(socket) => socket.receive(buffer).await,
        }
    }
}
