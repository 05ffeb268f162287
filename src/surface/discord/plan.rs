//! What an interaction asks for, and how it is acknowledged: the same for both transports.
//!
//! Everything slow is in the [`Request`], which starts after the acknowledgement: Discord waits three seconds.

use serenity::model::application::{CommandDataOptionValue, CommandInteraction, CommandType, Interaction};

use crate::render::discord::Press;
use crate::request::{BadRequest, CheckRequest, Depth, FIND_THE_REMEDY, Request, selector};

/// What to do with an interaction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Discord asks whether anybody is there.
    Pong,
    /// Say "thinking", then answer in a new message.
    Answer(Request),
    /// Keep the message whose button was pressed, then put the answer into it.
    Replace(Request),
    /// Answer at once, to this person alone: a sentence.
    Refuse(String),
    /// Nothing we know: not ours, or a kind of a later Discord.
    Ignore,
}

/// Reads an interaction.
pub(super) fn plan(interaction: &Interaction) -> Plan {
    match interaction {
        Interaction::Ping(_) => Plan::Pong,
        Interaction::Command(command) => match command_request(command) {
            Ok(request) => Plan::Answer(request),
            Err(refusal) => Plan::Refuse(format!("{refusal}.")),
        },
        Interaction::Component(press) => match Press::read(&press.data.custom_id) {
            Some(Press::Entry(id, domain)) => {
                let domain = domain.and_then(|domain| domain.parse().ok());
                Plan::Replace(Request::Entry { id: id.to_owned(), domain })
            }
            Some(Press::Check(domain, selectors)) => look(domain, &selectors, Depth::Brief),
            Some(Press::Details(domain, selectors)) => look(domain, &selectors, Depth::Whole),
            None => Plan::Refuse("This button is of another time; ask again.".to_owned()),
        },
        _ => Plan::Ignore,
    }
}

/// The look that a button asks for; anybody can forge one.
fn look(domain: &str, selectors: &[&str], depth: Depth) -> Plan {
    let read = || -> Result<CheckRequest, BadRequest> {
        let selectors = selectors.iter().map(|text| selector(text)).collect::<Result<_, _>>()?;
        Ok(CheckRequest { selectors, depth, ..CheckRequest::of(domain.parse()?) })
    };
    match read() {
        Ok(check) => Plan::Replace(Request::Check(check)),
        Err(refusal) => Plan::Refuse(format!("{refusal}.")),
    }
}

fn command_request(command: &CommandInteraction) -> Result<Request, BadRequest> {
    let data = &command.data;
    match data.kind {
        CommandType::Message if data.name == FIND_THE_REMEDY => {
            let text = data.resolved.messages.values().next().map_or("", |message| message.content.as_str());
            if text.trim().is_empty() { Ok(Request::Help) } else { Ok(Request::ask(text)) }
        }
        _ => {
            let given = data.options.iter().filter_map(|option| match &option.value {
                CommandDataOptionValue::String(text) => Some((option.name.as_str(), text.as_str())),
                _ => None,
            });
            Request::with(&data.name, &given.collect::<Vec<_>>())
        }
    }
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
