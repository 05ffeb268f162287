//! What of a message a signature covers (RFC 6376 sections 3.4, 3.5 and 3.7): fields that `h=` lists, from the bottom up,
//! and the body, as far as `l=` goes.
//!
//! Each field is taken once however often `h=` names it, so the work is bounded by the message.

use std::collections::HashMap;

use ring::digest::{Context, SHA256};

use super::problem::Problem;
use super::read::{Signer, Tags, unsigned, wrong};
use super::verify::proven_by;
use crate::inspect::canonical::Canonicalization;
use crate::inspect::original::{Field, Original};
use crate::mail::dkim::Published;

/// The extent of a signature.
#[derive(Debug, Clone)]
pub(in crate::inspect) struct Covered {
    header: Canonicalization,
    body: Canonicalization,
    /// `h=`
    names: String,
    /// `bh=`
    body_hash: Vec<u8>,
    /// `l=`
    length: Option<u64>,
}

/// What a signature says of the body.
enum Body {
    /// It is the one that was signed, but for so many bytes that stand behind it.
    Same {
        /// How many bytes are not signed.
        unsigned: u64,
    },
    /// It is another.
    Other,
    /// It is shorter than what was signed.
    Shorter(u64),
}

impl Covered {
    /// Reads what a signature covers.
    pub(in crate::inspect) fn read(tags: &Tags<'_>) -> Result<Self, Problem> {
        let given = tags.get("c").unwrap_or("simple/simple");
        let (header, body) = given.split_once('/').unwrap_or((given, "simple"));
        let both = Canonicalization::named(header).zip(Canonicalization::named(body));
        let (header, body) = both.ok_or_else(|| wrong("c", given, "a canonicalization that DKIM has"))?;
        let names = tags.get("h").ok_or(Problem::Missing("h"))?.to_owned();
        Ok(Self { header, body, names, body_hash: tags.bytes("bh")?, length: tags.number("l")? })
    }

    /// The names that `h=` lists.
    pub(in crate::inspect) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.split(':').map(str::trim).filter(|name| !name.is_empty())
    }

    /// How often `h=` lists a name.
    pub(in crate::inspect) fn count(&self, name: &str) -> usize {
        self.names().filter(|listed| listed.eq_ignore_ascii_case(name)).count()
    }

    /// The same with the canonicalization that forgives most.
    pub(in crate::inspect) fn relaxed(self) -> Self {
        Self { header: Canonicalization::Relaxed, body: Canonicalization::Relaxed, ..self }
    }

    /// Verifies a signature in the field `own`: the key that proves it, and how many bytes of the body it leaves out.
    pub(in crate::inspect) fn verify<'k>(
        &self,
        message: &Original,
        own: Field<'_>,
        signer: &Signer,
        keys: &'k [Published],
    ) -> Result<(&'k Published, u64), Problem> {
        match (self.body(message), proven_by(keys, signer, &self.signed(message, own))) {
            (Body::Same { unsigned }, Some(key)) => Ok((key, unsigned)),
            (Body::Same { .. }, None) => Err(Problem::Header),
            (Body::Shorter(length), Some(_)) => Err(Problem::Shorter(length)),
            (Body::Other, Some(_)) => Err(Problem::Body),
            (Body::Other | Body::Shorter(_), None) => Err(Problem::Both),
        }
    }

    /// Compares the body with the one that was signed.
    fn body(&self, message: &Original) -> Body {
        let pieces = self.body.body(message);
        let length = pieces.iter().map(|piece| piece.len() as u64).sum();
        let mut left = usize::try_from(self.length.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let mut hash = Context::new(&SHA256);
        for piece in pieces {
            let signed = piece.get(..left).unwrap_or(piece);
            hash.update(signed);
            left -= signed.len();
        }
        match self.length {
            Some(limit) if limit > length => Body::Shorter(limit),
            _ if hash.finish().as_ref() != self.body_hash => Body::Other,
            limit => Body::Same { unsigned: limit.map_or(0, |limit| length.saturating_sub(limit)) },
        }
    }

    /// The bytes that the signature in the field `own` is of.
    pub(in crate::inspect) fn signed(&self, message: &Original, own: Field<'_>) -> Vec<u8> {
        let mut data = Vec::new();
        let mut rest = HashMap::new();
        for name in self.names() {
            let mut from_below = rest.entry(name.to_ascii_lowercase()).or_insert_with(|| message.named(name)).rev();
            // The signature itself was not there yet when it was made.
            if let Some(field) = from_below.find(|field| field.at != own.at) {
                self.header.field(field, &mut data);
            }
        }
        append_unsigned(self.header, own, &mut data);
        data
    }
}

/// Appends a signature's own field, without the signature and the last line ending.
pub(in crate::inspect) fn append_unsigned(how: Canonicalization, own: Field<'_>, data: &mut Vec<u8>) {
    how.field(Field { value: &unsigned(own), ..own }, data);
    data.truncate(data.strip_suffix(b"\r\n").map_or(data.len(), <[u8]>::len));
}
