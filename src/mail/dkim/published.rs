//! The keys at a selector, for those who verify signatures with them (RFC 6376 section 6.1.2).
//!
//! What is wrong with a record beyond its use is the business of `check`.

use super::der::bare;
use super::key::{self, Public};
use crate::facts::{Cause, Response};

/// How many records are tried where several stand at a selector; one may (RFC 6376 section 3.6.2.2).
const MOST: usize = 4;

/// A key that signatures can be verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Published {
    /// Its kind and size.
    pub(crate) public: Public,
    /// The key itself: an `RSAPublicKey` (RFC 8017 appendix A.1.1), or the 32 bytes of an Ed25519 key.
    pub(crate) bytes: Vec<u8>,
    /// Whether receivers may treat signed messages like unsigned ones (`t=y`).
    pub(crate) testing: bool,
    /// Whether it signs for the domain alone, not for names below it (`t=s`).
    pub(crate) strict: bool,
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// No record, or none that is meant as a key.
    Missing,
    /// The key is revoked.
    Revoked,
    /// The record cannot be used, and why.
    Unusable(String),
    /// The network would not say.
    Unknown(Cause),
}

/// The keys that can be used, one at least.
pub(crate) fn published(reply: &Response) -> Result<Vec<Published>, NoKey> {
    let texts = reply.texts().map_err(NoKey::Unknown)?;
    let texts = texts.iter().map(ToString::to_string).filter(|text| key::is_meant(text));
    let (mut keys, mut problem) = (Vec::new(), NoKey::Missing);
    for text in texts.take(MOST) {
        match usable(&text) {
            Ok(key) => keys.push(key),
            Err(worse) => problem = worse,
        }
    }
    if keys.is_empty() { Err(problem) } else { Ok(keys) }
}

fn usable(text: &str) -> Result<Published, NoKey> {
    let key = key::parse(text).map_err(|fault| NoKey::Unusable(fault.problem.to_string()))?;
    let public = key.public.ok_or(NoKey::Revoked)?;
    let bytes = key::bytes(text).and_then(|bytes| match public {
        Public::Rsa(_) => bare(&bytes).ok().map(<[u8]>::to_vec),
        Public::Ed25519 => Some(bytes),
    });
    let bytes = bytes.ok_or_else(|| NoKey::Unusable("the key cannot be read".to_owned()))?;
    Ok(Published { public, bytes, testing: key.testing, strict: key.strict })
}
