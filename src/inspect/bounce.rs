//! Bounces: for each recipient the server that refused, its codes, and the reason.
//!
//! Reads reports for programs (RFC 3464, RFC 5965) where there are any and the text for people where there are none, or
//! where it says more. Nothing here is proof: anybody can write a mail that looks like a bounce.

mod judge;
mod notice;
mod notification;
mod phrases;
mod reason;
mod report;
mod said;
mod signs;

#[cfg(test)]
mod tests;

use std::cell::LazyCell;

use super::letter::{Header, Letter, Part};
use judge::{Evidence, judge};
pub use reason::Reason;
use signs::{Origin, Signs};

/// How much of a diagnostic text is told, in characters.
const LONGEST_DIAGNOSTIC: usize = 1_000;
/// Where a carrier's filter (au, of Japan) says that it, and not a missing mailbox, refused the mail.
const SPAM_SIGN: &str = "x-spasign";
/// How many recipients are told.
const RECIPIENTS: usize = 200;

/// What a mail that came back says of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// The address that was not reached.
    pub recipient: Option<String>,
    /// The SMTP reply code (RFC 5321).
    pub reply_code: Option<u16>,
    /// The enhanced status (RFC 3463).
    pub status: Option<String>,
    /// Why.
    pub reason: Reason,
    /// Whether the address will not work however often it is tried.
    pub hard: bool,
    /// The server that refused, or the one that reports it where no other is named.
    pub remote_server: Option<String>,
    /// What it said.
    pub diagnostic: Option<String>,
}

/// What a text for people must name, so that it is taken for a bounce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    /// A recipient: all else about the mail is a bounce's.
    Recipient,
    /// A code, or a recipient and a cause: it comes from where bounces come from, but does not speak as they do.
    Cause,
    /// A code: nothing but its words speak for it.
    Code,
}

/// The recipients that a mail says were not reached; none where it is no bounce.
pub fn read(letter: &Letter) -> Vec<Bounce> {
    if let Some(bounce) = feedback(letter) {
        return vec![bounce];
    }
    let text = own_text(letter);
    if let Some(bounces) = notification::read(&text) {
        return bounces.into_iter().take(RECIPIENTS).collect();
    }
    let signs = Signs::of(letter, &text);
    let pasted = letter.headers.is_empty();
    let structured = letter.parts.iter().any(|part| part.depth == 0 && is_report(part));
    let daemon = signs.origin == Origin::Daemon;
    if !(structured || pasted || daemon) {
        return Vec::new();
    }
    let reports: Vec<&Part> =
        letter.parts.iter().filter(|part| is_report(part) && (part.depth == 0 || daemon)).collect();
    let mut fields = reports.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n\n");
    if fields.is_empty() && report::is_in(&text) {
        fields.clone_from(&text);
    }
    let text = notice::before_original(&text);
    let mut bounces = if fields.is_empty() { Vec::new() } else { of_report(&report::read(&fields), &text, letter) };
    if bounces.is_empty() {
        let demand = match (structured || daemon && signs.subject, signs.opening && (pasted || daemon)) {
            (true, _) if structured || signs.opening => Some(Demand::Recipient),
            (true, _) => Some(Demand::Cause),
            (false, true) => Some(Demand::Code),
            (false, false) => None,
        };
        bounces = demand.map(|demand| of_notice(&text, letter, demand)).unwrap_or_default();
    }
    bounces.truncate(RECIPIENTS);
    if letter.header(SPAM_SIGN).is_some_and(|sign| sign.trim().starts_with("NG")) {
        bounces.iter_mut().filter(|bounce| bounce.reason == Reason::UserUnknown).for_each(|bounce| {
            (bounce.reason, bounce.hard) = (Reason::Filtered, false);
        });
    }
    bounces
}

/// What one refusal by itself says: a line that a server sent, or one of its log.
pub fn read_refusal(line: &str) -> Bounce {
    let text = said::plain(line);
    let recipient = notice::addresses(&text).into_iter().next();
    bounce(recipient, Evidence { texts: vec![text], ..Evidence::default() }, None)
}

/// The recipient who is away, where a mail is clearly an answer that says so (RFC 3834); such a mail is no bounce.
pub fn read_vacation(letter: &Letter) -> Option<Bounce> {
    let structured = letter.parts.iter().any(is_report);
    if structured || !signs::is_vacation(letter) {
        return None;
    }
    let diagnostic = said::plain(&own_text(letter));
    Some(Bounce {
        recipient: letter.header("from").and_then(|from| notice::addresses(from).into_iter().next_back()),
        reply_code: None,
        status: None,
        reason: Reason::Vacation,
        hard: false,
        remote_server: None,
        diagnostic: cut(&diagnostic),
    })
}

/// A complaint (RFC 5965): somebody pressed the button.
fn feedback(letter: &Letter) -> Option<Bounce> {
    let part = letter.parts.iter().find(|part| part.depth == 0 && part.content_type == "message/feedback-report");
    let subject = letter.header("subject").unwrap_or_default().to_lowercase();
    let old = letter.header("x-hmxmroriginalrecipient");
    if part.is_none() && !(old.is_some() && subject.starts_with("complaint about message")) {
        return None;
    }
    let fields = part.map(|part| Header::all_in(&part.text)).unwrap_or_default();
    let field = |name: &str| {
        fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value.as_str())
    };
    let named = field("Original-Rcpt-To").or(field("Removal-Recipient")).or(field("Redacted-Address")).or(old);
    let recipient =
        named.and_then(|value| notice::addresses(value).into_iter().next()).or_else(|| original_recipient(letter));
    Some(Bounce {
        recipient,
        reply_code: None,
        status: None,
        reason: Reason::Feedback,
        hard: false,
        remote_server: field("Reporting-MTA").and_then(said::host),
        diagnostic: cut(&said::plain(&own_text(letter))),
    })
}

fn of_report(report: &report::Report, text: &str, letter: &Letter) -> Vec<Bounce> {
    let told = notice::read(text, &[]);
    let only = report.entries.len() == 1;
    let named = LazyCell::new(|| near_recipient(text, letter));
    let entries = report.entries.iter().take(RECIPIENTS).map(|entry| {
        let near = told.iter().find(|told| {
            told.recipient.is_some() && told.recipient == entry.recipient.as_ref().map(|r| r.to_ascii_lowercase())
        });
        let near = near.map_or(if only { text } else { "" }, |told| told.text.as_str());
        let mut texts =
            vec![entry.diagnostic.clone(), notice::telling(near, entry.recipient.as_deref()), near.to_owned()];
        texts.retain(|text| !text.is_empty());
        let evidence = Evidence {
            texts,
            status: entry.status.clone(),
            action: entry.action.clone(),
            program: entry.program,
            category: entry.category.clone(),
        };
        let remote = entry.remote.clone();
        let recipient = entry.recipient.clone().filter(|recipient| recipient.contains('@') || !only);
        let recipient = recipient.or_else(|| named.clone()).or_else(|| entry.recipient.clone());
        let mut bounce = bounce(recipient, evidence, remote);
        let told = if only { said::server(text) } else { None };
        bounce.remote_server = bounce.remote_server.or(told).or_else(|| report.reporter.clone());
        bounce
    });
    entries.collect()
}

fn of_notice(text: &str, letter: &Letter, demand: Demand) -> Vec<Bounce> {
    let own: Vec<String> =
        ["to", "from"].iter().filter_map(|name| letter.header(name)).flat_map(notice::addresses).collect();
    let failed = letter.header("x-failed-recipients").map(notice::addresses).unwrap_or_default();
    let mut told = notice::read(text, &own);
    if !failed.is_empty() && told.iter().all(|told| told.recipient.as_ref().is_none_or(|r| !failed.contains(r))) {
        told = failed
            .into_iter()
            .map(|address| notice::Told { recipient: Some(address), text: text.to_owned() })
            .collect();
    }
    let only = told.len() == 1;
    let bounces = told.into_iter().map(|told| {
        let recipient = told.recipient.or_else(|| original_recipient(letter));
        let subject = letter.header("subject").unwrap_or_default();
        let texts = vec![
            notice::telling(&told.text, recipient.as_deref()),
            told.text.clone(),
            if only { text.to_owned() } else { String::new() },
            subject.to_owned(),
        ];
        let mut bounce = bounce(recipient, Evidence { texts, ..Evidence::default() }, None);
        if only {
            bounce.remote_server = bounce.remote_server.or_else(|| said::server(text));
        }
        bounce
    });
    let bounces = bounces.collect::<Vec<_>>();
    let has_code = |bounce: &Bounce| bounce.reply_code.is_some() || bounce.status.is_some();
    let is_known = |reason: Reason| !matches!(reason, Reason::OnHold | Reason::Undefined);
    let enough = bounces.iter().any(|bounce| match demand {
        Demand::Recipient => bounce.recipient.is_some() || has_code(bounce),
        Demand::Cause => has_code(bounce) || bounce.recipient.is_some() && is_known(bounce.reason),
        Demand::Code => has_code(bounce),
    });
    if enough { bounces } else { Vec::new() }
}

fn bounce(recipient: Option<String>, evidence: Evidence, remote: Option<String>) -> Bounce {
    let evidence = Evidence { texts: evidence.texts.iter().map(|text| said::plain(text)).collect(), ..evidence };
    let verdict = judge(&evidence);
    let remote_server = remote.or_else(|| evidence.texts.iter().find_map(|text| said::server(text)));
    let diagnostic = evidence.texts.first().and_then(|text| cut(text));
    Bounce {
        recipient,
        reply_code: verdict.reply_code,
        status: verdict.status,
        reason: verdict.reason,
        hard: verdict.hard,
        remote_server,
        diagnostic,
    }
}

/// The text that the mail itself says, as a person reads it: plain where there is such a part, and its beginning where it is
/// long, for what returns mail says why at once.
fn own_text(letter: &Letter) -> String {
    /// What is longer holds the mail that came back.
    const LONGEST: usize = 200 << 10;
    let of = |kind: &str| {
        letter.texts().filter(|part| part.content_type == kind).map(|part| part.text.as_str()).collect::<Vec<_>>()
    };
    let plain = of("text/plain").join("\n\n");
    let mut text = if plain.trim().is_empty() { of("text/html").join("\n\n") } else { plain };
    text.truncate(text.floor_char_boundary(LONGEST));
    text
}

fn is_report(part: &Part) -> bool {
    matches!(part.content_type.as_str(), "message/delivery-status" | "message/global-delivery-status")
}

fn near_recipient(text: &str, letter: &Letter) -> Option<String> {
    let own: Vec<String> =
        ["to", "from"].iter().filter_map(|name| letter.header(name)).flat_map(notice::addresses).collect();
    notice::read(text, &own).pop()?.recipient.or_else(|| original_recipient(letter))
}

/// Whom the mail that came back was sent to.
fn original_recipient(letter: &Letter) -> Option<String> {
    let carried = letter.parts.iter().filter(|part| {
        matches!(part.content_type.as_str(), "message/rfc822" | "text/rfc822-headers" | "message/rfc822-headers")
    });
    let fields = carried.flat_map(|part| Header::all_in(&part.text)).chain(Header::all_in(&own_text(letter)));
    fields
        .filter(|field| field.name.eq_ignore_ascii_case("to"))
        .find_map(|field| notice::addresses(&field.value).into_iter().next())
}

fn cut(text: &str) -> Option<String> {
    let cut: String = text.chars().take(LONGEST_DIAGNOSTIC).collect();
    (!cut.is_empty()).then_some(cut)
}
