//! `spf`: may this address send for this sender?
//!
//! Tells the result in a sentence, the term that decided or broke the evaluation, and the whole tree of records with
//! what each branch cost.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Exit;
use super::check::print_json;
use crate::engine::Engine;
use crate::mail::spf::{Node, Sender, SpfResult, Step, Verdict};
use crate::render::json::SCHEMA;
use crate::render::visible;

pub(super) async fn spf(
    engine: &Arc<Engine>,
    ip: IpAddr,
    helo: String,
    mail_from: String,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Exit> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let sender = Sender { ip, helo, mail_from, now, receiver: "unknown".to_owned() };
    let (verdict, _) = engine.spf(&sender).await;
    if json {
        #[derive(serde::Serialize)]
        struct Document<'v> {
            schema: u32,
            #[serde(flatten)]
            verdict: &'v Verdict,
        }
        print_json(&Document { schema: SCHEMA, verdict: &verdict }, out)?;
    } else {
        out.write_all(text(&verdict, ip).as_bytes())?;
    }
    Ok(match verdict.result {
        SpfResult::Fail | SpfResult::PermError => Exit::Findings,
        SpfResult::TempError => Exit::Unknown,
        _ => Exit::Fine,
    })
}

/// The verdict for people to read; ends with a line break.
fn text(verdict: &Verdict, ip: IpAddr) -> String {
    let root = verdict.tree.first();
    let mut text = format!("{}: {}\n", verdict.result.as_str(), sentence(verdict.result, root, ip));
    for (label, told) in
        [("matched", &verdict.matched), ("problem", &verdict.problem), ("explanation", &verdict.explanation)]
    {
        if let Some(told) = told {
            let _ = writeln!(text, "  {label}: {}", visible(told));
        }
    }
    let Some(root) = root else { return text };
    let (lookups, voids) = (verdict.lookups, verdict.voids);
    let _ = writeln!(text, "  look-ups: {lookups} of the 10 allowed; {voids} of the 2 allowed found nothing");
    text.push('\n');
    write_node(root, 0, &mut text);
    text
}

fn sentence(result: SpfResult, root: Option<&Node>, ip: IpAddr) -> String {
    let Some(Node { domain, .. }) = root else {
        return "the sender has no domain that could have an SPF record".to_owned();
    };
    let domain = visible(domain);
    match result {
        SpfResult::Pass => format!("{ip} may send for {domain}"),
        SpfResult::Fail => format!("{ip} may not send for {domain}"),
        SpfResult::SoftFail => format!("{ip} is probably not allowed to send for {domain}"),
        SpfResult::Neutral => format!("{domain} does not say whether {ip} may send for it"),
        SpfResult::None => format!("{domain} has no SPF record, so any address may claim to send for it"),
        SpfResult::PermError => format!("the SPF record of {domain} cannot be used until its owner mends it"),
        SpfResult::TempError => {
            format!("a question about {domain} stayed without an answer; try again in a few minutes")
        }
    }
}

/// A record, then its terms as far as they were taken, each with what is below it.
fn write_node(node: &Node, depth: usize, text: &mut String) {
    let before = "    ".repeat(depth);
    let record = node.record.as_deref().map_or_else(|| "no usable SPF record".into(), visible);
    let _ = writeln!(text, "{before}{}: {record}", visible(&node.domain));
    for (position, step) in node.terms.iter().enumerate() {
        let is_error = matches!(node.result, SpfResult::PermError | SpfResult::TempError);
        let broke = is_error && position + 1 == node.terms.len();
        let sign = match () {
            () if step.matched => '>',
            () if broke => '!',
            () => '-',
        };
        let _ = writeln!(text, "{before}  {sign} {}: {}", visible(&step.term), outcome(step, broke));
        if let Some(branch) = &step.branch {
            write_node(branch, depth + 1, text);
        }
    }
}

/// What a term came to and what it cost.
fn outcome(step: &Step, broke: bool) -> String {
    let mut text = match (&step.branch, broke) {
        _ if step.matched => "matches".to_owned(),
        (_, true) => "the evaluation ends here".to_owned(),
        (Some(branch), _) if step.term.contains('=') => format!("decides: {}", branch.result.as_str()),
        (Some(branch), _) => format!("no match ({})", branch.result.as_str()),
        (None, _) => "no match".to_owned(),
    };
    for (count, what) in [(step.lookups, "look-up"), (step.voids, "void look-up")] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}{}", if count == 1 { "" } else { "s" });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(term: &str, lookups: usize, matched: bool, branch: Option<Node>) -> Step {
        Step { term: term.to_owned(), lookups, voids: 0, matched, branch }
    }

    fn node(domain: &str, record: &str, result: SpfResult, terms: Vec<Step>) -> Node {
        Node { domain: domain.to_owned(), record: Some(record.to_owned()), result, terms }
    }

    fn verdict(result: SpfResult, tree: Vec<Node>) -> Verdict {
        Verdict { result, explanation: None, matched: None, lookups: 2, voids: 0, tree, problem: None }
    }

    const IP: [u8; 4] = [192, 0, 2, 1];

    #[test]
    fn the_tree_is_shown_with_costs_and_the_term_that_decides() {
        let a = node(
            "a.example",
            "v=spf1 a ~all",
            SpfResult::SoftFail,
            vec![step("a", 1, false, None), step("~all", 0, true, None)],
        );
        let root = node(
            "example.com",
            "v=spf1 include:a.example -all",
            SpfResult::Fail,
            vec![step("include:a.example", 2, false, Some(a)), step("-all", 0, true, None)],
        );
        let told = Verdict {
            matched: Some("-all".to_owned()),
            explanation: Some("go away".to_owned()),
            ..verdict(SpfResult::Fail, vec![root])
        };
        assert_eq!(
            text(&told, IP.into()),
            "fail: 192.0.2.1 may not send for example.com
  matched: -all
  explanation: go away
  look-ups: 2 of the 10 allowed; 0 of the 2 allowed found nothing

example.com: v=spf1 include:a.example -all
  - include:a.example: no match (softfail), 2 look-ups
    a.example: v=spf1 a ~all
      - a: no match, 1 look-up
      > ~all: matches
  > -all: matches
"
        );
    }

    #[test]
    fn the_term_that_ends_the_evaluation_is_marked() {
        let broken = Node { record: None, ..node("gone.example", "", SpfResult::None, Vec::new()) };
        let root = node(
            "example.com",
            "v=spf1 mx redirect=gone.example",
            SpfResult::PermError,
            vec![
                Step { voids: 1, ..step("mx", 1, false, None) },
                step("redirect=gone.example", 1, false, Some(broken)),
            ],
        );
        let told = Verdict { problem: Some("why".to_owned()), ..verdict(SpfResult::PermError, vec![root]) };
        assert_eq!(
            text(&told, IP.into()),
            "permerror: the SPF record of example.com cannot be used until its owner mends it
  problem: why
  look-ups: 2 of the 10 allowed; 0 of the 2 allowed found nothing

example.com: v=spf1 mx redirect=gone.example
  - mx: no match, 1 look-up, 1 void look-up
  ! redirect=gone.example: the evaluation ends here, 1 look-up
    gone.example: no usable SPF record
"
        );
    }

    #[test]
    fn each_result_has_its_sentence() {
        let tree = || vec![node("example.com", "v=spf1", SpfResult::None, Vec::new())];
        for (result, expected) in [
            (SpfResult::Pass, "pass: 192.0.2.1 may send for example.com"),
            (SpfResult::SoftFail, "softfail: 192.0.2.1 is probably not allowed to send for example.com"),
            (SpfResult::Neutral, "neutral: example.com does not say whether 192.0.2.1 may send for it"),
            (SpfResult::None, "none: example.com has no SPF record, so any address may claim to send for it"),
            (
                SpfResult::TempError,
                "temperror: a question about example.com stayed without an answer; try again in a few minutes",
            ),
        ] {
            let told = text(&verdict(result, tree()), IP.into());
            assert_eq!(told.lines().next(), Some(expected));
        }
        let told = text(&verdict(SpfResult::None, Vec::new()), IP.into());
        assert_eq!(told, "none: the sender has no domain that could have an SPF record\n");
    }

    #[test]
    fn text_from_outside_is_made_visible() {
        let root = node("example.com", "v=spf1 \u{1b}[31m", SpfResult::PermError, Vec::new());
        let told = Verdict { problem: Some("\u{1b}]0;x".to_owned()), ..verdict(SpfResult::PermError, vec![root]) };
        assert!(!text(&told, IP.into()).contains('\u{1b}'));
    }
}
