//! Lines and replies of a server that may be hostile: each bounded, and all of them together.
//!
//! Refuses to wait for itself: the time limit is the whole look's, in the room above.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// How long a line may be: RFC 5321 (section 4.5.3.1.5) allows 512 bytes, and some write more.
const LONGEST_LINE: usize = 4 * 1024;

/// How many lines a reply may have: the longest EHLO in use has about twenty.
const LONGEST_REPLY: usize = 50;

/// How much text a server may send in all: sixteen of the longest lines.
const MOST_BYTES: usize = 64 * 1024;

/// How many characters are kept of a line that is none of the protocol: enough to recognise it.
const SHOWN: usize = 200;

/// Why a line or a reply was not heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unheard {
    /// The server hung up, or the connection was cut.
    Broken,
    /// It said more than anybody needs to.
    Flooded(Flood),
    /// This is not the protocol; the line.
    Malformed(String),
}

/// Which limit a server broke.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flood {
    /// A line without an end.
    Line,
    /// A reply without a last line.
    Reply,
    /// More bytes than a look may take.
    Bytes,
}

impl From<io::Error> for Unheard {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::QuotaExceeded { Self::Flooded(Flood::Bytes) } else { Self::Broken }
    }
}

/// A stream read line by line.
pub(super) struct Lines<S> {
    stream: S,
    /// What was read and not yet taken.
    buffer: Vec<u8>,
    /// How many bytes were read.
    read: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Lines<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::new(), read: 0 }
    }

    /// The stream; `None` if there is text left that nobody asked for.
    pub(super) fn into_inner(self) -> Option<S> {
        self.buffer.is_empty().then_some(self.stream)
    }

    /// Sends one line.
    pub(super) async fn send(&mut self, line: &str) -> Result<(), Unheard> {
        let line = format!("{line}\r\n");
        self.stream.write_all(line.as_bytes()).await?;
        Ok(self.stream.flush().await?)
    }

    /// The next line, without its end; bytes that are no UTF-8 are replaced.
    pub(super) async fn line(&mut self) -> Result<String, Unheard> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            if self.buffer.len() >= LONGEST_LINE {
                return Err(Unheard::Flooded(Flood::Line));
            }
            if self.read >= MOST_BYTES {
                return Err(Unheard::Flooded(Flood::Bytes));
            }
            let mut chunk = [0; LONGEST_LINE];
            let room = LONGEST_LINE - self.buffer.len();
            let chunk = chunk.get_mut(..room).unwrap_or_default();
            let length = self.stream.read(chunk).await?;
            if length == 0 {
                return Err(Unheard::Broken);
            }
            self.read += length;
            self.buffer.extend(chunk.iter().take(length));
        }
    }

    /// The next reply: lines that begin with a code, the last with a blank behind it (RFC 5321 section 4.2).
    pub(super) async fn reply(&mut self) -> Result<Vec<String>, Unheard> {
        let mut reply = Vec::new();
        while reply.len() < LONGEST_REPLY {
            let line = self.line().await?;
            let Some(place) = place(&line) else {
                return Err(Unheard::Malformed(line.chars().take(SHOWN).collect()));
            };
            reply.push(line);
            if place == Place::Last {
                return Ok(reply);
            }
        }
        Err(Unheard::Flooded(Flood::Reply))
    }
}

/// Where a line stands in its reply.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Within,
    Last,
}

/// Reads a line's code and what follows it; `None` if there is no code.
fn place(line: &str) -> Option<Place> {
    let (code, rest) = line.split_at_checked(3)?;
    let is_code = code.starts_with(['2', '3', '4', '5']) && code.bytes().all(|byte| byte.is_ascii_digit());
    match rest.bytes().next() {
        _ if !is_code => None,
        Some(b'-') => Some(Place::Within),
        Some(b' ') | None => Some(Place::Last),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn reply(text: &[u8]) -> Result<Vec<String>, Unheard> {
        let (ours, mut theirs) = tokio::io::duplex(MOST_BYTES * 2);
        theirs.write_all(text).await.unwrap();
        drop(theirs);
        Lines::new(ours).reply().await
    }

    #[tokio::test]
    async fn a_reply_ends_where_the_rfc_says() {
        for (text, expected) in [
            ("220 a\r\n", Ok(vec!["220 a"])),
            ("220\r\n", Ok(vec!["220"])),
            ("220 a\n", Ok(vec!["220 a"])),
            ("250-a\r\n250-b\r\n250 c\r\n250 d\r\n", Ok(vec!["250-a", "250-b", "250 c"])),
            ("250-a\r\n", Err(Unheard::Broken)),
            ("", Err(Unheard::Broken)),
            ("220", Err(Unheard::Broken)),
            ("SSH-2.0-x\r\n", Err(Unheard::Malformed("SSH-2.0-x".to_owned()))),
            ("2200 x\r\n", Err(Unheard::Malformed("2200 x".to_owned()))),
            ("22é x\r\n", Err(Unheard::Malformed("22é x".to_owned()))),
            ("120 x\r\n", Err(Unheard::Malformed("120 x".to_owned()))),
            ("\r\n", Err(Unheard::Malformed(String::new()))),
        ] {
            let expected = expected.map(|lines| lines.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(reply(text.as_bytes()).await, expected, "{text:?}");
        }
    }

    #[tokio::test]
    async fn every_limit_is_kept_and_what_is_just_below_passes() {
        let line = |length: usize| [b"220 ", "x".repeat(length - 6).as_bytes(), b"\r\n"].concat();
        assert!(reply(&line(LONGEST_LINE)).await.is_ok());
        assert_eq!(reply(&line(LONGEST_LINE + 1)).await, Err(Unheard::Flooded(Flood::Line)));
        let lines = |count: usize| ["220-x\r\n".repeat(count - 1), "220 x\r\n".to_owned()].concat();
        assert!(reply(lines(LONGEST_REPLY).as_bytes()).await.is_ok());
        assert_eq!(reply(lines(LONGEST_REPLY + 1).as_bytes()).await, Err(Unheard::Flooded(Flood::Reply)));
        let long = [b"220-".as_slice(), "x".repeat(LONGEST_LINE - 6).as_bytes(), b"\r\n"].concat().repeat(20);
        assert_eq!(reply(&long).await, Err(Unheard::Flooded(Flood::Bytes)));
    }

    #[tokio::test]
    async fn text_behind_a_reply_is_noticed() {
        for (text, clean) in [("220 go\r\n", true), ("220 go\r\n250 more\r\n", false), ("220 go\r\n\0", false)] {
            let (ours, mut theirs) = tokio::io::duplex(100);
            theirs.write_all(text.as_bytes()).await.unwrap();
            let mut lines = Lines::new(ours);
            lines.reply().await.unwrap();
            assert_eq!(lines.into_inner().is_some(), clean, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_server_makes_it_panic(text: Vec<u8>) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = runtime.block_on(reply(&text));
        }
    }
}
