//! A tiny bot: it registers commands, defers and edits, answers mentions, and changes the message of a pressed button.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serenity::all::{
    ClientBuilder, CommandInteraction, CommandOptionType, CommandType, ComponentInteraction, Context, CreateActionRow,
    CreateAllowedMentions, CreateAttachment, CreateAutocompleteResponse, CreateButton, CreateCommand,
    CreateCommandOption, CreateEmbed, CreateInteractionResponse, CreateInteractionResponseMessage, CreateMessage,
    EditInteractionResponse, EventHandler, GatewayIntents, Interaction, Message, Ready, ShardManager,
};
use serenity::async_trait;
use serenity::http::{Http, RatelimitInfo};

/// A running bot; it ends with the runtime of its test.
pub(super) struct Bot {
    pub(super) shards: Arc<ShardManager>,
    /// The waits that serenity's rate limiter told of.
    pub(super) waits: Arc<Mutex<Vec<Duration>>>,
    /// The errors of its requests.
    pub(super) errors: Arc<Mutex<Vec<String>>>,
}

struct Handler {
    waits: Arc<Mutex<Vec<Duration>>>,
    errors: Arc<Mutex<Vec<String>>>,
}

pub(super) const INTENTS: GatewayIntents =
    GatewayIntents::GUILDS.union(GatewayIntents::GUILD_MESSAGES).union(GatewayIntents::DIRECT_MESSAGES);

/// Starts the bot, and waits until it is connected and its commands are registered.
pub(super) async fn start(discord: &super::StandIn, http: Http) -> Bot {
    let (waits, errors) = (Arc::default(), Arc::default());
    let handler = Handler { waits: Arc::clone(&waits), errors: Arc::clone(&errors) };
    let mut client = ClientBuilder::new_with_http(http, INTENTS).event_handler(handler).await.unwrap();
    let shards = Arc::clone(&client.shard_manager);
    tokio::spawn(async move { client.start().await });
    discord.gateway().connected().await;
    discord.commands().await;
    Bot { shards, waits, errors }
}

fn quiet() -> CreateAllowedMentions {
    CreateAllowedMentions::new()
}

#[async_trait]
impl EventHandler for Handler {
    async fn ready(&self, context: Context, _: Ready) {
        let domain = CreateCommandOption::new(CommandOptionType::String, "domain", "The domain to look at");
        let domain = domain.required(true).set_autocomplete(true);
        let file = CreateCommandOption::new(CommandOptionType::Attachment, "file", "A bounce, or headers");
        let check = CreateCommand::new("check").description("Looks at a domain").add_option(domain).add_option(file);
        let check = check.default_member_permissions(serenity::all::Permissions::SEND_MESSAGES);
        let remedy = CreateCommand::new("Find the remedy").kind(CommandType::Message);
        self.note(serenity::all::Command::set_global_commands(&context.http, vec![check, remedy]).await);
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        match interaction {
            Interaction::Command(command) => self.note(answer(&context, &command).await),
            Interaction::Component(component) => self.note(refresh(&context, &component).await),
            Interaction::Autocomplete(typing) => {
                let choices = CreateAutocompleteResponse::new().add_string_choice("example.com", "example.com");
                let response = CreateInteractionResponse::Autocomplete(choices);
                self.note(typing.create_response(&context.http, response).await);
            }
            _ => {}
        }
    }

    async fn message(&self, context: Context, message: Message) {
        if message.author.bot || !(message.guild_id.is_none() || message.mentions_me(&context.http).await.unwrap()) {
            return;
        }
        self.note(message.channel_id.broadcast_typing(&context.http).await);
        let reply = CreateMessage::new().content("Try this.").reference_message(&message).allowed_mentions(quiet());
        self.note(message.channel_id.send_message(&context.http, reply).await);
    }

    async fn ratelimit(&self, info: RatelimitInfo) {
        self.waits.lock().unwrap().push(info.timeout);
    }
}

impl Handler {
    fn note<T>(&self, result: serenity::Result<T>) {
        if let Err(error) = result {
            self.errors.lock().unwrap().push(error.to_string());
        }
    }
}

async fn answer(context: &Context, command: &CommandInteraction) -> serenity::Result<()> {
    command.defer_ephemeral(&context.http).await?;
    let said = command.data.resolved.messages.values().next().map(|message| message.content.clone());
    let embed = CreateEmbed::new().title("Looked at it").description(said.unwrap_or_default());
    let button = CreateButton::new("refresh:example.com").label("Refresh");
    let edit = EditInteractionResponse::new().embed(embed).allowed_mentions(quiet());
    let edit = edit.components(vec![CreateActionRow::Buttons(vec![button])]);
    let edit = edit.new_attachment(CreateAttachment::bytes("the report\r\n", "report.txt"));
    command.edit_response(&context.http, edit).await?;
    Ok(())
}

async fn refresh(context: &Context, component: &ComponentInteraction) -> serenity::Result<()> {
    let change = CreateInteractionResponseMessage::new().content("Looked again").allowed_mentions(quiet());
    component.create_response(&context.http, CreateInteractionResponse::UpdateMessage(change)).await
}
