//! One small text over HTTPS, as RFC 8461 (section 3.3) demands it: the certificate must be for the host and trusted by
//! the public, redirects are shown and not followed, no proxy, no cookies, one time limit for all. Or one text sent, likewise.
//!
//! Refuses hosts that are addresses, and to resolve: the name of a [`Fetch`] goes into TLS and the `Host` header; its
//! address is [`Egress`]'s to judge. Of a host whose certificate is not good nothing is asked.

use std::error::Error as _;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, LOCATION, USER_AGENT};
use hyper::http::request::Builder;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::egress::{Egress, Port};
use super::tls::{Client, Host};
use crate::domain::Name;
use crate::facts::{Fetch, Fetched, NoPage, Page, Unreached};

/// How long a whole fetch may take: with the questions that name the host it must end within the six seconds that a
/// person waits. RFC 8461 (section 3.3) suggests a minute to senders, who have one.
const FETCH_TIME: Duration = Duration::from_millis(5500);

/// How large a policy may be (RFC 8461 section 3.3 suggests this limit).
const MOST_BODY_BYTES: usize = 64 * 1024;

/// How much may stand before the body: eight times what web servers send.
const MOST_HEAD_BYTES: usize = 16 * 1024;

/// How many characters of a header are kept: more than any of those that are read has.
const LONGEST_HEADER: usize = 500;

/// How many names of a certificate for others are told.
const MOST_NAMES: usize = 5;

/// Who asks, for the host's log.
const AGENT: &str = concat!("mailmedic/", env!("CARGO_PKG_VERSION"));

/// A text in JSON, to send to a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The host.
    pub host: Name,
    /// The address to connect to: one of the host's.
    pub address: IpAddr,
    /// The path, from its slash on.
    pub path: String,
    /// The text.
    pub body: String,
}

/// Fetches small texts.
#[derive(Debug, Clone)]
pub struct Https {
    egress: Arc<Egress>,
    tls: Client,
    time: Duration,
}

impl Https {
    /// Gets ready.
    pub const fn new(egress: Arc<Egress>, tls: Client) -> Self {
        Self { egress, tls, time: FETCH_TIME }
    }

    /// The same, with so much time for a whole fetch.
    #[must_use]
    pub const fn within(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Fetches the page; a host whose name no certificate could be for is not asked.
    pub async fn fetch(&self, fetch: &Fetch) -> Fetched {
        let exchange = self.exchange(&fetch.host, fetch.address, Request::get(fetch.path), Bytes::new());
        timeout(self.time, exchange).await.unwrap_or(Err(NoPage::Unreached(Unreached::Silent)))
    }

    /// Sends a text to the page, and gives what it answers.
    pub async fn post(&self, post: &Post) -> Fetched {
        let request =
            Request::post(&post.path).header(CONTENT_TYPE, "application/json").header(ACCEPT, "application/json");
        let exchange = self.exchange(&post.host, post.address, request, Bytes::from(post.body.clone()));
        timeout(self.time, exchange).await.unwrap_or(Err(NoPage::Unreached(Unreached::Silent)))
    }

    async fn exchange(&self, name: &Name, address: IpAddr, request: Builder, body: Bytes) -> Fetched {
        let host = Host::of(name).ok_or(NoPage::Unreached(Unreached::NotAsked))?;
        let stream = self.egress.connect(address, Port::Https).await.map_err(NoPage::Unreached)?;
        let shaken = self.tls.handshake(&host, stream).await;
        let (stream, secured) = shaken.map_err(|why| NoPage::NoTls(why.to_string()))?;
        secured.trusted.map_err(|why| NoPage::Untrusted(why.to_string()))?;
        if !secured.names_host {
            let names = secured.leaf.map(|leaf| leaf.names).unwrap_or_default();
            let shown = names.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(NoPage::Untrusted(format!("the certificate is for {shown}")));
        }
        let request = request
            .header(HOST, name.as_str())
            .header(USER_AGENT, AGENT)
            .body(Full::new(body))
            .map_err(|error| NoPage::Malformed(error.to_string()))?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MOST_HEAD_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| no_page(&error))?;
        let _driver = AbortOnDropHandle::new(tokio::spawn(connection));
        let response = sender.send_request(request).await.map_err(|error| no_page(&error))?;
        page(response).await
    }
}

async fn page(response: Response<Incoming>) -> Fetched {
    let header = |name: HeaderName| {
        let value = String::from_utf8_lossy(response.headers().get(name)?.as_bytes()).into_owned();
        Some(value.chars().take(LONGEST_HEADER).collect::<String>())
    };
    let status = response.status();
    let (content_type, location, length) = (header(CONTENT_TYPE), header(LOCATION), header(CONTENT_LENGTH));
    let mut body = String::new();
    // The pages of errors may be of any size, and are no policy.
    if status == StatusCode::OK {
        if length.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > MOST_BODY_BYTES) {
            return Err(too_large());
        }
        let limited = Limited::new(response.into_body(), MOST_BODY_BYTES);
        let bytes = limited.collect().await.map_err(|error| match error.downcast_ref::<hyper::Error>() {
            _ if error.is::<LengthLimitError>() => too_large(),
            Some(error) => no_page(error),
            None => NoPage::Malformed(error.to_string()),
        })?;
        body = String::from_utf8_lossy(&bytes.to_bytes()).into_owned();
    }
    Ok(Page { status: status.as_u16(), content_type, location, body })
}

fn no_page(error: &hyper::Error) -> NoPage {
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
    match cause {
        _ if error.is_parse_too_large() => too_large(),
        Some(io::ErrorKind::QuotaExceeded) => too_large(),
        Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
            NoPage::Unreached(Unreached::Broken)
        }
        _ if error.is_incomplete_message() || error.is_closed() || error.is_canceled() => {
            NoPage::Unreached(Unreached::Broken)
        }
        _ => NoPage::Malformed(format!("not HTTP: {error}")),
    }
}

fn too_large() -> NoPage {
    NoPage::Malformed("more than a policy has".to_owned())
}
