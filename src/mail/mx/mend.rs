//! The MX records that should stand in place of those that do.
//!
//! One bad record among good ones is corrected or left out, and the others stay: a filter in front and another provider's
//! servers are nobody's fault. Only where the mail should go to the host, or nothing that takes mail is left, are the
//! host's records offered.

use super::host;
use super::slip::{Slip, slip};
use super::target::{Known, is_literal};
use crate::domain::Name;
use crate::finding::{Code, Finding, Fix, Severity};
use crate::mail::Case;

/// A name in the records that is known to be wrong, and the one that belongs there.
pub(super) struct Correction {
    wrong: Name,
    right: Name,
}

impl Correction {
    pub(super) fn new(wrong: &Name, right: &Name) -> Self {
        Self { wrong: wrong.clone(), right: right.clone() }
    }
}

/// Adds the records that mend it to each finding that some mend.
pub(super) fn mend(
    case: &Case<'_>,
    records: &[(u16, &Name)],
    known: &[Known<'_>],
    corrections: &[Correction],
    mut findings: Vec<Finding>,
) -> Vec<Finding> {
    let uses: Vec<(u16, &Name, Use)> =
        records.iter().map(|&(preference, name)| (preference, name, use_of(case, name, known))).collect();
    let strays = findings.iter().any(|finding| matches!(finding.code, Code::MxNotHost | Code::MxElsewhere));
    let takes_none = uses.iter().all(|(.., found)| *found == Use::None);
    let (of_the_host, corrected) = (host::records(case), corrected(case, &uses, corrections));
    for finding in &mut findings {
        let mends = |fix: &Fix| !fix.values().any(|line| line.split(' ').nth(1) == Some(finding.subject.as_str()));
        let is_fault = matches!(finding.severity(), Severity::Warn | Severity::Fail);
        finding.fix = match finding.code {
            Code::MxNotHost | Code::MxElsewhere => of_the_host.clone(),
            Code::MxNullWithOthers => None,
            _ if strays && takes_none && is_fault => of_the_host.clone(),
            Code::MxTargetAlias
            | Code::MxTargetDoubled
            | Code::MxTargetMisspelt
            | Code::MxTargetMissing
            | Code::MxTargetLiteral
            | Code::MxTargetPrivate => corrected.clone().filter(mends),
            _ => None,
        };
    }
    findings
}

/// What a record is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Senders can deliver there.
    Mail,
    /// Nobody can.
    None,
    /// The network would not say, or nobody asked it.
    Unclear,
}

fn use_of(case: &Case<'_>, name: &Name, known: &[Known<'_>]) -> Use {
    let slip = slip(name, case.domain.name(), &case.host.mx);
    if name.is_root() || is_literal(name) || matches!(slip, Some(Slip::Doubled(_) | Slip::Misspelt(_))) {
        return Use::None;
    }
    match known.iter().find(|known| known.name == name) {
        Some(known) if known.addresses.has_public() => Use::Mail,
        Some(known) if known.addresses.unknown.is_empty() => Use::None,
        _ => Use::Unclear,
    }
}

/// The records as they should be, each mail server once; `None` where none changes.
///
/// What nobody can use and nothing corrects is left out where a server that takes mail is tried before it: senders then
/// do as they do already. Where it comes first, it may be the one that was meant.
fn corrected(case: &Case<'_>, records: &[(u16, &Name, Use)], corrections: &[Correction]) -> Option<Fix> {
    let first = records.iter().filter(|(.., found)| *found == Use::Mail).map(|(preference, ..)| *preference).min();
    let mut published: Vec<(u16, &Name)> = Vec::new();
    for &(preference, name, found) in records {
        let correction = corrections.iter().find(|correction| correction.wrong == *name);
        let is_spare = found == Use::None && !name.is_root() && first.is_some_and(|first| first <= preference);
        if correction.is_none() && is_spare {
            continue;
        }
        let name = correction.map_or(name, |correction| &correction.right);
        if !published.iter().any(|(_, other)| *other == name) {
            published.push((preference, name));
        }
    }
    let before: Vec<(u16, &Name)> = records.iter().map(|&(preference, name, _)| (preference, name)).collect();
    (published != before).then(|| Fix::mx(case.domain.to_string(), published))
}
