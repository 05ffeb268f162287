//! The commands as Discord registers them, from the one table of verbs and that of the desk.

use serde_json::{Value, json};

use super::command::{Audience, Command, EVERYWHERE, Kind, Need, Opt};
use super::desk;
use super::locales::{self, Locale};
use crate::request::{EXPLAIN_THIS, FIND_THE_REMEDY, OptionKind, VERBS, Verb, VerbOption};

/// A command in a message's menu.
const MESSAGE: u8 = 3;

/// The option of every verb that keeps the answer from others.
pub(super) const PRIVATE: Opt = Opt {
    name: "private",
    summary: "Show the answer to you alone; you can share it afterwards",
    kind: Kind::Truth,
    need: Need::May,
};

/// The command that opens the test mailbox.
pub(super) const TESTMAIL: &str = "testmail";

/// The whole list, as "Bulk Overwrite Application Commands" takes it.
pub(super) fn commands() -> Value {
    let locales = locales::shipped();
    let slash = slash_commands();
    let slash = slash.iter().map(|command| command.json(&locales));
    slash.chain(ON_MESSAGES.map(|name| on_message(name, &locales))).collect()
}

/// All slash commands.
pub(super) fn slash_commands() -> Vec<Command> {
    let testmail = Command {
        name: TESTMAIL,
        summary: "Get an address for one test mail, and hear what is wrong with the mail that comes",
        audience: Audience::Everybody,
        options: Vec::new(),
    };
    VERBS.iter().map(command).chain([testmail]).chain(desk::commands()).collect()
}

/// The commands in a message's menu.
pub(super) const ON_MESSAGES: [&str; 2] = [FIND_THE_REMEDY, EXPLAIN_THIS];

fn on_message(name: &'static str, locales: &[Locale]) -> Value {
    let told = locales.iter().filter_map(|locale| Some((locale.code.to_owned(), locale.of(name)?.name.clone().into())));
    let told: serde_json::Map<String, Value> = told.collect();
    json!({ "type": MESSAGE, "name": name, "name_localizations": told, "contexts": EVERYWHERE })
}

fn command(verb: &Verb) -> Command {
    let options = verb.options.iter().map(option).chain([PRIVATE]).collect();
    Command { name: verb.name, summary: verb.summary, audience: Audience::Everybody, options }
}

fn option(option: &VerbOption) -> Opt {
    let need = if option.required { Need::Must } else { Need::May };
    let kind = match option.kind {
        OptionKind::Word | OptionKind::Words => Kind::Text,
        OptionKind::File => Kind::File,
    };
    Opt { name: option.name, summary: option.summary, kind, need }
}
