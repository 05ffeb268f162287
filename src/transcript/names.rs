//! Names in a transcript: presentation format with its escapes (RFC 1035 section 5.1), read back to the byte.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::Name;

/// A name as it is written down; `.` is the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written(pub(super) Name);

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        if text == "." {
            return Ok(Self(Name::root()));
        }
        let name = labels(&text).and_then(|labels| Name::from_labels(labels.iter().map(Vec::as_slice)));
        name.map(Self).ok_or_else(|| D::Error::custom(format!("`{text:.80}` is no name")))
    }
}

/// For a field that holds one name.
pub(super) mod one {
    use super::{Deserialize, Deserializer, Name, Serialize, Serializer, Written};

    pub(in crate::transcript) fn serialize<S: Serializer>(name: &Name, serializer: S) -> Result<S::Ok, S::Error> {
        Written(name.clone()).serialize(serializer)
    }

    pub(in crate::transcript) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        Written::deserialize(deserializer).map(|written| written.0)
    }
}

/// The labels of a name, escapes resolved; `None` where an escape is none.
fn labels(text: &str) -> Option<Vec<Vec<u8>>> {
    let bytes = unescaped(text)?;
    let labels = bytes.split(|byte| *byte == Byte::Plain(b'.'));
    Some(labels.map(|label| label.iter().map(|byte| byte.value()).collect()).collect())
}

/// A byte of a text, and whether it was escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Byte {
    Plain(u8),
    Escaped(u8),
}

impl Byte {
    pub(super) const fn value(self) -> u8 {
        match self {
            Self::Plain(byte) | Self::Escaped(byte) => byte,
        }
    }
}

/// The bytes of a text with `\DDD` and `\X` resolved; `None` where an escape is none.
pub(super) fn unescaped(text: &str) -> Option<Vec<Byte>> {
    let mut bytes = text.bytes();
    let mut read = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        read.push(match byte {
            b'\\' => Byte::Escaped(match bytes.next()? {
                first if first.is_ascii_digit() => {
                    let digits = [first, bytes.next()?, bytes.next()?];
                    std::str::from_utf8(&digits).ok()?.parse().ok()?
                }
                escaped => escaped,
            }),
            byte => Byte::Plain(byte),
        });
    }
    Some(read)
}
