//! The gateway: interactions and mentions over Discord's websocket.
//!
//! serenity holds the connection, resumes it and starts again; every event is handed on at once.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use serenity::client::{ClientBuilder, Context, EventHandler};
use serenity::gateway::{ConnectionStage, ShardStageUpdateEvent};
use serenity::http::Http;
use serenity::model::application::Interaction;
use serenity::model::channel::Message;
use serenity::model::event::ResumedEvent;
use serenity::model::gateway::{GatewayIntents, Ready};
use serenity::model::id::UserId;
use tokio_util::sync::CancellationToken;

use super::bot::{Bot, ServeError};
use super::send::{ANSWER, within};
use crate::config;

/// What the gateway tells us of: messages in guilds and to the bot. Their content comes along only where they mention
/// the bot, unless the privileged intent for it is asked for: where questions shall be answered that nobody asked it.
fn intents(settings: &config::Discord) -> GatewayIntents {
    let all = GatewayIntents::GUILD_MESSAGES | GatewayIntents::DIRECT_MESSAGES;
    let listens = !settings.channels.is_empty() || !settings.forums.is_empty();
    if listens { all | GatewayIntents::MESSAGE_CONTENT } else { all }
}

/// How long to wait before Discord is asked again.
const AGAIN: Duration = Duration::from_secs(5);
/// How long the connection may take to close.
const FAREWELL: Duration = Duration::from_secs(3);

/// Keeps the gateway until `stop`; without a client for it, waits for `stop` alone.
pub(super) async fn run(bot: &Bot, http: Option<Http>, stop: CancellationToken) -> Result<(), ServeError> {
    let Some(http) = http else {
        stop.cancelled().await;
        return Ok(());
    };
    let handler = Handler { bot: bot.clone(), me: OnceLock::new() };
    if !reachable(&http, &stop).await {
        return Ok(());
    }
    let failed = |error| ServeError::Gateway(Box::new(error));
    let mut client =
        ClientBuilder::new_with_http(http, intents(bot.settings())).event_handler(handler).await.map_err(failed)?;
    let shards = Arc::clone(&client.shard_manager);
    tokio::select! {
        ended = client.start() => ended.map_err(failed),
        () = async {
            stop.cancelled().await;
            shards.shutdown_all().await;
            // What is left of the connection ends with the process; answers under way need only the REST interface.
            tokio::time::sleep(FAREWELL).await;
        } => Ok(()),
    }
}

/// Waits until Discord says where its gateway is; false when it is time to stop. serenity by itself would go on to an
/// address of its own, past any proxy, and without a word.
async fn reachable(http: &Http, stop: &CancellationToken) -> bool {
    loop {
        match within(ANSWER, http.get_gateway()).await {
            Ok(_) => return true,
            Err(error) => tracing::warn!(error, "the gateway cannot be reached; trying again in {AGAIN:?}"),
        }
        tokio::select! {
            () = stop.cancelled() => return false,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

struct Handler {
    bot: Bot,
    /// The bot's own user, known once the gateway is ready.
    me: OnceLock<UserId>,
}

#[async_trait]
impl EventHandler for Handler {
    async fn ready(&self, _: Context, ready: Ready) {
        tracing::info!(bot = %ready.user.name, "connected to the gateway");
        let _ = self.me.set(ready.user.id);
        self.bot.set_connected(true);
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        self.bot.set_connected(true);
    }

    async fn shard_stage_update(&self, _: Context, change: ShardStageUpdateEvent) {
        if change.new != ConnectionStage::Connected {
            self.bot.set_connected(false);
        }
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        self.bot.take_from_gateway(&interaction);
    }

    async fn message(&self, _: Context, message: Message) {
        let Some(&me) = self.me.get() else { return };
        self.bot.take_message(message, me);
    }
}
