//! The websocket: what a test does with it, and what is remembered of it. The conversation is in `connection`.

mod connection;
mod session;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedSender;
use tokio_tungstenite::tungstenite::Message;

use super::world::{Shared, World};
use session::Session;

pub(crate) use session::intents;

/// What the gateway remembers.
#[derive(Debug, Default)]
pub(crate) struct Gateway {
    sessions: Vec<Session>,
    lines: HashMap<u64, UnboundedSender<Order>>,
    connections: u64,
    silent: HashSet<u64>,
    door: Door,
    identified: usize,
    resumed: usize,
    /// A session was resumed where Discord asks not to.
    resumed_elsewhere: bool,
    heartbeats: usize,
    /// How many sessions were connected at once, at most.
    most_at_once: usize,
    /// How many connections the shut gateway did not take.
    refused: usize,
    /// How the bot ended its connections: by a close code, or without one.
    left: Vec<Option<u16>>,
}

/// What a connection shall do next.
#[derive(Debug)]
enum Order {
    Send(Message),
    Close(u16),
    Drop,
}

/// Whether new connections are taken.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Door {
    #[default]
    Open,
    Shut,
}

/// Whether a session that is declared invalid may be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resumable {
    Yes,
    No,
}

impl Gateway {
    /// Counts the sessions that are connected now.
    fn count(&mut self) {
        let connected = self.sessions.iter().filter(|session| session.connection.is_some()).count();
        self.most_at_once = self.most_at_once.max(connected);
    }

    /// Sends an event to every session that may see it; one that is away gets it when it resumes.
    pub(crate) fn dispatch(&mut self, event: &str, data: &Value) {
        for session in self.sessions.iter_mut().filter(|session| !session.over) {
            if let Some(frame) = session.dispatch(event, data)
                && let Some(number) = session.connection.filter(|number| !self.silent.contains(number))
                && let Some(line) = self.lines.get(&number)
            {
                // A line that just broke loses nothing: the session keeps the event.
                drop(line.send(Order::Send(frame)));
            }
        }
    }

    fn order_all(&self, make: impl Fn() -> Order) {
        for line in self.lines.values() {
            drop(line.send(make()));
        }
    }
}

/// Takes connections until the stand-in ends.
pub(crate) async fn listen(shared: Arc<Shared>, listener: TcpListener) {
    let mut conversations = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let open = shared.change(|world| {
            let open = world.gateway.door == Door::Open;
            world.gateway.refused += usize::from(!open);
            open
        });
        if open {
            conversations.spawn(connection::converse(Arc::clone(&shared), stream));
        }
    }
}

/// What a test does with the gateway.
pub(crate) struct Wire<'a> {
    shared: &'a Shared,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self { shared }
    }

    /// Waits until the bot has a session, be it connected at the moment or not.
    pub(crate) async fn session(&self) {
        let there = |world: &World| world.gateway.sessions.iter().any(|session| !session.over).then_some(());
        self.shared.wait("a session of the bot on the gateway", there).await;
    }

    /// Waits until the bot is connected and was told all that there is.
    pub(crate) async fn connected(&self) {
        let online = |session: &Session| !session.over && session.connection.is_some();
        let there = |world: &World| world.gateway.sessions.iter().any(online).then_some(());
        self.shared.wait("a connection of the bot", there).await;
    }

    /// Waits until the bot identified itself so many times.
    pub(crate) async fn identified(&self, times: usize) {
        let what = format!("{times} x IDENTIFY");
        self.shared.wait(&what, |world| (world.gateway.identified >= times).then_some(())).await;
    }

    /// Waits until the bot resumed its session so many times.
    pub(crate) async fn resumed(&self, times: usize) {
        let what = format!("{times} x RESUME");
        self.shared.wait(&what, |world| (world.gateway.resumed >= times).then_some(())).await;
    }

    /// Waits until the bot sent so many heartbeats in all.
    pub(crate) async fn heartbeats(&self, times: usize) {
        let what = format!("{times} heartbeats");
        self.shared.wait(&what, |world| (world.gateway.heartbeats >= times).then_some(())).await;
    }

    /// Waits until the bot ended a connection, and gives its close code, if it sent one.
    pub(crate) async fn left(&self) -> Option<u16> {
        self.shared.wait("the bot to leave", |world| world.gateway.left.last().copied()).await
    }

    /// How often the bot identified itself so far.
    pub(crate) fn identifies(&self) -> usize {
        self.shared.read(|world| world.gateway.identified)
    }

    /// How many sessions were connected at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.read(|world| world.gateway.most_at_once)
    }

    /// Whether every session was resumed where READY says.
    pub(crate) fn resumed_in_place(&self) -> bool {
        self.shared.read(|world| !world.gateway.resumed_elsewhere)
    }

    /// The intents of the newest session, as bits.
    pub(crate) fn intents(&self) -> u64 {
        self.shared.read(|world| world.gateway.sessions.last().map_or(0, |session| session.intents))
    }

    /// Sends any event, as far as the bot's intents let it through.
    pub(crate) fn dispatch(&self, event: &str, data: &Value) {
        self.shared.change(|world| world.gateway.dispatch(event, data));
    }

    /// Sends text that need not be an event at all.
    pub(crate) fn send(&self, text: &str) {
        self.trouble("sends text", || Order::Send(Message::Text(text.to_owned())));
    }

    /// Closes the connection with a code.
    pub(crate) fn close(&self, code: u16) {
        self.shared.change(|world| {
            if matches!(code, 4004 | 4007 | 4009..=4014) {
                world.gateway.sessions.iter_mut().for_each(|session| session.over = true);
            }
        });
        self.trouble(&format!("closes with {code}"), || Order::Close(code));
    }

    /// Lets the connection break without a word.
    pub(crate) fn drop_connection(&self) {
        self.trouble("drops the connection", || Order::Drop);
    }

    /// Asks the bot to connect anew (op 7).
    pub(crate) fn ask_to_reconnect(&self) {
        self.trouble("asks to reconnect", || Order::Send(Message::Text(json!({"op": 7, "d": null}).to_string())));
    }

    /// Asks the bot for a heartbeat at once (op 1).
    pub(crate) fn ask_for_heartbeat(&self) {
        self.trouble("asks for a heartbeat", || Order::Send(Message::Text(json!({"op": 1, "d": null}).to_string())));
    }

    /// Declares the session invalid (op 9).
    pub(crate) fn invalidate(&self, resumable: Resumable) {
        let resume = resumable == Resumable::Yes;
        self.shared.change(|world| world.gateway.sessions.iter_mut().for_each(|session| session.over |= !resume));
        let op = json!({"op": 9, "d": resume}).to_string();
        self.trouble("declares the session invalid", || Order::Send(Message::Text(op.clone())));
    }

    /// Lets the connection die without breaking: no ACKs and no events any more, until the bot connects anew.
    pub(crate) fn fall_silent(&self) {
        self.shared.change(|world| {
            world.note("the gateway falls silent");
            let lines: Vec<u64> = world.gateway.lines.keys().copied().collect();
            world.gateway.silent.extend(lines);
        });
    }

    /// Ends all sessions without a word: whoever resumes one is told that it is invalid.
    pub(crate) fn end_sessions(&self) {
        self.shared.change(|world| world.gateway.sessions.iter_mut().for_each(|session| session.over = true));
    }

    /// Waits until the shut gateway refused so many connections.
    pub(crate) async fn refused(&self, times: usize) {
        let what = format!("{times} connections to the shut gateway");
        self.shared.wait(&what, |world| (world.gateway.refused >= times).then_some(())).await;
    }

    /// Takes no connections any more.
    pub(crate) fn shut(&self) {
        self.shared.change(|world| world.gateway.door = Door::Shut);
    }

    /// Takes connections again.
    pub(crate) fn open(&self) {
        self.shared.change(|world| world.gateway.door = Door::Open);
    }

    fn trouble(&self, what: &str, make: impl Fn() -> Order) {
        self.shared.change(|world| {
            world.note(format!("the gateway {what}"));
            world.gateway.order_all(make);
        });
    }
}
