//! Findings on what the terms of a record lead to: nothing, more than one record, itself, or silence.

use super::check::{about, syntax, with_fix, with_host};
use super::record::{Record, Term, published};
use super::respell::respelled;
use super::tree::{Answer, Branch, Found, Leaf, Survey};
use super::{host_name, mend};
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
    let about = |code| about(code, &branch.domain, branch);
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
            let closing = branch.leading(|found| *found == Found::Loop);
            let fix = branch.parsed().map(|record| mend::without(record, &closing));
            with_fix(case, about(Code::SpfLoop), &branch.domain, fix)
        }
        (_, Answer::TooMany(count)) => about(Code::SpfTooManyMx).detail("count", count),
        (_, Answer::Void) if survey.breaks_voids.is_none() => about(Code::SpfVoid),
        _ => return Ok(None),
    };
    Ok(Some(finding.detail("target", target)))
}

/// The record with nothing that leads to no record; and with the host let in.
fn without_dead(case: &Case<'_>, branch: &Branch, view: &mut View<'_>) -> Result<Option<String>, Pending> {
    let fix = sound(case, branch, view)?;
    if branch.domain == case.domain.name().as_str() {
        fix.map(|record| with_host(case, record, view)).transpose()
    } else {
        Ok(fix)
    }
}

/// The record with the terms that lead to no record written as they are meant, or else without them.
fn sound(case: &Case<'_>, branch: &Branch, view: &mut View<'_>) -> Result<Option<String>, Pending> {
    let Some((text, record)) = branch.record().zip(branch.parsed()) else { return Ok(None) };
    let dead = branch.leading(|found| matches!(found, Found::Nothing(_)));
    let respelled = respelled(text).filter(|text| {
        let changes = |mended: Record| dead.iter().any(|dead| mended.terms.iter().all(|term| term.text != dead.text));
        Record::parse(text.as_bytes()).is_ok_and(changes)
    });
    if respelled.is_some() {
        return Ok(respelled);
    }
    let cut = record.terms.iter().map(|term| if dead.contains(&term) { cut(case, term, view) } else { Ok(None) });
    let cut: Vec<_> = cut.collect::<Vec<_>>().into_iter().collect::<Result<_, _>>()?;
    if cut.iter().all(Option::is_none) {
        return Ok(Some(mend::without_senders(record, &dead)));
    }
    let terms = record.terms.iter().zip(&cut);
    Ok(Some(mend::written(terms.map(|(term, cut)| cut.as_deref().unwrap_or(&term.text)))))
}

/// The term without the domain behind its target, where a record is found then: panels add it to names that do not end in
/// a dot.
fn cut(case: &Case<'_>, term: &Term, view: &mut View<'_>) -> Result<Option<String>, Pending> {
    let end = format!(".{}", case.domain);
    let text = term.text.strip_suffix('.').unwrap_or(&term.text);
    let Some(cut) = text.len().checked_sub(end.len()).and_then(|at| text.split_at_checked(at)) else { return Ok(None) };
    let target = cut.0.split_once([':', '=']).and_then(|(_, target)| host_name(target));
    let Some(target) = target.filter(|_| cut.1.eq_ignore_ascii_case(&end)) else { return Ok(None) };
    let reply = view.get(Query::new(&target, Kind::Txt))?;
    Ok(published(reply).is_ok_and(|records| records.len() == 1).then(|| cut.0.to_owned()))
}
