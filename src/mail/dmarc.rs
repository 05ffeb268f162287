//! DMARC (RFC 9989, which replaced RFC 7489 and RFC 9091): the record, the walk up the tree to the one that applies,
//! where its reports may go (RFC 9990), and the check.
//!
//! Follows the tree, not the list of public suffixes. Whether a message aligns is the business of
//! `inspect/authentication`.

mod check;
mod judge;
mod mend;
mod record;
mod reports;
mod standing;
mod walk;

pub(super) use check::check;
pub(crate) use record::{Alignment, Policy};
pub(crate) use standing::{Rule, Standing, organization, standing};
