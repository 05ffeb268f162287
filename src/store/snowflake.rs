//! Discord's ids: 64 bits, each of its own kind, so that none is taken for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::{Column, Value};

/// An id: its number in memory, quoted digits in JSON, 64 bits with a sign in the store.
macro_rules! snowflake {
    ($(#[$doc:meta] $name:ident;)*) => { $(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl From<$name> for Value {
            fn from(id: $name) -> Self {
                id.0.cast_signed().into()
            }
        }

        impl From<Option<$name>> for Value {
            fn from(id: Option<$name>) -> Self {
                Self::Number(id.map(|id| id.0.cast_signed()))
            }
        }

        impl Column for $name {
            fn read(value: Value) -> Option<Self> {
                i64::read(value).map(|number| Self(number.cast_unsigned()))
            }
        }
    )* };
}

snowflake! {
    /// A server, in Discord's words a guild.
    Guild;
    /// A channel or thread.
    Channel;
    /// A role.
    Role;
    /// A person.
    Person;
    /// A message.
    Message;
    /// An interaction: one use of a command or button.
    Interaction;
    /// A talk, by the thread, message or interaction that it began with.
    Talk;
}
