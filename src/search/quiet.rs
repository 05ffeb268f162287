//! The messages that want no answer: `index/quiet.toml`, as the binary carries it.

use serde::Deserialize;

/// The file as it was when the binary was built.
const SHIPPED: &str = include_str!("../../index/quiet.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    message: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    text: String,
    #[serde(rename = "kind")]
    _kind: Kind,
}

/// What a message is that wants no answer; figures are told apart by it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// About mail, and yet no entry answers it.
    MailAdjacent,
    /// Between people.
    SmallTalk,
    /// About something else.
    OffTopic,
    /// From nobody to nobody.
    Junk,
}

/// All messages that want no answer.
pub(super) fn messages() -> Result<Vec<String>, toml::de::Error> {
    let written: Written = toml::from_str(SHIPPED)?;
    Ok(written.message.into_iter().map(|message| message.text).collect())
}
