//! The one place from which anything is sent to Discord: every body passes here, and none can resolve a mention.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serenity::builder::CreateAttachment;
use serenity::http::{Http, HttpError};
use serenity::model::id::{ChannelId, InteractionId, MessageId};

use crate::answer::Answer;
use crate::render::discord::{self, Extra, Message};
use crate::store::{Delivery, Notification, Person, Role};
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
    /// Whom it is for, where that is said.
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
        Self {
            message: discord::message(&reply.answer, &reply.extra),
            content: None,
            allowed_mentions: AllowedMentions::default(),
            flags: None,
            message_reference: None,
            attachments: None,
            nonce: None,
            enforce_nonce: false,
        }
        .calling(reply.call)
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

    /// `APPLICATION_COMMAND_AUTOCOMPLETE_RESULT`: suggestions, each with what is shown and what it stands for.
    pub(super) fn suggestions(shown: Vec<(String, String)>) -> Self {
        let choices = shown.into_iter().map(|(name, value)| Choice { name, value }).collect();
        Self { r#type: 8, data: Some(Data::Choices { choices }) }
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
        let mut body = Body::of(reply);
        let files = reply.files.iter().enumerate();
        body.attachments = Some(files.map(|(id, file)| Attachment { id, filename: file.name.clone() }).collect());
        let edit = || self.0.edit_original_interaction_response(token, &body, reply.attachments());
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

    /// Replies to a message.
    pub(super) async fn reply(&self, channel: ChannelId, to: MessageId, reply: &Reply) -> Result<MessageId, String> {
        let mut body = Body::of(reply);
        body.message_reference = Some(Reference { message_id: to, fail_if_not_exists: false });
        within(ANSWER, self.0.send_message(channel, reply.attachments(), &body)).await.map(|message| message.id)
    }

    /// Changes a message of ours.
    pub(super) async fn edit(&self, channel: ChannelId, message: MessageId, reply: &Reply) -> Result<(), String> {
        let body = Body::of(reply);
        within(ANSWER, self.0.edit_message(channel, message, &body, reply.attachments())).await.map(drop)
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
