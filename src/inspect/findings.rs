//! What is to be said of a message: who sent it, its way, and what filters think of it.
//!
//! Says domains and servers; addresses of people, subjects and texts are private and are in no finding.

use super::arc::{ArcResult, Chain};
use super::authentication::{Authentication, Dmarc, DmarcProblem, DmarcResult, Identifier, Spf};
use super::hops::Way;
use super::mailbox::domain_of;
use super::original::Original;
use super::signature::{DkimResult, Judged, MOST, Problem};
use super::spam::{Filter, Verdict};
use crate::domain::Name;
use crate::finding::{Code, Finding};
use crate::mail::spf::SpfResult;
use crate::mail::tags::excerpt;

/// From how many seconds on a hop is slow: greylisting and a first retry take five minutes.
const SLOW: i64 = 300;

/// By how many seconds clocks may differ before it is told.
const SKEW: i64 = 60;

/// What a finding is about where there is no domain.
pub(super) const MESSAGE: &str = "message";

/// All that is to be said, the most important first.
pub fn findings(message: &Original, way: &Way, judged: &Authentication, spam: &[Verdict]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = of_author(&judged.dmarc).into_iter().collect();
    findings.push(of_sender(judged.spf.as_ref()));
    findings.extend(of_signatures(judged));
    findings.extend(of_chain(&judged.arc));
    findings.extend(of_fields(message, judged.dmarc.domain.as_ref()));
    findings.extend(of_way(way));
    findings.extend(spam.iter().flat_map(of_filter));
    findings
}

fn of_author(Dmarc { result, domain, policy, aligned, problem }: &Dmarc) -> Option<Finding> {
    let about = |code| match domain {
        Some(domain) => Finding::new(code, domain),
        None => Finding::new(code, MESSAGE),
    };
    let why = || problem.as_ref().map(ToString::to_string).unwrap_or_default();
    Some(match result {
        DmarcResult::Pass => {
            let names = aligned.iter().map(|identifier| match identifier {
                Identifier::Spf => "SPF",
                Identifier::Dkim => "DKIM",
            });
            about(Code::MessageDmarcPass).detail("by", names.collect::<Vec<_>>().join(" and "))
        }
        DmarcResult::Fail => {
            about(Code::MessageDmarcFail).detail("policy", policy.unwrap_or("none")).detail("problem", why())
        }
        DmarcResult::None => about(Code::MessageDmarcNone),
        // That the sender is not known is said of SPF.
        DmarcResult::TempError if *problem == Some(DmarcProblem::NoClient) => return None,
        DmarcResult::TempError => {
            let cause = match problem {
                Some(DmarcProblem::Silent(cause)) => cause.to_string(),
                _ => why(),
            };
            about(Code::MessageDmarcUnknown).detail("cause", cause)
        }
        DmarcResult::PermError => about(Code::MessageAuthor).detail("problem", why()),
    })
}

fn of_sender(spf: Option<&Spf>) -> Finding {
    let Some(spf) = spf else { return Finding::new(Code::MessageNoSender, MESSAGE) };
    let about = |code| match &spf.domain {
        Some(domain) => Finding::new(code, domain),
        None => Finding::new(code, MESSAGE),
    };
    let address = spf.address.map_or_else(|| "…".to_owned(), |address| address.to_string());
    let finding = match spf.result {
        SpfResult::Pass => about(Code::MessageSpfPass).detail("address", address),
        SpfResult::TempError => {
            let cause = spf.problem.as_deref().unwrap_or("the network would not say");
            return about(Code::MessageSpfUnknown).detail("cause", cause);
        }
        other => about(Code::MessageSpfFail).detail("result", other.as_str()).detail("address", address),
    };
    spf.matched.iter().chain(&spf.problem).fold(finding, Finding::evidence)
}

fn of_signatures(judged: &Authentication) -> Vec<Finding> {
    if judged.dkim.is_empty() {
        return vec![Finding::new(Code::MessageNotSigned, MESSAGE)];
    }
    let author = &judged.dmarc;
    let mut findings: Vec<Finding> = judged.dkim.iter().flat_map(|one| of_signature(one, author)).collect();
    if judged.unjudged > 0 {
        let many = Finding::new(Code::MessageDkimMany, MESSAGE);
        findings.push(many.detail("count", MOST).detail("more", judged.unjudged));
    }
    findings
}

fn of_signature(one: &Judged, author: &Dmarc) -> Vec<Finding> {
    let selector = one.selector.as_deref().unwrap_or("…");
    let about = |code| {
        let finding = Finding::new(code, one.domain.as_deref().unwrap_or(MESSAGE));
        if code.details().contains(&"selector") { finding.detail("selector", selector) } else { finding }
    };
    let Some(problem) = &one.problem else {
        let mut findings = vec![about(Code::MessageDkimPass)];
        let counts = author.aligned.contains(&Identifier::Dkim);
        if let Some(author) = author.domain.as_ref().filter(|_| !counts && author.result == DmarcResult::Fail) {
            findings.push(about(Code::MessageDkimOther).detail("author", author));
        }
        if one.unsigned > 0 {
            findings.push(about(Code::MessageDkimPartial).detail("bytes", one.unsigned));
        }
        if one.testing {
            findings.push(about(Code::MessageDkimTesting));
        }
        return findings;
    };
    vec![match problem {
        Problem::Header => about(Code::MessageDkimHeader),
        Problem::Silent(cause) => about(Code::MessageDkimUnknown).detail("cause", cause),
        changed if changed.result() == DkimResult::Fail => about(Code::MessageDkimBody).detail("problem", changed),
        other => about(Code::MessageDkimBroken).detail("problem", other),
    }]
}

fn of_chain(chain: &Chain) -> Option<Finding> {
    let about = |code| Finding::new(code, MESSAGE);
    let why = || chain.problem.as_ref().map(ToString::to_string).unwrap_or_default();
    Some(match chain.result {
        ArcResult::None => return None,
        ArcResult::Pass => about(Code::MessageArcPass).detail("sealers", chain.sealers.join(", ")),
        ArcResult::TempError => about(Code::MessageArcUnknown).detail("cause", why()),
        ArcResult::Fail => {
            let instance = chain.instance.map_or_else(|| "?".to_owned(), |instance| instance.to_string());
            about(Code::MessageArcFail).detail("instance", instance).detail("problem", why())
        }
    })
}

fn of_fields(message: &Original, author: Option<&Name>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = message.named("Return-Path").next().and_then(|field| domain_of(&field.text()));
    if let (Some(author), Some(path)) = (author, path.filter(|path| author.is_some_and(|author| author != path))) {
        findings.push(Finding::new(Code::MessageReturnPath, author).detail("path", path));
    }
    for (name, code) in [("Date", Code::MessageNoDate), ("Message-ID", Code::MessageNoId)] {
        if message.named(name).next().is_none_or(|field| field.text().is_empty()) {
            findings.push(Finding::new(code, MESSAGE));
        }
    }
    if let Some(list) = message.named("List-Id").next().map(|field| field.text()) {
        let id = list.rsplit_once('<').map_or(list.as_str(), |(_, id)| id.trim_end_matches('>'));
        findings.push(Finding::new(Code::MessageList, MESSAGE).detail("list", excerpt(id.trim())));
    }
    findings
}

/// The slowest hop, and the first at which a clock must be wrong.
fn of_way(way: &Way) -> Vec<Finding> {
    let about = |code, by: &Option<String>, delay: i64| {
        let by = by.as_deref().unwrap_or("…");
        Finding::new(code, by).detail("by", by).detail("delay", duration(delay.unsigned_abs()))
    };
    let hops = || way.hops.iter().filter_map(|hop| Some((&hop.by, hop.delay?)));
    let slow = hops().filter(|(_, delay)| *delay >= SLOW).max_by_key(|(_, delay)| *delay);
    let skewed = hops().find(|(_, delay)| *delay < -SKEW);
    let slow = slow.map(|(by, delay)| about(Code::MessageSlowHop, by, delay));
    slow.into_iter().chain(skewed.map(|(by, delay)| about(Code::MessageClock, by, delay))).collect()
}

/// What a spam filter makes of the message.
pub(super) fn of_filter(verdict: &Verdict) -> Vec<Finding> {
    let filter = match verdict.filter {
        Filter::SpamAssassin => "SpamAssassin",
        Filter::Rspamd => "rspamd",
        Filter::Exchange => "Exchange",
        Filter::Postmark => "SpamAssassin at Postmark",
    };
    let offline = || Finding::new(Code::MessageSpamOffline, MESSAGE).detail("score", verdict.score);
    let Some(threshold) = verdict.threshold else { return Vec::new() };
    let code = if verdict.score >= threshold { Code::MessageSpam } else { Code::MessageNotSpam };
    let finding = Finding::new(code, MESSAGE);
    let finding = finding.detail("filter", filter).detail("score", verdict.score).detail("threshold", threshold);
    let rules = verdict.rules.iter().filter(|rule| rule.points.is_none_or(|points| points > 0.0)).take(10);
    let finding = rules.fold(finding, |finding, rule| {
        // Not every filter names its rules.
        let name = rule.meaning.as_ref().filter(|_| rule.name.is_empty()).unwrap_or(&rule.name);
        match rule.points {
            Some(points) => finding.evidence(format_args!("{points} {name}")),
            None => finding.evidence(name),
        }
    });
    if verdict.offline { vec![finding, offline()] } else { vec![finding] }
}

/// A time in words: the two largest units.
pub(super) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (_, _, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Host, Lists};
    use crate::inspect::authentication::judge;
    use crate::inspect::hops::way;
    use crate::inspect::lab::{NOW, rsa_record, sealed, signed, zone};
    use crate::inspect::spam::verdicts;
    use crate::inspect::whole::Circumstances;
    use crate::mail::lab::Lab;

    const FROM: &str = "From: Anna <anna@example.com>\nSubject: Hello\n";
    const WHOLE: &str = "From: Anna <anna@example.com>\nSubject: Hello\nDate: Tue, 14 Nov 2023 21:00:00 +0000\nMessage-ID: <1@example.com>\n\nHi\n";
    const RECORDS: &str = "_dmarc.example.com TXT v=DMARC1; p=reject\nexample.com TXT v=spf1 ip4:192.0.2.1 -all\nexample.org TXT v=spf1 ip4:192.0.2.1 -all";
    const TAKEN: &str = "Received: from a (a [192.0.2.1]) by mx1.host.example; Tue, 14 Nov 2023 22:00:00 +0000\n";

    fn found(text: &str, records: &str) -> Vec<Finding> {
        let host = Host { mx: vec!["mx1.host.example".parse().unwrap()], ..Host::default() };
        let message = Original::read(text.as_bytes()).unwrap();
        let way = way(&message, &host);
        let zone =
            if records.contains("rsa._domainkey") { records.to_owned() } else { format!("{}\n{records}", zone()) };
        let lists = Lists::default();
        let known = Circumstances { connection: None, host: &host, lists: &lists, now: NOW };
        let judged = Lab::new("example.com", &zone).settle(|view| judge(&message, &way, &known, view)).0;
        findings(&message, &way, &judged, &verdicts(&message))
    }

    #[test]
    fn each_thing_is_said_and_nothing_else() {
        use Code::*;
        let key = |tags: &str| format!("{RECORDS}\nrsa._domainkey.example.com TXT {}", rsa_record(tags));
        let (path, signed_whole) = ("Return-Path: <anna@example.com>\n", signed("", WHOLE));
        let sound = format!("{path}{TAKEN}{signed_whole}");
        let unsent = |rest: &[Code]| [&[MessageNoSender], rest].concat();
        let cases: Vec<(String, String, Vec<Code>)> = vec![
            (sound.clone(), RECORDS.to_owned(), vec![MessageDmarcPass, MessageSpfPass, MessageDkimPass]),
            (
                format!("Return-Path: <x@example.org>\n{TAKEN}{WHOLE}"),
                RECORDS.to_owned(),
                vec![MessageDmarcFail, MessageSpfPass, MessageNotSigned, MessageReturnPath],
            ),
            (
                format!("{path}{TAKEN}{WHOLE}"),
                "example.com TXT v=spf1 -all".to_owned(),
                vec![MessageDmarcNone, MessageSpfFail, MessageNotSigned],
            ),
            (
                format!("{path}{TAKEN}{WHOLE}"),
                "example.com TXT silent\n_dmarc.example.com TXT v=DMARC1; p=none".to_owned(),
                vec![MessageDmarcUnknown, MessageSpfUnknown, MessageNotSigned],
            ),
            (
                format!("From: x@example.net\n{WHOLE}"),
                RECORDS.to_owned(),
                vec![MessageAuthor, MessageNoSender, MessageNotSigned],
            ),
            (WHOLE.to_owned(), RECORDS.to_owned(), unsent(&[MessageNotSigned])),
            (format!("{FROM}\n"), RECORDS.to_owned(), unsent(&[MessageNotSigned, MessageNoDate, MessageNoId])),
            (signed_whole.replace("Hi\n", "Hi all\n"), RECORDS.to_owned(), unsent(&[MessageDkimBody])),
            (signed_whole.replace("Subject: H", "Subject: [x] H"), RECORDS.to_owned(), unsent(&[MessageDkimHeader])),
            (signed_whole.replace("s=rsa", "s=none"), RECORDS.to_owned(), unsent(&[MessageDkimBroken])),
            (
                signed_whole.clone(),
                "_dmarc.example.com TXT v=DMARC1; p=none\nrsa._domainkey.example.com TXT servfail".to_owned(),
                vec![MessageDmarcUnknown, MessageNoSender, MessageDkimUnknown],
            ),
            (
                signed("l=2", WHOLE),
                key("t=y; "),
                vec![MessageDmarcPass, MessageNoSender, MessageDkimPass, MessageDkimPartial, MessageDkimTesting],
            ),
            (
                format!(
                    "Return-Path: <x@example.net>\n{TAKEN}{}",
                    signed("", &WHOLE.replace("anna@example.com", "a@example.net"))
                ),
                format!("{RECORDS}\n_dmarc.example.net TXT v=DMARC1; p=none"),
                vec![MessageDmarcFail, MessageSpfFail, MessageDkimPass, MessageDkimOther],
            ),
            (
                format!("{}{signed_whole}", "DKIM-Signature: v=1\n".repeat(12)),
                RECORDS.to_owned(),
                [vec![MessageNoSender], vec![MessageDkimBroken; 10], vec![MessageDkimMany]].concat(),
            ),
            (
                sealed(1, "none", &format!("To: x\n{WHOLE}")),
                RECORDS.to_owned(),
                unsent(&[MessageNotSigned, MessageArcPass]),
            ),
            (sealed(1, "fail", WHOLE), RECORDS.to_owned(), unsent(&[MessageNotSigned, MessageArcFail])),
            (
                sealed(1, "none", WHOLE),
                "_dmarc.example.com TXT v=DMARC1; p=none\nrsa._domainkey.example.com TXT silent".to_owned(),
                unsent(&[MessageNotSigned, MessageArcUnknown]),
            ),
            (
                format!("List-Id: Users <users.example.org>\n{WHOLE}"),
                RECORDS.to_owned(),
                unsent(&[MessageNotSigned, MessageList]),
            ),
            (
                format!(
                    "Received: by b; 14 Nov 2023 22:30:00 +0000\nReceived: by a; 14 Nov 2023 22:00:00 +0000\nReceived: by c; 14 Nov 2023 22:10:00 +0000\n{WHOLE}"
                ),
                RECORDS.to_owned(),
                unsent(&[MessageNotSigned, MessageSlowHop, MessageClock]),
            ),
            (
                format!("X-Spam-Status: Yes, score=5.0 required=5.0 tests=X\n{WHOLE}"),
                RECORDS.to_owned(),
                unsent(&[MessageNotSigned, MessageSpam]),
            ),
            (
                format!("X-Spam-Status: No, score=4.9 required=5.0 tests=X\n{WHOLE}"),
                RECORDS.to_owned(),
                unsent(&[MessageNotSigned, MessageNotSpam]),
            ),
        ];
        for (message, records, expected) in &cases {
            let codes: Vec<Code> = found(message, records).iter().map(|finding| finding.code).collect();
            assert_eq!(&codes, expected, "{message}\n{records}");
        }
        let shown = |code: &Code| cases.iter().any(|(.., codes)| codes.contains(code)) || *code == MessageSpamOffline;
        // What is said of how a message came has its cases in `connection` and `demands`.
        let of_text = |code: &&Code| code.topic() == crate::finding::Topic::Message && **code < MessagePtrConfirmed;
        for code in Code::ALL.iter().filter(of_text) {
            assert!(shown(code), "no case shows {code}");
        }
    }

    #[test]
    fn the_slow_hop_is_named_with_its_delay() {
        let way = "Received: by b; 14 Nov 2023 22:30:00 +0000\nReceived: by a; 14 Nov 2023 20:00:00 +0000\n";
        let found = found(&format!("{way}{WHOLE}"), RECORDS);
        let slow = found.iter().find(|finding| finding.code == Code::MessageSlowHop).unwrap();
        assert_eq!((slow.details["by"].as_str(), slow.details["delay"].as_str()), ("b", "2 h 30 min"));
    }

    #[test]
    fn what_is_private_is_in_no_finding() {
        let message = format!(
            "Return-Path: <secret@example.org>\nReceived: from a by b for <secret@example.net>; 14 Nov 2023 22:30:00 +0000\n{}",
            signed(
                "i=secret@example.com",
                "From: secret <secret@example.com>\nTo: secret@example.net\nSubject: secret\n\nsecret\n"
            )
        );
        for finding in found(&message, RECORDS) {
            assert!(!format!("{finding:?}").contains("secret"), "{finding:?}");
        }
    }

    #[test]
    fn a_score_from_the_message_alone_says_what_it_leaves_out() {
        let verdict = crate::inspect::spam::report("False ; 1.0 / 5.0", "", true).unwrap();
        let codes: Vec<Code> = of_filter(&verdict).iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [Code::MessageNotSpam, Code::MessageSpamOffline]);
    }
}
