//! DKIM keys in the DNS (RFC 6376 section 3.6): which selectors to try, what a key record says, and the check.
//!
//! The DNS has no list of selectors, so a key that is not found proves nothing: only a selector that somebody named
//! can be missing, and only where `_domainkey` itself does not exist (RFC 8020) is there no key at all. `services` knows
//! whose selectors to try, `place` what stands at one, `key` reads it with `der`, `pieces` joins what was torn apart,
//! `wildcard` tells what stands everywhere, and `astray` looks where keys end up by mistake. `published` hands keys to
//! `inspect/signature`, which verifies messages.

mod astray;
mod check;
mod der;
mod judge;
mod key;
mod pieces;
mod place;
mod published;
mod services;
mod wildcard;

pub(super) use check::check;
pub(crate) use key::Public;
pub(crate) use published::{NoKey, Published, published};
