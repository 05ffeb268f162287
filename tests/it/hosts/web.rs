//! A web server that gives the response it is told to give.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
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
    /// At each of these paths its bytes, elsewhere 404; then it hangs up.
    ByPath(Vec<(&'static str, Vec<u8>)>),
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
        Self::Bytes(page(status, headers, body))
    }

    /// JSON at each of these paths, and nothing elsewhere.
    pub(crate) fn json(pages: &[(&'static str, &str)]) -> Self {
        let page = |body: &str| page("200 OK", &["Content-Type: application/json"], body);
        Self::ByPath(pages.iter().map(|(path, body)| (*path, page(body))).collect())
    }
}

fn page(status: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().flat_map(|header| [header, "\r\n"]).collect();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

impl Conduct for Web {
    async fn talk(&self, stream: TcpStream, notes: Notes) -> io::Result<()> {
        let mut stream = BufStream::new(self.identity.acceptor().accept(stream).await?);
        let (mut line, mut path, mut length) = (String::new(), String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if path.is_empty() {
                path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            notes.lock().unwrap().said.push(line.trim_end().to_owned());
        }
        if length > 0 {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await?;
            notes.lock().unwrap().said.push(String::from_utf8_lossy(&body).into_owned());
        }
        match &self.response {
            Response::Silent => std::future::pending().await,
            Response::Bytes(bytes) => {
                stream.write_all(bytes).await?;
                stream.shutdown().await
            }
            Response::ByPath(pages) => {
                let found = pages.iter().find(|(known, _)| *known == path);
                let bytes = found.map_or_else(|| page("404 Not Found", &[], ""), |(_, bytes)| bytes.clone());
                stream.write_all(&bytes).await?;
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
