//! From what a refusal says to its reason: phrases first, for they say most; then the status, the code and the command.

use super::phrases;
use super::reason::Reason;
use super::said::{self, Step};

/// Reasons that a status tells more surely than phrases of which every refusal may hold one.
const TELLING: [Reason; 9] = [
    Reason::AuthFailure,
    Reason::RequirePtr,
    Reason::MailboxFull,
    Reason::MesgTooBig,
    Reason::Rejected,
    Reason::Speeding,
    Reason::Suspend,
    Reason::HostUnknown,
    Reason::UserUnknown,
];

/// What is known of one refusal.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    /// The texts that tell why, the most telling first.
    pub(super) texts: Vec<String>,
    /// The field `Status`, as it stands.
    pub(super) status: Option<String>,
    /// The field `Action`, in small letters.
    pub(super) action: String,
    /// The kind of cause that the server itself put the refusal down to.
    pub(super) category: String,
    /// Whether a program gave the diagnostic text, not an SMTP server.
    pub(super) program: bool,
}

/// What it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) reason: Reason,
    pub(super) reply_code: Option<u16>,
    pub(super) status: Option<String>,
    pub(super) hard: bool,
}

/// Judges a refusal.
pub(super) fn judge(evidence: &Evidence) -> Verdict {
    let reply_code = evidence.texts.iter().find_map(|text| said::reply_code(text));
    let told = evidence.texts.iter().find_map(|text| said::status(text));
    let status = preferred(evidence.status.clone(), told, reply_code);
    let reason = reason(evidence, status.as_deref(), reply_code);
    let permanent = match (&status, reply_code) {
        (Some(status), _) => status.starts_with('5'),
        (None, Some(code)) => code >= 500,
        (None, None) => evidence.action != "delayed",
    };
    Verdict { reason, reply_code, status, hard: reason.is_hard(permanent) }
}

/// The status that says more: many put `5.0.0` into the field and the true one into the text.
fn preferred(field: Option<String>, told: Option<String>, code: Option<u16>) -> Option<String> {
    let (field, told) = match (field, told) {
        (Some(field), Some(told)) => (field, told),
        (field, told) => return field.or(told),
    };
    let details = |status: &str| status.splitn(3, '.').skip(1).map(|part| part != "0").collect::<Vec<_>>();
    let agrees = |status: &str| code.is_none_or(|code| status.starts_with(if code < 500 { '4' } else { '5' }));
    // What ran out of time is told as such, whatever the last attempt said.
    if field.ends_with(".4.7") {
        return Some(field);
    }
    let (vague, telling) = (details(&field), details(&told));
    let says_more = telling.iter().filter(|told| **told).count() > vague.iter().filter(|told| **told).count();
    let better = says_more || !agrees(&field) && agrees(&told);
    Some(if better { told } else { field })
}

fn reason(evidence: &Evidence, status: Option<&str>, code: Option<u16>) -> Reason {
    let delivered = matches!(evidence.action.as_str(), "delivered" | "relayed" | "expanded");
    if delivered || status.is_some_and(|status| status.starts_with('2')) {
        return Reason::Delivered;
    }
    if let Some(reason) = phrases::reason_of(&said::small(&evidence.category)) {
        return reason;
    }
    let small: Vec<String> = evidence.texts.iter().map(|text| said::small(text)).collect();
    let step = small.iter().find_map(|text| said::step(text));
    let all: Vec<Reason> = small.iter().filter_map(|text| phrases::reason_of(text)).collect();
    // Some servers refuse a closed or full mailbox as an unknown one, and tell the person what is true.
    let known = all.iter().find(|reason| matches!(reason, Reason::Suspend | Reason::MailboxFull));
    let told = match all.first() {
        Some(Reason::UserUnknown) if evidence.status.is_none() => known.or(all.first()),
        first => first,
    };
    let told = told.copied();
    let by_status = status.and_then(of_status);
    let settled = match (told, by_status) {
        // Refused only when the mail was there: the mailbox exists, but does not want it.
        (Some(Reason::UserUnknown), by_status)
            if step == Some(Step::Data) && by_status != Some(Reason::UserUnknown) =>
        {
            Some(Reason::Filtered)
        }
        // Tried until the time was up: what the last attempt met is not the reason.
        (Some(Reason::NetworkError), Some(Reason::Expired)) if small.iter().any(|text| meets_nobody(text)) => {
            Some(Reason::Expired)
        }
        // What could be said of anything yields to a status that says more.
        (Some(Reason::SecurityError | Reason::SystemError), Some(better)) if TELLING.contains(&better) => Some(better),
        (Some(Reason::UserUnknown), Some(Reason::Rejected)) => Some(Reason::Rejected),
        (Some(Reason::MesgTooBig | Reason::ExceedLimit), Some(size @ (Reason::MesgTooBig | Reason::ExceedLimit))) => {
            Some(size)
        }
        (Some(told), _) => Some(told),
        (None, by_status) => by_status,
    };
    if let Some(reason) = settled {
        return reason;
    }
    match (status.and_then(|status| status.get(2..3)), step, code) {
        _ if evidence.program => Reason::MailerError,
        (Some("6"), ..) => Reason::ContentError,
        (Some("7"), ..) => Reason::SecurityError,
        (_, _, Some(code)) if of_code(code).is_some() => of_code(code).unwrap_or(Reason::OnHold),
        _ if matches!(evidence.action.as_str(), "delayed" | "expired") => Reason::Expired,
        (_, Some(Step::Hello | Step::Connection), _) => Reason::Blocked,
        (_, Some(Step::Mail), _) => Reason::Rejected,
        _ if small.iter().any(|text| !text.is_empty()) => Reason::OnHold,
        _ => Reason::Undefined,
    }
}

/// Whether an attempt found no server that answers.
fn meets_nobody(text: &str) -> bool {
    ["connection refused", "network is unreachable", "lost connection"].iter().any(|sign| text.contains(sign))
}

/// What a status (RFC 3463, 5248, 7372 and 7505) says by itself.
fn of_status(status: &str) -> Option<Reason> {
    use Reason::{
        AuthFailure, BadReputation, Blocked, ContentError, ExceedLimit, Expired, FailedStartTls, Filtered, HasMoved,
        HostUnknown, MailboxFull, MesgTooBig, NetworkError, NotAccept, PolicyViolation, Rejected, RequirePtr,
        SecurityError, SpamDetected, Speeding, Suspend, SyntaxError, SystemError, SystemFull, TooManyConn, UserUnknown,
    };
    let mut parts = status.split('.').map(|part| part.parse::<u16>().ok());
    let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
    Some(match (class, subject, detail) {
        (5, 1, 0 | 1 | 3 | 5 | 10) | (4, 1, 1) => UserUnknown,
        (_, 1, 2) | (5, 4, 4) => HostUnknown,
        (_, 1, 6) | (5, 7, 17 | 18) => HasMoved,
        (_, 1, 7 | 8) | (_, 7, 501..=503 | 512 | 124 | 133..=136 | 750) | (5, 7, 12) => Rejected,
        (_, 1 | 2, 4) | (5, 2, 0 | 1) => Filtered,
        (4, 2, 1) | (_, 7, 13 | 504 | 505) => Suspend,
        (_, 2, 2) => MailboxFull,
        (_, 2, 3) => ExceedLimit,
        (_, 2, 121 | 122) | (5, 4, 5) | (_, 7, 508 | 700..=749) => Speeding,
        (_, 3, 1) | (4, 4, 5) => SystemFull,
        (_, 3, 2) | (_, 7, 27) => NotAccept,
        (_, 3, 4) | (_, 7, 16) => MesgTooBig,
        (_, 3, _) | (_, 4, 3) | (_, 1, 9) | (_, 5, 4 | 5) => SystemError,
        (_, 4, 1 | 7) | (5, 4, 300) => Expired,
        (_, 4, 2 | 4 | 6 | 8 | 14 | 316) | (5, 4, 0) => NetworkError,
        (_, 5, 3) => TooManyConn,
        (_, 5, 1 | 2 | 6) => SyntaxError,
        (_, 6, _) => ContentError,
        (_, 7, 20..=24 | 26 | 29 | 322..=325 | 509) => AuthFailure,
        (_, 7, 25) => RequirePtr,
        (5, 7, 28) => SpamDetected,
        (_, 7, 506 | 507 | 510 | 511 | 513 | 606..=649 | 850..=899) | (4, 7, 1 | 2) => Blocked,
        (_, 7, 650) => BadReputation,
        (_, 7, 321) => FailedStartTls,
        (5, 7, 900..=999) => PolicyViolation,
        (5, 7, _) | (4, 7, 5..=7 | 12 | 15) => SecurityError,
        _ => return None,
    })
}

/// What a reply code (RFC 5321 section 4.2.3, 7504) says by itself.
const fn of_code(code: u16) -> Option<Reason> {
    match code {
        552 => Some(Reason::MailboxFull),
        521 | 556 => Some(Reason::NotAccept),
        525 => Some(Reason::Suspend),
        500..=504 => Some(Reason::SyntaxError),
        _ => None,
    }
}
