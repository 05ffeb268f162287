//! The gateway: interactions and mentions over Discord's websocket.
//!
//! serenity reads the events and makes no connection: its client begins a new session where a connection died without
//! breaking, and what came meanwhile is lost; and it resumes where Discord asks not to. Here `connection` is one
//! connection, `pulse` tells a dead one, `session` is what outlives it, and `pace` how long to wait before the next. `owner` sees to it
//! that of several replicas one alone is connected.

mod connection;
mod owner;
mod pace;
mod pulse;
mod session;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serenity::http::Http;
use serenity::model::application::Interaction;
use serenity::model::channel::Message;
use serenity::model::gateway::GatewayIntents;
use serenity::model::id::UserId;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::bot::{Bot, Link};
use super::lot::lot;
use super::send::{Content, Failure, content};
use super::setup::GRANT;
use crate::store::Store;
use connection::{Connection, End, Identity, STEP, Socket};
use pace::Pace;
use session::{Session, address};

/// Why Discord's gateway does not want the bot; trying again changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// 4004
    #[error("Discord does not take the bot's token: copy it again from the developer portal (Bot, Reset Token)")]
    Token,
    /// 4010, 4011
    #[error("the bot is in more guilds than one connection may serve, and mailmedic has no shards")]
    Shards,
    /// 4012
    #[error("Discord no longer speaks this version of its gateway: a newer mailmedic is needed")]
    Version,
    /// 4013, or 4014 without what could be done without
    #[error(
        "Discord does not take the intents that mailmedic asks for: look at the developer portal (Bot, Privileged Gateway Intents)"
    )]
    Intents,
}

/// What the bot asks to be told of: messages in guilds and to the bot. Where they mention the bot, their content comes along;
/// elsewhere it takes a privileged intent, since staff may choose a channel at any time.
const fn intents(content: Content) -> GatewayIntents {
    let basic = GatewayIntents::GUILD_MESSAGES.union(GatewayIntents::DIRECT_MESSAGES);
    match content {
        Content::Given => basic.union(GatewayIntents::MESSAGE_CONTENT),
        Content::Withheld => basic,
    }
}

/// Holds the gateway until `stop`; without a client for it, waits for `stop` alone. Where replicas share a store, only the
/// one that has its lease is connected.
pub(super) async fn run(
    bot: &Bot,
    http: Option<Http>,
    shared: Option<&Store>,
    stop: &CancellationToken,
) -> Result<(), Refused> {
    let Some(http) = http else {
        stop.cancelled().await;
        return Ok(());
    };
    let gateway = &Gateway::new(bot.clone(), http);
    match shared {
        Some(store) => {
            let standby = || bot.set_link(Link::Standby);
            owner::alone(store, stop, standby, |ours| async move { gateway.hold(&ours).await }).await
        }
        None => gateway.hold(stop).await,
    }
}

/// What the bot is on the gateway; its connections come and go.
struct Gateway {
    bot: Bot,
    http: Http,
    /// Discord closed a connection that asked for the content of messages.
    content_refused: AtomicBool,
    /// That it is not to be had was told in the log.
    content_missed: AtomicBool,
    /// The bot's own user, known once the gateway is ready.
    me: Arc<OnceLock<UserId>>,
}

/// What to do after a connection.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Resume,
    Identify,
    /// Do without the content of messages.
    IdentifyWithoutContent,
    Refused(Refused),
    Stop,
}

/// Said once, in the log.
const WITHHELD: &str = "the developer portal does not grant this bot the content of messages: questions that do not mention \
    it stay unread, while commands and mentions work";

impl Gateway {
    fn new(bot: Bot, http: Http) -> Self {
        let (content_refused, content_missed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { bot, http, content_refused, content_missed, me: Arc::default() }
    }

    /// Holds the gateway until `stop`.
    async fn hold(&self, stop: &CancellationToken) -> Result<(), Refused> {
        let (mut pace, mut session, mut content) = (Pace::default(), None, Content::Given);
        loop {
            let wait = match &session {
                Some(_) => pace.before_resume(lot()),
                None => pace.before_identify(lot(), Instant::now()),
            };
            let end = tokio::select! {
                () = sleep(wait) => self.connection(&mut session, &mut content, &mut pace, stop).await,
                () = stop.cancelled() => End::Stopped,
            };
            self.bot.set_link(Link::Down);
            match after(end, content) {
                Next::Stop => return Ok(()),
                Next::Refused(refused) => return Err(refused),
                Next::Resume => {}
                Next::Identify => session = None,
                Next::IdentifyWithoutContent => {
                    session = None;
                    self.content_refused.store(true, Ordering::Relaxed);
                }
            }
            tracing::info!(?end, "not connected to the gateway; connecting again");
        }
    }

    /// One connection, from the question where the gateway is to its end.
    async fn connection(
        &self,
        session: &mut Option<Session>,
        content: &mut Content,
        pace: &mut Pace,
        stop: &CancellationToken,
    ) -> End {
        let opened = tokio::select! {
            opened = self.open(session.as_mut(), content) => opened,
            () = stop.cancelled() => Err(End::Stopped),
        };
        let (url, mut socket) = match opened {
            Ok(opened) => opened,
            Err(end) => return end,
        };
        if session.is_none() {
            pace.identified(Instant::now());
        }
        let token = self.http.token();
        let token = token.strip_prefix("Bot ").unwrap_or(token).to_owned();
        let identity = Identity { token, intents: intents(*content) };
        let hear = |name: &str, data: &str| self.hear(name, data);
        let mut connection =
            Connection { socket: &mut socket, url: &url, identity: &identity, session, hear, ready: None };
        let end = connection.run(lot(), stop).await;
        if let Some(ready) = connection.ready {
            pace.lasted(ready.elapsed(), Instant::now());
        }
        end
    }

    /// Opens a connection.
    async fn open(
        &self,
        session: Option<&mut Session>,
        content: &mut Content,
    ) -> Result<(Url, impl Socket + use<>), End> {
        let url = if let Some(session) = &session {
            session.url.clone()
        } else {
            let url = self.find().await?;
            *content = self.content().await;
            url
        };
        if let Ok(Ok((socket, _))) = timeout(STEP, tokio_tungstenite::connect_async(url.as_str())).await {
            return Ok((url, socket));
        }
        tracing::warn!(host = url.host_str(), "the gateway takes no connection");
        // Where a session was to be resumed, there may be nobody any more.
        if let Some(session) = session {
            session.url = self.find().await?;
        }
        Err(End::Broken)
    }

    /// Where the gateway is.
    async fn find(&self) -> Result<Url, End> {
        let told = match timeout(STEP, self.http.get_gateway()).await {
            Ok(told) => told.map_err(Failure::from),
            Err(_) => Err(Failure::Silent),
        };
        match told {
            Ok(told) => address(&told.url).ok_or(End::Broken),
            Err(failure) if failure.status() == Some(401) => Err(End::Closed(Some(4004))),
            Err(failure) => {
                tracing::warn!(%failure, "the gateway cannot be found");
                Err(End::Broken)
            }
        }
    }

    /// Whether to ask for the content of messages: unless Discord says before that it is withheld, for an IDENTIFY that is
    /// refused makes the next one wait.
    async fn content(&self) -> Content {
        let content = if self.content_refused.load(Ordering::Relaxed) {
            Content::Withheld
        } else {
            content(&self.http).await.unwrap_or(Content::Given)
        };
        if content == Content::Withheld && !self.content_missed.swap(true, Ordering::Relaxed) {
            tracing::warn!("{WITHHELD}. To change that, {GRANT}, and restart");
        }
        self.bot.note_content(content);
        content
    }

    /// Takes an event.
    fn hear(&self, name: &str, data: &str) {
        match name {
            "READY" => {
                if let Some(ready) = read::<Ready>(name, data) {
                    tracing::info!(bot = ready.user.username, "connected to the gateway");
                    let _ = self.me.set(ready.user.id);
                }
                self.bot.set_link(Link::Up);
            }
            "RESUMED" => self.bot.set_link(Link::Up),
            "INTERACTION_CREATE" => {
                self.apart(name, data, |bot, interaction: Interaction, _| bot.take_from_gateway(interaction));
            }
            "MESSAGE_CREATE" => self.apart(name, data, |bot, message: Message, me| bot.take_message(message, me)),
            _ => {}
        }
    }

    /// Reads an event and takes it in a task of its own, so that a bug in that ends nothing else.
    fn apart<T: DeserializeOwned + Send + 'static>(&self, name: &str, data: &str, take: fn(&Bot, T, UserId)) {
        let Some(&me) = self.me.get() else { return };
        let (bot, name, data) = (self.bot.clone(), name.to_owned(), data.to_owned());
        tokio::spawn(async move {
            if let Some(event) = read(&name, &data) {
                take(&bot, event, me);
            }
        });
    }
}

/// The part of READY that says who the bot is.
#[derive(Deserialize)]
struct Ready {
    user: Me,
}

#[derive(Deserialize)]
struct Me {
    id: UserId,
    username: String,
}

/// Reads an event's data; what is in it is nobody's business when it cannot be read.
fn read<T: DeserializeOwned>(name: &str, data: &str) -> Option<T> {
    let event = serde_json::from_str(data).ok();
    if event.is_none() {
        tracing::warn!("an event of the gateway could not be read: {name}");
    }
    event
}

/// What to do after a connection ended (Discord, "Gateway Close Event Codes").
fn after(end: End, asked_for: Content) -> Next {
    match end {
        End::Stopped => Next::Stop,
        End::Invalid | End::Closed(Some(4003 | 4005 | 4007 | 4009)) => Next::Identify,
        End::Closed(Some(4004)) => Next::Refused(Refused::Token),
        End::Closed(Some(4010 | 4011)) => Next::Refused(Refused::Shards),
        End::Closed(Some(4012)) => Next::Refused(Refused::Version),
        End::Closed(Some(4014)) if asked_for == Content::Given => Next::IdentifyWithoutContent,
        End::Closed(Some(4013 | 4014)) => Next::Refused(Refused::Intents),
        End::Closed(_) | End::Broken | End::Silent | End::Asked | End::Interrupted => Next::Resume,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_discord_closes_for_good_is_not_tried_again() {
        for (code, refused) in [
            (4004, Refused::Token),
            (4010, Refused::Shards),
            (4011, Refused::Shards),
            (4012, Refused::Version),
            (4013, Refused::Intents),
            (4014, Refused::Intents),
        ] {
            assert_eq!(after(End::Closed(Some(code)), Content::Withheld), Next::Refused(refused), "{code}");
        }
    }

    #[test]
    fn a_session_is_resumed_unless_discord_says_that_it_is_over() {
        let basic = Content::Withheld;
        for end in [End::Broken, End::Silent, End::Asked, End::Interrupted, End::Closed(None)] {
            assert_eq!(after(end, basic), Next::Resume, "{end:?}");
        }
        for code in [1000, 1001, 1006, 4000, 4001, 4002, 4008] {
            assert_eq!(after(End::Closed(Some(code)), basic), Next::Resume, "{code}");
        }
        for code in [4003, 4005, 4007, 4009] {
            assert_eq!(after(End::Closed(Some(code)), basic), Next::Identify, "{code}");
        }
    }

    #[test]
    fn without_the_content_of_messages_the_bot_does_the_rest() {
        assert!(!intents(Content::Withheld).contains(GatewayIntents::MESSAGE_CONTENT));
        assert_eq!(after(End::Closed(Some(4014)), Content::Given), Next::IdentifyWithoutContent);
        assert_eq!(after(End::Closed(Some(4013)), Content::Given), Next::Refused(Refused::Intents));
    }
}
