//! The commands as Discord registers them, from the one table of verbs and that of the desk.

use serde_json::{Value, json};

use super::desk;
use crate::request::{FIND_THE_REMEDY, OptionKind, VERBS, Verb, VerbOption};

/// A slash command.
const CHAT_INPUT: u8 = 1;
/// A command in a message's menu.
const MESSAGE: u8 = 3;
/// An option that holds text.
const STRING: u8 = 3;
/// An option that is on or off.
const BOOLEAN: u8 = 5;
/// An option that holds an uploaded file.
const ATTACHMENT: u8 = 11;
/// Where commands may be used: in guilds, and in direct messages with the bot.
const CONTEXTS: [u8; 2] = [0, 1];

/// The option of every verb that keeps the answer from others.
pub(super) const PRIVATE: VerbOption = VerbOption {
    name: "private",
    summary: "Show the answer to you alone; you can share it afterwards",
    example: "true",
    required: false,
    kind: OptionKind::Word,
};

/// The whole list, as "Bulk Overwrite Application Commands" takes it.
pub(super) fn commands() -> Value {
    let verbs = VERBS.iter().map(|verb| {
        let private = json!({
            "type": BOOLEAN, "name": PRIVATE.name, "description": PRIVATE.summary, "required": PRIVATE.required,
        });
        command(verb, Some(private))
    });
    let errands = desk::VERBS.iter().map(|verb| command(verb, None));
    let on_messages = [FIND_THE_REMEDY].map(|name| json!({ "type": MESSAGE, "name": name, "contexts": CONTEXTS }));
    verbs.chain(errands).chain(on_messages).collect()
}

fn command(verb: &Verb, more: Option<Value>) -> Value {
    let options: Vec<Value> = verb.options.iter().map(option).chain(more).collect();
    json!({
        "type": CHAT_INPUT, "name": verb.name, "description": verb.summary, "options": options, "contexts": CONTEXTS,
    })
}

fn option(option: &VerbOption) -> Value {
    let kind = match option.kind {
        OptionKind::Word | OptionKind::Words => STRING,
        OptionKind::File => ATTACHMENT,
    };
    let mut written = json!({
        "type": kind, "name": option.name, "description": option.summary, "required": option.required,
    });
    if let Some(choices) = desk::choices(option) {
        written["choices"] = choices.into_iter().map(|word| json!({ "name": word, "value": word })).collect();
    }
    written
}
