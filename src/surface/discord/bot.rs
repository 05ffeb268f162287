//! The bot at work: what happens between the acknowledgement and the answer, and how it ends in good order.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serenity::http::Http;
use serenity::model::application::Interaction;
use serenity::model::channel::Message;
use serenity::model::id::{ChannelId, InteractionId, MessageId, UserId};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::commands::commands;
use super::plan::{self, Plan};
use super::send::{Callback, Sender};
use super::{gateway, http};
use crate::answer::Answer;
use crate::config::{Config, PublicKey};
use crate::engine::Engine;
use crate::request::Request;
use crate::store::Store;
use crate::text::Text;

/// How long a person sees "thinking" before what is known so far is shown.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// How long the answer waits for Discord to read the response to its HTTP request, before which it knows no message
/// that could be edited.
const HEAD_START: Duration = Duration::from_millis(50);
/// How many answers may be under way at once, over all people; acknowledgements do not wait for their turn. So many that
/// all their questions fit into what the resolver takes at once: a flood waits here, where no budget runs yet.
const ANSWERS_AT_ONCE: usize = 8;
/// How long answers under way may take after the end was asked for: the budget of a check, and a little to send it.
const LAST_ANSWERS: Duration = Duration::from_secs(15);

/// Everything that answering on Discord needs; cheap to clone.
#[derive(Clone)]
pub struct Bot {
    engine: Arc<Engine>,
    sender: Sender,
    tasks: TaskTracker,
    turns: Arc<Semaphore>,
    link: watch::Sender<Link>,
}

/// How the bot stands with the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// Connected, and told of all that happens.
    Up,
    /// Not connected, and working on it.
    Down,
    /// Another replica is connected; this one takes over when that one ends.
    Standby,
}

/// Why the bot stopped without being asked to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address to listen on cannot be had.
    #[error(
        "cannot listen on `{0}`; another program may hold it, or `[http] listen` names an address that is not this machine's"
    )]
    Listen(SocketAddr, #[source] io::Error),
    /// The HTTP listener failed.
    #[error("the HTTP listener failed")]
    Http(#[source] io::Error),
    /// Discord does not want the bot on its gateway.
    #[error(transparent)]
    Gateway(gateway::Refused),
    /// The public key is no key.
    #[error("`[discord] public_key` is not a valid key; copy it again from the developer portal")]
    Key,
}

/// What the bot serves, and on what.
pub struct Serving {
    /// The client for the gateway; none to do without.
    pub gateway: Option<Http>,
    /// The store by which several replicas agree on which of them holds the gateway; none where there is one alone.
    pub shared: Option<Store>,
    /// Who signs interactions that arrive over HTTP; none to take none.
    pub public_key: Option<PublicKey>,
    /// Where health, and with HTTP the interactions, are asked for.
    pub listener: TcpListener,
}

impl Bot {
    /// A bot that answers through `http`, whose application id is set.
    pub fn new(engine: Arc<Engine>, http: Arc<Http>) -> Self {
        Self {
            engine,
            sender: Sender::new(http),
            tasks: TaskTracker::new(),
            turns: Arc::new(Semaphore::new(ANSWERS_AT_ONCE)),
            link: watch::Sender::new(Link::Down),
        }
    }

    /// Replaces all commands by those of the table, in one guild or everywhere; how many they are.
    pub async fn register(&self, guild: Option<u64>) -> Result<usize, String> {
        self.sender.register(guild, &commands()).await
    }

    /// Serves until `shutdown`; then takes nothing new, and finishes the answers under way.
    pub async fn serve(self, serving: Serving, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let Serving { gateway, shared, public_key, listener } = serving;
        let router = http::router(&self, gateway.is_some(), public_key)?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let web = axum::serve(listener, router).with_graceful_shutdown(async move { stopped.cancelled().await });
        let web = async { web.await.map_err(ServeError::Http) };
        let websocket = async {
            let ended = gateway::run(&self, gateway, shared.as_ref(), &stop).await;
            stop.cancel();
            ended.map_err(ServeError::Gateway)
        };
        let mut both = Box::pin(async { tokio::try_join!(web, websocket).map(drop) });
        tokio::select! {
            ended = &mut both => return ended,
            () = shutdown => tracing::info!("stopping: nothing new is taken, answers under way are finished"),
        }
        stop.cancel();
        self.tasks.close();
        match timeout(LAST_ANSWERS, async { tokio::join!(both, self.tasks.wait()).0 }).await {
            Ok(ended) => ended,
            Err(_late) => {
                tracing::warn!(left = self.tasks.len(), "answers under way did not end in time");
                Ok(())
            }
        }
    }

    pub(super) fn config(&self) -> &Config {
        self.engine.config()
    }

    /// How the bot stands with the gateway.
    pub(super) fn link(&self) -> Link {
        *self.link.borrow()
    }

    pub(super) fn set_link(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// Takes an interaction that came over HTTP: what to respond at once, if it is one of ours. The rest is done after
    /// the response.
    pub(super) fn take(&self, interaction: &Interaction) -> Option<Callback> {
        let (callback, request) = acknowledgement(plan::plan(interaction))?;
        if let Some(request) = request {
            let place = Place::Response { id: interaction.id(), token: token(interaction).to_owned() };
            self.spawn(async move |bot| {
                tokio::time::sleep(HEAD_START).await;
                bot.answer(request, place).await;
            });
        }
        Some(callback)
    }

    /// Takes an interaction that came over the gateway: acknowledges it, then does the rest.
    pub(super) fn take_from_gateway(&self, interaction: &Interaction) {
        let Some((callback, request)) = acknowledgement(plan::plan(interaction)) else { return };
        let (id, token) = (interaction.id(), token(interaction).to_owned());
        self.spawn(async move |bot| {
            if let Err(error) = bot.sender.acknowledge(id, &token, &callback).await {
                tracing::error!(%id, error, "an interaction could not be acknowledged");
            } else if let Some(request) = request {
                bot.answer(request, Place::Response { id, token }).await;
            }
        });
    }

    /// Takes a message that mentions the bot: answers it with a reply.
    pub(super) fn take_mention(&self, message: &Message, bot: UserId) {
        let mut place = Place::Reply { channel: message.channel_id, to: message.id, sent: None };
        match plan::mention(&message.content, bot.get()) {
            Ok(request) => self.spawn(async move |bot| bot.answer(request, place).await),
            Err(refusal) => self.spawn(async move |bot| {
                let answer = Answer::sentence("That did not work", Text::plain(format!("{refusal}.")));
                bot.show(&mut place, &answer).await;
            }),
        }
    }

    /// Does what a request asks for, and shows it: what is known after a moment if it takes longer, then the whole.
    async fn answer(self, request: Request, place: Place) {
        let place = Arc::new(Mutex::new(place));
        let (bot, shown) = (self.clone(), Arc::clone(&place));
        // In a task of its own, so that a bug ends with a sentence for the person instead of silence.
        let whole = tokio::spawn(async move {
            let mut place = shown.lock().await;
            let mut work = bot.engine.begin(request);
            // Only what asks the network waits for its turn; its clock runs from the first question.
            let turn = if work.asks_the_network() { bot.turns.acquire().await.ok() } else { None };
            if timeout(FIRST_LOOK, work.finish()).await.is_err() {
                let first = work.answer();
                tokio::join!(bot.show(&mut place, &first), work.finish());
            }
            drop(turn);
            bot.show(&mut place, &work.answer()).await;
        });
        if let Err(error) = whole.await {
            let mut place = place.lock().await;
            tracing::error!(id = place.id(), panicked = error.is_panic(), "an answer ended in a bug");
            let sentence = format!("Something broke on my side. If you report it, give this number: {}.", place.id());
            self.show(&mut place, &Answer::sentence("That did not work", Text::plain(sentence))).await;
        }
    }

    /// Shows an answer in its place; a first reply turns the place into a message to edit.
    async fn show(&self, place: &mut Place, answer: &Answer) {
        let shown = match place {
            Place::Response { token, .. } => self.sender.edit_response(token, answer).await,
            Place::Reply { channel, sent: Some(sent), .. } => self.sender.edit(*channel, *sent, answer).await,
            Place::Reply { channel, to, sent } => match self.sender.reply(*channel, *to, answer).await {
                Ok(new) => {
                    *sent = Some(new);
                    Ok(())
                }
                Err(error) => Err(error),
            },
        };
        if let Err(error) = shown {
            tracing::error!(id = place.id(), error, "an answer could not be shown");
        }
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, work: impl FnOnce(Self) -> F) {
        self.tasks.spawn(work(self.clone()));
    }
}

/// Where an answer is shown.
enum Place {
    /// In the response to an interaction.
    Response { id: InteractionId, token: String },
    /// In a reply to a message.
    Reply { channel: ChannelId, to: MessageId, sent: Option<MessageId> },
}

impl Place {
    /// What the log and the person know it by.
    fn id(&self) -> u64 {
        match self {
            Self::Response { id, .. } => id.get(),
            Self::Reply { to, .. } => to.get(),
        }
    }
}

fn acknowledgement(plan: Plan) -> Option<(Callback, Option<Request>)> {
    match plan {
        Plan::Pong => Some((Callback::PONG, None)),
        Plan::Answer(request) => Some((Callback::THINKING, Some(request))),
        Plan::Replace(request) => Some((Callback::KEEP, Some(request))),
        Plan::Refuse(sentence) => Some((Callback::sentence(&sentence), None)),
        Plan::Ignore => None,
    }
}

fn token(interaction: &Interaction) -> &str {
    match interaction {
        Interaction::Ping(ping) => &ping.token,
        Interaction::Command(command) | Interaction::Autocomplete(command) => &command.token,
        Interaction::Component(press) => &press.token,
        Interaction::Modal(modal) => &modal.token,
        _ => "",
    }
}
