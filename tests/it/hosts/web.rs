//! A web server that gives the response it is told to give.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;

use super::{Conduct, Identity, Notes};

/// A web server: who it shows itself as, and what it gives.
#[derive(Debug, Clone)]
pub(crate) struct Web {
    pub(crate) identity: Identity,
    pub(crate) response: Response,
}

/// What a web server gives.
#[derive(Debug, Clone)]
pub(crate) enum Response {
    /// These bytes, then it hangs up.
    Bytes(Vec<u8>),
    /// A head, then a body without an end, as fast as it is read.
    Endless,
    /// A head without an end, as fast as it is read.
    EndlessHead,
    /// A head, then a byte of the body now and then.
    Drip,
    /// Accepts, and says nothing ever.
    Silent,
}

impl Response {
    /// A page with this status line, these headers and this body.
    pub(crate) fn page(status: &str, headers: &[&str], body: &str) -> Self {
        let headers: String = headers.iter().flat_map(|header| [header, "\r\n"]).collect();
        Self::Bytes(format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes())
    }
}

impl Conduct for Web {
    async fn talk(&self, stream: TcpStream, notes: Notes) -> io::Result<()> {
        let mut stream = BufStream::new(self.identity.acceptor().accept(stream).await?);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            notes.lock().unwrap().said.push(line.trim_end().to_owned());
        }
        match &self.response {
            Response::Silent => std::future::pending().await,
            Response::Bytes(bytes) => {
                stream.write_all(bytes).await?;
                stream.shutdown().await
            }
            Response::EndlessHead => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
                loop {
                    stream.write_all(b"X-Filler: and another header\r\n").await?;
                }
            }
            Response::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                loop {
                    stream.write_all(&[b'x'; 1024]).await?;
                }
            }
            Response::Drip => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                loop {
                    stream.write_all(b"x").await?;
                    stream.flush().await?;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
    }
}
