//! Findings where a domain has no SPF record: texts that are meant as one, and records at names where nobody looks.
//!
//! What the record should be is told where it is certain: the text respelled, the record moved, the host's include, or
//! for a domain that takes no mail that nobody may send.

use super::check::{with_fix, with_host};
use super::record::{Record, published};
use super::respell::{departs, is_lookalike, is_sender_id, respelled};
use super::{CLOSED, mend};
use crate::domain::Name;
use crate::facts::{self, Cause, Kind, Outcome, Pending, Query, Response, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;

/// How much of a text is shown where it departs from a record.
const SHOWN: usize = 12;
/// How many texts that are meant as records are told: who has mended those looks again.
const TOLD: usize = 3;

/// No record; `seen` is how that was seen.
pub(super) fn missing(case: &Case<'_>, seen: &str, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let lookalikes = lookalikes(case, view)?;
    // Below a name that does not exist there is nothing (RFC 8020).
    let exists = view.get(Query::new(case.domain.name(), Kind::Txt))?.outcome != Outcome::NoSuchName;
    let places = if exists { places(case.domain.name()) } else { Vec::new() };
    let mx = if exists { takes_mail(case, view) } else { Ok(TakesMail::Maybe) };
    let replies = view.get_all(places.iter().map(|at| Query::new(at, Kind::Txt)));
    let (mx, replies) = (mx?, replies?);
    let found: Vec<_> = places.iter().zip(replies).filter_map(|(at, reply)| Some((at, reply, only(reply)?))).collect();
    let wildcard = if found.is_empty() { None } else { wildcard(case.domain.name(), view)? };
    let elsewhere = found.into_iter().find(|(_, reply, _)| !is_by(wildcard, reply)).map(|(at, _, record)| (at, record));

    let host = &case.host.spf_include;
    let fix = match (lookalikes.as_slice(), &elsewhere, mx, host) {
        ([_, ..], ..) => meant(&lookalikes),
        (_, Some((_, record)), ..) => Record::parse(record.as_bytes()).is_ok().then(|| record.clone()),
        (_, _, TakesMail::No, _) => Some(CLOSED.to_owned()),
        // Without `mx`: the host's include names the servers that send, while those that receive may be somebody
        // else's and need not be let in.
        (_, _, TakesMail::Yes | TakesMail::Maybe, Some(host)) => Some(format!("v=spf1 include:{host} ~all")),
        _ => None,
    };
    let fix = fix.map(|record| with_host(case, record, view)).transpose()?;
    let finding = Finding::new(Code::SpfMissing, case.domain).evidence(seen);
    let finding = if mx == TakesMail::No { finding.evidence(null_mx(case)) } else { finding };
    let mut findings = vec![with_fix(case, finding, case.domain.name().as_str(), fix)];
    findings.extend(elsewhere.map(|(at, record)| {
        Finding::new(Code::SpfMisplaced, case.domain).detail("at", at).evidence(format!("{at} TXT {record}"))
    }));
    Ok(findings)
}

/// Texts at the domain that are meant as records, whether there is a record beside them or not.
pub(super) fn unread(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let findings = lookalikes(case, view)?.into_iter().map(|text| {
        let shown: String = text.chars().take(SHOWN).collect();
        let problem = format!("expected `v=spf1` and then a blank, found `{shown}`");
        Finding::new(Code::SpfLookalike, case.domain)
            .detail("column", departs(&text))
            .detail("problem", problem)
            .evidence(text)
    });
    Ok(findings.collect())
}

fn lookalikes(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<String>, Pending> {
    let reply = view.get(Query::new(case.domain.name(), Kind::Txt))?;
    let records = published(reply).unwrap_or_default();
    let texts = reply.texts().unwrap_or_default().into_iter().filter(|text| !records.contains(&text.joined()));
    // Beside a record, one of Sender ID does no harm.
    let is_meant = |text: &String| is_lookalike(text) || (records.is_empty() && is_sender_id(text));
    Ok(texts.map(ToString::to_string).filter(is_meant).take(TOLD).collect())
}

/// The one record that all of the texts are meant to be.
fn meant(texts: &[String]) -> Option<String> {
    let records: Option<Vec<_>> = texts.iter().map(|text| respelled(text)).collect();
    match records?.as_slice() {
        [record] => Some(record.clone()),
        records => {
            let parsed: Result<Vec<_>, _> = records.iter().map(|text| Record::parse(text.as_bytes())).collect();
            mend::merged(&parsed.ok()?)
        }
    }
}

/// Where records end up by mistake: at the domain doubled, as panels do that add the zone's name to a whole name; and
/// at the name that providers use.
fn places(domain: &Name) -> Vec<Name> {
    [domain.as_str(), "_spf"].into_iter().filter_map(|labels| domain.below(labels)).collect()
}

/// What a wildcard answers to any name (RFC 4592): a question for the label `*` gets the same.
fn wildcard<'f>(domain: &Name, view: &mut View<'f>) -> Result<Option<&'f Response>, Pending> {
    domain.below("*").map(|any| view.get(Query::new(&any, Kind::Txt))).transpose()
}

/// Whether nobody published what stands at a name; where the network would not say, that may be so.
fn is_by(wildcard: Option<&Response>, reply: &Response) -> bool {
    wildcard.is_some_and(|all| match all.outcome {
        Outcome::Unknown(_) => true,
        _ => (&all.outcome, &all.aliases) == (&reply.outcome, &reply.aliases),
    })
}

fn only(reply: &Response) -> Option<String> {
    match published(reply).ok()?.as_slice() {
        [record] => Some(String::from_utf8_lossy(record).into_owned()),
        _ => None,
    }
}

/// Whether a domain takes mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TakesMail {
    /// A null MX says that it does not (RFC 7505).
    No,
    /// It names mail servers.
    Yes,
    /// It has no MX record: senders may try its own address (RFC 5321 section 5.1).
    Maybe,
    /// The network would not say.
    Unknown(Cause),
}

impl TakesMail {
    /// Whether it may be that mail comes and goes.
    pub(super) const fn may_be(self) -> bool {
        matches!(self, Self::Yes | Self::Maybe)
    }
}

/// Asks whether the domain takes mail.
pub(super) fn takes_mail(case: &Case<'_>, view: &mut View<'_>) -> Result<TakesMail, Pending> {
    let reply = view.get(Query::new(case.domain.name(), Kind::Mx))?;
    Ok(match reply.records() {
        Ok([facts::Record::Mx { exchange, .. }]) if exchange.is_root() => TakesMail::No,
        Ok([]) => TakesMail::Maybe,
        Ok(_) => TakesMail::Yes,
        Err(why) => TakesMail::Unknown(why),
    })
}

/// The evidence that a domain takes no mail.
pub(super) fn null_mx(case: &Case<'_>) -> String {
    format!("{} MX 0 .", case.domain)
}
