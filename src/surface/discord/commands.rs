//! The commands as Discord registers them, from the one table of verbs.

use serde_json::{Value, json};

use crate::request::{FIND_THE_REMEDY, OptionKind, VERBS};

/// A slash command.
const CHAT_INPUT: u8 = 1;
/// A command in a message's menu.
const MESSAGE: u8 = 3;
/// An option that holds text.
const STRING: u8 = 3;
/// An option that holds an uploaded file.
const ATTACHMENT: u8 = 11;
/// Where commands may be used: in guilds, and in direct messages with the bot.
const CONTEXTS: [u8; 2] = [0, 1];

/// The whole list, as "Bulk Overwrite Application Commands" takes it.
pub(super) fn commands() -> Value {
    let mut commands: Vec<Value> = VERBS
        .iter()
        .map(|verb| {
            let options: Vec<Value> = verb
                .options
                .iter()
                .map(|option| {
                    let kind = match option.kind {
                        OptionKind::Word | OptionKind::Words => STRING,
                        OptionKind::File => ATTACHMENT,
                    };
                    json!({
                        "type": kind, "name": option.name, "description": option.summary,
                        "required": option.required,
                    })
                })
                .collect();
            json!({
                "type": CHAT_INPUT, "name": verb.name, "description": verb.summary, "options": options,
                "contexts": CONTEXTS,
            })
        })
        .collect();
    commands.push(json!({ "type": MESSAGE, "name": FIND_THE_REMEDY, "contexts": CONTEXTS }));
    Value::Array(commands)
}
