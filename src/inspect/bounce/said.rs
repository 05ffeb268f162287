//! What one refusal says: its codes, the server that gave it, and the command that it answered.
//!
//! Reads a text that is a refusal or holds one; whether it is one is for others to judge.

use std::sync::LazyLock;

use regex::Regex;

/// A refusal is longer than this only where it quotes a whole mail.
const LONGEST: usize = 8_000;

/// The step of the SMTP dialogue (RFC 5321 section 4.1) at which a server refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The connection or its greeting.
    Connection,
    /// `EHLO` or `HELO`.
    Hello,
    /// `MAIL FROM`.
    Mail,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`, or the mail itself.
    Data,
}

/// A text with blanks alone between words, cut to what a refusal can be.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len().min(LONGEST));
    for word in text.split(|c: char| c.is_whitespace() || c == '\u{a0}').filter(|word| !word.is_empty()) {
        if plain.len() + word.len() >= LONGEST {
            break;
        }
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    plain
}

/// The same for looking up phrases: in small letters, with the typewriter's signs, and without the codes with which a reply
/// of several lines begins each of them (RFC 5321 section 4.2.1), for sentences run across lines.
pub(super) fn small(plain: &str) -> String {
    static CODES: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\b([45][0-9][0-9])[ \-]([45]\.[0-9]\.[0-9]{1,3}) ").ok());
    let small: String = plain
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if matches!(c, '’' | '‘' | '`') { '\'' } else { c })
        .collect();
    let Some(first) = CODES.as_ref().and_then(|codes| codes.captures(&small)) else { return small };
    let part = |at: usize| first.get(at).map(|found| found.as_str()).unwrap_or_default();
    let end = first.get(0).map_or(0, |found| found.end());
    let (begin, rest) = (small.get(..end).unwrap_or_default(), small.get(end..).unwrap_or_default());
    let (code, status) = (part(1), part(2));
    let rest = rest.replace(&format!("{code}-{status} "), "").replace(&format!("{code} {status} "), "");
    format!("{begin}{rest}")
}

/// The first reply code (RFC 5321 section 4.2) that refuses, now or for good.
pub(super) fn reply_code(text: &str) -> Option<u16> {
    static CODE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r#"(?i)(?:^|[:;<>\[("'#,=]\s*|-- |\.\.\. ?|[.!?] |\b(?:said|code|error|with|returned|status|response|reply|was|"#,
            r#"smtp|server|message|failed|reason|rejected|data|rcpt|mail) )([45][0-5][0-9])(?:[ \-,:_;"'\])]|$)"#,
        ))
        .ok()
    });
    let codes = CODE.as_ref()?.captures_iter(text).filter_map(|found| found.get(1)?.as_str().parse::<u16>().ok());
    codes.into_iter().find(|code| is_reply(*code))
}

/// Whether servers give this code.
fn is_reply(code: u16) -> bool {
    matches!(code, 420..=422 | 430..=432 | 441 | 442 | 446 | 447 | 449..=455 | 458 | 459 | 471 | 500..=504 | 510..=515 | 517 | 521 | 523..=525 | 530 | 533..=535 | 538 | 540..=543 | 550..=559 | 571 | 577)
}

/// The enhanced status (RFC 3463) in a text: the one that follows a reply code first, else the first there is.
pub(super) fn status(text: &str) -> Option<String> {
    static AFTER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"\b[245][0-9][0-9][ \-]#?\(?#?([245]\.[0-9]\.[0-9]{1,3})(?:[^0-9.]|\.[^0-9]|\.?$)").ok()
    });
    static ANY: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?:^|[\s#(\[<:;"'=])([245]\.[0-9]\.[0-9]{1,3})(?:[^0-9.\w]|\.[^0-9]|\.?$)"#).ok()
    });
    let first = |pattern: &Option<Regex>| Some(pattern.as_ref()?.captures(text)?.get(1)?.as_str().to_owned());
    first(&AFTER).or_else(|| first(&ANY))
}

/// The server that refused, as the sending one names it.
pub(super) fn server(text: &str) -> Option<String> {
    static NAMES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        let patterns = [
            r"(?i)\bhost ([a-z0-9.\-_]+)[ ]?\[[0-9a-f:.]+\](?::\d+)?:? ",
            r"(?i)\bhost ([a-z0-9.\-_]+\.[a-z0-9\-]+)[ ]?\((?:\[)?[0-9a-f:.]+",
            r"(?i)while talking to \[?([a-z0-9.\-_]+[a-z0-9])",
            r"(?i)\bby ([a-z0-9.\-]+[a-z0-9])\.? \[[0-9a-f:.]+\]",
            r"(?i)connect to ([a-z0-9.\-_]+)\[",
            r"(?i)(?:conversation|connection) with ([a-z0-9.\-_]+)\[",
            r"(?i)generating server: ?([a-z0-9.\-_]+[a-z0-9])",
            r"(?i)([a-z0-9.\-_]+\.[a-z0-9\-]+) (?:rejected your message|gave this error|failed after|does not like)",
            r"(?i)smtp server <([a-z0-9.\-_]+)>",
            r"(?i)connected to ([a-z0-9.\-_]+) but",
            r"(?i)smtp:[a-z]+ host ([a-z0-9.\-_]+):",
            r"(?i)\bserver (?:for the recipient domain )?([a-z0-9.\-_]+\.[a-z]{2,}) ?(?:\(\[?[0-9a-f:.]+\]?\))?:? (?:said|responded|returned|replied)",
            r"(?i)by remote host ([a-z0-9.\-_]+[a-z0-9])",
        ];
        patterns.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
    });
    let named = NAMES.iter().find_map(|pattern| pattern.captures(text)?.get(1))?;
    host(named.as_str())
}

/// A host's name or address out of a field: without its type and what stands in brackets behind it.
pub(super) fn host(field: &str) -> Option<String> {
    let name = field.rsplit(';').next().unwrap_or(field).trim();
    let name = name.trim_start_matches(['(', '[', '<']);
    let name = name.split(|c: char| c.is_whitespace() || "()[]<>\",".contains(c)).next().unwrap_or_default();
    let name = name.trim_end_matches(['.', ':']);
    let is_name = name.len() > 2 && name.contains(['.', ':']) && !name.contains('@');
    is_name.then(|| name.to_ascii_lowercase())
}

/// The command that was refused.
pub(super) fn step(small: &str) -> Option<Step> {
    const SIGNS: [(Step, &[&str]); 5] = [
        (
            Step::Data,
            &[
                "in reply to end of data",
                "in reply to data",
                "after end of data",
                "after data",
                "failed after i sent the message",
                "failed on data",
                "(state 17)",
                "(state 18)",
                "error following data",
                "-smtp command data",
                "smtp:data",
                "dot:",
            ],
        ),
        (
            Step::Recipient,
            &[
                "in reply to rcpt to",
                "after rcpt to",
                "does not like recipient",
                "error following rcpt",
                "smtp:rcpt",
                "(state 13)",
                "(state 14)",
                "-smtp command rcpt",
                "rcpt to:<",
            ],
        ),
        (
            Step::Mail,
            &[
                "in reply to mail from",
                "after mail from",
                "but sender was rejected",
                "error following mail",
                "-smtp command mail",
                "(state 9)",
            ],
        ),
        (Step::Hello, &["in reply to ehlo", "in reply to helo", "after ehlo", "after helo", "my name was rejected"]),
        (
            Step::Connection,
            &["refused to talk to me", "after initial connection", "greeting failed", "initial server greeting"],
        ),
    ];
    let found = SIGNS.iter().find(|(_, signs)| signs.iter().any(|sign| small.contains(sign)));
    found.map(|(step, _)| *step).or_else(|| {
        // A transcript: the command before the refusal.
        let said = small.find("<<< ").and_then(|at| small.get(..at))?;
        let command = said.rsplit_once(">>> ").map(|(_, command)| command)?;
        match command.get(..4)? {
            "rcpt" => Some(Step::Recipient),
            "mail" => Some(Step::Mail),
            "data" => Some(Step::Data),
            "ehlo" | "helo" => Some(Step::Hello),
            _ => None,
        }
    })
}
