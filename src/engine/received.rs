//! The answer to a test mail: a short list of what to mend first, with the records to publish, then all the rest.
//!
//! What was found of the message and of its author's domain stands together, since people mend by what it breaks and not by
//! where it was seen.

use std::cmp::Reverse;

use super::Engine;
use super::compose::{again, noted, shown, spent};
use super::message::background;
use crate::answer::{Answer, Block, Noted};
use crate::finding::{Code, Finding, Severity, Topic};
use crate::inspect::connection::{Connection, Tls};
use crate::inspect::whole::Whole;
use crate::mail::spf::SpfResult;
use crate::probe::{Cost, Report};
use crate::text::Text;

/// How many faults make the list of what to mend first: more than that is not begun with.
const FIRST: usize = 5;

/// The answer so far: to a mail that came over a connection, with what came of it and of its author's domain.
pub(super) fn answer(
    engine: &Engine,
    connection: &Connection,
    whole: Option<&Whole>,
    report: Option<&Report>,
    cost: Cost,
) -> Answer {
    let title = "Your test mail";
    let Some(whole) = whole else {
        return Answer { note: Some(Text::plain("Still looking.")), ..Answer::sentence(title, Text::default()) };
    };
    let of_domain = || report.into_iter().flat_map(Report::findings);
    let is_news = |finding: &&Finding| !of_domain().any(|other| is_echo(finding, other));
    let mut findings: Vec<&Finding> = whole.findings.iter().filter(is_news).chain(of_domain()).collect();
    // Of two that are as bad, the one that can be mended now goes first; else they stand as they were found.
    findings.sort_by_key(|finding| (Reverse(finding.severity()), finding.fix.is_none()));
    let of = |severities: &[Severity]| -> Vec<&Finding> {
        findings.iter().copied().filter(|finding| severities.contains(&finding.severity())).collect()
    };
    let to_mend = of(&[Severity::Fail, Severity::Warn]);
    let (first, rest) = to_mend.split_at(to_mend.len().min(FIRST));
    let unknown = of(&[Severity::Unknown]);
    let mut blocks = vec![Block::Paragraph(came(connection))];
    let mut push = |heading: &str, findings: &[&Finding]| {
        if !findings.is_empty() {
            blocks.push(Block::Heading(Text::plain(heading)));
            blocks.push(Block::Findings(told(engine, findings)));
        }
    };
    push("Mend first", first);
    push("Then", rest);
    push("Not known", &unknown);
    push("Worth knowing", &of(&[Severity::Info]));
    push("In order", &of(&[Severity::Ok]));
    blocks.extend(background(whole));
    let questions = report.map_or(cost, |report| Cost {
        questions: cost.questions + report.cost.questions,
        elapsed_ms: cost.elapsed_ms.max(report.cost.elapsed_ms),
        ..cost
    });
    Answer {
        severity: findings.first().map(|finding| finding.severity()),
        blocks,
        next: report.map(again).into_iter().collect(),
        note: Some(spent(questions)),
        ..Answer::sentence(title, lead(engine, (first, rest.len()), unknown.len(), report))
    }
}

/// Whether what was found of the message says no more than what was found of its author's domain, which names the cause.
fn is_echo(of_message: &Finding, of_domain: &Finding) -> bool {
    let topic = match of_message.code {
        // That there is no usable record is the domain's fault; that a usable one leaves the sender out is not.
        Code::MessageSpfFail if of_message.details.get("result").is_some_and(|result| is_of_record(result)) => {
            Topic::Spf
        }
        Code::MessageSpfUnknown => Topic::Spf,
        Code::MessageDmarcNone | Code::MessageDmarcUnknown => Topic::Dmarc,
        _ => return false,
    };
    let is_cause = of_domain.severity() >= of_message.severity() && of_domain.severity() > Severity::Info;
    of_domain.code.topic() == topic && of_domain.subject == of_message.subject && is_cause
}

/// Whether a result of SPF is about the record and not about the sender.
fn is_of_record(result: &str) -> bool {
    [SpfResult::None, SpfResult::PermError].iter().any(|other| other.as_str() == result)
}

/// The short list in a sentence.
fn lead(engine: &Engine, (first, more): (&[&Finding], usize), unknown: usize, report: Option<&Report>) -> Text {
    let text = match report {
        Some(report) => Text::plain("The mail of ").code(shown(&report.domain)).and(" is here. "),
        None => Text::plain("The mail is here. "),
    };
    match (first.is_empty(), unknown) {
        (true, 0) => return text.and("Nothing is wrong with it, as far as can be seen."),
        (true, _) => return text.and("Nothing is known to be wrong with it, but not everything could be looked up."),
        (false, _) => {}
    }
    let titles: Vec<String> = first.iter().map(|finding| engine.knowledge.words(finding).title.to_string()).collect();
    let listed: Vec<String> = titles.iter().enumerate().map(|(at, title)| format!("{}. {title}", at + 1)).collect();
    let more = if more > 0 { format!("; {more} more below") } else { String::new() };
    text.and(format!("What to mend first: {}{more}.", listed.join("; ")))
}

/// How it came.
fn came(Connection { address, helo, mail_from, tls, .. }: &Connection) -> Text {
    let text = Text::plain("It came from ").code(address).and(", which greeted as ").code(helo);
    let text = if mail_from.is_empty() {
        text.and(", without a return path")
    } else {
        text.and(", with the return path ").code(mail_from)
    };
    match tls {
        Tls::NotOffered => text.and(". This mailbox offers no TLS."),
        Tls::NotUsed => text.and(", unencrypted."),
        Tls::Used { version, .. } => text.and(format!(", over {version}.")),
    }
}

/// The findings in words; those with the same title in one.
fn told(engine: &Engine, findings: &[&Finding]) -> Vec<Noted> {
    let mut all: Vec<Noted> = Vec::new();
    for noted in noted(engine, findings.iter().copied()) {
        match all.last_mut() {
            Some(last) if last.title == noted.title && last.text == noted.text => last.evidence.extend(noted.evidence),
            _ => all.push(noted),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_domain_says_better_is_left_out() {
        let spf = |result: &str| Finding::new(Code::MessageSpfFail, "example.com").detail("result", result);
        let of_domain = |code| Finding::new(code, "example.com");
        let none = Finding::new(Code::MessageDmarcNone, "example.com");
        for (message, domain, expected) in [
            (spf("permerror"), of_domain(Code::SpfTwoRecords), true),
            (spf("none"), of_domain(Code::SpfMissing), true),
            (spf("softfail"), of_domain(Code::SpfTwoRecords), false),
            (spf("none"), of_domain(Code::SpfFound), false),
            (spf("none"), of_domain(Code::DmarcMissing), false),
            (spf("none"), Finding::new(Code::SpfMissing, "other.example"), false),
            (none, of_domain(Code::DmarcMissing), true),
            (Finding::new(Code::MessageDmarcFail, "example.com"), of_domain(Code::DmarcMissing), false),
        ] {
            assert_eq!(is_echo(&message, &domain), expected, "{message:?} {domain:?}");
        }
    }
}
