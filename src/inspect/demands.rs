//! The header fields that large receivers demand of whoever sends: each once (RFC 5322 section 3.6), sound, and in mail to many
//! a way out of it (RFC 2369, RFC 8058).

use super::date::{self, Stamp};
use super::findings::{MESSAGE, duration};
use super::original::Original;
use super::signature;
use super::signature::read::Tags;
use crate::finding::{Code, Finding};

/// The fields that may be there once; From is DMARC's matter.
const ONCE: [&str; 7] = ["Date", "Message-ID", "Subject", "To", "Cc", "Reply-To", "Sender"];

/// The fields that mail to many has.
const OF_MANY: [&str; 4] = ["List-Unsubscribe", "List-Id", "List-Post", "Feedback-ID"];

/// By how many seconds a date may be off: greylisting and queues take a day at the most.
const OFF: u64 = 86_400;

/// What is to be said of a message's fields as it arrives, at a time in seconds since 1970.
pub(super) fn demands(message: &Original, now: u64) -> Vec<Finding> {
    let about = |code| Finding::new(code, MESSAGE);
    let value = |name: &str| message.named(name).next().map(|field| field.text()).filter(|text| !text.is_empty());
    let mut findings: Vec<Finding> = ONCE
        .iter()
        .map(|name| (name, message.named(name).len()))
        .filter(|(_, count)| *count > 1)
        .map(|(name, count)| about(Code::MessageFieldTwice).detail("field", name).detail("count", count))
        .collect();
    if value("Message-ID").is_some_and(|id| !is_id(&id)) {
        findings.push(about(Code::MessageBadId));
    }
    findings.extend(value("Date").and_then(|date| of_date(&date, now)));
    findings.push(of_many(message));
    findings
}

/// `<left@right>`, without blanks (RFC 5322 section 3.6.4).
fn is_id(text: &str) -> bool {
    let within = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    within.and_then(|id| id.rsplit_once('@')).is_some_and(|(left, right)| {
        !left.is_empty() && !right.is_empty() && !text.contains(char::is_whitespace) && !right.contains(['<', '>'])
    })
}

fn of_date(text: &str, now: u64) -> Option<Finding> {
    let Some(Stamp { seconds, .. }) = date::parse(text) else {
        return Some(Finding::new(Code::MessageBadDate, MESSAGE));
    };
    let off = i64::try_from(now).unwrap_or(i64::MAX).abs_diff(seconds);
    (off > OFF).then(|| Finding::new(Code::MessageDateOff, MESSAGE).detail("off", duration(off)))
}

/// Whether it is mail to many, and how one gets out of it.
fn of_many(message: &Original) -> Finding {
    let about = |code| Finding::new(code, MESSAGE);
    let field = |name: &str| message.named(name).next().map(|field| field.text().to_ascii_lowercase());
    let precedence = field("Precedence").filter(|value| matches!(value.as_str(), "bulk" | "list"));
    let sign = OF_MANY.into_iter().find(|name| field(name).is_some()).or(precedence.map(|_| "Precedence"));
    let Some(sign) = sign else { return about(Code::MessagePersonal) };
    let Some(ways) = field("List-Unsubscribe") else {
        return about(Code::MessageNoUnsubscribe).detail("sign", sign);
    };
    let one_click = field("List-Unsubscribe-Post").is_some_and(|post| post == "list-unsubscribe=one-click");
    about(match one_click && ways.contains("<https://") {
        false => Code::MessageNoOneClick,
        true if is_signed(message) => Code::MessageOneClick,
        true => Code::MessageOneClickUnsigned,
    })
}

/// Whether a signature claims to cover both fields; whether it is good is told of the signature.
fn is_signed(message: &Original) -> bool {
    message.named("DKIM-Signature").take(signature::MOST).any(|field| {
        let text = field.text();
        let tags = Tags::read(&text).ok();
        let covered = tags.and_then(|tags| tags.get("h")).unwrap_or_default().to_ascii_lowercase();
        let covers = |name: &str| covered.split(':').any(|covered| covered.trim() == name);
        covers("list-unsubscribe") && covers("list-unsubscribe-post")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(head: &str) -> Vec<Code> {
        let message = Original::read(format!("{head}\r\n\r\nHi\r\n").as_bytes()).unwrap();
        demands(&message, 1_700_000_000).iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn what_receivers_demand_is_missed_where_it_is_not_there() {
        use Code::*;
        let many = "List-Unsubscribe: <mailto:a@example.com>, <https://example.com/u>";
        let one_click = format!("{many}\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click");
        let signed = |fields: &str| format!("DKIM-Signature: v=1; h={fields}; b=\r\n{one_click}");
        for (head, expected) in [
            ("Date: Tue, 14 Nov 2023 21:00:00 +0000\r\nMessage-ID: <1@example.com>", vec![MessagePersonal]),
            ("Subject: a\r\nSubject: b", vec![MessageFieldTwice, MessagePersonal]),
            ("Message-ID: 1@example.com", vec![MessageBadId, MessagePersonal]),
            ("Message-ID: <1>", vec![MessageBadId, MessagePersonal]),
            ("Message-ID: <a b@example.com>", vec![MessageBadId, MessagePersonal]),
            ("Date: yesterday", vec![MessageBadDate, MessagePersonal]),
            ("Date: Tue, 14 Nov 2013 21:00:00 +0000", vec![MessageDateOff, MessagePersonal]),
            ("Date: Tue, 14 Nov 2033 21:00:00 +0000", vec![MessageDateOff, MessagePersonal]),
            ("Precedence: bulk", vec![MessageNoUnsubscribe]),
            ("List-Id: <a.example.com>", vec![MessageNoUnsubscribe]),
            (many, vec![MessageNoOneClick]),
            (
                "List-Unsubscribe: <mailto:a@example.com>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click",
                vec![MessageNoOneClick],
            ),
            (&one_click, vec![MessageOneClickUnsigned]),
            (&signed("from:list-unsubscribe"), vec![MessageOneClickUnsigned]),
            (&signed("From : List-Unsubscribe : List-Unsubscribe-Post"), vec![MessageOneClick]),
        ] {
            assert_eq!(found(head), expected, "{head}");
        }
    }
}
