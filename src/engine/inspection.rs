//! What was read of a text as an answer: for each reason what it means, who can mend it, and what to do next.
//!
//! The words are the knowledge's; what the servers wrote stands beside them as it was read.

use super::compose::{choice, noted};
use super::evidence::{self, Remedy, Seen};
use super::{Engine, Eyes, compose};
use crate::answer::{Action, Answer, Block};
use crate::domain::Domain;
use crate::finding::{Code, Finding, Severity};
use crate::inspect::{Bounce, Inspection, Kind, Reason, Unreadable};
use crate::knowledge::Who;
use crate::probe::Report;
use crate::text::Text;

/// How many recipients of one reason are shown.
const SHOWN: usize = 10;
/// How likely an entry is the case of somebody whose mail came back for a reason that it is about; an estimate.
const LIKELY: f64 = 0.7;

/// How many entries are led on to.
const FURTHER: usize = 3;

/// The answer to a text: `findings` are those of a report, `report` is of the domain that failed, if it was looked at.
pub(super) fn answer(
    engine: &Engine,
    inspection: &Inspection,
    findings: &[Finding],
    report: Option<&Report>,
    eyes: Eyes,
) -> Answer {
    let reasons = reasons(&inspection.bounces);
    let Some((first, _)) = reasons.first() else { return without_bounce(engine, inspection.kind, findings) };
    let words = engine.knowledge.reason(*first);
    let mut blocks = Vec::new();
    for (at, (reason, bounces)) in reasons.iter().enumerate() {
        let words = engine.knowledge.reason(*reason);
        if at > 0 {
            blocks.push(Block::Heading(words.title));
            blocks.push(Block::Paragraph(words.text));
        }
        blocks.extend(who(engine, &words.who).map(Block::Paragraph));
        blocks.push(Block::Paragraph(words.next));
        blocks.push(Block::Listing(listing(bounces, eyes)));
    }
    if let Some(report) = report {
        let faults = compose::faults(engine, report);
        let begin = match report.verdict() {
            _ if !faults.is_empty() => "Found at ",
            _ if !report.open.is_empty() => "I am looking at ",
            _ if report.unreachable => "No question was answered about ",
            Severity::Unknown => "What could be seen is in order at ",
            _ => "Nothing is wrong at ",
        };
        blocks.push(Block::Heading(Text::plain(begin).code(compose::shown(&report.domain))));
        blocks.push(Block::Findings(faults));
    }
    let entries = reasons.iter().filter_map(|(reason, _)| engine.knowledge.reason(*reason).entry);
    let mut next: Vec<Action> = entries.filter_map(|id| engine.entry(&id).map(|entry| choice(entry, None))).collect();
    next.dedup();
    let again = report.is_some();
    next.extend(failing_domain(inspection).map(|domain| Action::Check { domain, selectors: Vec::new(), again }));
    let severity = reasons.iter().map(|(reason, bounces)| severity(*reason, bounces)).max();
    Answer {
        title: words.title,
        severity,
        lead: words.text,
        blocks,
        next,
        note: report.map(compose::cost),
        ..Answer::default()
    }
}

/// Why a text was not read.
pub(super) fn unreadable(refusal: Unreadable) -> Answer {
    Answer::sentence("I cannot read that", Text::plain(format!("This is not read: {refusal}.")))
}

/// The entries that the reasons point to, those of most recipients first.
pub(super) fn remedies(engine: &Engine, inspection: &Inspection) -> Vec<Remedy> {
    let mut found: Vec<Remedy> = Vec::new();
    for (reason, _) in reasons(&inspection.bounces) {
        let entry = engine.knowledge.reason(reason).entry.and_then(|id| engine.entry(&id));
        if let Some(entry) = entry.filter(|entry| found.iter().all(|remedy| remedy.entry != entry.id)) {
            let steps = evidence::steps(&engine.knowledge, entry, &Seen::default());
            found.push(Remedy { entry: entry.id.clone(), confidence: LIKELY, steps });
        }
    }
    found
}

/// The bounces by reason, those of most recipients first.
fn reasons(bounces: &[Bounce]) -> Vec<(Reason, Vec<&Bounce>)> {
    let mut groups: Vec<(Reason, Vec<&Bounce>)> = Vec::new();
    for bounce in bounces {
        match groups.iter_mut().find(|(reason, _)| *reason == bounce.reason) {
            Some((_, group)) => group.push(bounce),
            None => groups.push((bounce.reason, vec![bounce])),
        }
    }
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.len()));
    groups
}

fn severity(reason: Reason, bounces: &[&Bounce]) -> Severity {
    match reason {
        Reason::Delivered | Reason::Vacation => Severity::Info,
        _ if bounces.iter().any(|bounce| bounce.hard) => Severity::Fail,
        _ => Severity::Warn,
    }
}

fn who(engine: &Engine, who: &[Who]) -> Option<Text> {
    let names = who.iter().map(|who| match who {
        Who::You => "you".to_owned(),
        Who::Recipient => "the recipient or their provider".to_owned(),
        Who::Host => format!("{} support", engine.config.brand.name),
    });
    let names: Vec<String> = names.collect();
    (!names.is_empty()).then(|| Text::plain(format!("Who can mend it: {}.", names.join("; or "))))
}

/// The entries that findings point to, as choices.
pub(super) fn further(engine: &Engine, findings: &[Finding]) -> Vec<Action> {
    let remedies = engine.remedies_of(findings);
    let entries = remedies.iter().take(FURTHER).filter_map(|remedy| engine.entry(&remedy.entry));
    entries.map(|entry| choice(entry, None)).collect()
}

/// What the servers said, as it was read. Others are not shown what may be the text of a mail: a server's words come with a
/// code.
fn listing(bounces: &[&Bounce], eyes: Eyes) -> Vec<String> {
    let mut lines = Vec::new();
    for bounce in bounces.iter().take(SHOWN) {
        let code = bounce.reply_code.map(|code| code.to_string());
        let codes: Vec<String> = code.into_iter().chain(bounce.status.clone()).collect();
        let rows = [
            ("recipient", bounce.recipient.clone()),
            ("server", bounce.remote_server.clone()),
            ("code", (!codes.is_empty()).then(|| codes.join(" "))),
            ("text", bounce.diagnostic.clone().filter(|_| eyes == Eyes::Own || !codes.is_empty())),
        ];
        lines.extend(rows.into_iter().filter_map(|(name, value)| Some(format!("{name:<10} {}", value?))));
    }
    if bounces.len() > SHOWN {
        lines.push(format!("… and {} more", bounces.len() - SHOWN));
    }
    lines
}

/// The domain whose look-up may tell more: the sender's where the sender was refused, else that of the recipients, where
/// all are at one.
pub(super) fn failing_domain(inspection: &Inspection) -> Option<Domain> {
    let first = inspection.bounces.first()?;
    match first.reason {
        Reason::AuthFailure | Reason::BadReputation | Reason::Rejected | Reason::RequirePtr | Reason::SpamDetected => {
            let sender = inspection.letter.header("to")?;
            Domain::all_in(sender).into_iter().next()
        }
        Reason::Delivered | Reason::Vacation | Reason::Feedback => None,
        _ => {
            let recipients = inspection.bounces.iter().filter_map(|bounce| bounce.recipient.as_ref());
            let mut domains = recipients.filter_map(|recipient| recipient.parse::<Domain>().ok());
            let first = domains.next()?;
            domains.all(|domain| domain == first).then_some(first)
        }
    }
}

fn without_bounce(engine: &Engine, kind: Kind, findings: &[Finding]) -> Answer {
    match kind {
        Kind::Reply | Kind::Log => {
            Answer::sentence("No mail was refused here", Text::plain("What the servers say here is no refusal."))
        }
        Kind::Report => reported(engine, findings),
        _ => Answer {
            title: Text::plain("I cannot tell what this is"),
            lead: Text::plain(
                "Paste the whole bounce, the headers of a mail, or the error text as the server gave it.",
            ),
            ..compose::help()
        },
    }
}

/// What a test service says, and what to do about it.
fn reported(engine: &Engine, findings: &[Finding]) -> Answer {
    if let [link] = findings
        && link.code == Code::ReportLink
    {
        let words = engine.knowledge.words(link);
        let blocks = words.fix.map(Block::Paragraph).into_iter().collect();
        return Answer { blocks, ..Answer::sentence(words.title, words.text) };
    }
    let mut worst_first: Vec<&Finding> = findings.iter().collect();
    worst_first.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
    let worst = worst_first.first();
    let lead = match worst.filter(|finding| finding.severity() != Severity::Ok) {
        Some(finding) => engine.knowledge.words(finding).title.and("."),
        None => Text::plain("It tells of no fault."),
    };
    Answer {
        severity: worst.map(|finding| finding.severity()),
        next: further(engine, findings),
        blocks: vec![Block::Findings(noted(engine, worst_first.into_iter()))],
        ..Answer::sentence("This is the report of a test service", lead)
    }
}
