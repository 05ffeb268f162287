//! What somebody gave with a command, by name and kind. Discord has checked the kinds; what is of another is not given.

use serenity::model::application::{CommandDataOption, CommandDataOptionValue as Value};

use crate::store::{Channel, Person, Role};

/// The options of a command, or of a part of one.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a>(&'a [CommandDataOption]);

impl<'a> Given<'a> {
    pub(crate) const fn of(options: &'a [CommandDataOption]) -> Self {
        Self(options)
    }

    fn value(self, name: &str) -> Option<&'a Value> {
        self.0.iter().find(|option| option.name == name).map(|option| &option.value)
    }

    /// The part that was chosen, and what was given with it.
    pub(super) fn part(self) -> Option<(&'a str, Self)> {
        self.0.iter().find_map(|option| match &option.value {
            Value::SubCommand(inner) => Some((option.name.as_str(), Self(inner))),
            _ => None,
        })
    }

    /// All words that were given, with their names.
    pub(crate) fn texts(self) -> Vec<(&'a str, &'a str)> {
        let text = |option: &'a CommandDataOption| Some((option.name.as_str(), option.value.as_str()?));
        self.0.iter().filter_map(text).collect()
    }

    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.value(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    pub(super) fn whole(self, name: &str) -> Option<i64> {
        self.value(name)?.as_i64()
    }

    pub(super) fn number(self, name: &str) -> Option<f64> {
        match self.value(name)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn truth(self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(super) fn user(self, name: &str) -> Option<Person> {
        self.value(name)?.as_user_id().map(|id| Person(id.get()))
    }

    pub(super) fn channel(self, name: &str) -> Option<Channel> {
        self.value(name)?.as_channel_id().map(|id| Channel(id.get()))
    }

    pub(super) fn role(self, name: &str) -> Option<Role> {
        self.value(name)?.as_role_id().map(|id| Role(id.get()))
    }
}
