//! What sets the bot up: register its commands, invite it, find out what is wrong, and serve.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;

use serenity::http::{Http, HttpBuilder};
use serenity::model::Permissions;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::bot::{Bot, ServeError, Serving};
use super::commands::commands;
use super::mention::{Reach, reach};
use super::send::{ANSWER, Content, Failure, content, within};
use super::signature::Gate;
use crate::config::{Config, Discord, Place, Token, Transport};
use crate::engine::Engine;
use crate::store::{Guild, Role, Store, StoreError};
use crate::surface::cli::{Command, Exit};
use crate::surface::mailbox;

/// What the bot needs in a guild: to see channels, and to answer in them and in their threads, with an embed, as a
/// reply to what it can read; to open a thread for an answer, and to mark a question as solved.
const PERMISSIONS: Permissions = Permissions::VIEW_CHANNEL
    .union(Permissions::SEND_MESSAGES)
    .union(Permissions::SEND_MESSAGES_IN_THREADS)
    .union(Permissions::CREATE_PUBLIC_THREADS)
    .union(Permissions::EMBED_LINKS)
    .union(Permissions::ADD_REACTIONS)
    .union(Permissions::READ_MESSAGE_HISTORY);

/// Runs one of the commands that concern Discord.
pub async fn run(command: &Command, engine: &Arc<Engine>, out: &mut dyn Write) -> io::Result<Exit> {
    let settings = &engine.config().discord;
    match command {
        Command::Invite => match invite(settings) {
            Ok(link) => writeln!(out, "{link}").map(|()| Exit::Fine),
            Err(missing) => refuse(missing, Exit::Configuration),
        },
        Command::Register => register(engine, out).await,
        Command::Doctor => doctor(engine, out).await,
        _ => serve(engine).await,
    }
}

/// Says what is missing on stderr.
fn refuse(what: impl Display, exit: Exit) -> io::Result<Exit> {
    writeln!(io::stderr(), "error: {what}")?;
    Ok(exit)
}

/// What the configuration does not say, and what works all the same.
#[derive(Debug, thiserror::Error)]
enum Missing {
    #[error("there is no bot token: set `DISCORD_TOKEN`, or `token_file` under `[discord]`{WITHOUT_DISCORD}")]
    Token,
    #[error("{0}{WITHOUT_DISCORD}")]
    TokenFile(String),
    #[error(
        "there is no application id: set `application_id` under `[discord]` to the number in the developer portal{WITHOUT_DISCORD}"
    )]
    ApplicationId,
    #[error(
        "there is no public key: set `public_key` under `[discord]`, or `transport = \"gateway\"`{WITHOUT_DISCORD}"
    )]
    PublicKey,
}

/// How the content of messages is granted.
pub(super) const GRANT: &str =
    "switch on \"Message Content Intent\" in the developer portal (Bot, Privileged Gateway Intents)";

const WITHOUT_DISCORD: &str = "\n  without it still work: mailmedic ask, check, spf, chat, demo, knowledge";

fn application_id(settings: &Discord) -> Result<u64, Missing> {
    settings.application_id.ok_or(Missing::ApplicationId)
}

fn token(settings: &Discord) -> Result<Token, Missing> {
    match Token::find(settings) {
        Ok(Some(token)) => Ok(token),
        Ok(None) => Err(Missing::Token),
        Err(error) => Err(Missing::TokenFile(error)),
    }
}

/// The REST client: straight to Discord with serenity's own rate limiting, or through a proxy that does it.
fn http(settings: &Discord) -> Result<Http, Missing> {
    let id = application_id(settings)?;
    let token = token(settings)?;
    let builder = HttpBuilder::new(token.expose()).application_id(id.into());
    Ok(match &settings.proxy_url {
        Some(proxy) => builder.proxy(proxy).ratelimiter_disabled(true).build(),
        None => builder.build(),
    })
}

fn invite(settings: &Discord) -> Result<String, Missing> {
    let id = application_id(settings)?;
    let permissions = PERMISSIONS.bits();
    Ok(format!(
        "https://discord.com/oauth2/authorize?client_id={id}&scope=bot%20applications.commands&permissions={permissions}"
    ))
}

async fn register(engine: &Arc<Engine>, out: &mut dyn Write) -> io::Result<Exit> {
    let settings = &engine.config().discord;
    let http = match http(settings) {
        Ok(http) => http,
        Err(missing) => return refuse(missing, Exit::Configuration),
    };
    let guilds: Vec<Option<u64>> = settings.guilds.iter().copied().map(Some).collect();
    for guild in if guilds.is_empty() { &[None] } else { guilds.as_slice() } {
        let place = guild.map_or_else(|| "everywhere".to_owned(), |guild| format!("in guild {guild}"));
        match replace_commands(&http, *guild).await {
            Ok(count) => writeln!(out, "{count} commands registered {place}")?,
            Err(error) => {
                return refuse(format!("the commands could not be registered {place}: {error}"), Exit::Unknown);
            }
        }
    }
    Ok(Exit::Fine)
}

/// Replaces all commands by those of the tables, in one guild or everywhere; how many they are.
pub async fn replace_commands(http: &Http, guild: Option<u64>) -> Result<usize, String> {
    let made = match guild {
        Some(guild) => within(ANSWER, http.create_guild_commands(guild.into(), &commands())).await,
        None => within(ANSWER, http.create_global_commands(&commands())).await,
    };
    made.map(|made| made.len()).map_err(|error| error.to_string())
}

/// Every part of the set-up in a line: what is in order, and what to do where it is not.
async fn doctor(engine: &Arc<Engine>, out: &mut dyn Write) -> io::Result<Exit> {
    let settings = &engine.config().discord;
    let mut worst = Exit::Fine;
    let mut line = |result: Result<String, String>| {
        let (mark, text) = match &result {
            Ok(text) => ("ok     ", text),
            Err(text) => ("missing", text),
        };
        if result.is_err() {
            worst = Exit::Findings;
        }
        writeln!(out, "{mark}  {}", text.replace(WITHOUT_DISCORD, ""))
    };
    line(Ok(format!("knowledge: {} entries", engine.knowledge().entries().count())))?;
    line(if engine.resolver_answers().await {
        Ok(format!("resolver: {} answers", engine.resolver()))
    } else {
        Err(format!("resolver: {} does not answer; set `servers` under `[resolver]`", engine.resolver()))
    })?;
    line(application_id(settings).map(|id| format!("application id: {id}")).map_err(|error| error.to_string()))?;
    if settings.transport != Transport::Gateway {
        line(
            settings.public_key.map(|key| format!("public key: {key}")).ok_or_else(|| Missing::PublicKey.to_string()),
        )?;
    }
    line(Ok(engine.config().http.public_url.as_ref().map_or_else(
        || "links: answers have none to the page of their entry; set `public_url` under `[http]` to where your TLS proxy shows the address of `listen`".to_owned(),
        |url| format!("links: answers lead to {url}/e/ENTRY"),
    )))?;
    match http(settings) {
        Err(missing) => line(Err(missing.to_string()))?,
        Ok(http) => {
            line(match within(ANSWER, http.get_current_user()).await {
                Ok(user) => Ok(format!("token: Discord knows it as {}", user.name)),
                Err(error) => Err(format!("token: {error}")),
            })?;
            line(match content(&http).await {
                Ok(Content::Given) => Ok("message content: granted".to_owned()),
                // Where nobody needs to be answered without asking, it is not missed.
                Ok(Content::Withheld) if settings.channels.is_empty() && settings.forums.is_empty() => Ok(format!(
                    "message content: not granted; commands and mentions work, and to answer in channels and forums, {GRANT}"
                )),
                Ok(Content::Withheld) => {
                    Err(format!("message content: not granted, so the channels and forums stay unread; {GRANT}"))
                }
                Err(error) => Err(format!("message content: {error}")),
            })?;
            let expected = commands().as_array().map_or(0, Vec::len);
            let registered = match settings.guilds.first() {
                Some(guild) => within(ANSWER, http.get_guild_commands((*guild).into())).await,
                None => within(ANSWER, http.get_global_commands()).await,
            };
            line(match registered {
                Ok(found) if found.len() == expected => Ok(format!("commands: {expected} registered")),
                Ok(found) => {
                    Err(format!("commands: {} of {expected} registered; run `mailmedic register`", found.len()))
                }
                Err(error) => Err(format!("commands: {error}")),
            })?;
            if let Some(role) = settings.mention_role {
                line(mention(&http, settings, Role(role)).await.map_err(|error| format!("mention role: {error}")))?;
            }
        }
    }
    Ok(worst)
}

/// Whether the role that is called when somebody wants a person hears it, on the server that has it.
async fn mention(http: &Http, settings: &Discord, role: Role) -> Result<String, String> {
    let words = |error: Failure| error.to_string();
    let guilds: Vec<u64> = match settings.guilds.as_slice() {
        [] => within(ANSWER, http.get_guilds(None, None))
            .await
            .map_err(words)?
            .iter()
            .map(|guild| guild.id.get())
            .collect(),
        named => named.to_vec(),
    };
    for guild in guilds {
        match reach(http, Guild(guild), role).await.map_err(words)? {
            Reach::NoRole => {}
            found => {
                return found.trouble().map_or_else(|| Ok(format!("mention role: {role}")), |why| Err(why.to_owned()));
            }
        }
    }
    Err(format!("no server that mailmedic is on has a role {role}; set `mention_role` under `[discord]`"))
}

async fn serve(engine: &Arc<Engine>) -> io::Result<Exit> {
    let config = engine.config();
    let settings = &config.discord;
    let (rest, key) = match (http(settings), settings.public_key) {
        (Err(missing), _) => return refuse(missing, Exit::Configuration),
        (Ok(_), None) if settings.transport != Transport::Gateway => {
            return refuse(Missing::PublicKey, Exit::Configuration);
        }
        (Ok(rest), key) => (rest, key.filter(|_| settings.transport != Transport::Gateway)),
    };
    if key.is_some_and(|key| Gate::new(key).is_none()) {
        return refuse(ServeError::Key, Exit::Configuration);
    }
    let store = match open_store(config).await {
        Ok(store) => store,
        Err(error) => return refuse(with_cause(&error), Exit::Configuration),
    };
    let listener = match TcpListener::bind(config.http.listen).await {
        Ok(listener) => listener,
        Err(error) => return refuse(with_cause(&ServeError::Listen(config.http.listen, error)), Exit::Configuration),
    };
    let mailbox = match mailbox::start(&config.mailbox).await {
        Ok(mailbox) => mailbox,
        Err(error) => return refuse(with_cause(&error), Exit::Configuration),
    };
    tracing::info!(listen = %listener.local_addr()?, transport = ?settings.transport, "serving");
    let gateway = if settings.transport == Transport::Http { None } else { http(settings).ok() };
    // A file is one process's own; of those who share a server, one holds the gateway.
    let shared = matches!(config.store.place, Place::Server(_)).then(|| store.clone());
    let files = match reqwest::Client::builder().https_only(true).redirect(reqwest::redirect::Policy::none()).build() {
        Ok(files) => files,
        Err(error) => return refuse(format!("files of Discord cannot be fetched: {error}"), Exit::Bug),
    };
    let registry = mailbox.as_ref().map(|mailbox| Arc::clone(&mailbox.registry));
    let serving = Serving { gateway, shared, public_key: key, listener, mailbox: registry };
    match Bot::new(Arc::clone(engine), Arc::new(rest), store, files).serve(serving, asked_to_stop()?).await {
        Ok(()) => Ok(Exit::Fine),
        Err(error @ ServeError::Gateway(_)) => refuse(error, Exit::Configuration),
        Err(error) => refuse(with_cause(&error), Exit::Unknown),
    }
}

async fn open_store(config: &Config) -> Result<Store, StoreError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| StoreError::Unreadable(format!("no randomness: {error}")))?;
    Store::open(&config.store, config.limits, seed).await
}

fn with_cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}\n  cause: {cause}"))
}

/// Ends at SIGTERM or SIGINT.
fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
