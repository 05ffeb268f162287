//! BIMI: the logo that mailboxes may show beside the domain's mail (draft-brand-indicators-for-message-identification).
//!
//! Reads the record and the DMARC policy that it depends on. Fetches neither the logo nor its certificate. A domain
//! without a record needs none, so nothing is said of it.

mod check;
mod record;

pub(super) use check::check;
