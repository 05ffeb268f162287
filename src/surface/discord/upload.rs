//! Files that people upload: fetched from Discord's own file servers, up to the length that is read.

use std::path::Path;
use std::time::Duration;

use reqwest::Client;
use serenity::model::channel::Attachment;
use url::Url;

use crate::inspect::letter::LONGEST;

/// Discord's file servers (Discord, "CDN Endpoints").
const HOSTS: [&str; 2] = ["cdn.discordapp.com", "media.discordapp.net"];
/// How long a file may take.
const LASTS: Duration = Duration::from_secs(15);

/// A file on Discord's servers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Upload {
    url: String,
    size: u32,
}

/// Why a file is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error(
        "The file has {0} bytes; {LONGEST} at most are read. Save the mail without its attachments, or paste its headers"
    )]
    TooLong(usize),
    #[error("Discord did not give the file. Upload it once more, or paste the text")]
    Missing,
}

impl Upload {
    pub(super) fn of(attachment: &Attachment) -> Self {
        Self { url: attachment.url.clone(), size: attachment.size }
    }

    /// Fetches the file.
    pub(super) async fn fetch(&self, client: &Client) -> Result<Vec<u8>, Lost> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if size > LONGEST {
            return Err(Lost::TooLong(size));
        }
        let url = self.url.parse::<Url>().ok().filter(is_discords).ok_or(Lost::Missing)?;
        tokio::time::timeout(LASTS, read(client, url)).await.unwrap_or(Err(Lost::Missing))
    }
}

/// Whether a file of this name is a mail or a text, not a picture beside one.
pub(super) fn is_text(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ["eml", "msg", "txt", "log"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

fn is_discords(url: &Url) -> bool {
    url.scheme() == "https" && url.host_str().is_some_and(|host| HOSTS.contains(&host))
}

/// Reads what comes, which may be longer than was said.
async fn read(client: &Client, url: Url) -> Result<Vec<u8>, Lost> {
    let lost = |_: reqwest::Error| Lost::Missing;
    let mut response = client.get(url).send().await.map_err(lost)?.error_for_status().map_err(lost)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if bytes.len() + chunk.len() > LONGEST {
            return Err(Lost::TooLong(bytes.len() + chunk.len()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_but_discords_file_servers_is_asked() {
        for (url, discords) in [
            ("https://cdn.discordapp.com/attachments/1/2/mail.eml?ex=1", true),
            ("http://cdn.discordapp.com/attachments/1/2/mail.eml", false),
            ("https://cdn.discordapp.com.evil.example/mail.eml", false),
            ("https://cdn.discordapp.com@evil.example/mail.eml", false),
            ("https://127.0.0.1/mail.eml", false),
        ] {
            assert_eq!(is_discords(&url.parse().unwrap()), discords, "{url}");
        }
    }
}
