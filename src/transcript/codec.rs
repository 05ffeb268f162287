//! Replies as a transcript writes them down: the shape of the facts, key by key.
//!
//! Bytes are written so that people see what matters: texts as they are with the odd byte as `\DDD`
//! (RFC 1035 section 5.1), certificates in base64. The types themselves stay free of any format.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::names;
use crate::domain::Name;
use crate::facts::{
    Cause, Certificate, Distrust, Fact, Leaf, NoPage, Outcome, Page, Question, Record, Response, Secured, Session,
    Text, Tls, Unreached,
};

/// What replied to a question of any kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reply {
    Dns(#[serde(with = "ResponseShape")] Response),
    Session(#[serde(with = "SessionShape")] Session),
    Unreached(#[serde(with = "UnreachedShape")] Unreached),
    Page(#[serde(with = "PageShape")] Page),
    NoPage(#[serde(with = "NoPageShape")] NoPage),
}

impl Reply {
    /// A fact taken apart.
    pub(super) fn of(fact: Fact) -> (Question, Self) {
        match fact {
            Fact::Dns(query, response) => (query.into(), Self::Dns(response)),
            Fact::Call(call, Ok(session)) => (call.into(), Self::Session(session)),
            Fact::Call(call, Err(unreached)) => (call.into(), Self::Unreached(unreached)),
            Fact::Fetch(fetch, Ok(page)) => (fetch.into(), Self::Page(page)),
            Fact::Fetch(fetch, Err(no_page)) => (fetch.into(), Self::NoPage(no_page)),
        }
    }

    /// The fact that it makes with a question; none if it replies to questions of another kind.
    pub(super) fn to(self, question: Question) -> Option<Fact> {
        Some(match (question, self) {
            (Question::Dns(query), Self::Dns(response)) => Fact::Dns(query, response),
            (Question::Call(call), Self::Session(session)) => Fact::Call(call, Ok(session)),
            (Question::Call(call), Self::Unreached(unreached)) => Fact::Call(call, Err(unreached)),
            (Question::Fetch(fetch), Self::Page(page)) => Fact::Fetch(fetch, Ok(page)),
            (Question::Fetch(fetch), Self::NoPage(no_page)) => Fact::Fetch(fetch, Err(no_page)),
            _ => return None,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Response", deny_unknown_fields)]
struct ResponseShape {
    #[serde(with = "all_names", default, skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<Name>,
    #[serde(with = "OutcomeShape")]
    outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<u32>,
    #[serde(default, skip_serializing_if = "is_unset")]
    authentic: bool,
    #[serde(default, skip_serializing_if = "is_unset")]
    authoritative: bool,
    #[serde(with = "all_names", default, skip_serializing_if = "Vec::is_empty")]
    referral: Vec<Name>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
const fn is_unset(flag: &bool) -> bool {
    !*flag
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Outcome", rename_all = "kebab-case")]
enum OutcomeShape {
    Records(#[serde(with = "records")] Vec<Record>),
    NoData,
    NoSuchName,
    Unknown(#[serde(with = "CauseShape")] Cause),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Cause", rename_all = "kebab-case")]
enum CauseShape {
    ServFail,
    Refused,
    Silent,
    Malformed,
    NotAsked,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Record", rename_all = "lowercase")]
enum RecordShape {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Mx {
        preference: u16,
        #[serde(with = "names::one")]
        exchange: Name,
    },
    Ptr(#[serde(with = "names::one")] Name),
    Soa {
        #[serde(with = "names::one")]
        primary: Name,
        serial: u32,
    },
    Ns(#[serde(with = "names::one")] Name),
    Srv {
        priority: u16,
        weight: u16,
        port: u16,
        #[serde(with = "names::one")]
        target: Name,
    },
    Tlsa {
        usage: u8,
        selector: u8,
        matching: u8,
        #[serde(with = "bytes")]
        data: Vec<u8>,
    },
    Txt(#[serde(with = "strings")] Text),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Session", deny_unknown_fields)]
struct SessionShape {
    greeting: String,
    capabilities: Vec<String>,
    #[serde(with = "TlsShape")]
    tls: Tls,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Tls", rename_all = "kebab-case")]
enum TlsShape {
    TurnedAway(String),
    NotOffered,
    Refused(String),
    Injected,
    TooOld,
    Failed(String),
    Up(#[serde(with = "SecuredShape")] Secured),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Secured", deny_unknown_fields)]
struct SecuredShape {
    version: String,
    #[serde(with = "certificates")]
    chain: Vec<Certificate>,
    #[serde(with = "leaf")]
    leaf: Option<Leaf>,
    #[serde(with = "distrust", rename = "distrust")]
    trusted: Result<(), Distrust>,
    names_host: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Leaf", deny_unknown_fields)]
struct LeafShape {
    names: Vec<String>,
    issuer: String,
    not_before: i64,
    not_after: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Distrust", rename_all = "kebab-case")]
enum DistrustShape {
    Expired,
    NotYetValid,
    SelfSigned,
    UnknownIssuer,
    Other(String),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Certificate", deny_unknown_fields)]
struct CertificateShape {
    #[serde(with = "bytes")]
    der: Vec<u8>,
    #[serde(with = "bytes")]
    public_key: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Unreached", rename_all = "kebab-case")]
enum UnreachedShape {
    Denied,
    Refused,
    Silent,
    Broken,
    NoWay,
    NotAsked,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Page", deny_unknown_fields)]
struct PageShape {
    status: u16,
    content_type: Option<String>,
    location: Option<String>,
    body: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NoPage", rename_all = "kebab-case")]
enum NoPageShape {
    Unreached(#[serde(with = "UnreachedShape")] Unreached),
    NoTls(String),
    Untrusted(String),
    Malformed(String),
}

/// What a server's own certificate says, or null.
mod leaf {
    use super::{Deserialize, Deserializer, Leaf, LeafShape, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Written(#[serde(with = "LeafShape")] Leaf);

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(super) fn serialize<S: Serializer>(leaf: &Option<Leaf>, serializer: S) -> Result<S::Ok, S::Error> {
        leaf.clone().map(Written).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Leaf>, D::Error> {
        Ok(Option::<Written>::deserialize(deserializer)?.map(|leaf| leaf.0))
    }
}

/// Why a chain is not trusted, or null where it is.
mod distrust {
    use super::{Deserialize, Deserializer, Distrust, DistrustShape, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Written(#[serde(with = "DistrustShape")] Distrust);

    pub(super) fn serialize<S: Serializer>(trusted: &Result<(), Distrust>, serializer: S) -> Result<S::Ok, S::Error> {
        trusted.clone().err().map(Written).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Result<(), Distrust>, D::Error> {
        Ok(Option::<Written>::deserialize(deserializer)?.map_or(Ok(()), |why| Err(why.0)))
    }
}

/// Lists of what has a shape of its own, item by item.
macro_rules! lists {
    ($($list:ident of $item:ty as $shape:literal;)+) => {$(
        mod $list {
            use super::*;

            #[derive(Serialize, Deserialize)]
            #[serde(transparent)]
            struct Item(#[serde(with = $shape)] $item);

            pub(super) fn serialize<S: Serializer>(items: &[$item], serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(items.iter().cloned().map(Item))
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<$item>, D::Error> {
                Ok(Vec::<Item>::deserialize(deserializer)?.into_iter().map(|item| item.0).collect())
            }
        }
    )+};
}

lists! {
    all_names of Name as "names::one";
    records of Record as "RecordShape";
    certificates of Certificate as "CertificateShape";
}

mod bytes {
    use super::*;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(Cow::<str>::deserialize(deserializer)?.as_bytes()).map_err(D::Error::custom)
    }
}

/// The character-strings of a TXT record.
mod strings {
    use super::*;

    pub(super) fn serialize<S: Serializer>(text: &Text, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(text.0.iter().map(|string| written(string)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        let strings = Vec::<String>::deserialize(deserializer)?;
        let strings: Option<Vec<Vec<u8>>> = strings.iter().map(|string| read(string)).collect();
        strings.map(Text).ok_or_else(|| D::Error::custom("a text breaks off in an escape"))
    }

    fn written(string: &[u8]) -> String {
        let mut text = String::with_capacity(string.len());
        for byte in string {
            match byte {
                b'\\' => text.push_str("\\\\"),
                0x20..=0x7e => text.push(char::from(*byte)),
                other => {
                    let _ = write!(text, "\\{other:03}");
                }
            }
        }
        text
    }

    fn read(text: &str) -> Option<Vec<u8>> {
        Some(names::unescaped(text)?.into_iter().map(names::Byte::value).collect())
    }
}
