//! What an interaction asks for, and how it is acknowledged: the same for both transports.
//!
//! Everything slow is in the [`Task`], which starts after the acknowledgement: Discord waits three seconds.

use std::error::Error;
use std::fmt::Display;

use serenity::model::application::{CommandInteraction, CommandType, Interaction};
use serenity::model::channel::{Message, MessageFlags};

use super::commands::PRIVATE;
use super::desk::{Errand, Given, Wish};
use super::send::Callback;
use crate::render::discord::Press;
use crate::request::{BadRequest, CheckRequest, Depth, FIND_THE_REMEDY, Request, selector};
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
    Answer(Request),
    /// To keep or show what somebody entrusts to the bot.
    Errand(Errand),
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
    let press_plan = |press, carrier: &Message| press_plan(press, carrier).unwrap_or_else(Plan::refuse);
    Some(match interaction {
        Interaction::Ping(_) => Plan { callback: Callback::PONG, task: None },
        Interaction::Command(command) => command_plan(command).unwrap_or_else(Plan::refuse),
        Interaction::Component(press) => match Press::read(&press.data.custom_id) {
            Some(read) => press_plan(read, &press.message),
            None => Plan::refuse(Unknown),
        },
        _ => return None,
    })
}

/// What is said to a press on a button that is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("This button is of another time; ask again")]
struct Unknown;

/// What a press on a message asks for; anybody can forge one.
fn press_plan(press: Press, carrier: &Message) -> Result<Plan, Box<dyn Error>> {
    let replace = |request| Plan::new(Callback::KEEP, Task::Answer(request));
    Ok(match press {
        Press::Entry(id, domain) => {
            let domain = domain.and_then(|domain| domain.parse().ok());
            replace(Request::Entry { id, domain })
        }
        Press::Check(domain, selectors) => replace(look(&domain, &selectors, Depth::Brief)?),
        Press::Details(domain, selectors) => replace(look(&domain, &selectors, Depth::Whole)?),
        Press::Watch(domain) => {
            let wish = Wish { domain: domain.parse()?, until: Until::All, selector: None };
            Plan::new(Callback::THINKING_ALONE, Task::Errand(Errand::Watch(wish)))
        }
        Press::Unwatch(number) => Plan::new(Callback::KEEP, Task::Errand(Errand::Unwatch(number))),
        Press::Desk(words) => {
            // What others see is not replaced by what is for one alone.
            let alone = carrier.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL));
            let callback = if alone { Callback::KEEP } else { Callback::THINKING_ALONE };
            Plan::new(callback, Task::Errand(Errand::of_press(&words).ok_or(Unknown)?))
        }
    })
}

fn look(domain: &str, selectors: &[String], depth: Depth) -> Result<Request, BadRequest> {
    let selectors = selectors.iter().map(|text| selector(text)).collect::<Result<_, _>>()?;
    Ok(Request::Check(CheckRequest { selectors, depth, ..CheckRequest::of(domain.parse()?) }))
}

fn command_plan(command: &CommandInteraction) -> Result<Plan, BadRequest> {
    let data = &command.data;
    if data.kind == CommandType::Message && data.name == FIND_THE_REMEDY {
        let text = data.resolved.messages.values().next().map_or("", |message| message.content.as_str());
        let request = if text.trim().is_empty() { Request::Help } else { Request::ask(text) };
        return Ok(Plan::new(Callback::THINKING, Task::Answer(request)));
    }
    let options = Given::of(&data.options);
    let given = options.texts();
    if let Some(errand) = Errand::of(&data.name, options) {
        let errand = errand?;
        let callback = if errand.is_public() { Callback::THINKING } else { Callback::THINKING_ALONE };
        return Ok(Plan::new(callback, Task::Errand(errand)));
    }
    let callback = if options.truth(PRIVATE.name) { Callback::THINKING_ALONE } else { Callback::THINKING };
    Ok(Plan::new(callback, Task::Answer(Request::with(&data.name, &given)?)))
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
