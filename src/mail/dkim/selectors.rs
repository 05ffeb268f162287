//! Which selectors to try: those that somebody named, then those that many domains have.

use crate::domain::Name;
use crate::mail::Case;

/// Selectors that large services and common software sign with; each costs a question for every domain.
pub(super) const WELL_KNOWN: &[&str] = &[
    // Google Workspace.
    "google",
    // Microsoft 365, which alternates between the two.
    "selector1",
    "selector2",
    // Fastmail, which publishes all three.
    "fm1",
    "fm2",
    "fm3",
    // Mailchimp and Mandrill.
    "k1",
    "k2",
    "k3",
    // SendGrid, and whoever numbers keys.
    "s1",
    "s2",
    // The hosting panels (cPanel, Plesk) and the usual choices of those who run Postfix with OpenDKIM or rspamd.
    "default",
    "dkim",
    "mail",
    // Zoho.
    "zoho",
    "zmail",
    // Proton Mail, and iCloud with its custom domains.
    "protonmail",
    "sig1",
];

/// The selectors that the person or the host named, each once.
pub(super) fn named(case: &Case<'_>) -> Vec<Name> {
    let mut named: Vec<Name> = Vec::new();
    for selector in case.selectors.iter().chain(&case.host.dkim_selectors) {
        if !named.contains(selector) {
            named.push(selector.clone());
        }
    }
    named
}

/// The well-known selectors that nobody named.
pub(super) fn guessed(named: &[Name]) -> Vec<Name> {
    WELL_KNOWN.iter().filter_map(|selector| selector.parse().ok()).filter(|name| !named.contains(name)).collect()
}
