//! The one place from which anything is sent to Discord: every body passes here, and none can resolve a mention. What
//! passes (`failure`) is tried again; when Discord refuses nearly everything, `brake` slows down.

mod brake;
mod failure;

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serenity::builder::CreateAttachment;
use serenity::http::{Http, LightMethod, Request, Route};
use serenity::model::application::ApplicationFlags;
use serenity::model::channel::{self, Channel, ChannelType, ReactionType};
use serenity::model::guild::PartialGuild;
use serenity::model::id::{ChannelId, InteractionId, MessageId};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::lot::lot;
use super::mention::{Reach, reach};
use super::permissions::{Place, Seat};
use brake::Brake;
pub(super) use failure::Failure;

use super::tags;
use super::talk::Thread;
use crate::answer::Answer;
use crate::render::discord::{self, Extra, Form, Message};
use crate::store::{Delivery, Guild, Notification, Person, Role};
use crate::text::Text;

/// A message for one person's eyes (Discord's message flag `EPHEMERAL`).
const EPHEMERAL: u64 = 1 << 6;

/// What is shown: an answer, and what only Discord has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) answer: Answer,
    /// Buttons beside those of the answer.
    pub(super) extra: Vec<Extra>,
    /// Files to take along.
    pub(super) files: Vec<File>,
    /// Whom it is for, where that is said. They hear of a message that is new, and of no edit.
    pub(super) call: Call,
}

/// A file of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self { answer, extra: Vec::new(), files: Vec::new(), call: Call::Nobody }
    }
}

impl Reply {
    fn attachments(&self) -> Vec<CreateAttachment> {
        self.files.iter().map(|file| CreateAttachment::bytes(file.bytes.clone(), file.name.clone())).collect()
    }
}

/// A message body as it is sent.
#[derive(Debug, Serialize)]
pub(super) struct Body {
    #[serde(flatten)]
    message: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    allowed_mentions: AllowedMentions,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_reference: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Vec<Attachment>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    enforce_nonce: bool,
}

/// Whose mention resolves: nobody's, whatever the text holds, but for the one whom a notification or an answer is for.
#[derive(Debug, Default, Serialize)]
struct AllowedMentions {
    parse: [&'static str; 0],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<String>,
}

/// A file that stands with the message, by its number in the request; those that are not named go.
#[derive(Debug, Serialize)]
struct Attachment {
    id: usize,
    filename: String,
}

#[derive(Debug, Serialize)]
struct Reference {
    message_id: MessageId,
    fail_if_not_exists: bool,
}

/// Who is called by a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Nobody.
    Nobody,
    /// The person whom it is for.
    Person(Person),
    /// Those who have a role.
    Role(Role),
    /// The person whom somebody who helps chose an answer for.
    For(Person),
}

impl Body {
    fn of(reply: &Reply) -> Self {
        Self::around(discord::message(&reply.answer, &reply.extra)).calling(reply.call)
    }

    fn around(message: Message) -> Self {
        Self {
            message,
            content: None,
            allowed_mentions: AllowedMentions::default(),
            flags: None,
            message_reference: None,
            attachments: None,
            nonce: None,
            enforce_nonce: false,
        }
    }

    fn calling(mut self, whom: Call) -> Self {
        match whom {
            Call::Nobody => {}
            Call::Person(person) => {
                self.content = Some(format!("<@{person}>"));
                self.allowed_mentions.users.push(person.to_string());
            }
            Call::For(person) => {
                self.content = Some(format!("For <@{person}>"));
                self.allowed_mentions.users.push(person.to_string());
            }
            Call::Role(role) => {
                self.content = Some(format!("<@&{role}>"));
                self.allowed_mentions.roles.push(role.to_string());
            }
        }
        self
    }
}

/// The first response to an interaction (Discord, "Interaction Callback Type").
#[derive(Debug, Serialize)]
pub(super) struct Callback {
    r#type: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Data {
    Flags { flags: u64 },
    Choices { choices: Vec<Choice> },
    Message(Box<Body>),
    Form(Box<Form>),
}

/// A suggestion while somebody types.
#[derive(Debug, Serialize)]
struct Choice {
    name: String,
    value: String,
}

impl Callback {
    /// PONG.
    pub(super) const PONG: Self = Self { r#type: 1, data: None };
    /// `DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE`: "thinking".
    pub(super) const THINKING: Self = Self { r#type: 5, data: None };
    /// The same, for this person alone.
    pub(super) const THINKING_ALONE: Self = Self { r#type: 5, data: Some(Data::Flags { flags: EPHEMERAL }) };
    /// `DEFERRED_UPDATE_MESSAGE`: the message stays as it is for now.
    pub(super) const KEEP: Self = Self { r#type: 6, data: None };

    /// `MODAL`: a form to fill in.
    pub(super) fn form(form: Form) -> Self {
        Self { r#type: 9, data: Some(Data::Form(Box::new(form))) }
    }

    /// `APPLICATION_COMMAND_AUTOCOMPLETE_RESULT`: suggestions, each with what is shown and what it stands for.
    pub(super) fn suggestions(shown: Vec<(String, String)>) -> Self {
        let choices = shown.into_iter().map(|(name, value)| Choice { name, value }).collect();
        Self { r#type: 8, data: Some(Data::Choices { choices }) }
    }

    /// `CHANNEL_MESSAGE_WITH_SOURCE`: all that there is to say.
    pub(super) fn message(reply: &Reply) -> Self {
        Self { r#type: 4, data: Some(Data::Message(Box::new(Body::of(reply)))) }
    }

    /// The same, for this person alone.
    pub(super) fn message_alone(reply: &Reply) -> Self {
        let body = Body { flags: Some(EPHEMERAL), ..Body::of(reply) };
        Self { r#type: 4, data: Some(Data::Message(Box::new(body))) }
    }

    /// A sentence, for this person alone.
    pub(super) fn sentence(sentence: &str) -> Self {
        Self::message_alone(&Answer::sentence("That did not work", Text::plain(sentence)).into())
    }
}

/// How long Discord may take to accept an acknowledgement: after three seconds it is void anyway.
const ACKNOWLEDGEMENT: Duration = Duration::from_secs(3);
/// How long to wait before an acknowledgement is tried again.
const AT_ONCE: Duration = Duration::from_millis(100);
/// How long to wait before a message that Discord does not know yet is edited again.
const AGAIN: Duration = Duration::from_millis(300);
/// How many tags a forum's post may have.
const MOST_TAGS: usize = 5;
/// How many messages of a channel are read.
const HISTORY: u8 = 50;
/// How long to wait before anything else is tried again, the first time.
const SOON: Duration = Duration::from_millis(250);
/// How long one request may stay without an answer, waiting for a rate limit not included.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How long anything but an acknowledgement may take, waiting for a rate limit and trying again included.
pub(super) const ANSWER: Duration = Duration::from_mins(1);
/// Discord: "Interaction has already been acknowledged".
const ACKNOWLEDGED: isize = 40_060;

/// Sends to Discord's REST interface. What goes wrong is told in words that hold no address, since a token is part of it.
#[derive(Clone)]
pub(super) struct Sender {
    http: Arc<Http>,
    state: Arc<State>,
}

/// What all requests of a process have in common.
#[derive(Default)]
struct State {
    brake: Brake,
    /// Until when serenity waits for a rate limit.
    limited: Mutex<Option<Instant>>,
}

impl Sender {
    pub(super) fn new(mut http: Arc<Http>) -> Self {
        let state = Arc::new(State::default());
        if let Some(limiter) = Arc::get_mut(&mut http).and_then(|http| http.ratelimiter.as_mut()) {
            let state = Arc::clone(&state);
            limiter.set_ratelimit_callback(Box::new(move |limit| state.limit(limit.timeout)));
        }
        Self { http, state }
    }

    /// Acknowledges an interaction.
    pub(super) async fn acknowledge(&self, id: InteractionId, token: &str, callback: &Callback) -> Result<(), Failure> {
        let mut tries = 0;
        let acknowledged = self.persist(ACKNOWLEDGEMENT, AT_ONCE, || {
            tries += 1;
            let sent = self.http.create_interaction_response(id, token, callback, Vec::new());
            async move {
                match sent.await.map_err(Failure::from) {
                    // The answer to the first try was lost, and it was done all the same.
                    Err(failure) if tries > 1 && failure.code() == Some(ACKNOWLEDGED) => Ok(()),
                    acknowledged => acknowledged,
                }
            }
        });
        let acknowledged = acknowledged.await;
        self.forget(Route::InteractionResponse { interaction_id: id, token }).await;
        acknowledged
    }

    /// Puts the answer where the acknowledgement stands.
    pub(super) async fn edit_response(&self, token: &str, reply: &Reply) -> Result<(), Failure> {
        let mut body = Body::of(reply);
        let files = reply.files.iter().enumerate();
        body.attachments = Some(files.map(|(id, file)| Attachment { id, filename: file.name.clone() }).collect());
        if reply.files.is_empty() {
            return self.put(token, &body).await;
        }
        let edit =
            || async { Ok(self.http.edit_original_interaction_response(token, &body, reply.attachments()).await?) };
        self.persist(ANSWER, SOON, edit).await.map(drop)
    }

    /// The same with a message of ours that was shown before.
    pub(super) async fn show_again(&self, token: &str, message: Message) -> Result<(), Failure> {
        self.put(token, &Body::around(message)).await
    }

    async fn put(&self, token: &str, body: &Body) -> Result<(), Failure> {
        let body = serde_json::to_vec(body).map_err(|_| Failure::Unmade)?;
        let route = Route::WebhookOriginalInteractionResponse {
            application_id: self.http.application_id().ok_or(Failure::Unmade)?,
            token,
        };
        let known_by = Instant::now() + ACKNOWLEDGEMENT;
        self.persist(ANSWER, SOON, || async {
            self.forget(route).await;
            loop {
                let request = Request::new(route, LightMethod::Patch).body(Some(body.clone()));
                match self.http.request(request).await.map_err(Failure::from) {
                    // The response to a signed request may still be on its way to Discord, which knows no message yet.
                    Err(failure) if failure.status() == Some(404) && Instant::now() < known_by => sleep(AGAIN).await,
                    Err(failure) => return Err(failure),
                    Ok(response) => {
                        // Nobody needs the message that comes back; read to its end, it leaves the connection to others.
                        drop(response.bytes().await);
                        return Ok(());
                    }
                }
            }
        })
        .await
    }

    /// Says something to the one person who pressed, beside what everybody sees.
    pub(super) async fn follow_up(&self, token: &str, reply: &Reply) -> Result<MessageId, Failure> {
        let body = Body { flags: Some(EPHEMERAL), ..Body::of(reply) };
        within(ANSWER, self.http.create_followup_message(token, &body, Vec::new())).await.map(|message| message.id)
    }

    /// Changes that.
    pub(super) async fn edit_follow_up(&self, token: &str, message: MessageId, reply: &Reply) -> Result<(), Failure> {
        within(ANSWER, self.http.edit_followup_message(token, message, &Body::of(reply), Vec::new())).await.map(drop)
    }

    /// Writes in a channel, as a reply to a message if there is one; once for what it is about, however often it is tried.
    pub(super) async fn say(
        &self,
        channel: ChannelId,
        to: Option<MessageId>,
        about: u64,
        reply: &Reply,
    ) -> Result<MessageId, Failure> {
        let mut body = Body::of(reply);
        body.message_reference = to.map(|message_id| Reference { message_id, fail_if_not_exists: false });
        // Discord makes no second message with the same nonce, so that one whose acknowledgement was lost is sent again
        // without harm.
        body.nonce = Some(about.to_string());
        body.enforce_nonce = true;
        let post = || async { Ok(self.http.send_message(channel, reply.attachments(), &body).await?) };
        self.persist(ANSWER, SOON, post).await.map(|message| message.id)
    }

    /// Changes a message of ours.
    pub(super) async fn edit(&self, channel: ChannelId, message: MessageId, reply: &Reply) -> Result<(), Failure> {
        let body = Body::of(reply);
        let edit = || async { Ok(self.http.edit_message(channel, message, &body, reply.attachments()).await?) };
        self.persist(ANSWER, SOON, edit).await.map(drop)
    }

    /// Opens a thread from a message.
    pub(super) async fn open_thread(
        &self,
        channel: ChannelId,
        message: MessageId,
        name: &str,
    ) -> Result<ChannelId, Failure> {
        let wish = serde_json::json!({ "name": name });
        within(ANSWER, self.http.create_thread_from_message(channel, message, &wish, None))
            .await
            .map(|thread| thread.id)
    }

    /// What a channel is, if it is a thread.
    pub(super) async fn thread(&self, channel: ChannelId) -> Result<Option<Thread>, Failure> {
        let Channel::Guild(found) = within(ANSWER, self.http.get_channel(channel)).await? else { return Ok(None) };
        let (Some(state), Some(parent)) = (found.thread_metadata, found.parent_id) else { return Ok(None) };
        let closed = state.archived || state.locked;
        Ok(Some(Thread { parent, owner: found.owner_id, name: found.name, closed }))
    }

    /// The latest messages of a channel.
    pub(super) async fn history(&self, channel: ChannelId) -> Result<Vec<channel::Message>, Failure> {
        within(ANSWER, self.http.get_messages(channel, None, Some(HISTORY))).await
    }

    /// Whether those who have a role hear it when it is called.
    pub(super) async fn reach(&self, guild: Guild, role: Role) -> Result<Reach, Failure> {
        reach(&self.http, guild, role).await
    }

    /// Marks a message as one whose question is solved.
    pub(super) async fn mark_solved(&self, channel: ChannelId, message: MessageId) -> Result<(), Failure> {
        let mark = ReactionType::Unicode("✅".to_owned());
        within(ANSWER, self.http.create_reaction(channel, message, &mark)).await
    }

    /// Puts the forum's tag for what is solved on a post, beside those that it has; where there is no such tag, or no room
    /// for it, nothing is done.
    pub(super) async fn tag_solved(&self, post: ChannelId, forum: ChannelId) -> Result<(), Failure> {
        let Channel::Guild(forum) = within(ANSWER, self.http.get_channel(forum)).await? else { return Ok(()) };
        let Some(tag) = tags::solved(&forum) else { return Ok(()) };
        let Channel::Guild(found) = within(ANSWER, self.http.get_channel(post)).await? else { return Ok(()) };
        let mut tags = found.applied_tags;
        if tags.contains(&tag) || tags.len() >= MOST_TAGS {
            return Ok(());
        }
        tags.push(tag);
        within(ANSWER, self.http.edit_thread(post, &serde_json::json!({ "applied_tags": tags }), None)).await.map(drop)
    }

    /// Takes a notification to a channel, once: the outbox tries again. Both of two tries bear its nonce, by which Discord
    /// drops the second.
    pub(super) async fn notify(
        &self,
        channel: ChannelId,
        notification: &Notification,
        reply: &Reply,
        whom: Call,
    ) -> Delivery {
        let body = Body { nonce: Some(notification.nonce()), enforce_nonce: true, ..Body::of(reply).calling(whom) };
        let sent = self.attempt(async { Ok(self.http.send_message(channel, Vec::new(), &body).await?) }).await;
        sent.map_or_else(|failure| failure.delivery(), |_| Delivery::Done)
    }

    /// The channel of the direct messages with a person.
    pub(super) async fn direct(&self, person: Person) -> Result<ChannelId, Delivery> {
        let to = serde_json::json!({ "recipient_id": person.to_string() });
        let opened = self.attempt(async { Ok(self.http.create_private_channel(&to).await?) }).await;
        opened.map(|channel| channel.id).map_err(|failure| failure.delivery())
    }

    /// Tries until it works, changes nothing any more, or `time` is over.
    async fn persist<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        time: Duration,
        first: Duration,
        mut send: impl FnMut() -> F,
    ) -> Result<T, Failure> {
        let mut last = Failure::Silent;
        let tries = async {
            for tries in 0.. {
                let pass = self.state.brake.pass().await;
                let failure = match self.attempt(send()).await {
                    Ok(done) => return Ok(done),
                    Err(failure) => failure,
                };
                drop(pass);
                if failure.counts() {
                    self.state.brake.refused();
                }
                match failure.pause(first, tries, lot()) {
                    Some(pause) => {
                        last = failure;
                        sleep(pause).await;
                    }
                    None => return Err(failure),
                }
            }
            Err(Failure::Silent)
        };
        match timeout(time, tries).await {
            Ok(ended) => ended,
            Err(_) => Err(last),
        }
    }

    /// Makes one request; serenity waits for a rate limit in it.
    async fn attempt<T>(&self, sent: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let mut sent = pin!(sent);
        let mut until = Instant::now() + ATTEMPT;
        loop {
            tokio::select! {
                ended = &mut sent => return ended,
                () = sleep_until(until) => match self.state.limited() {
                    Some(limited) if limited + ATTEMPT > until => until = limited + ATTEMPT,
                    _ => return Err(Failure::Silent),
                },
            }
        }
    }

    /// Lets serenity forget what it knows of a route's limit. It takes the limits of all interactions for one, so that
    /// each would wait for every other, and never forgets those of single interactions.
    async fn forget(&self, route: Route<'_>) {
        if let Some(limiter) = &self.http.ratelimiter {
            limiter.routes().write().await.remove(&route.ratelimiting_bucket());
        }
    }

    /// What the bot may do in a channel of a guild.
    pub(super) async fn seat(&self, id: ChannelId) -> Result<Option<Seat>, Failure> {
        let Channel::Guild(mut channel) = within(ATTEMPT, self.http.get_channel(id)).await? else { return Ok(None) };
        let place = match channel.kind {
            ChannelType::PublicThread | ChannelType::PrivateThread | ChannelType::NewsThread => Place::Thread,
            ChannelType::Forum if tags::solved(&channel).is_some() => Place::TaggedForum,
            ChannelType::Forum => Place::Forum,
            _ => Place::Channel,
        };
        if place == Place::Thread
            && let Some(parent) = channel.parent_id
            && let Channel::Guild(parent) = within(ATTEMPT, self.http.get_channel(parent)).await?
        {
            channel = parent;
        }
        let guild = self.guild(Guild(channel.guild_id.get())).await?;
        let me = within(ATTEMPT, self.http.get_current_user()).await?;
        let me = within(ATTEMPT, self.http.get_member(channel.guild_id, me.id)).await?;
        Ok(Some(Seat { place, has: guild.user_permissions_in(&channel, &me) }))
    }

    /// What a guild is.
    pub(super) async fn guild(&self, guild: Guild) -> Result<PartialGuild, Failure> {
        within(ATTEMPT, self.http.get_guild(guild.0.max(1).into())).await
    }

    /// What the developer portal says of the content of messages; where it does not say, it is given.
    pub(super) async fn content(&self) -> Content {
        content(&self.http).await.unwrap_or(Content::Given)
    }
}

impl State {
    /// serenity waits for a rate limit.
    fn limit(&self, time: Duration) {
        self.brake.refused();
        let until = Instant::now() + time;
        let mut limited = self.limited.lock().unwrap_or_else(PoisonError::into_inner);
        *limited = (*limited).max(Some(until));
    }

    fn limited(&self) -> Option<Instant> {
        *self.limited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether Discord gives the bot the content of messages that do not mention it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Given,
    Withheld,
}

/// What the developer portal says of it.
pub(super) async fn content(http: &Http) -> Result<Content, Failure> {
    let application = within(ATTEMPT, http.get_current_application_info()).await?;
    let granted = ApplicationFlags::GATEWAY_MESSAGE_CONTENT | ApplicationFlags::GATEWAY_MESSAGE_CONTENT_LIMITED;
    let given = application.flags.is_some_and(|flags| flags.intersects(granted));
    Ok(if given { Content::Given } else { Content::Withheld })
}

/// Waits for a request, no longer than `time`.
pub(super) async fn within<T>(time: Duration, sent: impl Future<Output = serenity::Result<T>>) -> Result<T, Failure> {
    match timeout(time, sent).await {
        Ok(sent) => Ok(sent?),
        Err(_) => Err(Failure::Silent),
    }
}
