//! Load averages as an answer: each beside the CPUs, what that means, and the steps of the entry that is about it.

use super::Engine;
use super::compose::{noted, ordered};
use super::evidence::{self, Seen};
use crate::answer::{Answer, Block};
use crate::finding::{Finding, Topic};
use crate::load::MINUTES;
use crate::request::LoadRequest;
use crate::text::Text;

/// The answer, from what was found of the averages.
pub(super) fn answer(engine: &Engine, request: LoadRequest, findings: &[Finding]) -> Answer {
    let LoadRequest { averages, cpus } = request;
    let shown = averages.0.map(|load| load.to_string()).join(", ");
    let unit = if cpus.value() > 1.0 { "CPUs" } else { "CPU" };
    let title = format!("A load of {shown} with {cpus} {unit}");
    let lines = MINUTES.iter().zip(averages.0).map(|(minutes, load)| {
        let word = if cpus.are_exceeded_by(load) { "above" } else { "within" };
        format!("{minutes:>2} min  {:>8}  {:>5} %  {word} {cpus} {unit}", load.to_string(), cpus.share(load))
    });
    let mut blocks = vec![Block::Listing(lines.collect()), Block::Findings(noted(engine, findings.iter()))];
    let seen = Seen::default().and(findings);
    let entry = engine.knowledge.entries().find(|entry| entry.checks.contains(&Topic::Load));
    if let Some(entry) = entry {
        blocks.push(Block::Heading(Text::plain(format!("The steps for “{}”", entry.title))));
        blocks.push(Block::Steps(ordered(evidence::steps(&engine.knowledge, entry, &seen))));
        blocks.extend(entry.tips.iter().cloned().map(Block::Tip));
    }
    let lead = findings.first().map(|finding| engine.knowledge.words(finding).title.and("."));
    Answer {
        severity: findings.first().map(Finding::severity),
        blocks,
        ..Answer::sentence(title, lead.unwrap_or_default())
    }
}
