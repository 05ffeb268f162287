//! Starting the stand-in, what a bot needs to find it, and the verdict at the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use serenity::http::{Http, HttpBuilder};
use serenity::model::id::ApplicationId;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::asked::Asked;
use super::endpoint::Endpoint;
use super::faults::Fault;
use super::fixtures::{APPLICATION, CUSTOMER, FORUM, Invocation, Post, SUPPORT, TOKEN, guild, message::attachment};
use super::gateway::Wire;
use super::interactions;
use super::routes::Operation;
use super::said::Said;
use super::tls::{self, TlsListener};
use super::world::{Addresses, Shared, Violation, tale};
use super::{gateway, logs, rest};

/// What a test may set; the defaults are Discord's, save for the heartbeat.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Within what time an interaction must be acknowledged.
    pub(crate) acknowledge_within: Duration,
    /// How long an interaction's token is good.
    pub(crate) token_lives: Duration,
    /// How often the bot shall send a heartbeat.
    pub(crate) heartbeat: Duration,
    /// How late a heartbeat may be.
    pub(crate) heartbeat_grace: Duration,
    /// The privileged intents that the application was granted (bits).
    pub(crate) granted_intents: u64,
    /// How long a test waits for something before it fails.
    pub(crate) patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            acknowledge_within: Duration::from_secs(3),
            token_lives: Duration::from_mins(15),
            heartbeat: Duration::from_secs(3),
            heartbeat_grace: Duration::from_secs(3),
            granted_intents: 0,
            patience: Duration::from_mins(1),
        }
    }
}

impl Settings {
    /// The application's flags: whether it was granted the content of messages, as a bot in few guilds is.
    pub(crate) fn application_flags(&self) -> u64 {
        if self.granted_intents & gateway::intents::MESSAGE_CONTENT == 0 { 0 } else { 1 << 19 }
    }
}

/// A running stand-in.
pub(crate) struct StandIn {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
    finished: bool,
}

/// The key with which the stand-in signs what it delivers by HTTP.
pub(crate) fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The public half of [`signing_key`] in hexadecimal, as `[discord] public_key` has it.
pub(crate) fn public_key() -> String {
    hex(signing_key().verifying_key().as_bytes())
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
}

impl StandIn {
    /// Starts one as Discord is.
    pub(crate) async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    /// Starts one with other settings.
    pub(crate) async fn start_with(settings: Settings) -> Self {
        let (plain, tls, wire) = (listener().await, listener().await, listener().await);
        let address = |listener: &TcpListener| listener.local_addr().expect("it listens");
        let addresses = Addresses { plain: address(&plain), tls: address(&tls), gateway: address(&wire) };
        let shared = Arc::new(Shared::new(settings, addresses));
        logs::watch(&shared);
        let router = Router::new().fallback(rest::serve).with_state(Arc::clone(&shared));
        let by_tls = axum::serve(TlsListener { tcp: tls }, router.clone());
        let by_plain = axum::serve(plain, router);
        let tasks = vec![
            tokio::spawn(async move { by_tls.await.expect("axum serves for ever") }),
            tokio::spawn(async move { by_plain.await.expect("axum serves for ever") }),
            tokio::spawn(gateway::listen(Arc::clone(&shared), wire)),
        ];
        Self { shared, tasks, finished: false }
    }

    /// A client that takes the stand-in for discord.com and for its file servers.
    pub(crate) fn client(&self) -> reqwest::Client {
        let certificate = reqwest::Certificate::from_pem(tls::certificate().as_bytes()).expect("our own certificate");
        let builder = reqwest::Client::builder().use_rustls_tls().no_proxy().add_root_certificate(certificate);
        let resolved =
            tls::HOSTS.iter().fold(builder, |builder, host| builder.resolve(host, self.shared.addresses.tls));
        resolved.build().expect("a client")
    }

    /// Serenity's client as in production: real URLs, TLS, rate limiter on.
    pub(crate) fn http(&self) -> Http {
        HttpBuilder::new(TOKEN).client(self.client()).application_id(application_id()).build()
    }

    /// Serenity's client behind a REST proxy, rate limiter off: as with `[discord] proxy_url`.
    pub(crate) fn proxied_http(&self) -> Http {
        let builder = HttpBuilder::new(TOKEN).proxy(self.proxy_url()).ratelimiter_disabled(true);
        builder.application_id(application_id()).build()
    }

    /// The value for `[discord] proxy_url`.
    pub(crate) fn proxy_url(&self) -> String {
        format!("http://{}", self.shared.addresses.plain)
    }

    /// Where the gateway listens; a bot asks `GET /gateway` for it.
    pub(crate) fn gateway_address(&self) -> SocketAddr {
        self.shared.addresses.gateway
    }

    /// The value for `[discord] public_key`.
    pub(crate) fn public_key() -> String {
        public_key()
    }

    /// The websocket: to wait for the bot, and to trouble it.
    pub(crate) fn gateway(&self) -> Wire<'_> {
        Wire::new(&self.shared)
    }

    /// The bot's own endpoint for interactions, to which the stand-in delivers signed requests.
    pub(crate) fn endpoint(&self, url: &str) -> Endpoint {
        Endpoint::new(&self.shared, url)
    }

    /// Somebody starts an interaction, which comes to the bot by the gateway.
    pub(crate) async fn dispatch(&self, invocation: Invocation) -> Asked {
        self.gateway().session().await;
        let id = self.shared.change(|world| {
            let object = interactions::open(world, &invocation);
            world.gateway.dispatch("INTERACTION_CREATE", &object);
            object["id"].as_str().unwrap_or_default().to_owned()
        });
        Asked::new(&self.shared, id)
    }

    /// Somebody writes a message.
    pub(crate) async fn say(&self, post: Post) -> Said {
        self.gateway().session().await;
        Said::write(&self.shared, &post)
    }

    /// [`CUSTOMER`] opens a post in the forum; the handle is of its first message, and the channel is the post's.
    pub(crate) async fn open_forum_post(&self, title: &str, post: Post) -> Said {
        self.gateway().session().await;
        let id = super::fixtures::snowflake();
        self.shared.change(|world| {
            let mut thread = guild::thread(&id, FORUM, title, CUSTOMER.id);
            world.threads.insert(id.clone(), thread.clone());
            thread["newly_created"] = Value::Bool(true);
            world.gateway.dispatch("THREAD_CREATE", &thread);
        });
        // In a forum the first message has the id of its thread.
        Said::write_as(&self.shared, &post.in_channel(&id), id.clone())
    }

    /// [`CUSTOMER`] opens a thread from a message; gives the thread's id, and says nothing in it.
    pub(crate) fn open_thread(&self, from: &Said, title: &str) -> String {
        let id = from.id().to_owned();
        self.shared.change(|world| {
            let mut thread = guild::thread(&id, from.channel(), title, CUSTOMER.id);
            world.threads.insert(id.clone(), thread.clone());
            thread["newly_created"] = Value::Bool(true);
            world.gateway.dispatch("THREAD_CREATE", &thread);
            // What a thread begins with points to its message, and has no words.
            let pointer = super::fixtures::snowflake();
            let mut message = super::fixtures::message::message(&pointer, &id, CUSTOMER);
            message["type"] = serde_json::json!(21);
            message["message_reference"] =
                serde_json::json!({"type": 0, "channel_id": from.channel(), "message_id": from.id()});
            message["referenced_message"] = world.messages[from.id()].clone();
            world.messages.insert(pointer, message);
        });
        id
    }

    /// Puts a file on Discord's file servers; gives the attachment object.
    pub(crate) fn upload(&self, name: &str, content_type: &str, bytes: &[u8]) -> Value {
        let path = format!("/attachments/{SUPPORT}/{}/{name}", super::fixtures::snowflake());
        self.shared.change(|world| world.files.insert(path.clone(), bytes.to_vec()));
        attachment(&path, name, content_type, bytes.len())
    }

    /// What is in a file that the bot sent, by the URL in its message.
    pub(crate) fn uploaded(&self, url: &str) -> Vec<u8> {
        let path = url::Url::parse(url).expect("the stand-in's own").path().to_owned();
        self.shared.read(|world| world.files[&path].clone())
    }

    /// Makes the next `times` requests of an operation fail.
    pub(crate) fn trouble(&self, operation: Operation, fault: Fault, times: usize) {
        self.shared.change(|world| world.faults.add(operation, fault, times));
    }

    /// Takes permissions (bits) in a channel and its threads from the bot.
    pub(crate) fn deny(&self, channel: &str, permissions: u64) {
        self.shared.change(|world| world.denied.insert(channel.to_owned(), permissions));
    }

    /// Somebody puts tags on a post, in place of those that it has.
    pub(crate) fn tag(&self, post: &str, tags: &[&str]) {
        self.shared.change(|world| world.threads.get_mut(post).expect("it is there")["applied_tags"] = json!(tags));
    }

    /// Gives the bot permissions (bits) in a channel and its threads.
    pub(crate) fn allow(&self, channel: &str, permissions: u64) {
        self.shared.change(|world| world.allowed.insert(channel.to_owned(), permissions));
    }

    /// Waits for the bot's messages in a channel where nobody wrote, so many of them.
    pub(crate) async fn wrote(&self, channel: &str, count: usize) -> Vec<Value> {
        let wrote = |deed: &&super::channels::Deed| deed.what == Operation::CreateMessage && deed.channel == channel;
        let all = |world: &super::world::World| {
            let bodies: Vec<_> = world.deeds.iter().filter(wrote).map(|deed| deed.body.clone()).collect();
            (bodies.len() >= count).then_some(bodies)
        };
        self.shared.wait(&format!("{count} messages in {channel}"), all).await
    }

    /// A channel or thread as it is now.
    pub(crate) fn channel(&self, id: &str) -> Value {
        self.shared.read(|world| super::channels::find(world, id)).expect("it is there")
    }

    /// Waits until a line of the log has this in it.
    pub(crate) async fn logged(&self, text: &str) {
        let has = |world: &super::world::World| world.logs.iter().any(|line| line.contains(text)).then_some(());
        self.shared.wait(&format!("a line of the log with `{text}`"), has).await;
    }

    /// Waits until an entry of the journal has this in it.
    pub(crate) async fn happened(&self, text: &str) {
        let has = |world: &super::world::World| world.journal.iter().any(|line| line.contains(text)).then_some(());
        self.shared.wait(&format!("`{text}` in the journal"), has).await;
    }

    /// Waits until commands are registered, and gives them all.
    pub(crate) async fn commands(&self) -> Vec<Value> {
        let there = |world: &super::world::World| (!world.commands.is_empty()).then(|| world.visible_commands());
        self.shared.wait("registered commands", there).await
    }

    /// All that the bot did wrong so far.
    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.shared.read(|world| world.violations.clone())
    }

    /// What happened so far, a line each.
    pub(crate) fn journal(&self) -> Vec<String> {
        self.shared.read(|world| world.journal.clone())
    }

    /// What serenity and mailmedic logged so far in this process.
    pub(crate) fn logs(&self) -> Vec<String> {
        self.shared.read(|world| world.logs.clone())
    }

    /// Judges what a bot in a process of its own wrote, as the log of a bot in this process is judged.
    pub(crate) fn judge_output(&self, output: &str) {
        self.shared.change(|world| output.lines().for_each(|line| logs::judge(world, line, "the output")));
    }

    /// Ends the stand-in: waits for what is still open, then panics with everything that was wrong.
    pub(crate) async fn finish(self) {
        let open = self.settle().await;
        let violations = self.violations();
        let journal = self.shared.read(tale);
        drop(self.end());
        assert!(violations.is_empty() && open.is_empty(), "{}", verdict(&violations, &open, &journal));
    }

    /// Ends the stand-in, and gives what was wrong instead of panicking: for tests that want it.
    pub(crate) async fn finish_with_violations(self) -> Vec<String> {
        let open = self.settle().await;
        self.end().into_iter().map(|violation| violation.what).chain(open).collect()
    }

    async fn settle(&self) -> Vec<String> {
        let settled = |world: &super::world::World| interactions::unsettled(world).is_empty().then_some(());
        self.shared.wait_within(self.shared.settings.patience, settled).await;
        self.shared.read(interactions::unsettled)
    }

    fn end(mut self) -> Vec<Violation> {
        self.finished = true;
        self.violations()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        logs::forget(&self.shared);
        if self.finished || std::thread::panicking() {
            return;
        }
        let violations = self.violations();
        assert!(violations.is_empty(), "{}", verdict(&violations, &[], &self.shared.read(tale)));
    }
}

fn verdict(violations: &[Violation], open: &[String], journal: &str) -> String {
    let told: Vec<String> = violations.iter().map(ToString::to_string).chain(open.iter().cloned()).collect();
    format!("the bot did what Discord or its users would not take:\n{}\n\n{journal}", told.join("\n"))
}

fn application_id() -> ApplicationId {
    ApplicationId::new(APPLICATION.parse().expect("digits"))
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port on the loopback")
}
