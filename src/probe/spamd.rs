//! SpamAssassin's daemon, where the operator runs one: one message, one verdict (the SPAMC protocol, version 1.5).
//!
//! The one who is asked is named by the operator alone, never by a message, so the guard for hosts is not needed here. The
//! message goes there as it came, and nowhere else; its answer quotes it, so the answer is not kept.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::inspect::spam::{Verdict, report};

/// How long one message may take: a hundred times what it takes a daemon without network tests.
const TIME: Duration = Duration::from_secs(10);

/// How long an answer may be: a table of all rules is a tenth of it.
const LONGEST: u64 = 256 * 1024;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum NoVerdict {
    /// Nobody answers there.
    #[error("spamd cannot be reached")]
    Unreached(#[source] io::Error),
    /// The answer takes too long.
    #[error("spamd did not answer in time")]
    Silent,
    /// It says that it cannot.
    #[error("spamd answered `{0}`")]
    Refused(String),
    /// It is another protocol.
    #[error("what answers is not spamd")]
    Malformed,
}

/// Asks for the verdict on a message, as it came. `offline` is whether the daemon works without the network.
pub async fn ask(spamd: SocketAddr, offline: bool, message: &[u8]) -> Result<Verdict, NoVerdict> {
    let answer = timeout(TIME, exchange(spamd, message)).await.map_err(|_| NoVerdict::Silent)?;
    read(&answer.map_err(NoVerdict::Unreached)?, offline)
}

async fn exchange(spamd: SocketAddr, message: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(spamd).await?;
    let head = format!("REPORT SPAMC/1.5\r\nContent-length: {}\r\nUser: nobody\r\n\r\n", message.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(message).await?;
    stream.shutdown().await?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Reads an answer: `SPAMD/1.1 0 EX_OK`, fields with `Spam: True ; 19.4 / 5.0` among them, and the table.
fn read(answer: &[u8], offline: bool) -> Result<Verdict, NoVerdict> {
    let answer = String::from_utf8_lossy(answer).replace("\r\n", "\n");
    let (head, table) = answer.split_once("\n\n").unwrap_or((&answer, ""));
    let mut lines = head.lines();
    let mut status = lines.next().ok_or(NoVerdict::Malformed)?.splitn(3, ' ');
    let (protocol, code) = (status.next().unwrap_or_default(), status.next().unwrap_or_default());
    if !protocol.starts_with("SPAMD/") {
        return Err(NoVerdict::Malformed);
    }
    if code != "0" {
        let why = status.next().unwrap_or(code);
        return Err(NoVerdict::Refused(why.chars().filter(|c| !c.is_control()).take(80).collect()));
    }
    let said = lines.find_map(|line| line.strip_prefix("Spam:"));
    said.and_then(|said| report(said, table, offline)).ok_or(NoVerdict::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_verdict_counts() {
        for (answer, told) in [
            ("", "what answers is not spamd"),
            ("220 mx ESMTP\r\n", "what answers is not spamd"),
            ("SPAMD/1.1 0 EX_OK\r\n\r\n", "what answers is not spamd"),
            ("SPAMD/1.1 76 Bad header line: x\r\n", "spamd answered `Bad header line: x`"),
            ("SPAMD/1.1 0 EX_OK\r\nSpam: perhaps\r\n\r\n", "what answers is not spamd"),
        ] {
            assert_eq!(read(answer.as_bytes(), true).unwrap_err().to_string(), told, "{answer}");
        }
        let verdict =
            read(b"SPAMD/1.1 0 EX_OK\r\nContent-length: 2\r\nSpam: False ; -0.1 / 5.0\r\n\r\n\r\n", true).unwrap();
        assert_eq!((verdict.score, verdict.threshold, verdict.offline), (-0.1, Some(5.0), true));
    }
}
