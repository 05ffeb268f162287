//! How a reply without records reads as evidence. Replies with records are shown as they came, by their checks.

use std::fmt::Display;

use crate::facts::{Cause, Outcome, Query, Response};
use crate::finding::{Code, Finding};

/// That nothing is there: `NXDOMAIN for …` or `no … record at …`, after the alias that led there.
pub(super) fn absence(question: &Query, reply: &Response) -> String {
    let end = reply.aliases.last().unwrap_or(&question.name);
    let absent = match reply.outcome {
        Outcome::NoSuchName => format!("NXDOMAIN for {end}"),
        _ => format!("no {} record at {end}", question.kind.as_str()),
    };
    if reply.aliases.is_empty() { absent } else { format!("{} is an alias for {end}; {absent}", question.name) }
}

/// That the network would not say, and why.
pub(super) fn silence(question: &Query, cause: Cause) -> String {
    format!("{question}: {cause}")
}

/// A finding that `question`, asked about `subject`, got no answer.
pub(super) fn unknown(code: Code, subject: impl Display, question: &Query, cause: Cause) -> Finding {
    Finding::new(code, subject).detail("cause", cause).evidence(silence(question, cause))
}
