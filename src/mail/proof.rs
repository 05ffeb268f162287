//! Fixes made whole and proven: what [`Check::examine`] does with those that a check proposes.
//!
//! Each finding proposes a record that mends its own fault. A person can publish but one, so one is made of all that are
//! proposed for a name: each mend starts from the record that the one before gives. It is offered if the same check then
//! finds no fault of that record any more. What a record should say is no business of this room.

use std::cmp::Reverse;

use super::{Case, Check};
use crate::domain::Name;
use crate::facts::{Facts, Pending, Query, Question, View};
use crate::finding::{Finding, Fix, RecordType, Severity};

/// How many mends one record may need, one after another: no check proposes mends for more faults than these.
const MENDS: usize = 12;

/// The work of proving, and what is missing for it.
#[derive(Debug)]
pub(super) struct Proof<'p> {
    check: &'p Check,
    case: &'p Case<'p>,
    facts: &'p Facts,
    /// Set if replies are missing, so that not everything is proven yet.
    pub(super) pending: Option<Pending>,
    /// The questions whose replies are missing.
    pub(super) wanted: Vec<Question>,
    /// The questions whose replies were read.
    pub(super) read: Vec<Question>,
}

impl<'p> Proof<'p> {
    /// Gives each finding that proposes a fix the one that is proven for the same records, if that mends it; else none.
    pub(super) fn of(check: &'p Check, case: &'p Case<'p>, facts: &'p Facts, found: &mut [Finding]) -> Self {
        let mut proof = Self { check, case, facts, pending: None, wanted: Vec::new(), read: Vec::new() };
        let proposed = found.to_vec();
        let mut places: Vec<&Fix> = Vec::new();
        for place in proposed.iter().filter_map(|finding| finding.fix.as_ref()) {
            if places.iter().any(|other| is_same_place(other, place)) {
                continue;
            }
            places.push(place);
            let proven = proof.whole(&proposed, place);
            for finding in found.iter_mut().filter(|finding| proposes(finding, place)) {
                let mends = |(_, left): &&(Fix, Vec<Finding>)| !left.iter().any(|other| is_same(other, finding));
                finding.fix = proven.as_ref().filter(mends).map(|(fix, _)| fix.clone());
            }
        }
        proof
    }

    /// The one fix for a place that mends all that is proposed for it, and what is found then; `None` if a fault of the
    /// record is left.
    fn whole(&mut self, proposed: &[Finding], place: &Fix) -> Option<(Fix, Vec<Finding>)> {
        let mut fix = worst(proposed, place)?.clone();
        for _ in 0..MENDS {
            let left = self.publish(&mut fix)?;
            // A fault that nobody could see before is mended too if mail fails by it; else it is a matter of its own.
            let belongs = |finding: &&Finding| {
                finding.severity() == Severity::Fail || proposed.iter().any(|other| is_same(other, finding))
            };
            let others = left.iter().filter(belongs).filter(|finding| {
                // All MX records together say where mail goes: what another finding proposes would say it anew.
                fix.kind == RecordType::Txt && finding.fix.as_ref().is_some_and(|other| other.value != fix.value)
            });
            let Some(next) = worst(others, place).cloned() else {
                fix.verified = left.iter().all(|finding| is_no_fault_of(finding, proposed, place));
                return fix.verified.then_some((fix, left));
            };
            fix = next;
        }
        None
    }

    /// Runs the check on what would be known with a fix published; `None` where replies are missing, or where a record cannot
    /// stand at its name, since an alias does.
    fn publish(&mut self, fix: &mut Fix) -> Option<Vec<Finding>> {
        let name: Name = fix.name.parse().ok()?;
        let now = self.facts.get(&Query::new(&name, fix.kind.into()));
        if now.is_some_and(|reply| !reply.aliases.is_empty()) {
            return None;
        }
        let (changed, replaces) = self.facts.changed_by(&name, fix);
        fix.replaces = replaces;
        let mut view = View::with(self.facts, &changed);
        let found = (self.check.run)(self.case, &mut view);
        self.wanted.extend_from_slice(view.wanted());
        self.read.extend_from_slice(view.read());
        found.map_err(|missing| self.pending = Some(missing)).ok()
    }
}

/// What the worst of some findings proposes for a place; among equals, the first. What is said of one mail server comes after
/// what is said of all, and asks for less: of findings on MX records it is the last.
fn worst<'f>(findings: impl IntoIterator<Item = &'f Finding>, place: &Fix) -> Option<&'f Fix> {
    let proposing = findings.into_iter().filter(|finding| proposes(finding, place));
    let worst = match place.kind {
        RecordType::Txt => proposing.min_by_key(|finding| Reverse(finding.severity())),
        RecordType::Mx => proposing.max_by_key(|finding| finding.severity()),
    };
    worst?.fix.as_ref()
}

/// Whether a finding need not keep a fix from being offered: it is no fault; or it was there before, and is about the
/// record of another name, which is mended there.
fn is_no_fault_of(finding: &Finding, proposed: &[Finding], place: &Fix) -> bool {
    let was_there = || proposed.iter().any(|other| is_same(other, finding));
    let is_elsewhere = || {
        let mut mended = proposed.iter().filter(|other| proposes(other, place));
        place.kind == RecordType::Txt
            && finding.subject != place.name
            && mended.all(|mended| mended.subject != finding.subject)
    };
    !matches!(finding.severity(), Severity::Fail | Severity::Unknown) || (was_there() && is_elsewhere())
}

fn proposes(finding: &Finding, place: &Fix) -> bool {
    finding.fix.as_ref().is_some_and(|fix| is_same_place(fix, place))
}

fn is_same_place(one: &Fix, other: &Fix) -> bool {
    (&one.name, one.kind) == (&other.name, other.kind)
}

fn is_same(one: &Finding, other: &Finding) -> bool {
    (one.code, &one.subject) == (other.code, &other.subject)
}
