//! TLS-RPT: where senders report that TLS failed on the way to the domain's mail servers (RFC 8460).
//!
//! Reads the record alone. Nothing is sent to the addresses in it, and no report is read here.

mod check;
mod record;

pub(super) use check::check;
