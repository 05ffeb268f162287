//! The TLSA record (RFC 6698) as mail servers' senders read it (RFC 7672 section 3.1): which are usable, which match.
//!
//! Compares bytes, and leaves it to TLS to prove that the certificates belong together.

use std::fmt;

use sha2::{Digest as _, Sha256, Sha512};

use crate::facts::{Certificate, Record, Response};

/// How many bytes of the data are told: all of a hash, the beginning of a certificate.
const SHOWN: usize = 64;

/// Whom a record names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usage {
    /// One that issues, DANE-TA(2).
    Issuer,
    /// The server itself, DANE-EE(3).
    Certificate,
}

/// A record that senders can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tlsa<'r> {
    /// Whom it names.
    pub usage: Usage,
    selector: Selector,
    matching: Matching,
    data: &'r [u8],
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Selector {
    Whole,
    PublicKey,
}

/// How it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matching {
    Exact,
    Sha256,
    Sha512,
}

/// Why senders cannot use a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// PKIX-TA(0) and PKIX-EE(1), which rely on authorities that mail servers have none of (RFC 7672 section 3.1.3).
    #[error("the first number is {0}, but for mail only 2 and 3 count")]
    Usage(u8),
    /// Neither the certificate nor its key.
    #[error("the second number is {0}, but only 0 and 1 exist")]
    Selector(u8),
    /// A hash that nobody knows.
    #[error("the third number is {0}, but only 0, 1 and 2 exist")]
    Matching(u8),
    /// Fewer or more bytes than the hash has.
    #[error("the data is {found} bytes long instead of {expected}")]
    Length {
        /// How long it is.
        found: usize,
        /// How long the hash is.
        expected: usize,
    },
}

/// The records of a reply, those that senders cannot use with their text and the reason.
pub(super) fn records(reply: &Response) -> Vec<Result<Tlsa<'_>, (String, Problem)>> {
    let records = reply.records().unwrap_or_default().iter();
    records
        .filter_map(|record| match record {
            Record::Tlsa { usage, selector, matching, data } => {
                let read = Tlsa::read(*usage, *selector, *matching, data);
                Some(read.map_err(|problem| (text(*usage, *selector, *matching, data), problem)))
            }
            _ => None,
        })
        .collect()
}

/// The record that would match the server's own certificate, as most publish it: its key by SHA-256.
pub(super) fn would_match(chain: &[Certificate]) -> Option<String> {
    let key = &chain.first()?.public_key;
    (!key.is_empty()).then(|| text(3, 1, 1, &Sha256::digest(key)))
}

impl<'r> Tlsa<'r> {
    fn read(usage: u8, selector: u8, matching: u8, data: &'r [u8]) -> Result<Self, Problem> {
        let usage = match usage {
            2 => Usage::Issuer,
            3 => Usage::Certificate,
            _ => return Err(Problem::Usage(usage)),
        };
        let selector = match selector {
            0 => Selector::Whole,
            1 => Selector::PublicKey,
            _ => return Err(Problem::Selector(selector)),
        };
        let (matching, length) = match matching {
            0 => (Matching::Exact, None),
            1 => (Matching::Sha256, Some(32)),
            2 => (Matching::Sha512, Some(64)),
            _ => return Err(Problem::Matching(matching)),
        };
        match length {
            Some(expected) if expected != data.len() => Err(Problem::Length { found: data.len(), expected }),
            None if data.is_empty() => Err(Problem::Length { found: 0, expected: 1 }),
            _ => Ok(Self { usage, selector, matching, data }),
        }
    }

    /// Whether the chain, the server's own certificate first, holds what the record names.
    pub(super) fn matches(&self, chain: &[Certificate]) -> bool {
        let (own, issuers) = chain.split_at(chain.len().min(1));
        let candidates = if self.usage == Usage::Certificate { own } else { issuers };
        candidates.iter().any(|certificate| self.names(certificate))
    }

    fn names(&self, certificate: &Certificate) -> bool {
        let bytes = match self.selector {
            Selector::Whole => &certificate.der,
            Selector::PublicKey => &certificate.public_key,
        };
        match self.matching {
            Matching::Exact => bytes == self.data,
            Matching::Sha256 => Sha256::digest(bytes).as_slice() == self.data,
            Matching::Sha512 => Sha512::digest(bytes).as_slice() == self.data,
        }
    }
}

impl fmt::Display for Tlsa<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = if self.usage == Usage::Issuer { 2 } else { 3 };
        f.write_str(&text(usage, self.selector as u8, self.matching as u8, self.data))
    }
}

/// A record in presentation format (RFC 6698 section 2.2), long data cut.
fn text(usage: u8, selector: u8, matching: u8, data: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = format!("TLSA {usage} {selector} {matching} ");
    for byte in data.iter().take(SHOWN) {
        let _ = write!(text, "{byte:02x}");
    }
    if data.len() > SHOWN {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(name: &str) -> Certificate {
        Certificate { der: format!("{name} whole").into_bytes(), public_key: format!("{name} key").into_bytes() }
    }

    #[test]
    fn each_usage_selector_and_hash_compares_what_the_rfc_says() {
        let chain = [certificate("leaf"), certificate("issuer"), certificate("root")];
        let form = |matching, bytes: &[u8]| match matching {
            0 => bytes.to_vec(),
            1 => Sha256::digest(bytes).to_vec(),
            _ => Sha512::digest(bytes).to_vec(),
        };
        for matching in 0..3 {
            for (selector, part) in [(0, "whole"), (1, "key")] {
                for (usage, names) in [(3, ["leaf"].as_slice()), (2, &["issuer", "root"])] {
                    for name in ["leaf", "issuer", "root", "other"] {
                        let data = form(matching, format!("{name} {part}").as_bytes());
                        let record = Tlsa::read(usage, selector, matching, &data).unwrap();
                        assert_eq!(record.matches(&chain), names.contains(&name), "{record} {name}");
                        assert!(!record.matches(&[]));
                    }
                }
            }
        }
    }

    #[test]
    fn a_sum_is_the_one_that_everybody_computes() {
        // FIPS 180-2, appendix B.1.
        let abc = Certificate { der: Vec::new(), public_key: b"abc".to_vec() };
        let expected = "TLSA 3 1 1 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(would_match(&[abc]).as_deref(), Some(expected));
        assert_eq!(would_match(&[]), None);
    }

    #[test]
    fn what_senders_cannot_use_is_told() {
        for (usage, selector, matching, length, problem) in [
            (0, 0, 1, 32, "the first number is 0, but for mail only 2 and 3 count"),
            (1, 1, 1, 32, "the first number is 1, but for mail only 2 and 3 count"),
            (3, 2, 1, 32, "the second number is 2, but only 0 and 1 exist"),
            (3, 1, 3, 32, "the third number is 3, but only 0, 1 and 2 exist"),
            (3, 1, 1, 31, "the data is 31 bytes long instead of 32"),
            (3, 1, 2, 32, "the data is 32 bytes long instead of 64"),
            (2, 0, 0, 0, "the data is 0 bytes long instead of 1"),
        ] {
            let data = vec![0; length];
            let read = Tlsa::read(usage, selector, matching, &data);
            assert_eq!(read.map_err(|problem| problem.to_string()), Err(problem.to_owned()));
        }
    }

    #[test]
    fn a_record_reads_as_it_is_written_and_long_data_is_cut() {
        assert_eq!(Tlsa::read(2, 1, 0, &[0, 255]).unwrap().to_string(), "TLSA 2 1 0 00ff");
        assert!(Tlsa::read(3, 0, 0, &[7; 65]).unwrap().to_string().ends_with("0707…"));
    }
}
