//! The mail server's sockets: who is let in, how long anything may take, and TLS.
//!
//! Time runs from reply to reply: bytes that do not make a command or the end of a message buy none, so whoever drips
//! is out when the limit of the step is reached. Logs numbers, never who or what.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::registry::{LIFETIME, Registry};
use super::session::{Await, Session, Then};
use super::tls::{BadCertificate, acceptor, used};
use crate::config;
use crate::domain::Name;
use crate::inspect::connection::Tls;

/// What clients may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many sessions there may be at once; each holds a message of 2 MiB at most.
    pub sessions: usize,
    /// How many of them may be one client's; of IPv6, one network's (`/64`).
    pub of_client: usize,
    /// How long the banner waits for clients that talk before it, as those do that do not listen.
    pub pause: Duration,
    /// How long a command may take to come, and TLS to begin.
    pub command: Duration,
    /// How long a message may take.
    pub message: Duration,
    /// How long a session may last.
    pub session: Duration,
}

impl Default for Limits {
    /// Room for everybody who tests at the same time, and the time that a mail of 2 MiB takes over a slow line. Far less
    /// than RFC 5321 (section 4.5.3.2) grants: whoever is turned away tries again, and nothing is lost by it.
    fn default() -> Self {
        Self {
            sessions: 24,
            of_client: 4,
            pause: Duration::from_millis(250),
            command: Duration::from_secs(30),
            message: Duration::from_mins(2),
            session: Duration::from_mins(4),
        }
    }
}

/// How long an error of the system's, such as too many open files, is waited out.
const BREATH: Duration = Duration::from_millis(100);

/// How many bytes are read at once.
const CHUNK: usize = 16 * 1024;

/// How long sessions under way may go on at the end, so that whose mail was just taken may say goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long, and for how many bytes, a client is listened to that was hung up on: else what it still sends would cut the
/// connection before it has read why.
const PARTING: Duration = Duration::from_secs(1);
const LAST_BYTES: usize = 64 * 1024;

/// How long sessions are waited for at the end.
const LAST_SESSIONS: Duration = Duration::from_secs(3);

/// Why the mailbox cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be had.
    #[error(
        "cannot listen on `{0}`; another program may hold it, or `[mailbox] listen` names an address that is not this machine's"
    )]
    Listen(SocketAddr, #[source] io::Error),
    /// The certificate cannot be used.
    #[error("the certificate of `[mailbox]` cannot be used")]
    Certificate(#[source] BadCertificate),
}

/// A mailbox that listens; it ends when this is dropped.
pub struct Running {
    /// Where addresses are opened.
    pub registry: Arc<Registry>,
    /// Where it listens.
    pub address: SocketAddr,
    _stop: DropGuard,
}

/// Listens where the configuration says; nowhere if it does not.
pub async fn start(config: &config::Mailbox) -> Result<Option<Running>, StartError> {
    let (Some(listen), Some(domain)) = (config.listen, &config.domain) else { return Ok(None) };
    let tls = match (&config.certificate, &config.key) {
        (Some(certificate), Some(key)) => Some(acceptor(certificate, key).map_err(StartError::Certificate)?),
        _ => None,
    };
    let refused = |error| StartError::Listen(listen, error);
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let (registry, stop) = (Registry::new(domain.clone(), LIFETIME), CancellationToken::new());
    tracing::info!(listen = %address, tls = tls.is_some(), "the test mailbox is open");
    tokio::spawn(serve(listener, Arc::clone(&registry), tls, Limits::default(), stop.clone()));
    Ok(Some(Running { registry, address, _stop: stop.drop_guard() }))
}

/// Takes mail for the addresses that are open, until `stop`; without a certificate STARTTLS is not offered.
pub async fn serve(
    listener: TcpListener,
    registry: Arc<Registry>,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    stop: CancellationToken,
) {
    let hall = Arc::new(Hall { registry, tls, limits, stop, inside: Mutex::default() });
    let sessions = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = hall.stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "the test mailbox could not take a connection");
                sleep(BREATH).await;
                continue;
            }
        };
        let client = peer.ip().to_canonical();
        match Place::take(&hall, client) {
            Some(place) => {
                let hall = Arc::clone(&hall);
                sessions.spawn(async move {
                    // Whoever is gone needs no goodbye.
                    let _gone = hall.receive(stream, client).await;
                    drop(place);
                });
            }
            None => {
                // What does not fit into the socket's buffer is not worth waiting for.
                let _gone = stream.try_write(b"421 4.7.0 too many sessions; try again in a minute\r\n");
            }
        }
    }
    sessions.close();
    if timeout(LAST_SESSIONS, sessions.wait()).await.is_err() {
        tracing::warn!(left = sessions.len(), "sessions of the test mailbox did not end in time");
    }
}

/// What all sessions share.
struct Hall {
    registry: Arc<Registry>,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    stop: CancellationToken,
    /// How many sessions each client has.
    inside: Mutex<HashMap<IpAddr, usize>>,
}

/// A session's place among those that may be there at once.
struct Place {
    hall: Arc<Hall>,
    client: IpAddr,
}

impl Place {
    fn take(hall: &Arc<Hall>, client: IpAddr) -> Option<Self> {
        let client = network(client);
        let mut inside = hall.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = inside.values().sum();
        let own = inside.get(&client).copied().unwrap_or_default();
        (all < hall.limits.sessions && own < hall.limits.of_client).then(|| {
            inside.insert(client, own + 1);
            Self { hall: Arc::clone(hall), client }
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.hall.inside.lock().unwrap_or_else(PoisonError::into_inner);
        match inside.get_mut(&self.client) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(inside.remove(&self.client)),
        }
    }
}

/// Hangs up so that the last reply is read.
async fn part(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    let parted = timeout(PARTING, async {
        stream.shutdown().await?;
        let (mut rest, mut heard) = ([0; 4096], 0);
        while heard < LAST_BYTES {
            match stream.read(&mut rest).await? {
                0 => break,
                length => heard += length,
            }
        }
        Ok(())
    });
    parted.await.unwrap_or(Ok(()))
}

/// Who counts as one client: an IPv4 address, an IPv6 network.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

/// Why a session ended.
enum Ended {
    /// It is over.
    Over,
    /// TLS is wanted.
    StartTls,
}

impl Hall {
    /// One session, from the banner to the end.
    async fn receive(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin, client: IpAddr) -> io::Result<()> {
        let end = Instant::now() + self.limits.session;
        let tls = if self.tls.is_some() { Tls::NotUsed } else { Tls::NotOffered };
        let host: Name = self.registry.domain().clone();
        let mut session = Session::new(host, client, tls);
        let mut early = [0; 1];
        if let Ok(heard) = timeout(self.limits.pause, stream.read(&mut early)).await {
            if heard? > 0 {
                self.tell(&mut stream, &session.early()).await?;
            }
            return part(&mut stream).await;
        }
        let banner = session.banner();
        self.tell(&mut stream, &banner).await?;
        if matches!(self.talk(&mut stream, &mut session, end).await?, Ended::Over) {
            return part(&mut stream).await;
        }
        let Some(acceptor) = &self.tls else { return Ok(()) };
        let until = (Instant::now() + self.limits.command).min(end);
        let Ok(stream) = timeout_at(until, acceptor.accept(stream)).await else { return Ok(()) };
        let mut stream = stream?;
        session.secured(used(stream.get_ref().1));
        self.talk(&mut stream, &mut session, end).await?;
        part(&mut stream).await
    }

    /// Reads and replies, until the session ends or wants TLS.
    async fn talk(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        session: &mut Session,
        mut end: Instant,
    ) -> io::Result<Ended> {
        let mut chunk = vec![0; CHUNK];
        let mut until = self.until(session, end);
        let mut leaving = false;
        loop {
            let read = tokio::select! {
                biased;
                read = timeout_at(until, stream.read(&mut chunk)) => read,
                () = self.stop.cancelled(), if !leaving => {
                    leaving = true;
                    end = end.min(Instant::now() + FAREWELL);
                    until = until.min(end);
                    continue;
                }
            };
            let Ok(length) = read else {
                let goodbye = if leaving { session.leaving() } else { session.late() };
                self.tell(stream, &goodbye).await?;
                return Ok(Ended::Over);
            };
            let bytes = chunk.get(..length?).unwrap_or_default();
            if bytes.is_empty() {
                return Ok(Ended::Over);
            }
            let step = session.take(bytes, &*self.registry);
            if !step.reply.is_empty() {
                self.tell(stream, &step.reply).await?;
                until = self.until(session, end);
            }
            match step.then {
                Then::Read => {}
                Then::StartTls => return Ok(Ended::StartTls),
                Then::Close => return Ok(Ended::Over),
            }
        }
    }

    /// Until when what is waited for has to come.
    fn until(&self, session: &Session, end: Instant) -> Instant {
        let limit = match session.awaits() {
            Await::Command => self.limits.command,
            Await::Message => self.limits.message,
        };
        (Instant::now() + limit).min(end)
    }

    /// Sends a reply to a client that reads it.
    async fn tell(&self, stream: &mut (impl AsyncWrite + Unpin), reply: &str) -> io::Result<()> {
        let sent = async {
            stream.write_all(reply.as_bytes()).await?;
            stream.flush().await
        };
        timeout(self.limits.command, sent).await.map_err(|_late| io::ErrorKind::TimedOut)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let same = |one: &str, other: &str| network(one.parse().unwrap()) == network(other.parse().unwrap());
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
