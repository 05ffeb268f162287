//! The hosts that a domain names, as facts: calls to their mail services and pages fetched from them.
//!
//! Says what was seen, byte by byte where it matters; what is right is for the checks to say. A host is reached at an
//! address that a query gave before, so that no name is looked up twice.

use std::fmt;
use std::net::IpAddr;

use crate::domain::Name;

/// The services of a mail host that are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Mail from other servers, port 25 (RFC 5321), with STARTTLS (RFC 3207).
    Smtp,
    /// Mail from the domain's people, port 587, with STARTTLS (RFC 6409).
    Submission,
    /// The same, port 465, TLS from the first byte (RFC 8314).
    Submissions,
    /// Their mailboxes, port 993, TLS from the first byte (RFC 8314).
    Imaps,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Smtp, Self::Submission, Self::Submissions, Self::Imaps];

    /// The port (IANA).
    pub const fn port(self) -> u16 {
        match self {
            Self::Smtp => 25,
            Self::Submission => 587,
            Self::Submissions => 465,
            Self::Imaps => 993,
        }
    }
}

/// One call to a mail service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call {
    /// The host's name: what is asked for in TLS (SNI), and what its certificate shall name.
    pub host: Name,
    /// The address to connect to: one of the host's.
    pub address: IpAddr,
    /// The service.
    pub service: Service,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} port {} at {}", self.host, self.service.port(), self.address)
    }
}

/// What came of a call.
pub type Called = Result<Session, Unreached>;

/// Why nothing was heard from a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreached {
    /// The address is not public, so nothing was sent.
    Denied,
    /// The host refuses connections at this port.
    Refused,
    /// Nothing came back in time: the host is silent, or the way there is blocked.
    Silent,
    /// The connection broke off before anything useful was said.
    Broken,
    /// There is no way from here to that network (no IPv6, for example); says nothing of the host.
    NoWay,
    /// Nobody but the resolvers may be asked, or the budget was used up.
    NotAsked,
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "the address is not public, so it was not contacted",
            Self::Refused => "the connection was refused",
            Self::Silent => "no connection came about in time",
            Self::Broken => "the connection broke off",
            Self::NoWay => "there is no way to that network from here",
            Self::NotAsked => "it was not contacted",
        })
    }
}

/// A conversation with a mail service. One that fell silent or broke off before TLS is an [`Unreached`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The first reply, as it came: code and text, lines joined by line feeds; empty where TLS comes first and fails.
    pub greeting: String,
    /// The keywords of the reply to EHLO, with their parameters; empty where EHLO was not said.
    pub capabilities: Vec<String>,
    /// How far TLS came.
    pub tls: Tls,
}

/// How far TLS came in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Not tried, since the server turned the caller away, or speaks something else: what it said. A code that starts
    /// with 4 means "later" (RFC 5321 section 4.2.1).
    TurnedAway(String),
    /// The server does not offer STARTTLS.
    NotOffered,
    /// The server offers STARTTLS, and refuses it when asked: its reply.
    Refused(String),
    /// The server said more in the clear than its reply to STARTTLS, as an attacker would (RFC 3207 section 6).
    Injected,
    /// The server knows no version above TLS 1.1, which RFC 8996 forbids.
    TooOld,
    /// The handshake failed otherwise: why.
    Failed(String),
    /// TLS is up.
    Up(Secured),
}

/// A TLS connection, and what the server showed to prove who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secured {
    /// The protocol, for example `TLSv1.3`.
    pub version: String,
    /// The server's certificates, its own first; at most ten.
    pub chain: Vec<Certificate>,
    /// What the first of them says; `None` if it cannot be read.
    pub leaf: Option<Leaf>,
    /// Whether the chain leads to a root that the public trusts, now; else why not. Names are not part of this.
    pub trusted: Result<(), Distrust>,
    /// Whether the server's certificate names the host that was called (RFC 9525).
    pub names_host: bool,
}

/// A certificate as it came (RFC 5280).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The whole of it, in DER.
    pub der: Vec<u8>,
    /// Its public key (`SubjectPublicKeyInfo`), in DER; empty if it cannot be read.
    pub public_key: Vec<u8>,
}

/// What a server's own certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The names it is for (subjectAltName); a few, where there are very many.
    pub names: Vec<String>,
    /// Who issued it.
    pub issuer: String,
    /// From when it is valid, in seconds since 1970.
    pub not_before: i64,
    /// Until when it is valid, in seconds since 1970.
    pub not_after: i64,
}

/// Why a chain of certificates is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Distrust {
    /// A certificate of the chain is over.
    Expired,
    /// A certificate of the chain is not valid yet.
    NotYetValid,
    /// It is its own issuer.
    SelfSigned,
    /// Its issuer's certificate is missing, or not trusted.
    UnknownIssuer,
    /// Something else: the verifier's words.
    Other(String),
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "the certificate has expired",
            Self::NotYetValid => "the certificate is not valid yet",
            Self::SelfSigned => "the certificate is self-signed",
            Self::UnknownIssuer => "nobody whom the public trusts has issued the certificate",
            Self::Other(why) => why,
        })
    }
}

/// One page to fetch over HTTPS.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fetch {
    /// The host.
    pub host: Name,
    /// The address to connect to: one of the host's.
    pub address: IpAddr,
    /// The path, from its slash on.
    pub path: &'static str,
}

impl fmt::Display for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}{} at {}", self.host, self.path, self.address)
    }
}

/// What came of fetching a page.
pub type Fetched = Result<Page, NoPage>;

/// A page; no redirect was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The status code.
    pub status: u16,
    /// The media type, as the server wrote it.
    pub content_type: Option<String>,
    /// Where it says that the page is instead.
    pub location: Option<String>,
    /// The text, 64 KiB at most.
    pub body: String,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPage {
    /// The host was not reached, or fell silent.
    Unreached(Unreached),
    /// No TLS came about: why.
    NoTls(String),
    /// The certificate does not prove that this is the host, so nothing was asked: why.
    Untrusted(String),
    /// What came is no page that can be read: why.
    Malformed(String),
}

impl fmt::Display for NoPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreached(why) => why.fmt(f),
            Self::NoTls(why) => write!(f, "no TLS came about: {why}"),
            Self::Untrusted(why) => write!(f, "the certificate is not trusted: {why}"),
            Self::Malformed(why) => write!(f, "the reply could not be read: {why}"),
        }
    }
}

impl Session {
    /// How many bytes it keeps in memory, about.
    pub fn size(&self) -> usize {
        let said = self.greeting.len() + self.capabilities.iter().map(String::len).sum::<usize>();
        let Tls::Up(secured) = &self.tls else { return said };
        said + secured.chain.iter().map(|shown| shown.der.len() + shown.public_key.len()).sum::<usize>()
    }
}
