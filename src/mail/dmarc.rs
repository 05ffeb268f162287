//! DMARC (RFC 9989, which replaced RFC 7489 and RFC 9091): the record, the walk up the tree to the one that applies,
//! and the check.
//!
//! Follows the tree, not the list of public suffixes. Whether report addresses in other domains agree to get reports
//! (RFC 9990) is not looked at here, nor whether a message aligns.

mod check;
mod record;
mod walk;

pub(super) use check::check;
