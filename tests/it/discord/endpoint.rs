//! Interactions delivered by signed HTTP to the bot's own `/interactions`, as Discord does when a URL is configured.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use super::asked::Asked;
use super::fixtures::{APPLICATION, BOT, Invocation, snowflake};
use super::interactions::{self, What};
use super::rest::{self, Call};
use super::routes::{Operation, Params};
use super::stand_in::{hex, signing_key};
use super::world::Shared;

/// The bot's endpoint.
pub(crate) struct Endpoint {
    shared: Arc<Shared>,
    url: String,
    client: reqwest::Client,
}

/// What the bot answered to a delivery.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
    pub(crate) took: Duration,
}

impl Reply {
    /// The body, when it is JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// A request as it goes out.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) body: Vec<u8>,
    pub(crate) signature: String,
    pub(crate) timestamp: String,
}

/// What is wrong with a request that the bot must refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forgery {
    /// The signature has one bit turned.
    BadSignature,
    /// The signature is not hexadecimal.
    NoSignatureAtAll,
    /// The headers are missing.
    Unsigned,
    /// Signed well, with a key that is not Discord's.
    OtherKey,
    /// Signed well, with a timestamp that is this old.
    Old(Duration),
    /// Signed well, with a timestamp that is this far ahead.
    Ahead(Duration),
    /// The timestamp was changed after signing.
    OtherTimestamp,
    /// The body was cut after signing.
    Truncated,
    /// The body was changed after signing, and is still JSON.
    OtherBody,
}

impl Endpoint {
    pub(crate) fn new(shared: &Arc<Shared>, url: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().expect("a client");
        Self { shared: Arc::clone(shared), url: url.to_owned(), client }
    }

    /// Discord's question whether somebody is there.
    pub(crate) async fn ping(&self) -> Reply {
        let ping = json!({
            "id": snowflake(), "application_id": APPLICATION, "type": 1, "version": 1, "token": "a-token-of-a-ping",
            "user": BOT.user(), "entitlements": [], "authorizing_integration_owners": {},
            "app_permissions": "0", "attachment_size_limit": 10_485_760
        });
        self.send(&sign(&ping, now(), &signing_key())).await
    }

    /// Begins an interaction, and delivers nothing: for requests that a test makes by hand.
    pub(crate) fn open(&self, invocation: &Invocation) -> Asked {
        let object = self.shared.change(|world| interactions::open(world, invocation));
        Asked::new(&self.shared, object["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Delivers an interaction; an answer in the response is judged, and counts as the acknowledgement.
    pub(crate) async fn post(&self, invocation: Invocation) -> (Reply, Asked) {
        let (reply, asked, _) = self.post_keeping(invocation).await;
        (reply, asked)
    }

    /// The same, and gives the request too, for [`replay`](Self::replay).
    pub(crate) async fn post_keeping(&self, invocation: Invocation) -> (Reply, Asked, Delivery) {
        let (reply, asked, delivery) = self.attempt(&invocation).await;
        (reply.expect("the bot's endpoint answers"), asked, delivery)
    }

    /// The same to a bot that may be gone: then there is no answer.
    pub(crate) async fn attempt(&self, invocation: &Invocation) -> (Option<Reply>, Asked, Delivery) {
        let object = self.shared.change(|world| interactions::open(world, invocation));
        let id = object["id"].as_str().unwrap_or_default().to_owned();
        let delivery = sign(&object, now(), &signing_key());
        let reply = self.reach(&delivery).await.ok();
        if let Some(reply) = &reply {
            self.acknowledge(&id, reply);
        }
        (reply, Asked::new(&self.shared, id), delivery)
    }

    /// Sends the very same request once more; what the bot does with it is for the test to judge.
    pub(crate) async fn replay(&self, delivery: &Delivery) -> Reply {
        self.send(delivery).await
    }

    /// Sends a request that is not Discord's; whatever the bot does by its token is a violation.
    pub(crate) async fn forge(&self, invocation: Invocation, forgery: Forgery) -> Reply {
        let object = invocation.object(&snowflake(), "a-token-that-nobody-gave", &[], None);
        let other = SigningKey::from_bytes(&[8; 32]);
        let mut delivery = match forgery {
            Forgery::OtherKey => sign(&object, now(), &other),
            Forgery::Old(age) => sign(&object, now().saturating_sub(age), &signing_key()),
            Forgery::Ahead(by) => sign(&object, now() + by, &signing_key()),
            _ => sign(&object, now(), &signing_key()),
        };
        match forgery {
            Forgery::BadSignature => {
                let turned = if delivery.signature.starts_with('0') { "1" } else { "0" };
                delivery.signature.replace_range(..1, turned);
            }
            Forgery::NoSignatureAtAll => "not hexadecimal".clone_into(&mut delivery.signature),
            Forgery::Unsigned => delivery.signature.clear(),
            Forgery::OtherTimestamp => delivery.timestamp = (now() + Duration::from_secs(1)).as_secs().to_string(),
            Forgery::Truncated => delivery.body.truncate(delivery.body.len() / 2),
            Forgery::OtherBody => delivery.body.push(b' '),
            Forgery::OtherKey | Forgery::Old(_) | Forgery::Ahead(_) => {}
        }
        self.send(&delivery).await
    }

    /// Sends a request as it is: for what none of the others can say.
    pub(crate) async fn send(&self, delivery: &Delivery) -> Reply {
        self.reach(delivery).await.expect("the bot's endpoint answers")
    }

    async fn reach(&self, delivery: &Delivery) -> reqwest::Result<Reply> {
        let begun = Instant::now();
        let mut request = self.client.post(&self.url).header("content-type", "application/json");
        request = request.header("user-agent", "Discord-Interactions/1.0 (+https://discord.com)");
        if !delivery.signature.is_empty() {
            request = request.header("x-signature-ed25519", &delivery.signature);
            request = request.header("x-signature-timestamp", &delivery.timestamp);
        }
        let response = request.body(delivery.body.clone()).send().await?;
        let status = response.status().as_u16();
        let content_type = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let body = response.bytes().await?.to_vec();
        self.shared.change(|world| world.note(format!("POST {} -> {status}", self.url)));
        Ok(Reply { status, content_type, body, took: begun.elapsed() })
    }

    /// Takes an answer in the response as the acknowledgement.
    fn acknowledge(&self, id: &str, reply: &Reply) {
        let violation = |what: String| self.shared.change(|world| world.violation(format!("response to {id}: {what}")));
        match reply.status {
            202 if reply.body.is_empty() => return, // the callback comes by a request of its own
            200 => {}
            status => return violation(format!("status {status}")),
        }
        let Some(body) = reply.json() else {
            return violation("no JSON".to_owned());
        };
        if !reply.content_type.starts_with("application/json") {
            violation(format!("the content type is `{}`", reply.content_type));
        }
        let problems = rest::judge(Operation::Acknowledge, &body);
        if !problems.is_empty() {
            return problems.into_iter().for_each(violation);
        }
        let call = Call {
            operation: Operation::Acknowledge,
            method: "POST",
            params: Params::default(),
            query: String::new(),
            body,
            files: Vec::new(),
            arrived: Instant::now(),
        };
        self.shared.change(|world| {
            if let Err(refusal) = interactions::accept(&self.shared, world, id, What::AcknowledgedInline, &call) {
                for reason in refusal.reasons() {
                    world.violation(reason);
                }
            }
        });
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970")
}

/// Signs an object as Discord does: the timestamp, then the body.
pub(crate) fn sign(object: &Value, at: Duration, key: &SigningKey) -> Delivery {
    let body = object.to_string().into_bytes();
    let timestamp = at.as_secs().to_string();
    let signature = key.sign(&[timestamp.as_bytes(), &body].concat());
    Delivery { body, signature: hex(&signature.to_bytes()), timestamp }
}
