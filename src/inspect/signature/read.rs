//! A signature field taken apart: the tags that DKIM-Signature, ARC-Message-Signature and ARC-Seal share (RFC 6376 section
//! 3.5, RFC 8617 section 4.1).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose};

use super::problem::Problem;
use crate::domain::Name;
use crate::facts::{Kind, Query};
use crate::inspect::original::Field;
use crate::mail::tags::{Tag, excerpt, strict_tags};

/// Reads base64 as the signer wrote it, whatever its last bits, and with or without padding (RFC 6376 section 2.10).
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    PAD.with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How many tags a field may have; DKIM knows fourteen.
pub(super) const MOST_TAGS: usize = 200;

/// The tags of a field.
pub(in crate::inspect) struct Tags<'t>(Vec<Tag<'t>>);

impl<'t> Tags<'t> {
    /// Reads a field's value.
    pub(in crate::inspect) fn read(text: &'t str) -> Result<Self, Problem> {
        if text.bytes().filter(|byte| *byte == b';').count() > MOST_TAGS {
            return Err(Problem::Form(format!("there are more than {MOST_TAGS} tags")));
        }
        strict_tags(text).map(Self).map_err(|fault| fault.problem.into())
    }

    /// What a tag says; it may be empty.
    pub(in crate::inspect) fn get(&self, name: &str) -> Option<&'t str> {
        self.0.iter().find(|tag| tag.name == name).map(|tag| tag.value)
    }

    /// What a tag says that must say something.
    pub(in crate::inspect) fn must(&self, name: &'static str) -> Result<&'t str, Problem> {
        self.get(name).filter(|value| !value.is_empty()).ok_or(Problem::Missing(name))
    }

    /// The bytes that a tag holds in base64, blanks anywhere.
    pub(in crate::inspect) fn bytes(&self, name: &'static str) -> Result<Vec<u8>, Problem> {
        let value = self.must(name)?;
        let digits: String = value.split_ascii_whitespace().collect();
        if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')) {
            return Err(wrong(name, value, "base64"));
        }
        // What lost or gained a digit on its way is malformed no more than what has another digit: it matches nothing.
        Ok(BASE64.decode(digits).unwrap_or_default())
    }

    /// The number that a tag holds, if it is there.
    pub(in crate::inspect) fn number(&self, name: &'static str) -> Result<Option<u64>, Problem> {
        self.get(name).map(|value| number(value).ok_or_else(|| wrong(name, value, "a number"))).transpose()
    }

    /// The domain name that a tag holds.
    pub(in crate::inspect) fn name(&self, name: &'static str) -> Result<Name, Problem> {
        let value = self.must(name)?;
        domain_name(value).ok_or_else(|| wrong(name, value, "a domain name"))
    }
}

/// A tag that says what it cannot.
pub(in crate::inspect) fn wrong(tag: &'static str, value: &str, expected: &'static str) -> Problem {
    Problem::Value { tag, value: excerpt(value), expected }
}

/// A whole number; one that is too large to matter is the largest.
pub(in crate::inspect) fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// A name of letters, digits, hyphens and underscores; other alphabets by their A-labels (RFC 8616 section 3).
pub(in crate::inspect) fn domain_name(text: &str) -> Option<Name> {
    let ascii = if text.is_ascii() { text.to_owned() } else { idna::domain_to_ascii(text).ok()? };
    let plain = ascii.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if plain && !ascii.ends_with('.') { ascii.parse().ok() } else { None }
}

/// How a signature was made (RFC 8301, RFC 8463).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::inspect) enum Algorithm {
    /// `rsa-sha256`
    Rsa,
    /// `ed25519-sha256`
    Ed25519,
}

/// Who signed, with which key, and the signature itself.
#[derive(Debug, Clone)]
pub(in crate::inspect) struct Signer {
    /// `a=`
    pub(in crate::inspect) algorithm: Algorithm,
    /// `d=`
    pub(in crate::inspect) domain: Name,
    /// The question for the key that `s=` selects.
    pub(in crate::inspect) key: Query,
    /// `b=`
    pub(in crate::inspect) signature: Vec<u8>,
    /// `t=`, in seconds since 1970.
    pub(in crate::inspect) signed: Option<u64>,
}

impl Signer {
    /// Reads what the three kinds of signatures share.
    pub(in crate::inspect) fn read(tags: &Tags<'_>) -> Result<Self, Problem> {
        let algorithm = match tags.must("a")? {
            "rsa-sha256" => Algorithm::Rsa,
            "ed25519-sha256" => Algorithm::Ed25519,
            "rsa-sha1" => return Err(Problem::Sha1),
            other => return Err(wrong("a", other, "an algorithm that DKIM has")),
        };
        let (domain, selector) = (tags.name("d")?, tags.name("s")?);
        let key = domain.below(&format!("{selector}._domainkey"));
        let key = key.ok_or_else(|| wrong("s", selector.as_str(), "a selector that the domain has room for"))?;
        Ok(Self {
            algorithm,
            domain,
            key: Query::new(&key, Kind::Txt),
            signature: tags.bytes("b")?,
            signed: tags.number("t")?,
        })
    }
}

/// The field's value without that of `b=` and the blanks around it, which no signature can cover (RFC 6376 section 3.7).
pub(in crate::inspect) fn unsigned(field: Field<'_>) -> Vec<u8> {
    let mut value = Vec::with_capacity(field.value.len());
    for (number, piece) in field.value.split(|byte| *byte == b';').enumerate() {
        if number > 0 {
            value.push(b';');
        }
        let name_end = piece.iter().position(|byte| *byte == b'=');
        let name = name_end.and_then(|end| piece.get(..end)).map(<[u8]>::trim_ascii);
        match name_end {
            Some(end) if name == Some(b"b") => value.extend_from_slice(piece.get(..=end).unwrap_or_default()),
            _ => value.extend_from_slice(piece),
        }
    }
    value
}
