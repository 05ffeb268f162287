//! The configuration: one TOML file, read and checked once. (as written -> checked)

use std::net::IpAddr;

use crate::domain::Name;

/// What the operator says of the mail servers that customers shall use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    /// The mail servers that a customer's MX records should name; empty: any will do.
    pub mx: Vec<Name>,
    /// The name that a customer's SPF record should include.
    pub spf_include: Option<Name>,
    /// The DKIM selectors that the host signs with.
    pub dkim_selectors: Vec<Name>,
    /// The addresses that the host sends from.
    pub server_ips: Vec<IpAddr>,
}
