//! One look at a mail service: the greeting, what it offers, its TLS; then goodbye. No mail, no login, no mailbox is
//! named.
//!
//! Refuses to judge: what was seen is a [`Session`], whatever happened. A server may lie, drip, flood or stay silent;
//! all of it ends within one time limit for the whole look, not one a byte, and with bounded memory. The sockets are
//! [`Egress`]'s, the reading of lines is `lines`'s, the certificates are `tls`'s.

mod lines;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use self::lines::Lines;
use super::egress::Egress;
use super::tls::{Client, Host, no_tls, tls_error};
use crate::domain::Name;
use crate::service::{End, Flood, NoTls, Service, Session, Stage, StartTls};

/// How long a whole look may take. A person waits six seconds for the report; half a second of that is for the
/// questions that name the server. RFC 5321 (section 4.5.3.2) gives a server minutes, which nobody who asks will wait.
const LOOK_TIME: Duration = Duration::from_millis(5500);

/// How long to wait for the answer to our goodbye, so that the server's log shows no broken session; all is seen by
/// then.
const GOODBYE_TIME: Duration = Duration::from_millis(300);

/// Looks at mail services.
#[derive(Debug, Clone)]
pub struct Smtp {
    egress: Arc<Egress>,
    tls: Client,
    helo: Name,
    time: Duration,
}

impl Smtp {
    /// Gets ready; `helo` is our name, as EHLO says it.
    pub const fn new(egress: Arc<Egress>, tls: Client, helo: Name) -> Self {
        Self { egress, tls, helo, time: LOOK_TIME }
    }

    /// The same, with so much time for a whole look.
    #[must_use]
    pub const fn within(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Looks at the service of this host at this address. The host's name is for TLS alone; the address is connected to
    /// as it is.
    pub async fn look(&self, host: &Name, address: IpAddr, service: Service) -> Session {
        let mut seen = Session {
            greeting: Vec::new(),
            capabilities: Vec::new(),
            starttls: StartTls::NotAsked,
            tls: None,
            stage: Stage::Connect,
            end: End::TimedOut,
        };
        if let Ok(end) = timeout(self.time, self.converse(host, address, service, &mut seen)).await {
            seen.end = end.err().unwrap_or(End::Complete);
        }
        seen
    }

    async fn converse(&self, host: &Name, address: IpAddr, service: Service, seen: &mut Session) -> Result<(), End> {
        let host = Host::of(host).ok_or(End::BadName)?;
        let stream = self.egress.connect(address, service).await.map_err(End::Unreached)?;
        if matches!(service, Service::Smtp | Service::Submission) {
            let mut lines = Lines::new(stream);
            let asked = self.ask_for_tls(&mut lines, seen).await;
            if !matches!(asked, Ok(Asked::GoAhead)) {
                return finish(asked.map(drop), &mut lines, "QUIT", seen).await;
            }
            let stream = lines.into_inner().ok_or(End::Injected)?;
            let stream = self.shake_hands(&host, stream, seen).await?;
            finish(Ok(()), &mut Lines::new(stream), "QUIT", seen).await
        } else {
            let stream = self.shake_hands(&host, stream, seen).await?;
            let mut lines = Lines::new(stream);
            seen.stage = Stage::Greeting;
            if service == Service::Imaps {
                let greeted = greet_imap(&mut lines, seen).await;
                finish(greeted, &mut lines, "a LOGOUT", seen).await
            } else {
                let greeted = greet(&mut lines, seen).await;
                finish(greeted, &mut lines, "QUIT", seen).await
            }
        }
    }

    /// Greeting, EHLO and STARTTLS.
    async fn ask_for_tls<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        lines: &mut Lines<S>,
        seen: &mut Session,
    ) -> Result<Asked, End> {
        seen.stage = Stage::Greeting;
        greet(lines, seen).await?;
        seen.stage = Stage::Hello;
        lines.send(&format!("EHLO {}", self.helo)).await?;
        let hello = positive(lines.reply().await?)?;
        seen.capabilities = hello.iter().skip(1).filter_map(|line| line.get(4..)).map(str::to_owned).collect();
        if !seen.capabilities.iter().any(|offered| offered.trim().eq_ignore_ascii_case("STARTTLS")) {
            seen.starttls = StartTls::NotOffered;
            return Ok(Asked::NoTls);
        }
        seen.stage = Stage::StartTls;
        lines.send("STARTTLS").await?;
        match positive(lines.reply().await?) {
            Ok(_) => {
                seen.starttls = StartTls::Accepted;
                Ok(Asked::GoAhead)
            }
            Err(End::Rejected(reply)) => {
                seen.starttls = StartTls::Refused(reply);
                Ok(Asked::NoTls)
            }
            Err(end) => Err(end),
        }
    }

    async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &Host,
        stream: S,
        seen: &mut Session,
    ) -> Result<tokio_rustls::client::TlsStream<S>, End> {
        seen.stage = Stage::Handshake;
        let (stream, tls) = self.tls.handshake(host, stream).await.map_err(End::Handshake)?;
        seen.tls = Some(tls);
        Ok(stream)
    }
}

/// What came of asking for TLS.
enum Asked {
    GoAhead,
    NoTls,
}

/// Says goodbye where the server still listens; what was seen stays as it is.
async fn finish<S: AsyncRead + AsyncWrite + Unpin>(
    result: Result<(), End>,
    lines: &mut Lines<S>,
    goodbye: &str,
    seen: &mut Session,
) -> Result<(), End> {
    // Set before the goodbye, which the end of the time may cut short.
    match &result {
        Ok(()) => (seen.stage, seen.end) = (Stage::Done, End::Complete),
        Err(End::Rejected(reply)) => seen.end = End::Rejected(reply.clone()),
        Err(_) => return result,
    }
    let _answered = timeout(GOODBYE_TIME, async {
        lines.send(goodbye).await?;
        lines.line().await
    })
    .await;
    result
}

async fn greet<S: AsyncRead + AsyncWrite + Unpin>(lines: &mut Lines<S>, seen: &mut Session) -> Result<(), End> {
    seen.greeting = lines.reply().await?;
    positive(seen.greeting.clone()).map(drop)
}

/// RFC 9051 section 7.1: `* OK`, `* PREAUTH` or `* BYE`.
async fn greet_imap<S: AsyncRead + AsyncWrite + Unpin>(lines: &mut Lines<S>, seen: &mut Session) -> Result<(), End> {
    let line = lines.line().await?;
    let upper = line.to_ascii_uppercase();
    seen.greeting = vec![line.clone()];
    if upper.starts_with("* OK") || upper.starts_with("* PREAUTH") {
        Ok(())
    } else if upper.starts_with("* BYE") {
        Err(End::Rejected(vec![line]))
    } else {
        Err(End::Malformed(line))
    }
}

/// The reply, if its code says that all is well (RFC 5321 section 4.2.1: the first digit).
fn positive(reply: Vec<String>) -> Result<Vec<String>, End> {
    if reply.last().is_some_and(|line| line.starts_with('2')) { Ok(reply) } else { Err(End::Rejected(reply)) }
}

/// What an error of the stream means.
fn broken(error: &io::Error) -> End {
    if tls_error(error).is_some() {
        return End::Handshake(no_tls(error));
    }
    match no_tls(error) {
        NoTls::Closed => End::Closed,
        NoTls::TooMuch => End::Flooded(Flood::Bytes),
        _ => End::Reset,
    }
}
