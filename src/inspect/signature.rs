//! DKIM signatures of a whole message (RFC 6376, RFC 8301, RFC 8463): every one judged, and why it fails where it does.
//!
//! `read` takes a signature field apart, `covered` finds what of the message it covers, `verify` proves a signature with a
//! key, `judge` puts it together; `problem` has what may be wrong, in the field's words. `arc` shares all but the last two.
//!
//! Tags and canonicalization are read here and not by mail-auth: it fetches keys itself, takes what the RFCs refuse
//! (rsa-sha1, short keys, a `From` that is not signed, tags that stand twice), and does not tell a changed body from
//! changed header fields, which is what people need to know. `ring`, which TLS brings along, does the arithmetic: RSA of
//! 1024 to 8192 bits, and Ed25519.

pub(in crate::inspect) mod covered;
mod judge;
pub(in crate::inspect) mod problem;
pub(in crate::inspect) mod read;
#[cfg(test)]
mod tests;
pub(in crate::inspect) mod verify;

pub use judge::{Judged, MOST, Signatures, judge};
pub use problem::{DkimResult, Problem};
