//! A mail server that behaves as it is told: soundly, or as hostile ones do.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;

use super::{Conduct, Identity, Notes};

/// A mail server: what it speaks, who it shows itself as, and how it behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mail {
    pub(crate) protocol: Protocol,
    pub(crate) identity: Identity,
    pub(crate) manner: Manner,
}

/// What a mail server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// SMTP, with STARTTLS.
    Smtp,
    /// SMTP inside TLS.
    SmtpInTls,
    /// IMAP inside TLS.
    ImapInTls,
}

/// How a mail server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Sound,
    /// Accepts, and says nothing ever.
    Silent,
    /// A greeting without an end, a byte now and then.
    Drip,
    /// A greeting of lines without an end, as fast as they are read.
    EndlessGreeting,
    /// A line without an end, as fast as it is read.
    GiantLine,
    /// These lines as the greeting.
    Greets(&'static str),
    /// These lines as the reply to EHLO.
    Hello(&'static str),
    /// These lines as the reply to STARTTLS, then no TLS.
    StartTls(&'static str),
    /// Cuts the connection (RST) in place of the greeting.
    Reset,
    /// Hangs up after the greeting.
    HangsUp,
    /// These bytes in place of TLS's handshake, then it hangs up.
    Handshake(&'static [u8]),
    /// Nothing in place of TLS's handshake.
    SilentHandshake,
    /// These lines as the greeting, then nothing ever.
    GreetsThenSilent(&'static str),
}

const HELLO: &str = "250-mx.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n250 8BITMIME\r\n";

impl Mail {
    /// A sound one for port 25, which shows itself as this.
    pub(crate) const fn sound(identity: Identity) -> Self {
        Self { protocol: Protocol::Smtp, identity, manner: Manner::Sound }
    }

    /// One for port 25 with a sound certificate, which behaves so.
    pub(crate) const fn that(manner: Manner) -> Self {
        Self { protocol: Protocol::Smtp, identity: Identity::Sound("mx.example"), manner }
    }

    async fn smtp<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        mut stream: BufStream<S>,
        notes: &Notes,
    ) -> io::Result<Option<S>> {
        say(&mut stream, if let Manner::Greets(lines) = self.manner { lines } else { "220 mx.example ESMTP\r\n" })
            .await?;
        if self.manner == Manner::HangsUp {
            return Ok(None);
        }
        while let Some(line) = heard(&mut stream, notes).await? {
            match line.split(' ').next().unwrap_or_default() {
                "EHLO" => say(&mut stream, if let Manner::Hello(lines) = self.manner { lines } else { HELLO }).await?,
                "STARTTLS" => {
                    let Manner::StartTls(lines) = self.manner else {
                        say(&mut stream, "220 2.0.0 go ahead\r\n").await?;
                        return Ok(Some(stream.into_inner()));
                    };
                    say(&mut stream, lines).await?;
                }
                "QUIT" => {
                    say(&mut stream, "221 bye\r\n").await?;
                    stream.shutdown().await?;
                    return Ok(None);
                }
                _ => say(&mut stream, "502 what?\r\n").await?,
            }
        }
        Ok(None)
    }

    async fn imap<S: AsyncRead + AsyncWrite + Unpin>(self, mut stream: BufStream<S>, notes: &Notes) -> io::Result<()> {
        say(&mut stream, if let Manner::Greets(lines) = self.manner { lines } else { "* OK ready\r\n" }).await?;
        if heard(&mut stream, notes).await?.is_some() {
            say(&mut stream, "* BYE\r\na OK done\r\n").await?;
        }
        stream.shutdown().await
    }

    async fn shake_hands(self, mut stream: TcpStream, notes: &Notes) -> io::Result<()> {
        match self.manner {
            Manner::Handshake(bytes) => {
                let mut hello = [0; 4096];
                let _client_hello = stream.read(&mut hello).await?;
                stream.write_all(bytes).await?;
                stream.shutdown().await
            }
            Manner::SilentHandshake => std::future::pending().await,
            _ => {
                let stream = BufStream::new(self.identity.acceptor().accept(stream).await?);
                match self.protocol {
                    Protocol::ImapInTls => self.imap(stream, notes).await,
                    Protocol::SmtpInTls => self.smtp(stream, notes).await.map(drop),
                    Protocol::Smtp => self.after_start_tls(stream, notes).await,
                }
            }
        }
    }

    /// Nobody greets a second time (RFC 3207 section 4.2).
    async fn after_start_tls<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        mut stream: BufStream<S>,
        notes: &Notes,
    ) -> io::Result<()> {
        while let Some(line) = heard(&mut stream, notes).await? {
            say(&mut stream, if line == "QUIT" { "221 bye\r\n" } else { HELLO }).await?;
        }
        stream.shutdown().await
    }
}

impl Conduct for Mail {
    async fn talk(&self, mut stream: TcpStream, notes: Notes) -> io::Result<()> {
        match self.manner {
            Manner::Silent => std::future::pending().await,
            Manner::GreetsThenSilent(lines) => {
                stream.write_all(lines.as_bytes()).await?;
                std::future::pending().await
            }
            Manner::Reset => stream.set_zero_linger(),
            Manner::Drip => loop {
                stream.write_all(b"2").await?;
                tokio::time::sleep(Duration::from_millis(5)).await;
            },
            Manner::EndlessGreeting => loop {
                stream.write_all(b"220-and another line\r\n").await?;
            },
            Manner::GiantLine => loop {
                stream.write_all(&[b'2'; 1024]).await?;
            },
            _ if self.protocol == Protocol::Smtp => match self.smtp(BufStream::new(stream), &notes).await? {
                Some(stream) => self.shake_hands(stream, &notes).await,
                None => Ok(()),
            },
            _ => self.shake_hands(stream, &notes).await,
        }
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>, lines: &str) -> io::Result<()> {
    stream.write_all(lines.as_bytes()).await?;
    stream.flush().await
}

/// The next line, noted; `None` at the end.
async fn heard<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufStream<S>,
    notes: &Notes,
) -> io::Result<Option<String>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let line = line.trim_end().to_owned();
    notes.lock().unwrap().said.push(line.clone());
    Ok(Some(line))
}
