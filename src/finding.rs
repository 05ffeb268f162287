//! What a check found: a stable code, a severity, the subject, the evidence and maybe a fix.
//!
//! Knows nobody. Carries no words for people: those live in `knowledge/findings/`, keyed by [`Code`].

mod codes;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

pub use codes::Code;
use serde::{Serialize, Serializer};

/// How many characters of one text that was seen are kept: any record that serves its purpose is shorter.
const LONGEST_EVIDENCE: usize = 4096;

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it says.
    pub code: Code,
    /// The name or address it is about, as it was asked for.
    pub subject: String,
    /// The exact texts seen, as the network gave them: hostile, never markup.
    pub evidence: Vec<String>,
    /// What the words may mention, by the names that [`Code::details`] lists.
    pub details: BTreeMap<&'static str, String>,
    /// The change that mends it, where one is known for certain.
    pub fix: Option<Fix>,
}

impl Finding {
    /// A finding about `subject`, with nothing to show yet.
    pub fn new(code: Code, subject: impl fmt::Display) -> Self {
        Self { code, subject: subject.to_string(), evidence: Vec::new(), details: BTreeMap::new(), fix: None }
    }

    /// Adds one text that was seen; one that is there already says nothing new.
    #[must_use]
    pub fn evidence(mut self, seen: impl fmt::Display) -> Self {
        let mut seen = seen.to_string();
        if let Some((end, _)) = seen.char_indices().nth(LONGEST_EVIDENCE) {
            seen.truncate(end);
            seen.push('…');
        }
        if !self.evidence.contains(&seen) {
            self.evidence.push(seen);
        }
        self
    }

    /// Adds a detail that the words may mention.
    #[must_use]
    pub fn detail(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        debug_assert!(self.code.details().contains(&name), "{} does not declare the detail {name}", self.code);
        self.details.insert(name, value.to_string());
        self
    }

    /// Adds the change that would mend it; nobody sees it before it is proven.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// An exact change: records to publish in place of those of the same name, type and purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// The owner name of the records, without a trailing dot.
    pub name: String,
    /// The record type.
    #[serde(rename = "type")]
    pub kind: RecordType,
    /// The text of the TXT record; or the MX records, `10 mx.host.example`, one a line.
    pub value: String,
    /// Whether the check passes with the records applied to what is known.
    pub verified: bool,
    /// How many records it takes the place of.
    #[serde(skip)]
    pub replaces: usize,
}

impl Fix {
    /// A TXT record to publish at `name`; not proven yet.
    pub fn txt(name: impl Into<String>, value: String) -> Self {
        Self { name: name.into(), kind: RecordType::Txt, value, verified: false, replaces: 0 }
    }

    /// All the MX records to publish at `name`, as preference and mail server; not proven yet.
    pub fn mx<N: fmt::Display>(name: impl Into<String>, records: impl IntoIterator<Item = (u16, N)>) -> Self {
        let lines: Vec<String> = records.into_iter().map(|(preference, name)| format!("{preference} {name}")).collect();
        Self { name: name.into(), kind: RecordType::Mx, value: lines.join("\n"), verified: false, replaces: 0 }
    }

    /// The data of each record.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        let parts = match self.kind {
            RecordType::Mx => usize::MAX,
            RecordType::Txt => 1,
        };
        self.value.splitn(parts, '\n')
    }
}

/// The types of the records that fixes publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    /// The mail servers of a name: all of them, since together they say where its mail goes.
    Mx,
    /// One text for one purpose, among others for others.
    Txt,
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mx => "MX",
            Self::Txt => "TXT",
        })
    }
}

/// How bad a finding is, from nothing to worst; `Unknown` is where the network would not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Looked at, and right.
    Ok,
    /// Worth knowing; nothing to do.
    Info,
    /// The network would not say.
    Unknown,
    /// Should be mended; mail may suffer.
    Warn,
    /// Must be mended; mail suffers.
    Fail,
}

impl Severity {
    /// The word that JSON and people see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

macro_rules! topics {
    ($( $(#[doc = $doc:literal])+ $variant:ident $name:literal; )+) => {
        /// One standard or subject that is checked.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Topic { $( $(#[doc = $doc])+ $variant, )+ }

        impl Topic {
            /// All topics, in the order in which reports show them.
            pub const ALL: &[Self] = &[$( Self::$variant, )+];

            /// The stable name, as `--only` and JSON use it.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }
        }
    };
}

topics! {
    /// The domain's own existence (RFC 1034, RFC 8020).
    Dns "dns";
    /// Its name servers, and what their parent says of them (RFC 1034 section 4.2).
    Ns "ns";
    /// Whether its records are signed, and the signatures hold (RFC 4035).
    Dnssec "dnssec";
    /// Whether a change has reached everybody (RFC 1034 section 4.3.4, RFC 2308).
    Propagation "propagation";
    /// Where its mail goes (RFC 5321 section 5, RFC 7505).
    Mx "mx";
    /// Who may send for it (RFC 7208).
    Spf "spf";
    /// The keys that sign its mail (RFC 6376).
    Dkim "dkim";
    /// What receivers shall do with mail that proves neither (RFC 9989).
    Dmarc "dmarc";
    /// Whether senders must use TLS towards it (RFC 8461).
    MtaSts "mta-sts";
    /// Where they report that TLS failed (RFC 8460).
    TlsRpt "tls-rpt";
    /// Which certificates its mail servers present (RFC 7672).
    Dane "dane";
    /// Whether its mail servers talk TLS, and prove who they are (RFC 3207, RFC 8314).
    Starttls "starttls";
    /// The names of its mail servers' addresses (RFC 8601 section 3, "iprev").
    Ptr "ptr";
    /// Whether blocklists name its mail servers (RFC 5782).
    Dnsbl "dnsbl";
    /// What Sender Score thinks of its mail servers.
    Senderscore "senderscore";
    /// Its logo in mailboxes (BIMI).
    Bimi "bimi";
    /// How mail programs find their settings (RFC 6186).
    Autoconfig "autoconfig";
    /// One message: who sent it, its way, and what filters think of it.
    Message "message";
    /// What a test service or a server says of a message.
    Report "report";
    /// How busy a customer's server is.
    Load "load";
    /// What the host's status page says.
    Status "status";
}

impl FromStr for Topic {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        by_name(&Self::of_domains().collect::<Vec<_>>(), Self::as_str, text)
    }
}

impl Topic {
    /// The topics that checks of a domain look at.
    pub fn of_domains() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|topic| topic.is_of_domains())
    }

    /// Whether a check of a domain looks at it.
    pub const fn is_of_domains(self) -> bool {
        !matches!(self, Self::Message | Self::Report | Self::Load | Self::Status)
    }
}

impl FromStr for Code {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        by_name(Self::ALL, Self::as_str, text)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A name that is not one of ours, with those that are.
#[derive(Debug, thiserror::Error)]
#[error("no such name `{given}`; there are {known}")]
pub struct UnknownName {
    given: String,
    known: String,
}

fn by_name<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str, given: &str) -> Result<T, UnknownName> {
    all.iter().copied().find(|&item| name(item) == given).ok_or_else(|| UnknownName {
        given: given.to_owned(),
        known: all.iter().map(|&item| name(item)).collect::<Vec<_>>().join(", "),
    })
}
