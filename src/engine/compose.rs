//! From what was matched and found to the neutral answer; the wording here only frames the knowledge's own.
//!
//! The report on a domain is composed in `report`, the verdict on a sender in `sender`.

use super::evidence::Seen;
use super::{Engine, evidence, report, status};
use crate::answer::{Action, Answer, Block, Noted, State, Step};
use crate::domain::Domain;
use crate::finding::{Finding, Severity};
use crate::knowledge::{Entry, EntryId};
use crate::probe::{Cost, Report};
use crate::request::{Depth, VERBS};
use crate::search::{Decision, Found};
use crate::status::Looked;
use crate::text::Text;

/// How many choices an offer has: more is a quiz.
const CHOICES: usize = 3;

/// The answer to a question in words.
pub(super) fn question(engine: &Engine, found: &Found, report: Option<&Report>, looked: Option<&Looked>) -> Answer {
    match (found.decision, found.matches.first(), report) {
        (Decision::Answer, Some(best), _) => entry(engine, &best.entry, report, looked),
        (Decision::Offer, Some(_), _) => offer(engine, found, report),
        (_, _, Some(report)) => report::report(engine, report, Depth::Brief),
        _ => Answer {
            title: Text::plain("I have no answer to that"),
            lead: Text::plain(format!(
                "None of the topics that I know fits what you wrote. Tell me what happens, with the error text if there \
                 is one and your domain, or ask the people of {} support.",
                engine.config.brand.name
            )),
            next: support(engine).into_iter().collect(),
            ..Answer::default()
        },
    }
}

/// The likeliest entries to choose from, after what was found at the domain.
fn offer(engine: &Engine, found: &Found, report: Option<&Report>) -> Answer {
    let domain = report.map(|report| &report.domain);
    let entries = found.matches.iter().take(CHOICES).filter_map(|found| engine.entry(&found.entry));
    let faults = report.map(|report| faults(engine, report)).unwrap_or_default();
    let lead = match report {
        Some(report) if !report.open.is_empty() => {
            Text::plain("I am looking at ").code(shown(&report.domain)).and(" …")
        }
        Some(report) if !faults.is_empty() => Text::plain("I looked at ")
            .code(shown(&report.domain))
            .and(" and found what is below. Choose what you see, and you get the steps for it."),
        _ => Text::plain("Choose the one that fits and you get the steps for it."),
    };
    let blocks = if faults.is_empty() { Vec::new() } else { vec![Block::Findings(faults)] };
    Answer {
        title: Text::plain("Is it one of these?"),
        severity: report.map(Report::verdict),
        lead,
        blocks,
        next: entries.map(|entry| choice(entry, domain)).collect(),
        note: report.map(cost),
        ..Answer::default()
    }
}

pub(super) fn faults(engine: &Engine, report: &Report) -> Vec<Noted> {
    noted(engine, report.findings().filter(|finding| finding.severity() >= Severity::Warn))
}

/// An entry, its steps marked by what a report and the status page say; what was found comes first, for it is the cause.
pub(super) fn entry(engine: &Engine, id: &EntryId, report: Option<&Report>, looked: Option<&Looked>) -> Answer {
    let Some(entry) = engine.entry(id) else { return no_such_entry() };
    let told = status::told(engine, looked);
    let steps = ordered(evidence::steps(&engine.knowledge, entry, &Seen::in_report(report).and(&told)));
    let mut blocks = Vec::new();
    if !told.is_empty() {
        blocks.push(Block::Heading(Text::plain("On the status page")));
        blocks.push(Block::Findings(noted(engine, told.iter())));
    }
    let trouble = told.iter().map(Finding::severity).max().filter(|worst| *worst >= Severity::Warn);
    if let Some(report) = report {
        let faults = faults(engine, report);
        if !faults.is_empty() {
            blocks.push(Block::Heading(Text::plain("Found at ").code(shown(&report.domain))));
            blocks.push(Block::Findings(faults));
            blocks.push(Block::Heading(Text::plain("All steps")));
        }
    }
    let lead = lead(entry, &steps, report);
    blocks.push(Block::Steps(steps));
    blocks.extend(entry.cautions.iter().cloned().map(Block::Caution));
    blocks.extend(entry.tips.iter().cloned().map(Block::Tip));
    let links = entry.links.iter().map(|link| Action::Open { label: link.label.clone(), url: link.url.clone() });
    let again = report.map(again);
    let domain = report.map(|report| &report.domain);
    let related = entry.see.iter().filter_map(|id| engine.entry(id)).map(|entry| choice(entry, domain));
    Answer {
        title: Text::plain(&entry.title),
        severity: report.map(Report::verdict).max(trouble),
        lead,
        blocks,
        next: links.chain(again).chain(related).collect(),
        note: report.map(cost),
        ..Answer::default()
    }
}

/// What an entry's answer begins with: what the look at the domain says of it, then the entry's own summary.
fn lead(entry: &Entry, steps: &[Step], report: Option<&Report>) -> Text {
    let mut text = report.map(|report| looked(steps, report)).unwrap_or_default();
    if let Some(summary) = &entry.summary {
        if !text.is_empty() {
            text = text.and(" ");
        }
        text.0.extend(summary.0.iter().cloned());
    }
    text
}

fn looked(steps: &[Step], report: &Report) -> Text {
    let text = Text::plain("I looked at ").code(shown(&report.domain));
    let causes = steps.iter().filter(|step| step.state == State::Confirmed).flat_map(|step| &step.because);
    let mut causes: Vec<String> = causes.map(|cause| format!("“{cause}”")).collect();
    causes.dedup();
    match report.verdict() {
        _ if !report.open.is_empty() => Text::plain("I am looking at ").code(shown(&report.domain)).and(" …"),
        _ if report.unreachable => text.and(", but no question was answered; the steps are not marked."),
        _ if !causes.is_empty() => {
            let sure = steps.iter().any(|step| step.severity == Some(Severity::Fail) && step.state == State::Confirmed);
            let claim = if sure { "what causes this" } else { "what may cause this" };
            text.and(format!(" and found {claim}: {}. Mend that first.", causes.join(", ")))
        }
        Severity::Fail | Severity::Warn => {
            text.and(" and found faults that may be why, though none of the steps is about them. Mend them first.")
        }
        Severity::Unknown => text.and(", but it did not answer all questions; what I could not see is not marked."),
        Severity::Ok | Severity::Info => {
            let topics: Vec<&str> = report.topics().map(|(topic, _)| topic.as_str()).collect();
            text.and(format!(" ({}): what I see there is in order. Try the steps that are left.", topics.join(", ")))
        }
    }
}

/// What can be asked for, from the one table of verbs.
pub(super) fn help() -> Answer {
    let verbs = VERBS.iter().map(|verb| {
        Block::Paragraph(Text::default().code(format!("/{}", verb.example())).and(format!(": {}.", verb.summary)))
    });
    Answer {
        title: Text::plain("What I can do"),
        lead: Text::plain(
            "Ask me about mail that does not arrive, cannot be sent, or lands in spam; name your domain and I look at it.",
        ),
        blocks: verbs.collect(),
        ..Answer::default()
    }
}

/// For a press on a button whose entry is gone.
pub(super) fn no_such_entry() -> Answer {
    Answer::sentence("That entry is gone", Text::plain("The knowledge has changed since. Ask again in your own words."))
}

pub(super) fn noted<'f>(engine: &Engine, findings: impl Iterator<Item = &'f Finding>) -> Vec<Noted> {
    findings
        .map(|finding| {
            let words = engine.knowledge.words(finding);
            Noted {
                severity: finding.severity(),
                title: words.title,
                text: words.text,
                mend: words.fix,
                evidence: finding.evidence.clone(),
                fix: finding.fix.clone(),
            }
        })
        .collect()
}

/// Confirmed steps first, ruled out last, else as the author wrote them.
pub(super) fn ordered(mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by_key(|step| step.state);
    steps
}

pub(super) fn choice(entry: &Entry, domain: Option<&Domain>) -> Action {
    Action::Entry { id: entry.id.to_string(), title: entry.title.clone(), domain: domain.cloned() }
}

pub(super) fn support(engine: &Engine) -> Option<Action> {
    let url = engine.config.brand.support_url.clone()?;
    Some(Action::Open { label: "Ask a person".to_owned(), url })
}

pub(super) fn cost(report: &Report) -> Text {
    if !report.open.is_empty() {
        let open: Vec<&str> = report.open.iter().map(|topic| topic.as_str()).collect();
        return Text::plain(format!("Still looking: {}", open.join(", ")));
    }
    spent(report.cost)
}

/// What a look cost, in a sentence.
pub(super) fn spent(cost: Cost) -> Text {
    let several = |count: usize, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {more}")),
    };
    let parts = [
        several(cost.questions, "DNS question", "DNS questions"),
        several(cost.calls, "call to a mail server", "calls to mail servers"),
        several(cost.pages, "page", "pages"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return Text::plain("Nobody was asked.");
    }
    Text::plain(format!("Looked up just now: {} in {} ms.", parts.join(", "), cost.elapsed_ms))
}

/// Another look at the same.
pub(super) fn again(report: &Report) -> Action {
    Action::Check { domain: report.domain.clone(), selectors: report.selectors.clone(), again: true }
}

/// The domain as people write it, with the DNS's spelling beside it where that differs: a look-alike must show.
pub(super) fn shown(domain: &Domain) -> String {
    let (unicode, ascii) = (domain.unicode(), domain.to_string());
    if unicode == ascii { ascii } else { format!("{unicode} ({ascii})") }
}
