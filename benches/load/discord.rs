//! Discord as far as a load needs it: it takes acknowledgements and answers, judges nothing, and costs little.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_tungstenite::tungstenite::Message;

use crate::wire::Wire;

/// A message as Discord gives it back after an edit.
const MESSAGE: &str = r#"{"id":"1","channel_id":"2","type":20,"content":"","timestamp":"2026-11-23T12:00:00.000000+00:00",
"edited_timestamp":null,"tts":false,"mention_everyone":false,"mentions":[],"mention_roles":[],"attachments":[],"embeds":[],
"pinned":false,"author":{"id":"1","username":"mailmedic","discriminator":"0","avatar":null,"bot":true},"components":[]}"#;

/// The id of an interaction.
pub(crate) fn id(number: usize) -> String {
    (1_440_000_000_000_000_000 + number).to_string()
}

/// The token of an interaction, about as long as Discord's.
pub(crate) fn token(number: usize) -> String {
    format!("{number}-{}", "a-token-of-an-interaction-".repeat(7))
}

#[derive(Default)]
struct World {
    acknowledged: Vec<Instant>,
    answered: usize,
    /// Which interactions were answered, by their number.
    seen: Vec<bool>,
    turns: Option<Arc<Semaphore>>,
}

pub(crate) struct Discord {
    pub(crate) address: SocketAddr,
    world: Arc<Mutex<World>>,
    changed: watch::Sender<()>,
    events: Arc<Mutex<Option<mpsc::UnboundedSender<String>>>>,
}

impl Discord {
    pub(crate) async fn start() -> Self {
        let (rest, gateway) = (listener().await, listener().await);
        let address = rest.local_addr().unwrap();
        let url = format!("ws://{}", gateway.local_addr().unwrap());
        let (world, changed) = (Arc::<Mutex<World>>::default(), watch::Sender::new(()));
        let events = Arc::<Mutex<Option<mpsc::UnboundedSender<String>>>>::default();
        let discord =
            Self { address, world: Arc::clone(&world), changed: changed.clone(), events: Arc::clone(&events) };
        let gateway_url = url.clone();
        tokio::spawn(async move {
            loop {
                let wire = Wire::new(rest.accept().await.unwrap().0);
                tokio::spawn(serve(wire, gateway_url.clone(), Arc::clone(&world), changed.clone()));
            }
        });
        tokio::spawn(async move {
            loop {
                let socket = tokio_tungstenite::accept_async(gateway.accept().await.unwrap().0).await.unwrap();
                let (send, receive) = mpsc::unbounded_channel();
                *events.lock().unwrap() = Some(send.clone());
                tokio::spawn(converse(socket, url.clone(), send, receive));
            }
        });
        discord
    }

    /// Begins to count anew, for so many interactions.
    pub(crate) fn expect(&self, count: usize) {
        *self.world.lock().unwrap() = World { seen: vec![false; count], ..World::default() };
    }

    /// Gives a turn back for each interaction that is answered for the first time.
    pub(crate) fn answers(&self, turns: Arc<Semaphore>) {
        self.world.lock().unwrap().turns = Some(turns);
    }

    /// Sends interactions over the gateway.
    pub(crate) fn dispatch(&self, interactions: &[Value]) {
        let events = self.events.lock().unwrap().clone().expect("the bot is connected");
        for (number, interaction) in interactions.iter().enumerate() {
            let event = json!({"op": 0, "t": "INTERACTION_CREATE", "s": number + 2, "d": interaction});
            events.send(event.to_string()).unwrap();
        }
    }

    /// Waits until so many were acknowledged; when that was.
    pub(crate) async fn acknowledged(&self, count: usize) -> Vec<Instant> {
        self.until(|world| world.acknowledged.len() >= count).await;
        self.world.lock().unwrap().acknowledged.clone()
    }

    /// Waits until so many were answered.
    pub(crate) async fn answered(&self, count: usize) {
        self.until(|world| world.answered >= count).await;
    }

    async fn until(&self, there: impl Fn(&World) -> bool) {
        let mut changed = self.changed.subscribe();
        while !there(&self.world.lock().unwrap()) {
            changed.changed().await.unwrap();
        }
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// The REST interface.
async fn serve(mut wire: Wire, gateway: String, world: Arc<Mutex<World>>, changed: watch::Sender<()>) {
    while let Some((head, _)) = wire.receive().await {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let body = if path.ends_with("/callback") {
            world.lock().unwrap().acknowledged.push(Instant::now());
            None
        } else if path.ends_with("/messages/@original") {
            let token = path.rsplit('/').nth(2).unwrap_or_default();
            let number: usize = token.split('-').next().unwrap_or_default().parse().unwrap();
            world.lock().unwrap().answer(number);
            Some(MESSAGE.to_owned())
        } else {
            Some(json!({"url": gateway}).to_string())
        };
        let response = match body {
            Some(body) => format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ),
            None => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        };
        wire.send(response.as_bytes()).await;
        changed.send_replace(());
    }
}

impl World {
    fn answer(&mut self, number: usize) {
        if self.seen.get_mut(number).is_some_and(|seen| !std::mem::replace(seen, true)) {
            self.answered += 1;
            if let Some(turns) = &self.turns {
                turns.add_permits(1);
            }
        }
    }
}

/// The gateway.
async fn converse(
    mut socket: tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>,
    url: String,
    send: mpsc::UnboundedSender<String>,
    mut events: mpsc::UnboundedReceiver<String>,
) {
    send.send(json!({"op": 10, "d": {"heartbeat_interval": 41_250}}).to_string()).unwrap();
    loop {
        tokio::select! {
            event = events.recv() => {
                let Some(event) = event else { return };
                if socket.send(Message::Text(event)).await.is_err() {
                    return;
                }
            }
            said = socket.next() => {
                let Some(Ok(Message::Text(said))) = said else { return };
                let said: Value = serde_json::from_str(&said).unwrap();
                let ready = json!({"op": 0, "t": "READY", "s": 1, "d": {
                    "v": 10, "user": {"id": "1", "username": "mailmedic"}, "session_id": "s", "resume_gateway_url": url,
                }});
                match said["op"].as_u64() {
                    Some(1) => send.send(json!({"op": 11}).to_string()).unwrap(),
                    Some(2) => send.send(ready.to_string()).unwrap(),
                    _ => {}
                }
            }
        }
    }
}
