//! Whether a message is from whom it says: SPF, DKIM, DMARC and ARC of one message, in the terms of RFC 8601.
//!
//! Everything is verified here and now, from the message and the DNS. Only which host sent it cannot be: that is believed of
//! the host's own servers alone (`hops`, `results`), or was seen by ours (`connection`); where none of them tells, SPF is not
//! known, which is no failure.

mod client;
mod dmarc;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub(super) use dmarc::author_domain;
pub use dmarc::{Dmarc, DmarcProblem, DmarcResult, Identifier};

use super::arc::{self, Chain};
use super::hops::Way;
use super::original::Original;
use super::results::{Results, results};
use super::signature::{self, DkimResult, Judged};
use super::whole::Circumstances;
use crate::domain::Name;
use crate::facts::{Pending, View};
use crate::mail::spf::{self, SpfResult};

/// What came of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Authentication {
    /// Whether its host may send for its return path; none where that host is not known.
    pub spf: Option<Spf>,
    /// Its signatures, from the top.
    pub dkim: Vec<Judged>,
    /// Whether either speaks for its author's domain.
    pub dmarc: Dmarc,
    /// Whether the chain of those who passed it on holds.
    pub arc: Chain,
    /// What servers say they found.
    pub claims: Vec<Results>,
    /// How many signatures were not judged.
    #[serde(skip)]
    pub unjudged: usize,
}

/// What SPF says (RFC 8601 section 2.7.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spf {
    /// The result.
    pub result: SpfResult,
    /// The domain that was asked: of the return path, or of the greeting for a bounce.
    pub domain: Option<Name>,
    /// The address of the host that sent; none where one of the host's own servers told the result alone.
    pub address: Option<std::net::IpAddr>,
    /// The term of the record that decided.
    pub matched: Option<String>,
    /// Why there is no better result.
    pub problem: Option<String>,
}

/// Judges a message; pending until all that it takes is known.
pub fn judge(
    message: &Original,
    way: &Way,
    known: &Circumstances<'_>,
    view: &mut View<'_>,
) -> Result<Authentication, Pending> {
    let Circumstances { connection, host, now, .. } = *known;
    let claims = results(message, host);
    let client = match connection {
        Some(connection) => Some(connection.sender(now)),
        None => client::client(message, way, host, now),
    };
    // All that is asked without knowing anything is asked at once.
    let (signatures, chain) = (signature::judge(message, now, view), arc::judge(message, view));
    let sender = client.as_ref().map(|client| spf::check_host(client, view));
    let author = dmarc::author(message, view);
    let (signatures, chain, verdict, author) = (signatures?, chain?, sender.transpose()?, author?);
    let spf = match (client, verdict) {
        (Some(client), Some(verdict)) => Some(Spf {
            result: verdict.result,
            domain: client::domain(&client),
            address: Some(client.ip),
            matched: verdict.matched,
            problem: verdict.problem,
        }),
        _ => client::told(&claims),
    };
    let dmarc = dmarc::judge(author, spf.as_ref(), &signatures.judged, view)?;
    Ok(Authentication { spf, dkim: signatures.judged, dmarc, arc: chain, claims, unjudged: signatures.more })
}

/// The domain of a signature that passes.
fn passing(judged: &Judged) -> Option<Name> {
    let domain = judged.domain.as_deref().filter(|_| judged.result == DkimResult::Pass)?;
    signature::read::domain_name(domain)
}
