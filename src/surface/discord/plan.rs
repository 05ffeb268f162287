//! What an interaction asks for, and how it is acknowledged: the same for both transports.
//!
//! Everything slow is in the [`Task`], which starts after the acknowledgement: Discord waits three seconds.

use std::fmt::Display;

use serenity::model::application::{CommandDataOptionValue, CommandInteraction, CommandType, Interaction};

use super::commands::PRIVATE;
use super::desk::{Errand, Wish};
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
#[derive(Debug, PartialEq, Eq)]
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
    Some(match interaction {
        Interaction::Ping(_) => Plan { callback: Callback::PONG, task: None },
        Interaction::Command(command) => command_plan(command).unwrap_or_else(Plan::refuse),
        Interaction::Component(press) => match Press::read(&press.data.custom_id) {
            Some(press) => press_plan(press).unwrap_or_else(Plan::refuse),
            None => Plan::refuse("This button is of another time; ask again"),
        },
        _ => return None,
    })
}

/// What a press asks for; anybody can forge one.
fn press_plan(press: Press) -> Result<Plan, BadRequest> {
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
    let given: Vec<_> = data
        .options
        .iter()
        .filter_map(|option| match &option.value {
            CommandDataOptionValue::String(text) => Some((option.name.as_str(), text.as_str())),
            _ => None,
        })
        .collect();
    if let Some(errand) = Errand::of(&data.name, &given) {
        return Ok(Plan::new(Callback::THINKING_ALONE, Task::Errand(errand?)));
    }
    let private = data
        .options
        .iter()
        .any(|option| option.name == PRIVATE.name && matches!(option.value, CommandDataOptionValue::Boolean(true)));
    let callback = if private { Callback::THINKING_ALONE } else { Callback::THINKING };
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
