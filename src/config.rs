//! The configuration: one TOML file, secrets from files or the environment; read and checked once.
//!
//! Here is what it means, with units and defaults; `read` turns the file into it, `show`
//! back. Everything
//! has a default, so that `demo`, `ask` and `check` need no file at all.

mod read;
mod show;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
pub use read::{load, read};

use crate::domain::Name;

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// `[brand]`
    pub brand: Brand,
    /// `[host]`
    pub host: Host,
    /// `[resolver]`
    pub resolver: Resolver,
    /// `[dnsbl]`
    pub dnsbl: Lists,
    /// `[probe]`
    pub probe: Probe,
    /// `[spam]`
    pub spam: Spam,
    /// `[knowledge]`
    pub knowledge: KnowledgeAt,
    /// `[matching]`
    pub matching: Matching,
    /// `[discord]`
    pub discord: Discord,
    /// `[http]`
    pub http: Http,
    /// `[mailbox]`
    pub mailbox: Mailbox,
    /// `[store]`
    pub store: Store,
    /// `[limits]`
    pub limits: Limits,
}

/// What the host is called, and where its pages are; what answers mention. A link whose page is not given is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// The host.
    pub name: String,
    /// The console, as a sentence mentions it.
    pub console: String,
    /// The administration portal.
    pub portal: String,
    /// The paid relay for outgoing mail.
    pub relay: String,
    /// The console's page; this and the following are `https` URLs.
    pub console_url: Option<String>,
    /// The portal's page.
    pub portal_url: Option<String>,
    /// The webmail's page.
    pub webmail_url: Option<String>,
    /// The status page.
    pub status_url: Option<String>,
    /// The page about sending limits.
    pub limits_url: Option<String>,
    /// Where a person helps.
    pub support_url: Option<String>,
    /// The documentation.
    pub docs_url: Option<String>,
}

impl Brand {
    /// All pages that are given.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        [
            &self.console_url,
            &self.portal_url,
            &self.webmail_url,
            &self.status_url,
            &self.limits_url,
            &self.support_url,
            &self.docs_url,
        ]
        .into_iter()
        .filter_map(|url| url.as_deref())
    }
}

impl Default for Brand {
    /// The host whose troubleshooting page the shipped knowledge tells; the page gives no addresses.
    fn default() -> Self {
        Self {
            name: "Mailcheap".to_owned(),
            console: "the console".to_owned(),
            portal: "Mail Portal".to_owned(),
            relay: "Premium relay".to_owned(),
            console_url: None,
            portal_url: None,
            webmail_url: None,
            status_url: None,
            limits_url: None,
            support_url: None,
            docs_url: None,
        }
    }
}

/// What the operator says of the mail servers that customers shall use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    /// The mail servers that a customer's MX records should name; empty: any will do.
    pub mx: Vec<Name>,
    /// The name that a customer's SPF record should include.
    pub spf_include: Option<Name>,
    /// The DKIM selectors that the host signs with.
    pub dkim_selectors: Vec<Name>,
    /// The names under which the host's servers write Authentication-Results (RFC 8601), where these are not those in `mx`.
    pub authserv_ids: Vec<String>,
    /// The addresses that the host sends from; their names are checked with every domain.
    pub server_ips: Vec<IpAddr>,
}

/// Who answers DNS questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolver {
    /// The resolvers, asked in this order; empty: the system's.
    pub servers: Vec<SocketAddr>,
    /// How long each may take for one question.
    pub timeout: Duration,
    /// Other people's resolvers, which tell how far a change has propagated; empty: none is asked.
    pub propagation: Vec<SocketAddr>,
}

impl Default for Resolver {
    fn default() -> Self {
        Self { servers: Vec::new(), timeout: Duration::from_secs(2), propagation: Vec::new() }
    }
}

/// The blocklists that are asked about mail servers (RFC 5782), by the names of their zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lists {
    /// Those that list addresses.
    pub addresses: Vec<Name>,
    /// Those that list domains.
    pub domains: Vec<Name>,
    /// The zone that tells an address's Sender Score; unset: it is not asked, since it answers registered resolvers only.
    pub senderscore: Option<Name>,
}

impl Default for Lists {
    /// Widely used lists that answer small askers without a contract; large resolvers need their own keys.
    fn default() -> Self {
        let names = |zones: &[&str]| zones.iter().filter_map(|zone| zone.parse().ok()).collect();
        Self {
            addresses: names(&["zen.spamhaus.org", "bl.spamcop.net"]),
            domains: names(&["dbl.spamhaus.org"]),
            senderscore: None,
        }
    }
}

/// What a look at a domain may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// How much it may cost.
    pub budget: Budget,
    /// Whether hosts that the domain names are connected to; if not, the resolvers alone are spoken to. Default: yes.
    pub connect: bool,
    /// Ranges that are not public, yet may be connected to; none by default.
    pub allow: Vec<IpNet>,
    /// Our name, for mail servers that we greet (EHLO). The default is nobody's (RFC 2606).
    pub helo: Name,
}

impl Default for Probe {
    fn default() -> Self {
        let helo = Name::from_labels(["mailmedic".as_bytes(), b"invalid"]).unwrap_or(Name::root());
        Self { budget: Budget::default(), connect: true, allow: Vec::new(), helo }
    }
}

/// How much one look at a domain may cost; past it the answer is "not known".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The number of questions.
    pub questions: usize,
    /// The bytes of records kept.
    pub bytes: usize,
    /// The time for everything.
    pub time: Duration,
}

impl Default for Budget {
    /// Room for the whole check of a domain (about 60 questions) with a large SPF tree; and the longest that a person
    /// waits and believes that something is still going on.
    fn default() -> Self {
        Self { questions: 120, bytes: 64 * 1024, time: Duration::from_secs(6) }
    }
}

/// The spam filter that whole messages are shown to; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spam {
    /// SpamAssassin's daemon.
    pub spamd: Option<SocketAddr>,
    /// Whether it asks the network (blocklists, SPF, DKIM); not so where it runs with `-L`. Default: no.
    pub network: bool,
    /// Postmark's spam check, which is asked where there is no daemon. Default: nobody, since the mail leaves the house.
    pub postmark: Option<Postmark>,
}

/// Where Postmark's spam check is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postmark {
    /// The host.
    pub host: Name,
    /// The path, from its slash on.
    pub path: String,
}

impl fmt::Display for Postmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}{}", self.host, self.path)
    }
}

/// Where the knowledge is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnowledgeAt {
    /// A folder that replaces the knowledge that the binary carries.
    pub path: Option<PathBuf>,
}

/// When a match is good enough; probabilities between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matching {
    /// The confidence from which the best entry is given as the answer; default 0.7.
    pub answer_at: f64,
    /// How far the best must lead the second to be given alone; default 0.3.
    pub margin: f64,
    /// The confidence that one of the best three is right from which they are offered as choices; default 0.3.
    pub offer_at: f64,
}

impl Default for Matching {
    /// Where a wrong answer is rare and silence is kept: `benches/README.md` has the figures.
    fn default() -> Self {
        Self { answer_at: 0.7, margin: 0.3, offer_at: 0.3 }
    }
}

/// How the bot meets Discord.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discord {
    /// The application's id.
    pub application_id: Option<u64>,
    /// The application's public key (Ed25519), which signs what Discord sends over HTTP.
    pub public_key: Option<PublicKey>,
    /// The file that holds the bot's token, and nothing else; the environment's `DISCORD_TOKEN` goes first.
    pub token_file: Option<PathBuf>,
    /// The guilds to register commands in; empty: everywhere.
    pub guilds: Vec<u64>,
    /// The channels in which questions are answered without being asked to; threads below them count as they do.
    pub channels: Vec<u64>,
    /// The forums whose posts are answered.
    pub forums: Vec<u64>,
    /// The roles that may do what staff does, besides whoever manages the guild.
    pub staff_roles: Vec<u64>,
    /// The role that is called when somebody wants a person.
    pub mention_role: Option<u64>,
    /// How interactions arrive.
    pub transport: Transport,
    /// A REST proxy that does the rate limiting, in place of Discord's own address.
    pub proxy_url: Option<String>,
}

/// An Ed25519 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Reads 64 hexadecimal digits, as Discord's developer portal shows them.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut key = [0; 32];
        let digits: Option<Vec<u8>> =
            text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        let digits = digits.filter(|digits| digits.len() == 64)?;
        for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
            *byte = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
        }
        Some(Self(key))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// How interactions arrive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transport {
    /// Over the gateway's websocket: needs the token, no public address.
    #[default]
    Gateway,
    /// As signed HTTP requests: needs the public key and a public address; no mentions.
    Http,
    /// Interactions as signed HTTP requests, mentions over the gateway.
    Both,
}

impl Transport {
    /// The words of the configuration file.
    pub const ALL: [(&'static str, Self); 3] = [("gateway", Self::Gateway), ("http", Self::Http), ("both", Self::Both)];
}

/// Where the bot listens for HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// The address: interactions at `/interactions`, entries at `/e/`, health at `/livez` and `/readyz`.
    pub listen: SocketAddr,
    /// Where the world reaches it: an `https` address without a slash at the end; unset: no answer links to a page.
    pub public_url: Option<String>,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080), public_url: None }
    }
}

/// The test mailbox: the mail server that takes test mails; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// Where it listens.
    pub listen: Option<SocketAddr>,
    /// The domain of the test addresses, whose MX record leads there; the server's name as well.
    pub domain: Option<Name>,
    /// The file with the certificate and its chain (PEM); without it TLS is not offered.
    pub certificate: Option<PathBuf>,
    /// The file with the certificate's key (PEM).
    pub key: Option<PathBuf>,
}

/// Where what must survive is kept, and for how long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Store {
    /// Where.
    pub place: Place,
    /// The folder of the configuration, from which the way to a file counts.
    pub folder: PathBuf,
    /// The file that holds the server's password, and nothing else; default: the environment's `PGPASSWORD`.
    pub password_file: Option<PathBuf>,
    /// `[store.keep]`
    pub keep: Keep,
}

impl Store {
    /// The file, wherever the program was started; none where the store is on a server.
    pub fn file(&self) -> Option<PathBuf> {
        match &self.place {
            Place::File(path) => Some(self.folder.join(path)),
            Place::Server(_) => None,
        }
    }
}

/// The place of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of a PostgreSQL server: a `postgres` URL without a password.
    Server(String),
}

impl Default for Place {
    /// A file beside the configuration.
    fn default() -> Self {
        Self::File(PathBuf::from("mailmedic.db"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "sqlite:{}", path.display()),
            Self::Server(url) => f.write_str(url),
        }
    }
}

/// How long each is kept; whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Words on answers, of pseudonyms.
    pub feedback: Duration,
    /// Questions, masked: those without an answer, and what was given to the others.
    pub gaps: Duration,
    /// Questions that may become symptoms, masked.
    pub candidates: Duration,
    /// Watches and notifications, after their end.
    pub watches: Duration,
    /// What staff did.
    pub audit: Duration,
    /// Counts, of nobody in particular.
    pub counts: Duration,
}

impl Default for Keep {
    /// A year for what staff learn from, a season for what nobody answered, a month for what is over.
    fn default() -> Self {
        let days = |days: u64| Duration::from_hours(24 * days);
        Self {
            feedback: days(365),
            gaps: days(90),
            candidates: days(365),
            watches: days(30),
            audit: days(365),
            counts: days(365),
        }
    }
}

/// How often things may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// What a person may ask in a minute.
    pub person: u32,
    /// What may be asked in a guild in a minute.
    pub guild: u32,
    /// What may be asked in a channel in a minute.
    pub channel: u32,
    /// How often a domain may be looked at in ten minutes, by whomever.
    pub domain: u32,
}

impl Default for Limits {
    /// More than people need who wait for answers, too little to harm a domain by them.
    fn default() -> Self {
        Self { person: 10, guild: 60, channel: 30, domain: 10 }
    }
}

/// The bot's token: shown to nobody.
pub struct Token(String);

impl Token {
    /// Finds the token: in the environment's `DISCORD_TOKEN`, else in the file that the configuration names.
    pub fn find(discord: &Discord) -> Result<Option<Self>, String> {
        if let Some(token) = std::env::var("DISCORD_TOKEN").ok().filter(|token| !token.trim().is_empty()) {
            return Ok(Some(Self(token.trim().to_owned())));
        }
        let Some(path) = &discord.token_file else { return Ok(None) };
        match crate::written::text_of(path) {
            Ok(token) if token.trim().is_empty() => Err(format!("the token file `{}` is empty", path.display())),
            Ok(token) => Ok(Some(Self(token.trim().to_owned()))),
            Err(error) => Err(format!("the token file `{}` cannot be read: {error}", path.display())),
        }
    }

    /// The token itself, for the one who sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Reads the address of a resolver: `IP:PORT`, or an IP alone with port 53.
pub fn server(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| text.parse().ok().map(|ip: IpAddr| SocketAddr::new(ip, 53)))
}
