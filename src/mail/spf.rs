//! SPF: who may send for a domain (RFC 7208).
//!
//! Two ways lead through this room, over the same `record` with its `mechanism`s and `macros`:
//! * [`check_host`] judges one `sender`: `evaluate` takes the terms in order, `matches` tests each mechanism, and
//!   `verdict` is the result with the tree that led to it.
//! * `check` judges a domain: `survey` walks its whole `tree` without a sender; `absent`, `targets`, `limits`, `ranges`
//!   and `habits` say what is wrong with it, with the costs as `outline` shows them; `mend` and `respell` know how to
//!   put it right, and `admits` sees to it that this shuts nobody out.
//!
//! [`let_in`] brings both together: the record by which a sender that does not pass would.
//!
//! The record type SPF (99) is never asked for (section 3.1).

mod absent;
mod admits;
mod check;
mod evaluate;
mod habits;
#[cfg(test)]
pub(super) mod lab;
mod limits;
mod macros;
mod matches;
mod mechanism;
mod mend;
mod newcomer;
mod outline;
mod ranges;
mod record;
mod respell;
mod sender;
mod survey;
mod targets;
#[cfg(test)]
mod tests;
mod tree;
mod verdict;

use crate::domain::Name;

pub(super) use check::check;
pub use evaluate::{DEFAULT_EXPLANATION, check_host};
pub use newcomer::let_in;
pub use sender::Sender;
pub use verdict::{Node, SpfResult, Step, Verdict};

/// How many terms may cause look-ups (RFC 7208 section 4.6.4).
const MAX_LOOKUPS: usize = 10;

/// How many look-ups may find nothing (section 4.6.4).
const MAX_VOIDS: usize = 2;

/// How many mail servers of an `mx`, and how many names of the client, are looked at (section 4.6.4).
const MAX_NAMES: usize = 10;

/// The record of a domain that sends no mail.
const CLOSED: &str = "v=spf1 -all";

/// The name to look a record up at; `None` if the domain can have none: it is malformed, one label alone, or an address
/// in brackets (section 4.3).
fn host_name(domain: &str) -> Option<Name> {
    let name: Name = domain.parse().ok()?;
    (name.labels().count() > 1 && !domain.starts_with('[')).then_some(name)
}
