//! HTTP/1.1 as far as both sides of this load use it: messages with a `content-length`, one after another.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next message: its head, and its body; none at the end.
    pub(crate) async fn receive(&mut self) -> Option<(String, Vec<u8>)> {
        loop {
            if let Some(end) = self.read.windows(4).position(|part| part == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.read[..end]).into_owned();
                let length = head.lines().filter_map(|line| line.split_once(": "));
                let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
                let length: usize = length.next().map_or(0, |(_, length)| length.parse().unwrap());
                if self.read.len() >= end + 4 + length {
                    let rest = self.read.split_off(end + 4 + length);
                    let message = std::mem::replace(&mut self.read, rest);
                    return Some((head, message[end + 4..].to_vec()));
                }
            }
            if self.stream.read_buf(&mut self.read).await.ok()? == 0 {
                return None;
            }
        }
    }
}
