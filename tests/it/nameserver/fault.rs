//! What goes wrong, and for which questions.

use std::time::Duration;

use hickory_resolver::proto::rr::{Name, RecordType};

use super::Transport;
use super::zones::name;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing but this response code. Above 15 it takes a question that carries EDNS (RFC 6891 section 6.1.3).
    Rcode(u16),
    /// No reply.
    Silent,
    /// Over UDP nothing but the flag TC; over TCP the whole answer.
    Truncated,
    /// Nothing but the flag TC over either transport.
    NeverWhole,
    /// The answer, but the question repeated in small letters.
    OtherCapitals,
    /// The answer, but to another message.
    WrongId,
    /// The right message id, then bytes that are no message.
    Garbage,
    /// The answer, or another fault, but late.
    Delay(Duration),
}

impl Fault {
    pub(crate) const FORMERR: Self = Self::Rcode(1);
    pub(crate) const SERVFAIL: Self = Self::Rcode(2);
    pub(crate) const NOTIMP: Self = Self::Rcode(4);
    pub(crate) const REFUSED: Self = Self::Rcode(5);
}

/// A fault and the questions that it strikes.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(super) fault: Fault,
    names: Names,
    kind: Option<RecordType>,
    over: Option<Transport>,
    times: Option<usize>,
    unlisted: bool,
}

#[derive(Debug, Clone)]
enum Names {
    One(Name),
    Below(Name),
}

/// What a rule looks at.
#[derive(Debug)]
pub(super) struct Question<'q> {
    /// The name asked for, and those that it is an alias for.
    pub(super) path: &'q [Name],
    pub(super) kind: RecordType,
    pub(super) transport: Transport,
    /// How often it was asked, this time included.
    pub(super) times: usize,
    /// Whether the data has an answer.
    pub(super) listed: bool,
}

impl Rule {
    /// Strikes all questions for a name (`slow.example`), for those below it (`*.slow.example`), or for any (`*`).
    pub(super) fn new(names: &str, fault: Fault) -> Self {
        let names = match names.strip_prefix('*') {
            Some(parent) => Names::Below(name(parent.trim_start_matches('.'))),
            None => Names::One(name(names)),
        };
        Self { fault, names, kind: None, over: None, times: None, unlisted: false }
    }

    /// Only questions of this type.
    pub(crate) fn only(&mut self, kind: &str) -> &mut Self {
        self.kind = Some(kind.parse().unwrap_or_else(|_| panic!("`{kind}` is no record type")));
        self
    }

    /// Only over this transport.
    pub(crate) fn over(&mut self, transport: Transport) -> &mut Self {
        self.over = Some(transport);
        self
    }

    /// Only the first `times` times that a question is asked.
    pub(crate) fn times(&mut self, times: usize) -> &mut Self {
        self.times = Some(times);
        self
    }

    /// Only where the data has no answer.
    pub(crate) fn unlisted(&mut self) -> &mut Self {
        self.unlisted = true;
        self
    }

    pub(super) fn strikes(&self, question: &Question<'_>) -> bool {
        let named = |asked: &Name| match &self.names {
            Names::One(name) => asked == name,
            Names::Below(parent) => parent.zone_of(asked) && asked != parent,
        };
        question.path.iter().any(named)
            && self.kind.is_none_or(|kind| kind == question.kind)
            && self.over.is_none_or(|transport| transport == question.transport)
            && self.times.is_none_or(|times| question.times <= times)
            && !(self.unlisted && question.listed)
    }
}
