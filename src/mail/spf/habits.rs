//! Findings on a record that receivers can use, but that does not do what its owner wants.
//!
//! How many addresses its terms let in is the business of `ranges`.

use super::absent::{TakesMail, null_mx};
use super::admits::lets_nobody_in;
use super::check::{about, with_fix};
use super::mechanism::Mechanism;
use super::record::{Body, Qualifier, Record};
use super::respell::{is_mistaken, respelled};
use super::tree::{Branch, Survey};
use super::{CLOSED, mend};
use crate::finding::{Code, Finding};
use crate::mail::Case;

/// How many terms of one kind are told: who has mended those looks again.
const TOLD: usize = 5;

/// What is dubious in the records that decide for the domain.
pub(super) fn habits(case: &Case<'_>, survey: &Survey, mx: TakesMail) -> Vec<Finding> {
    let passing = survey.root.passing().into_iter().filter_map(|(branch, record)| all_pass(case, branch, record));
    let own = survey.root.deciding();
    let parked = parked(case, survey, mx);
    let closed = parked.is_some();
    let last = own.last().and_then(|(branch, record)| last_word(case, branch, record, closed));
    let terms = own.iter().flat_map(|(branch, record)| {
        let each = [after_all(case, branch, record), duplicate(case, branch, record), ptr(case, branch, record)];
        each.into_iter().flatten().chain(ignored(case, branch, record))
    });
    passing.chain(parked).chain(last).chain(terms).collect()
}

/// `+all` where it makes the domain pass everybody.
fn all_pass(case: &Case<'_>, branch: &Branch, record: &Record) -> Option<Finding> {
    let fix = (record.all()? == Qualifier::Pass).then(|| mend::with_soft_fail(record))?;
    Some(with_fix(case, about(Code::SpfAllPass, &branch.domain, branch), &branch.domain, Some(fix)))
}

/// A domain that takes no mail and lets nobody send, but does not ask receivers to refuse what comes in its name.
fn parked(case: &Case<'_>, survey: &Survey, mx: TakesMail) -> Option<Finding> {
    let refuses = survey.root.deciding().last().is_some_and(|(_, record)| record.all() == Some(Qualifier::Fail));
    let is_parked = mx == TakesMail::No && lets_nobody_in(survey) && !refuses;
    let finding = about(Code::SpfParked, case.domain, &survey.root).evidence(null_mx(case));
    is_parked.then(|| with_fix(case, finding, &survey.root.domain, Some(CLOSED.to_owned())))
}

/// What the record that decides says of everybody whom it does not name.
fn last_word(case: &Case<'_>, branch: &Branch, record: &Record, closed: bool) -> Option<Finding> {
    let code = match record.all() {
        Some(Qualifier::Neutral) => Code::SpfAllNeutral,
        None if record.redirect().is_none() => Code::SpfNoAll,
        _ => return None,
    };
    let fix = if closed { CLOSED.to_owned() } else { mend::with_soft_fail(record) };
    Some(with_fix(case, about(code, &branch.domain, branch), &branch.domain, Some(fix)))
}

/// Terms that are never reached.
fn after_all(case: &Case<'_>, branch: &Branch, record: &Record) -> Option<Finding> {
    let idle = record.idle();
    let terms: Vec<_> = idle.iter().map(|term| term.text.as_str()).collect();
    let finding = about(Code::SpfAfterAll, &branch.domain, branch).detail("term", terms.join(" "));
    // Whether `all` or a redirect beside it is what was meant, nobody can tell.
    let is_certain = idle.iter().all(|term| matches!(term.body, Body::Directive(..)));
    let fix = is_certain.then(|| mend::without_repeats(record));
    (!idle.is_empty()).then(|| with_fix(case, finding, &branch.domain, fix))
}

/// Terms that stand there again.
fn duplicate(case: &Case<'_>, branch: &Branch, record: &Record) -> Option<Finding> {
    let again = mend::repeated(record);
    let mut terms: Vec<_> = again.iter().map(|term| term.text.as_str()).take(TOLD).collect();
    terms.dedup();
    let finding = about(Code::SpfDuplicate, &branch.domain, branch).detail("term", terms.join(" "));
    (!again.is_empty()).then(|| with_fix(case, finding, &branch.domain, Some(mend::without_repeats(record))))
}

/// Mechanisms written as modifiers, and the version in the midst of the record.
fn ignored(case: &Case<'_>, branch: &Branch, record: &Record) -> Vec<Finding> {
    let mistaken = |body: &Body| matches!(body, Body::Modifier(modifier) if is_mistaken(modifier));
    let terms = record.terms.iter().filter(|term| mistaken(&term.body)).take(TOLD);
    let findings = terms.map(|term| {
        let finding = about(Code::SpfIgnored, &branch.domain, branch).detail("term", &term.text);
        with_fix(case, finding, &branch.domain, branch.record().and_then(respelled))
    });
    findings.collect()
}

/// Section 5.5: "should not be published". Where other terms name the senders it can go.
fn ptr(case: &Case<'_>, branch: &Branch, record: &Record) -> Option<Finding> {
    let (ptr, others): (Vec<_>, Vec<_>) =
        record.reached().partition(|term| matches!(term.body, Body::Directive(_, Mechanism::Ptr(_))));
    let names = |body: &Body| match body {
        Body::Directive(Qualifier::Pass, mechanism) => *mechanism != Mechanism::All,
        _ => false,
    };
    let fix = others.iter().any(|term| names(&term.body)).then(|| mend::without_senders(record, &ptr));
    (!ptr.is_empty()).then(|| with_fix(case, about(Code::SpfPtr, &branch.domain, branch), &branch.domain, fix))
}
