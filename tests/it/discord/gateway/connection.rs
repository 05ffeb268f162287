//! One websocket connection, from HELLO to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::super::fixtures::{APPLICATION, BOT, GUILD, TOKEN, guild, snowflake};
use super::super::world::{Shared, World};
use super::session::{Session, intents};
use super::{Gateway, Order};

/// The most that a bot may send in one payload, in bytes.
const LARGEST: usize = 4096;
/// The most payloads that a bot may send in a minute.
const PER_MINUTE: usize = 120;

/// Where READY says that sessions are resumed.
pub(super) const RESUME_PATH: &str = "/resume-here";

/// Whether a connection goes on.
enum Then {
    On,
    Close(u16),
}

/// Talks with the bot until one of both ends it.
pub(super) async fn converse(shared: Arc<Shared>, stream: TcpStream) {
    let mut path = String::new();
    #[allow(clippy::result_large_err, reason = "the signature is tungstenite's")]
    let judge = |request: &Request, response| {
        request.uri().path().clone_into(&mut path);
        version_10(request, response)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, judge).await else {
        shared.change(|world| world.violation("a connection to the gateway that was no websocket of version 10"));
        return;
    };
    let (orders, mut inbox) = mpsc::unbounded_channel();
    let number = shared.change(|world| {
        world.gateway.connections += 1;
        let number = world.gateway.connections;
        world.gateway.lines.insert(number, orders.clone());
        world.note(format!("connection {number} to the gateway"));
        number
    });
    let interval = shared.settings.heartbeat;
    let hello = json!({"op": 10, "s": null, "t": null, "d": {"heartbeat_interval": millis(interval), "_trace": []}});
    if socket.send(Message::Text(hello.to_string())).await.is_ok() {
        let within = interval + shared.settings.heartbeat_grace;
        let mut talk = Talk { shared: &shared, number, path, orders, heard: Vec::new() };
        talk.run(&mut socket, &mut inbox, within).await;
    }
    shared.change(|world| {
        world.gateway.lines.remove(&number);
        world.gateway.silent.remove(&number);
        for session in world.gateway.sessions.iter_mut().filter(|session| session.connection == Some(number)) {
            session.connection = None;
        }
        world.note(format!("connection {number} ended"));
    });
}

#[allow(clippy::result_large_err, reason = "the signature is tungstenite's")]
fn version_10(request: &Request, response: Response) -> Result<Response, ErrorResponse> {
    let query = request.uri().query().unwrap_or_default();
    let json = query.split('&').all(|pair| !pair.starts_with("encoding=") || pair == "encoding=json");
    if query.split('&').any(|pair| pair == "v=10") && json {
        Ok(response)
    } else {
        Err(ErrorResponse::new(Some("v=10 and JSON only".to_owned())))
    }
}

/// Serenity sends the token with the word that is meant for HTTP, and Discord takes it.
fn is_token(given: &Value) -> bool {
    given.as_str().is_some_and(|given| given.strip_prefix("Bot ").unwrap_or(given) == TOKEN)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("a heartbeat within a lifetime")
}

struct Talk<'a> {
    shared: &'a Shared,
    number: u64,
    /// What the bot asked for when it connected.
    path: String,
    orders: mpsc::UnboundedSender<Order>,
    heard: Vec<Instant>,
}

impl Talk<'_> {
    async fn run(
        &mut self,
        socket: &mut WebSocketStream<TcpStream>,
        inbox: &mut mpsc::UnboundedReceiver<Order>,
        within: Duration,
    ) {
        let mut deadline = Instant::now() + within;
        loop {
            let then = tokio::select! {
                order = inbox.recv() => match order {
                    Some(Order::Send(message)) => match socket.send(message).await {
                        Ok(()) => Then::On,
                        Err(_) => return,
                    },
                    Some(Order::Close(code)) => Then::Close(code),
                    Some(Order::Drop) | None => return,
                },
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(&text, &mut deadline, within),
                    Some(Ok(Message::Close(frame))) => {
                        self.left(frame.map(|frame| frame.code.into()));
                        return;
                    }
                    Some(Ok(Message::Binary(_))) => self.wrong(4002, "a binary payload"),
                    Some(Ok(_)) => Then::On,
                    Some(Err(_)) | None => {
                        self.left(None);
                        return;
                    }
                },
                () = tokio::time::sleep_until(deadline.into()) => {
                    self.overdue(within)
                }
            };
            if let Then::Close(code) = then {
                let frame = CloseFrame { code: code.into(), reason: "".into() };
                drop(socket.close(Some(frame)).await);
                return;
            }
        }
    }

    fn left(&self, code: Option<u16>) {
        self.shared.change(|world| {
            world.note(format!("connection {}: the bot leaves ({code:?})", self.number));
            world.gateway.left.push(code);
            if matches!(code, Some(1000 | 1001)) {
                let own = |session: &&mut Session| session.connection == Some(self.number);
                world.gateway.sessions.iter_mut().filter(own).for_each(|session| session.over = true);
            }
        });
    }

    /// No heartbeat came: the bot's fault, unless the stand-in itself ended the conversation.
    fn overdue(&self, within: Duration) -> Then {
        let ended = self.shared.read(|world| {
            let own = |session: &Session| session.connection == Some(self.number) && session.over;
            world.gateway.silent.contains(&self.number) || world.gateway.sessions.iter().any(own)
        });
        if ended { Then::Close(4009) } else { self.wrong(4009, &format!("no heartbeat within {within:?}")) }
    }

    fn wrong(&self, code: u16, what: &str) -> Then {
        self.shared.change(|world| world.violation(format!("gateway, closed with {code}: {what}")));
        Then::Close(code)
    }

    fn hear(&mut self, text: &str, deadline: &mut Instant, within: Duration) -> Then {
        let now = Instant::now();
        self.heard.retain(|heard| now.duration_since(*heard) < Duration::from_mins(1));
        self.heard.push(now);
        if self.heard.len() > PER_MINUTE {
            return self.wrong(4008, "more than 120 payloads in a minute");
        }
        if text.len() > LARGEST {
            return self.wrong(4002, "a payload of more than 4096 bytes");
        }
        let Ok(payload) = serde_json::from_str::<Value>(text) else {
            return self.wrong(4002, "a payload that is no JSON");
        };
        let data = &payload["d"];
        match payload["op"].as_u64() {
            Some(1) => {
                *deadline = Instant::now() + within;
                self.heartbeat(data)
            }
            Some(2) => self.shared.change(|world| self.identify(world, data)),
            Some(3) if self.has_session() => Then::On,
            Some(6) => self.shared.change(|world| self.resume(world, data)),
            Some(3 | 4 | 8) if !self.has_session() => self.wrong(4003, "a payload before IDENTIFY"),
            other => self.wrong(4001, &format!("the opcode {other:?}, which the stand-in does not know")),
        }
    }

    fn has_session(&self) -> bool {
        self.shared.read(|world| world.gateway.sessions.iter().any(|session| session.connection == Some(self.number)))
    }

    fn heartbeat(&self, data: &Value) -> Then {
        let ahead = self.shared.change(|world| {
            world.gateway.heartbeats += 1;
            let own = world.gateway.sessions.iter().find(|session| session.connection == Some(self.number));
            let ahead = own.is_some_and(|session| data.as_u64().is_some_and(|seq| seq > session.seq));
            if !ahead && !world.gateway.silent.contains(&self.number) {
                self.send(Message::Text(json!({"op": 11}).to_string()));
            }
            ahead
        });
        if ahead { self.wrong(4007, "a heartbeat with a number that was never sent") } else { Then::On }
    }

    fn send(&self, message: Message) {
        drop(self.orders.send(Order::Send(message)));
    }

    fn identify(&self, world: &mut World, data: &Value) -> Then {
        if world.gateway.sessions.iter().any(|session| session.connection == Some(self.number)) {
            world.violation("gateway: IDENTIFY twice on one connection");
            return Then::Close(4005);
        }
        let parts = ["token", "properties", "intents"];
        if let Some(part) = parts.iter().find(|part| data[**part].is_null()) {
            world.violation(format!("gateway: IDENTIFY without `{part}`"));
            return Then::Close(4002);
        }
        if !is_token(&data["token"]) {
            world.note("IDENTIFY with another token");
            return Then::Close(4004);
        }
        let asked = data["intents"].as_u64().unwrap_or(u64::MAX);
        if asked & intents::PRIVILEGED & !self.shared.settings.granted_intents != 0 {
            world.note(format!("IDENTIFY with intents that were not granted: {asked:#b}"));
            return Then::Close(4014);
        }
        let id = format!("{:032x}", snowflake().parse::<u128>().expect("digits"));
        let mut session = Session::new(id.clone(), data, self.number);
        let ready = json!({
            "v": 10, "user_settings": {}, "user": BOT.myself(), "session_type": "normal", "session_id": id,
            "resume_gateway_url": format!("ws://{}{RESUME_PATH}", self.shared.addresses.gateway), "relationships": [],
            "private_channels": [], "presences": [], "guilds": [{"id": GUILD, "unavailable": true}],
            "guild_join_requests": [], "geo_ordered_rtc_regions": [], "auth": {},
            "shard": data.get("shard").cloned().unwrap_or_else(|| json!([0, 1])),
            "application": {"id": APPLICATION, "flags": self.shared.settings.application_flags()}, "_trace": ["[\"the stand-in\"]"]
        });
        for (event, data) in [("READY", ready), ("GUILD_CREATE", guild::arriving_guild())] {
            if let Some(frame) = session.dispatch(event, &data) {
                self.send(frame);
            }
        }
        world.gateway.sessions.push(session);
        world.gateway.count();
        world.gateway.identified += 1;
        world.note(format!("IDENTIFY, session {id}, intents {asked:#b}"));
        Then::On
    }

    fn resume(&self, world: &mut World, data: &Value) -> Then {
        if !is_token(&data["token"]) {
            world.note("RESUME with another token");
            return Then::Close(4004);
        }
        let Gateway { sessions, lines, resumed, .. } = &mut world.gateway;
        let seq = data["seq"].as_u64().unwrap_or(u64::MAX);
        let known = sessions.iter_mut().find(|session| data["session_id"] == session.id.as_str() && !session.over);
        let Some(session) = known.filter(|session| seq <= session.seq) else {
            world.note(format!("RESUME of a session that is over, or after {seq}, which was never sent"));
            self.send(Message::Text(json!({"op": 9, "d": false}).to_string()));
            return Then::On;
        };
        if let Some(old) = session.connection.replace(self.number)
            && let Some(line) = lines.get(&old)
        {
            drop(line.send(Order::Drop));
        }
        let missed = session.missed(seq);
        let told = format!("RESUME of {} after {seq}: {} events were missed", session.id, missed.len());
        for frame in missed {
            self.send(frame);
        }
        if let Some(frame) = session.dispatch("RESUMED", &json!({"_trace": ["[\"the stand-in\"]"]})) {
            self.send(frame);
        }
        *resumed += 1;
        world.gateway.count();
        world.gateway.resumed_elsewhere |= self.path != RESUME_PATH;
        world.note(told);
        Then::On
    }
}
