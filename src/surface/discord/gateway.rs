//! The gateway: interactions and mentions over Discord's websocket.
//!
//! serenity holds the connection, resumes it and starts again; every event is handed on at once.

use std::sync::{Arc, OnceLock};

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

/// What the gateway tells us of: messages in guilds and to the bot. Their content comes along only where they mention
/// the bot, which needs no privileged intent.
const INTENTS: GatewayIntents = GatewayIntents::GUILD_MESSAGES.union(GatewayIntents::DIRECT_MESSAGES);

/// Keeps the gateway until `stop`; without a client for it, waits for `stop` alone.
pub(super) async fn run(bot: &Bot, http: Option<Http>, stop: CancellationToken) -> Result<(), ServeError> {
    let Some(http) = http else {
        stop.cancelled().await;
        return Ok(());
    };
    let handler = Handler { bot: bot.clone(), me: OnceLock::new() };
    let failed = |error| ServeError::Gateway(Box::new(error));
    let mut client = ClientBuilder::new_with_http(http, INTENTS).event_handler(handler).await.map_err(failed)?;
    let shards = Arc::clone(&client.shard_manager);
    let stopper = tokio::spawn(async move {
        stop.cancelled().await;
        shards.shutdown_all().await;
    });
    let ended = client.start().await.map_err(failed);
    stopper.abort();
    ended
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
        let mentioned = message.guild_id.is_none() || message.mentions.iter().any(|user| user.id == me);
        if mentioned && !message.author.bot && message.webhook_id.is_none() {
            self.bot.take_mention(&message, me);
        }
    }
}
