//! What a host shows to one look: a mail session, a certificate, a page. Data alone, for facts to keep and checks to
//! judge.
//!
//! Refuses to judge and to connect; `probe::smtp` and `probe::https` make these. All text in here is the host's own,
//! and hostile: bounded by the maker, made inert by the renderers.

/// The services that are ever connected to; there is no other port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Name servers.
    Dns,
    /// Mail between servers (RFC 5321).
    Smtp,
    /// Mail from people, TLS from the first byte (RFC 8314 section 3.3).
    Submissions,
    /// Mail from people, TLS by STARTTLS (RFC 6409).
    Submission,
    /// Mailboxes, TLS from the first byte (RFC 8314 section 3.2).
    Imaps,
    /// Policies (RFC 8461).
    Https,
}

impl Service {
    /// The port that IANA assigned.
    pub const fn port(self) -> u16 {
        match self {
            Self::Dns => 53,
            Self::Smtp => 25,
            Self::Submissions => 465,
            Self::Submission => 587,
            Self::Imaps => 993,
            Self::Https => 443,
        }
    }
}

/// Why no connection came about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unreached {
    /// Nobody tried: the guard does not let this address be reached.
    #[error("not tried: {0}")]
    Denied(Denied),
    /// The host answered that nobody listens there.
    #[error("connection refused")]
    Refused,
    /// Nothing came back. The host may be down, or a firewall on the way swallows it: many providers block the way out
    /// to port 25, so that from here it cannot be told.
    #[error("no answer")]
    TimedOut,
    /// There is no way from here to that network (no IPv6, for example); says nothing of the host.
    #[error("no way to that network from here")]
    NoRoute,
    /// Too much is under way here; says nothing of the host.
    #[error("too many connections under way")]
    Busy,
    /// The system's own words.
    #[error("{0}")]
    Other(String),
}

/// Why the guard does not let an address be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Denied {
    /// It is not public; the block that it lies in, with its RFC.
    #[error("the address is not public: {0}")]
    NotPublic(&'static str),
    /// The operator wants nobody connected to (`connect = false`, `--dns-only`).
    #[error("connections are switched off")]
    SwitchedOff,
}

/// One look at a mail service: what was seen, as far as it went.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Session {
    /// The greeting's lines, the code in front.
    pub greeting: Vec<String>,
    /// What EHLO's reply lists before TLS, as written, without the first line (the server's name).
    pub capabilities: Vec<String>,
    /// How STARTTLS went.
    pub starttls: StartTls,
    /// The TLS that came about.
    pub tls: Option<Tls>,
    /// How far it went.
    pub stage: Stage,
    /// How it ended.
    pub end: End,
}

/// How STARTTLS went (RFC 3207).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StartTls {
    /// It was not reached, or has no place here: TLS is there from the first byte.
    NotAsked,
    /// EHLO's reply does not offer it.
    NotOffered,
    /// It was offered, then refused; the reply's lines.
    Refused(Vec<String>),
    /// The server said to go ahead.
    Accepted,
}

/// The steps of a look, in their order for [`Service::Smtp`] and [`Service::Submission`]; with TLS from the first byte
/// the handshake goes before the greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// TCP's handshake.
    Connect,
    /// Waiting for the greeting.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// TLS's handshake.
    Handshake,
    /// All was seen.
    Done,
}

/// How a look ended, at the session's [`Stage`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum End {
    /// All was seen, and we said goodbye.
    Complete,
    /// The host's name is none that a certificate could be for; nothing was tried.
    BadName,
    /// No connection came about.
    Unreached(Unreached),
    /// The server turned us away; its lines. A code that starts with 4 means "later" (RFC 5321 section 4.2.1), and
    /// IMAP says `* BYE`.
    Rejected(Vec<String>),
    /// The time for the whole look was over: silence, or a byte now and then.
    TimedOut,
    /// The server hung up.
    Closed,
    /// The server cut the connection (RST), or the way did.
    Reset,
    /// It said more than anybody needs to.
    Flooded(Flood),
    /// This is not the protocol; the line.
    Malformed(String),
    /// Text lay behind the reply to STARTTLS, before TLS: somebody may put words into sessions (CVE-2011-0411).
    Injected,
    /// No TLS came about.
    Handshake(NoTls),
}

/// Which limit a server broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flood {
    /// A line without an end.
    Line,
    /// A reply without a last line.
    Reply,
    /// More bytes than a look may take.
    Bytes,
}

/// Why no TLS came about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoTls {
    /// The server knows TLS 1.0 or 1.1 alone, which RFC 8996 forbids.
    #[error("the server speaks no TLS 1.2 or 1.3")]
    OldVersion,
    /// The server said why, by an alert: its name (RFC 8446 section 6).
    #[error("the server ended the handshake with the alert `{0}`")]
    Alert(String),
    /// What came is not TLS.
    #[error("what the server sent is not TLS")]
    NotTls,
    /// The certificate is broken, or does not fit the key that the server has.
    #[error("the server's certificate cannot be used: {0}")]
    Certificate(String),
    /// The server hung up amid the handshake.
    #[error("the server hung up amid the handshake")]
    Closed,
    /// The connection was cut amid the handshake.
    #[error("the connection was cut amid the handshake")]
    Reset,
    /// It sent more than a handshake needs.
    #[error("the server sent more than a handshake needs")]
    TooMuch,
    /// The library's own words.
    #[error("{0}")]
    Other(String),
}

/// A TLS session; any certificate will do for it, and what is wrong with that is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tls {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite, as IANA names it.
    pub cipher: &'static str,
    /// Whether the chain leads to a root that the public trusts, now; apart from the name.
    pub trust: Result<(), Distrust>,
    /// Whether the certificate is for the host.
    pub name: NameMatch,
    /// The certificates that the server sent, its own first; ten and 64 KiB at most.
    pub chain: Vec<Certificate>,
    /// What the server's own certificate says; `None` if it cannot be read.
    pub leaf: Option<Leaf>,
}

/// Whether a certificate is for a host (RFC 9525 section 6: its DNS-IDs alone count).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameMatch {
    /// One of the names is the host's.
    Yes,
    /// None is.
    No,
}

/// Why a chain of certificates is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Distrust {
    /// A certificate is over.
    #[error("the certificate has expired")]
    Expired,
    /// A certificate is not valid yet.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// It is its own issuer.
    #[error("the certificate is self-signed")]
    SelfSigned,
    /// Its issuer's certificate is missing, or not trusted.
    #[error("nobody whom the public trusts has issued the certificate")]
    UnknownIssuer,
    /// The library's own words.
    #[error("{0}")]
    Other(String),
}

/// A certificate as it came, for DANE to compare (RFC 6698 section 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Certificate {
    /// The whole, in DER (selector 0).
    pub der: Vec<u8>,
    /// Its `SubjectPublicKeyInfo`, in DER (selector 1); empty if it cannot be read.
    pub spki: Vec<u8>,
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Leaf {
    /// Whom it is for (RFC 4514).
    pub subject: String,
    /// Who issued it (RFC 4514).
    pub issuer: String,
    /// The host names that it is for (`subjectAltName`), the first hundred.
    pub names: Vec<String>,
    /// From when on it is valid, in seconds since 1970.
    pub not_before: u64,
    /// Until when it is valid, in seconds since 1970.
    pub not_after: u64,
}

/// A page that a web server gave.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Page {
    /// The status; 3xx is shown, never followed (RFC 8461 section 3.3).
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: Option<String>,
    /// Where a redirect points.
    pub location: Option<String>,
    /// The text, with status 200 alone; bytes that are no UTF-8 are replaced.
    pub body: String,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoPage {
    /// The host's name is none that a certificate could be for; nothing was tried.
    #[error("the name is not one of a host")]
    BadName,
    /// No connection came about.
    #[error(transparent)]
    Unreached(Unreached),
    /// The time for the whole look was over.
    #[error("not done in time")]
    TimedOut,
    /// No TLS came about.
    #[error(transparent)]
    Handshake(NoTls),
    /// The certificate is not trusted; nothing was asked.
    #[error(transparent)]
    Untrusted(Distrust),
    /// The certificate is for others; the names that it is for. Nothing was asked.
    #[error("the certificate is for other names")]
    WrongName(Vec<String>),
    /// The page, or what stands before it, is larger than a policy is.
    #[error("more than a policy has")]
    TooLarge,
    /// The server hung up, or the connection was cut.
    #[error("the server hung up")]
    Closed,
    /// This is not HTTP; the library's words.
    #[error("not HTTP: {0}")]
    Malformed(String),
}
