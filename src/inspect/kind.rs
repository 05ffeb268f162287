//! What is this text? A bounce, a mail, a header block, one reply of a server, a line of its log, a report.

use std::sync::LazyLock;

use regex::Regex;

use super::bounce;
use super::date::without_comments;
use super::letter::{Header, Letter};

/// How much of a text without headers is looked at.
const LOOKED_AT: usize = 20_000;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A mail that tells of mail that was not delivered, or is late.
    Bounce,
    /// A whole mail of any other sort.
    Message,
    /// A header block without a mail.
    Headers,
    /// What a server replied to one command.
    Reply,
    /// Lines of a mail server's log.
    Log,
    /// What a test service reports, or a link to it.
    Report,
    /// Anything else.
    Other,
}

/// Tells what a text is; `bounces` are those that were read from it.
pub(super) fn of(letter: &Letter, bounces: &[bounce::Bounce]) -> Kind {
    let text = letter.texts().map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n");
    let text: String = text.chars().take(LOOKED_AT).collect();
    if is_test_report(letter, &text) {
        return Kind::Report;
    }
    if letter.headers.is_empty() {
        return match text.trim() {
            text if is_log(text) => Kind::Log,
            text if is_reply(text) => Kind::Reply,
            _ if !bounces.is_empty() => Kind::Bounce,
            text if is_link(text) => Kind::Report,
            _ => Kind::Other,
        };
    }
    let nothing_else = letter.parts.iter().all(|part| part.text.trim().is_empty() && part.content_type == "text/plain");
    match bounces {
        [_, ..] => Kind::Bounce,
        [] if nothing_else => Kind::Headers,
        [] => Kind::Message,
    }
}

/// The report of check-auth@verifier.port25.com, as a mail or pasted.
fn is_test_report(letter: &Letter, text: &str) -> bool {
    let sender = letter.header("from").unwrap_or_default().to_ascii_lowercase();
    let sent = sender.contains("verifier.port25.com") || sender.contains("auth-results@");
    let told = text.contains("Summary of Results") && (text.contains("SPF check:") || text.contains("DKIM check:"));
    told && (sent || letter.headers.is_empty() || text.contains("verifier.port25.com"))
}

/// A link to a result of mail-tester.com, and not much else.
fn is_link(text: &str) -> bool {
    let small = text.to_ascii_lowercase();
    small.len() < 400 && ["mail-tester.com/", "mail-tester.com/test-"].iter().any(|link| small.contains(link))
}

/// Whether a header block has what machines alone write: two fields and more, one of them of a server's; or results of
/// authentication without a word of talk behind them.
pub(super) fn is_of_machines(headers: &[Header]) -> bool {
    const FIELDS: [&str; 9] = [
        "received",
        "return-path",
        "delivered-to",
        "authentication-results",
        "arc-authentication-results",
        "arc-seal",
        "dkim-signature",
        "message-id",
        "mime-version",
    ];
    let is_of_server = |header: &Header| FIELDS.iter().any(|field| field.eq_ignore_ascii_case(&header.name));
    match headers {
        [] => false,
        [one] => one.name.eq_ignore_ascii_case("authentication-results") && is_results_alone(&one.value),
        several => several.iter().any(is_of_server),
    }
}

/// Whether everything behind the server's name is `name=value`, or a comment (RFC 8601 section 2.2).
fn is_results_alone(value: &str) -> bool {
    let plain = without_comments(value.get(..value.floor_char_boundary(LOOKED_AT)).unwrap_or_default());
    let Some((_, results)) = plain.split_once(';') else { return false };
    let mut words = results.split(|c: char| c.is_whitespace() || c == ';').filter(|word| !word.is_empty());
    results.contains('=') && words.all(|word| word.contains('='))
}

/// Whether every line of a reply is one: a code and an enhanced status (RFC 3463), then text; a single one with an address,
/// as servers name the one whom they refuse.
pub(super) fn is_bare_reply(text: &str) -> bool {
    static BARE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[45][0-9]{2}[ \-]#?[45]\.[0-9]{1,3}\.[0-9]{1,3}\b").ok());
    let Some(bare) = BARE.as_ref() else { return false };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.iter().all(|line| bare.is_match(line)) && (lines.len() > 1 || text.contains('<') && text.contains('@'))
}

/// What a server replied: a code, then text; several lines all begin with the same code.
fn is_reply(text: &str) -> bool {
    static REPLY: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"^(?:<<< |S: |"|'|Error:? |SMTP error:? |Server(?: said)?:? )?([2-5][0-9]{2})[ \-]\S"#).ok()
    });
    let Some(reply) = REPLY.as_ref() else { return false };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let begins = lines.first().is_some_and(|line| reply.is_match(line));
    begins && lines.len() <= 20 && text.len() < 4_000 && !text.contains("\n\n")
}

/// Lines of Postfix, Exim, Sendmail, Dovecot, qmail or `OpenSMTPD`.
fn is_log(text: &str) -> bool {
    static LOGS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        let patterns = [
            r"^(?:<\d+>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ][\d:.,]+\S*) \S+ (?:postfix|sendmail|sm-mta|exim|dovecot|opensmtpd|smtpd|qmail|rspamd|spamd|amavis|opendkim|opendmarc|policyd)[\w/\-.]*(?:\[\d+\])?:",
            r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[+\-]\d{4} )?(?:\[\d+\] )?(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4} |H=|no host name|rejected|SMTP )",
            r"\bstatus=(?:sent|bounced|deferred|expired)\b.*\(",
            r"\bdsn=[245]\.\d+\.\d+, (?:stat|status)=",
            r"\bNOQUEUE: (?:reject|milter-reject|client)",
            r"^@[0-9a-f]{24} |^\d{10}\.\d+ (?:delivery|starting delivery|bounce msg|info msg)",
            r"\bresult=(?:PermFail|TempFail|Ok)\b.*\bstat=",
        ];
        patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
    });
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(50).collect();
    let matching = lines.iter().filter(|line| LOGS.iter().any(|log| log.is_match(line))).count();
    matching > 0 && matching * 2 >= lines.len()
}
