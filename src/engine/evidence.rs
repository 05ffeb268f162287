//! What was seen says of an entry's steps: confirmed, ruled out, or open; and which entries it points to.

use crate::answer::{State, Step};
use crate::finding::{Code, Finding, Severity, Topic};
use crate::knowledge::{self, Entry, EntryId, Knowledge};
use crate::probe::Report;
use crate::text::Text;

/// An entry that findings point to.
#[derive(Debug, Clone)]
pub struct Remedy {
    /// The entry.
    pub entry: EntryId,
    /// How likely it is the customer's case, between 0 and 1.
    pub confidence: f64,
    /// Its steps, in the entry's order.
    pub steps: Vec<Step>,
}

/// What was seen: findings, and the worst of each topic that was looked at.
#[derive(Debug, Default)]
pub(super) struct Seen<'s> {
    findings: Vec<&'s Finding>,
    topics: Vec<(Topic, Severity)>,
}

impl<'s> Seen<'s> {
    /// What a report tells, as far as there is one.
    pub(super) fn in_report(report: Option<&'s Report>) -> Self {
        Self {
            findings: report.into_iter().flat_map(Report::findings).collect(),
            topics: report.into_iter().flat_map(Report::topics).collect(),
        }
    }

    /// The same, with findings of topics that the report does not have.
    pub(super) fn and(mut self, findings: &'s [Finding]) -> Self {
        for finding in findings {
            let (topic, severity) = (finding.code.topic(), finding.severity());
            match self.topics.iter_mut().find(|(known, _)| *known == topic) {
                Some((_, worst)) => *worst = severity.max(*worst),
                None => self.topics.push((topic, severity)),
            }
            self.findings.push(finding);
        }
        self
    }
}

/// The entry's steps, marked by what was seen.
pub(super) fn steps(knowledge: &Knowledge, entry: &Entry, seen: &Seen<'_>) -> Vec<Step> {
    entry.remedies.iter().map(|remedy| step(knowledge, remedy, seen)).collect()
}

/// The entries with a step that what was seen confirms, the likeliest first.
pub(super) fn remedies(knowledge: &Knowledge, seen: &Seen<'_>) -> Vec<Remedy> {
    let mut remedies: Vec<Remedy> = knowledge
        .entries()
        .filter_map(|entry| {
            let likely = |remedy: &knowledge::Remedy| {
                let worst = confirming(remedy, seen).map(|finding| weight(finding.severity())).reduce(f64::max)?;
                Some(worst * f64::from(remedy.chance) / 100.0)
            };
            let confidence = entry.remedies.iter().filter_map(likely).reduce(f64::max)?;
            Some(Remedy { entry: entry.id.clone(), confidence, steps: steps(knowledge, entry, seen) })
        })
        .collect();
    let confirmed = |remedy: &Remedy| remedy.steps.iter().filter(|step| step.state == State::Confirmed).count();
    remedies.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| confirmed(b).cmp(&confirmed(a))));
    remedies
}

/// How likely an entry is the case of somebody whose domain has a finding that confirms one of its steps. Estimates:
/// a fault that stops mail nearly always is; one that only may harm it, more often than not.
const fn weight(severity: Severity) -> f64 {
    match severity {
        Severity::Fail => 0.9,
        Severity::Warn => 0.6,
        Severity::Unknown | Severity::Info | Severity::Ok => 0.3,
    }
}

fn step(knowledge: &Knowledge, remedy: &knowledge::Remedy, seen: &Seen<'_>) -> Step {
    let (state, findings) = judged(remedy, seen);
    // What is seldom the cause is not claimed to be it, however bad it is by itself.
    let most = if remedy.chance < 100 { Severity::Warn } else { Severity::Fail };
    let severity = findings.iter().map(|finding| finding.severity().min(most)).max();
    let mut because: Vec<Text> = findings.into_iter().map(|finding| knowledge.words(finding).title).collect();
    because.dedup();
    Step { text: remedy.text.clone(), state, because, severity }
}

/// What was seen of a remedy, and the findings that say it.
fn judged<'s>(remedy: &knowledge::Remedy, seen: &Seen<'s>) -> (State, Vec<&'s Finding>) {
    let confirmed: Vec<&Finding> = confirming(remedy, seen).collect();
    if !confirmed.is_empty() {
        return (State::Confirmed, confirmed);
    }
    let is_clear = |topic| {
        seen.topics.iter().any(|(done, severity)| *done == topic && *severity <= Severity::Info)
            // No fault, and yet nothing was seen.
            && !seen.findings.iter().any(|finding| finding.code == Code::DkimUnguessable && topic == Topic::Dkim)
    };
    if remedy.cleared_by.is_empty() || !remedy.cleared_by.iter().all(|topic| is_clear(*topic)) {
        return (State::Open, Vec::new());
    }
    let good =
        |finding: &&Finding| finding.severity() == Severity::Ok && remedy.cleared_by.contains(&finding.code.topic());
    (State::Cleared, seen.findings.iter().copied().filter(good).collect())
}

fn confirming<'s>(remedy: &knowledge::Remedy, seen: &Seen<'s>) -> impl Iterator<Item = &'s Finding> {
    seen.findings.iter().copied().filter(|finding| remedy.confirmed_by.contains(&finding.code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Brand;
    use crate::knowledge::Source;
    use crate::probe::Cost;

    #[test]
    fn a_look_that_saw_nothing_rules_nothing_out() {
        let knowledge = Knowledge::load(&Source::Shipped, &Brand::default()).unwrap();
        let entry = knowledge.entry("sent-email-in-spam").unwrap();
        let state = |code: Code| {
            let report = Report {
                domain: "example.com".parse().unwrap(),
                selectors: Vec::new(),
                done: vec![(code.topic(), vec![Finding::new(code, "example.com")])],
                open: Vec::new(),
                cost: Cost::default(),
                runs: 1,
                resolver: String::new(),
                unreachable: false,
            };
            let about = |remedy: &knowledge::Remedy| remedy.cleared_by.contains(&code.topic());
            let remedy = entry.remedies.iter().find(|remedy| about(remedy)).unwrap();
            judged(remedy, &Seen::in_report(Some(&report))).0
        };
        for (code, expected) in [
            (Code::DkimFound, State::Cleared),
            (Code::DkimUnguessable, State::Open),
            (Code::DkimNotFound, State::Open),
            (Code::DkimCutOff, State::Confirmed),
            (Code::DmarcPolicyNone, State::Cleared),
            (Code::SenderscoreNone, State::Confirmed),
            (Code::PropagationPending, State::Confirmed),
        ] {
            assert_eq!(state(code), expected, "{code}");
        }
    }
}
