//! The verdict on a sender as an answer: may this address send for this domain, by which term, and what that costs.

use super::compose::spent;
use crate::answer::{Action, Answer, Block};
use crate::domain::Domain;
use crate::finding::Severity;
use crate::mail::spf::{Node, Sender, SpfResult, Verdict};
use crate::probe::Cost;
use crate::text::Text;

/// How many lines of a tree are shown: ten look-ups lead to no more records, each with a few terms.
const TREE_LINES: usize = 60;

/// The answer; without a verdict, that it is being looked for.
pub(super) fn answer(sender: &Sender, verdict: Option<&Verdict>, cost: Cost) -> Answer {
    let address = sender.mail_from.trim_matches(['<', '>']);
    let domain = match address.rsplit_once('@') {
        Some((_, domain)) => domain,
        None if address.is_empty() => &sender.helo,
        None => address,
    };
    let title = Text::plain(format!("{} sending for {domain}", sender.ip));
    let Some(verdict) = verdict else {
        let lead = Text::plain("I am looking at the SPF record of ").code(domain).and(" …");
        return Answer { title, lead, ..Answer::default() };
    };
    let mut blocks = Vec::new();
    let mut say = |before: &str, text: &Option<String>| {
        blocks.extend(text.as_ref().map(|text| Block::Paragraph(Text::plain(before).code(text))));
    };
    say("The term that decides: ", &verdict.matched);
    say("Why: ", &verdict.problem);
    say("The domain explains: ", &verdict.explanation);
    let mut lines = Vec::new();
    verdict.tree.iter().for_each(|node| draw(node, 0, &mut lines));
    if lines.len() > TREE_LINES {
        lines.truncate(TREE_LINES);
        lines.push("…".to_owned());
    }
    if !lines.is_empty() {
        blocks.push(Block::Listing(lines));
    }
    blocks.push(Block::Paragraph(Text::plain(format!(
        "Terms that cause look-ups: {} of the 10 that are allowed; {} of them found nothing, of 2.",
        verdict.lookups, verdict.voids
    ))));
    let check = domain.parse::<Domain>().ok();
    let check = check.map(|domain| Action::Check { domain, selectors: Vec::new(), again: false });
    Answer {
        title,
        severity: Some(severity(verdict.result)),
        lead: lead(verdict.result, &sender.ip.to_string(), domain),
        blocks,
        next: check.into_iter().collect(),
        note: Some(spent(cost)),
        ..Answer::default()
    }
}

fn lead(result: SpfResult, ip: &str, domain: &str) -> Text {
    let about = |before: &str, between: &str, after: &str| {
        Text::plain(before).code(domain).and(between).code(ip).and(format!("{after} ({})", result.as_str())).and(".")
    };
    match result {
        SpfResult::Pass => about("Yes: the SPF record of ", " lets ", " send"),
        SpfResult::Fail => about("No: the SPF record of ", " does not let ", " send"),
        SpfResult::SoftFail => about("Probably not: the SPF record of ", " asks receivers to distrust mail from ", ""),
        SpfResult::Neutral => about("That is left open: the SPF record of ", " says nothing about ", ""),
        SpfResult::None => about("That is left open: ", " has no SPF record that could speak of ", ""),
        SpfResult::TempError => about("That could not be seen: not all of the SPF record of ", " was found for ", ""),
        SpfResult::PermError => about("Nobody can tell: the SPF record of ", " cannot be evaluated for ", ""),
    }
}

const fn severity(result: SpfResult) -> Severity {
    match result {
        SpfResult::Pass => Severity::Ok,
        SpfResult::Fail | SpfResult::PermError => Severity::Fail,
        SpfResult::SoftFail | SpfResult::Neutral | SpfResult::None => Severity::Warn,
        SpfResult::TempError => Severity::Unknown,
    }
}

/// A record and below it its terms, each with what it costs.
fn draw(node: &Node, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let record = node.record.as_deref().unwrap_or("no record");
    lines.push(format!("{indent}{}: {record}", node.domain));
    let breaks = matches!(node.result, SpfResult::PermError | SpfResult::TempError);
    for (position, step) in node.terms.iter().enumerate() {
        let cost = match step.lookups {
            0 => String::new(),
            1 => "  1 look-up".to_owned(),
            more => format!("  {more} look-ups"),
        };
        let mark = match () {
            () if step.matched => "  <- decides",
            () if breaks && position + 1 == node.terms.len() && step.branch.is_none() => "  <- ends it",
            () => "",
        };
        lines.push(format!("{indent}  {}{cost}{mark}", step.term));
        step.branch.iter().for_each(|branch| draw(branch, depth + 2, lines));
    }
}
