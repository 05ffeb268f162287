//! The judgement of a message's DKIM signatures (RFC 6376 section 6.1).

use serde::Serialize;

use super::covered::Covered;
use super::problem::{DkimResult, Problem};
use super::read::{MOST_TAGS, Signer, Tags, domain_name, wrong};
use super::verify::keys;
use crate::domain::Name;
use crate::facts::{Pending, Response, View};
use crate::inspect::original::{Field, Original};
use crate::mail::tags::{excerpt, tags};

/// How many signatures are judged, from the top; messages that forwarders and lists sign have four or five.
pub const MOST: usize = 10;

/// How many seconds a signer's clock may be ahead.
const SKEW: u64 = 3600;

/// The signatures of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatures {
    /// Those that were judged, from the top.
    pub judged: Vec<Judged>,
    /// How many more there are.
    pub more: usize,
}

/// What came of one signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Who signed (`d=`), as far as that can be read.
    pub domain: Option<String>,
    /// Which key (`s=`), as far as that can be read.
    pub selector: Option<String>,
    /// The result.
    pub result: DkimResult,
    /// Why it does not pass.
    pub problem: Option<Problem>,
    /// Whether the key is being tested (`t=y`), so that receivers may treat the message as unsigned.
    #[serde(skip)]
    pub testing: bool,
    /// How many bytes of the body the signature leaves out (`l=`).
    #[serde(skip)]
    pub unsigned: u64,
}

/// Judges the signatures of a message, at a time in seconds since 1970; pending until all keys are known.
pub fn judge(message: &Original, now: u64, view: &mut View<'_>) -> Result<Signatures, Pending> {
    let fields = message.named("DKIM-Signature");
    let more = fields.len().saturating_sub(MOST);
    let asked: Vec<_> = fields
        .take(MOST)
        .map(|field| {
            let read = Signature::read(field).and_then(|signature| signature.checked(message, now));
            let reply = read.as_ref().ok().map(|signature| view.get(signature.signer.key.clone()));
            (field, read, reply)
        })
        .collect();
    let mut judged = Vec::new();
    for (field, read, reply) in asked {
        let verified = match (read, reply.transpose()?) {
            (Ok(signature), Some(reply)) => signature.verified(message, field, reply),
            (Err(problem), _) => Err(problem),
            (Ok(_), None) => continue,
        };
        judged.push(told(field, verified));
    }
    Ok(Signatures { judged, more })
}

/// A signature that verifies.
struct Verified {
    testing: bool,
    unsigned: u64,
}

fn told(field: Field<'_>, verified: Result<Verified, Problem>) -> Judged {
    let text = String::from_utf8_lossy(field.value);
    let known: Vec<_> = tags(&text).take(MOST_TAGS).flatten().collect();
    let tag = |name| known.iter().find(|tag| tag.name == name).map(|tag| excerpt(tag.value));
    let (domain, selector) = (tag("d").filter(|name| !name.is_empty()), tag("s").filter(|name| !name.is_empty()));
    let (testing, unsigned) = verified.as_ref().map_or((false, 0), |verified| (verified.testing, verified.unsigned));
    let problem = verified.err();
    let result = problem.as_ref().map_or(DkimResult::Pass, Problem::result);
    Judged { domain, selector, result, problem, testing, unsigned }
}

/// A DKIM-Signature field.
struct Signature {
    signer: Signer,
    covered: Covered,
    /// The domain in `i=`.
    identity: Option<Name>,
    /// `x=`, in seconds since 1970.
    expires: Option<u64>,
}

impl Signature {
    fn read(field: Field<'_>) -> Result<Self, Problem> {
        let text = String::from_utf8_lossy(field.value);
        let tags = Tags::read(&text)?;
        match tags.must("v")? {
            "1" => {}
            other => return Err(wrong("v", other, "`v=1`")),
        }
        let (signer, covered) = (Signer::read(&tags)?, Covered::read(&tags)?);
        if let Some(methods) = tags.get("q").filter(|methods| !methods.split(':').any(|m| m.trim() == "dns/txt")) {
            return Err(wrong("q", methods, "`dns/txt`"));
        }
        let identity = tags.get("i").map(|identity| {
            let domain = identity.rsplit_once('@').and_then(|(_, domain)| domain_name(domain.trim()));
            domain.ok_or_else(|| wrong("i", identity, "an address"))
        });
        Ok(Self { signer, covered, identity: identity.transpose()?, expires: tags.number("x")? })
    }

    /// What can be told without the key.
    fn checked(self, message: &Original, now: u64) -> Result<Self, Problem> {
        let domain = &self.signer.domain;
        if let Some(identity) = self.identity.as_ref().filter(|identity| !identity.is_within(domain)) {
            return Err(Problem::Identity { identity: identity.to_string(), domain: domain.to_string() });
        }
        let (count, signed) = (message.named("From").len(), self.covered.count("From"));
        match (count, signed) {
            (_, 0) => return Err(Problem::FromNotSigned),
            // A second From would be shown in place of the one that is signed (RFC 6376 section 8.15).
            (2.., _) if signed < count => return Err(Problem::SeveralFrom { count, signed }),
            _ => {}
        }
        match (self.signer.signed, self.expires) {
            (Some(signed), Some(expires)) if expires <= signed => Err(Problem::ExpiresFirst),
            (_, Some(expires)) if expires < now => Err(Problem::Expired),
            (Some(signed), _) if signed > now.saturating_add(SKEW) => Err(Problem::Future),
            _ => Ok(self),
        }
    }

    fn verified(self, message: &Original, field: Field<'_>, reply: &Response) -> Result<Verified, Problem> {
        let mut keys = keys(&self.signer, reply)?;
        if let Some(identity) = self.identity.filter(|identity| *identity != self.signer.domain) {
            keys.retain(|key| !key.strict);
            if keys.is_empty() {
                let domain = self.signer.domain.to_string();
                return Err(Problem::Strict { identity: identity.to_string(), domain });
            }
        }
        let (key, unsigned) = self.covered.verify(message, field, &self.signer, &keys)?;
        Ok(Verified { testing: key.testing, unsigned })
    }
}
