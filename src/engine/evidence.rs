//! What a report says of an entry's steps: confirmed, ruled out, or open; and which entries it points to.

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

/// The entry's steps, marked by what a report says.
pub(super) fn steps(knowledge: &Knowledge, entry: &Entry, report: Option<&Report>) -> Vec<Step> {
    entry.remedies.iter().map(|remedy| step(knowledge, remedy, report)).collect()
}

/// The entries with a step that a report confirms, the likeliest first.
pub(super) fn remedies(knowledge: &Knowledge, report: &Report) -> Vec<Remedy> {
    let mut remedies: Vec<Remedy> = knowledge
        .entries()
        .filter_map(|entry| {
            let likely = |remedy: &knowledge::Remedy| {
                let worst = confirming(remedy, report).map(|finding| weight(finding.severity())).reduce(f64::max)?;
                Some(worst * f64::from(remedy.chance) / 100.0)
            };
            let confidence = entry.remedies.iter().filter_map(likely).reduce(f64::max)?;
            Some(Remedy { entry: entry.id.clone(), confidence, steps: steps(knowledge, entry, Some(report)) })
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

fn step(knowledge: &Knowledge, remedy: &knowledge::Remedy, report: Option<&Report>) -> Step {
    let (state, findings) = report.map_or((State::Open, Vec::new()), |report| judged(remedy, report));
    // What is seldom the cause is not claimed to be it, however bad it is by itself.
    let most = if remedy.chance < 100 { Severity::Warn } else { Severity::Fail };
    let severity = findings.iter().map(|finding| finding.severity().min(most)).max();
    let mut because: Vec<Text> = findings.into_iter().map(|finding| knowledge.words(finding).title).collect();
    because.dedup();
    Step { text: remedy.text.clone(), state, because, severity }
}

/// What a report says of a remedy, and the findings that say it.
fn judged<'r>(remedy: &knowledge::Remedy, report: &'r Report) -> (State, Vec<&'r Finding>) {
    let confirmed: Vec<&Finding> = confirming(remedy, report).collect();
    if !confirmed.is_empty() {
        return (State::Confirmed, confirmed);
    }
    let is_clear = |topic| {
        report.topics().any(|(done, severity)| done == topic && severity <= Severity::Info)
            // No fault, and yet nothing was seen.
            && !report.findings().any(|finding| finding.code == Code::DkimUnguessable && topic == Topic::Dkim)
    };
    if remedy.cleared_by.is_empty() || !remedy.cleared_by.iter().all(|topic| is_clear(*topic)) {
        return (State::Open, Vec::new());
    }
    let good =
        |finding: &&Finding| finding.severity() == Severity::Ok && remedy.cleared_by.contains(&finding.code.topic());
    (State::Cleared, report.findings().filter(good).collect())
}

fn confirming<'r>(remedy: &knowledge::Remedy, report: &'r Report) -> impl Iterator<Item = &'r Finding> {
    report.findings().filter(|finding| remedy.confirmed_by.contains(&finding.code))
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
            judged(remedy, &report).0
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
