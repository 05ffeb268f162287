//! The one place from which anything is sent to Discord: every body passes here, and none can resolve a mention.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serenity::http::{Http, HttpError};
use serenity::model::channel::{self, Channel, ReactionType};
use serenity::model::id::{ChannelId, InteractionId, MessageId};

use super::talk::Thread;
use crate::answer::Answer;
use crate::render::discord::{self, Extra, Form, Message};
use crate::store::{Delivery, Notification, Person, Role};
use crate::text::Text;

/// A message for one person's eyes (Discord's message flag `EPHEMERAL`).
const EPHEMERAL: u64 = 1 << 6;

/// What is shown: an answer, and buttons that only Discord has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) answer: Answer,
    pub(super) extra: Vec<Extra>,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self { answer, extra: Vec::new() }
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
    nonce: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    enforce_nonce: bool,
}

/// Whose mention resolves: nobody's, whatever the text holds, but for the one whom a notification is for.
#[derive(Debug, Default, Serialize)]
struct AllowedMentions {
    parse: [&'static str; 0],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Reference {
    message_id: MessageId,
    fail_if_not_exists: bool,
}

/// Who is called by a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Nobody.
    Nobody,
    /// The person whom it is for.
    Person(Person),
    /// Those who have a role.
    Role(Role),
}

impl Body {
    fn of(reply: &Reply) -> Self {
        Self::around(discord::message(&reply.answer, &reply.extra))
    }

    fn around(message: Message) -> Self {
        Self {
            message,
            content: None,
            allowed_mentions: AllowedMentions::default(),
            flags: None,
            message_reference: None,
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
    Message(Box<Body>),
    Form(Box<Form>),
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

    /// `CHANNEL_MESSAGE_WITH_SOURCE`: a sentence, for this person alone.
    pub(super) fn sentence(sentence: &str) -> Self {
        let mut body = Body::of(&Answer::sentence("That did not work", Text::plain(sentence)).into());
        body.flags = Some(EPHEMERAL);
        Self { r#type: 4, data: Some(Data::Message(Box::new(body))) }
    }
}

/// How long Discord may take to accept an acknowledgement: after three seconds it is void anyway.
const ACKNOWLEDGEMENT: Duration = Duration::from_secs(3);
/// How long to wait before a message that Discord does not know yet is edited again.
const AGAIN: Duration = Duration::from_millis(300);
/// How many messages of a channel are read.
const HISTORY: u8 = 50;
/// How long anything else may take, waiting for a rate limit included.
pub(super) const ANSWER: Duration = Duration::from_mins(1);

/// Sends to Discord's REST interface. What goes wrong is told in words that hold no address, since a token is part of it.
#[derive(Clone)]
pub(super) struct Sender(pub(super) Arc<Http>);

impl Sender {
    /// Acknowledges an interaction.
    pub(super) async fn acknowledge(&self, id: InteractionId, token: &str, callback: &Callback) -> Result<(), String> {
        within(ACKNOWLEDGEMENT, self.0.create_interaction_response(id, token, callback, Vec::new())).await
    }

    /// Puts the answer where the acknowledgement stands.
    pub(super) async fn edit_response(&self, token: &str, reply: &Reply) -> Result<(), String> {
        self.put(token, &Body::of(reply)).await
    }

    /// The same with a message of ours that was shown before.
    pub(super) async fn show_again(&self, token: &str, message: Message) -> Result<(), String> {
        self.put(token, &Body::around(message)).await
    }

    async fn put(&self, token: &str, body: &Body) -> Result<(), String> {
        let edit = || self.0.edit_original_interaction_response(token, body, Vec::new());
        let patient = async {
            let known_by = tokio::time::Instant::now() + ACKNOWLEDGEMENT;
            loop {
                match edit().await {
                    // The response to a signed request may still be on its way to Discord, which knows no message yet.
                    Err(error) if is_unknown(&error) && tokio::time::Instant::now() < known_by => {
                        tokio::time::sleep(AGAIN).await;
                    }
                    edited => return edited,
                }
            }
        };
        within(ANSWER, patient).await.map(drop)
    }

    /// Says something to the one person who pressed, beside what everybody sees.
    pub(super) async fn follow_up(&self, token: &str, reply: &Reply) -> Result<MessageId, String> {
        let body = Body { flags: Some(EPHEMERAL), ..Body::of(reply) };
        within(ANSWER, self.0.create_followup_message(token, &body, Vec::new())).await.map(|message| message.id)
    }

    /// Changes that.
    pub(super) async fn edit_follow_up(&self, token: &str, message: MessageId, reply: &Reply) -> Result<(), String> {
        within(ANSWER, self.0.edit_followup_message(token, message, &Body::of(reply), Vec::new())).await.map(drop)
    }

    /// Writes in a channel, as a reply to a message if there is one.
    pub(super) async fn say(
        &self,
        channel: ChannelId,
        to: Option<MessageId>,
        reply: &Reply,
    ) -> Result<MessageId, String> {
        let mut body = Body::of(reply);
        body.message_reference = to.map(|message_id| Reference { message_id, fail_if_not_exists: false });
        within(ANSWER, self.0.send_message(channel, Vec::new(), &body)).await.map(|message| message.id)
    }

    /// Changes a message of ours.
    pub(super) async fn edit(&self, channel: ChannelId, message: MessageId, reply: &Reply) -> Result<(), String> {
        let body = Body::of(reply);
        within(ANSWER, self.0.edit_message(channel, message, &body, Vec::new())).await.map(drop)
    }

    /// Opens a thread from a message.
    pub(super) async fn open_thread(
        &self,
        channel: ChannelId,
        message: MessageId,
        name: &str,
    ) -> Result<ChannelId, String> {
        let wish = serde_json::json!({ "name": name });
        within(ANSWER, self.0.create_thread_from_message(channel, message, &wish, None)).await.map(|thread| thread.id)
    }

    /// What a channel is, if it is a thread.
    pub(super) async fn thread(&self, channel: ChannelId) -> Result<Option<Thread>, String> {
        let Channel::Guild(found) = within(ANSWER, self.0.get_channel(channel)).await? else { return Ok(None) };
        let (Some(state), Some(parent)) = (found.thread_metadata, found.parent_id) else { return Ok(None) };
        let closed = state.archived || state.locked;
        Ok(Some(Thread { parent, owner: found.owner_id, name: found.name, closed }))
    }

    /// The latest messages of a channel.
    pub(super) async fn history(&self, channel: ChannelId) -> Result<Vec<channel::Message>, String> {
        within(ANSWER, self.0.get_messages(channel, None, Some(HISTORY))).await
    }

    /// Marks a message as one whose question is solved.
    pub(super) async fn mark_solved(&self, channel: ChannelId, message: MessageId) -> Result<(), String> {
        let mark = ReactionType::Unicode("✅".to_owned());
        within(ANSWER, self.0.create_reaction(channel, message, &mark)).await
    }

    /// Takes a notification to a channel; both of two tries bear its nonce, by which Discord drops the second.
    pub(super) async fn notify(
        &self,
        channel: ChannelId,
        notification: &Notification,
        reply: &Reply,
        whom: Call,
    ) -> Delivery {
        let body = Body { nonce: Some(notification.nonce()), enforce_nonce: true, ..Body::of(reply).calling(whom) };
        match self.0.send_message(channel, Vec::new(), &body).await {
            Ok(_) => Delivery::Done,
            Err(error) => delivery(&error),
        }
    }

    /// The channel of the direct messages with a person.
    pub(super) async fn direct(&self, person: Person) -> Result<ChannelId, Delivery> {
        let to = serde_json::json!({ "recipient_id": person.to_string() });
        self.0.create_private_channel(&to).await.map(|channel| channel.id).map_err(|error| delivery(&error))
    }
}

/// Waits for a request, no longer than `time`.
pub(super) async fn within<T>(time: Duration, sent: impl Future<Output = serenity::Result<T>>) -> Result<T, String> {
    match tokio::time::timeout(time, sent).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(told(&error)),
        Err(_) => Err("Discord did not answer in time".to_owned()),
    }
}

fn is_unknown(error: &serenity::Error) -> bool {
    matches!(error, serenity::Error::Http(HttpError::UnsuccessfulRequest(refused)) if refused.status_code.as_u16() == 404)
}

/// An error without the address that was asked: it holds the interaction's token.
fn told(error: &serenity::Error) -> String {
    match error {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(refused)) => {
            format!("Discord refused with {}: {}", refused.status_code, refused.error.message)
        }
        serenity::Error::Http(HttpError::Request(error)) if error.is_connect() => {
            "Discord cannot be reached".to_owned()
        }
        serenity::Error::Http(HttpError::Request(_)) => "the connection to Discord broke off".to_owned(),
        serenity::Error::Http(_) => "the request could not be made".to_owned(),
        _ => "Discord's answer could not be read".to_owned(),
    }
}

/// What became of a notification that was not taken.
fn delivery(error: &serenity::Error) -> Delivery {
    let serenity::Error::Http(HttpError::UnsuccessfulRequest(refused)) = error else {
        return Delivery::Delayed(told(error));
    };
    match refused.status_code.as_u16() {
        403 | 404 => Delivery::Gone(told(error)),
        429 | 500.. => Delivery::Delayed(told(error)),
        _ => Delivery::Refused(told(error)),
    }
}
