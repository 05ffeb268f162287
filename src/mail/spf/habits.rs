//! Findings on a record that receivers can use, but that does not do what its owner wants.

use super::check::{about, with_fix};
use super::mechanism::Mechanism;
use super::mend;
use super::record::{Body, Qualifier, Record};
use super::tree::{Branch, Survey};
use crate::finding::{Code, Finding};
use crate::mail::Case;

/// How many terms of one kind are told: who has mended those looks again.
const TOLD: usize = 5;

/// What is dubious in the records that decide for the domain.
pub(super) fn habits(case: &Case<'_>, survey: &Survey) -> Vec<Finding> {
    let passing = survey.root.passing().into_iter().filter_map(|(branch, record)| all_pass(case, branch, record));
    let own = survey.root.deciding();
    let last = own.last().and_then(|(branch, record)| last_word(case, branch, record));
    let terms = own.iter().flat_map(|(branch, record)| {
        after_all(case, branch, record).into_iter().chain(ignored(case, branch, record)).chain(ptr(branch, record))
    });
    passing.chain(last).chain(terms).collect()
}

/// `+all` where it makes the domain pass everybody.
fn all_pass(case: &Case<'_>, branch: &Branch, record: &Record) -> Option<Finding> {
    let fix = (record.all()? == Qualifier::Pass).then(|| mend::with_soft_fail(record))?;
    Some(with_fix(case, about(Code::SpfAllPass, &branch.domain, branch), &branch.domain, Some(fix)))
}

/// What the record that decides says of everybody whom it does not name.
fn last_word(case: &Case<'_>, branch: &Branch, record: &Record) -> Option<Finding> {
    match record.all() {
        Some(Qualifier::Neutral) => Some(about(Code::SpfAllNeutral, &branch.domain, branch)),
        None if record.redirect().is_none() => {
            let fix = Some(mend::with_soft_fail(record));
            Some(with_fix(case, about(Code::SpfNoAll, &branch.domain, branch), &branch.domain, fix))
        }
        _ => None,
    }
}

/// Terms that are never reached.
fn after_all(case: &Case<'_>, branch: &Branch, record: &Record) -> Option<Finding> {
    let idle = record.idle();
    let terms: Vec<_> = idle.iter().map(|term| term.text.as_str()).collect();
    let finding = about(Code::SpfAfterAll, &branch.domain, branch).detail("term", terms.join(" "));
    (!idle.is_empty()).then(|| with_fix(case, finding, &branch.domain, Some(mend::without(record, &idle))))
}

/// Mechanisms written as modifiers.
fn ignored(case: &Case<'_>, branch: &Branch, record: &Record) -> Vec<Finding> {
    let is_mistaken = |body: &Body| matches!(body, Body::Modifier(modifier) if mend::is_mistaken(modifier));
    let terms = record.terms.iter().filter(|term| is_mistaken(&term.body)).take(TOLD);
    let findings = terms.map(|term| {
        let finding = about(Code::SpfIgnored, &branch.domain, branch).detail("term", &term.text);
        with_fix(case, finding, &branch.domain, branch.record().and_then(mend::respelled))
    });
    findings.collect()
}

/// Section 5.5: "should not be published".
fn ptr(branch: &Branch, record: &Record) -> Option<Finding> {
    let has_ptr = record.reached().any(|term| matches!(term.body, Body::Directive(_, Mechanism::Ptr(_))));
    has_ptr.then(|| about(Code::SpfPtr, &branch.domain, branch))
}
