//! SPF: who may send for a domain (RFC 7208).

mod check;
mod evaluate;
#[cfg(test)]
mod lab;
mod macros;
mod mechanism;
mod mend;
mod record;
mod sender;
mod survey;
mod verdict;

pub(super) use check::check;
pub use evaluate::{DEFAULT_EXPLANATION, check_host};
pub use sender::Sender;
pub use survey::{Survey, survey};
pub use verdict::{Node, SpfResult, Step, Verdict};

/// How many terms may cause look-ups (RFC 7208 section 4.6.4).
const MAX_LOOKUPS: usize = 10;

/// How many look-ups may find nothing (section 4.6.4).
const MAX_VOIDS: usize = 2;

/// How many mail servers of an `mx`, and how many names of the client, are looked at (section 4.6.4).
const MAX_NAMES: usize = 10;
