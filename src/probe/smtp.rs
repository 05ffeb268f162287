//! One look at a mail service: the greeting, what it offers, its TLS; then goodbye. No mail, no login, no mailbox is
//! named.
//!
//! Refuses to judge: what came of a [`Call`] is told, whatever happened. A server may lie, drip, flood or stay silent;
//! all of it ends within one time limit for the whole look, not one a byte, and with bounded memory. The sockets are
//! [`Egress`]'s, the reading of lines is `lines`'s, the certificates are `tls`'s.

mod lines;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use self::lines::{Lines, Unheard};
use super::egress::{Connection, Egress, Port};
use super::tls::{Client, Host, NoTls};
use crate::domain::Name;
use crate::facts::{Call, Called, Service, Session, Tls, Unreached};

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

    /// Calls. The host's name is for TLS alone, and one that no certificate could be for is not called; the address is
    /// connected to as it is.
    pub async fn look(&self, call: &Call) -> Called {
        // What is told if the time is over before anything is seen.
        let mut seen = Err(Unreached::Silent);
        match timeout(self.time, self.converse(call, &mut seen)).await {
            Ok(Err(why)) => Err(why),
            // What was seen stays, whatever became of the goodbye.
            Ok(Ok(())) | Err(_) => seen,
        }
    }

    async fn converse(&self, call: &Call, seen: &mut Called) -> Result<(), Unreached> {
        let host = Host::of(&call.host).ok_or(Unreached::NotAsked)?;
        let stream = self.egress.connect(call.address, Port::Mail(call.service)).await?;
        match call.service {
            Service::Smtp | Service::Submission => self.starttls(&host, stream, seen).await,
            Service::Submissions | Service::Imaps => {
                self.implicit_tls(&host, stream, call.service, seen).await;
                Ok(())
            }
        }
    }

    /// In the clear until STARTTLS (RFC 3207); nobody greets a second time.
    async fn starttls(&self, host: &Host, stream: Connection, seen: &mut Called) -> Result<(), Unreached> {
        let mut session = Session { greeting: String::new(), capabilities: Vec::new(), tls: Tls::NotOffered };
        let mut lines = Lines::new(stream);
        match self.ask_for_tls(&mut lines, &mut session).await {
            Ok(()) => {}
            Err(Stop::Unreached(why)) => return Err(why),
            Err(Stop::NoTls(tls)) => {
                *seen = Ok(Session { tls, ..session });
                part(&mut lines, "QUIT").await;
                return Ok(());
            }
            Err(Stop::Stranger(line)) => {
                *seen = Ok(Session { tls: Tls::TurnedAway(line), ..session });
                return Ok(());
            }
        }
        let Some(stream) = lines.into_inner() else {
            *seen = Ok(Session { tls: Tls::Injected, ..session });
            return Ok(());
        };
        let (tls, stream) = self.shake_hands(host, stream).await;
        *seen = Ok(Session { tls, ..session });
        if let Some(stream) = stream {
            part(&mut Lines::new(stream), "QUIT").await;
        }
        Ok(())
    }

    /// TLS from the first byte (RFC 8314), then the greeting, which changes nothing of what was seen.
    async fn implicit_tls(&self, host: &Host, stream: Connection, service: Service, seen: &mut Called) {
        let (tls, stream) = self.shake_hands(host, stream).await;
        let session = Session { greeting: String::new(), capabilities: Vec::new(), tls };
        *seen = Ok(session.clone());
        let Some(stream) = stream else { return };
        let mut lines = Lines::new(stream);
        let (greeting, goodbye) = match service {
            // RFC 9051 section 7.1: one line.
            Service::Imaps => (lines.line().await, "a LOGOUT"),
            _ => (lines.reply().await.map(|reply| reply.join("\n")), "QUIT"),
        };
        if let Ok(greeting) = greeting {
            *seen = Ok(Session { greeting, ..session });
            part(&mut lines, goodbye).await;
        }
    }

    /// Greeting, EHLO and STARTTLS, until the server says to go ahead.
    async fn ask_for_tls<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        lines: &mut Lines<S>,
        session: &mut Session,
    ) -> Result<(), Stop> {
        let greeting = lines.reply().await?;
        session.greeting = greeting.join("\n");
        positive(&greeting).map_err(Tls::TurnedAway)?;
        lines.send(&format!("EHLO {}", self.helo)).await?;
        let hello = lines.reply().await?;
        positive(&hello).map_err(Tls::TurnedAway)?;
        session.capabilities = hello.iter().skip(1).filter_map(|line| line.get(4..)).map(str::to_owned).collect();
        if !session.capabilities.iter().any(|offered| offered.trim().eq_ignore_ascii_case("STARTTLS")) {
            return Err(Stop::NoTls(Tls::NotOffered));
        }
        lines.send("STARTTLS").await?;
        positive(&lines.reply().await?).map_err(Tls::Refused)?;
        Ok(())
    }

    /// How far TLS came, and the stream inside it where it is up.
    async fn shake_hands(&self, host: &Host, stream: Connection) -> (Tls, Option<TlsStream<Connection>>) {
        match self.tls.handshake(host, stream).await {
            Ok((stream, secured)) => (Tls::Up(secured), Some(stream)),
            Err(NoTls::TooOld) => (Tls::TooOld, None),
            Err(NoTls::Failed(why)) => (Tls::Failed(why), None),
        }
    }
}

/// Why a conversation ends before TLS.
enum Stop {
    /// The server will have none, and says so politely.
    NoTls(Tls),
    /// The server speaks something else, so that it would not understand our goodbye: its line.
    Stranger(String),
    /// Nothing was heard that tells anything.
    Unreached(Unreached),
}

impl From<Tls> for Stop {
    fn from(tls: Tls) -> Self {
        Self::NoTls(tls)
    }
}

impl From<Unheard> for Stop {
    fn from(unheard: Unheard) -> Self {
        match unheard {
            Unheard::Malformed(line) => Self::Stranger(line),
            Unheard::Broken | Unheard::Flooded(_) => Self::Unreached(Unreached::Broken),
        }
    }
}

/// Says goodbye, and hears at most one line of the answer.
async fn part<S: AsyncRead + AsyncWrite + Unpin>(lines: &mut Lines<S>, goodbye: &str) {
    let _answered = timeout(GOODBYE_TIME, async {
        lines.send(goodbye).await?;
        lines.line().await
    })
    .await;
}

/// Whether a reply's code says that all is well (RFC 5321 section 4.2.1: the first digit); the reply if not.
fn positive(reply: &[String]) -> Result<(), String> {
    if reply.last().is_some_and(|line| line.starts_with('2')) { Ok(()) } else { Err(reply.join("\n")) }
}
