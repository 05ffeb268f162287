//! Which host sent a message, as far as one of the host's own servers tells.

use super::Spf;
use crate::address::is_private;
use crate::config::Host;
use crate::domain::Name;
use crate::inspect::hops::Way;
use crate::inspect::mailbox::domain_of;
use crate::inspect::original::Original;
use crate::inspect::results::Results;
use crate::inspect::signature::read::domain_name;
use crate::mail::spf::{Sender, SpfResult};

/// The host from which the first of the host's own servers took the message: that of the lowest hop that they tell of, from
/// the top, whose address is none of their own.
pub(super) fn client(message: &Original, way: &Way, host: &Host, now: u64) -> Option<Sender> {
    let mut from_top = way.hops.iter().rev().take_while(|hop| hop.trusted);
    let hop = from_top.find(|hop| hop.address.is_some_and(|ip| is_foreign(ip, host)))?;
    // Which domain SPF is about is written on delivery; without it there is nothing to ask.
    let path = message.named("Return-Path").next()?.text();
    let path = path.trim_matches(['<', '>', ' ']).to_owned();
    Some(Sender {
        ip: hop.address?,
        helo: hop.from.clone().unwrap_or_default(),
        mail_from: path,
        now,
        receiver: hop.by.clone().unwrap_or_default(),
    })
}

fn is_foreign(ip: std::net::IpAddr, host: &Host) -> bool {
    !host.server_ips.contains(&ip) && !is_private(ip)
}

/// The domain that SPF is about.
pub(super) fn domain(sender: &Sender) -> Option<Name> {
    if sender.mail_from.is_empty() { domain_name(&sender.helo) } else { domain_of(&sender.mail_from) }
}

/// What one of the host's own servers says of SPF.
pub(super) fn told(claims: &[Results]) -> Option<Spf> {
    const RESULTS: [SpfResult; 7] = [
        SpfResult::None,
        SpfResult::Neutral,
        SpfResult::Pass,
        SpfResult::Fail,
        SpfResult::SoftFail,
        SpfResult::TempError,
        SpfResult::PermError,
    ];
    let own = claims.iter().filter(|claim| claim.trusted).flat_map(|claim| &claim.results);
    own.filter(|found| found.method == "spf").find_map(|found| {
        let result = RESULTS.into_iter().find(|result| result.as_str() == found.result)?;
        let domain = found.domain.as_deref().and_then(domain_name);
        Some(Spf { result, domain, address: None, matched: None, problem: None })
    })
}
