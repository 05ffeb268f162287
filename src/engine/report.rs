//! The report on a domain as an answer: the likeliest cause and what to do about it, then the rest in the order in which
//! it matters.
//!
//! Nobody has said here what the trouble is, so causes are ranked by what they break and by how early they break it: a
//! domain that does not exist explains everything after it.

use super::compose::{again, choice, cost, noted, ordered, shown};
use super::evidence::Seen;
use super::{Engine, Remedy, evidence};
use crate::answer::{Action, Answer, Block, Details, Noted, State};
use crate::finding::{Code, Finding, Severity};
use crate::probe::Report;
use crate::request::Depth;
use crate::text::Text;

/// How many entries a report leads on to.
const FURTHER_ENTRIES: usize = 3;
/// An entry is named when it is likelier than this: what is seldom the cause of anything is left to its own answer.
const LIKELY: f64 = 0.3;
/// The codes that say that a domain does without an optional standard; one line is enough for all of them.
const NOTHING: [Code; 4] = [Code::DnssecUnsigned, Code::MtaStsNone, Code::TlsRptMissing, Code::AutoconfigNone];

/// The report on a domain; in brief, all but the likeliest cause is left to the details.
pub(super) fn report(engine: &Engine, report: &Report, depth: Depth) -> Answer {
    if report.unreachable && report.open.is_empty() {
        return unreachable(report);
    }
    let sorted = Sorted::of(report);
    let mut remedies = evidence::remedies(&engine.knowledge, &Seen::in_report(Some(report)));
    remedies.retain(|remedy| remedy.confidence > LIKELY);
    let topics: Vec<_> = report.topics().map(|(topic, worst)| (topic.to_string(), worst)).collect();
    let mut blocks = Vec::new();
    if let Some(cause) = sorted.cause {
        blocks.push(Block::Findings(noted(engine, std::iter::once(cause))));
    }
    if !topics.is_empty() {
        blocks.push(Block::Topics(topics));
    }
    let mut details = Details { summary: sorted.summary(), blocks: details(engine, report, &sorted, &remedies) };
    let mut next: Vec<Action> = Vec::new();
    match depth {
        Depth::Whole => blocks.append(&mut details.blocks),
        Depth::Brief if details.blocks.is_empty() => {}
        Depth::Brief => {
            next.push(Action::Details { domain: report.domain.clone(), selectors: report.selectors.clone() });
        }
    }
    let further = remedies.iter().take(FURTHER_ENTRIES).filter_map(|remedy| engine.entry(&remedy.entry));
    next.extend(further.map(|entry| choice(entry, Some(&report.domain))));
    next.push(again(report));
    Answer {
        title: Text::plain(shown(&report.domain)),
        severity: Some(report.verdict()),
        lead: lead(engine, report, sorted.cause, &remedies),
        blocks,
        details,
        next,
        note: Some(cost(report)),
    }
}

fn unreachable(report: &Report) -> Answer {
    let domain = shown(&report.domain);
    Answer {
        title: Text::plain(&domain),
        severity: Some(Severity::Unknown),
        lead: Text::plain("Nothing can be said about ")
            .code(domain)
            .and(": no question was answered. Either the resolver ")
            .code(&report.resolver)
            .and(" does not answer, or the domain's own name servers do not. Try again in a few minutes."),
        next: vec![again(report)],
        note: Some(cost(report)),
        ..Answer::default()
    }
}

/// The findings in the order in which they matter.
struct Sorted<'r> {
    /// The likeliest cause: what breaks most, and of these what comes first on a message's way.
    cause: Option<&'r Finding>,
    to_mend: Vec<&'r Finding>,
    unknown: Vec<&'r Finding>,
    info: Vec<&'r Finding>,
    /// Optional standards of which the domain publishes nothing.
    absent: Vec<&'r Finding>,
    in_order: Vec<&'r Finding>,
}

impl<'r> Sorted<'r> {
    fn of(report: &'r Report) -> Self {
        let of = |wanted: &[Severity]| -> Vec<&'r Finding> {
            report.findings().filter(|finding| wanted.contains(&finding.severity())).collect()
        };
        let mut to_mend = of(&[Severity::Fail, Severity::Warn]);
        // The topics stand in the order of causes already, and sorting keeps it.
        to_mend.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
        let mut unknown = of(&[Severity::Unknown]);
        if unknown.iter().any(|finding| finding.code == Code::DnsUnknown) {
            // The same silence told topic by topic would bury it.
            unknown.truncate(1);
        }
        let (absent, info) = of(&[Severity::Info]).into_iter().partition(|finding| NOTHING.contains(&finding.code));
        let first = if to_mend.is_empty() { &mut unknown } else { &mut to_mend };
        let cause = if first.is_empty() { None } else { Some(first.remove(0)) };
        Self { cause, to_mend, unknown, info, absent, in_order: of(&[Severity::Ok]) }
    }

    /// What there is besides the cause, in numbers.
    fn summary(&self) -> Text {
        let parts = [
            (self.to_mend.len(), "more to mend"),
            (self.unknown.len(), "not known"),
            (self.info.len() + self.absent.len(), "worth knowing"),
            (self.in_order.len(), "in order"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        Text::plain(parts.collect::<Vec<_>>().join(", "))
    }
}

/// All but the cause, the worst first.
fn details(engine: &Engine, report: &Report, sorted: &Sorted<'_>, remedies: &[Remedy]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let push = |blocks: &mut Vec<Block>, heading: &str, findings: Vec<Noted>| {
        if !findings.is_empty() {
            blocks.push(Block::Heading(Text::plain(heading)));
            blocks.push(Block::Findings(findings));
        }
    };
    let told = |findings: &[&Finding]| noted(engine, findings.iter().copied());
    push(&mut blocks, "Also to mend", told(&sorted.to_mend));
    push(&mut blocks, "Not known", told(&sorted.unknown));
    if let Some((entry, steps)) = remedies.first().and_then(|best| Some((engine.entry(&best.entry)?, &best.steps))) {
        // Only what the network marks is told; the entry has the rest.
        let marked = ordered(steps.clone()).into_iter().filter(|step| step.state != State::Open).collect();
        blocks.push(Block::Heading(Text::plain(format!("What this says of the steps for “{}”", entry.title))));
        blocks.push(Block::Steps(marked));
    }
    push(&mut blocks, "Worth knowing", told(&sorted.info));
    if !sorted.absent.is_empty() {
        let mut topics: Vec<&str> = sorted.absent.iter().map(|finding| finding.code.topic().as_str()).collect();
        topics.dedup();
        blocks.push(Block::Paragraph(Text::plain(format!(
            "Optional, and not published by {}: {}.",
            report.domain,
            topics.join(", ")
        ))));
    }
    let mut in_order: Vec<Noted> = Vec::new();
    for noted in told(&sorted.in_order) {
        match in_order.last_mut() {
            // One line for all the addresses with a matching name, and the like.
            Some(last) if last.title == noted.title => last.evidence.extend(noted.evidence),
            _ => in_order.push(noted),
        }
    }
    push(&mut blocks, "In order", in_order);
    blocks
}

/// The likeliest cause in one sentence.
fn lead(engine: &Engine, report: &Report, cause: Option<&Finding>, remedies: &[Remedy]) -> Text {
    let domain = shown(&report.domain);
    if !report.open.is_empty() {
        return Text::plain("I am looking at ").code(domain).and(" …");
    }
    let Some(cause) = cause else {
        return Text::plain("Nothing is wrong at ").code(domain).and(", as far as can be seen from outside.");
    };
    let title = engine.knowledge.words(cause).title;
    match cause.severity() {
        Severity::Fail => {
            let text = Text::plain("The likeliest cause of trouble with mail at ").code(domain).and(": ").and(title);
            let troubles: Vec<String> = remedies
                .iter()
                .filter_map(|remedy| engine.entry(&remedy.entry))
                .take(2)
                .map(|entry| format!("“{}”", entry.title))
                .collect();
            if troubles.is_empty() {
                text.and(".")
            } else {
                text.and(format!(". It can be why you see {}.", troubles.join(" or ")))
            }
        }
        Severity::Warn => Text::plain("Mail may suffer at ").code(domain).and(": ").and(title).and("."),
        _ => Text::plain("Not everything about ").code(domain).and(" could be seen: ").and(title).and("."),
    }
}
