//! Findings on what the terms of a record lead to: nothing, more than one record, itself, or silence.

use super::check::{about, syntax, with_fix, with_host};
use super::mend;
use super::record::Record;
use super::respell::respelled;
use super::tree::{Answer, Branch, Found, Leaf, Survey};
use crate::domain::Name;
use crate::facts::{Cause, Kind, Pending, Query, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::evidence::silence;

/// What is wrong with where the terms lead, in the whole tree.
pub(super) fn targets(case: &Case<'_>, survey: &Survey, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let mut findings = Vec::new();
    for branch in survey.root.all() {
        for leaf in &branch.terms {
            if let Some(Branch { domain, found: Found::Broken(text, errors), .. }) = &leaf.branch {
                findings.extend(syntax(case, domain, text, errors, view)?);
            }
            findings.extend(bad(case, survey, branch, leaf, view)?);
        }
    }
    Ok(findings)
}

/// That the network would not say what a record or a term's target is.
pub(super) fn unknown(case: &Case<'_>, target: &str, kind: Kind, why: Cause) -> Finding {
    let finding = Finding::new(Code::SpfUnknown, case.domain).detail("target", target).detail("cause", why);
    match target.parse::<Name>() {
        Ok(name) => finding.evidence(silence(&Query::new(&name, kind), why)),
        Err(_) => finding,
    }
}

/// A term that leads to nothing, or to something that cannot be used.
fn bad(
    case: &Case<'_>,
    survey: &Survey,
    branch: &Branch,
    leaf: &Leaf,
    view: &mut View<'_>,
) -> Result<Option<Finding>, Pending> {
    let Some(target) = &leaf.target else { return Ok(None) };
    let about = |code| about(code, case.domain, branch);
    let finding = match (leaf.branch.as_ref().map(|branch| &branch.found), leaf.answer) {
        (Some(Found::Unknown(why)), _) => return Ok(Some(unknown(case, target, Kind::Txt, *why))),
        (_, Answer::Unknown(kind, why)) => return Ok(Some(unknown(case, target, kind, why))),
        (Some(Found::Nothing(seen)), _) => {
            let fix = without_dead(case, branch, view)?;
            with_fix(case, about(Code::SpfIncludeMissing).evidence(seen), &branch.domain, fix)
        }
        (Some(Found::Several(texts)), _) => texts.iter().fold(about(Code::SpfIncludeMissing), Finding::evidence),
        (Some(Found::Loop), _) => {
            // What leads back lets nobody in who is not let in anyway.
            let closing = branch.includes(|found| *found == Found::Loop);
            let fix = branch.parsed().filter(|_| !closing.is_empty()).map(|record| mend::without(record, &closing));
            with_fix(case, about(Code::SpfLoop), &branch.domain, fix)
        }
        (_, Answer::TooMany(count)) => about(Code::SpfTooManyMx).detail("count", count),
        (_, Answer::Void) if survey.breaks_voids.is_none() => about(Code::SpfVoid),
        _ => return Ok(None),
    };
    Ok(Some(finding.detail("target", target)))
}

/// The record with nothing that lets nobody in, since there is no record where it leads; and with the host let in.
fn without_dead(case: &Case<'_>, branch: &Branch, view: &mut View<'_>) -> Result<Option<String>, Pending> {
    let fix = sound(branch).map(|record| mend::without(&record, &[]));
    if branch.domain == case.domain.name().as_str() {
        fix.map(|record| with_host(case, record, view)).transpose()
    } else {
        Ok(fix)
    }
}

/// The record with the terms that lead to no record written as they are meant, or else without them; `None` if there
/// are none.
pub(super) fn sound(branch: &Branch) -> Option<Record> {
    let (text, record) = branch.record().zip(branch.parsed())?;
    let read = |text: String| Record::parse(text.as_bytes()).ok();
    let is_dead = |found: &Found| matches!(found, Found::Nothing(_));
    let leads_nowhere = |leaf: &&Leaf| leaf.branch.as_ref().is_some_and(|branch| is_dead(&branch.found));
    let nowhere: Vec<_> = branch.terms.iter().filter(leads_nowhere).map(|leaf| leaf.term.text.as_str()).collect();
    let changes = |mended: &Record| nowhere.iter().any(|dead| mended.terms.iter().all(|term| term.text != *dead));
    let without = || {
        let dead = branch.includes(is_dead);
        (!dead.is_empty()).then(|| mend::without(record, &dead)).and_then(read)
    };
    respelled(text).and_then(read).filter(changes).or_else(without)
}
