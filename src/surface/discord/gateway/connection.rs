//! One connection, from HELLO to its end (Discord, "Gateway Connection Lifecycle").

use std::borrow::Cow;
use std::time::Duration;

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use serenity::model::gateway::GatewayIntents;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::pulse::{Due, Pulse};
use super::session::Session;

/// How long Discord may take for a step: to open the connection, to say HELLO, to take a payload.
pub(super) const STEP: Duration = Duration::from_secs(10);
/// How long Discord may take to say READY, or to send all that was missed and then RESUMED.
const GREETING: Duration = Duration::from_mins(1);
/// How long the end of a connection may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Closes the connection and the session.
const OVER: u16 = 1000;
/// Closes the connection; the session stays.
const BE_BACK: u16 = 4000;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Discord closed it.
    Closed(Option<u16>),
    /// It could not be made, or broke off.
    Broken,
    /// It is open, and nobody answers.
    Silent,
    /// Discord asks to connect anew (op 7).
    Asked,
    /// Discord declares the session invalid (op 9), yet it may be resumed.
    Interrupted,
    /// Discord declares the session over (op 9).
    Invalid,
    /// It is time to stop.
    Stopped,
}

/// Who connects.
pub(super) struct Identity {
    pub(super) token: String,
    pub(super) intents: GatewayIntents,
}

/// A payload, its data unread.
#[derive(Deserialize)]
struct Payload<'a> {
    op: u8,
    #[serde(default)]
    s: Option<u64>,
    #[serde(default, borrow)]
    t: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    d: Option<&'a RawValue>,
}

/// A connection at work.
pub(super) struct Connection<'a, S, H> {
    pub(super) socket: &'a mut S,
    /// Where it leads.
    pub(super) url: &'a Url,
    pub(super) identity: &'a Identity,
    /// The session to resume; a new one is put here.
    pub(super) session: &'a mut Option<Session>,
    /// Takes each event: its name and its data.
    pub(super) hear: H,
    /// Since when the session is ready on this connection.
    pub(super) ready: Option<Instant>,
}

/// A websocket.
pub(super) trait Socket: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin {}

impl<S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin> Socket for S {}

impl<S: Socket, H: FnMut(&str, &str)> Connection<'_, S, H> {
    /// Speaks with Discord until one of both ends it. `share` (0 to 1, by lot) is where in its interval the heart begins.
    pub(super) async fn run(&mut self, share: f64, stop: &CancellationToken) -> End {
        let end = tokio::select! {
            end = self.speak(share) => end,
            () = stop.cancelled() => End::Stopped,
        };
        match end {
            End::Stopped => self.leave(OVER).await,
            End::Silent | End::Asked | End::Interrupted | End::Invalid => self.leave(BE_BACK).await,
            End::Closed(_) | End::Broken => {}
        }
        end
    }

    async fn speak(&mut self, share: f64) -> End {
        let mut pulse = match timeout(STEP, self.hello()).await {
            Ok(Ok(interval)) => Pulse::new(interval, share, Instant::now()),
            Ok(Err(end)) => return end,
            Err(_) => return End::Silent,
        };
        let hail = self.hail();
        if let Err(end) = self.send(&hail).await {
            return end;
        }
        let ready_by = Instant::now() + GREETING;
        loop {
            let (mut at, mut due) = pulse.next();
            if self.ready.is_none() && ready_by < at {
                (at, due) = (ready_by, Due::Silence);
            }
            let heard = tokio::select! {
                message = self.socket.next() => {
                    pulse.heard(Instant::now());
                    self.take(message, &mut pulse).await
                }
                () = sleep_until(at) => match due {
                    Due::Beat => self.beat(&mut pulse).await,
                    Due::Silence => Err(End::Silent),
                },
            };
            if let Err(end) = heard {
                return end;
            }
        }
    }

    /// Waits for HELLO: how often the heart shall beat.
    async fn hello(&mut self) -> Result<Duration, End> {
        #[derive(Deserialize)]
        struct Hello {
            heartbeat_interval: u64,
        }
        loop {
            let message = self.socket.next().await;
            let Some(text) = text(message)? else { continue };
            let payload: Payload = serde_json::from_str(&text).map_err(|_| End::Broken)?;
            if payload.op == 10 {
                let data = payload.d.map_or("", RawValue::get);
                let hello: Hello = serde_json::from_str(data).map_err(|_| End::Broken)?;
                return Ok(Duration::from_millis(hello.heartbeat_interval));
            }
        }
    }

    /// RESUME where there is a session, IDENTIFY where there is none.
    fn hail(&self) -> Value {
        let Identity { token, intents } = self.identity;
        match &*self.session {
            Some(Session { id, seq, .. }) => json!({"op": 6, "d": {"token": token, "session_id": id, "seq": seq}}),
            None => json!({"op": 2, "d": {
                "token": token, "intents": intents.bits(), "shard": [0, 1], "compress": false, "large_threshold": 50,
                "properties": {"os": std::env::consts::OS, "browser": "mailmedic", "device": "mailmedic"},
            }}),
        }
    }

    async fn take(&mut self, message: Option<Result<Message, Error>>, pulse: &mut Pulse) -> Result<(), End> {
        let Some(text) = text(message)? else { return Ok(()) };
        let Ok(payload) = serde_json::from_str::<Payload>(&text) else {
            tracing::warn!("the gateway sent something that is no payload");
            return Ok(());
        };
        match payload.op {
            0 => self.event(&payload),
            1 => return self.beat(pulse).await,
            7 => return Err(End::Asked),
            9 if payload.d.is_some_and(|resumable| resumable.get() == "true") => return Err(End::Interrupted),
            9 => return Err(End::Invalid),
            11 => pulse.acknowledged(),
            _ => {}
        }
        Ok(())
    }

    fn event(&mut self, payload: &Payload) {
        let (Some(name), Some(data), Some(seq)) = (&payload.t, payload.d, payload.s) else { return };
        match &mut *self.session {
            _ if name == "READY" => *self.session = Session::of_ready(data.get(), seq, self.url),
            Some(session) => session.seq = seq,
            None => {}
        }
        if matches!(&**name, "READY" | "RESUMED") {
            self.ready = Some(Instant::now());
        }
        (self.hear)(name, data.get());
    }

    async fn beat(&mut self, pulse: &mut Pulse) -> Result<(), End> {
        let seq = self.session.as_ref().map(|session| session.seq);
        self.send(&json!({"op": 1, "d": seq})).await?;
        pulse.beaten(Instant::now());
        Ok(())
    }

    async fn send(&mut self, payload: &Value) -> Result<(), End> {
        match timeout(STEP, self.socket.send(Message::Text(payload.to_string()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Broken),
            Err(_) => Err(End::Silent),
        }
    }

    /// Closes the connection; of a session that ends with it, Discord's farewell is awaited.
    async fn leave(&mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        let farewell = async {
            let sent = self.socket.send(Message::Close(Some(frame))).await;
            while sent.is_ok() && code == OVER && matches!(self.socket.next().await, Some(Ok(_))) {}
        };
        if timeout(FAREWELL, farewell).await.is_err() {
            tracing::debug!("the gateway did not say goodbye");
        }
    }
}

/// The text of a message; none where it carries none.
fn text(message: Option<Result<Message, Error>>) -> Result<Option<String>, End> {
    match message {
        Some(Ok(Message::Text(text))) => Ok(Some(text)),
        Some(Ok(Message::Close(frame))) => Err(End::Closed(frame.map(|frame| frame.code.into()))),
        Some(Ok(_)) => Ok(None),
        Some(Err(_)) | None => Err(End::Broken),
    }
}
