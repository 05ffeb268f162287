//! The verdict on a sender as an answer: may this address send for this domain, by which term, and what that costs.

use super::compose::spent;
use crate::answer::{Action, Answer, Block};
use crate::domain::Domain;
use crate::finding::Severity;
use crate::mail::spf::{Node, Sender, SpfResult, Step, Verdict};
use crate::probe::Cost;
use crate::text::Text;

/// How many lines of a tree are shown: ten look-ups lead to no more records, each with a few terms.
const TREE_LINES: usize = 60;

/// The answer; without a verdict, that it is being looked for.
pub(super) fn answer(sender: &Sender, verdict: Option<&Verdict>, cost: Cost) -> Answer {
    let domain = sender.domain();
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
    say("The domain explains: ", &verdict.explanation);
    blocks.extend(verdict.problem.as_ref().map(|problem| Block::Paragraph(with_literals("Why: ", problem))));
    let mut lines = Vec::new();
    verdict.tree.iter().for_each(|node| draw(node, 0, "decides", &mut lines));
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

/// Words in which backticks stand around what is literal, as in the texts of errors.
fn with_literals(before: &str, words: &str) -> Text {
    let parts = words.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts.fold(Text::plain(before), |text, (place, part)| if place % 2 == 1 { text.code(part) } else { text.and(part) })
}

/// A record and below it its terms, each with what it costs, and with what it means that a term of this record matches.
fn draw(node: &Node, depth: usize, matched: &str, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let record = node.record.as_deref().unwrap_or(match node.result {
        SpfResult::TempError => "no answer, so that nobody knows whether there is a record",
        SpfResult::PermError => "more than one record",
        _ => "no record",
    });
    lines.push(format!("{indent}{}: {record}", node.domain));
    let breaks = matches!(node.result, SpfResult::PermError | SpfResult::TempError);
    let below = |step: &Step| if step.redirects() { matched } else { "matches" };
    for (position, step) in node.terms.iter().enumerate() {
        let cost = match step.lookups {
            0 => String::new(),
            1 => "  1 look-up".to_owned(),
            more => format!("  {more} look-ups"),
        };
        let mark = match () {
            () if step.matched => format!("  <- {matched}"),
            () if breaks && position + 1 == node.terms.len() && step.branch.is_none() => "  <- ends it".to_owned(),
            () => String::new(),
        };
        lines.push(format!("{indent}  {}{cost}{mark}", step.term));
        step.branch.iter().for_each(|branch| draw(branch, depth + 2, below(step), lines));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(domain: &str, record: Option<&str>, result: SpfResult, terms: Vec<Step>) -> Node {
        Node { domain: domain.to_owned(), record: record.map(str::to_owned), result, terms }
    }

    fn step(term: &str, matched: bool, branch: Option<Node>) -> Step {
        Step { term: term.to_owned(), lookups: 0, voids: 0, matched, branch }
    }

    fn drawn(node: &Node) -> Vec<String> {
        let mut lines = Vec::new();
        draw(node, 0, "decides", &mut lines);
        lines
    }

    #[test]
    fn only_where_the_network_says_so_there_is_no_record() {
        for (result, expected) in [
            (SpfResult::None, "e.example: no record"),
            (SpfResult::TempError, "e.example: no answer, so that nobody knows whether there is a record"),
            (SpfResult::PermError, "e.example: more than one record"),
        ] {
            assert_eq!(drawn(&node("e.example", None, result, Vec::new())), [expected]);
        }
    }

    #[test]
    fn one_term_alone_decides() {
        let included = node("b.example", Some("v=spf1 -all"), SpfResult::Fail, vec![step("-all", true, None)]);
        let terms = vec![step("include:b.example", false, Some(included.clone())), step("-all", true, None)];
        let lines = drawn(&node("a.example", Some("v=spf1 include:b.example -all"), SpfResult::Fail, terms));
        assert_eq!(lines.iter().filter(|line| line.ends_with("<- decides")).count(), 1, "{lines:?}");
        let redirected = vec![step("redirect=b.example", false, Some(included))];
        let lines = drawn(&node("a.example", Some("v=spf1 redirect=b.example"), SpfResult::Fail, redirected));
        assert_eq!(lines.last().map(String::as_str), Some("      -all  <- decides"));
    }

    #[test]
    fn what_is_literal_in_an_error_is_shown_so() {
        let text = with_literals("Why: ", "`e.example TXT`: the answer was SERVFAIL");
        assert_eq!(text, Text::plain("Why: ").code("e.example TXT").and(": the answer was SERVFAIL"));
    }
}
