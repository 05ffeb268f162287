//! Bounces that people read: whom the text names, and what it says of each.
//!
//! Most servers write no report for programs, or one that says less than the text. There is no form to rely on but this:
//! the addresses that could not be reached stand at the beginning of lines, with the cause near them, and all of it
//! before the mail that came back.

use std::sync::LazyLock;

use regex::Regex;

use super::{phrases, said};

/// Whose addresses a bounce may name and that were no recipients.
const DAEMONS: [&str; 7] =
    ["mailer-daemon@", "postmaster@", "mail-daemon@", "abuse@", "mdaemon@", "noreply@", "no-reply@"];
/// How many recipients are told: more are alike.
const RECIPIENTS: usize = 200;
/// How many lines are looked through: causes come first.
const LINES: usize = 3_000;
/// How many bytes of it: what is longer quotes a mail.
const LONGEST: usize = 100 << 10;
/// How many paragraphs are searched for the cause.
const PARAGRAPHS: usize = 200;
/// How many addresses of a line are read.
const ADDRESSES: usize = 20;

/// Lines at which the mail that came back begins, in small letters.
const ORIGINAL: [&str; 40] = [
    "--- below this line is a copy",
    "------ this is a copy of",
    "----- original message",
    "---- original message",
    "--- original message",
    "-----original message",
    "-------original message",
    "------- returned message",
    "----- unsent message follows",
    "----- message header follows",
    "----- message headers",
    "----- no message was collected",
    "----- the body of the message",
    "----- returned message",
    "--- the header of the original message",
    "--- undelivered message",
    "---------- message header",
    "--------- original message",
    "original message headers:",
    "original message header",
    "original message follows",
    "original mail as follows",
    "original mail:",
    "message headers follow",
    "message header follows",
    "message body follows",
    "included is a copy of the message",
    "below is a copy of the original message",
    "here is a copy of the first part",
    "here are the original message",
    "the headers of the original message",
    "the first few lines of",
    "the original message was:",
    "content-type: message/rfc822",
    "content-type: text/rfc822-headers",
    "received: from ",
    "return-path: <",
    "x-received: ",
    "-----begin original",
    "======= original",
];

/// What a text says of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) recipient: Option<String>,
    pub(super) text: String,
}

/// The text before the mail that came back.
pub(super) fn before_original(text: &str) -> String {
    let is_original = |line: &str| {
        let line = line.trim_start().to_lowercase();
        ORIGINAL.iter().any(|mark| line.starts_with(mark))
    };
    let mut kept = String::new();
    for (at, line) in text.lines().take(LINES).enumerate() {
        if kept.len() + line.len() > LONGEST || at >= 2 && is_original(line) {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// Whom the text names as not reached, with what it says of each; `others` are no recipients, whatever is written.
pub(super) fn read(text: &str, others: &[String]) -> Vec<Told> {
    let lines: Vec<&str> = text.lines().collect();
    let named: Vec<Vec<String>> = lines.iter().map(|line| addresses(line)).collect();
    let is_other = |address: &String| {
        DAEMONS.iter().any(|daemon| address.starts_with(daemon)) || others.iter().any(|other| other == address)
    };
    let mut recipients: Vec<String> = Vec::new();
    let leading = lines.iter().filter_map(|line| leading(line)).filter(|address| !is_other(address));
    for address in leading.take(RECIPIENTS * 10) {
        if !recipients.contains(&address) && recipients.len() < RECIPIENTS {
            recipients.push(address);
        }
    }
    if recipients.is_empty() {
        let all = lines.iter().zip(&named).filter(|(line, _)| !is_of_sender(line)).flat_map(|(_, named)| named);
        recipients.extend(all.filter(|address| !is_other(address)).take(1).cloned());
    }
    if recipients.len() < 2 {
        return vec![Told { recipient: recipients.pop(), text: text.to_owned() }];
    }
    // Which of the recipients each line names, by their places.
    let place = |address: &String| recipients.iter().position(|recipient| recipient == address);
    let named: Vec<Vec<usize>> = named.iter().map(|named| named.iter().filter_map(place).collect()).collect();
    let told = recipients.iter().enumerate().map(|(me, recipient)| {
        let mut section: Vec<&str> = Vec::new();
        let mut inside = false;
        for (line, named) in lines.iter().zip(&named) {
            inside = named.contains(&me) || inside && named.is_empty();
            if inside {
                section.push(line);
            }
        }
        Told { recipient: Some(recipient.clone()), text: section.join("\n") }
    });
    told.collect()
}

/// The paragraph that tells the cause, in one line: the one that names the recipient, if any does.
pub(super) fn telling(text: &str, recipient: Option<&str>) -> String {
    let paragraphs: Vec<&str> =
        text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()).take(PARAGRAPHS).collect();
    let names = |paragraph: &str| recipient.is_some_and(|recipient| paragraph.to_ascii_lowercase().contains(recipient));
    let has_code = |paragraph: &str| said::reply_code(&said::plain(paragraph)).is_some();
    let has_status = |paragraph: &str| said::status(&said::plain(paragraph)).is_some();
    let has_phrase = |paragraph: &str| phrases::reason_of(&said::small(&said::plain(paragraph))).is_some();
    let first = |fits: &dyn Fn(&str) -> bool| paragraphs.iter().copied().find(|paragraph| fits(paragraph));
    let found = first(&|paragraph| names(paragraph) && has_code(paragraph))
        .or_else(|| first(&has_code))
        .or_else(|| first(&|paragraph| names(paragraph) && has_status(paragraph)))
        .or_else(|| first(&has_status))
        .or_else(|| first(&|paragraph| names(paragraph) && has_phrase(paragraph)))
        .or_else(|| paragraphs.iter().copied().rfind(|paragraph| has_phrase(paragraph)))
        .or_else(|| paragraphs.last().copied());
    said::plain(found.unwrap_or_default())
}

/// All addresses of a line, in small letters.
pub(super) fn addresses(line: &str) -> Vec<String> {
    static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?:"[^"\s@]{1,64}"|[A-Za-z0-9!#$%&'*+/=?^_{}|~.\-]{1,64})@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+"#)
            .ok()
    });
    let Some(address) = ADDRESS.as_ref().filter(|_| line.contains('@')) else { return Vec::new() };
    let trimmed = |found: &str| found.trim_start_matches(['\'', '*', '=', '-', '|', '/']).to_ascii_lowercase();
    address.find_iter(line).take(ADDRESSES).map(|found| trimmed(found.as_str())).collect()
}

/// The address that a line is about: it begins with it, or says that it could not be delivered to it.
fn leading(line: &str) -> Option<String> {
    const BEFORE: [&str; 24] = [
        "to:",
        "recipient:",
        "recipients:",
        "rcpt to:",
        ">>> rcpt to:",
        "final-recipient:",
        "original-recipient:",
        "failed recipient:",
        "could not be delivered to:",
        "delivery to:",
        "address:",
        "email address:",
        "user:",
        "your message to",
        "unable to deliver message to:",
        "unable to deliver mail to",
        "delivery failed to",
        "message to",
        "the following message to",
        "undeliverable to",
        "error sending to",
        "wasn't delivered to",
        "couldn't be delivered to",
        "could not deliver message to",
    ];
    let found = addresses(line).into_iter().next()?;
    if is_of_sender(line) {
        return None;
    }
    let small = line.to_lowercase();
    let bare = small.trim_start_matches(|c: char| c.is_whitespace() || "<*-•|('\"[:>".contains(c));
    let bare = bare.strip_prefix("rfc822;").unwrap_or(bare).trim_start();
    let begins = bare.starts_with(&found) || bare.starts_with("mailto:");
    let said =
        BEFORE.iter().any(|before| small.trim_start().starts_with(before) || small.contains(&format!(" {before} ")));
    let refused =
        small.contains("rejected recipient <") || small.contains("an error occurred while trying to deliver the mail");
    (begins || said || refused || small.contains(&format!("<{found}>:")) || small.contains(&format!("{found} [")))
        .then_some(found)
}

/// Whether a line tells of the sender, or of the mail's own name.
fn is_of_sender(line: &str) -> bool {
    let line = line.trim_start().to_ascii_lowercase();
    let signs = [
        "from:",
        "message-id",
        "sender:",
        "reply-to:",
        "from <",
        "return-path",
        "references:",
        "in-reply-to",
        "subject:",
        "x-postfix-sender",
        "arrival-id",
        "mail from:",
        ">>> mail from",
        "contact ",
        "reporting-mta",
    ];
    signs.iter().any(|sign| line.starts_with(sign))
}
