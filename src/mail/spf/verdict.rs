//! What the evaluation of a sender came to, and how: the shape that `mailmedic spf --json` shows.

use serde::Serialize;

use super::record::Qualifier;

/// What `check_host()` says (RFC 7208 section 2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SpfResult {
    /// There is no record, or no domain that could have one.
    None,
    /// The domain says nothing about the client.
    Neutral,
    /// The client may send for the domain.
    Pass,
    /// The client may not send for the domain.
    Fail,
    /// The client probably may not send for the domain.
    SoftFail,
    /// The network would not say; trying again later may help.
    TempError,
    /// The record cannot be evaluated; its owner must mend it.
    PermError,
}

impl SpfResult {
    /// The word for it, as in the header fields of RFC 8601.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

impl From<Qualifier> for SpfResult {
    fn from(qualifier: Qualifier) -> Self {
        match qualifier {
            Qualifier::Pass => Self::Pass,
            Qualifier::Fail => Self::Fail,
            Qualifier::SoftFail => Self::SoftFail,
            Qualifier::Neutral => Self::Neutral,
        }
    }
}

/// The result for one sender, and what led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The result.
    pub result: SpfResult,
    /// Why, for the sender to read; given with `fail` only. Text from outside, unless the domain has none to offer.
    pub explanation: Option<String>,
    /// The term that decided, as it is written in the record.
    pub matched: Option<String>,
    /// How many terms caused look-ups (section 4.6.4).
    pub lookups: usize,
    /// How many of these found nothing.
    pub voids: usize,
    /// The domain's record and those that it includes; empty if the domain is none.
    pub tree: Vec<Node>,
    /// For `temperror` and `permerror`: which term of which record, and why.
    pub problem: Option<String>,
}

/// The evaluation of one domain's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// The domain.
    pub domain: String,
    /// Its record, if it has one.
    pub record: Option<String>,
    /// What the record says of the sender.
    pub result: SpfResult,
    /// The terms that were evaluated, in order.
    pub terms: Vec<Step>,
}

/// The evaluation of one term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The term, as it is written in the record.
    pub term: String,
    /// How many look-ups it and all below it cost.
    pub lookups: usize,
    /// How many of these found nothing.
    pub voids: usize,
    /// Whether it matched the sender, and so decided.
    pub matched: bool,
    /// For `include` and `redirect`: the evaluation of the other domain's record.
    pub branch: Option<Node>,
}

impl Step {
    /// Whether the other domain's record decides in place of this one.
    pub fn redirects(&self) -> bool {
        self.term.get(..9).is_some_and(|name| name.eq_ignore_ascii_case("redirect="))
    }
}

impl Node {
    /// The record that decided: this one, or at the end of its redirects.
    pub(super) fn deciding(&self) -> &Self {
        match self.terms.last() {
            Some(step @ Step { branch: Some(target), .. }) if step.redirects() => target.deciding(),
            _ => self,
        }
    }

    /// The term that matched.
    pub(super) fn matched(&self) -> Option<&str> {
        self.terms.last().filter(|step| step.matched).map(|step| step.term.as_str())
    }
}
