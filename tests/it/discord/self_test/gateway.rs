//! The websocket, from a bot that speaks it by hand.

use std::io::Read;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::super::fixtures::{TOKEN, mention, said, slash};
use super::super::gateway::{Resumable, intents};
use super::super::{Settings, StandIn};

/// A connection by hand.
pub(super) struct Raw {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// How many payloads came compressed.
    compressed: usize,
}

impl Raw {
    async fn connect(discord: &StandIn) -> Self {
        let url = format!("ws://{}/?v=10&encoding=json", discord.gateway_address());
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut raw = Self { socket, compressed: 0 };
        assert_eq!(raw.next().await["op"], 10);
        raw
    }

    /// Connects and identifies, up to the arrival of the guild.
    pub(super) async fn identified(discord: &StandIn, intents: u64) -> Self {
        let mut raw = Self::connect(discord).await;
        raw.identify(TOKEN, intents).await;
        assert_eq!(raw.next().await["t"], "READY");
        if intents & intents::GUILDS != 0 {
            assert_eq!(raw.next().await["t"], "GUILD_CREATE");
        }
        raw
    }

    async fn identify(&mut self, token: &str, intents: u64) {
        let properties = json!({"os": "linux", "browser": "by hand", "device": "by hand"});
        let data = json!({"token": token, "intents": intents, "properties": properties, "compress": true});
        self.send(json!({"op": 2, "d": data})).await;
    }

    async fn send(&mut self, payload: Value) {
        self.socket.send(Message::Text(payload.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        let message = tokio::time::timeout(Duration::from_secs(5), self.socket.next()).await.expect("a payload");
        match message.unwrap().unwrap() {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            Message::Binary(bytes) => {
                self.compressed += 1;
                let mut text = String::new();
                flate2::read::ZlibDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
                serde_json::from_str(&text).unwrap()
            }
            Message::Close(frame) => json!({"closed": frame.map(|frame| u16::from(frame.code))}),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn large_payloads_come_compressed() {
    let discord = StandIn::start().await;
    let bot = Raw::identified(&discord, intents::GUILDS).await;
    assert_eq!(bot.compressed, 2);
    discord.finish().await;
}

#[tokio::test]
async fn heartbeats_are_acknowledged_until_silence() {
    let discord = StandIn::start().await;
    let mut bot = Raw::identified(&discord, 0).await;
    bot.send(json!({"op": 1, "d": 1})).await;
    assert_eq!(bot.next().await["op"], 11);
    discord.gateway().ask_for_heartbeat();
    assert_eq!(bot.next().await["op"], 1);
    discord.gateway().fall_silent();
    bot.send(json!({"op": 1, "d": 1})).await;
    discord.gateway().heartbeats(2).await;
    discord.gateway().close(4000);
    assert_eq!(bot.next().await["closed"], 4000);
    discord.finish().await;
}

#[tokio::test]
async fn a_resume_brings_what_was_missed() {
    let discord = StandIn::start().await;
    let mut bot = Raw::connect(&discord).await;
    bot.identify(TOKEN, 0).await;
    let session = bot.next().await["d"]["session_id"].clone();
    discord.gateway().drop_connection();
    let asked = discord.dispatch(slash("check", &[])).await;
    asked.excuse();
    let mut bot = Raw::connect(&discord).await;
    bot.send(json!({"op": 6, "d": {"token": TOKEN, "session_id": session, "seq": 1}})).await;
    let (missed, resumed) = (bot.next().await, bot.next().await);
    assert_eq!((&missed["d"]["id"], &missed["s"]), (&json!(asked.id()), &json!(2)));
    assert_eq!((&resumed["t"], &resumed["s"]), (&json!("RESUMED"), &json!(3)));
    discord.finish().await;
}

#[tokio::test]
async fn a_session_that_is_over_cannot_be_resumed() {
    let discord = StandIn::start().await;
    let mut bot = Raw::connect(&discord).await;
    bot.identify(TOKEN, 0).await;
    let session = bot.next().await["d"]["session_id"].clone();
    discord.gateway().invalidate(Resumable::No);
    assert_eq!(bot.next().await, json!({"op": 9, "d": false}));
    let mut bot = Raw::connect(&discord).await;
    bot.send(json!({"op": 6, "d": {"token": TOKEN, "session_id": session, "seq": 1}})).await;
    assert_eq!(bot.next().await, json!({"op": 9, "d": false}));
    bot.identify(TOKEN, 0).await;
    assert_eq!(bot.next().await["s"], 1);
    discord.finish().await;
}

#[tokio::test]
async fn wrong_tokens_and_intents_that_were_not_granted_are_closed() {
    let discord = StandIn::start().await;
    let mut bot = Raw::connect(&discord).await;
    bot.identify("another", 0).await;
    assert_eq!(bot.next().await["closed"], 4004);
    let mut bot = Raw::connect(&discord).await;
    bot.identify(TOKEN, intents::MESSAGE_CONTENT).await;
    assert_eq!(bot.next().await["closed"], 4014);
    discord.finish().await;
}

#[tokio::test]
async fn what_a_bot_may_not_send_is_closed_and_a_violation() {
    let cases = [
        (json!({"op": 99}), 4001),
        (json!({"op": 3, "d": {}}), 4003),
        (json!({"op": 2, "d": {"token": TOKEN}}), 4002),
        (json!({"op": 1, "d": "x".repeat(5000)}), 4002),
    ];
    let discord = StandIn::start().await;
    for (payload, code) in cases {
        let mut bot = Raw::connect(&discord).await;
        bot.send(payload.clone()).await;
        assert_eq!(bot.next().await["closed"], code, "{code}");
    }
    assert_eq!(discord.finish_with_violations().await.len(), 4);
}

#[tokio::test]
async fn a_bot_without_a_heartbeat_is_closed() {
    let discord = StandIn::start_with(Settings {
        heartbeat: Duration::ZERO,
        heartbeat_grace: Duration::ZERO,
        ..Settings::default()
    })
    .await;
    let mut bot = Raw::connect(&discord).await;
    assert_eq!(bot.next().await["closed"], 4009);
    assert_eq!(discord.finish_with_violations().await.len(), 1);
}

#[tokio::test]
async fn intents_say_what_a_bot_sees() {
    let granted = Settings { granted_intents: intents::MESSAGE_CONTENT, ..Settings::default() };
    let discord = StandIn::start_with(granted).await;
    let mut blind = Raw::identified(&discord, 0).await;
    let mut guild = Raw::identified(&discord, intents::GUILD_MESSAGES).await;
    let mut reader = Raw::identified(&discord, intents::GUILD_MESSAGES | intents::MESSAGE_CONTENT).await;
    discord.say(said("by the way")).await;
    discord.say(said("in private").in_dm()).await;
    let asked = discord.say(mention("help")).await;
    discord.gateway().dispatch("USER_UPDATE", &json!({}));
    assert_eq!(blind.next().await["t"], "USER_UPDATE");
    assert_eq!(guild.next().await["d"]["content"], "");
    assert_eq!(guild.next().await["d"]["id"], asked.id());
    assert_eq!(reader.next().await["d"]["content"], "by the way");
    discord.finish().await;
}

#[tokio::test]
async fn a_shut_gateway_takes_nobody() {
    let discord = StandIn::start().await;
    discord.gateway().shut();
    let url = format!("ws://{}/?v=10", discord.gateway_address());
    assert!(tokio_tungstenite::connect_async(&url).await.is_err());
    discord.gateway().open();
    Raw::identified(&discord, intents::GUILDS).await;
    discord.finish().await;
}
