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

/// What the host is called, and where its pages are; what answers mention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// The host.
    pub name: String,
    /// The console, as a sentence mentions it.
    pub console: String,
    /// The administration portal.
    pub portal: String,
    /// The paid relay for outgoing mail.
    pub relay: String,
    /// The console's page.
    pub console_url: Option<String>,
    /// The portal's page.
    pub portal_url: Option<String>,
    /// The webmail's page.
    pub webmail_url: Option<String>,
    /// The status page.
    pub status_url: Option<String>,
    /// The page about sending limits.
    pub limits_url: Option<String>,
    /// Where a person helps.
    pub support_url: Option<String>,
    /// The documentation.
    pub docs_url: Option<String>,
}

impl Default for Brand {
    /// The host whose troubleshooting page the shipped knowledge tells; the page gives no addresses.
    fn default() -> Self {
        Self {
            name: "Mailcheap".to_owned(),
            console: "the console".to_owned(),
            portal: "Mail Portal".to_owned(),
            relay: "Premium relay".to_owned(),
            console_url: None,
            portal_url: None,
            webmail_url: None,
            status_url: None,
            limits_url: None,
            support_url: None,
            docs_url: None,
        }
    }
}

/// When a match is good enough; probabilities between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matching {
    /// The confidence from which the best entry is given as the answer.
    pub answer_at: f64,
    /// How far the best must lead the second to be given alone.
    pub margin: f64,
    /// The confidence from which entries are offered as choices.
    pub offer_at: f64,
}

impl Default for Matching {
    fn default() -> Self {
        Self { answer_at: 0.6, margin: 0.15, offer_at: 0.35 }
    }
}
