//! DKIM keys in the DNS (RFC 6376 section 3.6): which selectors to try, what a key record says, and the check.
//!
//! The DNS has no list of selectors, so a key that is not found proves nothing: only a selector that somebody named
//! can be missing, and only where `_domainkey` itself does not exist (RFC 8020) is there no key at all. Signatures of
//! messages are verified elsewhere.

mod check;
mod der;
mod key;
mod place;
mod selectors;

pub(super) use check::check;
