//! What has to be known to go on where a connection ended.

use serde::Deserialize;
use url::Url;

/// A session of the bot with Discord, which outlives its connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) id: String,
    /// Where to resume it.
    pub(super) url: Url,
    /// The number of the last event.
    pub(super) seq: u64,
}

/// The part of READY that makes a session.
#[derive(Deserialize)]
struct Ready {
    session_id: String,
    resume_gateway_url: Option<String>,
}

impl Session {
    /// The session that READY begins on a connection to `url`.
    pub(super) fn of_ready(data: &str, seq: u64, url: &Url) -> Option<Self> {
        let ready: Ready = serde_json::from_str(data).ok()?;
        let resume = ready.resume_gateway_url.as_deref().and_then(address);
        // The token never goes out in clear because an answer says so.
        let resume = resume.filter(|resume| resume.scheme() == url.scheme());
        Some(Self { id: ready.session_id, url: resume.unwrap_or_else(|| url.clone()), seq })
    }
}

/// The address of the gateway, for the version and the encoding that are spoken here.
pub(super) fn address(text: &str) -> Option<Url> {
    let mut url: Url = text.parse().ok()?;
    url.set_query(Some("v=10&encoding=json"));
    matches!(url.scheme(), "wss" | "ws").then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_resumed_where_discord_says() {
        let url = address("wss://gateway.discord.gg").unwrap();
        assert_eq!(url.as_str(), "wss://gateway.discord.gg/?v=10&encoding=json");
        let of = |data| Session::of_ready(data, 1, &url).unwrap().url.to_string();
        let told = of(r#"{"session_id":"s","resume_gateway_url":"wss://us-east1-b.gateway.discord.gg"}"#);
        assert_eq!(told, "wss://us-east1-b.gateway.discord.gg/?v=10&encoding=json");
        assert_eq!(of(r#"{"session_id":"s"}"#), url.as_str());
    }

    #[test]
    fn no_answer_moves_the_token_to_a_connection_in_clear() {
        let url = address("wss://gateway.discord.gg").unwrap();
        let data = r#"{"session_id":"s","resume_gateway_url":"ws://gateway.discord.gg"}"#;
        assert_eq!(Session::of_ready(data, 1, &url).unwrap().url, url);
        assert_eq!(address("https://gateway.discord.gg"), None);
    }
}
