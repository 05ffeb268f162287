//! What one record says: its policy, its other tags and where its reports go, and the fix where only one mend is possible.

use super::mend;
use super::record::{self, Place, Policy, Problem, Record};
use super::reports::unwanted;
use super::walk::{Step, organization};
use crate::domain::Name;
use crate::facts::{Pending, View};
use crate::finding::{Code, Finding, Fix};
use crate::mail::tags::Fault;

/// What the domain's own record says.
pub(super) fn judge(
    steps: &[Step<'_>],
    own: &Step<'_>,
    text: &str,
    parked: bool,
    view: &mut View<'_>,
) -> Result<Vec<Finding>, Pending> {
    let record = match record::parse(text) {
        Ok(record) => record,
        Err(fault) => return Ok(vec![unusable(own, text, &fault)]),
    };
    let mut findings = judge_policy(own, text, &record, parked);
    findings.extend(judge_tags(own, text, &record));
    findings.extend(unwanted(own, &record, organization(steps).unwrap_or(&own.domain), view)?);
    Ok(findings)
}

/// What receivers are to do with mail that fails.
fn judge_policy(own: &Step<'_>, text: &str, record: &Record, parked: bool) -> Vec<Finding> {
    let about = |code| Finding::new(code, &own.domain).evidence(text);
    let (policy, below, nonexistent) = (record.policy, record.for_below(), record.for_nonexistent());
    let spread = |code| about(code).detail("below", below).detail("nonexistent", nonexistent);
    let refuses = [policy, below, nonexistent].iter().all(|policy| record.applied(*policy) == Policy::Reject);
    if let Some(Fault { column, problem }) = &record.unusable {
        let ignored = about(Code::DmarcPolicyIgnored).detail("problem", problem).detail("column", column);
        return vec![mending(ignored, own, text)];
    }
    if parked && !refuses {
        return vec![fixed(about(Code::DmarcParked), own, mend::rejecting(text))];
    }
    // What it is meant to ask for is told with the text that receivers ignore.
    if !record.told && record.means_policy() {
        return Vec::new();
    }
    let mut findings = vec![match policy {
        Policy::None => spread(Code::DmarcPolicyNone),
        policy => spread(Code::DmarcFound).detail("policy", policy),
    }];
    if !record.told {
        let told = mend::with_policy(text, Policy::None, &[]);
        findings.push(fixed(about(Code::DmarcPolicyMissing), own, told));
    }
    if below < policy || nonexistent < policy {
        findings.push(spread(Code::DmarcBelowWeaker).detail("policy", policy));
    }
    findings.extend(testing(about(Code::DmarcTesting), record, policy));
    findings
}

/// What is to be said of the other tags.
fn judge_tags(own: &Step<'_>, text: &str, record: &Record) -> Vec<Finding> {
    let about = |code| Finding::new(code, &own.domain).evidence(text);
    let mut findings = Vec::new();
    if record.place == Place::Suffix && !is_public_suffix(&own.domain) {
        let organization = mend::with_policy(text, record.policy, &["psd"]);
        findings.push(fixed(about(Code::DmarcPublicSuffix), own, organization));
    }
    if !record.reports {
        findings.push(about(Code::DmarcNoReports));
    }
    if !record.removed.is_empty() {
        let mut removed = about(Code::DmarcRemovedTag).detail("tag", record.removed.join(", "));
        removed.fix = mend::without_removed(text, record).and_then(|text| fix(own, text));
        findings.push(removed);
    }
    for Fault { column, problem: tag } in record.unknown.iter().take(TOLD) {
        findings.push(about(Code::DmarcUnknownTag).detail("tag", tag).detail("column", column));
    }
    for (tag, Fault { column, problem }) in record.ignored.iter().take(TOLD) {
        let ignored = about(Code::DmarcTagIgnored).detail("tag", tag).detail("problem", problem);
        findings.push(mending(ignored.detail("column", column), own, text));
    }
    findings
}

/// How many tags of a kind are told: who has mended those looks again.
const TOLD: usize = 5;

/// Whether people register names below this one, so that it may say so.
fn is_public_suffix(domain: &Name) -> bool {
    psl::suffix(domain.as_str().as_bytes()).is_some_and(|suffix| suffix.as_bytes().len() == domain.as_str().len())
}

/// That the policy is only being tested, where receivers do something else meanwhile.
pub(super) fn testing(finding: Finding, record: &Record, policy: Policy) -> Option<Finding> {
    let differs = record.testing && policy != Policy::None;
    differs.then(|| finding.detail("policy", policy).detail("applied", record.applied(policy)))
}

/// A record that receivers cannot use.
pub(super) fn unusable(step: &Step<'_>, text: &str, Fault { column, problem }: &Fault<Problem>) -> Finding {
    let finding = Finding::new(Code::DmarcSyntax, &step.domain).evidence(text);
    mending(finding.detail("problem", problem).detail("column", column), step, text)
}

/// With the fix that publishes `text` at the right place, set right if need be.
pub(super) fn moving(mut finding: Finding, own: &Step<'_>, text: String) -> Finding {
    let text = if record::parse(&text).is_ok() { Some(text) } else { mend::repaired(&text) };
    finding.fix = text.and_then(|text| fix(own, text));
    finding
}

/// With the fix that sets `text` right, if that can be done without guessing.
fn mending(mut finding: Finding, step: &Step<'_>, text: &str) -> Finding {
    finding.fix = mend::repaired(text).and_then(|text| fix(step, text));
    finding
}

/// With the fix that publishes `text`.
pub(super) fn fixed(mut finding: Finding, step: &Step<'_>, text: String) -> Finding {
    finding.fix = fix(step, text);
    finding
}

/// The change that publishes `text` at a step's `_dmarc`; none behind an alias, where the record is somebody else's.
fn fix(step: &Step<'_>, text: String) -> Option<Fix> {
    let name = step.question.name.to_string();
    step.reply.aliases.is_empty().then_some(Fix::txt(name, text))
}
