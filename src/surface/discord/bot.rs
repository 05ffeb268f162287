//! The bot at work: what happens between the acknowledgement and the answer, and how it ends in good order.
//!
//! * `answer` gives answers, and notes what was given.
//! * `listen` takes messages, and finds the questions that nobody asked the bot.
//! * `solved` marks questions, and `lacking` tells staff what the bot may not do.
//! * `testmail` waits for a test mail.

mod answer;
mod lacking;
mod listen;
mod solved;
mod testmail;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serenity::http::Http;
use serenity::model::application::{CommandInteraction, Interaction};
use serenity::model::id::{ChannelId, InteractionId, MessageId};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use lacking::TOLD_HOLDS;
use testmail::Waiting;

use super::asker::Asker;
use super::desk::{Desk, Errand, Postman, now};
use super::grounds::{Grounds, Recent};
use super::lot::chance;
use super::permissions::Attempt;
use super::plan::{self, Asked, Plan, Task};
use super::send::{Callback, Content, Reply, Sender};
use super::upload::Upload;
use super::{desk, gateway, http, pages, reload};
use crate::answer::Answer;
use crate::config::{Config, PublicKey};
use crate::engine::{Current, Engine};
use crate::render::discord;
use crate::request::{InspectRequest, Looks, Request};
use crate::rounds::Rounds;
use crate::store::{self, Guild, Spending, Store, Subject};
use crate::surface::mailbox::Registry;
use crate::text::Text;

/// How long the answer waits for Discord to read the response to its HTTP request, before which it knows no message
/// that could be edited.
const HEAD_START: Duration = Duration::from_millis(50);
/// How many answers may be under way at once, over all people; acknowledgements do not wait for their turn. So many that
/// all their questions fit into what the resolver takes at once: a flood waits here, where no budget runs yet.
const ANSWERS_AT_ONCE: usize = 8;
/// How many texts are matched or read at once: each takes a processor, and a thread that keeps its memory.
const READ_AT_ONCE: usize = 4;
/// How long after an interaction its answer may be changed: Discord's limit is 15 minutes.
const TOKEN: Duration = Duration::from_mins(14);
/// How long answers under way may take after the end was asked for: the budget of a check, and a little to send it.
const LAST_ANSWERS: Duration = Duration::from_secs(15);

/// Everything that answering on Discord needs; cheap to clone.
#[derive(Clone)]
pub struct Bot {
    current: Current,
    config: Arc<Config>,
    desk: Desk,
    grounds: Grounds,
    sender: Sender,
    tasks: TaskTracker,
    turns: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    stop: CancellationToken,
    link: watch::Sender<Link>,
    mailbox: Option<Arc<Registry>>,
    waiting: Waiting,
    /// What staff were told of late that the bot may not do.
    told: Arc<Recent<(ChannelId, Attempt), ()>>,
    files: reqwest::Client,
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
    /// The signal to take in knowledge cannot be heard.
    #[error("SIGHUP cannot be listened for")]
    Signal(#[source] io::Error),
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
    /// Where test addresses are opened; none where there is no test mailbox.
    pub mailbox: Option<Arc<Registry>>,
}

impl Bot {
    /// A bot that answers through `http`, whose application id is set, keeps in `store` what people entrust to it, and
    /// fetches with `files` what they upload.
    pub fn new(engine: Arc<Engine>, http: Arc<Http>, store: Store, files: reqwest::Client) -> Self {
        let stop = CancellationToken::new();
        let rounds = Rounds::new(Arc::clone(&engine), store.clone(), stop.clone());
        let sender = Sender::new(http);
        let config = Arc::new(engine.config().clone());
        let current = Current::new(engine);
        let grounds = Grounds::new(store.clone(), sender.clone());
        Self {
            desk: Desk { current: current.clone(), store, rounds, grounds: grounds.clone(), sender: sender.clone() },
            grounds,
            current,
            config,
            sender,
            tasks: TaskTracker::new(),
            turns: Arc::new(Semaphore::new(ANSWERS_AT_ONCE)),
            readers: Arc::new(Semaphore::new(READ_AT_ONCE)),
            stop,
            mailbox: None,
            waiting: Waiting::default(),
            told: Arc::new(Recent::new(TOLD_HOLDS)),
            files,
            link: watch::Sender::new(Link::Down),
        }
    }

    /// Serves until `shutdown`; then takes nothing new, and finishes the answers under way.
    pub async fn serve(mut self, serving: Serving, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let Serving { gateway, shared, public_key, listener, mailbox } = serving;
        self.mailbox = mailbox;
        let router = http::router(&self, gateway.is_some(), public_key)?.merge(pages::router(self.current.clone()));
        let stop = self.stop.clone();
        let stopped = stop.clone();
        let web = axum::serve(listener, router).with_graceful_shutdown(async move { stopped.cancelled().await });
        let web = async { web.await.map_err(ServeError::Http) };
        let websocket = async {
            let ended = gateway::run(&self, gateway, shared.as_ref(), &stop).await;
            stop.cancel();
            ended.map_err(ServeError::Gateway)
        };
        let postman = Postman(self.desk.clone());
        let rounds = async {
            self.desk.rounds.run(&postman, chance).await;
            Ok(())
        };
        let knowledge = async { reload::watch(&self.current, self.stop.clone()).await.map_err(ServeError::Signal) };
        let mut all = Box::pin(async { tokio::try_join!(web, websocket, rounds, knowledge).map(drop) });
        tokio::select! {
            ended = &mut all => return ended,
            () = shutdown => tracing::info!("stopping: nothing new is taken, answers under way are finished"),
        }
        stop.cancel();
        self.tasks.close();
        match timeout(LAST_ANSWERS, async { tokio::join!(all, self.tasks.wait()).0 }).await {
            Ok(ended) => {
                self.desk.store.close().await;
                ended
            }
            Err(_late) => {
                tracing::warn!(left = self.tasks.len(), "answers under way did not end in time");
                Ok(())
            }
        }
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// How the bot stands with the gateway.
    pub(super) fn link(&self) -> Link {
        *self.link.borrow()
    }

    pub(super) fn set_link(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// Notes whether the gateway gives the content of messages that do not mention the bot.
    pub(super) fn note_content(&self, content: Content) {
        self.grounds.note_content(content);
    }

    /// Takes an interaction that came over HTTP: what to respond at once, if it is one of ours. The rest is done after
    /// the response.
    pub(super) async fn take(&self, interaction: &Interaction) -> Option<Callback> {
        if let Some(callback) = self.at_once(interaction).await {
            return Some(callback);
        }
        let Plan { callback, task } = plan::plan(interaction)?;
        if let Some((task, asker)) = task.zip(Asker::of(interaction)) {
            let place = Place::Response { id: interaction.id(), token: Token::of(interaction) };
            self.spawn(async move |bot| {
                tokio::time::sleep(HEAD_START).await;
                bot.carry_out(task, asker, place).await;
            });
        }
        Some(callback)
    }

    /// Takes an interaction that came over the gateway: acknowledges it, then does the rest.
    pub(super) fn take_from_gateway(&self, interaction: Interaction) {
        self.spawn(async move |bot| {
            let (id, token) = (interaction.id(), Token::of(&interaction));
            if let Some(callback) = bot.at_once(&interaction).await {
                bot.acknowledge(id, &token.words, &callback).await;
                return;
            }
            let Some(Plan { callback, task }) = plan::plan(&interaction) else { return };
            let task = task.zip(Asker::of(&interaction));
            drop(interaction);
            if bot.acknowledge(id, &token.words, &callback).await
                && let Some((task, asker)) = task
            {
                bot.carry_out(task, asker, Place::Response { id, token }).await;
            }
        });
    }

    /// What is said at once, with all there is to it: suggestions, and an entry chosen by hand, whose person would not hear
    /// of it if it were edited in.
    async fn at_once(&self, interaction: &Interaction) -> Option<Callback> {
        match interaction {
            Interaction::Autocomplete(typing) => Some(suggest(self.current.engine(), typing).await),
            Interaction::Command(command) if command.data.name == desk::ANSWER => {
                Some(self.by_hand(command, Asker::of(interaction)?).await)
            }
            _ => None,
        }
    }

    /// Acknowledges; whether Discord took it.
    async fn acknowledge(&self, id: InteractionId, token: &str, callback: &Callback) -> bool {
        let sent = self.sender.acknowledge(id, token, callback).await;
        if let Err(error) = &sent {
            tracing::error!(%id, %error, "an interaction could not be acknowledged");
        }
        sent.is_ok()
    }

    /// Does what was acknowledged, in a task of its own, so that a bug ends with a sentence for the person instead of
    /// silence.
    async fn carry_out(self, task: Task, asker: Asker, place: Place) {
        let place = Arc::new(Mutex::new(place));
        let (bot, shown) = (self.clone(), Arc::clone(&place));
        let whole = tokio::spawn(async move {
            let mut place = shown.lock().await;
            let counts = match &task {
                Task::Answer(_) | Task::Read(..) | Task::Testmail | Task::Share(_) => true,
                Task::Errand(errand) => !bot.desk.is_work_of_staff(errand, &asker).await,
            };
            let mut on = if counts { subjects(&asker) } else { Vec::new() };
            if let Task::Errand(errand) = &task {
                on.extend(errand.looks_at().map(|domain| Subject::Domain(domain.registrable())));
            }
            match bot.count(on, place.interaction()).await {
                Spending::Fine => {}
                Spending::TooOften(who, wait) => return bot.show(&mut place, &too_often(&who, wait).into()).await,
                // What Discord signed may come again by another's hand.
                Spending::Again => {
                    return tracing::warn!(id = place.id(), "an interaction came again, and was not carried out twice");
                }
            }
            // What is not the rule stands in boxes, so that every question need not have room for it.
            match task {
                Task::Answer(what) => bot.answer(what, &asker, &mut place).await,
                Task::Read(upload, what) => Box::pin(bot.read(&upload, what, &asker, &mut place)).await,
                Task::Testmail => Box::pin(bot.testmail(&asker, &mut place)).await,
                Task::Errand(errand) => Box::pin(bot.errand(errand, &asker, &mut place)).await,
                Task::Share(message) => Box::pin(bot.share(message, &place)).await,
            }
        });
        if let Err(error) = whole.await {
            let mut place = place.lock().await;
            tracing::error!(id = place.id(), panicked = error.is_panic(), "an answer ended in a bug");
            let sentence = format!("Something broke on my side. If you report it, give this number: {}.", place.id());
            self.show(&mut place, &Answer::sentence("That did not work", Text::plain(sentence)).into()).await;
        }
    }

    /// Counts one more against all of these; why somebody has to wait, where one has had enough.
    async fn spend(&self, on: Vec<Subject>) -> Option<Answer> {
        match self.count(on, None).await {
            Spending::TooOften(who, wait) => Some(too_often(&who, wait)),
            Spending::Fine | Spending::Again => None,
        }
    }

    /// The same for an interaction, if there is one. A store that cannot count keeps nobody from asking: what one request
    /// may cost is bounded all the same.
    async fn count(&self, on: Vec<Subject>, by: Option<store::Interaction>) -> Spending {
        self.desk.store.spend(on, by, now()).await.unwrap_or_else(|error| {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(error, "the store cannot count how often people ask");
            Spending::Fine
        })
    }

    /// Fetches what somebody uploaded, and answers to it.
    async fn read(&self, upload: &Upload, what: Asked, asker: &Asker, place: &mut Place) {
        match upload.fetch(&self.files).await {
            Ok(text) => {
                let request = Request::Inspect(InspectRequest { text, looks: Looks::AtDomain });
                self.answer(Asked { request, ..what }, asker, place).await;
            }
            Err(lost) => {
                let answer = Answer::sentence("That did not work", Text::plain(format!("{lost}.")));
                self.show(place, &answer.into()).await;
            }
        }
    }

    /// Does an errand.
    async fn errand(&self, errand: Errand, asker: &Asker, place: &mut Place) {
        let turn = if errand.looks_at().is_some() { self.turns.acquire().await.ok() } else { None };
        let done = self.desk.run(errand, asker).await;
        drop(turn);
        self.show(place, &done.reply).await;
        if let Some(solved) = done.solved {
            self.mark(&solved, asker.guild).await;
        }
    }

    /// Shows for all what one person sees.
    async fn share(&self, message: discord::Message, place: &Place) {
        let Place::Response { token, .. } = place else { return };
        if let Err(error) = self.sender.show_again(&token.words, message).await {
            tracing::error!(id = place.id(), %error, "an answer could not be shared");
        }
    }

    /// Shows a reply in its place; a first one turns the place into a message to edit.
    async fn show(&self, place: &mut Place, reply: &Reply) {
        if place.is_over() {
            return tracing::debug!(id = place.id(), "an answer came too late to be shown");
        }
        // A request to Discord needs much room: in a box it is taken while it is under way, and not by all who wait.
        let shown = match place {
            Place::Response { token, .. } => Box::pin(self.sender.edit_response(&token.words, reply)).await,
            Place::Aside { token, sent: Some(sent), .. } => {
                Box::pin(self.sender.edit_follow_up(&token.words, *sent, reply)).await
            }
            Place::Aside { token, sent, .. } => {
                Box::pin(self.sender.follow_up(&token.words, reply)).await.map(|new| *sent = Some(new))
            }
            Place::Channel { channel, sent: Some(sent), .. } => {
                Box::pin(self.sender.edit(*channel, *sent, reply)).await
            }
            Place::Channel { channel, to, about, sent, .. } => {
                Box::pin(self.sender.say(*channel, *to, *about, reply)).await.map(|new| *sent = Some(new))
            }
        };
        if let Err(error) = shown {
            tracing::error!(id = place.id(), %error, "an answer could not be shown");
            if let Place::Channel { guild, channel, sent, .. } = place {
                let attempt = if sent.is_some() { Attempt::Edit } else { Attempt::Reply };
                self.tell_if_lacking(*guild, *channel, attempt, &error).await;
            }
        }
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, work: impl FnOnce(Self) -> F) {
        self.tasks.spawn(work(self.clone()));
    }
}

/// Where an answer is shown.
enum Place {
    /// In the response to an interaction.
    Response { id: InteractionId, token: Token },
    /// Beside that, for this person alone.
    Aside { id: InteractionId, token: Token, sent: Option<MessageId> },
    /// In a channel, as a reply to a message if there is one; `about` is the message or interaction that is answered.
    Channel { guild: Option<Guild>, channel: ChannelId, to: Option<MessageId>, about: u64, sent: Option<MessageId> },
}

impl Place {
    /// What the log and the person know it by.
    fn id(&self) -> u64 {
        match self {
            Self::Response { id, .. } | Self::Aside { id, .. } => id.get(),
            Self::Channel { about, .. } => *about,
        }
    }

    /// The interaction that is answered there, if it is one.
    const fn interaction(&self) -> Option<store::Interaction> {
        match self {
            Self::Response { id, .. } | Self::Aside { id, .. } => Some(store::Interaction(id.get())),
            Self::Channel { .. } => None,
        }
    }

    /// Until when something can be shown there, if that ends.
    fn until(&self) -> Option<Instant> {
        match self {
            Self::Response { token, .. } | Self::Aside { token, .. } => Some(token.until),
            Self::Channel { .. } => None,
        }
    }

    /// Whether nothing can be shown there any more.
    fn is_over(&self) -> bool {
        self.until().is_some_and(|until| Instant::now() >= until)
    }
}

/// What an interaction is answered with, for a while.
#[derive(Clone)]
struct Token {
    words: String,
    until: Instant,
}

impl Token {
    fn of(interaction: &Interaction) -> Self {
        Self { words: token(interaction).to_owned(), until: Instant::now() + TOKEN }
    }
}

/// What is counted against somebody who asks.
fn subjects(asker: &Asker) -> Vec<Subject> {
    let mut on = vec![Subject::Person(asker.person)];
    if let Some(guild) = asker.guild {
        on.extend([Subject::Guild(guild), Subject::Channel(asker.channel)]);
    }
    on
}

/// A friendly word for whoever asks faster than is good.
fn too_often(who: &Subject, wait: Duration) -> Answer {
    let wait = humantime::format_duration(Duration::from_secs(wait.as_secs().max(1)));
    let lead = match who {
        Subject::Domain(domain) => Text::default()
            .code(domain.unicode())
            .and(format!(" was looked at many times just now. What was found holds a while; ask again in {wait}.")),
        Subject::Person(_) => Text::plain(format!("You ask faster than I may answer. Go on in {wait}.")),
        Subject::Guild(_) | Subject::Channel(_) => {
            Text::plain(format!("Many people ask here right now. Ask again in {wait}."))
        }
    };
    Answer::sentence("One moment, please", lead)
}

/// What is suggested to somebody who types. Matching takes no long time, and yet not on the thread that listens.
async fn suggest(engine: Arc<Engine>, typing: &CommandInteraction) -> Callback {
    let typed = typing.data.autocomplete().map(|option| option.value.to_owned()).unwrap_or_default();
    let suggestions = tokio::task::spawn_blocking(move || desk::suggestions(&engine, &typed)).await;
    Callback::suggestions(suggestions.unwrap_or_else(|bug| {
        tracing::error!(%bug, "nothing could be suggested");
        Vec::new()
    }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_interaction_is_over_before_discord_takes_no_answer_to_it() {
        let token = Token { words: String::new(), until: Instant::now() + TOKEN };
        let response = Place::Response { id: InteractionId::new(1), token: token.clone() };
        let aside = Place::Aside { id: InteractionId::new(1), token, sent: None };
        let channel = Place::Channel { guild: None, channel: ChannelId::new(1), to: None, about: 1, sent: None };
        let over = || [&response, &aside, &channel].map(Place::is_over);
        tokio::time::advance(Duration::from_mins(13)).await;
        assert_eq!(over(), [false; 3]);
        tokio::time::advance(Duration::from_mins(2)).await;
        assert_eq!(over(), [true, true, false]);
    }
}
