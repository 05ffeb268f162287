//! What the MX records say by themselves, before any mail server is looked up.

use super::slip::{Slip, slip};
use super::target::is_literal;
use crate::domain::Name;
use crate::finding::{Code, Finding};
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
    findings
}
