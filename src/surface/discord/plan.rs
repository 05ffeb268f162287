//! What an interaction asks for, and how it is acknowledged: the same for both transports.
//!
//! Everything slow is in the [`Task`], which starts after the acknowledgement: Discord waits three seconds.

use std::error::Error;
use std::fmt::Display;

use serenity::model::application::{
    ActionRowComponent, CommandInteraction, CommandType, ComponentInteraction, Interaction, MessageInteractionMetadata,
    ModalInteraction,
};
use serenity::model::channel::{Message, MessageFlags};
use serenity::model::id::UserId;

use super::commands::{PRIVATE, TESTMAIL};
use super::desk::{Errand, Given, Wish, Word};
use super::send::Callback;
use super::talk::talk_of;
use super::upload::{self, Upload};
use crate::domain::Domain;
use crate::render::discord::{self, Embed, Form, Press};
use crate::request::{
    BadRequest, CheckRequest, Depth, EXPLAIN_THIS, FIND_THE_REMEDY, INSPECT, InspectRequest, Looks, Request, selector,
};
use crate::store::{self, Person, Talk};
use crate::watch::Until;

/// What to do with an interaction.
pub(super) struct Plan {
    /// What to say at once.
    pub(super) callback: Callback,
    /// What is left to do.
    pub(super) task: Option<Task>,
}

/// What is done after the acknowledgement.
#[derive(Debug, PartialEq)]
pub(super) enum Task {
    /// To answer.
    Answer(Asked),
    /// To keep or show what somebody entrusts to the bot.
    Errand(Errand),
    /// To read a file that was uploaded, and answer to it.
    Read(Upload, Asked),
    /// To open an address for a test mail, and tell what came.
    Testmail,
    /// To show for all what one person sees.
    Share(discord::Message),
}

/// What is asked, and around what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) request: Request,
    /// Whose question it is, where that is not who asks.
    pub(super) person: Option<Person>,
    /// The talk that a question begins, or that a press goes on with.
    pub(super) talk: Option<Talk>,
    /// The message that holds the question, if one does.
    pub(super) message: Option<store::Message>,
    /// Whether one person alone sees the answer.
    pub(super) alone: bool,
    /// Whether it was asked by a press on an answer that others see, and that somebody else asked for.
    pub(super) beside: bool,
    /// The domain that was spoken of before.
    pub(super) domain: Option<Domain>,
}

impl Asked {
    pub(super) const fn new(request: Request, talk: Option<Talk>) -> Self {
        Self { request, person: None, talk, message: None, alone: false, beside: false, domain: None }
    }
}

impl Plan {
    const fn new(callback: Callback, task: Task) -> Self {
        Self { callback, task: Some(task) }
    }

    fn refuse(refusal: impl Display) -> Self {
        Self { callback: Callback::sentence(&format!("{refusal}.")), task: None }
    }
}

/// Reads an interaction; none where it is nothing we know: not ours, or a kind of a later Discord.
pub(super) fn plan(interaction: &Interaction) -> Option<Plan> {
    Some(match interaction {
        Interaction::Ping(_) => Plan { callback: Callback::PONG, task: None },
        Interaction::Command(command) => command_plan(command).unwrap_or_else(Plan::refuse),
        Interaction::Component(pressed) => match Press::read(&pressed.data.custom_id) {
            Some(press) => press_plan(press, pressed).unwrap_or_else(Plan::refuse),
            None => Plan::refuse(Unknown),
        },
        Interaction::Modal(form) => form_plan(form).unwrap_or_else(Plan::refuse),
        _ => return None,
    })
}

/// What is said to a press on a button that is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("This button is of another time; ask again")]
struct Unknown;

/// What a press asks for; anybody can forge one. What it is on is told by Discord.
fn press_plan(press: Press, on: &ComponentInteraction) -> Result<Plan, Box<dyn Error>> {
    let (talk, alone) = (talk_of(&on.message), is_for_one(&on.message));
    let beside = is_anothers(&on.message, on.user.id);
    let replace =
        |request| Plan::new(Callback::KEEP, Task::Answer(Asked { alone, beside, ..Asked::new(request, talk) }));
    let answer = store::Message(on.message.id.get());
    let alone_with = |errand| Plan::new(Callback::THINKING_ALONE, Task::Errand(errand));
    let word = |talk, entry| Word { talk: Talk(talk), entry, answer, alone };
    Ok(match press {
        Press::Entry(id, domain) => {
            let domain = domain.and_then(|domain| domain.parse().ok());
            replace(Request::Entry { id, domain })
        }
        Press::Check(domain, selectors) => replace(look(&domain, &selectors, Depth::Brief)?),
        Press::Details(domain, selectors) => replace(look(&domain, &selectors, Depth::Whole)?),
        Press::Watch(domain) => {
            let wish = Wish { domain: domain.parse()?, until: Until::All, selector: None };
            alone_with(Errand::Watch(wish))
        }
        Press::Unwatch(number) => Plan::new(Callback::KEEP, Task::Errand(Errand::Unwatch(number))),
        Press::Worked(talk, entry) => alone_with(Errand::Worked(word(talk, entry))),
        Press::Failed(talk, entry) => alone_with(Errand::Failed(word(talk, entry))),
        Press::Person(talk) => alone_with(Errand::Person(word(talk, String::new()))),
        Press::Domain(..) => {
            let form = Form::new(&press, "Check my domain", "Your domain, or an address at it", "example.com");
            form.map_or_else(|| Plan::refuse(Unknown), |form| Plan { callback: Callback::form(form), task: None })
        }
        Press::Paste => inspection(None, None, true, talk),
        Press::Share if !alone => Plan::refuse("Everybody sees this already"),
        Press::Share => Plan::new(Callback::THINKING, Task::Share(again(&on.message))),
        Press::Desk(words) => {
            // What others see is not replaced by what is for one alone.
            let callback = if alone { Callback::KEEP } else { Callback::THINKING_ALONE };
            Plan::new(callback, Task::Errand(Errand::of_press(&words).ok_or(Unknown)?))
        }
    })
}

/// What "Explain this" asks for on a message: to read the file with it that is a mail or a text, or else its words, or else
/// whatever file there is.
fn explanation(message: Option<&Message>, talk: Option<Talk>) -> Plan {
    let attachments = message.map(|message| message.attachments.as_slice()).unwrap_or_default();
    let text = message.map(|message| message.content.as_str()).filter(|text| !text.trim().is_empty());
    let readable = attachments.iter().find(|attachment| upload::is_text(&attachment.filename));
    let upload = readable.or_else(|| attachments.first().filter(|_| text.is_none())).map(Upload::of);
    if upload.is_none() && text.is_none() {
        return Plan::refuse("There is neither text nor a file in this message");
    }
    inspection(upload, text, true, talk)
}

/// What reading a file or a text asks for; a form where neither was given.
fn inspection(upload: Option<Upload>, text: Option<&str>, alone: bool, talk: Option<Talk>) -> Plan {
    let callback = if alone { Callback::THINKING_ALONE } else { Callback::THINKING };
    let asked = |text: &str| {
        let text = text.as_bytes().to_vec();
        Asked { alone, ..Asked::new(Request::Inspect(InspectRequest { text, looks: Looks::AtDomain }), talk) }
    };
    match (upload, text) {
        (Some(upload), _) => Plan::new(callback, Task::Read(upload, asked(""))),
        (None, Some(text)) => Plan::new(callback, Task::Answer(asked(text))),
        (None, None) => {
            match Form::page(&Press::Paste, "What came back?", "The bounce, the headers or the error", PASTE) {
                Some(form) => Plan { callback: Callback::form(form), task: None },
                None => Plan::refuse(Unknown),
            }
        }
    }
}

/// What stands in the form before anything is pasted.
const PASTE: &str = "Paste all of it: with the headers, if you have them. The answer is for you alone.";

/// What was filled in: the domain that an entry wants to look at.
fn form_plan(form: &ModalInteraction) -> Result<Plan, BadRequest> {
    let lines = form.data.components.iter().flat_map(|row| &row.components);
    let mut values = lines.filter_map(|line| match line {
        ActionRowComponent::InputText(input) => input.value.as_deref(),
        _ => None,
    });
    let given = values.next().unwrap_or_default();
    let (talk, entry) = match Press::read(&form.data.custom_id) {
        Some(Press::Domain(talk, entry)) => (talk, entry),
        Some(Press::Paste) => return Ok(inspection(None, Some(given), true, Some(Talk(form.id.get())))),
        _ => return Ok(Plan::refuse(Unknown)),
    };
    let domain = given.parse()?;
    let alone = form.message.as_deref().is_some_and(is_for_one);
    let beside = form.message.as_deref().is_some_and(|message| is_anothers(message, form.user.id));
    let callback = if form.message.is_some() { Callback::KEEP } else { Callback::THINKING_ALONE };
    let request = Request::Entry { id: entry, domain: Some(domain) };
    Ok(Plan::new(callback, Task::Answer(Asked { alone, beside, ..Asked::new(request, Some(Talk(talk))) })))
}

fn is_for_one(message: &Message) -> bool {
    message.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL))
}

/// Whether others see a message of ours too, and it is no response to what this person did.
fn is_anothers(message: &Message, person: UserId) -> bool {
    let by = match message.interaction_metadata.as_deref() {
        Some(MessageInteractionMetadata::Command(by)) => Some(by.user.id),
        Some(MessageInteractionMetadata::Component(by)) => Some(by.user.id),
        Some(MessageInteractionMetadata::ModalSubmit(by)) => Some(by.user.id),
        _ => None,
    };
    !is_for_one(message) && by != Some(person)
}

/// A message of ours once more, without its buttons.
fn again(message: &Message) -> discord::Message {
    let embed = |embed: &serenity::model::channel::Embed| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let color = embed.colour.map_or(0, |colour| colour.0);
        let footer = embed.footer.as_ref().map(|footer| footer.text.as_str());
        Embed::again(&text(&embed.title), &text(&embed.description), color, footer)
    };
    discord::Message { embeds: message.embeds.iter().take(1).map(embed).collect(), components: Vec::new() }
}

fn look(domain: &str, selectors: &[String], depth: Depth) -> Result<Request, BadRequest> {
    let selectors = selectors.iter().map(|text| selector(text)).collect::<Result<_, _>>()?;
    Ok(Request::Check(CheckRequest { selectors, depth, ..CheckRequest::of(domain.parse()?) }))
}

fn command_plan(command: &CommandInteraction) -> Result<Plan, BadRequest> {
    let data = &command.data;
    let talk = Some(Talk(command.id.get()));
    if data.kind == CommandType::Message && data.name == FIND_THE_REMEDY {
        let on = data.resolved.messages.values().next();
        let text = on.map_or("", |message| message.content.as_str());
        let request = if text.trim().is_empty() { Request::Help } else { Request::ask(text) };
        // It is its author's question, whoever wants the remedy for them.
        let of_a_person = on.filter(|message| !message.author.bot && message.webhook_id.is_none());
        let person = of_a_person.map(|message| Person(message.author.id.get()));
        let message = of_a_person.map(|message| store::Message(message.id.get()));
        return Ok(Plan::new(Callback::THINKING, Task::Answer(Asked { person, message, ..Asked::new(request, talk) })));
    }
    if data.kind == CommandType::Message && data.name == EXPLAIN_THIS {
        return Ok(explanation(data.resolved.messages.values().next(), talk));
    }
    let options = Given::of(&data.options);
    let given = options.texts();
    if let Some(errand) = Errand::of(&data.name, options) {
        return Ok(Plan::new(Callback::THINKING_ALONE, Task::Errand(errand?)));
    }
    if data.name == TESTMAIL {
        return Ok(Plan::new(Callback::THINKING_ALONE, Task::Testmail));
    }
    let private = options.truth(PRIVATE.name);
    if data.name == INSPECT.name {
        let upload = data.resolved.attachments.values().next().map(Upload::of);
        return Ok(inspection(upload, given.first().map(|(_, text)| *text), private, talk));
    }
    let callback = if private { Callback::THINKING_ALONE } else { Callback::THINKING };
    let request = Request::with(&data.name, &given)?;
    Ok(Plan::new(callback, Task::Answer(Asked { alone: private, ..Asked::new(request, talk) })))
}

/// What a message that mentions the bot asks for: its words without the mention; help where there are none.
pub(super) fn mention(content: &str, bot: u64) -> Result<Request, BadRequest> {
    let words = content.replace(&format!("<@{bot}>"), " ").replace(&format!("<@!{bot}>"), " ");
    if words.trim().is_empty() { Ok(Request::Help) } else { Request::of_line(&words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_a_question_without_the_mention() {
        assert_eq!(mention("<@7> no mail comes in", 7), Ok(Request::ask("no mail comes in")));
        assert_eq!(mention("<@!7>", 7), Ok(Request::Help));
        assert_eq!(mention("<@7> /help", 7), Ok(Request::Help));
    }
}
