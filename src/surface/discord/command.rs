//! What a command of Discord's looks like: the shape that the tables are written in, and that registration sends.

use serde_json::{Value, json};
use serenity::model::Permissions;

use super::locales::{Locale, Words};

/// A slash command (Discord, "Application Command Types").
const CHAT_INPUT: u8 = 1;
/// Where commands may be used: in guilds, and in direct messages with the bot.
pub(super) const EVERYWHERE: &[u8] = &[0, 1];
/// In guilds alone.
const IN_GUILDS: &[u8] = &[0];

/// A slash command.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Command {
    /// The name: small letters.
    pub(super) name: &'static str,
    /// What it does, in at most 100 characters, without a full stop.
    pub(super) summary: &'static str,
    /// Who sees it.
    pub(super) audience: Audience,
    /// What may follow; what must, comes first.
    pub(super) options: Vec<Opt>,
}

/// Who sees a command. Who may use it is looked at on every use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Everybody.
    Everybody,
    /// Whoever manages the guild, and whom its administrators let.
    Staff,
}

/// What may follow a command, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Opt {
    /// The name: small letters.
    pub(super) name: &'static str,
    /// What to give, in at most 100 characters, without a full stop.
    pub(super) summary: &'static str,
    /// What can be given.
    pub(super) kind: Kind,
    /// Whether it must be given.
    pub(super) need: Need,
}

/// Whether something must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// The command means nothing without it.
    Must,
    /// It may be left out.
    May,
}

/// What can be given (Discord, "Application Command Option Type").
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A part of the command with options of its own.
    Part(Vec<Opt>),
    /// Words.
    Text,
    /// Words, with suggestions while they are typed.
    Suggested,
    /// One of these words.
    OneOf(Vec<&'static str>),
    /// A whole number between these.
    Whole(i64, i64),
    /// A number between these.
    Number(f64, f64),
    /// Yes or no.
    Truth,
    /// A person.
    User,
    /// A channel of one of these types.
    Channel(&'static [u8]),
    /// A role.
    Role,
    /// An uploaded file.
    File,
}

impl Kind {
    const fn number(&self) -> u8 {
        match self {
            Self::Part(_) => 1,
            Self::Text | Self::Suggested | Self::OneOf(_) => 3,
            Self::Whole(..) => 4,
            Self::Truth => 5,
            Self::User => 6,
            Self::Channel(_) => 7,
            Self::Role => 8,
            Self::Number(..) => 10,
            Self::File => 11,
        }
    }

    /// The options of a part.
    pub(super) fn parts(&self) -> &[Opt] {
        if let Self::Part(options) = self { options } else { &[] }
    }
}

impl Command {
    /// The command as it is registered, in all languages.
    pub(super) fn json(&self, locales: &[Locale]) -> Value {
        let words: Vec<_> = locales.iter().filter_map(|locale| Some((locale.code, locale.of(self.name)?))).collect();
        let options: Vec<Value> = self.options.iter().map(|option| option.json(&words)).collect();
        let contexts = if self.audience == Audience::Staff { IN_GUILDS } else { EVERYWHERE };
        let mut written = json!({
            "type": CHAT_INPUT, "name": self.name, "description": self.summary, "options": options,
            "contexts": contexts,
        });
        if self.audience == Audience::Staff {
            written["default_member_permissions"] = Permissions::MANAGE_GUILD.bits().to_string().into();
        }
        localize(&mut written, &words);
        written
    }
}

impl Opt {
    fn json(&self, words: &[(&'static str, &Words)]) -> Value {
        let mut written = json!({ "type": self.kind.number(), "name": self.name, "description": self.summary });
        if !matches!(self.kind, Kind::Part(_)) {
            written["required"] = (self.need == Need::Must).into();
        }
        let own: Vec<_> =
            words.iter().filter_map(|(code, words)| Some((*code, words.options.get(self.name)?))).collect();
        match &self.kind {
            Kind::Part(options) => written["options"] = options.iter().map(|option| option.json(&own)).collect(),
            Kind::Suggested => written["autocomplete"] = true.into(),
            Kind::OneOf(choices) => {
                written["choices"] = choices.iter().map(|word| json!({ "name": word, "value": word })).collect();
            }
            Kind::Whole(least, most) => {
                written["min_value"] = (*least).into();
                written["max_value"] = (*most).into();
            }
            Kind::Number(least, most) => {
                written["min_value"] = (*least).into();
                written["max_value"] = (*most).into();
            }
            Kind::Channel(types) => written["channel_types"] = (*types).into(),
            Kind::Text | Kind::Truth | Kind::User | Kind::Role | Kind::File => {}
        }
        localize(&mut written, &own);
        written
    }
}

/// Adds the names and descriptions in other languages, where there are any.
fn localize(written: &mut Value, words: &[(&'static str, &Words)]) {
    let by = |read: fn(&Words) -> &str| -> Value {
        let told = words.iter().filter(|(_, words)| !read(words).is_empty());
        told.map(|(code, words)| ((*code).to_owned(), Value::from(read(words))))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    written["name_localizations"] = by(|words| &words.name);
    written["description_localizations"] = by(|words| &words.description);
}
