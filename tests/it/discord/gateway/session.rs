//! A session: its events in order, those that were missed, and what its intents let through.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::super::fixtures::{BOT, DM};

/// The intents by their bits.
pub(crate) mod intents {
    pub(crate) const GUILDS: u64 = 1;
    pub(crate) const GUILD_MEMBERS: u64 = 1 << 1;
    pub(crate) const GUILD_PRESENCES: u64 = 1 << 8;
    pub(crate) const GUILD_MESSAGES: u64 = 1 << 9;
    pub(crate) const DIRECT_MESSAGES: u64 = 1 << 12;
    pub(crate) const MESSAGE_CONTENT: u64 = 1 << 15;
    /// Those that Discord grants on request only.
    pub(crate) const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;
}

/// From which size on a payload is sent compressed, to a bot that asked for it.
const LARGE: usize = 512;

/// One session of the bot.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) intents: u64,
    pub(super) seq: u64,
    /// The connection that has the session now.
    pub(super) connection: Option<u64>,
    /// It cannot be resumed any more.
    pub(super) over: bool,
    compress: bool,
    sent: Vec<(u64, String)>,
}

impl Session {
    pub(super) fn new(id: String, identify: &Value, connection: u64) -> Self {
        Self {
            id,
            intents: identify["intents"].as_u64().unwrap_or(0),
            seq: 0,
            connection: Some(connection),
            over: false,
            compress: identify["compress"] == true,
            sent: Vec::new(),
        }
    }

    /// Numbers an event and keeps it; gives the frame to send, or nothing when the intents do not let it through.
    pub(super) fn dispatch(&mut self, event: &str, data: &Value) -> Option<Message> {
        let data = self.visible(event, data)?;
        self.seq += 1;
        let text = json!({"op": 0, "t": event, "s": self.seq, "d": data}).to_string();
        self.sent.push((self.seq, text.clone()));
        Some(self.frame(text))
    }

    /// The frames of all events after a number.
    pub(super) fn missed(&self, after: u64) -> Vec<Message> {
        self.sent.iter().filter(|(seq, _)| *seq > after).map(|(_, text)| self.frame(text.clone())).collect()
    }

    fn frame(&self, text: String) -> Message {
        if !self.compress || text.len() < LARGE {
            return Message::Text(text);
        }
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).expect("memory takes everything");
        Message::Binary(encoder.finish().expect("memory takes everything"))
    }

    /// What this session gets to see of an event.
    fn visible(&self, event: &str, data: &Value) -> Option<Value> {
        let has = |bits: u64| self.intents & bits != 0;
        let direct = data["channel_id"] == DM;
        match event {
            "MESSAGE_CREATE" | "MESSAGE_UPDATE" | "MESSAGE_DELETE" => {
                let wanted = if direct { intents::DIRECT_MESSAGES } else { intents::GUILD_MESSAGES };
                let mentioned = data["mentions"].as_array().into_iter().flatten().any(|user| user["id"] == BOT.id);
                let readable = has(intents::MESSAGE_CONTENT) || direct || mentioned || data["author"]["id"] == BOT.id;
                has(wanted).then(|| if readable { data.clone() } else { emptied(data) })
            }
            "GUILD_CREATE" | "THREAD_CREATE" | "THREAD_UPDATE" | "CHANNEL_CREATE" | "CHANNEL_UPDATE" => {
                has(intents::GUILDS).then(|| data.clone())
            }
            _ => Some(data.clone()),
        }
    }
}

/// A message as it comes to a bot that may not read it.
fn emptied(message: &Value) -> Value {
    let mut message = message.clone();
    for (part, nothing) in [("content", json!("")), ("embeds", json!([])), ("attachments", json!([]))] {
        if !message[part].is_null() {
            message[part] = nothing;
        }
    }
    if !message["components"].is_null() {
        message["components"] = json!([]);
    }
    message
}
