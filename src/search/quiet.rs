//! The messages that want no answer: `index/quiet.toml`, as the binary carries it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The file as it was when the binary was built.
const SHIPPED: &str = include_str!("../../index/quiet.toml");

/// One message that wants no answer.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// What a message is that wants no answer; figures are told apart by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// About mail, and yet no entry answers it.
    MailAdjacent,
    /// Between people.
    SmallTalk,
    /// About something else.
    OffTopic,
    /// From nobody to nobody.
    Junk,
}

impl Kind {
    /// The word for it in files.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::MailAdjacent => "mail-adjacent",
            Self::SmallTalk => "small-talk",
            Self::OffTopic => "off-topic",
            Self::Junk => "junk",
        }
    }
}

/// All messages that want no answer.
pub(super) fn messages() -> Result<Vec<Message>, toml::de::Error> {
    let written: BTreeMap<Kind, Vec<String>> = toml::from_str(SHIPPED)?;
    let messages = |(kind, texts): (Kind, Vec<String>)| texts.into_iter().map(move |text| Message { text, kind });
    Ok(written.into_iter().flat_map(messages).collect())
}
