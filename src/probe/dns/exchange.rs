//! One question to one server and its reply: over UDP, and over TCP where a datagram does not do (RFC 7766).
//!
//! Every question gets a socket of its own, so that the system picks a fresh port for each (RFC 5452 section 9.2). What is
//! no reply to the question is passed over; only the time limit ends the wait.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use hickory_resolver::proto::op::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{sleep, timeout};

use super::question::{Heard, Question, UDP_PAYLOAD};
use crate::facts::Cause;

/// Why there is no reply.
enum Failed {
    /// The system says that the server cannot be reached.
    Io,
    /// What came over a connection is no reply.
    Unreadable,
}

impl From<io::Error> for Failed {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

/// The reply of `server`, which has `patience` to give it; it is asked once more at half of that.
pub(super) async fn exchange(server: SocketAddr, question: &Question, patience: Duration) -> Result<Message, Cause> {
    let mut garbled = false;
    let reply = async {
        match over_udp(server, question, patience / 2, &mut garbled).await? {
            Some(reply) => Ok(reply),
            None => over_tcp(server, question).await,
        }
    };
    match timeout(patience, reply).await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(Failed::Unreadable)) => Err(Cause::Malformed),
        Ok(Err(Failed::Io)) | Err(_) => Err(if garbled { Cause::Malformed } else { Cause::Silent }),
    }
}

/// The reply; `None` where it has to be fetched over TCP: it was cut short, or it does not spell the name as the question
/// did, so that anybody may have made it up.
async fn over_udp(
    server: SocketAddr,
    question: &Question,
    again: Duration,
    garbled: &mut bool,
) -> Result<Option<Message>, Failed> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    // A connected socket hears nobody else, and is told when nobody listens there.
    socket.connect(server).await?;
    socket.send(question.bytes()).await?;
    let mut again = pin!(sleep(again));
    let mut asked_again = false;
    let mut datagram = Vec::with_capacity(UDP_PAYLOAD.into());
    loop {
        datagram.clear();
        tokio::select! {
            biased;
            received = socket.recv_buf(&mut datagram) => received?,
            () = &mut again, if !asked_again => {
                asked_again = true;
                socket.send(question.bytes()).await?;
                continue;
            }
        };
        match question.judge(&datagram) {
            Heard::Reply(reply) if reply.metadata.truncation || !question.is_spelt_alike(&reply) => return Ok(None),
            Heard::Reply(reply) => return Ok(Some(reply)),
            Heard::Garbled => *garbled = true,
            Heard::Foreign => {}
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &Question) -> Result<Message, Failed> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.bytes().len()).map_err(|_| Failed::Unreadable)?;
    stream.write_all(&[&length.to_be_bytes(), question.bytes()].concat()).await?;
    let mut reply = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut reply).await?;
    match question.judge(&reply) {
        Heard::Reply(reply) if !reply.metadata.truncation => Ok(reply),
        _ => Err(Failed::Unreadable),
    }
}
