//! Findings on the limits of section 4.6.4: too many look-ups, and too many that find nothing.

use super::check::{about, with_fix};
use super::tree::{Answer, Branch, Place, Survey};
use super::{mend, outline};
use crate::finding::{Code, Finding};
use crate::mail::Case;

/// More look-ups than receivers make: with the cost of each branch, and the term that goes past the limit.
pub(super) fn too_many_lookups(case: &Case<'_>, survey: &Survey) -> Option<Finding> {
    let place = survey.breaks_lookups.as_ref()?;
    let finding = about(Code::SpfTooManyLookups, case.domain, &survey.root)
        .detail("lookups", survey.lookups)
        .detail("term", &place.term)
        .detail("costs", outline::dearest(survey));
    let finding = outline::branches(survey).iter().fold(finding, Finding::evidence);
    // What is certain is that no term need be asked twice; `examine` sees whether that is enough.
    let fix = survey.root.parsed().map(mend::without_repeats);
    Some(with_fix(case, place_shown(finding, &survey.root, place), &survey.root.domain, fix))
}

/// More look-ups in vain than receivers allow. Terms that point to nothing let nobody in, so that the domain's own can go.
pub(super) fn too_many_voids(case: &Case<'_>, survey: &Survey) -> Option<Finding> {
    let place = survey.breaks_voids.as_ref()?;
    let finding = about(Code::SpfTooManyVoids, case.domain, &survey.root)
        .detail("voids", survey.voids)
        .detail("term", &place.term);
    let void: Vec<_> =
        survey.root.terms.iter().filter(|leaf| leaf.answer == Answer::Void).map(|leaf| &leaf.term).collect();
    let finding = void.iter().fold(finding, |finding, term| finding.evidence(format!("{} finds nothing", term.text)));
    let fix = survey.root.parsed().map(|record| mend::without_senders(record, &void));
    Some(with_fix(case, place_shown(finding, &survey.root, place), &survey.root.domain, fix))
}

/// The record that breaks a limit is shown too, if it is not the domain's own.
fn place_shown(finding: Finding, root: &Branch, place: &Place) -> Finding {
    if place.domain == root.domain { finding } else { finding.evidence(format!("{}: {}", place.domain, place.record)) }
}
