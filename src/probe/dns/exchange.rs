//! One question to one server and its reply: over UDP, and over TCP where a datagram does not do (RFC 7766).
//!
//! What is no reply to the question is passed over; only the time limit ends the wait. The sockets are `way`'s.

use std::io;
use std::pin::pin;
use std::time::Duration;

use hickory_resolver::proto::op::Message;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};

use super::question::{Heard, Question, UDP_PAYLOAD};
use super::way::{Datagrams, Way};
use crate::facts::{Cause, Unreached};

/// Why there is no reply.
enum Failed {
    /// Nothing was sent, for reasons on our side.
    NotAsked,
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

impl From<Unreached> for Failed {
    fn from(why: Unreached) -> Self {
        match why {
            Unreached::Denied | Unreached::NotAsked | Unreached::NoWay => Self::NotAsked,
            Unreached::Refused | Unreached::Silent | Unreached::Broken => Self::Io,
        }
    }
}

/// The reply of the server at the end of `way`, which has `patience` to give it; it is asked once more at half of that.
pub(super) async fn exchange(way: Way<'_>, question: &Question, patience: Duration) -> Result<Message, Cause> {
    let mut garbled = false;
    let reply = match way.datagrams().await {
        // Waiting for a socket is not the server's to answer for.
        Ok(socket) => timeout(patience, converse(way, socket, question, patience / 2, &mut garbled)).await,
        Err(why) => Ok(Err(why.into())),
    };
    reply.unwrap_or(Err(Failed::Io)).map_err(|failed| match failed {
        Failed::NotAsked => Cause::NotAsked,
        Failed::Unreadable => Cause::Malformed,
        Failed::Io if garbled => Cause::Malformed,
        Failed::Io => Cause::Silent,
    })
}

async fn converse(
    way: Way<'_>,
    socket: Datagrams,
    question: &Question,
    again: Duration,
    garbled: &mut bool,
) -> Result<Message, Failed> {
    match over_udp(socket, question, again, garbled).await? {
        Some(reply) => Ok(reply),
        None => over_tcp(way.connect().await?, question).await,
    }
}

/// The reply; `None` where it has to be fetched over TCP: it was cut short, or it does not spell the name as the question
/// did, so that anybody may have made it up. The socket is closed by then: whoever waited for a second place while it keeps
/// one could wait for itself.
async fn over_udp(
    socket: Datagrams,
    question: &Question,
    again: Duration,
    garbled: &mut bool,
) -> Result<Option<Message>, Failed> {
    socket.send(question.bytes()).await?;
    let mut again = pin!(sleep(again));
    let mut asked_again = false;
    let mut datagram = Vec::with_capacity(UDP_PAYLOAD.into());
    loop {
        datagram.clear();
        tokio::select! {
            biased;
            received = socket.receive(&mut datagram) => received?,
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

async fn over_tcp(mut stream: impl AsyncRead + AsyncWrite + Unpin, question: &Question) -> Result<Message, Failed> {
    let length = u16::try_from(question.bytes().len()).map_err(|_| Failed::Unreadable)?;
    stream.write_all(&[&length.to_be_bytes(), question.bytes()].concat()).await?;
    let mut reply = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut reply).await?;
    match question.judge(&reply) {
        Heard::Reply(reply) if !reply.metadata.truncation => Ok(reply),
        _ => Err(Failed::Unreadable),
    }
}
