//! What the MX records say by themselves, before any mail server is looked up, and the records that should stand there
//! instead.

use super::slip::{Slip, slip};
use super::target::is_literal;
use crate::domain::Name;
use crate::finding::{Code, Finding, Fix, Severity};
use crate::mail::Case;

/// A finding about all the records, which it shows.
pub(super) fn all(code: Code, domain: &Name, records: &[(u16, &Name)]) -> Finding {
    records.iter().fold(Finding::new(code, domain), |finding, (preference, name)| {
        finding.evidence(format!("{preference} {name}"))
    })
}

/// What is wrong with the records by themselves.
pub(super) fn judge(case: &Case<'_>, records: &[(u16, &Name)]) -> Vec<Finding> {
    let domain = case.domain.name();
    let mut findings = Vec::new();
    if records.iter().any(|(_, name)| name.is_root()) {
        findings.push(all(Code::MxNullWithOthers, domain, records));
    }
    for (place, (preference, name)) in records.iter().enumerate() {
        let about = |code| Finding::new(code, name).detail("target", name).evidence(format!("{preference} {name}"));
        if records.iter().take(place).any(|(_, before)| before == name) {
            findings.push(about(Code::MxDuplicate));
        } else if is_literal(name) {
            findings.push(about(Code::MxTargetLiteral));
        } else if *name == domain {
            findings.push(about(Code::MxTargetIsDomain));
        } else {
            findings.extend(slip(name, domain, &case.host.mx).map(|slip| match slip {
                Slip::Doubled(meant) => about(Code::MxTargetDoubled).detail("meant", meant),
                Slip::Misspelt(_) => about(Code::MxTargetMisspelt),
            }));
        }
    }
    findings.extend(beside_the_host(case, records));
    findings
}

/// Whether the records name the host that is expected: none of them, or not all.
fn beside_the_host(case: &Case<'_>, records: &[(u16, &Name)]) -> Option<Finding> {
    let (domain, expected) = (case.domain.name(), &case.host.mx);
    if expected.is_empty() {
        return None;
    }
    let is_ours = |name: &Name| {
        let slip = slip(name, domain, expected);
        expected.contains(slip.as_ref().and_then(Slip::meant).unwrap_or(name))
    };
    let (ours, others): (Vec<_>, Vec<_>) =
        records.iter().map(|(_, name)| *name).filter(|name| !name.is_root()).partition(|name| is_ours(name));
    let finding = if ours.is_empty() {
        all(Code::MxNotHost, domain, records)
    } else {
        // The host may have more servers than the configuration names.
        let others: Vec<&Name> = others.into_iter().filter(|other| !is_sibling(other, expected)).collect();
        if others.is_empty() {
            return None;
        }
        all(Code::MxElsewhere, domain, records).detail("others", list(&others))
    };
    Some(finding.detail("expected", list(&expected.iter().collect::<Vec<_>>())))
}

/// Whether a name stands in the same domain as one of the host's mail servers.
fn is_sibling(name: &Name, expected: &[Name]) -> bool {
    let parents = expected.iter().filter_map(Name::parent).filter(|parent| parent.labels().count() > 1);
    parents.into_iter().any(|parent| name.is_within(&parent))
}

fn list(names: &[&Name]) -> String {
    let mut names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    names.dedup();
    names.join(", ")
}

/// The records that customers of the host publish, in the order of the configuration; none where it names no host.
pub(super) fn of_the_host(case: &Case<'_>) -> Option<Fix> {
    let records = (1..).map(|place| place * 10).zip(&case.host.mx);
    (!case.host.mx.is_empty()).then(|| Fix::mx(case.domain.to_string(), records))
}

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
///
/// Where the mail should go to another host, the host's records mend every fault. Else those that stand there do, each
/// name that is known to be wrong corrected.
pub(super) fn mend(
    case: &Case<'_>,
    records: &[(u16, &Name)],
    corrections: &[Correction],
    mut findings: Vec<Finding>,
) -> Vec<Finding> {
    let strays = findings.iter().any(|finding| matches!(finding.code, Code::MxNotHost | Code::MxElsewhere));
    let fix = if strays { of_the_host(case) } else { corrected(case, records, corrections) };
    for finding in &mut findings {
        let is_corrected = matches!(finding.code, Code::MxTargetAlias | Code::MxTargetDoubled | Code::MxTargetMisspelt)
            && corrections.iter().any(|correction| correction.wrong.as_str() == finding.subject);
        if is_corrected || (strays && matches!(finding.severity(), Severity::Warn | Severity::Fail)) {
            finding.fix.clone_from(&fix);
        }
    }
    findings
}

/// The records as they should be, each mail server once.
fn corrected(case: &Case<'_>, records: &[(u16, &Name)], corrections: &[Correction]) -> Option<Fix> {
    let mut published: Vec<(u16, &Name)> = Vec::new();
    for &(preference, name) in records {
        let correction = corrections.iter().find(|correction| correction.wrong == *name);
        let name = correction.map_or(name, |correction| &correction.right);
        if !published.iter().any(|(_, other)| *other == name) {
            published.push((preference, name));
        }
    }
    (!corrections.is_empty()).then(|| Fix::mx(case.domain.to_string(), published))
}
